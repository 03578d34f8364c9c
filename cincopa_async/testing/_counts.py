"""What the fake has seen, to be asserted upon."""

from __future__ import annotations

from collections import Counter
from threading import RLock
from typing import Literal

End = Literal["completed", "failed", "aborted"]


class Counts:
    """
    How much a :class:`FakeCincopa` has seen and done; exact at any moment, from any thread.

    Each upload that was started is running, completed, failed or aborted: the four always add up. Each file that was
    started by direct upload is unfinished or stored.
    """

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._requests: Counter[str] = Counter()
        self._inputs: Counter[str] = Counter()
        self._ends: Counter[str] = Counter()
        self._files_started = 0
        self._files_stored = 0
        self._chunks = 0

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
    def files_started(self) -> int:
        """How many files began to arrive by direct upload; one whose last chunk came twice counts twice."""
        with self._lock:
            return self._files_started

    @property
    def files_unfinished(self) -> int:
        """How many of them lack their last chunk."""
        with self._lock:
            return self._files_started - self._files_stored

    @property
    def files_stored(self) -> int:
        """How many became an asset."""
        with self._lock:
            return self._files_stored

    @property
    def chunks(self) -> int:
        """How many chunks of files were taken, the ones that came again and whole files among them."""
        with self._lock:
            return self._chunks

    @property
    def requests(self) -> Counter[str]:
        """How many requests came, by call (``"post.jpg"``: direct uploads), refused and broken ones too; a copy."""
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
                f"files_started={self._files_started} stored={self._files_stored} chunks={self._chunks} "
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

    def file_started(self) -> None:
        """Count a file that begins to arrive."""
        with self._lock:
            self._files_started += 1

    def file_stored(self) -> None:
        """Count a file that became an asset."""
        with self._lock:
            self._files_stored += 1

    def chunk_came(self) -> None:
        """Count a chunk that was taken."""
        with self._lock:
            self._chunks += 1
