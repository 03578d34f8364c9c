"""The start of an upload, which can be awaited or entered."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._calls import Call
from .jobs import UploadJob
from .models import StartedUpload

if TYPE_CHECKING:
    from ._base import BaseClient


class StartingUpload(Coroutine[Any, Any, UploadJob]):
    """
    An upload that is about to start: ``await`` it for the :class:`UploadJob`, or enter it with ``async with``.

    It is a coroutine, so ``asyncio.create_task`` and ``asyncio.wait_for`` take it too.
    """

    _job: UploadJob  # From the moment that the start is entered.

    def __init__(self, client: BaseClient, call: Call[StartedUpload], make: Callable[[str], UploadJob]) -> None:
        self._coroutine = self._start(client, call, make)

    @staticmethod
    async def _start(client: BaseClient, call: Call[StartedUpload], make: Callable[[str], UploadJob]) -> UploadJob:
        started = await client.send(call)
        return make(started.status_id)._begun()  # No await in between: a cancel there would lose the upload.

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
