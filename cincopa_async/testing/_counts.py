"""What the fake has seen, to be asserted upon."""

from __future__ import annotations

from collections import Counter
from threading import RLock
from typing import Literal

End = Literal["completed", "failed", "aborted"]


class Counts:
    """
    How much a :class:`FakeCincopa` has seen and done; exact at any moment, from any thread.

    Each upload that was started is running, completed, failed or aborted: the four always add up.
    """

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._requests: Counter[str] = Counter()
        self._inputs: Counter[str] = Counter()
        self._ends: Counter[str] = Counter()

    @property
    def uploads_started(self) -> int:
        """How many uploads from a URL were accepted."""
        with self._lock:
            return self._inputs.total()

    @property
    def uploads_running(self) -> int:
        """How many of them are in progress now."""
        with self._lock:
            return self._inputs.total() - self._ends.total()

    @property
    def uploads_completed(self) -> int:
        """How many became an asset."""
        with self._lock:
            return self._ends["completed"]

    @property
    def uploads_failed(self) -> int:
        """How many failed, the ones ended because the server stopped among them."""
        with self._lock:
            return self._ends["failed"]

    @property
    def uploads_aborted(self) -> int:
        """How many were aborted by a call."""
        with self._lock:
            return self._ends["aborted"]

    @property
    def requests(self) -> Counter[str]:
        """How many requests came, by call (``"asset.list"``), refused and broken ones included; a copy."""
        with self._lock:
            return self._requests.copy()

    @property
    def inputs(self) -> Counter[str]:
        """How many uploads were started from each input URL; a copy."""
        with self._lock:
            return self._inputs.copy()

    def __repr__(self) -> str:
        with self._lock:
            return (
                f"<Counts uploads_started={self.uploads_started} running={self.uploads_running} "
                f"completed={self.uploads_completed} failed={self.uploads_failed} aborted={self.uploads_aborted} "
                f"requests={dict(self._requests)}>"
            )


class Tally(Counts):
    """Counts as the fake itself has them: it can add to them."""

    def request_came(self, call: str) -> None:
        """Count a request."""
        with self._lock:
            self._requests[call] += 1

    def upload_started(self, input: str) -> None:
        """Count an upload that was accepted."""
        with self._lock:
            self._inputs[input] += 1

    def upload_ended(self, end: End) -> None:
        """Count the end of an upload."""
        with self._lock:
            self._ends[end] += 1
