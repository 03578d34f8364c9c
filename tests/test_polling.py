"""When to ask how far an upload is, and when to stop: tables in plain numbers, no clock."""

from __future__ import annotations

from typing import Any

import pytest

from cincopa_async import (
    APIError,
    AuthenticationError,
    CincopaError,
    NotFoundError,
    PermissionDeniedError,
    PollPolicy,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    ServerError,
    TransportError,
    UploadState,
    UploadStatus,
)
from cincopa_async.polling import RESID_TIMEOUT, UNKNOWN_TIMES, Tracker

START = 1000.0
PLAIN = PollPolicy(first=1.0, floor=2.0, ceiling=10.0, growth=2.0, jitter=0.0, stall_timeout=60.0, deadline=600.0)
RUNNING = UploadStatus(status="inprogress")
NOT_FOUND = NotFoundError(200, "not found", "asset.upload_from_url_get_status")
RESET = TransportError("asset.upload_from_url_get_status", "reset")


def at(progress_bytes: int | None, file_size_bytes: int | None = 62, **more: Any) -> UploadStatus:
    return UploadStatus(status="inprogress", progress_bytes=progress_bytes, file_size_bytes=file_size_bytes, **more)


def completed(rid: str | None = None) -> UploadStatus:
    return UploadStatus(state=UploadState.COMPLETED, status="completed", rid=rid)


@pytest.mark.parametrize(
    ("polls", "seconds"), [(0, 1.0), (1, 2.0), (2, 4.0), (3, 8.0), (4, 10.0), (5, 10.0), (1_000, 10.0), (10**6, 10.0)]
)
def test_polls_come_soon_then_later_up_to_the_ceiling(polls: int, seconds: float) -> None:
    """Also after more polls than a float has powers for."""
    assert PLAIN.interval(polls) == seconds


@pytest.mark.parametrize("growth", [1.0, 1.4, 10.0])
def test_no_number_of_polls_is_too_many(growth: float) -> None:
    """A job of days still has its next poll between floor and ceiling."""
    policy = PollPolicy(growth=growth)

    assert all(policy.floor <= policy.interval(polls) <= policy.ceiling for polls in (1, 400, 10**9))


def test_polls_of_many_jobs_fall_out_of_step() -> None:
    """The jitter makes waits longer or shorter, never beyond floor and ceiling."""
    policy = PollPolicy(floor=1.0, ceiling=9.0, growth=3.0, jitter=0.5)
    second = [policy.interval(2) for _ in range(500)]

    assert 1.5 <= min(second) < 1.7
    assert 4.3 < max(second) <= 4.5
    assert all(1.0 <= policy.interval(1) <= 1.5 for _ in range(100))
    assert all(4.5 <= policy.interval(9) <= 9.0 for _ in range(100))


@pytest.mark.parametrize(
    ("polls", "seconds"), [(0, 0.3), (1, 0.5), (2, 1.0), (3, 2.0), (4, 2.7), (24, 3.7), (200, 12.5), (10**6, 60.0)]
)
def test_default_doubles_its_waits_and_then_lets_them_grow_as_the_root_of_the_age(polls: int, seconds: float) -> None:
    """Soon enough for a short clip, seldom enough for an upload of hours, where bytes tell nothing."""
    assert PollPolicy(jitter=0).interval(polls) == pytest.approx(seconds)


def test_age_at_which_waits_are_twice_as_long_is_four_times_as_high() -> None:
    """That is the root: close to what costs the fewest polls for the same delay, where nothing is known."""
    policy = PollPolicy(jitter=0)
    ages = [sum(policy.interval(poll) for poll in range(count)) for count in range(1_000)]
    at_ten, at_twenty = (next(age for n, age in enumerate(ages) if policy.interval(n) >= wait) for wait in (10, 20))

    assert at_twenty / at_ten == pytest.approx(4, rel=0.06)


@pytest.mark.parametrize(("likely", "seconds"), [(1.0, 4.0), (7.0, 7.0), (70.0, 10.0)])
def test_likely_end_is_waited_for_up_to_the_ceiling(likely: float, seconds: float) -> None:
    """One that is near makes no poll come sooner than it would."""
    assert PLAIN.interval(2, likely) == seconds


