"""abort(): what it says, what it makes of faults, and what it takes for an answer."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import httpx
import pytest
import respx

from cincopa_async import (
    AuthenticationError,
    CincopaClient,
    ClientClosedError,
    PermissionDeniedError,
    PollPolicy,
    ResponseDecodeError,
    UploadAbortedError,
    UploadFailedError,
    UploadState,
    UploadStatus,
)
from tests.remote import (
    ABORTED,
    COMPLETED,
    FAILED,
    FORBIDDEN,
    PASSING,
    REFUSED,
    RESET,
    RUNNING,
    SOURCE,
    STARTED,
    UNKNOWN,
    Held,
    Remote,
    status,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


async def test_abort_returns_how_the_upload_ended(cincopa: CincopaClient, remote: Remote) -> None:
    """One abort, one question how it went, and the job knows its end."""
    remote.starts()
    polls = remote.says(RUNNING)
    abort = remote.aborts()
    job = await cincopa.start_upload(SOURCE)
    last = await job.abort()

    assert last.state is UploadState.ABORTED
    assert job.status == last
    assert (abort.count, polls.count) == (1, 1)
    with pytest.raises(UploadAbortedError, match=r"^upload 42 was aborted; last known state: aborted$"):
        await job.wait()


@pytest.mark.parametrize("end", [COMPLETED, FAILED, ABORTED], ids=["completed", "failed", "aborted"])
async def test_abort_after_the_end_is_harmless(cincopa: CincopaClient, remote: Remote, end: dict[str, Any]) -> None:
    """Nothing is sent, the end is returned as it was."""
    remote.says(end)
    job = cincopa.resume_upload("42")
    before = await job.refresh()
    after = await job.abort()

    assert after == before
    assert after.state.is_final


async def test_abort_that_loses_the_race_reports_the_completion(cincopa: CincopaClient, remote: Remote) -> None:
    """The upload had completed when the abort came: that is how it ended, and its rid is there."""
    remote.says(RUNNING)
    remote.aborts(leaves=COMPLETED)
    job = cincopa.resume_upload("42")
    last = await job.abort()

    assert last.state is UploadState.COMPLETED
    assert (await job.wait()).rid == "R1"


async def test_completion_that_came_first_need_not_be_known_to_the_abort(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """A service that refuses to abort what has ended does not keep the end from being told."""
    remote.says(COMPLETED)
    abort = remote.aborts({"success": False, "message": "It has ended already"})
    last = await cincopa.resume_upload("42").abort()

    assert last.state is UploadState.COMPLETED
    assert abort.count == 1


async def test_completion_without_a_rid_met_by_an_abort_gives_no_empty_rid(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """Where Cincopa does not say as which asset the upload completed, a wait raises instead of returning nothing."""
    remote.says(RUNNING)
    remote.aborts(leaves=status("completed"))
    job = cincopa.resume_upload("42")
    last = await job.abort()

    assert last.state is UploadState.COMPLETED
    with pytest.raises(ResponseDecodeError, match=r"without a resid \(upload 42\)$"):
        await job.wait()


@pytest.mark.parametrize(
    "leaves",
    [
        pytest.param(ABORTED, id="aborted"),
        pytest.param(FAILED, id="failed"),
        pytest.param({"success": False, "status": "failed"}, id="failed without success"),
        pytest.param(UNKNOWN, id="unknown id"),
        pytest.param(httpx.Response(404, json={"success": False}), id="404"),
    ],
)
async def test_abort_counts_as_aborted_whatever_the_service_calls_it(
    cincopa: CincopaClient, remote: Remote, leaves: Any
) -> None:
    """What an aborted upload is called is not documented: after the job's own abort each of these means aborted."""
    remote.says(RUNNING)
    remote.aborts(leaves=leaves)
    job = cincopa.resume_upload("42")
    await job.refresh()
    last = await job.abort()

    assert last.state is UploadState.ABORTED
    with pytest.raises(UploadAbortedError):
        await job.wait()


