"""What goes on beside a large batch, in virtual time: calls, other batches, and all of its polls at once."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
import trio
from trio.testing import MockClock

from cincopa_async import AssetMeta, CincopaClient, PollPolicy, RetryPolicy, UploadItem
from cincopa_async._line import POLLS_RUNNING
from cincopa_async.stores import MemoryStore
from tests.batches import Account, account
from tests.quick import link, links

pytestmark = pytest.mark.anyio
START = "asset.upload_from_url"
POLL = "asset.upload_from_url_get_status"
LATENCY = 0.1
FEW = 3
"""How many calls one after the other are few."""
SLOTS = 64
BESIDE = int(os.environ.get("BESIDE_ITEMS", "1000"))
TURNS = 1 + 2 * (POLLS_RUNNING + 1)
"""At most, where a rate is kept: who has one already, then a call of the batch and ours, polls before each of them."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "trio", {"clock": MockClock(autojump_threshold=0)}


@asynccontextmanager
async def slow_account(count: int, *, poll: PollPolicy, **client: Any) -> AsyncIterator[Account]:
    """An account whose uploads are held, and whose calls each take a while."""
    async with account(count, client={"poll": poll, "retry": RetryPolicy(), **client}) as acc:
        acc.fake.hold()
        acc.fake.quirk("latency", seconds=LATENCY)
        yield acc


async def seconds_of_a_call(cincopa: CincopaClient) -> float:
    began = anyio.current_time()
    await cincopa.ping()
    return anyio.current_time() - began


async def longest_call(cincopa: CincopaClient, seconds: float, *, every: float = 0.37) -> float:
    """Call again and again for so many seconds, and return the seconds of the call that took longest."""
    longest = 0.0
    until = anyio.current_time() + seconds
    while anyio.current_time() < until:
        longest = max(longest, await seconds_of_a_call(cincopa))
        await anyio.sleep(every)
    return longest


async def polls_by_step(acc: Account, steps: int, *, step: float = LATENCY) -> list[int]:
    """How many polls come in each of so many steps of time from now on."""
    counts = [acc.fake.counts.requests[POLL]]
    for _ in range(steps):
        await anyio.sleep(step)
        counts.append(acc.fake.counts.requests[POLL])
    return [after - before for before, after in itertools.pairwise(counts)]


async def all_active(acc: Account, count: int) -> None:
    while acc.fake.counts.uploads_running < count:  # noqa: ASYNC110 - the fake tells nobody
        await anyio.sleep(1)


async def test_call_beside_thousands_of_active_jobs_takes_no_longer_than_a_few_calls() -> None:
    """While they are started, and while more polls are due than connections could ever carry."""
    count = BESIDE
    seconds = count / 1_000  # As long as it takes to start them, or nearly so.
    policy = PollPolicy(first=1.7 * seconds, floor=seconds, ceiling=1.5 * seconds)
    async with (
        slow_account(count, poll=policy) as acc,
        acc.cincopa.upload_many(links(count), max_active=count, on_cancel="detach") as batch,
    ):
        while_started = await longest_call(acc.cincopa, 1.5 * seconds)
        await all_active(acc, count)
        before = acc.fake.counts.requests[POLL]
        while_polled = await longest_call(acc.cincopa, 10)
        polls = acc.fake.counts.requests[POLL] - before

        assert batch.progress.active == count
        assert while_started <= FEW * LATENCY
        assert while_polled <= FEW * LATENCY
        assert polls >= 0.7 * 10 * 0.75 * SLOTS / LATENCY  # The connections that polls may have were busy.


async def test_call_beside_a_batch_that_keeps_a_rate_waits_for_a_few_turns() -> None:
    """However many starts and polls would like to have theirs."""
    rate, count = 50, 1_000
    async with (
        slow_account(count, poll=PollPolicy(), rate_limit=rate) as acc,
        acc.cincopa.upload_many(links(count), max_active=count, on_cancel="detach"),
    ):
        longest = await longest_call(acc.cincopa, 30, every=1.7)

        assert longest <= TURNS / rate + LATENCY
        assert acc.fake.counts.uploads_started < count


async def test_call_beside_assets_that_are_described_waits_for_a_few_turns() -> None:
    """Hundreds of uploads have ended at once: their texts and galleries stand in line one at a time too."""
    rate = 50
    async with account(300, client={"poll": PollPolicy(first=15, floor=1), "rate_limit": rate}) as acc:
        fid = (await acc.cincopa.gallery.create(name="Cats")).fid
        items = [UploadItem(url, meta=AssetMeta(caption="A cat"), galleries=[fid]) for url in links(300)]
        async with acc.cincopa.upload_many(items, max_active=300) as batch, anyio.create_task_group() as tasks:
            tasks.start_soon(taken_all, batch)
            while acc.fake.counts.requests["asset.set_meta"] < 20:  # noqa: ASYNC110 - the fake tells nobody
                await anyio.sleep(0.5)
            longest = await longest_call(acc.cincopa, 8, every=0.3)

            assert acc.fake.counts.requests["gallery.add_item"] < 250
            assert longest <= TURNS / rate


async def taken_all(batch: Any) -> None:
    async for outcome in batch:
        assert outcome.ok


async def test_call_beside_a_batch_that_starts_waits_for_a_few_starts() -> None:
    """Not for all that have a place: of those one stands in line at a time."""
    async with (
        account(300, client={"rate_limit": 20, "poll": PollPolicy()}) as acc,
        acc.cincopa.upload_many(links(300), max_active=300),
    ):
        await anyio.sleep(1)

        assert await seconds_of_a_call(acc.cincopa) < 0.5
        assert acc.fake.counts.uploads_started < 100


