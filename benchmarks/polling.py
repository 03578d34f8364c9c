"""
How late the end of an upload is noticed, and what that costs in polls: the default policy beside fixed schedules.

Uploads of five kinds are replayed in virtual time, in no time. A policy sees of them what a client sees: answers to its
polls, which take a while and tell how far the upload was when the service looked. The best of a grid of fixed intervals
and backoffs that takes no more polls is what the policy is measured against; both see the same uploads.
The constants of `_predict.py` and `polling.py` were chosen on the first seed; what counts is the second. Run it with
``python -m nox -s bench -- polling``.
"""

from __future__ import annotations

import itertools
import math
import random
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

from attrs import frozen

from cincopa_async import PollPolicy, UploadState, UploadStatus
from cincopa_async.polling import Tracker

UPLOADS = 4_000
CHOSEN_ON, SHOWN_ON = 1, 2
MEDIAN, SIGMA = 60.0, 1.6
"""Of the durations, in seconds; they are log-normal."""
SHORTEST, LONGEST = 1.0, 2 * 3600.0
VARIATION = 0.6
"""Standard deviation of the rate, as a share of its mean."""
LONGEST_STALL = 600.0
LONGEST_PHASE = 60.0
LATENCY, LATENCY_SIGMA = 0.1, 0.5
"""Seconds from a poll to its answer: median, and sigma of its logarithm."""
HORIZON = LONGEST + LONGEST_STALL


@frozen
class Trace:
    """One upload: between the `times` its bytes grow evenly, from one of `moved` to the next."""

    times: Sequence[float]
    moved: Sequence[float]
    end: float
    """When it completes: with its last byte, or some time after."""
    tells_size: bool = True

    def status(self, at: float) -> UploadStatus:
        """What the service answers when it looks at that time."""
        size = math.ceil(self.moved[-1])
        if at >= self.end:
            return UploadStatus(state=UploadState.COMPLETED, rid="R", progress_bytes=size, file_size_bytes=size)
        return UploadStatus(
            progress_bytes=size if at >= self.times[-1] else int(self.bytes_at(at)),
            file_size_bytes=size if self.tells_size else None,
        )

    def bytes_at(self, at: float) -> float:
        after = bisect_right(self.times, at)
        (began, ended), (low, high) = self.times[after - 1 : after + 1], self.moved[after - 1 : after + 1]
        return low + (high - low) * (at - began) / (ended - began)


def duration(rng: random.Random) -> float:
    while True:
        seconds = rng.lognormvariate(math.log(MEDIAN), SIGMA)
        if SHORTEST <= seconds <= LONGEST:
            return seconds


def flowing(seconds: float, pieces: Iterator[tuple[float, float]]) -> Trace:
    """Let bytes flow for so many seconds, in pieces of (seconds, bytes a second)."""
    times, moved = [0.0], [0.0]
    while times[-1] < seconds:
        lasts, rate = next(pieces)
        times.append(min(times[-1] + lasts, seconds))
        moved.append(moved[-1] + (times[-1] - times[-2]) * rate)
    return Trace(times, moved, seconds)


def varying(rng: random.Random) -> Trace:
    """The rate changes again and again: every second, or once or twice in all, or anything in between."""
    seconds = duration(rng)
    lasting = math.exp(rng.uniform(math.log(min(1.0, seconds / 2)), math.log(seconds)))
    mean = rng.lognormvariate(math.log(2e6), 1.0)
    sigma = math.sqrt(math.log(1 + VARIATION**2))

    def pieces() -> Iterator[tuple[float, float]]:
        while True:
            yield rng.expovariate(1 / lasting) + 1e-3, mean * rng.lognormvariate(-(sigma**2) / 2, sigma)

    return flowing(seconds, pieces())


