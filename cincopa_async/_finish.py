"""
What must come to its end although its caller was cancelled.

anyio's shielded scopes hold off anyio's own cancellation, and trio's, but not a native ``task.cancel()`` of asyncio
(``asyncio.timeout``, ``TaskGroup`` and ``wait_for`` send those). On asyncio such work runs in a task of its own, which
belongs to the client and which ``aclose()`` waits for (``_kept_tasks.py``); on trio a shielded scope is all it takes.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import anyio
import anyio.lowlevel
from attrs import frozen

if TYPE_CHECKING:
    from ._kept_tasks import KeptTasks

T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]

_log = logging.getLogger("cincopa_async")


class Finisher:
    """Runs work to its end; knows how much of it is under way."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._tasks: KeptTasks | None = None
        self._shielded = 0

    @property
    def busy(self) -> int:
        """How many pieces of work are under way."""
        return len(self._tasks or ()) + self._shielded

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
            return await self._kept_tasks().finish(work, undo, left, patient=patient, unwinding=unwinding)
        return await self._in_a_shield(work, undo, left)

    def _kept_tasks(self) -> KeptTasks:
        # To import the package is not to import asyncio, which takes long: whoever is in a loop of it has done that.
        from ._kept_tasks import KeptTasks

        if self._tasks is None:
            self._tasks = KeptTasks(self._ended)
        return self._tasks

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
                    tell(outcome.error)
                elif undo is not None:
                    with anyio.CancelScope(shield=True):
                        await undo(outcome.unwrap())
                raise
            return outcome.unwrap()
        finally:
            self._shielded -= 1
            self._ended()


@frozen
class Outcome(Generic[T]):
    """How kept work ended. A task that raised would be reported by asyncio.run, although somebody had been told."""

    result: T | None = None
    error: Exception | None = None

    def unwrap(self) -> T:
        if self.error is not None:
            raise self.error
        return cast("T", self.result)


async def outcome_of(work: Coroutine[Any, Any, T]) -> Outcome[T]:
    try:
        return Outcome(await work)
    except Exception as error:  # noqa: BLE001 - raised where the work is waited for, told where nobody waits
        return Outcome(error=error)


async def _shielded(work: Work[T]) -> Outcome[T]:
    with anyio.CancelScope(shield=True):
        ended = await outcome_of(work())
    outcome = ended  # pyright: ignore[reportPossiblyUnboundVariable]  # An uncancelled scope swallows nothing.
    return outcome  # noqa: RET504 - the type checkers differ about what may follow a scope


async def _watched(work: Work[T], left: Callable[[], None]) -> Outcome[T]:
    """Do the same, and call `left` when the caller is cancelled: it takes a task that is not shielded to see that."""
    ended: list[Outcome[T]] = []

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


def tell(error: Exception) -> None:
    """Say what nobody waits for any more, if it matters: what may have been done, and is not undone."""
    if getattr(error, "maybe_applied", True):
        _log.warning("a call that was cancelled in flight may have been acted on, and could not be undone: %s", error)


def on_asyncio() -> bool:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        return asyncio.current_task() is not None  # None in trio's guest mode, where an asyncio loop is the host.
    except RuntimeError:
        return False
