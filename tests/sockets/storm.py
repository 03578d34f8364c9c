"""A program that uploads from a generator, and tells what it took: `python storm.py BACKEND OPTIONS URL COUNT`."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[2]))

from cincopa_async import CincopaClient, UploadItem
from tests.quick import QUICK_POLLS, QUICK_RETRIES


def peak() -> int:
    """Bytes of memory that this process has had at most; KiB are told everywhere but on macOS."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


async def main(url: str, count: int) -> None:
    async def produce() -> AsyncIterator[UploadItem]:
        for number in range(count):
            yield UploadItem(url, key=f"{number}")

    errors: list[str] = []
    ended = 0
    async with CincopaClient(poll=QUICK_POLLS, retry=QUICK_RETRIES) as cincopa:
        await cincopa.ping()
        before = peak()
        async with cincopa.upload_many(produce(), max_active=500) as batch:
            async for outcome in batch:
                ended += 1
                if outcome.error is not None:
                    errors.append(repr(outcome.error))
    print(json.dumps({"ended": ended, "errors": errors[:10], "growth": peak() - before}))


if __name__ == "__main__":
    anyio.run(main, sys.argv[3], int(sys.argv[4]), backend=sys.argv[1], backend_options=json.loads(sys.argv[2]))
