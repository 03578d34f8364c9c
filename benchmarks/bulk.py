"""
Peak memory of batches: as many items from a generator as are told, each in a process of its own.

First against a server in a process of its own, then against one that answers within the process and keeps nothing, so
that ten times as many can be run. The figures of one kind must not grow with the number of items.
Run it with ``python -m nox -s bench -- bulk``.
"""

from __future__ import annotations

import itertools
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import anyio.lowlevel
import httpx

from cincopa_async import CincopaClient, PollPolicy

TOKEN = "BENCHMARK"
ACTIVE = 200
AT_ONCE = PollPolicy(first=0.001, floor=0.001, ceiling=0.05)
OVER_A_SOCKET = (1_000, 10_000)
WITHIN = (10_000, 100_000)


@contextmanager
def served() -> Iterator[str]:
    command = [sys.executable, "-m", "cincopa_async", "fake", "--api-token", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip().removeprefix("CINCOPA_BASE_URL=")
        finally:
            process.terminate()


def instant() -> httpx.MockTransport:
    """A service that ends each upload at its first poll."""
    numbers = itertools.count()

    async def answer(request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        if request.method == "POST":
            return httpx.Response(200, json={"success": True, "status_id": f"{next(numbers)}"})
        size = {"progress_bytes": 62, "file_size_bytes": 62}
        return httpx.Response(200, json={"success": True, "status": "completed", "resid": "A4", **size})

    return httpx.MockTransport(answer)


async def run(count: int, base_url: str) -> None:
    """Upload so many, and print the seconds and the mebibytes that it took."""
    options = {"base_url": base_url} if base_url else {"transport": instant()}
    # An input that is refused ends an upload as fast as one that is there, and is kept by nobody.
    urls = (f"http://127.0.0.1:1/{number}.mp4" for number in range(count))
    began = time.perf_counter()
    async with CincopaClient(TOKEN, poll=AT_ONCE, **options) as cincopa:
        ended = 0
        async with cincopa.upload_many(urls, max_active=ACTIVE) as batch:
            async for outcome in batch:
                ended += outcome.ok or bool(outcome.error)
        assert ended == count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:>9,}  {time.perf_counter() - began:>7.1f}  {peak:>8.1f}")


def measure(count: int, base_url: str) -> None:
    subprocess.run([sys.executable, __file__, str(count), base_url], check=True)


def main() -> None:
    for title, counts in (("over a socket", OVER_A_SOCKET), ("within the process", WITHIN)):
        print(f"{title}, {ACTIVE} at a time\n    items  seconds  peak MiB", flush=True)
        for count in counts:
            if counts is OVER_A_SOCKET:
                with served() as base_url:
                    measure(count, base_url)
            else:
                measure(count, "")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        anyio.run(run, int(sys.argv[1]), sys.argv[2])
    else:
        main()
