"""An upload as one object: how it starts, what its waiters and watchers see, and which polls end it."""

from __future__ import annotations

import gc
import logging
from typing import Any

import anyio
import httpx
import pytest
import respx

from cincopa_async import (
    AuthenticationError,
    CincopaClient,
    NotFoundError,
    PermissionDeniedError,
    PollPolicy,
    RetryPolicy,
    TransportError,
    UploadAbortedError,
    UploadFailedError,
    UploadJob,
    UploadResult,
    UploadState,
    UploadStatus,
)
from tests.conftest import QUICK_POLLS, TOKEN
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
    UNKNOWN,
    Held,
    Remote,
    status,
)

pytestmark = pytest.mark.anyio
HALF_WAY = status("inprogress", progress_bytes=31, file_size_bytes=62)


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


def once_only() -> CincopaClient:
    """A client that sends each call once, so that a fault of one poll is a fault to the job."""
    return CincopaClient(TOKEN, poll=QUICK_POLLS, retry=RetryPolicy(attempts=1))


async def collect(job: UploadJob, into: list[UploadStatus]) -> None:
    into.extend([seen async for seen in job.watch()])


async def test_whole_upload_returns_the_new_rid(cincopa: CincopaClient, remote: Remote) -> None:
    """upload_from_url starts, polls until the end, and returns the asset's rid with the last status."""
    start = remote.starts()
    polls = remote.says(RUNNING, RUNNING, COMPLETED)
    result = await cincopa.upload_from_url(SOURCE, fid="F1")

    assert result.rid == "R1"
    assert result.status.state is UploadState.COMPLETED
    assert result.status.fraction == 1.0
    assert (start.count, polls.count) == (1, 3)


async def test_start_sends_what_it_was_given(cincopa: CincopaClient, remote: Remote, api: respx.MockRouter) -> None:
    """A file attached to an asset goes to Cincopa with the asset's rid and what it is there."""
    remote.starts()
    remote.says(COMPLETED)
    await cincopa.upload_from_url(SOURCE, fid="F1", rid="R9", type="thumb", timeout=60)

    assert dict(api.calls[0].request.url.params) == {
        "input": SOURCE,
        "fid": "F1",
        "rid": "R9",
        "type": "thumb",
        "api_token": TOKEN,
    }
    assert dict(api.calls[1].request.url.params) == {"status_id": "42", "api_token": TOKEN}


async def test_awaited_start_gives_a_job_with_its_id(cincopa: CincopaClient, remote: Remote) -> None:
    """The id is known from the start on, before any poll."""
    remote.starts()
    job = await cincopa.start_upload(SOURCE)

    assert job.status_id == "42"
    assert job.status is None
    assert repr(job) == "<UploadJob 42: not asked yet>"


async def test_entered_start_gives_a_job_that_ended_within_the_block(cincopa: CincopaClient, remote: Remote) -> None:
    """A block that waits for the end leaves nothing to abort."""
    remote.starts()
    remote.says(RUNNING, COMPLETED)
    async with cincopa.start_upload(SOURCE) as job:
        result = await job.wait()

    assert result.rid == "R1"
    assert repr(job) == "<UploadJob 42: completed>"


async def test_start_that_fails_leaves_no_block_to_leave(cincopa: CincopaClient, remote: Remote) -> None:
    """When Cincopa refuses the upload, the block is never entered."""
    remote.starts({"success": False, "message": "No room left"})
    with pytest.raises(Exception, match=r"^asset\.upload_from_url: No room left \(HTTP 200\)$"):
        async with cincopa.start_upload(SOURCE):
            pytest.fail("entered")


async def test_start_that_is_never_awaited_warns(cincopa: CincopaClient) -> None:
    """Forgetting to await or enter a start is a bug that Python points at; nothing is sent."""

    def forget() -> None:
        _ = cincopa.start_upload(SOURCE)
        del _
        gc.collect()

    with pytest.warns(RuntimeWarning, match="was never awaited"):
        forget()


