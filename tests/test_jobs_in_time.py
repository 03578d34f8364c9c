"""Hours of an upload's life in milliseconds: when it is polled, and when it is given up."""

from __future__ import annotations

import itertools
import logging
from typing import Any

import anyio
import httpx
import pytest
import respx
from trio.testing import MockClock

from cincopa_async import (
    CincopaClient,
    ClientClosedError,
    NotFoundError,
    PollPolicy,
    ResponseDecodeError,
    RetryPolicy,
    UploadAbortedError,
    UploadJob,
    UploadState,
    UploadStatus,
    UploadTimeoutError,
)
from cincopa_async.jobs import TICK
from tests.conftest import TOKEN
from tests.remote import (
    ABORTED,
    COMPLETED,
    FAILED,
    RESET,
    RUNNING,
    SOURCE,
    STARTED,
    STATUS_ID,
    UNKNOWN,
    Held,
    Remote,
    Script,
    status,
)

pytestmark = pytest.mark.anyio
MINUTE = 60.0
HOUR = 3600.0
STEADY = PollPolicy(jitter=0)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "trio", {"clock": MockClock(autojump_threshold=0)}


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


@pytest.fixture
async def cincopa() -> Any:
    """A client as users make it: it polls and retries as it does by default."""
    async with CincopaClient(TOKEN) as client:
        yield client


class Growing:
    """An upload of which so many bytes a second arrive, until it completes."""

    def __init__(self, bytes_per_second: float, size: int, *, tells: bool = True) -> None:
        self._rate = bytes_per_second
        self._size = size
        self._tells = tells
        self._begin = anyio.current_time()

    async def __call__(self) -> dict[str, Any]:
        moved = int((anyio.current_time() - self._begin) * self._rate)
        if moved >= self._size:
            return COMPLETED
        if not self._tells:
            return status("inprogress", progress_bytes=0, file_size_bytes=-1)
        return status("inprogress", progress_bytes=moved, file_size_bytes=self._size)


def pauses(polls: Script, since: float) -> list[float]:
    return [after - before for before, after in itertools.pairwise([since, *polls.times])]


async def test_first_poll_comes_soon_and_the_next_ever_later(cincopa: CincopaClient, remote: Remote) -> None:
    """A short upload is seen to complete within a second; of one whose bytes do not move polls get ever rarer."""
    polls = remote.says(*[RUNNING] * 9, COMPLETED)
    begin = anyio.current_time()
    await cincopa.resume_upload("42", poll=STEADY).wait()

    slower = [2.5 + 0.05 * n for n in range(4, 10)]
    assert pauses(polls, begin) == pytest.approx([0.3, 0.5, 1.0, 2.0, *slower], abs=TICK + 0.002)


async def test_polls_of_many_jobs_spread(cincopa: CincopaClient, remote: Remote) -> None:
    """Jobs that were started together do not ask together: each pause is a tenth longer or shorter."""
    polls = remote.says(*[RUNNING] * 400)
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(cincopa.resume_upload(str(number), on_cancel="detach").wait)
        await polls.asked(20)
        first = sorted(polls.times)
        await polls.asked(40)
        second = sorted(polls.times[20:])
        tasks.cancel_scope.cancel()

    assert first[-1] - first[0] < 0.01
    assert second[-1] - second[0] > 0.02


async def test_retry_after_of_a_poll_is_obeyed(cincopa: CincopaClient, remote: Remote) -> None:
    """Whoever is told to come again in a minute comes in a minute, not at the next poll."""
    later = httpx.Response(429, headers={"Retry-After": "60"}, json={"success": False})
    polls = remote.says(RUNNING, later, COMPLETED)
    begin = anyio.current_time()
    await cincopa.resume_upload("42", poll=STEADY).wait()
    waited = pauses(polls, begin)

    assert waited[:2] == pytest.approx([0.3, 0.5], abs=0.002)
    assert 60 <= waited[2] < 62


async def test_retry_after_is_obeyed_where_nothing_is_resent(remote: Remote) -> None:
    """The pause that a poll's last attempt was given holds for the next poll, above the policy's own ceiling."""
    later = httpx.Response(503, headers={"Retry-After": "300"}, json={"success": False})
    polls = remote.says(RUNNING, later, COMPLETED)
    async with CincopaClient(TOKEN, retry=RetryPolicy(attempts=1)) as cincopa:
        begin = anyio.current_time()
        await cincopa.resume_upload("42", poll=STEADY).wait()

    assert pauses(polls, begin) == pytest.approx([0.3, 0.5, 300], abs=0.002)


