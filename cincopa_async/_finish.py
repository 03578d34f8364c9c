"""
What must come to its end although its caller was cancelled.

anyio's shielded scopes hold off anyio's own cancellation, and trio's, but not a native ``task.cancel()`` of asyncio
(``asyncio.timeout``, ``TaskGroup`` and ``wait_for`` send those). On asyncio such work runs in a task of its own, which
belongs to the client and which ``aclose()`` waits for; on trio a shielded scope is all it takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar, cast

import anyio
import anyio.lowlevel
from attrs import frozen

T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]

_log = logging.getLogger("cincopa_async")


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
        left: Callable[[], None] | None = None,
        patient: bool = True,
        unwinding: bool = False,
    ) -> T:
        """
        Return what `work` returns, and let it come to its end even if the caller is cancelled meanwhile.

        A cancelled caller waits for that end, and for `undo` of the result, before its cancellation goes on; if it is
        cancelled a second time (asyncio alone can tell), or is not `patient`, it leaves at once and the work goes on
        without it. `left` is called when the caller is cancelled first: work that has not got far may break itself off.
        A caller that is `unwinding` has been cancelled once already.
        """
        if on_asyncio():
            return await self._in_a_task(work, undo, left, patient=patient, unwinding=unwinding)
        return await self._in_a_shield(work, undo, left)

    async def _in_a_task(
        self,
        work: Work[T],
        undo: Callable[[T], Awaitable[object]] | None,
        left: Callable[[], None] | None,
        *,
        patient: bool,
        unwinding: bool,
    ) -> T:
        task = self._keep(work())
        try:
            with anyio.CancelScope(shield=unwinding):
                await asyncio.wait([task])
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

    def _keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[_Outcome[T]]:
        task = _KeptTask(_outcome(work), loop=asyncio.get_running_loop())
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

    async def _in_a_shield(
        self, work: Work[T], undo: Callable[[T], Awaitable[object]] | None, left: Callable[[], None] | None
    ) -> T:
        self._shielded += 1
        try:
            outcome = await (_shielded(work) if left is None else _watched(work, left))
            try:
                await anyio.lowlevel.checkpoint_if_cancelled()  # As on asyncio, a cancellation goes before an error.
            except anyio.get_cancelled_exc_class():
                if outcome.error is not None:
                    _tell(outcome.error)
                elif undo is not None:
                    with anyio.CancelScope(shield=True):
                        await undo(outcome.unwrap())
                raise
            return outcome.unwrap()
        finally:
            self._shielded -= 1
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


@frozen
class _Outcome(Generic[T]):
    """How kept work ended. A task that raised would be reported by asyncio.run, although somebody had been told."""

    result: T | None = None
    error: Exception | None = None

    def unwrap(self) -> T:
        if self.error is not None:
            raise self.error
        return cast("T", self.result)


async def _outcome(work: Coroutine[Any, Any, T]) -> _Outcome[T]:
    try:
        return _Outcome(await work)
    except Exception as error:  # noqa: BLE001 - raised where the work is waited for, told where nobody waits
        return _Outcome(error=error)


async def _shielded(work: Work[T]) -> _Outcome[T]:
    with anyio.CancelScope(shield=True):
        ended = await _outcome(work())
    outcome = ended  # pyright: ignore[reportPossiblyUnboundVariable]  # An uncancelled scope swallows nothing.
    return outcome  # noqa: RET504 - the type checkers differ about what may follow a scope


async def _watched(work: Work[T], left: Callable[[], None]) -> _Outcome[T]:
    """Do the same, and call `left` when the caller is cancelled: it takes a task that is not shielded to see that."""
    ended: list[_Outcome[T]] = []

    async def watch() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            if not ended:
                left()

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            ended.append(await _shielded(work))
            group.cancel_scope.cancel()
    except anyio.get_cancelled_exc_class():
        pass  # Who is cancelled is so for good here: it is looked for again when the outcome is at hand.
    return ended[0]


async def _undone(task: asyncio.Task[_Outcome[T]], undo: Callable[[T], Awaitable[object]]) -> None:
    await asyncio.wait([task])
    _tell_of(task)
    if task.result().error is None:
        await undo(task.result().unwrap())


def _tell_of(task: asyncio.Task[_Outcome[T]]) -> None:
    error = task.result().error
    if error is not None:
        _tell(error)


def _tell(error: Exception) -> None:
    """Say what nobody waits for any more, if it matters: what may have been done, and is not undone."""
    if getattr(error, "maybe_applied", True):
        _log.warning("a call that was cancelled in flight may have been acted on, and could not be undone: %s", error)


def on_asyncio() -> bool:
    try:
        return asyncio.current_task() is not None  # None in trio's guest mode, where an asyncio loop is the host.
    except RuntimeError:
        return False