@pytest.mark.parametrize("name", ["first", "floor", "ceiling", "growth", "stall_timeout", "deadline"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_times_that_are_none_are_refused_by_name(name: str, value: float) -> None:
    """No poll without a pause, and no job without an end."""
    with pytest.raises(ValueError, match=name):
        PollPolicy(**{name: value})


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"growth": 0.9}, "growth"),
        ({"growth": float("inf")}, "growth"),
        ({"deadline": float("inf")}, "deadline"),
        ({"jitter": -0.1}, "jitter"),
        ({"jitter": 1.0}, "jitter"),
        ({"floor": 90.0}, "ceiling must not be below floor"),
    ],
)
def test_policy_that_makes_no_sense_is_refused_by_name(wrong: dict[str, float], name: str) -> None:
    """Waits that shrink, a ceiling below the floor, or a job without an end."""
    with pytest.raises(ValueError, match=name):
        PollPolicy(**wrong)


def test_first_poll_is_due_soon_after_the_start() -> None:
    """The job sleeps until then."""
    tracker = Tracker(PLAIN, START)

    assert tracker.wakes_at == START + 1.0
    assert tracker.lapse(START + 1.0) is None


def test_polls_are_due_one_interval_after_the_last() -> None:
    """Counted from the answer, not from the question; a poll that failed counts too."""
    tracker = Tracker(PLAIN, START)

    tracker.saw(RUNNING, START + 1.0)
    assert tracker.wakes_at == START + 3.0

    tracker.missed(RESET, START + 3.5)
    assert tracker.wakes_at == START + 7.5

    tracker.saw(RUNNING, START + 8.0)
    assert tracker.wakes_at == START + 16.0


def test_poll_is_due_when_the_end_is_likely() -> None:
    """Ten bytes a second leave five seconds for the rest; of a rate seen once less than half of that is waited for."""
    policy = PollPolicy(floor=0.1, ceiling=60.0, growth=2.0, jitter=0.0)
    tracker = Tracker(policy, START)
    tracker.saw(at(0, 100), START)
    tracker.saw(at(50, 100), START + 5)

    assert tracker.wakes_at == pytest.approx(START + 5 + 5 * 0.4)


def test_poll_that_fails_changes_nothing_of_what_is_likely() -> None:
    """What the bytes told before is still so, and less is left until then."""
    policy = PollPolicy(floor=0.1, ceiling=600.0, jitter=0.0)
    tracker = Tracker(policy, START)
    tracker.saw(at(0, 1_000), START)
    tracker.saw(at(500, 1_000), START + 50)
    assert tracker.wakes_at == pytest.approx(START + 50 + 50 * 0.4)

    tracker.missed(RESET, START + 70)
    assert tracker.wakes_at == pytest.approx(START + 70 + 30 * 0.4)


def test_waits_begin_anew_whenever_bytes_have_moved() -> None:
    """Polls that told nothing new are counted from the last one that did, so the end of a pause is noticed soon."""
    tracker = Tracker(PLAIN, START)
    for second in (1, 3, 7):
        tracker.saw(at(5), START + second)
    assert tracker.wakes_at == START + 15

    tracker.saw(at(61), START + 15)
    tracker.saw(at(62), START + 17)
    assert tracker.wakes_at == START + 19


def test_waits_grow_while_no_size_tells_what_moving_bytes_are_worth() -> None:
    """Nobody knows how many are missing."""
    tracker = Tracker(PLAIN, START)
    for second, due in ((1, 3), (3, 7), (7, 15)):
        tracker.saw(at(second, None), START + second)
        assert tracker.wakes_at == START + due


def test_upload_that_stands_still_is_asked_once_more_before_it_is_given_up() -> None:
    """A floor before its stall timeout: until then bytes may begin to move again."""
    policy = PollPolicy(floor=2.0, ceiling=50.0, growth=10.0, jitter=0.0, stall_timeout=60.0)
    tracker = Tracker(policy, START)
    for second, due in ((0, 2), (2, 22), (22, 58), (58, 60)):
        tracker.saw(at(5), START + second)
        assert tracker.wakes_at == START + due

    assert tracker.lapse(START + 60) == "stalled"


def test_hurried_poll_is_due_now() -> None:
    """But one that is due already stays so."""
    tracker = Tracker(PLAIN, START)

    assert tracker.hurry(START + 0.5)
    assert tracker.wakes_at == START + 0.5

    assert not tracker.hurry(START + 0.7)
    assert tracker.wakes_at == START + 0.5