async def test_healthy_upload_of_five_hours_completes(cincopa: CincopaClient, remote: Remote) -> None:
    """As long as bytes arrive no clock ends it, it costs a poll a minute, and its end is noticed at once."""
    remote.starts()
    polls = remote.says(Growing(10_000, int(5 * HOUR * 10_000)))
    begin = anyio.current_time()
    result = await cincopa.upload_from_url(SOURCE)

    assert result.rid == "R1"
    assert 5 * HOUR <= anyio.current_time() - begin < 5 * HOUR + 1
    assert polls.count == pytest.approx(5 * HOUR / MINUTE, rel=0.1)  # Each is up to a tenth sooner.


async def test_service_that_reports_no_size_is_believed_to_be_at_work(cincopa: CincopaClient, remote: Remote) -> None:
    """Without a size nobody can say that bytes are missing: four hours without a sign of progress are waited for."""
    remote.says(Growing(1, int(4 * HOUR), tells=False))

    assert (await cincopa.resume_upload("42").wait()).rid == "R1"


async def test_upload_whose_bytes_are_all_there_is_not_stalled(cincopa: CincopaClient, remote: Remote) -> None:
    """Nothing is missing, so nothing can move: an hour of transcoding is waited for."""
    polls = remote.says(status("inprogress", progress_bytes=62, file_size_bytes=62))
    job = cincopa.resume_upload("42")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(job.wait)
        await anyio.sleep(HOUR)
        polls.change(COMPLETED)

    assert job.status is not None
    assert job.status.state is UploadState.COMPLETED