@pytest.mark.parametrize("on_cancel", ["", "Abort", None, True])
async def test_unknown_policy_is_refused_before_anything_is_sent(cincopa: CincopaClient, on_cancel: Any) -> None:
    """A typing error in on_cancel must not turn into an upload that nobody aborts."""
    with pytest.raises(ValueError, match=r"^on_cancel must be 'abort' or 'detach'$"):
        await cincopa.start_upload(SOURCE, on_cancel=on_cancel)
    with pytest.raises(ValueError, match=r"^on_cancel must be 'abort' or 'detach'$"):
        cincopa.resume_upload("42", on_cancel=on_cancel)


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf")])
async def test_impossible_timeout_is_refused_before_anything_is_sent(cincopa: CincopaClient, timeout: float) -> None:
    """A wait cannot take less than no time, nor an infinite one: None means without an end of its own."""
    with pytest.raises(ValueError, match=r"^timeout must be 0 or more"):
        await cincopa.upload_from_url(SOURCE, timeout=timeout)
    with pytest.raises(ValueError, match=r"^timeout must be 0 or more"):
        await cincopa.resume_upload("42").wait(timeout=timeout)


async def test_resumed_job_goes_on_where_another_process_was(cincopa: CincopaClient, remote: Remote) -> None:
    """Of an upload that was started elsewhere the id is all it takes."""
    polls = remote.says(RUNNING, COMPLETED)
    job = cincopa.resume_upload("42", on_cancel="detach")
    nothing_sent = polls.count == 0
    result = await job.wait()

    assert nothing_sent
    assert result.rid == "R1"


def test_job_is_resumed_outside_of_an_event_loop() -> None:
    """resume_upload is no coroutine and needs no loop; the job works in the one that comes later."""
    cincopa = CincopaClient(TOKEN, poll=QUICK_POLLS)
    job = cincopa.resume_upload("42")

    async def main() -> UploadResult:
        async with cincopa:
            return await job.wait()

    with respx.mock(base_url="https://api.cincopa.com/v2/") as api:
        Remote(api).says(RUNNING, COMPLETED)

        assert anyio.run(main).rid == "R1"


async def test_watch_yields_each_change_and_the_end(cincopa: CincopaClient, remote: Remote) -> None:
    """A status that says the same as the last is not yielded again; completed comes last."""
    remote.starts()
    remote.says(RUNNING, RUNNING, HALF_WAY, HALF_WAY, COMPLETED)
    job = await cincopa.start_upload(SOURCE)
    seen = [(status.state.value, status.progress_bytes) async for status in job.watch()]

    assert seen == [("in progress", 10), ("in progress", 31), ("completed", 62)]


@pytest.mark.parametrize(("end", "state"), [(FAILED, UploadState.FAILED), (ABORTED, UploadState.ABORTED)])
async def test_watch_yields_a_bad_end_too(
    cincopa: CincopaClient, remote: Remote, end: dict[str, Any], state: UploadState
) -> None:
    """Failed and aborted are statuses like any other to a watcher: no error is raised."""
    remote.says(RUNNING, end)
    seen = [status.state async for status in cincopa.resume_upload("42").watch()]

    assert seen == [UploadState.IN_PROGRESS, state]


async def test_late_watcher_gets_the_end_at_once(cincopa: CincopaClient, remote: Remote) -> None:
    """Who watches a job that has ended sees its end, without a request."""
    polls = remote.says(COMPLETED)
    job = cincopa.resume_upload("42")
    await job.wait()
    seen = [status.state async for status in job.watch()]

    assert seen == [UploadState.COMPLETED]
    assert polls.count == 1


async def test_late_watcher_gets_the_present_status_first(cincopa: CincopaClient, remote: Remote) -> None:
    """Who joins in the middle need not wait for a change to show something."""
    remote.says(HALF_WAY, COMPLETED)
    job = cincopa.resume_upload("42")
    await job.refresh()
    seen = [status.progress_bytes async for status in job.watch()]

    assert seen == [31, 62]


async def test_slow_reader_gets_the_newest_status(cincopa: CincopaClient, remote: Remote) -> None:
    """Statuses do not pile up for a reader that takes its time over one."""
    remote.says(*(status("inprogress", progress_bytes=n, file_size_bytes=62) for n in range(9)), COMPLETED)
    job = cincopa.resume_upload("42")
    seen: list[int | None] = []
    async for each in job.watch():
        seen.append(each.progress_bytes)
        if len(seen) == 1:
            await job.wait()

    assert seen == [0, 62]


async def test_finished_iterator_stays_finished(cincopa: CincopaClient, remote: Remote) -> None:
    """After its end an iterator ends again and again, as any."""
    remote.says(COMPLETED)
    watch = cincopa.resume_upload("42").watch()
    seen = [status.state.value async for status in watch]
    again = [status.state.value async for status in watch]

    assert (seen, again) == (["completed"], [])


