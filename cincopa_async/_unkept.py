"""One upload that no store knows: what can be told of it where it is left before its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from attrs import evolve

from ._calls import Call
from .errors import CincopaError
from .models import StartedUpload

if TYPE_CHECKING:
    from ._base import BaseClient
    from .jobs import UploadJob


class Unkept:
    """Stands where :class:`Kept` stands with a store."""

    def __init__(self) -> None:
        self.at_risk: bool = False
        """Whether something has been sent of which nobody knows what became."""
        self.undone: UploadJob | None = None
        """The upload whose start was cancelled in flight, so that it was aborted."""

    def starts(self, call: Call[StartedUpload]) -> Call[StartedUpload]:
        """Return a start of which it is known whether it is under way."""
        return evolve(call, around=self._around, undo=self._undo)

    async def _around(self, exchange: Callable[[], Awaitable[StartedUpload]]) -> StartedUpload:
        self.at_risk = True
        try:
            started = await exchange()
        except CincopaError as error:
            self.at_risk = error.maybe_applied
            raise
        self.at_risk = False
        return started

    async def _undo(self, client: BaseClient, started: StartedUpload) -> None:
        self.undone = client.resume_upload(started.status_id)
        await self.undone._abort_or_warn()