async def test_stalled_upload_is_aborted_after_a_quarter_of_an_hour(
    cincopa: CincopaClient, remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    """No byte has moved for 15 minutes although some are missing: it is aborted, and the error says so."""
    remote.starts()
    polls = remote.says(*[status("inprogress", progress_bytes=n, file_size_bytes=62) for n in range(10)])
    abort = remote.aborts()
    with pytest.raises(UploadTimeoutError) as caught:
        await cincopa.upload_from_url(SOURCE)
    stood_still = anyio.current_time() - polls.times[9]

    assert caught.value.status is not None
    assert caught.value.status.state is UploadState.ABORTED
    assert abort.count == 1
    assert stood_still == pytest.approx(15 * MINUTE, abs=1)
    assert "upload 42 is given up: stalled" in caplog.text


async def test_byte_that_moves_now_and_then_keeps_an_upload_alive(cincopa: CincopaClient, remote: Remote) -> None:
    """Slow is not stalled: a byte every ten minutes will do."""
    remote.says(Growing(1 / (10 * MINUTE), 20))

    assert (await cincopa.resume_upload("42").wait()).rid == "R1"


async def test_upload_in_progress_at_its_deadline_is_aborted(cincopa: CincopaClient, remote: Remote) -> None:
    """After six hours whoever still waits gets an error that says how the upload ended; there is no endless polling."""
    remote.starts()
    remote.says(Growing(10, int(7 * HOUR * 10)))
    abort = remote.aborts()
    begin = anyio.current_time()
    with pytest.raises(UploadTimeoutError, match=r"^upload 42 took too long; last known state: aborted$") as caught:
        await cincopa.upload_from_url(SOURCE)

    assert isinstance(caught.value, TimeoutError)
    assert anyio.current_time() - begin == pytest.approx(6 * HOUR, abs=1)
    assert abort.count == 1


async def test_watcher_sees_the_abort_at_the_deadline(cincopa: CincopaClient, remote: Remote) -> None:
    """How it ended is known, so the watch ends with that status and raises nothing."""
    remote.says(RUNNING)
    remote.aborts()
    job = cincopa.resume_upload("42", poll=PollPolicy(deadline=MINUTE))
    seen = [status.state async for status in job.watch()]

    assert seen == [UploadState.IN_PROGRESS, UploadState.ABORTED]


async def test_all_waiters_learn_of_the_deadline(cincopa: CincopaClient, remote: Remote) -> None:
    """One abort for all, and an error for each, those who come later too."""
    remote.says(RUNNING)
    abort = remote.aborts()
    job = cincopa.resume_upload("42", poll=PollPolicy(deadline=MINUTE))
    errors: list[UploadTimeoutError] = []

    async def wait() -> None:
        with pytest.raises(UploadTimeoutError) as caught:
            await job.wait()
        errors.append(caught.value)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(wait)
    await wait()

    assert [error.status == job.status for error in errors] == [True] * 6
    assert abort.count == 1


async def test_upload_that_completes_at_its_deadline_is_a_result(cincopa: CincopaClient, remote: Remote) -> None:
    """The abort came too late, and so did the deadline: the rid is returned."""
    remote.says(RUNNING)
    abort = remote.aborts(leaves=COMPLETED)
    result = await cincopa.resume_upload("42", poll=PollPolicy(deadline=MINUTE)).wait()

    assert result.rid == "R1"
    assert abort.count == 1


async def test_detached_upload_is_left_running_at_its_deadline(cincopa: CincopaClient, remote: Remote) -> None:
    """The wait has an end, the upload is left to whoever resumes it: the error has the last status."""
    remote.says(RUNNING)
    job = cincopa.resume_upload("42", on_cancel="detach", poll=PollPolicy(deadline=HOUR, stall_timeout=2 * HOUR))
    with pytest.raises(UploadTimeoutError, match=r"last known state: in progress$"):
        await job.wait()
    with pytest.raises(UploadTimeoutError):
        async for _ in job.watch():
            pass


async def test_detached_upload_that_stalls_is_left_running(cincopa: CincopaClient, remote: Remote) -> None:
    """The policy is about every end that the job itself puts to the wait."""
    remote.says(RUNNING)
    with pytest.raises(UploadTimeoutError) as caught:
        await cincopa.resume_upload("42", on_cancel="detach").wait()

    assert caught.value.status is not None
    assert caught.value.status.state is UploadState.IN_PROGRESS


@pytest.mark.parametrize("fault", [RESET, httpx.Response(502, html="<html>"), {"success": False}])
async def test_service_that_is_away_for_good_is_given_up_at_the_deadline(
    cincopa: CincopaClient, remote: Remote, fault: Any
) -> None:
    """Faults that pass are waited out, but not for ever; what cannot be asked is not guessed."""
    remote.says(RUNNING, fault)
    remote.aborts(fault)
    begin = anyio.current_time()
    with pytest.raises(UploadTimeoutError, match="its state could not be asked") as caught:
        await cincopa.resume_upload("42", poll=PollPolicy(deadline=HOUR)).wait()

    assert caught.value.status is None
    assert anyio.current_time() - begin == pytest.approx(HOUR + 10, abs=1)


async def test_healthy_upload_outlives_an_outage_of_the_api(cincopa: CincopaClient, remote: Remote) -> None:
    """Half an hour without an answer says nothing about the bytes: the upload has gone on, and is not aborted."""
    growing = Growing(10, int(HOUR * 10))
    polls = remote.says(growing)
    job = cincopa.resume_upload("42")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(job.wait)
        await anyio.sleep(10 * MINUTE)
        polls.change(httpx.Response(502, html="<html>"))
        await anyio.sleep(30 * MINUTE)
        polls.change(growing)

    assert job.status is not None
    assert job.status.state is UploadState.COMPLETED


async def test_upload_that_stood_still_through_an_outage_is_stalled(cincopa: CincopaClient, remote: Remote) -> None:
    """The first answer after it shows that no byte has moved for all that time."""
    polls = remote.says(RUNNING)
    abort = remote.aborts()
    job = cincopa.resume_upload("42")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait_too_long, job)
        await anyio.sleep(10 * MINUTE)
        polls.change(RESET)
        await anyio.sleep(30 * MINUTE)
        during = abort.count
        polls.change(RUNNING)
        await anyio.sleep(MINUTE)

    assert (during, abort.count) == (0, 1)


async def wait_too_long(job: UploadJob) -> None:
    with pytest.raises(UploadTimeoutError):
        await job.wait()


