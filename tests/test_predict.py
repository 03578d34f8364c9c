"""When an upload is likely to end, judged by its bytes: tables in plain numbers, no clock."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cincopa_async import PollPolicy, UploadStatus
from cincopa_async._predict import FIRST_DOUBT, REACH, SHARE, WARINESS, Predictor
from cincopa_async.polling import Tracker

START = 1000.0
FLOOR = 0.5
SIZE = 10_000
FIRST_SHARE = SHARE / (1 + WARINESS * FIRST_DOUBT)


def seen(*answers: tuple[float, int | None], size: int | None = SIZE) -> Predictor:
    """What a predictor makes of (seconds, bytes)."""
    predictor = Predictor()
    for second, progress_bytes in answers:
        predictor.saw(progress_bytes, size, START + second, apart=FLOOR)
    return predictor


def steady(until: int, *, every: int = 1) -> list[tuple[float, int]]:
    """Ten bytes a second."""
    return [(float(second), 10 * second) for second in range(0, until + 1, every)]


@pytest.mark.parametrize(
    ("answers", "size"),
    [
        pytest.param([], SIZE, id="nothing asked yet"),
        pytest.param([(1, 500)], SIZE, id="asked once"),
        pytest.param([(1, None), (2, None)], SIZE, id="no bytes are told"),
        pytest.param([(1, 500), (2, 600)], None, id="no size is told"),
        pytest.param([(1, 0), (2, 0)], SIZE, id="not even a first byte"),
        pytest.param([(1, 500), (2, 500)], SIZE, id="no byte has moved while it was watched"),
        pytest.param([(1, 500), (2, 600), (3, None)], SIZE, id="no bytes are told any more"),
        pytest.param([(1, 500), (2, 600), (3, 400)], SIZE, id="it has begun anew"),
        pytest.param([(1, 500), (1.4, 900)], SIZE, id="watched for less than the floor"),
        pytest.param([(1, 500), (1, 900)], SIZE, id="watched for no time at all"),
        pytest.param([(1, 500), (2, SIZE)], SIZE, id="every byte is there"),
        pytest.param([(1, 500), (2, SIZE + 1)], SIZE, id="more bytes than there should be"),
    ],
)
def test_nothing_is_foretold_where_bytes_tell_nothing(
    answers: list[tuple[float, int | None]], size: int | None
) -> None:
    """Then the polls follow their own schedule."""
    assert seen(*answers, size=size).pause(START + 2, FLOOR) == 0


def test_rate_that_was_seen_once_is_trusted_for_less_than_half_of_the_time() -> None:
    """If it doubles meanwhile, the next poll still comes before the end."""
    pause = seen((0, 9_000), (10, 9_500)).pause(START + 10, FLOOR)

    assert pause == pytest.approx(10 * FIRST_SHARE)
    assert pause < 5


def test_rate_that_stays_the_same_is_trusted_more_and_more() -> None:
    """A steady upload takes few polls."""
    shares = [seen(*steady(500, every=every)).pause(START + 500, FLOOR) / 500 for every in (500, 250, 100, 10)]

    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(FIRST_SHARE)
    assert shares[-1] == pytest.approx(SHARE, rel=0.01)


@pytest.mark.parametrize("jump", [0.25, 0.5, 2, 4])
def test_rate_that_changes_is_trusted_less(jump: float) -> None:
    """The next poll comes after a smaller share of what is left, whether it went up or down."""
    base = [*steady(100, every=10)]
    calm = seen(*base, (110.0, 1_100))
    jumpy = seen(*base, (110.0, 1_000 + int(100 * jump)))

    assert jumpy._doubt > calm._doubt


def test_last_stretch_is_waited_for_as_a_whole() -> None:
    """Where little more than a floor would be left, another poll before the end is not worth it."""
    assert seen((0, 9_800), (10, 9_900)).pause(START + 10, 10) == pytest.approx(10)
    assert seen((0, 9_800), (10, 9_900)).pause(START + 12, 10) == pytest.approx(8)


@pytest.mark.parametrize(("left", "rate"), [(100_000, 10), (10, 19)])
def test_rate_is_smoothed_over_as_long_as_it_foretells(left: int, rate: float) -> None:
    """Hours from the end a second's rate hardly counts; a second before it, that is what counts."""
    predictor = seen(*steady(100, every=10), (101.0, 1_020), size=1_020 + left)

    assert predictor._rate == pytest.approx(rate, rel=0.25)


