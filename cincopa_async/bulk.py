"""Uploads by the thousand: a bounded number at a time, their outcomes as they end, errors as values."""

from __future__ import annotations

import functools
import logging
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from ._item_run import ItemRun
from ._items import Supply, UploadItems
from ._outcomes import BatchEvents, BatchProgress, UploadOutcome
from ._shared import HaltError, Options, Shared
from .errors import BatchHaltedError, ClientClosedError
from .stores import UploadStore

if TYPE_CHECKING:
    from ._base import BaseClient

_log = logging.getLogger("cincopa_async")


class UploadBatch:
    """
    Uploads of :meth:`CincopaClient.upload_many`: an async context manager, and an iterator over their outcomes.

    Work goes on while its block is open, in one task group; it is entered and left in one task. The next item is taken
    when one of `max_active` places is free, and a place is free when the outcome has been taken: whoever is slow there
    slows all. Leaving the block ends what is under way, as `on_cancel` says.
    """

    def __init__(self, client: BaseClient, items: UploadItems, store: UploadStore | None, options: Options) -> None:
        self._client = client
        self._supply = Supply(items)
        self._shared = Shared(client, store, options)
        self._store = store
        self._group: TaskGroup | None = None
        self._places = anyio.Semaphore(options.max_active)
        self._outcomes: MemoryObjectReceiveStream[UploadOutcome] | None = None
        self._running: dict[ItemRun, anyio.CancelScope] = {}
        self._taking = anyio.CancelScope()
        self._failure: Exception | None = None
        self._stopped = False
        self._told = False

    def __repr__(self) -> str:
        # Without its progress, which asks a clock that there may not be.
        return f"<UploadBatch of {self._supply.total if self._supply.total is not None else 'some'} items>"

    @property
    def progress(self) -> BatchProgress:
        """How far it is now. To be asked while the event loop runs."""
        return self._shared.tally.progress()

    def events(self) -> BatchEvents:
        """Return an async iterator over what happens from here on, for a display; read it in a task of its own."""
        return self._shared.tally.events()

    async def __aenter__(self) -> Self:
        """Begin: items are taken and started, whether or not somebody asks for outcomes yet."""
        if self._group is not None:
            raise RuntimeError("a batch is entered once; make another one with upload_many()")
        self._client._life.enter()
        self._group = anyio.create_task_group()
        if self._store is not None:
            await self._store.__aenter__()
        try:
            await self._group.__aenter__()
        except BaseException:  # pragma: no cover - a group that has just been made is entered
            if self._store is not None:
                await self._store.__aexit__(None, None, None)
            raise
        self._shared.tally.begins(self._supply.total)
        send, self._outcomes = anyio.create_memory_object_stream[UploadOutcome](0)
        self._group.start_soon(self._take_items, send)
        if self._store is not None:
            self._group.start_soon(self._renew_leases, self._store)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        End what is under way, and wait for that.

        Raises:
            BatchHaltedError: It was halted, and nobody has been told yet.
        """
        assert self._group is not None  # noqa: S101 - for the type checkers: what is left was entered
        assert self._outcomes is not None  # noqa: S101
        self._group.cancel_scope.cancel()
        try:
            # Not told of the error, which would come out wrapped in a group: it is the caller's own.
            await self._group.__aexit__(None, None, None)
        finally:
            self._outcomes.close()
            self._shared.tally.ends()
            if self._store is not None:
                close = functools.partial(self._store.__aexit__, None, None, None)
                await self._client._life.finisher.finish(close, unwinding=exc_type is not None)
        if exc_type is None:
            self._tell()

    def __aiter__(self) -> Self:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> UploadOutcome:
        """
        Return the next outcome, as items end.

        Raises:
            BatchHaltedError: It was halted, and all outcomes that there were have been taken.
            ClientClosedError: The client was closed meanwhile.
            Exception: What the iterable of items, or the store, has raised.
        """
        if self._outcomes is None:
            raise RuntimeError("a batch is to be entered before its outcomes are asked for: async with ... as batch")
        try:
            return await self._outcomes.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            pass
        self._tell()
        raise StopAsyncIteration

    def _tell(self) -> None:
        """Raise what has ended it too early, once."""
        if self._failure is not None and not self._told:
            self._told = True
            raise self._failure

    async def _take_items(self, send: MemoryObjectSendStream[UploadOutcome]) -> None:
        with send:
            try:
                with self._taking:
                    try:
                        await self._take_all(send)
                    finally:
                        # No scope of ours in between: a generator may have one open, and they are left in their order.
                        await self._supply.aclose()
            except Exception as error:  # noqa: BLE001 - the caller's own, raised where it asks for outcomes
                self._failure = self._failure or error

    async def _take_all(self, send: MemoryObjectSendStream[UploadOutcome]) -> None:
        assert self._group is not None  # noqa: S101 - for the type checkers
        while True:
            await self._places.acquire()
            item = await self._supply.next()
            if item is None:
                self._shared.tally.saw_all()
                return
            self._group.start_soon(self._run, ItemRun(self._shared, item), send.clone())

    async def _run(self, run: ItemRun, send: MemoryObjectSendStream[UploadOutcome]) -> None:
        outcome: UploadOutcome | None = None
        with send:
            with anyio.CancelScope() as scope:
                self._running[run] = scope
                if self._stopped:  # It was stopped between the taking of the item and this.
                    self._leave(run, scope)
                try:
                    outcome = await run.run()
                except HaltError as halt:
                    outcome = halt.outcome
                    self._stop(BatchHaltedError(halt.reason))
                except Exception as error:  # noqa: BLE001 - the store's, for one: no item can go on without it
                    self._stop(error)
                finally:
                    del self._running[run]
            if outcome is not None:
                await send.send(outcome)
        self._places.release()

    def _stop(self, failure: Exception) -> None:
        """Take no more items, and leave those under way for a rerun; without a store or client, as `on_cancel` says."""
        self._failure = self._failure or failure
        self._stopped = True
        self._taking.cancel()
        for run, scope in self._running.items():
            self._leave(run, scope)

    def _leave(self, run: ItemRun, scope: anyio.CancelScope) -> None:
        # Who closes the client means what is under way; what befalls a batch concerns its next run alone.
        if self._store is not None and not isinstance(self._failure, ClientClosedError):
            run.detach()
        scope.cancel()

    async def _renew_leases(self, store: UploadStore) -> None:
        while True:
            await anyio.sleep(store.lease / 3)
            try:
                await store.renew()
            except Exception as error:  # noqa: BLE001 - it may go well the next time; what is lost is noticed at its item
                _log.warning("the leases of a batch could not be renewed: %s", type(error).__name__)
