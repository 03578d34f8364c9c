"""An upload from a URL as one object: to watch, to wait for, to abort."""

from __future__ import annotations

import copy
import logging
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeAlias
from weakref import WeakSet

import anyio
from attrs import evolve

from ._abort import Abort
from ._calls import at_least
from ._ready import ReadyWait
from ._watch import UploadWatch
from .errors import (
    CincopaError,
    ClientClosedError,
    NotFoundError,
    ResponseDecodeError,
    TransportError,
    UploadAbortedError,
    UploadFailedError,
    UploadTimeoutError,
)
from .models import UploadResult, UploadState, UploadStatus
from .polling import Lapse, PollPolicy, Tracker
from .resources._asset_calls import polled

if TYPE_CHECKING:
    from ._client import CincopaClient
    from ._life import Life

OnCancel: TypeAlias = Literal["abort", "detach"]
"""What cancelling, timing out or leaving a job early does to the upload: end it, or leave it running."""

Until: TypeAlias = Literal["completed", "ready"]
"""How far an upload is waited for: until the asset is there, or until its versions are made too."""

_log = logging.getLogger("cincopa_async")


class UploadJob:
    """
    An upload from a URL that Cincopa is at, or was.

    Made by :meth:`CincopaClient.start_upload` and :meth:`CincopaClient.resume_upload`. Several tasks may wait for it:
    they share one line of polls, driven by whoever waits. When the last of them is cancelled or times out, `on_cancel`
    decides what becomes of the upload. Entered as a context manager, the block counts as one who waits.
    """

    status_id: str
    """The upload's only handle."""
    status: UploadStatus | None
    """The last known status, None before the first poll."""

    def __init__(
        self, client: CincopaClient, life: Life, status_id: str, *, on_cancel: OnCancel, poll: PollPolicy
    ) -> None:
        if on_cancel not in ("abort", "detach"):
            raise ValueError("on_cancel must be 'abort' or 'detach'")
        self.status_id = status_id
        self.status = None
        self._client = client
        self._life = life
        self._on_cancel = on_cancel
        self._policy = poll
        self._tracker: Tracker | None = None
        self._version = 0
        self._asked = True
        self._failure: CincopaError | None = None
        self._abort: Abort | None = None
        self._holders: WeakSet[object] = WeakSet()
        self._blocks: list[object] = []
        self._turn = anyio.Lock()
        self._aborting = anyio.Lock()
        self._wake = anyio.Event()
        self._polling: anyio.CancelScope | None = None

    def __repr__(self) -> str:
        state = self.status.state.value if self.status else "not asked yet"
        return f"<UploadJob {self.status_id}: {state}>"

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

        After the end it answers at once. Source: ``GET asset.upload_from_url_get_status.json``, and
        ``GET asset.list.json`` until it is ready.

        Args:
            timeout: Seconds to wait at most, None: until the job's deadline. What `on_cancel` then does, unless
                somebody else waits, a block that entered the job included, comes on top.
            until: ``"completed"``: the asset is there; ``"ready"``: the versions that it is shown by are made too, as
                for :meth:`AssetGroup.wait_ready`. An upload that has completed is aborted no more.

        Raises:
            UploadFailedError: Cincopa says it failed; `reason` says why.
            UploadAbortedError: It was aborted.
            UploadTimeoutError: `timeout` is over, no byte has moved for too long, or the job's deadline has passed.
            NotFoundError: Cincopa knows no such upload, several times running.
            AuthenticationError: The token is refused.
            ResponseDecodeError: It completed, and Cincopa does not say as which asset.
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
        with anyio.move_on_after(timeout) as clock:
            async for _ in watch:
                pass
        if clock.cancelled_caught:
            raise UploadTimeoutError(self.status_id, self._said_last())
        if self._failure is not None:
            raise _own_copy(self._failure)
        return self._result()

    async def _ready(self, rid: str, timeout: float | None) -> None:
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
        if self.status is not None and self.status.state.is_final:
            return self.status
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
        if not self._holders and not self._is_over and self._on_cancel == "abort":
            await self._life.finisher.finish(self._abort_or_warn, unwinding=unwinding)

    async def _news(self, seen: int) -> int:
        """Return the number of the newest status as soon as it is above `seen`, which it is not once all is over."""
        while self._version == seen and not self._is_over:
            async with self._turn:
                if self._version == seen and not self._is_over:
                    await self._step(self._begin())
        closed = isinstance(self._failure, ClientClosedError)
        if self._failure is not None and (closed or (self._version == seen and not self._is_final)):
            raise _own_copy(self._failure)
        return self._version

    async def _close(self) -> None:
        """End the job with its client: the policy acts, whoever waits gets a ClientClosedError."""
        if self._holders and not self._is_over:
            self._failure = ClientClosedError()
            self._rouse()
            if self._on_cancel == "abort":
                await self._abort_or_warn()

    def _begun(self) -> Self:
        """Let the job's clocks run from now on."""
        self._begin()
        return self

    @property
    def _is_final(self) -> bool:
        return self.status is not None and self.status.state.is_final

    @property
    def _is_over(self) -> bool:
        return self._is_final or self._failure is not None

    def _begin(self) -> Tracker:
        if self._tracker is None:
            self._tracker = Tracker(self._policy, anyio.current_time())
        return self._tracker

    async def _step(self, tracker: Tracker) -> None:
        """Sleep until there is something to do, and do it: poll, or give up."""
        if self._life.state != "open":
            await self._life.finisher.finish(self._close)
            return
        self._wake = anyio.Event()
        with anyio.move_on_after(tracker.wakes_at - anyio.current_time()):
            await self._wake.wait()
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

    async def _answer(self, tracker: Tracker) -> UploadStatus | None:
        """Ask for the status; None if the deadline has passed or all is over before it is answered."""
        # Between its tries a call may pause for minutes, and neither waits for that.
        with anyio.CancelScope(deadline=tracker.deadline) as polling:
            self._polling = polling
            try:
                return await self._client.send(polled(self.status_id), holding=tracker.asks)
            finally:
                self._polling = None
        return None

    async def _missed(self, tracker: Tracker, error: CincopaError) -> None:
        over = tracker.missed(error, anyio.current_time())
        if isinstance(error, NotFoundError) and self._abort is not None and self._abort.acted:
            if not self._abort.in_flight:  # Else the id may be too fresh: the abort itself will find out.
                self._take(None)
        elif over:
            await self._life.finisher.finish(lambda: self._end_with(error, abort=not isinstance(error, NotFoundError)))
        else:
            _log.info("upload %s: a poll failed in passing: %s", self.status_id, error)

    async def _give_up(self, lapse: Lapse) -> None:
        _log.warning("upload %s is given up: %s", self.status_id, lapse)
        if lapse == "no resid":
            self._failure = self._no_resid()
            return
        await self._end_with(UploadTimeoutError(self.status_id, self._said_last()), abort=True)

    async def _end_with(self, failure: CincopaError, *, abort: bool) -> None:
        if abort and self._on_cancel == "abort":
            await self._abort_or_warn()
        if self.status is not None and self.status.state is UploadState.COMPLETED:
            return  # It was not too late after all.
        if isinstance(failure, UploadTimeoutError):
            failure = UploadTimeoutError(self.status_id, self._said_last())
        self._failure = self._failure or _own_copy(failure)

    async def _abort_or_warn(self) -> None:
        try:
            await self._abort_now()
        except Exception as error:  # noqa: BLE001 - a token callable's or given client's too: others wait for their turn
            _log.warning("upload %s may still be running, for its abort did not end well: %s", self.status_id, error)

    async def _abort_now(self) -> UploadStatus:
        async with self._aborting:
            if self._is_final:
                return self._final()
            self._asked = False
            self._abort = self._abort or Abort(self._client, self.status_id, self._take)
            return await self._abort.run()

    def _take(self, status: UploadStatus | None) -> UploadStatus:
        """Take in a status, None for an id that our abort made unknown, and return what it amounts to."""
        if self._is_final:
            return self._final()  # An end is never taken back.
        if status is None:
            status = evolve(self.status or UploadStatus(), state=UploadState.ABORTED)
        elif status.state is UploadState.FAILED and self._abort is not None and self._abort.acted:
            status = evolve(status, state=UploadState.ABORTED)
        if status != self.status:
            self._version += 1
        self.status = status
        self._asked = True
        self._rouse()
        return status

    def _rouse(self) -> None:
        """Have whoever drives the polls look what is new."""
        self._wake.set()
        if self._is_over and self._polling is not None:
            self._polling.cancel()

    def _hurry(self, rid: str | None, at: float) -> bool:
        """Poll at `at`, if news of the asset `rid` may be this upload's; say whether that is sooner than was wanted."""
        own = self.status.rid if self.status else None
        if self._tracker is None or not self._holders or self._is_over or (rid and own and rid != own):
            return False
        sooner = self._tracker.hurry(at)
        if sooner:
            self._wake.set()
        return sooner

    def _final(self) -> UploadStatus:
        assert self.status is not None  # noqa: S101 - for the type checkers
        return self.status

    def _said_last(self) -> UploadStatus | None:
        """What Cincopa said last; None where an abort was sent and what came of it could not be asked."""
        return self.status if self._asked else None

    def _result(self) -> UploadResult:
        status = self._final()
        if status.state is UploadState.FAILED:
            raise UploadFailedError(self.status_id, status)
        if status.state is UploadState.ABORTED:
            raise UploadAbortedError(self.status_id, status)
        if status.rid is None:
            raise self._no_resid()
        return UploadResult(rid=status.rid, status=status)

    def _no_resid(self) -> ResponseDecodeError:
        call = polled(self.status_id)
        return ResponseDecodeError(call.name, "completed without a resid", None, self.status_id, maybe_applied=True)


class _Block:
    """A place in the code that holds a job; weakly referable, as plain objects are not."""


def _own_copy(failure: CincopaError) -> CincopaError:
    """Copy an error of a job, without its traceback, which would keep frames alive."""
    own = copy.copy(failure)
    own.maybe_applied = True  # Whatever went wrong with a poll: the upload was started.
    return own