def test_upload_that_was_watched_briefly_is_not_foretold_far_ahead() -> None:
    """A second of bytes says little about the next hour."""
    assert seen((0, 0), (1, 1), size=10**9).pause(START + 1, FLOOR) == REACH


def test_bytes_from_before_the_first_poll_make_no_rate() -> None:
    """An upload that is resumed at its end was not as fast as that."""
    predictor = seen((0, 9_000), (10, 9_010))

    assert predictor.pause(START + 10, FLOOR) == pytest.approx(REACH * 10)


def test_polls_in_quick_succession_make_no_rate_of_their_own() -> None:
    """A program that refreshes all the time confuses nobody: what moved since the last good look counts."""
    predictor = seen(*steady(100, every=10))
    rate, doubt = predictor._rate, predictor._doubt
    for moment in range(1, 5):
        assert predictor.saw(1_000 + moment % 2, SIZE, START + 100 + moment / 10, apart=FLOOR) is (moment % 2 == 1)

    assert (predictor._rate, predictor._doubt) == (rate, doubt)
    predictor.saw(1_010, SIZE, START + 101, apart=FLOOR)
    assert predictor._rate == pytest.approx(10)


def test_upload_that_stands_still_can_end_as_soon_as_it_moves_again() -> None:
    """The rate from before still tells how soon: before that, no poll is worth it."""
    moving = seen(*steady(500, every=50))
    rate = moving._rate
    for second in (550, 600, 700):
        assert not moving.saw(5_000, SIZE, START + second, apart=FLOOR)

    assert moving._rate == rate
    assert moving._end == pytest.approx(START + 700 + 5_000 / rate)


def test_prediction_comes_closer_as_time_goes_by() -> None:
    """Also without an answer: what was foretold is still so."""
    predictor = seen((0, 0), (100, 5_000))

    assert predictor.pause(START + 150, FLOOR) == pytest.approx(50 * FIRST_SHARE)
    assert predictor.pause(START + 201, FLOOR) == 0


def test_size_that_is_told_late_is_foretold_with_from_then_on() -> None:
    """The second answer with a size makes a rate."""
    predictor = seen(*steady(10), size=None)
    predictor.saw(110, SIZE, START + 11, apart=FLOOR)
    assert predictor.pause(START + 11, FLOOR) == 0

    predictor.saw(210, SIZE, START + 21, apart=FLOOR)
    assert predictor.pause(START + 21, FLOOR) == pytest.approx(REACH * 10)


# Sizes up to those that the client believes; seconds that a clock may have moved by, or may not.
numbers = st.none() | st.integers(0, 10**30)
answers = st.lists(st.tuples(st.floats(0, 10_000), numbers, numbers), max_size=30)


@given(answers)
def test_whatever_is_answered_the_next_poll_comes_between_floor_and_ceiling(
    answers: Sequence[tuple[float, int | None, int | None]],
) -> None:
    """No sequence of numbers, however absurd, makes a job poll without a pause, or not at all."""
    policy = PollPolicy(deadline=10**9, stall_timeout=10**9)
    tracker, now, due = Tracker(policy, START), START, []
    for seconds, progress_bytes, file_size_bytes in answers:
        now += seconds
        tracker.saw(UploadStatus(progress_bytes=progress_bytes, file_size_bytes=file_size_bytes), now)
        due.append(tracker.wakes_at - now)

    assert all(math.isfinite(wait) for wait in due)
    assert all(policy.floor - 1e-6 <= wait <= policy.ceiling + 1e-6 for wait in due)


@given(st.floats(10, 7_200), st.integers(10**4, 10**10))
def test_steady_upload_is_seen_to_end_within_moments(seconds: float, size: int) -> None:
    """However long and large, with polls that are answered at once; and it takes few."""
    policy = PollPolicy()
    tracker, times = Tracker(policy, 0.0), [0.0]
    while times[-1] < seconds:
        times.append(tracker.wakes_at)
        moved = int(size * min(1.0, times[-1] / seconds))
        tracker.saw(UploadStatus(progress_bytes=moved, file_size_bytes=size), times[-1])

    assert times[-1] - seconds <= 3 * policy.floor
    assert len(times) <= 16 + seconds / policy.ceiling
