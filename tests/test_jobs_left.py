"""Left early or timed out: what becomes of the upload, and what the errors say about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest
import respx

from cincopa_async import (
    APIError,
    CincopaClient,
    PollPolicy,
    TransportError,
    UploadError,
    UploadJob,
    UploadState,
    UploadStatus,
    UploadTimeoutError,
)
from tests.conftest import QUICK_POLLS, QUICK_RETRIES, TOKEN
from tests.remote import (
    COMPLETED,
    FAILED,
    FORBIDDEN,
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


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


async def test_block_left_early_aborts_the_upload(cincopa: CincopaClient, remote: Remote) -> None:
    """Leaving the block before the end says that nobody wants the upload; when it is left, that is aborted."""
    remote.starts()
    remote.says(RUNNING)
    abort = remote.aborts()
    async with cincopa.start_upload(SOURCE) as job:
        await job.refresh()

    assert abort.count == 1
    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


async def test_block_left_by_an_error_aborts_the_upload(cincopa: CincopaClient, remote: Remote) -> None:
    """The error of the block's body goes on as it is, after the abort."""
    remote.starts()
    remote.says(RUNNING)
    abort = remote.aborts()
    error = LookupError("of the body")
    with pytest.raises(LookupError) as caught:  # noqa: PT012 - it is about the block
        async with cincopa.start_upload(SOURCE) as job:
            async for _ in job.watch():
                raise error

    assert caught.value is error
    assert abort.count == 1


async def statuses(job: UploadJob) -> AsyncIterator[UploadStatus]:
    async for each in job.watch():
        yield each


@pytest.mark.parametrize("iterate", [UploadJob.watch, statuses])
async def test_iterator_in_a_variable_does_not_keep_the_upload_of_its_block(
    cincopa: CincopaClient, remote: Remote, iterate: Callable[[UploadJob], AsyncIterator[UploadStatus]]
) -> None:
    """Whoever leaves the block watches no more, although the iterator, or a generator around it, still exists."""
    remote.says(RUNNING)
    abort = remote.aborts()
    async with cincopa.resume_upload("42") as job:
        iterator = iterate(job)
        async for _ in iterator:
            break

    assert abort.count == 1
    assert [status.state async for status in iterator] == [UploadState.ABORTED]


