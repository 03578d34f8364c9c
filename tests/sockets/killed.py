"""A program that uploads a batch with a store, to be killed: `python killed.py STORE COUNT SIGNATURE SLOTS`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[2]))

from cincopa_async import CincopaClient
from cincopa_async.stores import SqliteStore, UploadStore
from tests.quick import QUICK_POLLS, QUICK_RETRIES, links


def store_at(place: str) -> UploadStore:
    if place.endswith(".db"):
        return SqliteStore(place)
    from cincopa_async.stores import RedisStore  # noqa: PLC0415 - an extra, which not every run has

    lease = float(os.environ.get("KILLED_LEASE", "60"))
    return RedisStore(place, lease=lease)


async def main(place: str, count: int, signature: str, slots: int) -> None:
    cincopa = CincopaClient(poll=QUICK_POLLS, retry=QUICK_RETRIES, max_concurrency=slots)
    # Many more are active than can be started at once.
    batch = cincopa.upload_many(links(count, signature), store=store_at(place), max_active=8 * slots)
    async with cincopa, batch:
        print("begun", flush=True)
        async for _ in batch:
            pass


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
