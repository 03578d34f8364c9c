"""How an upload is aborted: again where that met a passing fault, until Cincopa says how the upload ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio

from .errors import (
    AuthenticationError,
    CincopaError,
    ClientClosedError,
    NotFoundError,
    PermissionDeniedError,
    UploadTimeoutError,
)
from .models import UploadStatus
from .polling import UNKNOWN_TIMES
from .resources._upload_calls import confirmed, upload_from_url_abort

if TYPE_CHECKING:
    from ._base import BaseClient

BOUND = 10.0
"""Seconds, from the first turn on, for the abort, its retries and the question how it went."""
_HOPELESS = (AuthenticationError, PermissionDeniedError, ClientClosedError)

_log = logging.getLogger("cincopa_async")


class Abort:
    """
    The abort of one upload.

    What Cincopa says meanwhile goes to `heard`, which returns what it amounts to; None says that the id is unknown now.
    That is believed at once where the id `is_known`, which means that Cincopa has told its status before.
    """

    def __init__(
        self,
        client: BaseClient,
        status_id: str,
        heard: Callable[[UploadStatus | None], UploadStatus],
        *,
        is_known: bool,
    ) -> None:
        self._client = client
        self._status_id = status_id
        self._heard = heard
        self._is_known = is_known
        self._unknown = 0
        self.acted = False
        """Whether Cincopa may have acted on it: from then on ``failed`` and an unknown id mean aborted."""
        self.in_flight = False
        """Whether it is sent and not answered yet: an unknown id may be one that is too fresh then."""

    async def run(self) -> UploadStatus:
        """
        Abort, and return the status at the end: aborted, or completed or failed where that came first.

        Raises:
            UploadTimeoutError: Cincopa did not say within the bound how it ended; it may still run.
            AuthenticationError: The token is refused, so it may still run.
            PermissionDeniedError: The token must not abort, so it may still run.
            NotFoundError: Cincopa knows no such upload, as often as it is asked.
        """
        last: UploadStatus | None = None
        with anyio.CancelScope() as bound:

            def start_clock() -> None:
                # In the queue there is no bound: whoever is before us holds a slot for its timeout at most.
                bound.deadline = min(bound.deadline, anyio.current_time() + BOUND)

            accepted = False
            pause = 0.25
            while True:
                accepted = accepted or await self._send(start_clock)
                last = await self._ask(start_clock)
                if last is not None and last.state.is_final:
                    return last
                await anyio.sleep(pause)
                pause = min(2.0, pause * 2)
        raise UploadTimeoutError(self._status_id, last)

    async def _send(self, holding: Callable[[], None]) -> bool:
        before, self.acted = self.acted, True
        self.in_flight = True
        try:
            await self._client.send(upload_from_url_abort(self._status_id), holding=holding)
        except CincopaError as error:
            self.acted = before or error.maybe_applied
            self._judge(error)
            return False
        finally:
            self.in_flight = False
        return True

    async def _ask(self, holding: Callable[[], None]) -> UploadStatus | None:
        try:
            status = await self._client.send(confirmed(self._status_id), holding=holding)
        except CincopaError as error:
            if isinstance(error, NotFoundError) and self.acted and self._is_gone():
                return self._heard(None)
            self._judge(error)
            return None
        self._unknown = 0
        self._is_known = True
        return self._heard(status)

    def _is_gone(self) -> bool:
        """Say whether an id that is unknown now was so from the abort on: a fresh one may be of a completed upload."""
        return self._is_known or self._unknown + 1 >= UNKNOWN_TIMES

    def _judge(self, error: CincopaError) -> None:
        """Let a passing fault go by; raise one that will not pass."""
        # A fresh id may be unknown for a moment, and then the upload would run on if the first answer were believed.
        self._unknown += isinstance(error, NotFoundError)
        if isinstance(error, _HOPELESS) or self._unknown >= 2 * UNKNOWN_TIMES:
            raise error
        _log.info("aborting upload %s goes on after: %s", self._status_id, error)