async def test_iterator_that_two_tasks_share_ends_for_neither_before_the_end(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """Two who wait for the next status of one iterator both get it."""
    remote.says(RUNNING, COMPLETED)
    job = cincopa.resume_upload("42")
    iterator = job.watch()
    seen: list[int | None] = []

    async def one() -> None:
        seen.append((await anext(iterator)).progress_bytes)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one)
        tasks.start_soon(one)
    rest = [status.progress_bytes async for status in iterator]

    assert seen == [10, 10]
    assert rest == [62]


async def test_two_watchers_both_see_every_change(cincopa: CincopaClient, remote: Remote) -> None:
    """Watchers share one line of polls, and none takes a status away from the other."""
    polls = remote.says(RUNNING, HALF_WAY, COMPLETED)
    job = cincopa.resume_upload("42")
    first: list[UploadStatus] = []
    second: list[UploadStatus] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect, job, first)
        tasks.start_soon(collect, job, second)

    assert [status.progress_bytes for status in first] == [10, 31, 62]
    assert second == first
    assert polls.count == 3


async def test_break_out_of_a_watch_is_no_cancel(cincopa: CincopaClient, remote: Remote) -> None:
    """Whoever has seen enough leaves the loop, and the upload goes on: no abort is sent."""
    remote.starts()
    remote.says(RUNNING, HALF_WAY, COMPLETED)
    job = await cincopa.start_upload(SOURCE)
    async for _ in job.watch():
        break

    assert (await job.wait()).rid == "R1"


async def test_wait_after_the_end_answers_at_once(cincopa: CincopaClient, remote: Remote) -> None:
    """The end is known: it is not asked again."""
    polls = remote.says(RUNNING, COMPLETED)
    job = cincopa.resume_upload("42")
    first = await job.wait()
    second = await job.wait(timeout=0)

    assert second == first
    assert polls.count == 2


async def test_failed_upload_raises_with_the_reason(cincopa: CincopaClient, remote: Remote) -> None:
    """The error says why in Cincopa's words, each time that it is asked for."""
    polls = remote.says(FAILED)
    job = cincopa.resume_upload("42")
    with pytest.raises(UploadFailedError, match=r"^upload 42 failed: The source answered 404$"):
        await job.wait()
    with pytest.raises(UploadFailedError) as caught:
        await job.wait()

    assert caught.value.reason == "The source answered 404"
    assert caught.value.status_id == "42"
    assert caught.value.status == job.status
    assert caught.value.maybe_applied
    assert polls.count == 1


async def test_upload_aborted_by_somebody_else_raises(cincopa: CincopaClient, remote: Remote) -> None:
    """Whoever waits for it learns that it was aborted."""
    remote.says(RUNNING, ABORTED)
    with pytest.raises(UploadAbortedError, match=r"^upload 42 was aborted") as caught:
        await cincopa.resume_upload("42").wait()

    assert caught.value.status is not None
    assert caught.value.status.state is UploadState.ABORTED


async def test_status_word_that_nobody_knows_is_no_end(cincopa: CincopaClient, remote: Remote) -> None:
    """A new word means that the upload has not ended yet."""
    remote.says(status("transcoding"), status("ready"), COMPLETED)
    seen = [status.status async for status in cincopa.resume_upload("42").watch()]

    assert seen == ["transcoding", "ready", "completed"]


async def test_refresh_polls_once_now(cincopa: CincopaClient, remote: Remote) -> None:
    """One request, and the job knows what it says."""
    polls = remote.says(RUNNING, HALF_WAY, COMPLETED)
    job = cincopa.resume_upload("42")
    first = await job.refresh()
    second = await job.refresh()

    assert (first.progress_bytes, second.progress_bytes) == (10, 31)
    assert job.status == second
    assert polls.count == 2


async def test_refresh_after_the_end_asks_nobody(cincopa: CincopaClient, remote: Remote) -> None:
    """The end stays what it was."""
    polls = remote.says(COMPLETED)
    job = cincopa.resume_upload("42")
    end = await job.refresh()
    again = await job.refresh()

    assert end.state is UploadState.COMPLETED
    assert again == end
    assert polls.count == 1


