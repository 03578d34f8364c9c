"""The start of an upload, which can be awaited or entered."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any

import anyio

from ._calls import Call
from .jobs import OnCancel, UploadJob
from .models import StartedUpload, UploadState, UploadStatus

if TYPE_CHECKING:
    from ._base import BaseClient
    from ._kept import Kept
    from .stores import UploadStore


class StartingUpload(Coroutine[Any, Any, UploadJob]):
    """
    An upload that is about to start: ``await`` it for the :class:`UploadJob`, or enter it with ``async with``.

    It is a coroutine, so ``asyncio.create_task`` and ``asyncio.wait_for`` take it too.
    """

    _job: UploadJob  # From the moment that the start is entered.

    def __init__(self, coroutine: Coroutine[Any, Any, UploadJob]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, UploadJob]:
        """Start the upload; the result is its job."""
        return self._coroutine.__await__()

    async def __aenter__(self) -> UploadJob:
        """Start the upload and enter its job."""
        self._job = await self._coroutine
        return await self._job.__aenter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the job: see :meth:`UploadJob.__aexit__`."""
        assert self._job is not None  # noqa: S101 - for the type checkers: what is left was entered
        await self._job.__aexit__(exc_type, exc, traceback)

    def send(self, value: Any) -> Any:
        """Run on, as any coroutine."""
        return self._coroutine.send(value)

    def throw(self, *args: Any) -> Any:
        """Raise inside, as any coroutine."""
        return self._coroutine.throw(*args)

    def close(self) -> None:
        """Close, as any coroutine."""
        self._coroutine.close()


async def started(client: BaseClient, call: Call[StartedUpload], make: Callable[[str], UploadJob]) -> UploadJob:
    """Start an upload and return its job."""
    answer = await client.send(call)
    return make(answer.status_id)._begun()  # No await in between: a cancel there would lose the upload.


async def started_once(
    client: BaseClient,
    call: Call[StartedUpload],
    make: Callable[[str, Kept], UploadJob],
    *,
    store: UploadStore,
    key: str,
    on_cancel: OnCancel,
) -> UploadJob:
    """
    Return the job of the item that a store knows by `key`, which is started if it never was.

    Raises:
        LeaseLostError: Another has it.
        UploadUnknownError: Nobody knows whether it was started.
    """
    from ._kept import taken

    kept, error = await taken(client, store, key, str(call.params["input"]), on_cancel)
    record = kept.record

    def made(status_id: str) -> UploadJob:
        job = make(status_id, kept)
        kept.follow(job)
        return job

    if record.state == "reserved":
        try:
            return await started(client, kept.starts(call), made)
        except BaseException as failure:
            unwinding = isinstance(failure, anyio.get_cancelled_exc_class())
            await client._life.finisher.finish(lambda: kept.let_go(None), unwinding=unwinding)
            raise
    job = made(record.status_id or "")
    if error is not None:
        job._known.failure = error
    elif record.rid is not None:
        job._take(UploadStatus(state=UploadState.COMPLETED, rid=record.rid))
    return job._begun()
