"""What is sent again, and when: tables, no clock."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cincopa_async import (
    APIError,
    AuthenticationError,
    CincopaError,
    ClientClosedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    TransportError,
    UploadTimeoutError,
)
from cincopa_async._calls import Safety


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every draw takes the longest wait."""
    monkeypatch.setattr(random, "uniform", lambda low, high: high)


def api_error(kind: type[Any], code: int, **more: Any) -> CincopaError:
    error: CincopaError = kind(code, "no", "asset.list", **more)
    return error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (TransportError("x.y", "refused"), True),
        (TransportError("x.y", "reset", maybe_applied=True), False),
        (RequestTimeoutError("x.y", "no connection"), True),
        (RequestTimeoutError("x.y", "no answer", maybe_applied=True), False),
        (api_error(RateLimitError, 429), True),
        (api_error(ServerError, 503, retry_after=1), True),
        (api_error(ServerError, 500, maybe_applied=True), False),
    ],
)
@pytest.mark.parametrize("safety", ["read", "idempotent", "write"])
def test_passing_fault_is_tried_again_but_for_a_write_that_may_be_done(
    error: CincopaError, again: bool, safety: Safety
) -> None:
    """A write is sent again only if Cincopa certainly did not act on it."""
    pause = RetryPolicy().pause(1, safety, error)

    assert (pause is not None) is (again or safety != "write")


@pytest.mark.parametrize(
    "error",
    [
        CincopaError("?"),
        api_error(APIError, 400),
        api_error(AuthenticationError, 403),
        api_error(PermissionDeniedError, 403),
        api_error(NotFoundError, 404),
        ResponseDecodeError("x.y", "no object"),
        ClientClosedError(),
        UploadTimeoutError("42"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("safety", ["read", "idempotent", "write"])
def test_answer_that_would_be_the_same_again_is_not_asked_for(error: CincopaError, safety: Safety) -> None:
    """A refusal, and an answer that cannot be read."""
    assert RetryPolicy().pause(1, safety, error) is None


@pytest.mark.parametrize(("attempts", "pauses"), [(1, 0), (2, 1), (4, 3)])
def test_call_is_sent_so_many_times_at_most(attempts: int, pauses: int) -> None:
    """The first time counts."""
    policy = RetryPolicy(attempts=attempts)
    answers = [policy.pause(attempt, "read", TransportError("x.y", "reset")) for attempt in range(1, 6)]

    assert [answer is not None for answer in answers] == [True] * pauses + [False] * (5 - pauses)


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (100, 8.0), (9_999, 8.0)]
)
def test_longest_wait_doubles_up_to_its_bound(attempt: int, seconds: float, longest: None) -> None:
    """Also after more attempts than a float has powers of two for."""
    assert RetryPolicy(attempts=10_000).pause(attempt, "read", TransportError("x.y", "reset")) == seconds


def test_wait_is_drawn_from_zero_on() -> None:
    """Full jitter: many clients that failed at once do not come back at once."""
    policy = RetryPolicy(base_delay=2.0, max_delay=2.0)
    pauses = [policy.pause(1, "read", TransportError("x.y", "reset")) or 0.0 for _ in range(500)]

    assert 0 <= min(pauses) < 0.2
    assert 1.8 < max(pauses) <= 2.0


@pytest.mark.parametrize(
    ("asked", "seconds"), [(None, 0.5), (0.0, 0.5), (3.0, 3.5), (60.0, 60.5), (float("inf"), 60.5)]
)
@pytest.mark.parametrize("kind", [RateLimitError, ServerError])
def test_retry_after_is_obeyed_and_capped(kind: type[Any], asked: float | None, seconds: float, longest: None) -> None:
    """Never earlier than asked for, and not for ever."""
    assert RetryPolicy().pause(1, "read", api_error(kind, 503, retry_after=asked)) == seconds


@pytest.mark.parametrize("name", ["base_delay", "max_delay", "max_retry_after"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan")])
def test_times_that_are_none_are_refused_by_name(name: str, value: float) -> None:
    """A wait of nothing would be a storm."""
    with pytest.raises(ValueError, match=name):
        RetryPolicy(**{name: value})  # type: ignore[arg-type]  # by name, from a table


@pytest.mark.parametrize(("value", "kind"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), ("3", TypeError)])
def test_attempts_are_a_whole_number_from_one(value: Any, kind: type[Exception]) -> None:
    """Zero attempts would be no call."""
    with pytest.raises(kind, match="attempts"):
        RetryPolicy(attempts=value)
