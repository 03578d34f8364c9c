"""Waiting until an asset is ready: alone, and as the end of an upload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import httpx
import pytest
import respx
import trio
import trio.testing

from cincopa_async import (
    Asset,
    AssetNotReadyError,
    AssetTimeoutError,
    AuthenticationError,
    CincopaClient,
    ClientClosedError,
    NotFoundError,
    PermissionDeniedError,
    PollPolicy,
    ResponseDecodeError,
    RetryPolicy,
    UploadTimeoutError,
)
from cincopa_async._ready import readiness
from tests.cancelling import HOWS, Cancellable, How
from tests.conftest import QUICK_POLLS, QUICK_RETRIES, TOKEN
from tests.remote import COMPLETED, FORBIDDEN, PASSING, REFUSED, RUNNING, SOURCE, Remote, Script

pytestmark = pytest.mark.anyio
in_virtual_time = pytest.mark.parametrize(
    "anyio_backend",
    [pytest.param(("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}), id="virtual time")],
)


def listed(*rids: str, **fields: Any) -> dict[str, Any]:
    return {"success": True, "items": [{"rid": rid, **fields} for rid in rids], "items_data": {"pages_count": 1}}


SYNCING, SYNCED = listed("R1", syncstatus="syncing"), listed("R1", syncstatus="synced")


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


def lists(remote: Remote, *answers: Any) -> Script:
    return remote.route("GET", "asset.list", answers)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        *((word, "ready") for word in ("synced", "Synced", "SYNCED", "ready", "completed", "done")),
        *((word, "failed") for word in ("failed", "Failed", "error", "sync_failed", "sync-failed")),
        *((word, "not yet") for word in ("syncing", "", "pending", "un-synced", "a new word")),
    ],
)
def test_words_of_a_syncstatus_are_read(word: str, state: str) -> None:
    """Without case, dashes and underscores; one that nobody knows is not the end."""
    assert readiness(word) == state


async def test_asset_is_returned_once_it_is_ready(cincopa: CincopaClient, remote: Remote) -> None:
    """As the list tells it then."""
    asked = lists(remote, SYNCING, SYNCING, SYNCED)

    asset = await cincopa.asset.wait_ready("R1")

    assert isinstance(asset, Asset)
    assert (asset.rid, asset.syncstatus) == ("R1", "synced")
    assert asked.count == 3


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_poll_that_fails_in_passing_is_not_seen(fault: Any, cincopa: CincopaClient, remote: Remote) -> None:
    """It says nothing about the asset, be it that it fails for longer than a call is retried."""
    asked = lists(remote, *[fault] * 6, SYNCED)

    assert (await cincopa.asset.wait_ready("R1")).rid == "R1"
    assert asked.count == 7


async def test_asset_that_is_not_listed_yet_is_waited_for(cincopa: CincopaClient, remote: Remote) -> None:
    """A service may not know a fresh rid at once; that other assets are listed in its place changes nothing."""
    lists(remote, listed(), listed("R2", syncstatus="synced"), listed(), SYNCED)

    assert (await cincopa.asset.wait_ready("R1")).rid == "R1"


async def test_rid_that_stays_unknown_ends_the_wait(cincopa: CincopaClient, remote: Remote) -> None:
    """Said five times running it is believed."""
    asked = lists(remote, listed(), listed(), SYNCING, listed())

    with pytest.raises(NotFoundError, match=r"asset\.list: the rid does not exist"):
        await cincopa.asset.wait_ready("R1")

    assert asked.count == 3 + 5


@pytest.mark.parametrize("status", [200, 404])
async def test_rid_that_is_refused_as_unknown_ends_the_wait(
    status: int, cincopa: CincopaClient, remote: Remote
) -> None:
    """A service may say so in place of an empty page; once or twice it may be too fresh."""
    unknown = httpx.Response(status, json={"success": False, "message": "The rid does not exist"})
    asked = lists(remote, unknown, unknown, SYNCING, unknown)

    with pytest.raises(NotFoundError, match="The rid does not exist"):
        await cincopa.asset.wait_ready("R1")

    assert asked.count == 3 + 5


@in_virtual_time
@pytest.mark.parametrize(("asked_for", "pause"), [("40", 40), ("100000", 300)])
async def test_service_that_asks_to_come_again_later_is_asked_later(
    asked_for: str, pause: float, remote: Remote
) -> None:
    """As for a job: after the call's own attempts the wait keeps that pause too, up to five minutes, events or not."""
    busy = httpx.Response(429, headers={"retry-after": asked_for}, json={"success": False, "message": "Busy"})
    asked = lists(remote, busy, SYNCED)
    async with CincopaClient(TOKEN, retry=RetryPolicy(attempts=1)) as cincopa, anyio.create_task_group() as group:
        group.start_soon(cincopa.asset.wait_ready, "R1")
        await asked.asked(1)
        await anyio.wait_all_tasks_blocked()
        cincopa._life.wake("R1")

    assert asked.times[1] - asked.times[0] == pause


