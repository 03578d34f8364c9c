"""A store in a file, safe for several processes of one machine."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Collection
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

from cincopa_async._finish import Finisher

from ._database import Database, Row
from ._protocol import Claim, RecordState, StoredError, UploadRecord
from ._rules import checked_key, checked_lease, checked_states

T = TypeVar("T")

_PAGE = 500


class SqliteStore:
    """
    An :class:`UploadStore` in one SQLite file, for several processes of one machine; made when it is not there yet.

    What is written survives a kill of the process at any point, and a loss of power. While it is open, SQLite keeps two
    more files beside it, named like it with ``-wal`` and ``-shm`` behind; they belong to it.

    Args:
        path: The file, on a disk of this machine: SQLite's write-ahead log works on no network drive.
        lease: Seconds that an owner keeps what it has, counted from the last :meth:`renew`.
    Raises:
        ValueError: `path` is no store, or SQLite cannot share it; also when it is opened.
        sqlite3.Error: The file cannot be opened, read or written; from every method.
    """

    lease: float
    """Seconds that an owner keeps what it has, counted from the last :meth:`renew`."""

    def __init__(self, path: str | os.PathLike[str], *, lease: float = 60.0) -> None:
        self._path = os.fspath(path)
        if not self._path or self._path.startswith((":memory:", "file:")):
            raise ValueError("path must be that of a file; MemoryStore keeps nothing on disk")
        self.lease = checked_lease(lease)
        self._database = Database(self._path, self.lease)
        # One thread at a time: SQLite lets one write at a time in any case, and so each step follows the one before.
        self._limiter = anyio.CapacityLimiter(1)
        self._finisher = Finisher(lambda: None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"

    async def __aenter__(self) -> Self:
        await self._do(self._database.open, undo=lambda _: self._database.close())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._do(self._database.close)

    async def claim(self, key: str, *, input: str, fingerprint: str | None = None) -> tuple[Claim, UploadRecord]:
        """Take an item, if it can be had: see :meth:`UploadStore.claim`."""
        checked_key(key)

        def undo(claimed: tuple[Claim, UploadRecord]) -> None:
            if claimed[0] == "mine":
                self._database.release(key)

        await anyio.lowlevel.checkpoint_if_cancelled()
        return await self._do(lambda: self._database.claim(key, input, fingerprint), undo=undo)

    async def started(self, key: str, status_id: str) -> None:
        """Note that Cincopa has taken the upload."""
        await self._do(lambda: self._database.note(key, "started", status_id=status_id))

    async def completed(self, key: str, rid: str) -> None:
        """Note that it has become an asset."""
        await self._do(lambda: self._database.note(key, "completed", rid=rid))

    async def described(self, key: str) -> None:
        """Note that the asset's metadata is set."""
        await self._do(lambda: self._database.note(key, "described"))

    async def ended(self, key: str, *, rid: str | None = None, error: StoredError | None = None) -> None:
        """Note that it is over."""
        await self._do(lambda: self._database.note(key, "ended", rid=rid, error=error))

    async def restart(self, key: str, *, attempts: int, fingerprint: str | None = None) -> UploadRecord:
        """Reserve an item once more: see :meth:`UploadStore.restart`."""

        def undo(restarted: tuple[UploadRecord, Row]) -> None:
            self._database.put_back(restarted[1])

        await anyio.lowlevel.checkpoint_if_cancelled()
        record, _ = await self._do(lambda: self._database.restart(key, attempts, fingerprint), undo=undo)
        return record

    async def release(self, key: str) -> None:
        """Let go of an item: see :meth:`UploadStore.release`."""
        await self._do(lambda: self._database.release(key))

    async def renew(self) -> None:
        """Keep all that is the caller's for another :attr:`lease`."""
        await self._do(self._database.renew)

    async def records(self, *, states: Collection[RecordState] | None = None) -> AsyncIterator[UploadRecord]:
        """Iterate over all items, or those in `states`, in the order in which they were first claimed."""
        wanted = checked_states(states)
        page = await self._page(0, wanted)
        while page:
            for _, record in page:
                yield record
            page = await self._page(page[-1][0], wanted)

    async def counts(self) -> dict[RecordState, int]:
        """Return how many items are in each state; every state is there."""
        return await self._do(self._database.counts)

    async def _page(self, after: int, states: Collection[RecordState]) -> list[tuple[int, UploadRecord]]:
        return await self._do(lambda: self._database.page(after, _PAGE, states))

    async def _do(self, step: Callable[[], T], undo: Callable[[T], Any] | None = None) -> T:
        """
        Make a step in a worker thread, and let it come to its end although the caller is cancelled.

        A native cancel of asyncio would leave the thread to itself: it would claim what nobody then has.
        """

        async def undone(result: T) -> None:
            await self._in_thread(lambda: undo(result) if undo else None)

        return await self._finisher.finish(lambda: self._in_thread(step), undone if undo else None)

    async def _in_thread(self, step: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(step, limiter=self._limiter)