def test_hurried_poll_keeps_the_shortest_time_from_the_last() -> None:
    """However often it is hurried, and for one poll alone."""
    policy = PollPolicy(first=1.0, floor=2.0, ceiling=3600.0, growth=10.0, jitter=0.0)
    tracker = Tracker(policy, START)
    tracker.saw(RUNNING, START + 10)
    tracker.saw(RUNNING, START + 30)

    tracker.hurry(START + 30.5)
    tracker.hurry(START + 30.5)
    assert tracker.wakes_at == START + 32

    tracker.asks()
    tracker.saw(RUNNING, START + 32.1)
    assert tracker.wakes_at == pytest.approx(START + 32.1 + 200)


def test_hurried_poll_keeps_a_retry_after() -> None:
    """Who is told to come again in 25 seconds is not in so much of a hurry."""
    tracker = Tracker(PLAIN, START)
    tracker.missed(RateLimitError(429, "slow", "x", retry_after=25.0), START + 1)

    tracker.hurry(START + 2)
    assert tracker.wakes_at == START + 26


def test_poll_that_is_hurried_while_one_is_under_way_follows_it() -> None:
    """The one that is under way may have been answered before there was news."""
    tracker = Tracker(PLAIN, START)
    tracker.saw(RUNNING, START)
    tracker.saw(RUNNING, START)
    tracker.asks()
    tracker.hurry(START + 5)
    tracker.saw(RUNNING, START + 6)

    assert tracker.wakes_at == START + 8


@pytest.mark.parametrize(
    ("error", "due"),
    [
        (RateLimitError(429, "slow", "x", retry_after=25.0), 25.0),
        (ServerError(503, "away", "x", retry_after=25.0), 25.0),
        (RateLimitError(429, "slow", "x", retry_after=1.0), 2.0),
        (RateLimitError(429, "slow", "x"), 2.0),
        (RESET, 2.0),
    ],
)
def test_retry_after_puts_the_next_poll_off(error: CincopaError, due: float) -> None:
    """Beyond the ceiling if asked for; never sooner than the interval."""
    tracker = Tracker(PLAIN, START)

    assert not tracker.missed(error, START)
    assert tracker.wakes_at == START + due


def test_retry_after_does_not_outlast_the_deadline() -> None:
    """A service that asks for a year gets no job that lives a year."""
    tracker = Tracker(PollPolicy(deadline=200.0), START)
    tracker.missed(RateLimitError(429, "slow", "x", retry_after=float("inf")), START)

    assert tracker.wakes_at == START + 200.0
    assert tracker.lapse(tracker.wakes_at) == "deadline"


def test_job_ends_at_its_deadline_and_not_before() -> None:
    """However healthy: a deadline always exists."""
    tracker = Tracker(PLAIN, START)
    for second in range(0, 599, 5):
        tracker.saw(at(second, 10_000), START + second)

    assert tracker.lapse(START + 599.9) is None
    assert tracker.lapse(START + 600.0) == "deadline"


@pytest.mark.parametrize(
    ("seen", "stalled_after"),
    [
        pytest.param([(0, at(5))], 60, id="no byte has moved since the first poll"),
        pytest.param([(0, at(0))], 60, id="not even a first byte"),
        pytest.param([(0, at(5)), (30, at(5))], 60, id="still the same"),
        pytest.param([(0, at(5)), (30, at(6))], 90, id="one byte is enough"),
        pytest.param([(0, at(5)), (30, at(4))], 90, id="fewer bytes are a change too"),
        pytest.param([(0, at(5)), (30, at(62))], None, id="no byte is missing: now it is worked upon"),
        pytest.param([(0, at(62))], None, id="no byte was missing from the start"),
        pytest.param([(0, at(63))], None, id="more bytes than there should be"),
        pytest.param([(0, at(None))], None, id="no bytes are reported"),
        pytest.param([(0, at(5, None))], None, id="the size is not known"),
        pytest.param([(0, at(5)), (30, at(None))], None, id="no bytes are reported any more"),
        pytest.param([(0, at(5)), (30, at(None)), (50, at(5))], 110, id="reported again: the time runs anew"),
        pytest.param([(0, at(5)), (30, RUNNING), (40, at(5))], 100, id="a status without bytes is no stall"),
    ],
)
def test_upload_is_stuck_only_while_bytes_are_missing_and_none_moves(
    seen: list[tuple[float, UploadStatus]], stalled_after: float | None
) -> None:
    """Anything else may be slow, and ends at the deadline alone."""
    tracker = Tracker(PLAIN, START)
    for second, status in seen:
        assert tracker.saw(status, START + second) is status

    if stalled_after is None:
        assert tracker.lapse(START + 599) is None
    else:
        assert tracker.lapse(START + stalled_after - 0.1) is None
        assert tracker.lapse(START + stalled_after) == "stalled"
        assert tracker.wakes_at <= START + stalled_after


