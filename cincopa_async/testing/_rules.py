"""When a quirk or a fault applies: by call, by count, by chance."""

from __future__ import annotations

import random
from collections.abc import Collection
from fnmatch import fnmatchcase


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
        """Count a call, and say whether it is meant. Whoever holds rules has a lock: this one has none."""
        if not fnmatchcase(call, self._call):
            return False
        self._seen += 1
        # The dice is thrown for every call, so that which calls it picks depends on their number alone.
        picked = self._rate is None or self._dice.random() < self._rate
        if self._nth is not None and self._seen not in self._nth:
            picked = False
        if self._every is not None and self._seen % self._every:
            picked = False
        if not picked or self._left == 0:
            return False
        if self._left is not None:
            self._left -= 1
        return True
