"""When a quirk or a fault applies: by call, by count, by chance."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import TypeVar

T = TypeVar("T")


class Rule:
    """
    Says of each call that comes whether it is meant.

    `call` is a pattern of calls (``"asset.*"``); only calls that match it are counted. Of these `nth` picks by number,
    the first being 1, `every` each so many-th, `rate` the given part by a dice with `seed`; where several are given,
    all must hold. `times` bounds how often in all.
    """

    def __init__(
        self,
        *,
        call: str = "*",
        nth: int | Collection[int] | None = None,
        every: int | None = None,
        rate: float | None = None,
        seed: int = 0,
        times: int | None = None,
    ) -> None:
        if every is not None and every < 1:
            raise ValueError(f"every must be 1 or more, not {every}")
        if rate is not None and not 0 <= rate <= 1:
            raise ValueError(f"rate must be between 0 and 1, not {rate}")
        self._call = call
        self._nth = None if nth is None else frozenset([nth] if isinstance(nth, int) else nth)
        self._every = every
        self._rate = rate
        self._dice = random.Random(seed)
        self._left = times
        self._seen = 0

    def applies(self, call: str) -> bool:
        """Count a call, and say whether it is meant; whoever holds rules has a lock, for they have none."""
        return self.picks(call) and self.take()

    def picks(self, call: str) -> bool:
        """Count a call, and say whether it is one of those meant, however often that has been."""
        if not fnmatchcase(call, self._call):
            return False
        self._seen += 1
        # The dice is thrown for every call, so that which calls it picks depends on their number alone.
        picked = self._rate is None or self._dice.random() < self._rate
        if self._nth is not None and self._seen not in self._nth:
            picked = False
        if self._every is not None and self._seen % self._every:
            picked = False
        return picked

    def take(self) -> bool:
        """Say whether the rule has not been used up yet, and use it once."""
        if self._left is None:
            return True
        self._left -= 1
        return self._left >= 0


def first(things: Iterable[tuple[Rule, T]], call: str) -> T | None:
    """Return what goes with the first rule that applies. The others count the call too, but are not used up by it."""
    picked = [(rule, thing) for rule, thing in things if rule.picks(call)]
    return next((thing for rule, thing in picked if rule.take()), None)
