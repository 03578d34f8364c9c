"""Workers with the same batch on one Redis, all of them killed for real: each item is uploaded once."""

from __future__ import annotations

import random

import anyio
import anyio.to_thread
import pytest
import redis

from cincopa_async import LeaseLostError
from cincopa_async.stores import RedisStore
from cincopa_async.testing import FakeServer
from tests.batches import Account
from tests.quick import links
from tests.sockets.helpers import quick_client
from tests.sockets.test_kills import (
    ITEMS,
    KILLS,
    LONGEST,
    SEED,
    SIGNATURES,
    SLOTS,
    begin,
    begun,
    every_item_ended_once,
    kill,
    slow_server,
)

__all__ = ["slow_server"]
pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]
WORKERS = 4
LEASE = 2.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def shared_redis(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KILLED_LEASE", str(LEASE))
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()  # Another test's batch may have had the same items.
    return redis_url


@pytest.mark.parametrize("signatures", ["a" * len(SIGNATURES), SIGNATURES], ids=["the same links", "signed anew"])
async def test_workers_on_one_redis_that_are_killed_upload_each_item_once(
    slow_server: FakeServer, shared_redis: str, signatures: str
) -> None:
    """One after the other is killed and begun again, be its links signed anew; at last all items have ended."""
    dice = random.Random(SEED)
    workers = [begin(shared_redis, signatures[0], SLOTS) for _ in range(WORKERS)]
    for worker in workers:
        await anyio.to_thread.run_sync(begun, worker)
    for turn, signature in enumerate(signatures[:KILLS]):
        await anyio.sleep(dice.uniform(0, LONGEST))
        await anyio.to_thread.run_sync(kill, workers[turn % WORKERS])
        workers[turn % WORKERS] = begin(shared_redis, signature, SLOTS)
        await anyio.to_thread.run_sync(begun, workers[turn % WORKERS])
    for worker in workers:
        await anyio.to_thread.run_sync(kill, worker)
    async with quick_client(slow_server) as cincopa:
        with anyio.fail_after(60):
            while True:  # What the dead had is theirs until their leases are over.
                store = RedisStore(shared_redis, lease=LEASE)
                outcomes = await Account(slow_server.fake, cincopa).upload(links(ITEMS, signatures[-1]), store=store)
                if not any(isinstance(outcome.error, LeaseLostError) for outcome in outcomes):
                    break

    every_item_ended_once(slow_server, outcomes, in_flight=SLOTS * (KILLS + WORKERS))
