"""Cancelled: what becomes of the upload, by task.cancel() and by a cancel scope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest
import respx
from anyio.abc import TaskGroup

from cincopa_async import (
    CincopaClient,
    PollPolicy,
    UploadAbortedError,
    UploadJob,
    UploadState,
)
from tests.cancelling import HOWS, Act, Cancellable, How
from tests.conftest import QUICK_RETRIES, TOKEN
from tests.remote import (
    COMPLETED,
    PASSING,
    REFUSED,
    RESET,
    RUNNING,
    SOURCE,
    STARTED,
    Held,
    Remote,
)

pytestmark = pytest.mark.anyio
ASLEEP = PollPolicy(first=3600, ceiling=3600)
"""Polls so seldom that whoever waits is asleep."""

Start = Callable[[Act], Cancellable]


@pytest.fixture(params=HOWS)
def how(request: pytest.FixtureRequest) -> How:
    chosen: How = request.param
    return chosen


@pytest.fixture
def anyio_backend(how: How) -> str:
    return "trio" if how == "trio scope" else "asyncio"


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


@pytest.fixture
async def tasks() -> AsyncIterator[TaskGroup]:
    async with anyio.create_task_group() as group:
        yield group
        group.cancel_scope.cancel()


@pytest.fixture
def start(how: How, tasks: TaskGroup) -> Start:
    """Start something in a task of its own."""
    return lambda act: Cancellable(how, tasks, act)


async def watch(job: UploadJob) -> None:
    async for _ in job.watch():
        pass


async def stay_in_a_block(job: UploadJob) -> None:
    async with job:
        await anyio.sleep_forever()


async def wait_in_a_block(job: UploadJob) -> None:
    async with job:
        await job.wait()


@pytest.mark.parametrize("way", [UploadJob.wait, watch, stay_in_a_block, wait_in_a_block])
async def test_last_waiter_cancelled_aborts_the_upload(
    cincopa: CincopaClient, remote: Remote, start: Start, way: Callable[[UploadJob], Awaitable[object]]
) -> None:
    """By the time that the cancellation goes on, the upload is aborted, and the job knows it."""
    polls = remote.says(RUNNING)
    abort = remote.aborts()
    job = cincopa.resume_upload("42", poll=ASLEEP)
    waiter = start(lambda: way(job))
    await anyio.wait_all_tasks_blocked()
    await waiter.cancelled()

    assert (abort.count, polls.count) == (1, 1)
    assert job.status is not None
    assert job.status.state is UploadState.ABORTED
    with pytest.raises(UploadAbortedError):
        await job.wait()


async def test_whole_upload_cancelled_is_aborted(cincopa: CincopaClient, remote: Remote, start: Start) -> None:
    """Cancelling upload_from_url is all it takes to end the upload at Cincopa too."""
    remote.starts()
    remote.says(RUNNING)
    abort = remote.aborts()
    upload = start(lambda: cincopa.upload_from_url(SOURCE, poll=ASLEEP))
    await anyio.wait_all_tasks_blocked()
    await upload.cancelled()

    assert abort.count == 1


async def test_cancel_while_a_poll_is_under_way_aborts_the_upload(
    cincopa: CincopaClient, remote: Remote, start: Start
) -> None:
    """The poll is dropped, the abort is sent."""
    held = Held(COMPLETED)
    remote.says(held, RUNNING)
    abort = remote.aborts()
    job = cincopa.resume_upload("42")
    waiter = start(job.wait)
    await held.asked.wait()
    await waiter.cancelled()

    assert abort.count == 1
    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


async def test_one_who_polls_is_cancelled_and_the_next_takes_over(
    cincopa: CincopaClient, remote: Remote, start: Start, tasks: TaskGroup
) -> None:
    """The others get the result, and no abort is sent, although the poll under way went with its waiter."""
    held = Held(RUNNING)
    remote.says(held, RUNNING, COMPLETED)
    job = cincopa.resume_upload("42")
    rids: list[str] = []

    async def wait() -> None:
        rids.append((await job.wait()).rid)

    first = start(job.wait)
    await held.asked.wait()
    async with anyio.create_task_group() as others:
        for _ in range(5):
            others.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        await first.cancelled()

    assert rids == ["R1"] * 5


async def test_one_who_waits_beside_the_poller_is_cancelled_without_harm(
    cincopa: CincopaClient, remote: Remote, start: Start
) -> None:
    """The one who polls does not notice that another has left."""
    held = Held(COMPLETED)
    remote.says(held)
    job = cincopa.resume_upload("42")
    rids: list[str] = []

    async def wait() -> None:
        rids.append((await job.wait()).rid)

    async with anyio.create_task_group() as others:
        others.start_soon(wait)
        await held.asked.wait()
        waiter = start(job.wait)
        await anyio.wait_all_tasks_blocked()
        await waiter.cancelled()
        held.let_go.set()

    assert rids == ["R1"]


async def test_upload_is_aborted_when_the_last_of_several_waiters_goes(
    cincopa: CincopaClient, remote: Remote, start: Start
) -> None:
    """One after the other is cancelled; only with the last goes the upload, once."""
    remote.says(RUNNING)
    abort = remote.aborts()
    job = cincopa.resume_upload("42", poll=ASLEEP)
    waiters = [start(job.wait), start(lambda: watch(job)), start(job.wait)]
    await anyio.wait_all_tasks_blocked()
    counts = []
    for waiter in waiters:
        await waiter.cancelled()
        counts.append(abort.count)

    assert counts == [0, 0, 1]


async def test_waiters_cancelled_all_at_once_abort_once(cincopa: CincopaClient, remote: Remote, start: Start) -> None:
    """Twenty cancelled in one instant send one abort, and all wait for it."""
    held = Held(STARTED)
    remote.says(RUNNING)
    abort = remote.aborts(held)
    job = cincopa.resume_upload("42", poll=ASLEEP)
    waiters = [start(job.wait) for _ in range(20)]
    await anyio.wait_all_tasks_blocked()
    for waiter in waiters:
        waiter.cancel()
    await held.asked.wait()
    held.let_go.set()
    for waiter in waiters:
        await waiter.over()

    assert abort.count == 1


async def test_watch_counts_as_a_waiter_while_it_exists(cincopa: CincopaClient, remote: Remote, start: Start) -> None:
    """As long as somebody has the iterator in hand, the cancel of another is no reason to abort."""
    remote.says(RUNNING)
    abort = remote.aborts()
    job = cincopa.resume_upload("42", poll=ASLEEP)
    iterator = job.watch()
    for existing in (True, False):
        if not existing:
            del iterator
        waiter = start(job.wait)
        await anyio.wait_all_tasks_blocked()
        await waiter.cancelled()

        assert abort.count == (0 if existing else 1)


async def test_single_status_counts_as_waiting_while_it_is_waited_for(
    cincopa: CincopaClient, remote: Remote, start: Start
) -> None:
    """Whoever asks for the next status alone is cancelled as any other waiter, though nobody has the iterator."""
    remote.says(RUNNING)
    abort = remote.aborts()
    job = cincopa.resume_upload("42", poll=ASLEEP)
    one = start(lambda: anext(job.watch()))
    other = start(job.wait)
    await anyio.wait_all_tasks_blocked()
    await other.cancelled()
    counts = [abort.count]
    await one.cancelled()
    counts.append(abort.count)

    assert counts == [0, 1]


async def test_start_cancelled_in_flight_is_let_finish_and_undone(
    cincopa: CincopaClient, remote: Remote, start: Start
) -> None:
    """The answer with the id is waited for, and the upload it tells of is aborted: nobody else could know it."""
    held = Held(STARTED)
    remote.starts(held)
    remote.says(RUNNING)
    abort = remote.aborts()
    starting = start(lambda: cincopa.start_upload(SOURCE))
    await held.asked.wait()
    starting.cancel()
    await anyio.wait_all_tasks_blocked()
    aborted_before_the_answer = abort.count
    held.let_go.set()
    await starting.over()

    assert (aborted_before_the_answer, abort.count) == (0, 1)


async def test_whole_upload_cancelled_while_it_starts_is_aborted(
    cincopa: CincopaClient, remote: Remote, start: Start
) -> None:
    """Nobody has the id yet that the upload would have to be taken up by."""
    held = Held(STARTED)
    remote.starts(held)
    remote.says(RUNNING)
    abort = remote.aborts()
    upload = start(lambda: cincopa.upload_from_url(SOURCE))
    await held.asked.wait()
    upload.cancel()
    held.let_go.set()
    await upload.over()

    assert abort.count == 1


async def test_bare_call_cancelled_in_flight_is_undone_too(
    cincopa: CincopaClient, remote: Remote, start: Start
) -> None:
    """asset.upload_from_url answers no job, and leaves no upload behind all the same."""
    held = Held(STARTED)
    remote.starts(held)
    remote.says(RUNNING)
    abort = remote.aborts()
    call = start(lambda: cincopa.asset.upload_from_url(SOURCE))
    await held.asked.wait()
    call.cancel()
    held.let_go.set()
    await call.over()

    assert abort.count == 1


@pytest.mark.parametrize("answer", [{"success": False}, RESET, REFUSED], ids=["no", "reset", "token refused"])
async def test_start_cancelled_in_flight_that_fails_has_nothing_to_abort(
    cincopa: CincopaClient, remote: Remote, start: Start, answer: Any
) -> None:
    """There is no id to abort by; the cancellation goes on."""
    held = Held(answer)
    remote.starts(held)
    starting = start(lambda: cincopa.start_upload(SOURCE))
    await held.asked.wait()
    starting.cancel()
    held.let_go.set()
    await starting.over()


async def test_start_cancelled_in_flight_whose_abort_fails_warns(
    cincopa: CincopaClient, remote: Remote, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the promise ends the log says so, with the id, and the cancellation goes on all the same."""
    held = Held(STARTED)
    remote.starts(held)
    remote.aborts(REFUSED)
    starting = start(lambda: cincopa.start_upload(SOURCE))
    await held.asked.wait()
    starting.cancel()
    held.let_go.set()
    await starting.over()
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]

    assert len(warnings) == 1
    assert warnings[0].startswith("upload 42 may still be running, for its abort did not end well: ")


