"""
What must come to its end although its caller was cancelled.

anyio's shielded scopes hold off anyio's own cancellation, and trio's, but not a native ``task.cancel()`` of asyncio
(``asyncio.timeout``, ``TaskGroup`` and ``wait_for`` send those). On asyncio such work runs in a task of its own, which
belongs to the client and which ``aclose()`` waits for; on trio a shielded scope is all it takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import anyio
import anyio.lowlevel

T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]


class Finisher:
    """Runs work to its end; knows how much of it is under way."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._kept: set[asyncio.Task[Any]] = set()
        self._shielded = 0

    @property
    def busy(self) -> int:
        """How many pieces of work are under way."""
        return len(self._kept) + self._shielded

    async def finish(
        self,
        work: Work[T],
        undo: Callable[[T], Awaitable[object]] | None = None,
        *,
        patient: bool = True,
    ) -> T:
        """
        Return what `work` returns, and let it come to its end even if the caller is cancelled meanwhile.

        A cancelled caller waits for that end, and for `undo` of the result, before its cancellation goes on; if it is
        cancelled a second time (asyncio alone can tell), or is not `patient`, it leaves at once and the work goes on
        without it.
        """
        if _on_asyncio():
            return await self._in_a_task(work, undo, patient=patient)
        return await self._in_a_shield(work, undo)

    async def _in_a_task(self, work: Work[T], undo: Callable[[T], Awaitable[object]] | None, *, patient: bool) -> T:
        task = self._keep(work())
        # Who cleans up after a cancel has been cancelled once, and its scope, if it was one, would not let it wait.
        cancelled = patient and _is_cancelled()
        try:
            with anyio.CancelScope(shield=cancelled):
                await asyncio.wait([task])
        except asyncio.CancelledError:
            rest: asyncio.Task[Any] = task
            if undo is not None:
                rest = self._keep(_undone(task, undo))
                self._let_go_at_its_end(rest)
            if patient and not cancelled:
                with anyio.CancelScope(shield=True):
                    await asyncio.wait([rest])
            raise
        finally:
            # It counts until its caller goes on: in the turn of the loop in between nobody has the result yet.
            self._let_go_at_its_end(task)
        return task.result()

    def _keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = _KeptTask(work, loop=asyncio.get_running_loop())
        self._kept.add(task)
        return task

    def _let_go_at_its_end(self, task: asyncio.Task[Any]) -> None:
        if task.done():
            self._let_go(task)
        else:
            task.add_done_callback(self._let_go)

    def _let_go(self, task: asyncio.Task[Any]) -> None:
        self._kept.discard(task)
        if not task.cancelled():
            task.exception()  # Seen: whoever waited has it, and one who left does not want it.
        self._ended()

    async def _in_a_shield(self, work: Work[T], undo: Callable[[T], Awaitable[object]] | None) -> T:
        self._shielded += 1
        try:
            try:
                with anyio.CancelScope(shield=True):
                    ended = await work()
            except Exception:
                await anyio.lowlevel.checkpoint_if_cancelled()  # As on asyncio, a cancellation goes before an error.
                raise
            result = ended  # pyright: ignore[reportPossiblyUnboundVariable]  # A scope that nobody cancels swallows nothing.
            try:
                await anyio.lowlevel.checkpoint_if_cancelled()
            except anyio.get_cancelled_exc_class():
                if undo is not None:
                    with anyio.CancelScope(shield=True):
                        await undo(result)
                raise
            return result
        finally:
            self._shielded -= 1
            self._ended()


class _KeptTask(asyncio.Task[T]):
    """
    A task that cannot be cancelled from outside.

    When main returns, ``asyncio.run`` cancels every task that is left, then waits for them: an abort that is under way
    then goes on. The scopes of anyio inside of the task say who they are when they cancel it; those are let through.
    """

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel on behalf of a scope inside of the task only."""
        return msg is not None and super().cancel(msg)


async def _undone(task: asyncio.Task[T], undo: Callable[[T], Awaitable[object]]) -> None:
    await asyncio.wait([task])
    if not task.cancelled() and task.exception() is None:
        await undo(task.result())


def _on_asyncio() -> bool:
    try:
        return asyncio.current_task() is not None  # None in trio's guest mode, where an asyncio loop is the host.
    except RuntimeError:
        return False


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
