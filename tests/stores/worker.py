"""
A process that works through items with a store until it is killed: ``worker.py FILE_OR_URL PREFIX LOG ITEMS``.

What it does to the world it appends to LOG, one line a deed: a start before its request is sent, and nothing else.
"""

from __future__ import annotations

import os
import random
import sys
from functools import partial

import anyio

from cincopa_async import LeaseLostError, UploadStore
from cincopa_async.stores import SqliteStore


async def work(store: UploadStore, log: int, keys: list[str]) -> None:
    while keys:
        key = keys.pop()
        claim, record = await store.claim(key, input=f"https://example.com/{key}")
        if claim == "busy":
            await anyio.sleep(0.01)
            keys.insert(0, key)
        if claim != "mine":
            continue
        try:
            await run(store, log, key, record.status_id)
        except LeaseLostError:
            os.write(log, f"lost {key}\n".encode())


async def run(store: UploadStore, log: int, key: str, status_id: str | None) -> None:
    if status_id is None:
        status_id = f"upload-{os.getpid()}-{key}"
        os.write(log, f"start {key} {status_id}\n".encode())  # The request: a kill from here on finds it sent.
        await store.started(key, status_id)
    else:
        os.write(log, f"resume {key} {status_id}\n".encode())
    await store.completed(key, f"rid of {status_id}")
    await store.ended(key)


async def main(where: str, prefix: str, log: str, items: int) -> None:
    if "://" in where:
        from cincopa_async.stores import RedisStore  # noqa: PLC0415

        store: UploadStore = RedisStore(where, prefix=prefix, lease=1.0)
    else:
        store = SqliteStore(where)
    deeds = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    keys = [f"item{number}" for number in range(items)]
    random.shuffle(keys)
    async with store, anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(work, store, deeds, keys)


if __name__ == "__main__":
    anyio.run(partial(main, *sys.argv[1:4], int(sys.argv[4])))