def test_stall_is_not_told_while_polls_fail() -> None:
    """Bytes may move unseen: only a poll that is answered shows that none has."""
    tracker = Tracker(PLAIN, START)
    tracker.saw(at(5), START)
    for second in range(10, 100, 10):
        tracker.missed(RESET, START + second)
    assert tracker.lapse(START + 100) is None

    tracker.saw(at(6), START + 100)
    assert tracker.lapse(START + 100) is None

    tracker.missed(RESET, START + 110)
    tracker.saw(at(6), START + 170)
    assert tracker.lapse(START + 170) == "stalled"


def test_completed_with_a_rid_is_the_end() -> None:
    """The status is given on as it is."""
    done = completed("A4")

    assert Tracker(PLAIN, START).saw(done, START) is done


def test_completed_without_a_rid_is_not_the_end_yet() -> None:
    """It is polled on, for up to 30 seconds from the first time it was seen."""
    tracker = Tracker(PLAIN, START)
    for second in (10, 20, 30):
        status = tracker.saw(completed(), START + second)
        assert status.state is UploadState.IN_PROGRESS
        assert status.status == "completed"

    assert tracker.lapse(START + 10 + RESID_TIMEOUT - 0.1) is None
    assert tracker.lapse(START + 10 + RESID_TIMEOUT) == "no resid"
    assert tracker.saw(completed("A4"), START + 39).state is UploadState.COMPLETED


def test_wait_for_a_rid_wakes_the_job_when_it_is_over() -> None:
    """Though the next poll is due later."""
    tracker = Tracker(PLAIN, START)
    tracker.saw(completed(), START)
    tracker.missed(ServerError(503, "away", "x", retry_after=500.0), START)

    assert tracker.wakes_at == START + RESID_TIMEOUT


def test_upload_that_runs_on_after_all_is_not_given_up_for_its_rid() -> None:
    """A stale answer said completed, the next ones do not."""
    tracker = Tracker(PLAIN, START)
    tracker.saw(completed(), START)
    tracker.saw(at(5), START + 2)

    assert tracker.lapse(START + RESID_TIMEOUT + 1) is None


def test_deadline_comes_before_a_stall_of_the_same_moment() -> None:
    """One reason is told: what is missing of a completed upload first."""
    policy = PollPolicy(stall_timeout=30.0, deadline=30.0)
    tracker = Tracker(policy, START)
    tracker.saw(at(5), START)
    assert tracker.lapse(START + 30) == "deadline"

    tracker.saw(completed(), START)
    assert tracker.lapse(START + 30) == "no resid"


@pytest.mark.parametrize(
    "error",
    [
        RESET,
        RequestTimeoutError("x", "late"),
        ServerError(500, "away", "x"),
        ServerError(502, "page", "x"),
        RateLimitError(429, "slow", "x"),
        ResponseDecodeError("x", "half"),
        APIError(200, "success is false", "x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_poll_that_fails_in_passing_does_not_end_the_job(error: CincopaError) -> None:
    """However often: the deadlines are there for that."""
    tracker = Tracker(PLAIN, START)

    assert not any(tracker.missed(error, START + second) for second in range(100))


@pytest.mark.parametrize("kind", [AuthenticationError, PermissionDeniedError])
def test_refused_token_ends_the_job(kind: type[APIError]) -> None:
    """Every further poll would be refused too."""
    assert Tracker(PLAIN, START).missed(kind(403, "no", "x"), START)


def test_unknown_id_ends_the_job_only_when_said_several_times_running() -> None:
    """A service may not know a fresh one at once."""
    tracker = Tracker(PLAIN, START)
    said = [tracker.missed(NOT_FOUND, START + second) for second in range(UNKNOWN_TIMES)]

    assert said == [False] * (UNKNOWN_TIMES - 1) + [True]


@pytest.mark.parametrize("between", [RUNNING, RESET])
def test_anything_in_between_makes_an_id_known_again(between: UploadStatus | CincopaError) -> None:
    """Several times in all is not several times running."""
    tracker = Tracker(PLAIN, START)
    for _ in range(UNKNOWN_TIMES - 1):
        assert not tracker.missed(NOT_FOUND, START)
    if isinstance(between, UploadStatus):
        tracker.saw(between, START)
    else:
        tracker.missed(between, START)

    assert not any(tracker.missed(NOT_FOUND, START) for _ in range(UNKNOWN_TIMES - 1))
    assert tracker.missed(NOT_FOUND, START)