async def test_start_in_a_scope_that_is_cancelled_already_sends_nothing(
    cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """A free connection is no reason to start what nobody wants any more."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        await cincopa.start_upload(SOURCE)

    assert scope.cancelled_caught
    assert api.calls.call_count == 0


async def test_start_cancelled_in_the_queue_leaves_at_once(api: respx.MockRouter, start: Start) -> None:
    """What was not sent need not be undone; its turn goes to the next."""
    held = Held({"success": True})
    remote = Remote(api)
    pings = remote.route("GET", "ping", (held,))
    async with CincopaClient(TOKEN, max_concurrency=1) as cincopa:
        ping = start(cincopa.ping)
        await held.asked.wait()
        starting = start(lambda: cincopa.start_upload(SOURCE))
        await anyio.wait_all_tasks_blocked()
        await starting.cancelled()
        held.let_go.set()
        await cincopa.ping()

    assert pings.count == 2
    with pytest.raises(AssertionError, match="by itself"):
        await ping.over()


async def test_start_cancelled_between_tries_leaves_at_once(api: respx.MockRouter, start: Start) -> None:
    """Cincopa has said that it did not act, and nothing is sent again."""
    too_many = httpx.Response(429, headers={"Retry-After": "60"}, json={"success": False})
    starts = Remote(api).starts(too_many)
    async with CincopaClient(TOKEN) as cincopa:
        starting = start(lambda: cincopa.start_upload(SOURCE))
        await starts.asked(1)
        await anyio.wait_all_tasks_blocked()
        await starting.cancelled()

    assert starts.count == 1


@pytest.mark.parametrize("way", [UploadJob.wait, watch, stay_in_a_block])
async def test_detached_job_is_not_aborted_when_its_waiter_is_cancelled(
    cincopa: CincopaClient, remote: Remote, start: Start, way: Callable[[UploadJob], Awaitable[object]]
) -> None:
    """The upload runs on, for whoever resumes it: no abort is sent."""
    remote.says(COMPLETED)
    job = cincopa.resume_upload("42", on_cancel="detach", poll=ASLEEP)
    waiter = start(lambda: way(job))
    await anyio.wait_all_tasks_blocked()
    await waiter.cancelled()
    resumed = cincopa.resume_upload("42")

    assert (await resumed.wait()).rid == "R1"


async def test_cancelled_wait_within_a_block_leaves_the_abort_to_the_block(
    cincopa: CincopaClient, remote: Remote, start: Start
) -> None:
    """As long as the block is not left, somebody still wants the upload."""
    remote.says(RUNNING)
    abort = remote.aborts()
    async with cincopa.resume_upload("42", poll=ASLEEP) as job:
        waiter = start(job.wait)
        await anyio.wait_all_tasks_blocked()
        await waiter.cancelled()
        aborted_within = abort.count

    assert (aborted_within, abort.count) == (0, 1)


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
async def test_abort_of_a_cancelled_wait_is_sent_again_after_a_fault(
    cincopa: CincopaClient, remote: Remote, start: Start, fault: Any
) -> None:
    """The cancelled task waits for the second abort too: none is left running."""
    remote.says(RUNNING)
    abort = remote.aborts(fault, STARTED)
    job = cincopa.resume_upload("42", poll=ASLEEP)
    waiter = start(job.wait)
    await anyio.wait_all_tasks_blocked()
    await waiter.cancelled()

    assert abort.count == 2
    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


@pytest.mark.parametrize("end", ["deadline", "refused token"])
async def test_cancel_while_the_job_itself_aborts_sends_no_second_abort(
    cincopa: CincopaClient, remote: Remote, start: Start, end: str
) -> None:
    """The deadline has passed, or the token is refused, and the abort is under way: it is waited for."""
    held = Held(STARTED)
    remote.says(*([RUNNING] if end == "deadline" else [REFUSED, RUNNING]))
    abort = remote.aborts(held)
    job = cincopa.resume_upload("42", poll=PollPolicy(first=0.001, floor=0.001, ceiling=0.02, deadline=0.1))
    waiter = start(job.wait)
    await held.asked.wait()
    waiter.cancel()
    await anyio.wait_all_tasks_blocked()
    held.let_go.set()
    await waiter.over()

    assert abort.count == 1
    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


async def test_cancellation_is_not_swallowed_when_the_abort_fails(
    cincopa: CincopaClient, remote: Remote, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the abort is refused, a warning says that the upload may run on, and the cancellation goes on."""
    remote.aborts(REFUSED)
    job = cincopa.resume_upload("42", poll=ASLEEP)
    waiter = start(job.wait)
    await anyio.wait_all_tasks_blocked()
    await waiter.cancelled()
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]

    assert len(warnings) == 1
    assert warnings[0].startswith("upload 42 may still be running, for its abort did not end well: ")


