"""What a batch waits for, in virtual time: passing faults, a service that wants calls later, leases."""

from __future__ import annotations

import math
from typing import Any

import anyio
import httpx
import pytest
from trio.testing import MockClock

from cincopa_async import (
    BatchHaltedError,
    CincopaClient,
    PollPolicy,
    RateLimitError,
    RetryPolicy,
    UploadFailedError,
    UploadItem,
    UploadTimeoutError,
    UploadUnknownError,
)
from cincopa_async.stores import MemoryStore
from tests.batches import account, outcomes_of
from tests.conftest import TOKEN
from tests.quick import link, links

pytestmark = pytest.mark.anyio
START = "asset.upload_from_url"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "trio", {"clock": MockClock(autojump_threshold=0)}


async def test_source_that_fails_in_passing_is_fetched_again() -> None:
    """With `item_attempts`, and only for such reasons; the link is made anew each time."""
    asked = 0

    async def sign() -> str:
        nonlocal asked
        asked += 1
        return link(asked)

    async with account(0) as acc:
        acc.fake.add_source(link(1), b"", status=503)
        acc.fake.add_source(link(2), b"cat")
        acc.fake.add_source(link(7), b"", status=404)
        again, gone = await acc.upload([UploadItem(sign), link(7)], item_attempts=3, max_active=1)

    assert again.ok
    assert asked == 2
    assert isinstance(gone.error, UploadFailedError)
    assert acc.fake.counts.inputs[link(7)] == 1


async def test_source_that_keeps_failing_is_given_up() -> None:
    """`item_attempts` bounds how often."""
    async with account(0) as acc:
        acc.fake.add_source(link(0), b"", status=503)
        (outcome,) = await acc.upload([link(0)], item_attempts=2)

        assert isinstance(outcome.error, UploadFailedError)
        assert acc.fake.counts.inputs[link(0)] == 2


@pytest.mark.parametrize(("unknown", "starts"), [("report", 1), ("restart", 2)])
async def test_start_whose_answer_is_lost_is_unknown(unknown: Any, starts: int) -> None:
    """It is never started again unless that is wanted; the error hides nothing behind it."""
    async with account(1) as acc:
        acc.fake.quirk("server_error_after", call=START, nth=1)
        (outcome,) = await acc.upload([link(0)], unknown=unknown)

        assert acc.fake.counts.uploads_started == starts
        if unknown == "restart":
            assert outcome.ok
        else:
            assert isinstance(outcome.error, UploadUnknownError)
            assert outcome.error.__cause__ is None
            assert outcome.error.__context__ is None


async def test_too_many_calls_are_nobody_s_fault() -> None:
    """A start that is refused with 429, again after the client's retries, is tried until it is taken."""
    async with account(3) as acc:
        acc.fake.quirk("retry_after", call=START, nth=range(1, 7), seconds=0)
        outcomes = await acc.upload(links(3))

        assert all(outcome.ok for outcome in outcomes)


async def test_start_that_was_certainly_not_sent_is_tried_again() -> None:
    """A refused connection is no reason to doubt: with `item_attempts` it is started again."""
    tries = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal tries
        if START + ".json" in request.url.path:
            tries += 1
            if tries <= 4:
                raise httpx.ConnectError("refused", request=request)
            return httpx.Response(200, json={"success": True, "status_id": "42"})
        return httpx.Response(200, json={"success": True, "status": "completed", "resid": "A4"})

    cincopa = CincopaClient(TOKEN, transport=httpx.MockTransport(answer))
    async with cincopa, cincopa.upload_many([link(0)], item_attempts=2) as batch:
        outcomes = await outcomes_of(batch)

    assert [outcome.ok for outcome in outcomes] == [True]


async def test_service_that_never_takes_a_start_is_given_up() -> None:
    """A deadline there always is: that of the polls."""
    patience = {"poll": PollPolicy(deadline=3600)}
    async with account(1, client=patience) as acc:
        acc.fake.quirk("retry_after", call=START, seconds=30)
        (outcome,) = await acc.upload([link(0)])

        assert isinstance(outcome.error, RateLimitError)
        assert acc.fake.counts.uploads_started == 0


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
async def test_upload_that_stands_still_is_given_up(on_cancel: Any) -> None:
    """It ends as one of `wait()` does: aborted, or left running and taken up by the next run."""
    async with account(1, client={"poll": PollPolicy(deadline=3600)}) as acc:
        store = MemoryStore()
        acc.fake.hold()
        (outcome,) = await acc.upload([link(0)], on_cancel=on_cancel, store=store)
        acc.fake.release()
        (again,) = await acc.upload([link(0)], store=store)

        assert isinstance(outcome.error, UploadTimeoutError)
        assert again.from_store == (on_cancel == "abort")
        assert again.ok == (on_cancel == "detach")
        assert acc.fake.counts.uploads_started == 1


async def test_upload_that_was_aborted_for_standing_still_is_started_again() -> None:
    """With `item_attempts`, for that it was aborted is certain."""
    async with account(1, client={"poll": PollPolicy(deadline=3600)}) as acc:
        acc.fake.hold()

        async def let_go() -> None:
            await anyio.sleep(5000)
            acc.fake.release()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(let_go)
            (outcome,) = await acc.upload([link(0)], item_attempts=3, store=MemoryStore())

        assert outcome.ok
        assert acc.fake.counts.uploads_started == 2


