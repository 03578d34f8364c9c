"""Errors as a store keeps them, so that a rerun tells the same end. Pure."""

from __future__ import annotations

from .errors import (
    APIError,
    AuthenticationError,
    CincopaError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ServerError,
    UploadAbortedError,
    UploadError,
    UploadFailedError,
    UploadTimeoutError,
)
from .models import UploadState, UploadStatus
from .stores import StoredError

_REFUSALS: dict[str, type[APIError]] = {
    kind.__name__: kind
    for kind in (APIError, AuthenticationError, NotFoundError, PermissionDeniedError, RateLimitError, ServerError)
}
_ENDS: dict[str, tuple[type[UploadError], UploadState]] = {
    "UploadFailedError": (UploadFailedError, UploadState.FAILED),
    "UploadAbortedError": (UploadAbortedError, UploadState.ABORTED),
    "UploadTimeoutError": (UploadTimeoutError, UploadState.ABORTED),
}


def stored(error: CincopaError) -> StoredError:
    """Return what a store keeps of an error that ended an item."""
    kind = type(error).__name__
    if isinstance(error, UploadError):
        return StoredError(
            kind=kind,
            message=str(error),
            status_id=error.status_id,
            status=error.status.status if error.status else None,
            reason=error.status.reason if error.status else None,
            maybe_applied=error.maybe_applied,
        )
    if isinstance(error, APIError):
        return StoredError(
            kind=kind,
            message=error.message,
            status_code=error.status_code,
            call=error.call,
            maybe_applied=error.maybe_applied,
        )
    if isinstance(error, ResponseDecodeError):
        return StoredError(
            kind=kind,
            message=error.message,
            status_id=error.status_id,
            call=error.call,
            maybe_applied=error.maybe_applied,
        )
    return StoredError(kind=kind, message=str(error), maybe_applied=error.maybe_applied)


def restored(kept: StoredError) -> CincopaError:
    """Return the error that a store has kept; one of a kind that is not known here is told by its text alone."""
    error: CincopaError
    if kept.kind in _ENDS:
        kind, state = _ENDS[kept.kind]
        return kind(kept.status_id, UploadStatus(state=state, status=kept.status, reason=kept.reason))
    if kept.kind in _REFUSALS:
        error = _REFUSALS[kept.kind](kept.status_code or 0, kept.message, kept.call or "")
    elif kept.kind == "ResponseDecodeError":
        error = ResponseDecodeError(kept.call or "", kept.message, None, kept.status_id)
    else:
        error = CincopaError(kept.message)
    error.maybe_applied = kept.maybe_applied
    return error
