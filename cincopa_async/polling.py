"""When to ask how far an upload is, and when to stop asking. Pure: no clock, no socket."""

from __future__ import annotations

import math
import random
from typing import Literal, TypeAlias

from attrs import evolve, field, frozen, validators

from ._predict import Predictor
from .errors import AuthenticationError, CincopaError, NotFoundError, PermissionDeniedError
from .models import UploadState, UploadStatus

Lapse: TypeAlias = Literal["deadline", "stalled", "no resid"]
"""Why a job is given up: its deadline, no byte has moved, or it completed without saying what came of it."""

UNKNOWN_TIMES = 5
"""How often running an id must be called unknown to be believed: a service may not know a fresh one at once."""
RESID_TIMEOUT = 30.0
"""Seconds that an upload may be completed without its rid."""

LONGEST_PAUSE = 300.0
"""Seconds that a Retry-After can put off a poll at most: the upload may end meanwhile."""

# Where nothing tells when an upload ends, the best wait grows about as the root of its age, for most durations are
# short and some are very long. Waits that grow by the same amount each do that. Chosen as those of `_predict.py`.
SLOW = 2.5
"""Seconds up to which waits double."""
SLOWER = 0.05
"""Seconds by which each wait is longer than the last from then on."""

_positive = validators.gt(0.0)


def _not_below_floor(policy: PollPolicy, _: object, value: float) -> None:
    if not value >= policy.floor:  # nan is not either.
        raise ValueError("ceiling must not be below floor")


@frozen(kw_only=True)
class PollPolicy:
    """
    How a job asks how far its upload is.

    The first poll comes soon. From then on the bytes that have moved tell when the end is likely, and it is asked then,
    between a floor and a ceiling; where they tell nothing (no size is known, none moves, all are there) each wait is
    longer than the last. A healthy long upload is ended by no clock but the deadline: the stall timeout ends it only
    while bytes are reported, some are missing, and none has moved.
    """

    first: float = field(default=0.3, validator=_positive)
    """Seconds from the start to the first poll, without jitter."""
    floor: float = field(default=0.5, validator=_positive)
    """Shortest time between two polls in seconds."""
    ceiling: float = field(default=60.0, validator=_not_below_floor)
    """Longest time between two polls in seconds, unless the service asks for more with Retry-After."""
    growth: float | None = field(default=None, validator=validators.optional([validators.ge(1.0), validators.le(10.0)]))
    """How many times longer each wait is than the last where bytes tell nothing; None: first twice, then ever less."""
    jitter: float = field(default=0.1, validator=[validators.ge(0.0), validators.lt(1.0)])
    """Share of each wait by which it is made longer or shorter at random, so that jobs do not poll in step."""
    stall_timeout: float = field(default=15 * 60.0, validator=_positive)
    """Seconds without a byte having moved after which an upload counts as stuck."""
    deadline: float = field(default=6 * 3600.0, validator=[_positive, validators.lt(math.inf)])
    """Seconds that a whole job may take. Then, as when it is stuck, `on_cancel` acts; UploadTimeoutError is raised."""

    def interval(self, polls: int, likely: float = 0.0) -> float:
        """
        Return the seconds to wait after `polls` polls in a row that told nothing new of the end.

        If the end is likely in `likely` seconds, and that is later, it is waited for.
        """
        if polls == 0:
            return self.first
        # The exponent is bounded for the float's sake; long before, the ceiling is reached.
        wait = self.floor * (self.growth or 2.0) ** min(polls - 1, 300)
        if self.growth is None:
            wait = min(wait, SLOW + SLOWER * polls)
        wait = min(self.ceiling, max(self.floor, wait, likely))
        # Drawn between the bounds, not cut to them: what stands at one of them would be in step.
        shortest, longest = wait * (1 - self.jitter), wait * (1 + self.jitter)
        return random.uniform(max(self.floor, shortest), min(self.ceiling, longest))