async def test_refresh_wakes_who_waits(cincopa: CincopaClient, remote: Remote) -> None:
    """What one task learns all know: the wait ends without a poll of its own."""
    polls = remote.says(COMPLETED)
    job = cincopa.resume_upload("42", poll=PollPolicy(first=3600, ceiling=3600))
    seen: list[UploadStatus] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect, job, seen)
        await anyio.wait_all_tasks_blocked()
        await job.refresh()

    assert [status.state.value for status in seen] == ["completed"]
    assert polls.count == 1


async def test_refresh_that_fails_leaves_the_job_as_it_was(remote: Remote) -> None:
    """The error goes to whoever asked; the job can be waited for all the same."""
    remote.says(RUNNING, RESET, UNKNOWN, COMPLETED)
    async with once_only() as cincopa:
        job = cincopa.resume_upload("42")
        await job.refresh()
        with pytest.raises(TransportError):
            await job.refresh()
        with pytest.raises(NotFoundError):
            await job.refresh()
        known = job.status
        result = await job.wait()

    assert known is not None
    assert known.state is UploadState.IN_PROGRESS
    assert result.rid == "R1"


async def test_answer_that_comes_after_the_end_changes_nothing(cincopa: CincopaClient, remote: Remote) -> None:
    """An end is never taken back by an answer that was longer under way."""
    late = Held(RUNNING)
    remote.says(late, COMPLETED)
    job = cincopa.resume_upload("42")
    answers: list[UploadStatus] = []

    async def refresh() -> None:
        answers.append(await job.refresh())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(refresh)
        await late.asked.wait()
        await job.wait()
        late.let_go.set()

    assert [status.state for status in answers] == [UploadState.COMPLETED]
    assert job.status == answers[0]


