"""Whether a client is open, in which event loop it lives, and how it comes to its end."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar
from weakref import WeakSet

import anyio
import anyio.lowlevel

from ._calls import URGENT, Call, Turn
from ._codec import Reply
from ._connections import Connection
from ._finish import Finisher
from ._pace import Pace
from ._pool import Pool, Slot
from ._token import Token
from .errors import ClientClosedError, TransportError

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds without anything having ended after which closing gives up."""

WAKES_APART = 0.02
"""Seconds between the polls of two jobs that one event wakes: a thousand jobs are no herd, one does not notice."""

Listener: TypeAlias = Callable[[Call[Any], Reply, Callable[[Reply], object]], None]
"""Told of each answer before it is read: to what, the answer, and what reads it. It must not raise."""

_log = logging.getLogger("cincopa_async")


class Waits(Protocol):
    """Something that a client is waited for with: a job, or an asset that is to be ready."""

    async def _close(self) -> None:
        """End with the client: whoever waits gets a ClientClosedError."""
        ...

    def _hurry(self, rid: str | None, at: float) -> bool:
        """Ask at `at`, if news of the asset `rid` (None: of some asset) may concern it; say whether that is sooner."""
        ...


class Life:
    """What is under way in a client: calls and chunks in the pools, work to be finished, jobs that are waited for."""

    def __init__(
        self,
        size: int,
        connect: Callable[[], Connection],
        connect_upload: Callable[[], Connection],
        token: Token,
        pace: Pace,
    ) -> None:
        if not isinstance(size, int) or size < 1:
            raise ValueError("max_concurrency must be a whole number of 1 or more")
        self.state: Literal["open", "closing", "closed"] = "open"
        self.pool: Pool = Pool(size, connect, self._something_ended)
        self.uploads: Pool = Pool(size, connect_upload, self._something_ended)
        """Connections for files, apart: polls and aborts go on beside hundreds of chunks, which take minutes."""
        self.files: anyio.Semaphore = anyio.Semaphore(size)
        """The right to have a file open, or thousands of uploads at once would run out of descriptors."""
        self.size: int = size
        """How many exchanges may be under way, chunks of files apart."""
        self.listeners: list[Listener] = []
        """Who is told of each answer: recordings."""
        self.finisher: Finisher = Finisher(self._something_ended)
        self.token: Token = token
        self.pace: Pace = pace
        self.ensuring: anyio.Lock = anyio.Lock()
        """Held by whoever makes what is not there yet, or two tasks would both make it."""
        self._jobs: WeakSet[Waits] = WeakSet()
        self._jobs_closing = 0
        self._woken_until = -math.inf
        self._loop: object = None
        self._ended: anyio.Event | None = None
        self._closed: anyio.Event | None = None

    def enter(self, turn: Turn = "normal") -> None:
        """
        Admit a call, in the event loop that runs now.

        Raises:
            ClientClosedError: The client is closed; while it is closing, only aborts are admitted.
            RuntimeError: The client is in use in another event loop.
        """
        if self.state != "open" and not (self.state == "closing" and turn in URGENT):
            raise ClientClosedError
        self._adopt_loop()

    async def over(self, pool: Pool, slot: Slot, exchange: Callable[[Connection], Awaitable[T]]) -> T:
        """
        Return what `exchange` makes of the connection of `slot`, and give the slot back to its `pool`.

        Raises:
            ClientClosedError: Closing gave up on the exchange, and broke its connection off.
        """
        try:
            result = await exchange(slot.connection)
        except BaseException as error:
            await pool.discard(slot)
            if not (self.state == "closed" and isinstance(error, TransportError)):
                raise
            maybe_applied = error.maybe_applied
        else:
            pool.release(slot)
            return result
        raise ClientClosedError(maybe_applied=maybe_applied)

    def held(self, job: Waits) -> None:
        """Somebody waits for `job`: it is to be ended when the client is closed, and at once if that is under way."""
        self._jobs.add(job)
        if self.state == "closing":
            self._something_ended()

    def wake(self, rid: str | None) -> None:
        """Have all who wait for what may concern the asset `rid` (None: any asset) ask at once, one after the other."""
        if self.state != "open" or self._loop != anyio.lowlevel.current_token():
            return  # Nobody waits, or does so in an event loop that must not be touched from this one.
        at = max(anyio.current_time(), self._woken_until)
        for job in list(self._jobs):
            if job._hurry(rid, at):
                at += WAKES_APART
        self._woken_until = at

    async def close(self) -> None:
        """Close for ever; a second caller waits for the first to be done."""
        self._adopt_loop()
        if self._closed is None:
            self.state = "closing"
            self._closed = closed = anyio.Event()
            await self.finisher.finish(lambda: self._shut_down(closed))
        else:
            await self._closed.wait()

    def _adopt_loop(self) -> None:
        """Go over to another event loop when the one that was used so far is done with the client."""
        loop = anyio.lowlevel.current_token()
        if self._loop == loop:
            return
        if self._loop is not None:
            if self._calls or self.finisher.busy:
                raise RuntimeError(
                    "this CincopaClient is in use in another event loop; make one client for each event loop"
                )
            self.pool.forget()
            self.uploads.forget()
            self.files = anyio.Semaphore(self.size)
            self.token.forget_loop()
            self.pace.forget_loop()
            self.ensuring = anyio.Lock()
        self._loop = loop
        self._woken_until = -math.inf  # Its clock is another one.
        self._ended = None

    @property
    def _calls(self) -> int:
        return self.pool.busy + self.uploads.busy

    async def _shut_down(self, closed: anyio.Event) -> None:
        self.pool.refuse()
        self.uploads.refuse()
        for _ in range(self.files.statistics().tasks_waiting):
            self.files.release()  # Before their turn, which may never come: the file before may wait for its source.
        try:
            async with anyio.create_task_group() as group:
                await self._until_idle(group)
                group.cancel_scope.cancel()
        finally:
            self.state = "closed"
            try:
                await self.pool.aclose()
                await self.uploads.aclose()
            finally:
                closed.set()

    async def _until_idle(self, group: TaskGroup) -> None:
        while True:
            self._ended = anyio.Event()
            for job in list(self._jobs):  # Those too that somebody began to wait for only now.
                self._jobs.discard(job)
                self._jobs_closing += 1
                group.start_soon(self._close_job, job)
            # One piece of work is this very closing.
            if not self._jobs_closing and not self._calls and self.finisher.busy == 1:
                return
            with anyio.move_on_after(PATIENCE) as patience:
                await self._ended.wait()
            if patience.cancelled_caught:
                _log.warning(
                    "closing gives up, for nothing has ended for %g s: %d calls and %d jobs are under way",
                    PATIENCE,
                    self._calls,
                    self._jobs_closing,
                )
                return

    async def _close_job(self, job: Waits) -> None:
        await job._close()
        self._jobs_closing -= 1
        self._something_ended()

    def _something_ended(self) -> None:
        if self._ended is not None:
            self._ended.set()
