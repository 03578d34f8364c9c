"""What is known of one upload, and what it amounts to. Pure: no clock, no socket."""

from __future__ import annotations

import copy

from attrs import define, evolve

from .errors import (
    CincopaError,
    ResponseDecodeError,
    UploadAbortedError,
    UploadFailedError,
    UploadTimeoutError,
)
from .models import UploadResult, UploadState, UploadStatus
from .resources._upload_calls import upload_from_url_get_status


@define(eq=False)
class Known:
    """The last status of an upload, how many there were, and what has ended its job where no status did."""

    status_id: str
    status: UploadStatus | None = None
    version: int = 0
    """The number of the newest status that differs from the one before."""
    failure: CincopaError | None = None
    is_asked: bool = True
    """Whether what Cincopa said last is the latest: not so from an abort on, until somebody has asked."""

    @property
    def is_final(self) -> bool:
        """Whether the upload has ended."""
        return self.status is not None and self.status.state.is_final

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.is_final or self.failure is not None

    def final(self) -> UploadStatus:
        """Return the status at the end."""
        assert self.status is not None  # noqa: S101 - for the type checkers
        return self.status

    def said_last(self) -> UploadStatus | None:
        """Return what Cincopa said last; None where an abort was sent and what came of it could not be asked."""
        return self.status if self.is_asked else None

    def take(self, status: UploadStatus | None, *, aborted: bool) -> UploadStatus:
        """
        Take in a status, None for an id that our abort made unknown, and return what it amounts to.

        Once Cincopa may have acted on an abort of ours (`aborted`), failed means aborted.
        """
        if self.is_final:
            return self.final()  # An end is never taken back.
        if status is None:
            status = evolve(self.status or UploadStatus(), state=UploadState.ABORTED)
        elif status.state is UploadState.FAILED and aborted:
            status = evolve(status, state=UploadState.ABORTED)
        if status != self.status:
            self.version += 1
        self.status = status
        self.is_asked = True
        return status

    def end_with(self, failure: CincopaError) -> None:
        """Let a failure end the job, unless it has ended by now: an upload may complete while it is given up."""
        if self.status is not None and self.status.state is UploadState.COMPLETED:
            return
        if isinstance(failure, UploadTimeoutError):
            failure = self.timed_out()
        self.failure = self.failure or own_copy(failure)

    def timed_out(self) -> UploadTimeoutError:
        """Return the error of a wait that took too long."""
        return UploadTimeoutError(self.status_id, self.said_last())

    def no_resid(self) -> ResponseDecodeError:
        """Return the error of an upload that completed as nobody knows which asset."""
        call = upload_from_url_get_status(self.status_id)
        return ResponseDecodeError(call.name, "completed without a resid", None, self.status_id, maybe_applied=True)

    def result(self) -> UploadResult:
        """Return what came of the upload, or raise."""
        if self.failure is not None:
            raise own_copy(self.failure)
        status = self.final()
        if status.state is UploadState.FAILED:
            raise UploadFailedError(self.status_id, status)
        if status.state is UploadState.ABORTED:
            raise UploadAbortedError(self.status_id, status)
        if status.rid is None:
            raise self.no_resid()
        return UploadResult(rid=status.rid, status=status)


def own_copy(failure: CincopaError) -> CincopaError:
    """Copy an error of a job, without its traceback, which would keep frames alive."""
    own = copy.copy(failure)
    own.maybe_applied = True  # Whatever went wrong with a poll: the upload was started.
    return own