class Tracker:
    """What the polls of one job have said so far, and what follows. Times are those of one clock, in seconds."""

    __slots__ = (
        "_bytes",
        "_due",
        "_earliest",
        "_in_vain",
        "_policy",
        "_predictor",
        "_resid_until",
        "_silent",
        "_stalls_at",
        "_unknown",
        "_wanted",
        "deadline",
    )

    def __init__(self, policy: PollPolicy, now: float) -> None:
        self._policy = policy
        self.deadline: float = now + policy.deadline
        self._predictor = Predictor()
        self._in_vain = 0
        self._bytes: int | None = None
        self._stalls_at: float | None = None
        self._silent = False
        self._resid_until: float | None = None
        self._unknown = 0
        self._due = now + policy.interval(0)
        self._earliest = now
        self._wanted = math.inf

    @property
    def wakes_at(self) -> float:
        """When there is something to do: the next poll, or to give up."""
        due = min(self._due, max(self._wanted, self._earliest))
        return min(due, *(end for _, end in self._ends()))

    def hurry(self, at: float) -> bool:
        """
        Let a poll be sent at `at`, or as soon after it as the last one and its Retry-After allow.

        Returns:
            Whether no poll was wanted that soon before.
        """
        sooner = at < self._wanted
        self._wanted = min(self._wanted, at)
        return sooner

    def asks(self) -> None:
        """Take in that a poll is being sent: what hurries from now on wants another, for this one may miss it."""
        self._wanted = math.inf

    def saw(self, status: UploadStatus, now: float) -> UploadStatus:
        """Take in what a poll answered, and return it as it counts: completed without a rid is not the end yet."""
        if self._predictor.saw(status.progress_bytes, status.file_size_bytes, now, apart=self._policy.floor):
            self._in_vain = 0
        self._polled(now)
        self._silent = False
        self._unknown = 0
        self._watch_for_stall(status, now)
        if status.state is not UploadState.COMPLETED:
            self._resid_until = None
        elif status.rid is None:
            if self._resid_until is None:
                self._resid_until = now + RESID_TIMEOUT
            return evolve(status, state=UploadState.IN_PROGRESS)
        return status

    def missed(self, error: CincopaError, now: float) -> bool:
        """Take in how a poll failed, and say whether that ends the job: most faults are passing."""
        self._polled(now, getattr(error, "retry_after", None))
        self._silent = True
        self._unknown = self._unknown + 1 if isinstance(error, NotFoundError) else 0
        return isinstance(error, AuthenticationError | PermissionDeniedError) or self._unknown >= UNKNOWN_TIMES

    def lapse(self, now: float) -> Lapse | None:
        """Say why the job is to be given up now, if it is."""
        return next((why for why, end in self._ends() if now >= end), None)

    def _ends(self) -> list[tuple[Lapse, float]]:
        ends: list[tuple[Lapse, float]] = [("deadline", self.deadline)]
        if self._resid_until is not None:
            ends.insert(0, ("no resid", self._resid_until))
        if self._stalls_at is not None and not self._silent:  # While no poll is answered, bytes may move unseen.
            ends.append(("stalled", self._stalls_at))
        return ends

    def _watch_for_stall(self, status: UploadStatus, now: float) -> None:
        some_missing = (
            status.progress_bytes is not None
            and status.file_size_bytes is not None
            and status.progress_bytes < status.file_size_bytes
        )
        if not some_missing:
            self._stalls_at = None
        elif self._stalls_at is None or status.progress_bytes != self._bytes:
            self._stalls_at = now + self._policy.stall_timeout
        self._bytes = status.progress_bytes
        if self._stalls_at is not None:  # A last look before it is given up: bytes may have begun to move.
            self._due = min(self._due, max(self._earliest, self._stalls_at - self._policy.floor))

    def _polled(self, now: float, retry_after: float | None = None) -> None:
        self._in_vain += 1
        likely = self._predictor.pause(now, self._policy.floor)
        asked_for = min(retry_after or 0.0, LONGEST_PAUSE)
        self._due = now + max(self._policy.interval(self._in_vain, likely), asked_for)
        self._earliest = now + max(self._policy.floor, asked_for)