def stalling(rng: random.Random) -> Trace:
    """Once, at any time, nothing moves for a while."""
    trace = varying(rng)
    stall, begins = rng.uniform(0, LONGEST_STALL), rng.uniform(0, trace.end)
    after = bisect_right(trace.times, begins)
    stuck = trace.bytes_at(begins)
    times = [*trace.times[:after], begins, begins + stall, *(time + stall for time in trace.times[after:])]
    return Trace(times, [*trace.moved[:after], stuck, stuck, *trace.moved[after:]], trace.end + stall)


def finishing(rng: random.Random) -> Trace:
    """After the last byte something is still done, and nobody knows how long that takes."""
    trace = varying(rng)
    return Trace(trace.times, trace.moved, trace.end + rng.uniform(0, LONGEST_PHASE))


def bursting(rng: random.Random) -> Trace:
    """Bytes come in bursts with pauses in between, which are longer than the bursts."""
    seconds = duration(rng)
    cycle, busy = math.exp(rng.uniform(math.log(2), math.log(30))), rng.uniform(0.1, 0.5)

    def pieces() -> Iterator[tuple[float, float]]:
        while True:
            yield rng.expovariate(1 / (cycle * (1 - busy))) + 1e-3, 0.0
            yield rng.expovariate(1 / (cycle * busy)) + 1e-3, 2e6

    trace = flowing(seconds, pieces())
    ended = bisect_left(trace.moved, trace.moved[-1])  # It completes with its last byte, not with a pause.
    return Trace(trace.times[: ended + 1], trace.moved[: ended + 1], trace.times[ended]) if ended else bursting(rng)


def sizeless(rng: random.Random) -> Trace:
    """How many bytes there will be is not known before the end."""
    trace = varying(rng)
    return Trace(trace.times, trace.moved, trace.end, tells_size=False)


@frozen
class Kind:
    """A kind of upload."""

    name: str
    make: Callable[[random.Random], Trace]
    at_most: float | None
    """What the ratio of the delays is to be at most."""


KINDS = (
    Kind("known size", varying, 0.1),
    Kind("a stall of up to ten minutes", stalling, 0.35),
    Kind("a phase of up to a minute after the last byte", finishing, 0.6),
    Kind("bursts", bursting, None),
    Kind("unknown size", sizeless, 1.1),
)


@frozen
class Figures:
    """What a policy costs and yields, over many uploads."""

    polls: float
    mean: float
    """Seconds from the end of an upload to the answer that tells it."""
    p99: float

    @classmethod
    def of(cls, polls: int, delays: list[float]) -> Figures:
        delays.sort()
        return cls(polls / len(delays), statistics.fmean(delays), delays[int(0.99 * len(delays))])

    def cells(self) -> list[str]:
        return [f"{self.polls:.1f}", f"{self.mean:.2f}", f"{self.p99:.2f}"]


def latency(rng: random.Random) -> float:
    return rng.lognormvariate(math.log(LATENCY), LATENCY_SIGMA)


def replay(policy: PollPolicy, traces: Sequence[Trace], rng: random.Random) -> Figures:
    """Poll each upload as a job does, until an answer tells its end."""
    polls, delays = 0, []
    for trace in traces:
        tracker, answered, status = Tracker(policy, 0.0), 0.0, UploadStatus()
        while not status.state.is_final:
            way = latency(rng)
            asked = tracker.wakes_at
            answered = asked + way
            status = tracker.saw(trace.status(asked + way / 2), answered)
            polls += 1
        delays.append(answered - trace.end)
    return Figures.of(polls, delays)


@frozen
class Schedule:
    """Polls that are sent whatever is answered; each pause begins with an answer."""

    name: str
    looks: Sequence[float]
    """When the service looks."""
    answers: Sequence[float]
    """When its answers come."""

    @classmethod
    def of(cls, name: str, pauses: Iterator[float]) -> Schedule:
        # One and the same for all uploads: how long answers take varies within a schedule, that is enough.
        rng, looks, answers = random.Random(name), [], [0.0]
        while answers[-1] < HORIZON:
            way = latency(rng)
            asked = answers[-1] + next(pauses)
            looks.append(asked + way / 2)
            answers.append(asked + way)
        return cls(name, looks, answers[1:])

    def replay(self, traces: Sequence[Trace]) -> Figures:
        tells = [bisect_left(self.looks, trace.end) for trace in traces]
        delays = [self.answers[poll] - trace.end for poll, trace in zip(tells, traces, strict=True)]
        return Figures.of(sum(tells) + len(traces), delays)


