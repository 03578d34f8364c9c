"""Whoever is cancelled while a store is at work leaves nothing half done: not claimed, or noted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import anyio
import anyio.abc
import anyio.lowlevel
import pytest

from cincopa_async import StoredError, UploadStore
from tests.cancelling import Cancellable, How
from tests.stores.homes import Home

pytestmark = pytest.mark.anyio

URL = "https://example.com/cat.mp4"


@pytest.fixture
async def store(home: Home) -> AsyncIterator[UploadStore]:
    async with home.store() as store:
        yield store


@pytest.mark.parametrize("turns", range(1, 7))
async def test_claim_that_is_cancelled_has_claimed_nothing(store: UploadStore, how: How, turns: int) -> None:
    """At whatever turn of the loop it is cancelled: the next one who asks gets the item."""
    async with anyio.create_task_group() as tasks:
        await cancel_after(turns, how, tasks, store, "claim")
    claim, record = await store.claim("cat", input=URL)

    assert (claim, record.state) == ("mine", "reserved")


@pytest.mark.parametrize("turns", range(1, 7))
async def test_taking_over_that_is_cancelled_leaves_it_to_others(store: UploadStore, how: How, turns: int) -> None:
    """What had been started remains so, and free."""
    await store.claim("cat", input=URL)
    await store.started("cat", "42")
    await store.release("cat")
    async with anyio.create_task_group() as tasks:
        await cancel_after(turns, how, tasks, store, "claim")
    claim, record = await store.claim("cat", input=URL)

    assert (claim, record.status_id) == ("mine", "42")


@pytest.mark.parametrize("turns", range(1, 4))
async def test_claim_of_what_has_ended_leaves_it_so_if_cancelled(store: UploadStore, how: How, turns: int) -> None:
    """There is nothing to be given back."""
    await store.claim("cat", input=URL)
    await store.ended("cat", rid="A4")
    async with anyio.create_task_group() as tasks:
        await cancel_after(turns, how, tasks, store, "claim")

    assert (await store.claim("cat", input=URL))[0] == "ended"


@pytest.mark.parametrize("turns", range(1, 7))
async def test_restart_that_is_cancelled_is_taken_back(store: UploadStore, how: How, turns: int) -> None:
    """The item ended as it had, and says so."""
    error = StoredError(kind="ServerError", message="no")
    await store.claim("cat", input=URL)
    await store.ended("cat", rid="A4", error=error)
    async with anyio.create_task_group() as tasks:
        quicker = await cancel_after(turns, how, tasks, store, "restart")
    claim, record = await store.claim("cat", input=URL)

    if quicker:
        assert (claim, record.attempts) == ("busy", 2)
    else:
        assert (claim, record.attempts, record.rid, record.error) == ("ended", 1, "A4", error)
        assert (await store.counts())["ended"] == 1


@pytest.mark.parametrize("turns", range(1, 5))
async def test_what_is_to_be_noted_is_noted_whoever_is_cancelled(store: UploadStore, how: How, turns: int) -> None:
    """The upload runs, and only what is noted lets anybody find it again."""
    await store.claim("cat", input=URL)
    async with anyio.create_task_group() as tasks:
        await cancel_after(turns, how, tasks, store, "started")
    records = [record async for record in store.records()]

    assert [record.status_id for record in records] == ["42"]


async def test_cancelled_opening_leaves_it_closed(home: Home, how: How) -> None:
    """Nobody would close it."""
    store = home.store()
    if how == "task.cancel()":
        task = asyncio.create_task(store.__aenter__())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        opened = not task.cancelled()
    else:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await store.__aenter__()
        opened = not scope.cancelled_caught
    if opened:  # In memory there is no moment at which it could be cancelled.
        await store.__aexit__(None, None, None)

    with pytest.raises(RuntimeError, match="async with store"):
        await store.counts()


async def cancel_after(turns: int, how: How, tasks: anyio.abc.TaskGroup, store: UploadStore, name: str) -> bool:
    """Cancel a call of the store after some turns of the loop; say whether it was quicker. A claim is let go then."""
    keywords = {"claim": {"input": URL}, "restart": {"attempts": 1}}
    over = False

    async def act() -> None:
        nonlocal over
        if name == "started":
            await store.started("cat", "42")
        else:
            await getattr(store, name)("cat", **keywords[name])
        over = True
        await anyio.sleep_forever()

    running = Cancellable(how, tasks, act)
    for _ in range(turns):
        await anyio.lowlevel.checkpoint()
    await running.cancelled()
    if over and name == "claim":
        await store.release("cat")
    return over
