"""What ends a job before somebody is told of its upload's end: a refusal, a clock, whoever leaves, an abort."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

import anyio

from ._abort import Abort
from ._known import Known
from .errors import CincopaError, NotFoundError
from .models import UploadStatus
from .polling import Lapse, Tracker

if TYPE_CHECKING:
    from ._base import BaseClient
    from ._life import Life

OnCancel: TypeAlias = Literal["abort", "detach"]
"""What cancelling, timing out or leaving a job early does to the upload: end it, or leave it running."""

_log = logging.getLogger("cincopa_async")


class Ending:
    """What is known of a job's upload, and how it is ended; who waits for it, and polls, is :class:`UploadJob`'s."""

    status_id: str
    """The upload's only handle."""

    def __init__(self, client: BaseClient, life: Life, status_id: str, on_cancel: OnCancel) -> None:
        if on_cancel not in ("abort", "detach"):
            raise ValueError("on_cancel must be 'abort' or 'detach'")
        self.status_id = status_id
        self._client = client
        self._life = life
        self._on_cancel = on_cancel
        self._waits_for_a_token = False
        self._known = Known(status_id)
        self._note_abort: Callable[[], Awaitable[None]] | None = None
        self._was_aborted = False
        self._abort: Abort | None = None
        self._aborting: anyio.Lock | None = None  # Thousands of jobs may be waited for, and few are aborted.
        self._nap: anyio.CancelScope | None = None
        self._polling: anyio.CancelScope | None = None

    def _let_run(self) -> None:
        """Have the upload run on, whoever leaves: somebody else will take it up."""
        self._on_cancel = "detach"

    def _let_run_where_refused(self) -> None:
        """Have the upload run on when the token is refused: somebody with a good one will take it up."""
        self._waits_for_a_token = True

    def _keep_with(self, note_abort: Callable[[], Awaitable[None]], *, aborted: bool) -> None:
        """Have an abort noted before it is sent; `aborted` says that one was, by somebody who did not live on."""
        self._note_abort = note_abort
        self._was_aborted = aborted

    async def _missed(self, tracker: Tracker, error: CincopaError) -> None:
        over = tracker.missed(error, anyio.current_time())
        if isinstance(error, NotFoundError) and self._abort is not None and self._abort.acted:
            # Else the id may be too fresh: the abort itself will find out.
            if not self._abort.in_flight and (over or self._known.status is not None):
                self._take(None)
        elif over and isinstance(error, NotFoundError) and self._was_aborted:
            self._take(None)
        elif over:
            abort = not (isinstance(error, NotFoundError) or self._waits_for_a_token)
            await self._life.finisher.finish(lambda: self._end_with(error, abort=abort))
        else:
            _log.info("upload %s: a poll failed in passing: %s", self.status_id, error)

    async def _give_up(self, lapse: Lapse) -> None:
        _log.warning("upload %s is given up: %s", self.status_id, lapse)
        if lapse == "no resid":
            self._known.failure = self._known.no_resid()
            return
        await self._end_with(self._known.timed_out(), abort=True)

    async def _end_with(self, failure: CincopaError, *, abort: bool) -> None:
        if abort and self._on_cancel == "abort":
            await self._abort_or_warn()
        self._known.end_with(failure)

    async def _abort_or_warn(self) -> None:
        try:
            await self._abort_now()
        except Exception as error:  # noqa: BLE001 - a token callable's or given client's too: others wait for their turn
            _log.warning("upload %s may still be running, for its abort did not end well: %s", self.status_id, error)

    async def _abort_now(self) -> UploadStatus:
        self._aborting = self._aborting or anyio.Lock()
        async with self._aborting:
            if self._known.is_final:
                return self._known.final()
            if self._abort is None:
                await self._noted()
            self._known.is_asked = False
            self._abort = self._abort or Abort(
                self._client, self.status_id, self._take, is_known=self._known.status is not None
            )
            return await self._abort.run()

    async def _noted(self) -> None:
        if self._note_abort is None:
            return
        try:
            await self._note_abort()
            self._note_abort = None
        except Exception as error:  # noqa: BLE001 - the store's; the abort matters more than what a rerun makes of it
            _log.warning("the abort of upload %s could not be noted: %s", self.status_id, type(error).__name__)

    def _take(self, status: UploadStatus | None) -> UploadStatus:
        """Take in a status, None for an id that our abort made unknown, and return what it amounts to."""
        aborted = self._was_aborted or (self._abort is not None and self._abort.acted)
        amounts_to = self._known.take(status, aborted=aborted)
        self._rouse()
        return amounts_to

    def _rouse(self) -> None:
        """Have whoever drives the polls look what is new."""
        if self._nap is not None:
            self._nap.cancel()
        if self._known.is_over and self._polling is not None:
            self._polling.cancel()
