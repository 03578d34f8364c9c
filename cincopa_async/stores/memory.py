"""A store that forgets everything when the process ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection
from types import TracebackType
from typing import Self

import anyio.lowlevel
from attrs import evolve, frozen

from cincopa_async.errors import LeaseLostError

from ._protocol import STATES, Claim, RecordState, StoredError, UploadRecord
from ._rules import NOT_OPEN, Hold, checked_key, checked_states, may_restart, restarted, verdict


@frozen
class _Row:
    record: UploadRecord
    owner: object | None


class MemoryStore:
    """
    An :class:`UploadStore` in memory: for tests, and for several batches of one process that may name the same item.

    Its items are there as long as the object is, also while it is closed. A run that may be killed needs another one.
    """

    lease: float = 60.0
    """Of no account here: what is open is alive."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._owner: object | None = None
        self._opened = 0

    async def __aenter__(self) -> Self:
        if not self._opened:
            self._owner = object()
        self._opened += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._opened -= 1
        if not self._opened:
            self._owner = None

    async def claim(self, key: str, *, input: str, fingerprint: str | None = None) -> tuple[Claim, UploadRecord]:
        """Take an item, if it can be had."""
        checked_key(key)
        await anyio.lowlevel.checkpoint()  # Before: who is cancelled has claimed nothing.
        owner = self._me()
        row = self._rows.get(key)
        if row is None:
            record = UploadRecord(key=key, state="reserved", input=input, fingerprint=fingerprint)
            self._rows[key] = _Row(record, owner)
            return "mine", record
        claim = verdict(row.record.state, self._hold(row))
        if claim == "mine":
            self._rows[key] = _Row(row.record, owner)
        return claim, row.record

    async def started(self, key: str, status_id: str | None) -> None:
        """Note that Cincopa has taken the upload."""
        await self._note(evolve(self._mine(key, status_id), state="started", status_id=status_id))

    async def aborting(self, key: str) -> None:
        """Note that an abort of the upload is about to be sent."""
        await self._note(evolve(self._mine(key), state="aborting"))

    async def completed(self, key: str, rid: str) -> None:
        """Note that it has become an asset."""
        await self._note(evolve(self._mine(key), state="completed", rid=rid))

    async def described(self, key: str) -> None:
        """Note that the asset's metadata is set."""
        await self._note(evolve(self._mine(key), state="described"))

    async def ended(self, key: str, *, rid: str | None = None, error: StoredError | None = None) -> None:
        """Note that it is over."""
        record = self._mine(key)
        await self._note(evolve(record, state="ended", rid=rid or record.rid, error=error))

    async def restart(self, key: str, *, attempts: int, fingerprint: str | None = None) -> UploadRecord:
        """Reserve an item once more."""
        await anyio.lowlevel.checkpoint()  # Before: who is cancelled has reserved nothing.
        owner = self._me()
        row = self._rows.get(key)
        if row is None or row.record.attempts != attempts:
            raise LeaseLostError
        if not may_restart(row.record.state, self._hold(row), mine=row.owner is owner):
            raise LeaseLostError(row.record.status_id)
        again = restarted(row.record, fingerprint)
        self._rows[key] = _Row(again, owner)
        return again

    async def release(self, key: str, *, unknown: bool = False) -> None:
        """Let go of an item."""
        owner = self._me()
        row = self._rows.get(key)
        if row is not None and row.owner is owner:
            if row.record.state == "reserved" and not unknown:
                del self._rows[key]
            else:
                self._rows[key] = _Row(row.record, None)
        await anyio.lowlevel.checkpoint()

    async def renew(self) -> None:
        """Do nothing: what is open is alive."""
        self._me()
        await anyio.lowlevel.checkpoint()

    async def records(self, *, states: Collection[RecordState] | None = None) -> AsyncIterator[UploadRecord]:
        """Iterate over all items, or those in `states`."""
        wanted = checked_states(states)
        self._me()
        for row in list(self._rows.values()):
            await anyio.lowlevel.checkpoint()
            if row.record.state in wanted:
                yield row.record

    async def counts(self) -> dict[RecordState, int]:
        """Return how many items are in each state."""
        self._me()
        await anyio.lowlevel.checkpoint()
        counted = Counter(row.record.state for row in self._rows.values())
        return {state: counted[state] for state in STATES}

    async def _note(self, record: UploadRecord) -> None:
        self._rows[record.key] = _Row(record, None if record.state == "ended" else self._owner)
        await anyio.lowlevel.checkpoint()  # After: it is noted, whoever is cancelled.

    def _mine(self, key: str, status_id: str | None = None) -> UploadRecord:
        owner = self._me()
        row = self._rows.get(key)
        if row is None or row.owner is not owner:
            raise LeaseLostError(status_id or (None if row is None else row.record.status_id))
        return row.record

    def _hold(self, row: _Row) -> Hold:
        return "held" if row.owner is self._owner else "loose"

    def _me(self) -> object:
        if self._owner is None:
            raise RuntimeError(NOT_OPEN)
        return self._owner
