"""
Peak memory of batches from a generator: 1,000, 10,000 and 100,000 items, which must not make a difference.

Each batch is uploaded by a process of its own, to a fake Cincopa of its own in another process, over a socket; its
uploads end at once. A figure is what the client's process grew by over what it had before: the client open, one call
made. Run it with ``python -m nox -s bench -- bulk``; it takes minutes.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import anyio.to_thread
from _results import table, write

from cincopa_async import CincopaClient, PollPolicy
from cincopa_async.testing import FakeCincopa

MEBIBYTE = 1024 * 1024
MOST = 64 * MEBIBYTE
COUNTS = (1_000, 10_000, 100_000)
REFERENCE = 10_000
ACTIVE = 200
TOKEN = "BENCHMARK"
SOURCE = "https://media.example/cat.mp4"
AT_ONCE = PollPolicy(first=0.001, floor=0.001, ceiling=0.05)


def peak() -> int:
    """Return the bytes that this process had in memory at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


async def serve() -> None:
    """Serve until the process is told to stop, and say then how many uploads there were."""
    fake = FakeCincopa(TOKEN)
    fake.add_source(SOURCE, b"cat")
    async with fake.serve() as server:
        print(server.base_url, flush=True)
        await anyio.to_thread.run_sync(sys.stdin.readline)
        print(fake.counts.uploads_completed, len(fake.counts.inputs), flush=True)


async def upload(count: int, base_url: str) -> None:
    """Upload so many; print by how many bytes the process grew, and what it had before."""
    async with CincopaClient(TOKEN, base_url=base_url, poll=AT_ONCE) as cincopa:
        await cincopa.ping()
        before = peak()
        ended = 0
        async with cincopa.upload_many((SOURCE for _ in range(count)), max_active=ACTIVE) as batch:
            async for outcome in batch:
                assert outcome.ok, outcome.error
                ended += 1
    assert ended == count
    print(json.dumps([peak() - before, before]))


@contextmanager
def served(count: int) -> Iterator[str]:
    """A fake in a process of its own, which must have done as many uploads when it is left."""
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            yield process.stdout.readline().strip()
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline().split() == [str(count), "1"]
        finally:
            process.terminate()


def measured(count: int) -> tuple[int, int]:
    with served(count) as base_url:
        command = [sys.executable, __file__, str(count), base_url]
        ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    grown, before = json.loads(ran.stdout)
    return grown, before


def main() -> int:
    figures = {count: measured(count) for count in COUNTS}
    grown, before = figures[REFERENCE]
    rows = [
        [f"{count:,}", f"{more / MEBIBYTE:.1f}", f"{(had + more) / (before + grown):.3f}"]
        for count, (more, had) in figures.items()
    ]
    how = f"over a socket to a fake in another process whose uploads end at once, {ACTIVE} active at a time"
    aim = f"grown by less than {MOST // MEBIBYTE} MiB with {REFERENCE:,} items, and the same peak with any number"
    text = [
        f"Memory of a batch from a generator, {how}. Each is a process of its own; the ratio is that of its peak.",
        table(["items", "MiB grown", f"peak, of that with {REFERENCE:,}"], rows),
        f"The aim: {aim}.",
    ]
    write("bulk", "\n\n".join(text))
    return int(grown >= MOST)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        anyio.run(serve)
    elif sys.argv[1:]:
        anyio.run(upload, int(sys.argv[1]), sys.argv[2])
    else:
        sys.exit(main())