async def test_another_job_sees_failed_where_the_service_says_so(cincopa: CincopaClient, remote: Remote) -> None:
    """Only who aborted an upload can tell that from a failure: a process that resumes it cannot."""
    remote.says(RUNNING)
    remote.aborts(leaves=FAILED)
    await cincopa.resume_upload("42").abort()
    with pytest.raises(UploadFailedError):
        await cincopa.resume_upload("42").wait()


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
async def test_abort_that_meets_a_passing_fault_is_sent_again(
    cincopa: CincopaClient, remote: Remote, fault: Any
) -> None:
    """A fault of the abort itself costs a second one."""
    remote.says(RUNNING)
    abort = remote.aborts(fault, STARTED)
    last = await cincopa.resume_upload("42").abort()

    assert last.state is UploadState.ABORTED
    assert abort.count == 2


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
async def test_question_how_the_abort_went_is_asked_again(cincopa: CincopaClient, remote: Remote, fault: Any) -> None:
    """A fault of the confirming poll costs another poll, not another abort."""
    polls = remote.says(RUNNING)
    abort = remote.aborts()
    abort.acts = lambda: polls.change(fault, ABORTED)
    last = await cincopa.resume_upload("42").abort()

    assert last.state is UploadState.ABORTED
    assert (abort.count, polls.count) == (1, 2)


async def test_abort_whose_answer_was_lost_is_believed(cincopa: CincopaClient, remote: Remote) -> None:
    """Cincopa acted, the answer was lost, and the resend finds nothing: it is aborted."""
    remote.says(RUNNING, UNKNOWN)
    abort = remote.aborts(RESET, UNKNOWN)
    job = cincopa.resume_upload("42")
    await job.refresh()
    last = await job.abort()

    assert last.state is UploadState.ABORTED
    assert abort.count == 2


@pytest.mark.parametrize("leaves", [FAILED, UNKNOWN], ids=["failed", "unknown id"])
@pytest.mark.parametrize("lost", ["truncated JSON", "a 500"])
async def test_abort_that_may_have_acted_makes_failed_and_unknown_mean_aborted(
    cincopa: CincopaClient, remote: Remote, lost: str, leaves: Any
) -> None:
    """Whatever came back, Cincopa may have acted: what it says of the upload from then on is the abort's doing."""
    remote.says(RUNNING, leaves)
    remote.aborts(PASSING[lost])
    job = cincopa.resume_upload("42")
    await job.refresh()
    last = await job.abort()

    assert last.state is UploadState.ABORTED


