"""What an error of one item means: for all others too, or for itself, once or for good. Pure."""

from __future__ import annotations

import re

from .errors import (
    APIError,
    AuthenticationError,
    CincopaError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ServerError,
    TransportError,
    UploadAbortedError,
    UploadFailedError,
    UploadTimeoutError,
)
from .models import UploadState

STREAK = 10
"""How many starts running, with none that succeeds between them, must fail for a batch to be halted."""

# How Cincopa says that an account is full is not documented. What speaks of one file alone must not match.
_QUOTA = re.compile(
    r"\bquota\b|\b(?:storage|disk)\b.{0,30}\b(?:full|exceeded|limit|exhausted)|\bnot enough (?:storage|space)\b"
    r"|\bout of (?:storage|space)\b|\baccount\b.{0,30}\b(?:limit|suspended|disabled|expired|blocked)"
    r"|\bplan\b.{0,30}\b(?:limit|exceeded)|\bpayment required\b",
    re.IGNORECASE,
)
_QUOTA_STATUS = frozenset({402, 507})

_FOR_GOOD = re.compile(
    r"\b40[0-79]\b|\b41\d\b|\bnot found\b|\bunsupported\b|\bnot supported\b|\btoo (?:large|big)\b|\blarger than\b"
    r"|\binvalid\b|\bno url\b|\bforbidden\b|\bunauthorized\b|\bdenied\b|\bdeleted\b|\bredirects too often\b|\bempty\b"
    r"|\bcorrupt",
    re.IGNORECASE,
)
_IN_PASSING = re.compile(
    r"\b5\d\d\b|\b408\b|\b429\b|\btime[ds]?[ -]?out\b|\bconnection\b|\breset\b|\bbroke off\b|\bunreachable\b"
    r"|\bunavailable\b|\btemporar|\btry again\b|\btoo many requests\b|\bserver stopped\b|\bserver error\b"
    r"|\bbad gateway\b",
    re.IGNORECASE,
)


def halting(error: CincopaError) -> str | None:
    """Say in words what an error of one item means for all, if it is the token, its permissions or the account."""
    if isinstance(error, AuthenticationError):
        return f"the token is refused ({error})"
    if isinstance(error, PermissionDeniedError):
        return f"the token may not do this ({error})"
    if isinstance(error, UploadFailedError) and _QUOTA.search(error.reason or ""):
        return f"the account takes no more ({error})"
    if not isinstance(error, APIError) or isinstance(error, RateLimitError):
        return None
    full = error.status_code in _QUOTA_STATUS or _QUOTA.search(error.message)
    return f"the account takes no more ({error})" if full else None


def ends_for_good(error: CincopaError) -> bool:
    """Say whether an item has certainly ended with an error; else a rerun may find out more, or try it again."""
    if isinstance(error, UploadTimeoutError):
        return error.status is not None and error.status.state.is_final
    if isinstance(error, ResponseDecodeError):
        return error.status_id is not None
    if isinstance(error, UploadFailedError | UploadAbortedError):
        return True
    return isinstance(error, APIError) and not isinstance(error, RateLimitError | ServerError)


def is_outage(error: CincopaError) -> bool:
    """Say whether an error of a start tells of the service or the way to it, so that many of them concern all."""
    return isinstance(error, ServerError | TransportError)


def is_passing(error: BaseException) -> bool:
    """Say whether an upload that has certainly ended so, or was certainly not started, may go well another time."""
    if isinstance(error, UploadFailedError):
        return is_passing_reason(error.reason)
    if isinstance(error, UploadTimeoutError):
        return error.status is not None and error.status.state is UploadState.ABORTED
    return isinstance(error, ServerError | TransportError | RateLimitError) and not error.maybe_applied


def is_passing_reason(reason: str | None) -> bool:
    """
    Say whether an upload that failed for a `reason`, in Cincopa's words, may go well another time.

    The words are not documented: what nobody knows is for good, or a million items would be sent twice in vain.
    """
    return reason is not None and not _FOR_GOOD.search(reason) and _IN_PASSING.search(reason) is not None