async def test_service_that_asks_for_patience_does_not_push_the_deadline(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """A Retry-After beyond the deadline is not waited for: the job ends in time."""
    remote.says(RUNNING, httpx.Response(429, headers={"Retry-After": "50"}, json={"success": False}))
    remote.aborts(leaves=ABORTED)
    begin = anyio.current_time()
    with pytest.raises(UploadTimeoutError):
        await cincopa.resume_upload("42", poll=PollPolicy(deadline=MINUTE)).wait()

    assert anyio.current_time() - begin == pytest.approx(MINUTE, abs=1)


async def test_wait_of_an_hour_that_times_out_aborts_once(cincopa: CincopaClient, remote: Remote) -> None:
    """An upload that runs on after its abort is asked about for ten seconds; the error names it and says so."""
    remote.starts()
    remote.says(Growing(1, int(2 * HOUR)))
    abort = remote.aborts(leaves=RUNNING)
    job = await cincopa.start_upload(SOURCE)
    begin = anyio.current_time()
    with pytest.raises(UploadTimeoutError, match="42") as caught:
        await job.wait(timeout=HOUR)

    assert abort.count == 1
    assert caught.value.status_id == STATUS_ID
    assert caught.value.status is not None
    assert caught.value.status.state is UploadState.IN_PROGRESS
    assert anyio.current_time() - begin == pytest.approx(HOUR + 10, abs=1)


@pytest.mark.parametrize("fault", [RESET, httpx.Response(503, headers={"Retry-After": "60"}), {"success": False}])
async def test_abort_that_no_answer_comes_to_is_given_up_after_ten_seconds(
    cincopa: CincopaClient, remote: Remote, fault: Any
) -> None:
    """The teardown has a bound of its own, whatever the service asks for; the error says that nothing is known."""
    remote.says(RUNNING)
    remote.aborts(fault).acts = lambda: None
    job = cincopa.resume_upload("42")
    await job.refresh()
    remote.polls.change(fault)
    begin = anyio.current_time()
    with pytest.raises(UploadTimeoutError, match="its state could not be asked"):
        await job.abort()

    assert anyio.current_time() - begin == pytest.approx(10, abs=0.01)


async def test_abort_that_ends_nothing_says_what_the_upload_is_at(cincopa: CincopaClient, remote: Remote) -> None:
    """Cincopa took the abort and the upload goes on: after ten seconds the error has its last status."""
    remote.says(RUNNING)
    abort = remote.aborts(leaves=RUNNING)
    job = cincopa.resume_upload("42")
    with pytest.raises(UploadTimeoutError, match="last known state: in progress") as caught:
        await job.abort()

    assert caught.value.status == job.status
    assert abort.count == 1


async def test_abort_that_is_never_answered_is_given_up_after_ten_seconds(
    cincopa: CincopaClient, remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    """Silence ends the wait of a cancelled task too, with a warning that the upload may run on."""
    remote.says(RUNNING)
    remote.aborts(Held(STARTED), STARTED)
    job = cincopa.resume_upload("42")
    begin = anyio.current_time()
    with anyio.move_on_after(MINUTE):
        await job.wait()
    took = anyio.current_time() - begin
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]

    assert took == pytest.approx(MINUTE + 10, abs=0.01)
    assert len(warnings) == 1
    assert warnings[0].startswith("upload 42 may still be running, for its abort did not end well: upload 42 took too")
    assert (await job.abort()).state is UploadState.ABORTED


async def test_abort_counts_its_ten_seconds_from_its_slot_on(api: respx.MockRouter) -> None:
    """In the queue there is no bound, for whoever is before it holds its slot no longer than its timeout."""
    remote = Remote(api)
    held = Held({"success": True})
    remote.route("GET", "ping", (held, {"success": True}))
    remote.says(RUNNING)
    abort = remote.aborts(RESET, STARTED)
    async with CincopaClient(TOKEN, max_concurrency=1, timeout=100) as cincopa:
        job = cincopa.resume_upload("42")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cincopa.ping)
            await held.asked.wait()
            tasks.start_soon(job.abort)
            await anyio.sleep(90)
            held.let_go.set()

    assert abort.count == 2
    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


async def test_abort_that_waits_for_a_token_is_given_up_after_ten_seconds(api: respx.MockRouter) -> None:
    """A callable that never gives one holds nobody up for longer than Cincopa itself could."""

    async def never() -> str:
        await anyio.sleep_forever()
        return TOKEN

    async with CincopaClient(never) as cincopa:
        begin = anyio.current_time()
        with pytest.raises(UploadTimeoutError):
            await cincopa.resume_upload("42").abort()

    assert anyio.current_time() - begin == pytest.approx(10, abs=0.01)


