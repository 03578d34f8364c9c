"""An event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

import anyio
import anyio.to_thread

# Stopping takes milliseconds; past this, something in the thread does not let go, and the thread is left to itself.
_STOP_SECONDS = 10.0


class LoopThread:
    """
    Runs a service in an asyncio loop of its own thread.

    What runs there goes on however the loop of whoever started it is stepped, and whichever library that loop is of.
    Starting and stopping may happen in different tasks.
    """

    def __init__(self, name: str, service: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self._service = service
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._error: BaseException | None = None

    async def start(self) -> None:
        """Start, and wait until the service is up."""
        self._thread.start()
        try:
            await _in_a_worker(self._started.wait)
        except BaseException:
            await self.stop()  # Cancelled meanwhile: nobody else would stop it.
            raise
        if self._error is not None:
            await self.stop()
            raise self._error

    async def stop(self) -> None:
        """Stop the service, and wait for the end of the thread; a cancelled caller waits too."""
        with anyio.CancelScope(shield=True):  # Bounded by _STOP_SECONDS.
            await _in_a_worker(self._started.wait)
            if self._loop is not None:
                with suppress(RuntimeError):  # Stopped before: the loop is closed.
                    self._loop.call_soon_threadsafe(self._stop.set)
            await _in_a_worker(lambda: self._thread.join(_STOP_SECONDS))

    def _run(self) -> None:
        # Never uvloop, whatever loop the program has made its default: this one is known to reset connections as told.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        try:
            async with self._service():
                self._loop = asyncio.get_running_loop()
                self._started.set()
                await self._stop.wait()
        except Exception as error:  # noqa: BLE001 - raised again by start()
            self._error = error
        finally:
            self._started.set()


async def _in_a_worker(wait: Callable[[], object]) -> None:
    # A limiter of its own: the program's worker threads may all be busy waiting for this very service.
    await anyio.to_thread.run_sync(wait, limiter=anyio.CapacityLimiter(1))