async def test_token_that_cannot_be_had_for_a_moment_ends_no_wait(remote: Remote) -> None:
    """It says nothing of the asset."""
    tokens: list[Any] = ["token-1", OSError("the vault is away"), "token-2"]

    def token() -> str:
        given = tokens.pop(0)
        if isinstance(given, Exception):
            raise given
        return str(given)

    lists(remote, SYNCING, REFUSED, REFUSED, SYNCED)
    async with CincopaClient(token, poll=QUICK_POLLS, retry=QUICK_RETRIES) as cincopa:
        assert (await cincopa.asset.wait_ready("R1")).syncstatus == "synced"

    assert tokens == []


async def test_token_that_was_never_had_ends_the_wait() -> None:
    """Nobody wants to wait for hours to learn that the vault's name is misspelt."""

    def token() -> str:
        raise OSError("no such vault")

    async with CincopaClient(token) as cincopa:
        with pytest.raises(OSError, match="no such vault"):
            await cincopa.asset.wait_ready("R1")


async def test_bug_in_a_transport_ends_the_wait() -> None:
    """What is no fault of the network is not polled away."""

    def broken(request: httpx.Request) -> httpx.Response:
        raise LookupError("a bug")

    async with CincopaClient(TOKEN, transport=httpx.MockTransport(broken)) as cincopa:
        with pytest.raises(LookupError, match="a bug"):
            await cincopa.asset.wait_ready("R1")


async def test_asset_without_a_syncstatus_ends_the_wait(cincopa: CincopaClient, remote: Remote) -> None:
    """Whether it is ready is not told, and will not be."""
    asked = lists(remote, listed("R1"))

    with pytest.raises(ResponseDecodeError, match="no syncstatus"):
        await cincopa.asset.wait_ready("R1")

    assert asked.count == 5


async def test_asset_that_failed_ends_the_wait(cincopa: CincopaClient, remote: Remote) -> None:
    """The error says which one, and the word."""
    lists(remote, SYNCING, listed("R1", syncstatus="Failed"))

    with pytest.raises(AssetNotReadyError) as caught:
        await cincopa.asset.wait_ready("R1")

    assert (caught.value.rid, caught.value.syncstatus) == ("R1", "Failed")
    assert not isinstance(caught.value, TimeoutError)
    assert not caught.value.maybe_applied


@pytest.mark.parametrize(("answer", "error"), [(REFUSED, AuthenticationError), (FORBIDDEN, PermissionDeniedError)])
async def test_refused_token_ends_the_wait(
    answer: httpx.Response, error: type[Exception], cincopa: CincopaClient, remote: Remote
) -> None:
    """There is nothing to be heard any more."""
    lists(remote, SYNCING, answer)

    with pytest.raises(error):
        await cincopa.asset.wait_ready("R1")


@in_virtual_time
async def test_asset_that_is_not_ready_in_time_is_told(remote: Remote) -> None:
    """A builtin TimeoutError too, with the last word about the asset."""
    lists(remote, SYNCING)
    began = anyio.current_time()
    async with CincopaClient(TOKEN) as cincopa:
        with pytest.raises(AssetTimeoutError) as caught:
            await cincopa.asset.wait_ready("R1", timeout=600)

    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.rid, caught.value.syncstatus) == ("R1", "syncing")
    assert anyio.current_time() - began == 600


@in_virtual_time
async def test_wait_without_a_timeout_has_a_deadline_all_the_same(remote: Remote) -> None:
    """That of the client's policy, and its pauses."""
    asked = lists(remote, SYNCING)
    began = anyio.current_time()
    policy = PollPolicy(floor=10, ceiling=10, jitter=0, deadline=3600)
    async with CincopaClient(TOKEN, poll=policy) as cincopa:
        with pytest.raises(AssetTimeoutError):
            await cincopa.asset.wait_ready("R1")

    assert anyio.current_time() - began == 3600
    assert asked.count == 360


@pytest.mark.parametrize(
    ("rid", "timeout", "argument"), [("", None, "rid"), ("R1", -1, "timeout"), ("R1", float("nan"), "timeout")]
)
async def test_wrong_argument_raises_before_anything_is_sent(
    rid: str, timeout: float | None, argument: str, cincopa: CincopaClient
) -> None:
    """By name."""
    with pytest.raises(ValueError, match=argument):
        await cincopa.asset.wait_ready(rid, timeout=timeout)


