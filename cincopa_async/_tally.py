"""How far a batch is, kept as its items go by."""

from __future__ import annotations

import math
from weakref import WeakSet

import anyio

from ._items import UploadItem
from ._outcomes import BatchEvent, BatchEvents, BatchProgress, UploadOutcome
from .models import UploadStatus

_MEMORY = 30.0
"""Seconds after which what has moved counts for a third in the rate."""


class Tally:
    """What has been seen of a batch's items, and who is to be told. Its size does not depend on their number."""

    def __init__(self) -> None:
        self._events: WeakSet[BatchEvents] = WeakSet()
        self._began = 0.0
        self._meter = Meter(0.0)
        self.total: int | None = None
        self._seen = self._ended = self._failed = self._worked = 0
        self._active = 0
        self._bytes = 0
        self._sizes = 0
        self._unsized = 0
        """How many of the items seen have no known size."""
        self._over = False

    def begins(self, total: int | None) -> None:
        """Let the clock run."""
        self._began = anyio.current_time()
        self._meter = Meter(self._began)
        self.total = total

    def saw_all(self) -> None:
        """Note that there are no more items than those seen."""
        self.total = self._seen

    def takes(self, item: UploadItem) -> Track:
        """Note that an item has its turn."""
        self._seen += 1
        self._active += 1
        self._unsized += 1
        return Track(self, item)

    def progress(self) -> BatchProgress:
        """Return how far it is."""
        now = anyio.current_time()
        known = self.total is not None and self.total == self._seen and not self._unsized
        return BatchProgress(
            items_total=self.total,
            items_seen=self._seen,
            active=self._active,
            ended=self._ended,
            failed=self._failed,
            bytes_sent=self._bytes,
            bytes_total=self._sizes if known else None,
            rate=self._meter.rate(now),
            seconds_left=self._left(now),
        )

    def events(self) -> BatchEvents:
        """Return an iterator over what happens from here on."""
        events = BatchEvents()
        if self._over:
            events._end()
        else:
            self._events.add(events)
        return events

    def ends(self) -> None:
        """Tell that nothing more will happen."""
        self._over = True
        for events in self._events:
            events._end()

    def _left(self, now: float) -> float | None:
        # What a store knew takes no time, so it says nothing of the pace.
        if self.total is None or not self._worked:
            return None
        return max(0, self.total - self._ended) * (now - self._began) / self._worked

    def _tell(self, event: BatchEvent) -> None:
        for events in self._events:
            events._tell(event)

    def _moved(self, sent: int, size: int, *, sized: int) -> None:
        self._bytes += sent
        self._sizes += size
        self._unsized -= sized
        self._meter.add(max(0, sent), anyio.current_time())

    def _closes(self, outcome: UploadOutcome | None) -> None:
        self._active -= 1
        if outcome is not None:
            self._ended += 1
            self._failed += not outcome.ok
            self._worked += not (outcome.from_store or outcome.skipped)


class Track:
    """One item in the tally."""

    def __init__(self, tally: Tally, item: UploadItem) -> None:
        self._tally = tally
        self._item = item
        self._sent = 0
        self._size: int | None = None

    def started(self, status_id: str | None) -> None:
        """Note that its upload is under way."""
        self._tally._tell(BatchEvent(kind="started", item=self._item, status_id=status_id))

    def moved(self, status: UploadStatus, status_id: str | None) -> None:
        """Note how far its upload is; it may fall back, where something begins anew."""
        sent, size = status.progress_bytes or 0, status.file_size_bytes
        self._tally._moved(
            sent - self._sent, (size or 0) - (self._size or 0), sized=(size is not None) - (self._size is not None)
        )
        self._sent, self._size = sent, size
        self._tally._tell(BatchEvent(kind="progress", item=self._item, status_id=status_id, status=status))

    def closes(self, outcome: UploadOutcome | None, status_id: str | None) -> None:
        """Note its outcome, None if it stays open."""
        if self._size is None:
            self._tally._moved(0, 0, sized=1)  # Nothing more will come of it: its size is no secret any more.
        self._tally._closes(outcome)
        if outcome is not None:
            self._tally._tell(BatchEvent(kind="ended", item=self._item, status_id=status_id, outcome=outcome))

    def left(self, status_id: str | None, status: UploadStatus | None, *, maybe_applied: bool) -> None:
        """Note what is known of it where it stays open."""
        event = BatchEvent(
            kind="left", item=self._item, status_id=status_id, status=status, maybe_applied=maybe_applied
        )
        self._tally._tell(event)


class Meter:
    """A rate that forgets. Pure."""

    def __init__(self, now: float) -> None:
        self._at = self._began = now
        self._rate = 0.0

    def add(self, amount: int, now: float) -> None:
        """Note that so much has come since the last time."""
        self._rate = self._faded(now) + amount / _MEMORY
        self._at = now

    def rate(self, now: float) -> float:
        """Return how much comes in a second."""
        # At first it remembers less time than it could, and would tell too little.
        remembered = 1 - math.exp(-(now - self._began) / _MEMORY)
        return self._faded(now) / remembered if remembered > 0 else 0.0

    def _faded(self, now: float) -> float:
        return self._rate * math.exp(-(now - self._at) / _MEMORY)
