"""Work that goes on while nobody waits for it, owned by the event loop it was started in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

import anyio
import anyio.lowlevel

if TYPE_CHECKING:
    import trio

Work = Callable[[], Awaitable[None]]
Ended = Callable[[], None]


class Background(Protocol):
    """The background work of one loop."""

    def start(self, work: Work, ended: Ended) -> Callable[[], None]:
        """
        Start `work`, which must not raise; returns what cancels it, callable from any thread.

        `ended` is called at its end, be it that its loop ends before it has begun.
        """
        ...

    def call_soon(self, function: Callable[[], object]) -> None:
        """Have `function` called in the loop, from any thread; nothing happens if the loop is gone."""
        ...

    async def aclose(self) -> None:
        """Cancel all work and wait for its end."""
        ...


class Backgrounds:
    """One background a loop, made when it is first asked for."""

    def __init__(self) -> None:
        self._by_loop: dict[object, Background] = {}

    def current(self) -> Background:
        """Return the background of the running loop."""
        loop = anyio.lowlevel.current_token().native_token
        if loop not in self._by_loop:
            self._by_loop[loop] = (
                AsyncioBackground(loop) if isinstance(loop, asyncio.AbstractEventLoop) else TrioBackground()
            )
        return self._by_loop[loop]

    async def aclose(self) -> None:
        """End the work of the running loop."""
        background = self._by_loop.pop(anyio.lowlevel.current_token().native_token, None)
        if background is not None:
            await background.aclose()


class AsyncioBackground:
    """Tasks of an asyncio loop (uvloop too)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Work, ended: Ended) -> Callable[[], None]:
        async def run() -> None:
            await work()

        task = self._loop.create_task(run())
        self._tasks.add(task)  # The loop itself holds tasks weakly.
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: ended())
        return lambda: self.call_soon(task.cancel)

    def call_soon(self, function: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:  # The loop is closed, and all that ran in it has ended.
            return

    async def aclose(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            # Bounded by the work itself: it only closes its connection.
            with anyio.CancelScope(shield=True):
                await asyncio.wait(tasks)


class TrioBackground:
    """System tasks of a trio run: they need no nursery, which would tie them to a task of the caller."""

    def __init__(self) -> None:
        import trio  # noqa: PLC0415 - an optional dependency, present where its loop runs

        self._trio = trio
        self._token = trio.lowlevel.current_trio_token()
        self._running: dict[trio.CancelScope, trio.Event] = {}

    def start(self, work: Work, ended: Ended) -> Callable[[], None]:
        scope, gone = self._trio.CancelScope(), self._trio.Event()
        self._running[scope] = gone

        async def run() -> None:
            try:
                with scope:
                    await work()
            finally:
                ended()
                del self._running[scope]
                gone.set()

        self._trio.lowlevel.spawn_system_task(run)
        return lambda: self.call_soon(scope.cancel)

    def call_soon(self, function: Callable[[], object]) -> None:
        try:
            self._token.run_sync_soon(function)
        except self._trio.RunFinishedError:
            return

    async def aclose(self) -> None:
        running = list(self._running.items())
        for scope, _ in running:
            scope.cancel()
        with anyio.CancelScope(shield=True):  # Bounded as on asyncio.
            for _, gone in running:
                await gone.wait()
