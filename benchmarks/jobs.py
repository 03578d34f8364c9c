"""
What it takes to wait for uploads: memory of a job, and CPU time of a poll, with few jobs and with thousands.

Run it with ``python -m nox -s bench -- jobs``.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, TypeVar

from _measure import by_turns, printed_by
from _results import table, write
from _server import served

from cincopa_async import Call, CincopaClient, PollPolicy

T = TypeVar("T")

ROUNDS = 3
JOBS = (10, 100, 1_000, 10_000)
POLLS = 5_000
RATE = 800


class Counting(CincopaClient):
    """Counts the uploads that were started, and the polls that have been answered."""

    started = 0
    answered = 0

    async def send(self, call: Call[T], *, holding: Callable[[], None] | None = None) -> T:
        answer = await super().send(call, holding=holding)
        self.started += call.safety == "write"
        self.answered += call.safety == "read"
        return answer


async def cpu_of_a_poll(base_url: str, jobs: int) -> float:
    """CPU microseconds of a poll of a batch with so many uploads under way; all together they poll at one rate."""
    every = jobs / RATE
    policy = PollPolicy(first=every, floor=every, ceiling=every * 1.2, jitter=0.1)
    urls = (f"https://media.example.com/{number}.mp4" for number in range(jobs))
    async with (
        Counting("BENCHMARK", base_url=base_url, poll=policy) as client,
        client.upload_many(urls, max_active=jobs, on_cancel="detach"),
    ):
        while client.started < jobs:  # noqa: ASYNC110 - who counts is the client
            await asyncio.sleep(0.05)
        await asyncio.sleep(every * 1.3)  # Until every job has polled, and they are out of step.
        answered, began = client.answered, time.process_time()
        # Two polls of each at least: less would count what the garbage collector does about the start as theirs.
        while client.answered < answered + max(POLLS, 2 * jobs):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return (time.process_time() - began) / (client.answered - answered) * 1e6


async def bytes_of_a_job(base_url: str, jobs: int) -> float:
    """Bytes that Python holds for a job that is waited for, its task included, between two polls."""
    policy = PollPolicy(first=0.1, floor=3_600, ceiling=3_600)
    async with Counting("BENCHMARK", base_url=base_url, poll=policy) as client, asyncio.TaskGroup() as group:
        await client.asset.upload_from_url_get_status("1")
        tracemalloc.start()
        waiting = [
            group.create_task(client.resume_upload(str(number), on_cancel="detach").wait()) for number in range(jobs)
        ]
        while client.answered < jobs + 1:  # noqa: ASYNC110 - who counts is the client
            await asyncio.sleep(0.05)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        for task in waiting:
            task.cancel()
    return held / jobs


MEASURES: dict[str, Callable[..., Any]] = {"cpu": cpu_of_a_poll, "bytes": bytes_of_a_job}


def measured(what: str, base_url: str, jobs: int) -> float | None:
    return printed_by([__file__, what, base_url, str(jobs)], within=300)


def main() -> None:
    with served() as base_url:
        polls = by_turns({jobs: functools.partial(measured, "cpu", base_url, jobs) for jobs in JOBS}, ROUNDS)
        held = by_turns({0: functools.partial(measured, "bytes", base_url, JOBS[-1])}, ROUNDS)[0] or 0.0
    first = polls[JOBS[0]] or 0.0
    rows = [[f"{jobs:,}", f"{polls[jobs] or 0.0:.0f}", f"{(polls[jobs] or 0.0) / first:.2f}"] for jobs in JOBS]
    each = f"A job that is waited for holds {held:,.0f} bytes, its task included; the aim is 8,192. There were"
    what = "CPU microseconds of a poll of `upload_many`, by the number of uploads under way"
    text = [
        f"{what}; {RATE} polls a second in all. The aim is 1.15 at most.",
        table(["uploads", "µs", "ratio"], rows),
        f"{each} {JOBS[-1]:,} of them in one process.",
    ]
    write("jobs", "\n\n".join(text))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(asyncio.run(MEASURES[sys.argv[1]](sys.argv[2], int(sys.argv[3]))))
    else:
        main()