async def test_watcher_in_another_task_keeps_the_upload_of_a_block_that_is_left(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """Leaving the block is no reason to abort while another task is at work on a status."""
    polls = remote.says(RUNNING)
    job = cincopa.resume_upload("42")
    left = anyio.Event()
    seen: list[UploadState] = []

    async def watch() -> None:
        async for status in job.watch():
            seen.append(status.state)
            await left.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        async with job:
            await polls.asked(1)
            await anyio.wait_all_tasks_blocked()
        left.set()
        polls.change(COMPLETED)

    assert seen == [UploadState.IN_PROGRESS, UploadState.COMPLETED]


async def test_block_left_by_an_error_keeps_it_although_the_abort_fails(
    cincopa: CincopaClient, remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    """An abort that is refused is a warning in the log, not an error in the place of the body's."""
    remote.starts()
    remote.aborts(REFUSED)
    with pytest.raises(LookupError):
        async with cincopa.start_upload(SOURCE):
            raise LookupError

    assert "upload 42 may still be running" in caplog.text


async def test_resumed_job_can_be_entered_too(cincopa: CincopaClient, remote: Remote) -> None:
    """Entering a job is entering it, wherever it comes from."""
    remote.says(RUNNING)
    abort = remote.aborts()
    async with cincopa.resume_upload("42") as job:
        within = job

    assert within.status_id == "42"
    assert abort.count == 1


async def test_block_within_a_block_leaves_the_abort_to_the_outer(cincopa: CincopaClient, remote: Remote) -> None:
    """Only the last block that is left aborts."""
    remote.says(RUNNING)
    abort = remote.aborts()
    async with cincopa.resume_upload("42") as job:
        async with job:
            pass
        within = abort.count

    assert (within, abort.count) == (0, 1)


async def test_block_of_an_upload_that_ended_aborts_nothing(cincopa: CincopaClient, remote: Remote) -> None:
    """A failed upload is over: an error within the block finds nothing to abort."""
    remote.says(FAILED)
    with pytest.raises(UploadError):
        async with cincopa.resume_upload("42") as job:
            await job.wait()


async def test_wait_after_a_block_that_was_left_early_says_aborted(cincopa: CincopaClient, remote: Remote) -> None:
    """Whoever keeps the job finds out what became of it, without a request."""
    polls = remote.says(RUNNING)
    remote.aborts()
    async with cincopa.resume_upload("42") as job:
        pass
    with pytest.raises(UploadError, match=r"^upload 42 was aborted"):
        await job.wait()

    assert polls.count == 1


async def test_detached_block_leaves_the_upload_running(cincopa: CincopaClient, remote: Remote) -> None:
    """No abort is sent, whatever happens in the block; the upload can be resumed."""
    remote.starts()
    remote.says(COMPLETED)
    async with cincopa.start_upload(SOURCE, on_cancel="detach") as job:
        status_id = job.status_id
    with pytest.raises(LookupError):
        async with cincopa.start_upload(SOURCE, on_cancel="detach"):
            raise LookupError
    result = await cincopa.resume_upload(status_id).wait()

    assert result.rid == "R1"


async def test_detached_job_can_be_aborted_by_hand(cincopa: CincopaClient, remote: Remote) -> None:
    """The policy is about what is not said; abort() is said."""
    remote.starts()
    remote.says(RUNNING)
    abort = remote.aborts()
    async with cincopa.start_upload(SOURCE, on_cancel="detach") as job:
        await job.abort()

    assert abort.count == 1


async def test_wait_that_times_out_aborts_the_upload(cincopa: CincopaClient, remote: Remote) -> None:
    """The error names the upload and says how it ended; it is a TimeoutError too."""
    remote.starts()
    remote.says(RUNNING)
    abort = remote.aborts()
    job = await cincopa.start_upload(SOURCE)
    with pytest.raises(UploadTimeoutError, match=r"^upload 42 took too long; last known state: aborted$") as caught:
        await job.wait(timeout=0.05)

    assert isinstance(caught.value, TimeoutError)
    assert caught.value.status_id == "42"
    assert caught.value.status == job.status
    assert abort.count == 1


async def test_whole_upload_that_times_out_is_aborted(cincopa: CincopaClient, remote: Remote) -> None:
    """upload_from_url(timeout=…) bounds the wait for the end."""
    remote.starts()
    remote.says(RUNNING)
    abort = remote.aborts()
    with pytest.raises(UploadTimeoutError) as caught:
        await cincopa.upload_from_url(SOURCE, timeout=0.05)

    assert caught.value.status is not None
    assert caught.value.status.state is UploadState.ABORTED
    assert abort.count == 1


async def test_no_time_to_wait_still_ends_what_nobody_waits_for(cincopa: CincopaClient, remote: Remote) -> None:
    """timeout=0 asks whether it has ended by now; if not, the policy acts as after any timeout."""
    remote.says(RUNNING)
    abort = remote.aborts()
    with pytest.raises(UploadTimeoutError):
        await cincopa.resume_upload("42").wait(timeout=0)

    assert abort.count == 1


async def test_timeout_that_loses_the_race_says_that_it_completed(cincopa: CincopaClient, remote: Remote) -> None:
    """The wait took too long, and the error's status has the rid; waiting again returns it."""
    remote.says(RUNNING)
    remote.aborts(leaves=COMPLETED)
    job = cincopa.resume_upload("42")
    with pytest.raises(UploadTimeoutError) as caught:
        await job.wait(timeout=0.05)

    assert caught.value.status is not None
    assert caught.value.status.state is UploadState.COMPLETED
    assert caught.value.status.rid == "R1"
    assert (await job.wait()).rid == "R1"


@pytest.mark.parametrize("refusal", [REFUSED, FORBIDDEN], ids=["token", "rights"])
async def test_timeout_whose_abort_is_refused_knows_no_status(
    cincopa: CincopaClient, remote: Remote, refusal: Any
) -> None:
    """What was said before the abort is no answer to what became of it: None, and never a guess."""
    remote.says(RUNNING)
    remote.aborts(refusal)
    job = cincopa.resume_upload("42")
    with pytest.raises(UploadTimeoutError, match="its state could not be asked") as caught:
        await job.wait(timeout=0.05)

    assert caught.value.status is None
    assert job.status is not None
    assert job.status.state is UploadState.IN_PROGRESS


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
async def test_timeout_whose_abort_meets_a_fault_aborts_again(
    cincopa: CincopaClient, remote: Remote, fault: Any
) -> None:
    """The error says how it ended all the same."""
    remote.says(RUNNING)
    abort = remote.aborts(fault, STARTED)
    with pytest.raises(UploadTimeoutError) as caught:
        await cincopa.resume_upload("42").wait(timeout=0.05)

    assert caught.value.status is not None
    assert caught.value.status.state is UploadState.ABORTED
    assert abort.count == 2


async def test_one_of_several_waiters_that_times_out_does_no_harm(cincopa: CincopaClient, remote: Remote) -> None:
    """The others still want the upload: it is not aborted, and the error has the status of the last poll."""
    remote.says(RUNNING, COMPLETED)
    job = cincopa.resume_upload("42", poll=PollPolicy(first=0.001, floor=0.2, ceiling=0.2))
    rids: list[str] = []

    async def wait() -> None:
        rids.append((await job.wait()).rid)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        with pytest.raises(UploadTimeoutError) as caught:
            await job.wait(timeout=0.1)

    assert caught.value.status is not None
    assert caught.value.status.state is UploadState.IN_PROGRESS
    assert rids == ["R1"]


async def test_timeout_within_a_block_leaves_the_abort_to_the_block(cincopa: CincopaClient, remote: Remote) -> None:
    """A wait in a loop may time out as often as it likes; only leaving the block ends the upload."""
    remote.says(RUNNING)
    abort = remote.aborts()
    async with cincopa.resume_upload("42") as job:
        for _ in range(3):
            with pytest.raises(UploadTimeoutError):
                await job.wait(timeout=0.01)
        within = abort.count

    assert (within, abort.count) == (0, 1)


async def test_detached_wait_that_times_out_leaves_the_upload_running(cincopa: CincopaClient, remote: Remote) -> None:
    """The error has the last status, and the same job can be waited for again."""
    polls = remote.says(RUNNING)
    job = cincopa.resume_upload("42", on_cancel="detach")
    with pytest.raises(UploadTimeoutError, match=r"last known state: in progress$"):
        await job.wait(timeout=0.05)
    polls.change(COMPLETED)

    assert (await job.wait()).rid == "R1"


async def test_detached_wait_that_times_out_before_any_poll_knows_no_status(cincopa: CincopaClient) -> None:
    """Nothing was asked, so nothing is known."""
    job = cincopa.resume_upload("42", on_cancel="detach", poll=ASLEEP)
    with pytest.raises(UploadTimeoutError, match=r"its state could not be asked$") as caught:
        await job.wait(timeout=0.01)

    assert caught.value.status is None


async def test_timeout_of_the_program_is_not_mistaken_for_the_waits_own(cincopa: CincopaClient, remote: Remote) -> None:
    """A scope around the wait that expires raises what that scope raises: no UploadTimeoutError."""
    remote.says(RUNNING)
    abort = remote.aborts()
    job = cincopa.resume_upload("42")
    with pytest.raises(TimeoutError) as caught, anyio.fail_after(0.05):
        await job.wait(timeout=3600)

    assert not isinstance(caught.value, UploadTimeoutError)
    assert abort.count == 1


async def test_start_without_an_answer_says_that_it_may_run(cincopa: CincopaClient, remote: Remote) -> None:
    """The id was lost with the answer: nothing can be aborted, and the error says that an upload may be running."""
    start = remote.starts(RESET)
    with pytest.raises(TransportError) as caught:
        await cincopa.upload_from_url(SOURCE)

    assert caught.value.maybe_applied
    assert start.count == 1


async def test_start_without_an_answer_in_time_says_that_it_may_run(api: respx.MockRouter) -> None:
    """The client's timeout bounds the start; what was sent may have been acted on, and is not sent again."""
    held = Held(STARTED)
    start = Remote(api).starts(held, {"success": False})
    async with CincopaClient(TOKEN, timeout=0.05, poll=QUICK_POLLS, retry=QUICK_RETRIES) as cincopa:
        with pytest.raises(TransportError, match=r"no whole answer within 0\.05 s") as caught:
            await cincopa.upload_from_url(SOURCE)
        with pytest.raises(APIError):
            await cincopa.upload_from_url(SOURCE)

    assert isinstance(caught.value, TimeoutError)
    assert caught.value.maybe_applied
    assert start.count == 2
