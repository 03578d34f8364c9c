"""An upload from a URL as one object: to watch, to wait for, to abort."""

from __future__ import annotations

import functools
import math
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeAlias
from weakref import WeakSet

import anyio

from ._calls import at_least
from ._ending import Ending, OnCancel
from ._known import own_copy
from ._watch import UploadWatch
from .errors import CincopaError, ClientClosedError, TransportError
from .models import UploadResult, UploadStatus
from .polling import PollPolicy, Tracker
from .resources._upload_calls import polled

if TYPE_CHECKING:
    from ._base import BaseClient
    from ._follow_up import FollowUp
    from ._life import Life

Until: TypeAlias = Literal["completed", "ready"]
"""How far an upload is waited for: until the asset is there, or until its versions are made too."""

TICK = 0.02
"""
Seconds. Jobs wake at its multiples, so that of thousands a few do so in the same turn of the event loop: where each has
one to itself a poll costs more.
"""
WAIT_FOR_TICKS = 1.0
"""Seconds of a wait from which on a tick does not matter."""

__all__ = ["OnCancel", "Until", "UploadJob"]


class UploadJob(Ending):
    """
    An upload from a URL that Cincopa is at, or was.

    Made by :meth:`CincopaClient.start_upload` and :meth:`CincopaClient.resume_upload`. Several tasks may wait for it:
    they share one line of polls, driven by whoever waits. When the last of them is cancelled or times out, `on_cancel`
    decides what becomes of the upload. Entered as a context manager, the block counts as one who waits.
    """

    def __init__(
        self,
        client: BaseClient,
        life: Life,
        status_id: str,
        *,
        on_cancel: OnCancel,
        poll: PollPolicy,
        follow_up: FollowUp | None = None,
    ) -> None:
        super().__init__(client, life, status_id, on_cancel)
        self._policy = poll
        self._group: object = None
        self._follow_up = follow_up
        self._tracker: Tracker | None = None
        self._holders: WeakSet[object] = WeakSet()
        self._blocks: list[object] = []
        # Thousands of jobs may be waited for, most of them by one task: what only others need is made when they come.
        self._driven = False
        self._left: anyio.Event | None = None

    def __repr__(self) -> str:
        state = self.status.state.value if self.status else "not asked yet"
        return f"<UploadJob {self.status_id}: {state}>"

    @property
    def status(self) -> UploadStatus | None:
        """The last known status, None before the first poll."""
        return self._known.status

    def watch(self) -> UploadWatch:
        """
        Return an async iterator over the statuses as they change, the end too: completed, failed or aborted.

        It counts as one who waits while it exists. Leaving its loop by ``break`` is no cancel; to have the upload
        aborted then, enter the job: ``async with``. Source: ``GET asset.upload_from_url_get_status.json``.

        Raises:
            UploadTimeoutError: A deadline has passed, and how the upload ended is not known.
            NotFoundError: Cincopa knows no such upload, several times running.
            AuthenticationError: The token is refused.
            ResponseDecodeError: It completed, and Cincopa does not say as which asset.
            ClientClosedError: The client was closed meanwhile.
        """
        return UploadWatch(self)

    async def wait(self, *, timeout: float | None = None, until: Until = "completed") -> UploadResult:
        """
        Wait until the upload has completed, and return its rid.

        After the end it answers at once. Whatever `meta` and `galleries` want to be set of the asset is set before.
        Source: ``GET asset.upload_from_url_get_status.json``, and
        ``GET asset.list.json`` until it is ready.

        Args:
            timeout: Seconds to wait at most, None: until the job's deadline, and for its versions as long again. What
                `on_cancel` then does, unless somebody else waits, a block that entered the job included, comes on top.
            until: ``"completed"``: the asset is there; ``"ready"``: the versions that it is shown by are made too, as
                for :meth:`AssetGroup.wait_ready`, each who waits asking alone. An upload that has completed is aborted
                no more.

        Raises:
            UploadFailedError: Cincopa says it failed; `reason` says why.
            UploadAbortedError: It was aborted.
            UploadTimeoutError: `timeout` is over, no byte has moved for too long, or the job's deadline has passed.
            NotFoundError: Cincopa knows no such upload, several times running.
            AuthenticationError: The token is refused.
            ResponseDecodeError: It completed, and Cincopa does not say as which asset.
            AssetNotDescribedError: It completed, and its metadata could not be set; waiting again tries it again.
            LeaseLostError: Another worker has the store's item by now.
            AssetNotReadyError: It completed, and its versions could not be made, or (AssetTimeoutError) not in time.
            ClientClosedError: The client was closed meanwhile.
        """
        at_least(0, "timeout", timeout)
        if until not in ("completed", "ready"):
            raise ValueError("until must be 'completed' or 'ready'")
        began = anyio.current_time()
        result = await self._completed(timeout)
        if until == "ready":
            left = None if timeout is None else max(0.0, began + timeout - anyio.current_time())
            await self._ready(result.rid, left)
        return result

    async def _completed(self, timeout: float | None) -> UploadResult:
        watch = self.watch()
        if timeout is None:  # Then without a scope: thousands of jobs may wait, and each is to hold what it must.
            async for _ in watch:
                pass
            return self._known.result()
        with anyio.move_on_after(timeout) as clock:
            async for _ in watch:
                pass
        if clock.cancelled_caught:
            raise self._known.timed_out()
        return self._known.result()

    async def _ready(self, rid: str, timeout: float | None) -> None:
        from ._ready import ReadyWait

        try:
            await ReadyWait(self._client, self._life, rid, self._policy).run(timeout)
        except CincopaError as error:
            error.maybe_applied = True  # The upload has been done.
            raise

    async def refresh(self) -> UploadStatus:
        """
        Poll once, now, and return what that says; after the end, the end. It does not count as one who waits.

        Source: ``GET asset.upload_from_url_get_status.json``.

        Raises:
            APIError: Cincopa says no.
            TransportError: No whole answer came. The job goes on.
        """
        if self._known.is_final:
            return self._known.final()
        tracker = self._begin()
        status = await self._client.send(polled(self.status_id))
        return self._take(tracker.saw(status, anyio.current_time()))

    async def abort(self) -> UploadStatus:
        """
        Abort the upload and return its status at the end: aborted, or completed or failed where that came first.

        After the end it is harmless. If it is cancelled, the abort is sent all the same. An id that Cincopa does not
        know is asked for several times, for some seconds, before that is believed.
        Source: ``POST asset.upload_from_url_abort.json``, then ``GET asset.upload_from_url_get_status.json``.

        Raises:
            UploadTimeoutError: Cincopa did not say within 10 seconds how the upload ended: it may still run.
            APIError: Cincopa refuses: the token, its permissions, or the status_id is not good.
        """
        return await self._life.finisher.finish(self._abort_now)

    async def __aenter__(self) -> Self:
        """Return the job; until the block is left it counts as one who waits."""
        block = _Block()
        self._blocks.append(block)
        self._hold(block)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the block: if the upload has not ended and nobody else waits, `on_cancel` decides about it."""
        me = anyio.get_current_task().id
        for holder in list(self._holders):
            # The task that leaves is in no loop any more, though a variable or a generator may hold its iterator.
            if isinstance(holder, UploadWatch) and holder._task == me:
                self._forget(holder)
        unwinding = isinstance(exc, anyio.get_cancelled_exc_class())
        await self._let_go(self._blocks.pop(), unwinding=unwinding)

    def _hold(self, holder: object) -> None:
        """Count `holder` as one who waits."""
        self._holders.add(holder)
        self._life.held(self)

    def _forget(self, holder: object) -> None:
        """Count `holder` no more, if it still exists."""
        if holder is not None:
            self._holders.discard(holder)

    async def _let_go(self, holder: object, *, unwinding: bool) -> None:
        """Count `holder` no more; when it was the last and the upload has not ended, let the policy act."""
        self._forget(holder)
        if not self._holders and not self._known.is_over and self._on_cancel == "abort":
            await self._life.finisher.finish(self._leave, unwinding=unwinding)

    async def _leave(self) -> None:
        await self._abort_or_warn()
        if self._follow_up is not None:
            await self._follow_up.aborted(self.status)

    async def _news(self, seen: int) -> int:
        """Return the number of the newest status as soon as it is above `seen`, which it is not once all is over."""
        known = self._known
        while self._is_newest(seen):
            if self._driven:
                self._left = self._left or anyio.Event()
                await self._left.wait()
                continue
            self._driven = True
            try:
                while self._is_newest(seen):
                    await self._drive()
            finally:  # There is news, or this is cancelled: then the next one drives.
                self._driven = False
                if self._left is not None:
                    self._left.set()
                    self._left = None
        closed = isinstance(known.failure, ClientClosedError)
        if known.failure is not None and (closed or (known.version == seen and not known.is_final)):
            raise own_copy(known.failure)
        return known.version

    def _is_newest(self, seen: int) -> bool:
        return self._known.version == seen and not self._known.is_over

    async def _close(self) -> None:
        """End the job with its client: the policy acts, whoever waits gets a ClientClosedError."""
        if not self._holders or self._known.is_over:
            return
        if self._on_cancel == "abort":
            await self._noted()  # Before anybody is woken: who waits in a batch closes its store.
        if not self._known.is_over:
            self._known.failure = ClientClosedError()
            self._rouse()
            if self._on_cancel == "abort":
                await self._abort_or_warn()

    def _begun(self) -> Self:
        """Let the job's clocks run from now on."""
        self._begin()
        return self

    def _begin(self) -> Tracker:
        if self._tracker is None:
            self._tracker = Tracker(self._policy, anyio.current_time())
        return self._tracker

    async def _drive(self) -> None:
        step = functools.partial(self._step, self._begin())
        await (step() if self._follow_up is None else self._follow_up.while_kept(step))

    async def _step(self, tracker: Tracker) -> None:
        """Sleep until there is something to do, and do it: poll, or give up."""
        if self._life.state != "open":
            await self._life.finisher.finish(self._close)
            return
        with anyio.CancelScope() as nap:  # An event that is waited for would be the largest part of what a job holds.
            self._nap = nap
            try:
                await anyio.sleep(_until(tracker.wakes_at, anyio.current_time()))
            finally:
                self._nap = None
        if nap.cancelled_caught:
            return
        lapse = tracker.lapse(anyio.current_time())
        if lapse is not None:
            await self._life.finisher.finish(lambda: self._give_up(lapse))
        else:
            await self._poll(tracker)

    async def _poll(self, tracker: Tracker) -> None:
        try:
            status = await self._answer(tracker)
        except ClientClosedError:
            await self._life.finisher.finish(self._close)
        except CincopaError as error:
            await self._missed(tracker, error)
        except Exception as error:
            if not self._life.token.raised(error):
                raise
            unasked = TransportError("api_token", f"the callable that gives it failed ({type(error).__name__})")
            await self._missed(tracker, unasked)  # No reason to end an upload that goes on without us.
        else:
            if status is not None:
                self._take(tracker.saw(status, anyio.current_time()))

    async def _followed_up(self) -> None:
        """Do what is left to do when the upload has ended."""
        if self._follow_up is not None:
            await self._follow_up.ended(self._known)

    async def _answer(self, tracker: Tracker) -> UploadStatus | None:
        """Ask for the status; None if the deadline has passed or all is over before it is answered."""
        # Between its tries a call may pause for minutes, and neither waits for that.
        with anyio.CancelScope(deadline=tracker.deadline) as polling:
            self._polling = polling
            try:
                return await self._client.send(polled(self.status_id, self._group), holding=tracker.asks)
            finally:
                self._polling = None
        return None

    def _hurry(self, rid: str | None, at: float) -> bool:
        """Poll at `at`, if news of the asset `rid` may be this upload's; say whether that is sooner than was wanted."""
        own = self.status.rid if self.status else None
        if self._tracker is None or not self._holders or self._known.is_over or (rid and own and rid != own):
            return False
        sooner = self._tracker.hurry(at)
        if sooner and self._nap is not None:
            self._nap.cancel()
        return sooner


def _until(at: float, now: float) -> float:
    """Return the seconds from `now` to `at`, or where that is far to the tick that follows."""
    if WAIT_FOR_TICKS <= at - now < math.inf:
        at = math.ceil(at / TICK) * TICK
    return max(0.0, at - now)


class _Block:
    """A place in the code that holds a job; weakly referable, as plain objects are not."""