async def test_leases_are_renewed_while_items_run() -> None:
    """A batch of hours keeps what it has; a renewal that fails once does no harm."""
    renewals: list[float] = []

    class Store(MemoryStore):
        lease = 60.0

        async def renew(self) -> None:
            renewals.append(anyio.current_time())
            if len(renewals) == 1:
                raise OSError("no network")
            await super().renew()

    async with account(1, client={"poll": PollPolicy()}) as acc:
        began = anyio.current_time()
        acc.fake.add_source(link(0), b"cat", seconds=90)
        (outcome,) = await acc.upload([link(0)], store=Store())

        assert outcome.ok
        assert [round(at - began) for at in renewals] == [20, 40, 60, 80]


RARE = PollPolicy(first=910, floor=910, ceiling=910)
"""Polls that are many leases apart."""


class Leased(MemoryStore):
    """Notes when its leases were renewed; the first time that fails."""

    lease = 60.0

    def __init__(self) -> None:
        super().__init__()
        self.began = anyio.current_time()
        self.renewals: list[int] = []

    async def renew(self) -> None:
        self.renewals.append(round(anyio.current_time() - self.began))
        if len(self.renewals) == 1:
            raise OSError("no network")
        await super().renew()


@pytest.mark.parametrize("poll", [PollPolicy(), RARE])
async def test_whoever_waits_for_a_job_with_a_store_renews_its_lease(poll: PollPolicy) -> None:
    """In time, however rarely it is polled: a single upload has no task of its own that could."""
    async with account(1, client={"poll": poll}) as acc, Leased() as store:
        acc.fake.add_source(link(0), b"cat", seconds=850)
        job = await acc.cincopa.start_upload(link(0), key="cat", store=store)
        await job.wait()
        ended = math.ceil(anyio.current_time() - store.began)
        await anyio.sleep(100)

        assert store.renewals == list(range(20, ended, 20))


async def test_lease_is_renewed_while_no_poll_is_answered() -> None:
    """A poll that is told to come later, again and again, takes longer than the lease."""
    async with account(1, client={"poll": PollPolicy(), "retry": RetryPolicy()}) as acc, Leased() as store:
        acc.fake.add_source(link(0), b"cat", seconds=5)
        acc.fake.quirk("retry_after", call="asset.upload_from_url_get_status", seconds=50, times=8)
        job = await acc.cincopa.start_upload(link(0), key="cat", store=store)
        await job.wait()
        ended = math.ceil(anyio.current_time() - store.began)

        assert ended > 300
        assert store.renewals == list(range(20, ended, 20))


async def test_lease_is_renewed_by_one_of_all_who_wait() -> None:
    """By whoever takes over, too, when the one who did it leaves; nobody waits, nobody renews."""
    async with account(1, client={"poll": RARE}) as acc, Leased() as store, anyio.create_task_group() as tasks:
        acc.fake.hold()
        job = await acc.cincopa.start_upload(link(0), key="cat", store=store, on_cancel="detach")

        async def wait(seconds: float) -> None:
            with anyio.move_on_after(seconds):
                await job.wait()

        for seconds in (50, 90, 130):
            tasks.start_soon(wait, seconds)
        await anyio.sleep(300)
        acc.fake.release()

        assert store.renewals == [20, 40, 60, 80, 100, 120]


async def test_what_a_poll_raises_comes_out_as_it_is_where_a_lease_is_kept() -> None:
    """Not wrapped in a group: what a transport of the caller's own raises is raised as without a store."""

    async def answer(request: httpx.Request) -> httpx.Response:
        if START + ".json" in request.url.path:
            return httpx.Response(200, json={"success": True, "status_id": "42"})
        raise LookupError("a fault of the caller's own")

    async with CincopaClient(TOKEN, transport=httpx.MockTransport(answer)) as cincopa, Leased() as store:
        job = await cincopa.start_upload(link(0), key="cat", store=store, on_cancel="detach")
        with pytest.raises(LookupError, match="the caller's own"):
            await job.wait()


async def test_outage_halts_the_batch_although_calls_pause() -> None:
    """A service that refuses start after start, certainly, leaves no item open to doubt."""
    async with account(40) as acc:
        store = MemoryStore()
        acc.fake.quirk("retry_after", call=START, status=503, seconds=1)
        with pytest.raises(BatchHaltedError, match="10 starts running have failed"):
            await acc.upload(links(40), store=store, item_attempts=50)
        acc.fake.clear_quirks()
        outcomes = await acc.upload(links(40), store=store)

        assert len(outcomes) == 40
        assert all(outcome.ok for outcome in outcomes)
        assert acc.fake.counts.uploads_started == 40


@pytest.mark.parametrize("seconds", [0, 5])
async def test_storm_of_refusals_fails_no_item_and_wastes_little_of_what_is_allowed(seconds: float) -> None:
    """A service that takes 20 calls a second is asked for about as many, few polls are in vain, none starts twice."""
    policy = {"poll": PollPolicy(), "retry": RetryPolicy()}
    async with account(300, client=policy, rate_limit=20, seconds=seconds) as acc:
        began = anyio.current_time()
        outcomes = await acc.upload(links(300), max_active=100)
        took = anyio.current_time() - began

    assert [outcome.error for outcome in outcomes if not outcome.ok] == []
    assert acc.fake.counts.inputs == dict.fromkeys(links(300), 1)
    # What there is to do: a start of each, and one poll that tells its end. Other polls do not count.
    assert 2 * 300 / took >= 0.8 * 20
