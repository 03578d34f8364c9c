"""How many calls a second a client sends: as many as it was told, and as many as the service takes."""

from __future__ import annotations

import math

import anyio

from ._line import Line

CUT = 0.85
"""What is left of the pace after a 429. A deeper cut would waste more of what is allowed than it saves in refusals."""
RECOVERY = 10.0
"""Seconds in which the pace climbs back to where it was cut, to go on climbing as steeply."""
ROUND = 1.0
"""Seconds after a cut in which further refusals say nothing new: they answer calls that were sent before it."""
FORGET = 60.0
"""Seconds without a refusal after which there is no limit any more but the one that was given."""
FIRST_GUESS = 20.0
"""
Calls a second that the first refusal leaves at least: it may come before the calls that were taken with it. The pace
climbs steeply then, until the next refusal tells better how many are taken.
"""
SLOWEST = 1.0
"""Calls a second that are tried in any case, unless the limit that was given is lower."""
LONGEST_PAUSE = 10.0
"""Seconds for which a Retry-After can stop all calls; the call that it was told waits for as long as it says."""

_BURST = 2.0


class Pace:
    """
    Lets calls go one after the other, in the order of their coming, but after few polls however many wait.

    Without a limit they all go at once. The first refusal (HTTP 429) makes one: a part of what was taken in the last
    second. From then on it climbs slowly and is cut at each refusal: additive increase, multiplicative decrease.
    """

    def __init__(self, limit: float | None) -> None:
        self._limit = math.inf if limit is None else limit
        self.forget_loop()

    @property
    def rate(self) -> float:
        """Calls a second, infinity where there is no limit."""
        return self._rate

    def forget_loop(self) -> None:
        """Begin anew, in an event loop whose clock may be another one."""
        self._rate = self._limit
        self._climb = 0.0
        self._is_guess = False
        self._next = -math.inf
        self._paused_until = -math.inf
        self._cut_at = -math.inf
        self._taken_at = -math.inf
        self._climbed_at = -math.inf
        self._second = -math.inf
        self._taken = 0
        self._taken_before = 0
        self._line = Line()

    async def turn(self, *, urgent: bool, poll: bool = False, group: object = None) -> bool:
        """
        Wait until the next call may be sent, not at all if it is urgent, which counts all the same.

        `group` is whose poll it is, where it is one.

        Returns:
            Whether it was counted. It is not where there is no limit: there may be one by the time that it is sent.
        """
        if self._rate == math.inf:
            return False
        if urgent:
            self._take(anyio.current_time())
            return True
        await self._line.enter(poll=poll, group=group)
        try:  # Whoever is cancelled here leaves the line, and takes nothing with it.
            while (wait := max(self._next, self._paused_until) - anyio.current_time()) > 0:  # noqa: ASYNC110 - a clock
                await anyio.sleep(wait)
            self._take(anyio.current_time())
        finally:
            self._line.leave()
        return True

    def taken(self, now: float) -> None:
        """Take notice that the service has taken a call."""
        self._count(now)
        self._taken += 1
        self._taken_at = now
        if self._rate >= self._limit:
            return
        if now - self._cut_at > FORGET:
            self._rate = self._limit
            self._cut_at = -math.inf
            return
        climb = self._rate if self._is_guess else self._climb
        self._rate = min(self._limit, self._rate + climb * max(0.0, now - self._climbed_at))
        self._climbed_at = max(self._climbed_at, now)

    def refused(self, now: float, retry_after: float | None) -> None:
        """Take notice that the service has refused a call because there were too many."""
        self._count(now)
        self._paused_until = max(self._paused_until, now + min(retry_after or 0.0, LONGEST_PAUSE))
        if now - self._cut_at < ROUND or self._taken_at <= self._cut_at > -math.inf:
            return  # Where nothing was taken since the last cut, a slower pace would be refused as well.
        self._is_guess = self._cut_at == -math.inf
        most = min(self._rate, max(FIRST_GUESS if self._is_guess else SLOWEST, self._taken_lately(now)))
        self._rate = max(min(SLOWEST, most), CUT * most)
        self._climb = (most - self._rate) / RECOVERY
        self._cut_at = now
        self._climbed_at = max(now, self._paused_until)  # It climbs from when calls go again.

    def _take(self, now: float) -> None:
        interval = 1 / self._rate
        self._next = max(self._next, now - _BURST * interval) + interval

    def _count(self, now: float) -> None:
        if now - self._second >= 1.0:
            self._taken_before = self._taken if now - self._second < 2.0 else 0
            self._taken = 0
            self._second = now

    def _taken_lately(self, now: float) -> float:
        """Say how many calls the service has taken within the last second, about."""
        return self._taken + self._taken_before * (1.0 - min(1.0, now - self._second))