async def test_cancel_after_the_end_aborts_nothing(cincopa: CincopaClient, remote: Remote, start: Start) -> None:
    """An upload that has completed is left alone, however the block around it ends."""
    remote.says(COMPLETED)
    job = cincopa.resume_upload("42")
    await job.wait()
    block = start(lambda: stay_in_a_block(job))
    await anyio.wait_all_tasks_blocked()
    await block.cancelled()

    assert job.status is not None
    assert job.status.state is UploadState.COMPLETED


async def test_closing_after_a_cancel_waits_for_the_abort(remote: Remote, start: Start) -> None:
    """aclose() returns when the abort that a cancel has caused is through."""
    held = Held(STARTED)
    remote.says(RUNNING)
    abort = remote.aborts(held)
    cincopa = CincopaClient(TOKEN, poll=ASLEEP, retry=QUICK_RETRIES)
    job = cincopa.resume_upload("42")
    waiter = start(job.wait)
    await anyio.wait_all_tasks_blocked()
    waiter.cancel()
    await held.asked.wait()
    closing = start(cincopa.aclose)
    await anyio.wait_all_tasks_blocked()
    closed_early = repr(cincopa)
    held.let_go.set()
    await waiter.over()
    await cincopa.aclose()

    assert closed_early == "<CincopaClient closing>"
    assert repr(cincopa) == "<CincopaClient closed>"
    assert abort.count == 1
    with pytest.raises(AssertionError, match="by itself"):
        await closing.over()