async def test_abort_of_an_id_that_stays_unknown_raises(cincopa: CincopaClient, remote: Remote) -> None:
    """Asked often enough, an id that nobody knows is believed to be wrong; that takes some seconds."""
    remote.says(UNKNOWN)
    remote.aborts(UNKNOWN)
    begin = anyio.current_time()
    with pytest.raises(NotFoundError):
        await cincopa.resume_upload("42").abort()

    assert 1 < anyio.current_time() - begin < 10


async def test_completed_upload_is_polled_for_its_resid_for_thirty_seconds(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """Until then it counts as in progress; then the error says which upload it is, for the asset is there."""
    remote.says(RUNNING, status("completed", progress_bytes=62, file_size_bytes=62))
    job = cincopa.resume_upload("42")
    begin = anyio.current_time()
    with pytest.raises(ResponseDecodeError, match=r"completed without a resid \(upload 42\)$") as caught:
        await job.wait()

    assert caught.value.status_id == "42"
    assert anyio.current_time() - begin == pytest.approx(30, abs=3)
    assert job.status is not None
    assert job.status.state is UploadState.IN_PROGRESS
    assert job.status.status == "completed"


async def test_resid_that_comes_late_is_the_result(cincopa: CincopaClient, remote: Remote) -> None:
    """A service that stores the asset a moment after the completion loses nothing."""
    remote.says(*[status("completed")] * 8, COMPLETED)

    assert (await cincopa.resume_upload("42").wait()).rid == "R1"


async def test_clocks_of_a_job_run_from_its_start(cincopa: CincopaClient, remote: Remote) -> None:
    """The deadline is that of the upload: time that the program did something else counts."""
    remote.starts()
    remote.says(RUNNING)
    remote.aborts()
    job = await cincopa.start_upload(SOURCE, poll=PollPolicy(deadline=HOUR, stall_timeout=2 * HOUR))
    await anyio.sleep(HOUR - MINUTE)
    begin = anyio.current_time()
    with pytest.raises(UploadTimeoutError):
        await job.wait()

    assert anyio.current_time() - begin == pytest.approx(MINUTE, abs=1)


async def test_clocks_of_a_resumed_job_run_from_its_first_use(cincopa: CincopaClient, remote: Remote) -> None:
    """Nobody knows when the upload was started, so the deadline is counted from the first wait."""
    remote.says(RUNNING)
    remote.aborts()
    job = cincopa.resume_upload("42", poll=PollPolicy(deadline=HOUR, stall_timeout=2 * HOUR))
    await anyio.sleep(10 * HOUR)
    begin = anyio.current_time()
    with pytest.raises(UploadTimeoutError):
        await job.wait()

    assert anyio.current_time() - begin == pytest.approx(HOUR, abs=1)


async def test_end_that_comes_after_the_job_was_given_up_is_told_by_refresh(
    cincopa: CincopaClient, remote: Remote
) -> None:
    """A job that has met its deadline can still be asked."""
    polls = remote.says(RUNNING)
    job = cincopa.resume_upload("42", on_cancel="detach", poll=PollPolicy(deadline=MINUTE))
    with pytest.raises(UploadTimeoutError):
        await job.wait()
    polls.change(FAILED)
    last = await job.refresh()

    assert last.state is UploadState.FAILED


async def test_closing_wakes_a_wait_at_once(remote: Remote) -> None:
    """Whoever sleeps until the next poll gets ClientClosedError now, and the upload is aborted."""
    remote.says(RUNNING)
    abort = remote.aborts()
    cincopa = CincopaClient(TOKEN, poll=PollPolicy(first=HOUR, ceiling=HOUR))
    times: list[float] = []
    await wait_and_close(cincopa, cincopa.resume_upload("42"), times)

    assert times == [pytest.approx(0, abs=0.01)] * 2
    assert abort.count == 1


async def test_closing_wakes_a_wait_whose_poll_pauses_between_tries(remote: Remote) -> None:
    """A service that asked the poll to come again in a minute does not hold the close up, nor the wait."""
    remote.says(httpx.Response(429, headers={"Retry-After": "60"}, json={"success": False}))
    remote.aborts()
    cincopa = CincopaClient(TOKEN)
    times: list[float] = []
    await wait_and_close(cincopa, cincopa.resume_upload("42"), times, after=1)

    assert times == [pytest.approx(0, abs=0.5)] * 2


async def test_abort_wakes_a_wait_whose_poll_pauses_between_tries(cincopa: CincopaClient, remote: Remote) -> None:
    """Whoever waits learns of the end from the abort, not after the minute that the service asked the poll for."""
    remote.says(RUNNING, httpx.Response(429, headers={"Retry-After": "60"}, json={"success": False}))
    remote.aborts()
    job = cincopa.resume_upload("42")
    begin = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait_until_aborted, job)
        await anyio.sleep(5)
        await job.abort()

    assert anyio.current_time() - begin == pytest.approx(5, abs=0.1)