async def test_starts_use_every_connection_however_long_each_takes() -> None:
    """A service that takes a second to answer is asked by as many at once as there may be, if no poll is due."""
    async with account(400, client={"poll": PollPolicy(first=3_600, ceiling=3_600), "max_concurrency": 8}) as acc:
        acc.fake.quirk("latency", seconds=1)
        async with acc.cincopa.upload_many(links(400), max_active=400, on_cancel="detach"):
            await anyio.sleep(25.5)
            started = acc.fake.counts.uploads_started

    assert started == 25 * 8


async def test_starts_and_polls_use_every_connection_together() -> None:
    """What ends at once takes two calls, and no connection stands idle while there is something to start."""
    async with account(400, client={"poll": PollPolicy(), "max_concurrency": 8}) as acc:
        acc.fake.quirk("latency", seconds=1)
        began = anyio.current_time()
        outcomes = await acc.upload(links(400), max_active=200)
        took = anyio.current_time() - began
        calls = acc.fake.counts.requests.total()

    assert all(outcome.ok for outcome in outcomes)
    assert calls == 2 * 400
    assert calls / took >= 0.9 * 8


async def test_no_more_items_are_reserved_than_starts_can_be_in_flight() -> None:
    """What is reserved when the process is killed is unknown to the next one, so that is all that may be."""
    store = MemoryStore()
    async with account(50, client={"max_concurrency": 4}) as acc:
        acc.fake.quirk("latency", call=START, seconds=1)
        async with acc.cincopa.upload_many(links(50), max_active=50, store=store, on_cancel="detach"):
            await anyio.sleep(2.5)
            states = [record.state async for record in store.records()]

    assert states.count("reserved") == 4
    assert len(states) == 3 * 4


async def test_small_batch_beside_a_large_one_is_polled_as_often() -> None:
    """As often as it is alone: batches take turns, and the few jobs of one do not wait behind the many of the other."""
    policy = PollPolicy(first=1, floor=1, ceiling=1.2)

    async def polls_of_each(large: int) -> tuple[float, float]:
        """Polls of each job of the small batch, and of the large one, within a minute."""
        async with (
            slow_account(5 + large, poll=policy, max_concurrency=4) as acc,
            acc.cincopa.upload_many(links(5), max_active=5, on_cancel="detach"),
            acc.cincopa.upload_many(links(5 + large)[5:] or [link(0)], max_active=large or 1, on_cancel="detach"),
        ):
            await all_active(acc, 5 + (large or 1))
            before = polls_by_input(acc)
            await anyio.sleep(60)
            after = polls_by_input(acc)
        polls = [after[url] - before[url] for url in links(5 + large)]
        return sum(polls[:5]) / 5, sum(polls[5:]) / max(1, large)

    alone, _ = await polls_of_each(0)
    beside, of_the_large = await polls_of_each(500)

    assert beside >= 0.8 * alone
    assert of_the_large < 0.1 * alone  # There was not enough for all.


def polls_by_input(acc: Account) -> dict[str, int]:
    return {upload.input: upload.polls for upload in acc.fake._account.uploads.values()}


@pytest.mark.parametrize("policy", [PollPolicy(floor=60, ceiling=90), PollPolicy(ceiling=60, growth=2)])
async def test_jobs_are_no_herd_after_the_process_was_suspended(policy: PollPolicy) -> None:
    """All of them are due when it wakes up: few are polled at a time, a call passes them, and they fall out of step."""
    count = 300
    async with (
        slow_account(count, poll=policy) as acc,
        acc.cincopa.upload_many(links(count), max_active=count, on_cancel="detach"),
    ):
        await all_active(acc, count)
        await anyio.sleep(150)
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, MockClock)
        clock.jump(3_600)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call_takes_no_longer_than_a_few, acc.cincopa)
            awake = await polls_by_step(acc, 30)
        later = await polls_by_step(acc, 700)

    assert sum(awake) >= count
    assert max(awake) <= 0.75 * SLOTS
    assert sum(later) >= count
    assert busiest_second(later) < count / 2  # In step, they would all come in a second or two again.


async def call_takes_no_longer_than_a_few(cincopa: CincopaClient) -> None:
    assert await seconds_of_a_call(cincopa) <= FEW * LATENCY


def busiest_second(polls: list[int]) -> int:
    return max(sum(polls[start : start + 10]) for start in range(len(polls) - 9))


@pytest.mark.parametrize("fault", ["reset", "server_error"])
async def test_jobs_are_no_herd_when_the_service_is_there_again(fault: Any) -> None:
    """They are asked for out of step while it is away, and afterwards, and none was ended for it."""
    count = 300
    async with (
        slow_account(count, poll=PollPolicy(floor=60, ceiling=120)) as acc,
        acc.cincopa.upload_many(links(count), max_active=count, on_cancel="detach") as batch,
    ):
        await all_active(acc, count)
        await anyio.sleep(30)
        acc.fake.quirk(fault, call=POLL)
        away = await polls_by_step(acc, 1_000)
        acc.fake.clear_quirks()
        acc.fake.quirk("latency", seconds=LATENCY)
        back = await polls_by_step(acc, 700)

        assert batch.progress.ended == 0
    assert sum(away) > count
    assert max(away) <= 0.75 * SLOTS
    assert sum(back) >= count
    assert busiest_second(back) < count / 2