async def test_upload_that_lingers_after_the_abort_is_asked_about_until_it_ends(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """In progress right after the abort means no more than that it is about to end."""
    polls = remote.says(RUNNING)
    abort = remote.aborts()
    abort.acts = lambda: polls.change(RUNNING, ABORTED)
    last = await cincopa.resume_upload("42").abort()

    assert last.state is UploadState.ABORTED
    assert (abort.count, polls.count) == (1, 2)


async def test_fresh_id_that_the_abort_finds_unknown_is_aborted_later(cincopa: CincopaClient, remote: Remote) -> None:
    """An id that is not known yet is no sign of an end: the abort is sent until it is taken."""
    remote.starts()
    polls = remote.says(UNKNOWN, RUNNING)
    abort = remote.aborts(UNKNOWN, STARTED)
    job = await cincopa.start_upload(SOURCE)
    last = await job.abort()

    assert last.state is UploadState.ABORTED
    assert (abort.count, polls.count) == (2, 2)


async def test_poll_beside_an_abort_does_not_take_a_fresh_id_for_gone(cincopa: CincopaClient, remote: Remote) -> None:
    """As long as no abort was answered, an unknown id says nothing: the upload would run on unseen."""
    held = Held(UNKNOWN)
    polls = remote.says(UNKNOWN)
    abort = remote.aborts(held, STARTED)
    job = cincopa.resume_upload("42", poll=PollPolicy(first=0.001, floor=0.05, ceiling=0.05))
    seen: list[UploadStatus] = []

    async def watch() -> None:
        seen.extend([status async for status in job.watch()])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(job.abort)
        await held.asked.wait()
        tasks.start_soon(watch)
        await polls.asked(1)
        await anyio.wait_all_tasks_blocked()
        polls.change(RUNNING)
        held.let_go.set()

    assert abort.count == 2
    assert [status.state for status in seen] == [UploadState.IN_PROGRESS, UploadState.ABORTED]


async def test_poll_beside_an_abort_that_sees_failed_sees_the_abort(cincopa: CincopaClient, remote: Remote) -> None:
    """The abort's answer may be slower than a poll: what that calls failed was aborted all the same."""
    held = Held(STARTED)
    remote.says(FAILED)
    remote.aborts(held)
    job = cincopa.resume_upload("42")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(job.abort)
        await held.asked.wait()
        with pytest.raises(UploadAbortedError):
            await job.wait()
        held.let_go.set()

    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


async def test_poll_after_an_abort_that_finds_the_id_gone_has_found_its_end(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """The abort was taken, its own question met a fault: a waiter's poll tells the end first."""
    polls = remote.says(RUNNING)
    abort = remote.aborts()
    abort.acts = lambda: polls.change({"success": False}, UNKNOWN)
    job = cincopa.resume_upload("42")
    seen: list[UploadState] = []

    async def watch() -> None:
        seen.extend([status.state async for status in job.watch()])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        await polls.asked(1)
        await job.abort()

    assert seen == [UploadState.IN_PROGRESS, UploadState.ABORTED]
    assert abort.count == 1


async def test_failure_that_a_refused_abort_did_not_cause_stays_one(cincopa: CincopaClient, remote: Remote) -> None:
    """Where Cincopa certainly did not act on the abort, failed means failed."""
    remote.says(FAILED)
    remote.aborts({"success": False, "message": "It has ended already"})
    last = await cincopa.resume_upload("42").abort()

    assert last.state is UploadState.FAILED
    assert last.reason == "The source answered 404"


@pytest.mark.parametrize(
    ("refusal", "kind"), [(REFUSED, AuthenticationError), (FORBIDDEN, PermissionDeniedError)], ids=["token", "rights"]
)
async def test_abort_that_is_refused_says_so(
    cincopa: CincopaClient, remote: Remote, refusal: Any, kind: type[Exception]
) -> None:
    """A token that must not abort will not next time either: the error comes at once, and the job is as it was."""
    remote.says(RUNNING)
    abort = remote.aborts(refusal)
    job = cincopa.resume_upload("42")
    await job.refresh()
    with pytest.raises(kind):
        await job.abort()

    assert abort.count == 1
    assert job.status is not None
    assert job.status.state is UploadState.IN_PROGRESS


async def test_abort_wakes_who_waits(cincopa: CincopaClient, remote: Remote) -> None:
    """Whoever waits learns at once that the upload was aborted, not at the next poll."""
    remote.says(RUNNING)
    remote.aborts()
    job = cincopa.resume_upload("42", poll=PollPolicy(first=3600, ceiling=3600))
    errors: list[UploadAbortedError] = []

    async def wait() -> None:
        with pytest.raises(UploadAbortedError) as caught:
            await job.wait()
        errors.append(caught.value)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        await job.abort()

    assert [error.status_id for error in errors] == ["42"] * 3


async def test_two_aborts_at_once_are_one(cincopa: CincopaClient, remote: Remote) -> None:
    """Whoever comes second gets what the first was told."""
    held = Held(STARTED)
    remote.says(RUNNING)
    abort = remote.aborts(held)
    job = cincopa.resume_upload("42")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(job.abort)
        await held.asked.wait()
        tasks.start_soon(job.abort)
        await anyio.wait_all_tasks_blocked()
        held.let_go.set()

    assert abort.count == 1
    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


async def test_abort_that_is_cancelled_is_sent_all_the_same(cincopa: CincopaClient, remote: Remote) -> None:
    """It goes through before the cancellation goes on."""
    held = Held(STARTED)
    remote.says(RUNNING)
    abort = remote.aborts(held)
    job = cincopa.resume_upload("42")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(job.abort)
        await held.asked.wait()
        tasks.cancel_scope.cancel()
        held.let_go.set()

    assert abort.count == 1
    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


async def test_abort_of_a_closed_client_says_that_it_is_closed(cincopa: CincopaClient, remote: Remote) -> None:
    """Nothing is sent any more, so nothing can be promised."""
    job = cincopa.resume_upload("42")
    await cincopa.aclose()
    with pytest.raises(ClientClosedError):
        await job.abort()

    assert job.status is None


async def test_abort_logs_the_faults_it_met(
    cincopa: CincopaClient, remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    """A line for each fault, none of them a warning: it ended well."""
    remote.says(RUNNING)
    remote.aborts({"success": False}, STARTED)
    await cincopa.resume_upload("42").abort()
    lines = [record for record in caplog.records if "aborting upload 42 goes on after" in record.getMessage()]

    assert [record.levelno for record in lines] == [logging.INFO]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
