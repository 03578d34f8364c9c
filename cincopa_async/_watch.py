"""The statuses of an upload as an iterator."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Self
from weakref import ref

import anyio

from .models import UploadStatus

if TYPE_CHECKING:
    from .jobs import UploadJob


class UploadWatch:
    """The statuses of a job as they change, the end too. See :meth:`UploadJob.watch`."""

    __slots__ = ("__weakref__", "_job", "_place")

    def __init__(self, job: UploadJob) -> None:
        self._job = job
        self._place = _Place()
        job._hold(self)

    @property
    def _task(self) -> int | None:
        """The task that has asked for a status last."""
        return self._place.task

    def __aiter__(self) -> Self:
        """Return the iterator itself."""
        return self

    def __anext__(self) -> Coroutine[Any, Any, UploadStatus]:
        """Return the next status that differs from the last; a slow reader gets the newest alone."""
        # Not async: a traceback can keep a frame for long, and with it an iterator that nobody has any more.
        return self._place.next(self._job, ref(self))


class _Place:
    """How far an iterator has come. While its next status is waited for it counts as one who waits."""

    __slots__ = ("__weakref__", "_done", "_seen", "task")

    def __init__(self) -> None:
        self._seen = 0
        self._done = False
        self.task: int | None = None

    async def next(self, job: UploadJob, watch: ref[UploadWatch]) -> UploadStatus:
        self.task = anyio.get_current_task().id
        if self._done:
            raise StopAsyncIteration
        job._hold(self)
        seen = self._seen
        try:
            newest = await job._news(seen)
        except BaseException as error:
            self._done = True
            job._forget(watch())
            await job._let_go(self, unwinding=isinstance(error, anyio.get_cancelled_exc_class()))
            raise
        job._forget(self)
        if newest == seen or job.status is None:
            await job._followed_up()
            self._done = True
            raise StopAsyncIteration
        self._seen = newest
        return job.status
