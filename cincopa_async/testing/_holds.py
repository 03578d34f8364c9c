"""Keeps uploads in progress, and assets in their sync phase, until a test lets them go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock

import anyio

from ._background import Background


@dataclass(frozen=True, eq=False, slots=True)
class Hold:
    """Which uploads wait, and where: once they have read `after_bytes`, or before they end if that is less."""

    input: str
    after_bytes: int

    def stops(self, input: str, received: int, *, at_end: bool) -> bool:
        """Say whether an upload that has come so far waits."""
        return (received >= self.after_bytes or at_end) and (input == self.input or fnmatchcase(input, self.input))


class Holds:
    """The holds in force. They are set and released from the test's thread, and bind uploads that run in another."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._holds: list[Hold] = []
        self._waiting: set[Callable[[], None]] = set()

    def add(self, hold: Hold) -> None:
        """Put a hold in force."""
        with self._lock:
            self._holds.append(hold)

    def release(self, hold: Hold | None = None) -> None:
        """Lift one hold, or all: every upload that waits looks again whether it may go on."""
        with self._lock:
            self._holds = [] if hold is None else [held for held in self._holds if held is not hold]
            waiting = list(self._waiting)
        for wake in waiting:
            wake()

    def holds(self, input: str) -> bool:
        """Say whether a hold stops `input` at its beginning."""
        with self._lock:
            return any(hold.stops(input, 0, at_end=False) for hold in self._holds)

    async def passed(self, input: str, received: int, background: Background, *, at_end: bool = False) -> None:
        """Wait until no hold stops an upload of `input` that has read `received` bytes."""
        while True:
            with self._lock:
                if not any(hold.stops(input, received, at_end=at_end) for hold in self._holds):
                    return
                woken = anyio.Event()

                def wake(woken: anyio.Event = woken) -> None:
                    background.call_soon(woken.set)

                self._waiting.add(wake)
            try:
                await woken.wait()
            finally:
                with self._lock:
                    self._waiting.discard(wake)
