"""When an upload can be at its end, judged by the bytes that polls have seen. Pure: no clock, no socket."""

from __future__ import annotations

import math

# Chosen by `benchmarks/polling.py` on its first seed; it shows what they do on another.
SHARE = 0.8
"""How much of the predicted time passes before the next poll, as long as the rate has been steady."""
WARINESS = 2.0
"""How much less it is for each e-fold by which the rate has been seen to vary."""
LOOK_BACK = 1 / 3
"""How far back the rate is smoothed, as a share of the time that it is to foretell."""
REACH = 6.0
"""How many times as long as bytes have been watched they foretell at most."""
FIRST_DOUBT = 0.5
"""By how many e-folds a rate is taken to vary that has been seen once."""
DOUBT_WEIGHT = 0.3
"""The weight of the newest variation among all."""


class Predictor:
    """What the bytes seen so far say of the end. Times are those of one clock, in seconds."""

    __slots__ = ("_bytes", "_doubt", "_end", "_rate", "_since", "_time")

    def __init__(self) -> None:
        self._bytes: int | None = None
        self._time = self._since = -math.inf
        self._rate = 0.0
        self._doubt = FIRST_DOUBT
        self._end = -math.inf

    def saw(self, progress_bytes: int | None, file_size_bytes: int | None, now: float, *, apart: float) -> bool:
        """
        Take in how far an upload has come, and say whether bytes have moved towards an end that is known.

        Args:
            progress_bytes: Bytes that have moved so far, if that is known.
            file_size_bytes: How many there are to move, if that is known.
            now: The time of the answer.
            apart: Seconds; what has moved in less tells no rate.
        """
        if progress_bytes is None or file_size_bytes is None:
            self._forget()
            return False
        if self._bytes is None or progress_bytes < self._bytes:
            # How long the first bytes took nobody knows: the upload may have begun before the job, or waited.
            self._forget()
            self._bytes, self._time, self._since = progress_bytes, now, now
            return False
        missing = max(0, file_size_bytes - progress_bytes)
        moved = progress_bytes - self._bytes
        if now - self._time >= apart:
            self._learn(moved, now - self._time, missing)
            self._bytes, self._time = progress_bytes, now
        # While none moves the rate stays what it was: as soon as they move again the end can be that near.
        self._end = now + missing / self._rate if self._rate else -math.inf
        return moved > 0

    def pause(self, now: float, floor: float) -> float:
        """
        Return the seconds that can pass before the end is likely, 0 where nothing is known of it.

        Far from the end that is a share of the predicted time, so that a rate that grows meanwhile is noticed; at last,
        when little more than `floor` seconds would be left over, all of it.
        """
        left = self._end - now
        if left <= 0:
            return 0.0
        share = left * SHARE / (1 + WARINESS * self._doubt)
        pause = left if left - share < 2 * floor else share
        return min(pause, REACH * (now - self._since))

    def _forget(self) -> None:
        self._bytes = None
        self._rate = 0.0
        self._doubt = FIRST_DOUBT
        self._end = -math.inf

    def _learn(self, moved: int, seconds: float, missing: int) -> None:
        if not moved:
            return
        rate = moved / seconds
        if not self._rate:
            self._rate = rate
            return
        self._doubt += DOUBT_WEIGHT * (abs(math.log(rate / self._rate)) - self._doubt)
        weight = seconds / (seconds + LOOK_BACK * missing / self._rate)
        self._rate += weight * (rate - self._rate)