def fixed(seconds: float) -> Schedule:
    return Schedule.of(f"every {seconds:.3g} s", itertools.repeat(seconds))


def backoff(first: float, growth: float, ceiling: float) -> Schedule:
    pauses = (min(ceiling, first * growth ** min(poll, 2_000)) for poll in itertools.count())
    return Schedule.of(f"{first:g} s, then {growth:g} times as long each, up to {ceiling:g} s", pauses)


def usual() -> list[Schedule]:
    """What clients do."""
    return [*(fixed(seconds) for seconds in (1, 2, 5, 10)), backoff(0.5, 1.4, 15), backoff(1, 2, 60)]


def grid() -> list[Schedule]:
    """Fixed intervals and backoffs, so many that between two neighbours little is to be gained."""
    intervals = [0.5 * 1.05**step for step in range(115)]
    firsts = (0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 8)
    growths = (1.005, 1.01, 1.015, 1.02, 1.03, 1.05, 1.07, 1.1, 1.2, 1.4, 2)
    ceilings = (8, 10, 12, 15, 20, 30, 60, 120)
    backoffs = itertools.product(firsts, growths, ceilings)
    return [*map(fixed, intervals), *itertools.starmap(backoff, backoffs)]


def best(schedules: Sequence[Schedule], traces: Sequence[Trace], polls: float) -> tuple[Figures, str]:
    """The least mean delay that takes no more polls."""
    figures = ((schedule.replay(traces), schedule.name) for schedule in schedules)
    return min((each for each in figures if each[0].polls <= polls), key=lambda each: each[0].mean)


@frozen
class Comparison:
    """How a policy does on one kind of upload, and what else could be had for as many polls."""

    ours: Figures
    other: Figures
    name: str
    ratio: float


def compare(policy: PollPolicy, traces: Sequence[Trace], schedules: Sequence[Schedule], seed: int) -> Comparison:
    random.seed(seed)  # The policy's jitter.
    ours = replay(policy, traces, random.Random(seed))
    other, name = best(schedules, traces, ours.polls)
    return Comparison(ours, other, name, ours.mean / other.mean)


def uploads(kind: Kind, count: int, seed: int) -> list[Trace]:
    rng = random.Random(f"{kind.name} {seed}")
    return [kind.make(rng) for _ in range(count)]


def main() -> None:
    from _results import table, write  # Not at the top: a test imports this file from elsewhere.

    schedules, others = grid(), usual()
    what = f"{UPLOADS:,} uploads of each kind, replayed in virtual time"
    best_is = f"the best is that of {len(schedules):,} schedules which takes no more polls than ours"
    text = [f"{what}. A delay is seconds from an upload's end to the answer that tells it; {best_is}."]
    for kind in KINDS:
        traces = uploads(kind, UPLOADS, SHOWN_ON)
        shown = compare(PollPolicy(), traces, schedules, SHOWN_ON)
        chosen = compare(PollPolicy(), uploads(kind, UPLOADS, CHOSEN_ON), schedules, CHOSEN_ON)
        rows = [
            ["`PollPolicy()`", *shown.ours.cells()],
            *([other.name, *other.replay(traces).cells()] for other in others),
            [f"the best: {shown.name}", *shown.other.cells()],
        ]
        aim = "" if kind.at_most is None else f"; the aim is {kind.at_most:g}"
        ratio = (
            f"Mean delay over the best's: {shown.ratio:.3f}{aim} (where our constants were chosen: {chosen.ratio:.3f})"
        )
        text += [
            f"**{kind.name.capitalize()}.** {ratio}.",
            table(["", "polls", "mean delay", "99th percentile"], rows),
        ]
    write("polling", "\n\n".join(text))


if __name__ == "__main__":
    main()
