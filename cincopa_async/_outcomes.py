"""What a batch tells: how each item ended, how far all is, and what happens on the way."""

from __future__ import annotations

from collections import deque
from typing import Literal, Self

import anyio
from attrs import frozen

from ._items import UploadItem
from .models import UploadResult, UploadStatus

EVENTS_KEPT = 1024
"""How many events wait for a reader that does not come."""


@frozen(kw_only=True)
class UploadOutcome:
    """How one item of a batch ended."""

    item: UploadItem
    """The item as it was given; a URL or path that was given alone is an item without anything else."""
    result: UploadResult | None = None
    """What came of it, None if it did not end well."""
    error: Exception | None = None
    """
    What went wrong, None if nothing did: a CincopaError; ValueError or TypeError for a wrong item; OSError of a file;
    whatever an item's own callable raised.
    """
    from_store: bool = False
    """Whether it had ended in an earlier run, as the store knows."""
    skipped: bool = False
    """Whether nothing was uploaded, for an asset with its reference_id was there: `result` is that one."""

    @property
    def ok(self) -> bool:
        """Whether the asset is there, and is described as it was to be."""
        return self.error is None


@frozen(kw_only=True)
class BatchProgress:
    """How far a batch is."""

    items_total: int | None
    """How many items there are; None where the iterable does not say and has not come to its end."""
    items_seen: int
    """How many have been taken from it."""
    active: int
    """How many are under way."""
    ended: int
    """How many have an outcome, the failed ones too."""
    failed: int
    """How many of those have an error."""
    bytes_sent: int
    """Bytes that have moved so far, as far as that is known."""
    bytes_total: int | None
    """Bytes of all items; None before all have been taken and the size of each is known."""
    rate: float
    """Bytes a second, over the last half minute or so."""
    seconds_left: float | None
    """How long it will take at the pace so far; None where that cannot be told."""


@frozen(kw_only=True)
class BatchEvent:
    """Something that has happened to an item of a batch."""

    kind: Literal["started", "progress", "left", "ended"]
    """``left``: it has no outcome, for the batch was left or halted; the other fields say what is known of it."""
    item: UploadItem
    status_id: str | None = None
    """The upload, None of a local file, and of an item that came to none."""
    status: UploadStatus | None = None
    """
    What is known of the upload: at ``progress``; at ``left`` after the abort where one was sent, None where there is no
    upload or Cincopa did not say how the abort went.
    """
    maybe_applied: bool = False
    """At ``left``: whether it may have been sent, and what became of it is not known."""
    outcome: UploadOutcome | None = None
    """How it ended: at ``ended``."""


class BatchEvents:
    """
    The events of a batch from here on, as an async iterator, to the batch's end.

    A reader that falls behind loses the oldest: it never slows the batch. Nothing is lost of the outcomes themselves.
    """

    def __init__(self) -> None:
        self._waiting: deque[BatchEvent] = deque(maxlen=EVENTS_KEPT)
        self._news = anyio.Event()
        self._over = False

    def __aiter__(self) -> Self:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> BatchEvent:
        """Return the next event."""
        while not self._waiting:
            if self._over:
                raise StopAsyncIteration
            self._news = anyio.Event()
            await self._news.wait()
        return self._waiting.popleft()

    def _tell(self, event: BatchEvent) -> None:
        self._waiting.append(event)
        self._news.set()

    def _end(self) -> None:
        self._over = True
        self._news.set()
