"""Work that must come to its end, on asyncio: each piece in a task that no ``task.cancel()`` from outside reaches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import anyio

from ._finish import Outcome, Work, outcome_of, tell

T = TypeVar("T")


class KeptTasks:
    """The tasks of one :class:`Finisher`, held until they are done: of asyncio's own references all are weak."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._kept: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._kept)

    async def finish(
        self,
        work: Work[T],
        undo: Callable[[T], Awaitable[object]] | None,
        left: Callable[[], None] | None,
        *,
        patient: bool,
        unwinding: bool,
    ) -> T:
        """Do what :meth:`Finisher.finish` says."""
        task = self._keep(work())
        try:
            with anyio.CancelScope(shield=unwinding):
                await asyncio.shield(task)
        except asyncio.CancelledError:
            if left is not None:
                left()
            rest: asyncio.Task[Any] = task
            if undo is None:
                task.add_done_callback(_tell_of)
            else:
                rest = self._keep(_undone(task, undo))
                self._let_go_at_its_end(rest)
            if patient and not unwinding:
                with anyio.CancelScope(shield=True):
                    await asyncio.wait([rest])
            raise
        finally:
            # It counts until its caller goes on: in the turn of the loop in between nobody has the result yet.
            self._let_go_at_its_end(task)
        return task.result().unwrap()

    def _keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[Outcome[T]]:
        task = _KeptTask(outcome_of(work), loop=asyncio.get_running_loop())
        self._kept.add(task)
        return task

    def _let_go_at_its_end(self, task: asyncio.Task[Any]) -> None:
        if task.done():
            self._let_go(task)
        else:
            task.add_done_callback(self._let_go)

    def _let_go(self, task: asyncio.Task[Any]) -> None:
        self._kept.discard(task)
        self._ended()


class _KeptTask(asyncio.Task[T]):
    """
    A task that cannot be cancelled from outside.

    When main returns, ``asyncio.run`` cancels every task that is left, then waits for them: an abort that is under way
    then goes on. What runs inside may use timeouts and task groups, which cancel the task they are in: let through is
    what comes from the task itself, from a callback of its loop, or from a scope of anyio, which says so.
    """

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel on behalf of what is inside of the task only."""
        return (msg is not None or self._from_inside()) and super().cancel(msg)

    def _from_inside(self) -> bool:
        try:
            return asyncio.current_task() in (None, self)
        except RuntimeError:
            return False  # No loop runs: it is asyncio.run that clears up.


async def _undone(task: asyncio.Task[Outcome[T]], undo: Callable[[T], Awaitable[object]]) -> None:
    await asyncio.wait([task])
    _tell_of(task)
    if task.result().error is None:
        await undo(task.result().unwrap())


def _tell_of(task: asyncio.Task[Outcome[T]]) -> None:
    error = task.result().error
    if error is not None:
        tell(error)