@in_virtual_time
async def test_closing_the_client_ends_the_wait(remote: Remote) -> None:
    """At once, though the next poll is an hour away."""
    asked = lists(remote, SYNCING)
    ends: list[object] = []

    async def wait() -> None:
        try:
            await cincopa.asset.wait_ready("R1")
        except ClientClosedError as error:
            ends.append(error)
        ends.append(anyio.current_time())

    began = anyio.current_time()
    cincopa = CincopaClient(TOKEN, poll=PollPolicy(floor=3600, ceiling=3600))
    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await asked.asked(1)
        await anyio.wait_all_tasks_blocked()
        await cincopa.aclose()

    assert isinstance(ends[0], ClientClosedError)
    assert ends[1] == began


@pytest.mark.parametrize(
    ("how", "anyio_backend"), [(how, "trio" if how == "trio scope" else "asyncio") for how in HOWS]
)
async def test_cancelled_wait_sends_nothing_more(how: How, cincopa: CincopaClient, remote: Remote) -> None:
    """There is nothing to be undone, and another one waits on."""
    asked = lists(remote, SYNCING)
    async with anyio.create_task_group() as group:
        other = Cancellable(how, group, lambda: cincopa.asset.wait_ready("R1"))
        wait = Cancellable(how, group, lambda: cincopa.asset.wait_ready("R1"))
        await asked.asked(3)
        await wait.cancelled()
        await asked.asked(asked.count + 2)
        await other.cancelled()

    before = asked.count
    await anyio.wait_all_tasks_blocked()
    assert asked.count == before


async def test_upload_is_waited_for_until_it_is_ready(cincopa: CincopaClient, remote: Remote) -> None:
    """First to its end, then through the phase in which its versions are made."""
    order: Sequence[Script] = [remote.starts(), remote.says(RUNNING, COMPLETED), lists(remote, SYNCING, SYNCED)]
    job = await cincopa.start_upload(SOURCE)

    done = await job.wait(until="ready")

    assert done.rid == "R1"
    assert [script.count for script in order] == [1, 2, 2]


async def test_upload_that_is_waited_for_until_completed_asks_for_no_asset(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """As without the word."""
    remote.starts()
    remote.says(COMPLETED)
    job = await cincopa.start_upload(SOURCE)

    assert (await job.wait(until="completed")).rid == "R1"


@in_virtual_time
async def test_timeout_bounds_upload_and_readiness_together(remote: Remote) -> None:
    """What has completed is aborted no more, and the error says that there is something."""
    remote.starts()
    remote.says(*[RUNNING] * 5, COMPLETED)
    lists(remote, SYNCING)
    began = anyio.current_time()
    async with CincopaClient(TOKEN, poll=PollPolicy(first=10, floor=10, ceiling=10, jitter=0)) as cincopa:
        job = await cincopa.start_upload(SOURCE)
        with pytest.raises(AssetTimeoutError) as caught:
            await job.wait(timeout=100, until="ready")

    assert anyio.current_time() - began == 100
    assert caught.value.maybe_applied


@in_virtual_time
async def test_upload_that_is_too_late_is_aborted_whatever_it_is_waited_for(remote: Remote) -> None:
    """Its timeout comes before the phase begins."""
    remote.starts()
    remote.says(RUNNING)
    aborts = remote.aborts()
    async with CincopaClient(TOKEN) as cincopa:
        job = await cincopa.start_upload(SOURCE)
        with pytest.raises(UploadTimeoutError):
            await job.wait(timeout=100, until="ready")

    assert aborts.count == 1


async def test_cancelled_while_it_gets_ready_the_upload_is_not_aborted(cincopa: CincopaClient, remote: Remote) -> None:
    """It has completed: there is nothing to abort."""
    remote.starts()
    remote.says(COMPLETED)
    asked = lists(remote, SYNCING)
    job = await cincopa.start_upload(SOURCE)

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: job.wait(until="ready"))
        await asked.asked(1)
        group.cancel_scope.cancel()

    assert job.status is not None
    assert job.status.rid == "R1"


async def test_word_for_how_far_to_wait_must_be_known(cincopa: CincopaClient) -> None:
    """Before anything is sent."""
    job = cincopa.resume_upload("42")
    wrong: Any = "synced"
    with pytest.raises(ValueError, match="until must be 'completed' or 'ready'"):
        await job.wait(until=wrong)
