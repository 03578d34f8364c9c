"""Two ways to cancel: asyncio's ``task.cancel()``, and a cancel scope of anyio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import anyio
from anyio.abc import TaskGroup

How = Literal["task.cancel()", "asyncio scope", "trio scope"]
HOWS: tuple[How, ...] = ("task.cancel()", "asyncio scope", "trio scope")
Act = Callable[[], Awaitable[object]]


class Cancellable:
    """Something that runs in a task of its own, to be cancelled from outside."""

    def __init__(self, how: How, tasks: TaskGroup, act: Act) -> None:
        self._act = act
        self._over = anyio.Event()
        self._scope = anyio.CancelScope()
        self._task: asyncio.Task[Any] | None = None
        self._ended = "it has ended by itself"
        if how == "task.cancel()":
            self._task = asyncio.create_task(self._run())
        else:
            tasks.start_soon(self._run)

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
        else:
            self._scope.cancel()

    async def cancelled(self) -> None:
        """Cancel it now, and return when it is over; it must have let the cancellation go on."""
        self.cancel()
        await self.over()

    async def over(self) -> None:
        """Return when its cancellation is through."""
        await self._over.wait()
        assert self._ended == "cancelled", self._ended

    async def _run(self) -> None:
        try:
            with self._scope:
                await self._act()
            if self._scope.cancelled_caught:
                self._ended = "cancelled"
        except asyncio.CancelledError:
            self._ended = "cancelled"
        except Exception as error:  # noqa: BLE001 - told by over()
            self._ended = f"it has raised {error!r}"
        finally:
            self._over.set()