async def test_twenty_waiters_share_one_line_of_polls(cincopa: CincopaClient, remote: Remote) -> None:
    """However many wait for a job, Cincopa is asked as often as for one of them."""
    polls = remote.says(*[RUNNING] * 5, COMPLETED)
    job = cincopa.resume_upload("42")
    rids: list[str] = []

    async def wait() -> None:
        rids.append((await job.wait()).rid)

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(wait)

    assert rids == ["R1"] * 20
    assert polls.count == 6


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
async def test_poll_that_fails_in_passing_is_not_seen(
    remote: Remote, fault: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The watcher sees the statuses as if nothing had been, the log has a line about it."""
    remote.says(RUNNING, fault, fault, HALF_WAY, fault, COMPLETED)
    async with once_only() as cincopa:
        seen = [status.progress_bytes async for status in cincopa.resume_upload("42").watch()]
    lines = [record for record in caplog.records if "failed in passing" in record.getMessage()]

    assert seen == [10, 31, 62]
    assert [record.levelno for record in lines] == [logging.INFO] * 3
    assert lines[0].getMessage().startswith("upload 42: a poll failed in passing: asset.upload_from_url_get_status: ")


async def test_poll_is_sent_again_at_once_before_it_counts_as_failed(cincopa: CincopaClient, remote: Remote) -> None:
    """A poll is a read: a fault of the connection is met by a resend, not by the wait for the next poll."""
    polls = remote.says(RESET, COMPLETED)
    result = await cincopa.resume_upload("42").wait()

    assert result.rid == "R1"
    assert polls.count == 2


async def test_fresh_id_may_be_unknown_at_first(cincopa: CincopaClient, remote: Remote) -> None:
    """A service that does not know its own new id for a moment is asked again."""
    remote.starts()
    remote.says(*[UNKNOWN] * 4, RUNNING, *[UNKNOWN] * 4, COMPLETED)
    result = await cincopa.upload_from_url(SOURCE)

    assert result.rid == "R1"


async def test_id_that_stays_unknown_ends_the_job(cincopa: CincopaClient, remote: Remote) -> None:
    """Five times running is believed: NotFoundError, and nothing to abort. Asked again, the job says so at once."""
    polls = remote.says(RUNNING, UNKNOWN)
    job = cincopa.resume_upload("42")
    with pytest.raises(NotFoundError):
        await job.wait()
    with pytest.raises(NotFoundError):
        await job.wait()
    with pytest.raises(NotFoundError):
        await collect(job, [])

    assert polls.count == 1 + 5


async def test_every_waiter_gets_an_error_of_its_own(cincopa: CincopaClient, remote: Remote) -> None:
    """An error object that many tasks raise would collect the tracebacks of all of them."""
    remote.says(UNKNOWN)
    job = cincopa.resume_upload("42")
    errors: list[NotFoundError] = []

    async def wait() -> None:
        with pytest.raises(NotFoundError) as caught:
            await job.wait()
        errors.append(caught.value)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(wait)

    assert len({id(error) for error in errors}) == 3


@pytest.mark.parametrize(
    ("refusal", "kind"), [(REFUSED, AuthenticationError), (FORBIDDEN, PermissionDeniedError)], ids=["token", "rights"]
)
async def test_refused_token_ends_the_job_and_an_abort_is_tried(
    cincopa: CincopaClient, remote: Remote, refusal: Any, kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """Polling on is hopeless, the abort is worth a try; where that is refused too the log says that it may run on."""
    polls = remote.says(RUNNING, refusal)
    abort = remote.aborts(refusal)
    job = cincopa.resume_upload("42")
    with pytest.raises(kind):
        await job.wait()

    assert (polls.count, abort.count) == (2, 1)
    assert "upload 42 may still be running" in caplog.text
    assert [record.levelname for record in caplog.records if "may still" in record.getMessage()] == ["WARNING"]


async def test_error_of_a_poll_that_ends_an_upload_says_that_it_was_started(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """Whoever uploads again where nothing was done must not take the refused poll for a refused upload."""
    remote.starts()
    polls = remote.says(REFUSED)
    remote.aborts(REFUSED)
    with pytest.raises(AuthenticationError) as refused:
        await cincopa.upload_from_url(SOURCE)
    polls.change(UNKNOWN)
    with pytest.raises(NotFoundError) as unknown:
        await cincopa.upload_from_url(SOURCE)

    assert refused.value.maybe_applied
    assert unknown.value.maybe_applied


async def test_upload_whose_polls_alone_are_forbidden_is_aborted(cincopa: CincopaClient, remote: Remote) -> None:
    """A token that may abort but not ask: the error of the poll is raised, the upload does not run on."""
    remote.says(FORBIDDEN)
    abort = remote.aborts()
    job = cincopa.resume_upload("42")
    with pytest.raises(PermissionDeniedError):
        await job.wait()

    assert abort.count == 1
    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


async def test_token_that_cannot_be_had_for_a_moment_does_not_end_the_job(remote: Remote) -> None:
    """A callable that fails while a poll needs a new token is a passing fault, as if the poll itself had failed."""
    remote.says(RUNNING, REFUSED, COMPLETED)
    answers: list[str | Exception] = ["first", LookupError("no token now"), LookupError("no token now"), "second"]

    def token() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with CincopaClient(token, poll=QUICK_POLLS) as cincopa:
        result = await cincopa.resume_upload("42").wait()

    assert result.rid == "R1"


async def test_bug_of_a_given_transport_is_not_taken_for_a_passing_fault() -> None:
    """What no error of a connection is comes out as it is; the upload is not polled on for ever."""

    def answer(_: httpx.Request) -> httpx.Response:
        raise LookupError("a bug")

    async with CincopaClient(TOKEN, transport=httpx.MockTransport(answer), poll=QUICK_POLLS) as cincopa:
        with pytest.raises(LookupError, match="a bug"):
            await cincopa.resume_upload("42", on_cancel="detach").wait()


async def test_detached_job_is_not_aborted_when_its_token_is_refused(cincopa: CincopaClient, remote: Remote) -> None:
    """A worker with a better token will take it up."""
    remote.says(RUNNING, REFUSED)
    with pytest.raises(AuthenticationError):
        await cincopa.resume_upload("42", on_cancel="detach").wait()


async def test_start_runs_in_a_task_group(cincopa: CincopaClient, remote: Remote) -> None:
    """anyio's and trio's task groups take it too."""
    start = remote.starts()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cincopa.start_upload, SOURCE)

    assert start.count == 1


async def test_start_takes_an_error_as_any_coroutine(cincopa: CincopaClient) -> None:
    """What is thrown into it before it has begun comes out again; nothing is sent."""
    with pytest.raises(LookupError):
        cincopa.start_upload(SOURCE).throw(LookupError())


async def test_start_can_be_closed_unused(cincopa: CincopaClient) -> None:
    """As with any coroutine, close() takes the warning away."""
    cincopa.start_upload(SOURCE).close()
