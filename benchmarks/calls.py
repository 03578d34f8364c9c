"""
CPU time of one call in the client, beside plain httpx: the same GET of an upload's status, request to typed result.

The server runs in a process of its own, so that only the client's time counts. The peers take turns, round by round;
the figures are medians over the rounds. Run it with ``python -m nox -s bench -- calls``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import anyio
import httpx

from cincopa_async import CincopaClient

CALLS = 1_000
ROUNDS = 5
TASKS = (1, 10, 50)
TOKEN = "BENCHMARK"

Peer = Callable[[], Awaitable[object]]


@contextmanager
def served() -> Iterator[str]:
    command = [sys.executable, "-m", "cincopa_async", "fake", "--api-token", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip().removeprefix("CINCOPA_BASE_URL=")
        finally:
            process.terminate()


async def cpu_per_call(peer: Peer, tasks: int) -> float:
    """Return the process's CPU microseconds a call, with so many tasks calling at once."""

    async def call() -> None:
        for _ in range(CALLS // tasks):
            await peer()

    start = time.process_time()
    async with anyio.create_task_group() as group:
        for _ in range(tasks):
            group.start_soon(call)
    return (time.process_time() - start) / (CALLS // tasks * tasks) * 1e6


async def main() -> None:
    with served() as base_url:
        async with CincopaClient(TOKEN, base_url=base_url) as cincopa, httpx.AsyncClient(base_url=base_url) as http:
            status_id = await cincopa.asset.upload_from_url("http://127.0.0.1:1/refused")
            params = {"status_id": status_id, "api_token": TOKEN}

            async def plain() -> object:
                return (await http.get("asset.upload_from_url_get_status.json", params=params)).json()

            async def ours() -> object:
                return await cincopa.asset.upload_from_url_get_status(status_id)

            print("CPU microseconds a call\ntasks  httpx  cincopa_async  ratio")
            for tasks in TASKS:
                figures: dict[Peer, list[float]] = {plain: [], ours: []}
                for _ in range(ROUNDS):
                    for peer, times in figures.items():
                        times.append(await cpu_per_call(peer, tasks))
                medians = [statistics.median(times) for times in figures.values()]
                print(f"{tasks:5}  {medians[0]:5.0f}  {medians[1]:13.0f}  {medians[1] / medians[0]:5.2f}")


if __name__ == "__main__":
    anyio.run(main)
