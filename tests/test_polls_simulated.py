"""The default policy on many uploads of every kind, in virtual time: a short form of `benchmarks/polling.py`."""

from __future__ import annotations

import random

import pytest

from benchmarks.polling import KINDS, Kind, Schedule, Trace, backoff, compare, fixed, replay, uploads
from cincopa_async import PollPolicy, UploadState

SEED = 3
"""Neither that on which the constants were chosen nor that on which the benchmark shows them."""
UPLOADS = 2_000


@pytest.fixture(scope="module")
def schedules() -> list[Schedule]:
    """Of the benchmark's grid those that come close to the best."""
    intervals = [fixed(2 * 1.05**step) for step in range(60)]
    return intervals + [
        backoff(first, growth, ceiling)
        for first in (2, 3, 4, 6, 8)
        for growth in (1.007, 1.01, 1.02, 1.05, 1.1)
        for ceiling in (8, 10, 15, 20, 30)
    ]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.at_most], ids=lambda kind: kind.name)
def test_end_is_noticed_sooner_than_by_any_schedule_of_as_many_polls(kind: Kind, schedules: list[Schedule]) -> None:
    """The mean delay is a fraction of what the best fixed interval or backoff has; without a size about the same."""
    compared = compare(PollPolicy(), uploads(kind, UPLOADS, SEED), schedules, SEED)

    assert kind.at_most is not None
    assert compared.other.polls <= compared.ours.polls
    assert compared.ratio <= kind.at_most


def test_upload_of_known_size_takes_a_dozen_polls_and_is_noticed_within_a_second() -> None:
    """In the mean over durations from a second to two hours, at rates that vary by 60 %."""
    random.seed(SEED)
    figures = replay(PollPolicy(), uploads(KINDS[0], UPLOADS, SEED), random.Random(SEED))

    assert KINDS[0].name == "known size"
    assert figures.polls <= 12
    assert figures.mean < 1


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_simulated_service_tells_no_more_than_a_real_one(kind: Kind) -> None:
    """Bytes never go back, none is missing at the end, and nobody learns of the end before it has come."""
    for trace in uploads(kind, 50, SEED):
        statuses = [trace.status(at) for at in (*(trace.end * step / 100 for step in range(100)), trace.end)]
        moved = [status.progress_bytes or 0 for status in statuses]
        assert moved == sorted(moved)
        assert moved[-1] == statuses[-1].file_size_bytes
        assert [status.state.is_final for status in statuses] == [False] * 100 + [True]
        assert all((status.file_size_bytes is not None) is trace.tells_size for status in statuses[:-1])


def test_simulated_schedule_is_that_of_its_name() -> None:
    """Each pause begins with an answer, which takes a tenth of a second or so; the poll that tells the end counts."""
    trace = Trace([0.0, 30.0], [0.0, 100.0], 30.0)
    figures = fixed(4).replay([trace])

    assert trace.status(15).progress_bytes == 50
    assert trace.status(30).state is UploadState.COMPLETED
    assert figures.polls == 8
    assert 2 < figures.mean < 4
    assert backoff(1, 2, 8).replay([trace]).polls == 6