async def wait_until_aborted(job: UploadJob) -> None:
    with pytest.raises(UploadAbortedError):
        await job.wait()


async def wait_and_close(cincopa: CincopaClient, job: UploadJob, times: list[float], *, after: float = 0) -> None:
    """Close the client while one waits; notes how long after that the wait and the close took to end."""

    async def wait() -> None:
        with pytest.raises(ClientClosedError):
            await job.wait()
        times.append(anyio.current_time() - begin)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        await anyio.sleep(after)
        begin = anyio.current_time()
        await cincopa.aclose()
        times.append(anyio.current_time() - begin)


async def test_closing_gives_up_when_nothing_has_ended_for_ten_seconds(
    remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    """A call that hangs does not keep a program from its end, and is broken off; a warning says what was under way."""
    held = Held({"success": True})
    remote.route("GET", "ping", ({"success": True}, held))
    cincopa = CincopaClient(TOKEN, timeout=HOUR)
    await cincopa.ping()

    async def hang() -> None:
        with pytest.raises(ClientClosedError):
            await cincopa.ping()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hang)
        await held.asked.wait()
        begin = anyio.current_time()
        await cincopa.aclose()
        took = anyio.current_time() - begin
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]

    assert took == pytest.approx(10, abs=0.01)
    assert warnings == ["closing gives up, for nothing has ended for 10 s: 1 calls and 0 jobs are under way"]


async def test_closing_waits_on_as_long_as_something_ends(remote: Remote) -> None:
    """Ten slow calls that end one after the other, each within ten seconds of the last, are all waited for."""
    answers = [Held({"success": True}) for _ in range(10)]
    pings = remote.route("GET", "ping", tuple(answers))
    cincopa = CincopaClient(TOKEN, timeout=HOUR)
    ended: list[object] = []

    async def ping() -> None:
        ended.append(await cincopa.ping())

    async def let_go() -> None:
        for answer in answers:
            await anyio.sleep(9)
            answer.let_go.set()

    async with anyio.create_task_group() as tasks:
        for _ in answers:
            tasks.start_soon(ping)
        await pings.asked(10)
        tasks.start_soon(let_go)
        begin = anyio.current_time()
        await cincopa.aclose()
        took = anyio.current_time() - begin
        at_the_close = len(ended)

    assert took == pytest.approx(90, abs=0.01)
    assert at_the_close >= 9
    assert len(ended) == 10


async def test_fresh_id_says_nothing_after_an_abort_either(cincopa: CincopaClient, remote: Remote) -> None:
    """The upload may have completed before: taken for aborted, it would be done again, and there be two assets."""
    remote.starts()
    polls = remote.says(UNKNOWN, COMPLETED)
    abort = remote.aborts()
    abort.acts = lambda: None
    job = await cincopa.start_upload(SOURCE)
    last = await job.abort()

    assert last.state is UploadState.COMPLETED
    assert polls.count == 2


@pytest.mark.parametrize(
    ("then", "state"), [(COMPLETED, UploadState.COMPLETED), (UNKNOWN, UploadState.ABORTED)], ids=["known", "unknown"]
)
async def test_poll_beside_an_abort_that_was_answered_does_not_either(
    cincopa: CincopaClient, remote: Remote, then: Any, state: UploadState
) -> None:
    """Until the id has been called unknown several times running, whoever watches is told nothing."""
    polls = remote.says(UNKNOWN, UNKNOWN, UNKNOWN, then)
    abort = remote.aborts()
    abort.acts = lambda: None
    job = cincopa.resume_upload("42", poll=PollPolicy(first=0.001, floor=0.05, ceiling=0.05))
    seen: list[UploadStatus] = []

    async def watch() -> None:
        seen.extend([status async for status in job.watch()])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(job.abort)
        await polls.asked(1)
        tasks.start_soon(watch)

    assert [status.state for status in seen] == [state]
    assert polls.count > 3
