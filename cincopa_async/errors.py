"""
What can go wrong, as one tree.

::

    CincopaError
    ├── APIError                     Cincopa answered, and said no
    │   ├── AuthenticationError      the token is missing, wrong or expired
    │   ├── PermissionDeniedError    the token is valid and may not do this
    │   ├── NotFoundError            no such rid, fid, status_id or call
    │   ├── RateLimitError           too many calls (.retry_after)
    │   └── ServerError              HTTP 5xx
    ├── ResponseDecodeError          an answer that cannot be read
    ├── TransportError               no whole answer came
    │   └── RequestTimeoutError      … in time (a TimeoutError too)
    ├── FileChangedError             a file changed while it was uploaded
    ├── ClientClosedError            the client was closed
    ├── AssetNotReadyError           Cincopa did not make an asset's versions (.rid .syncstatus)
    │   └── AssetTimeoutError        … in time (a TimeoutError too)
    ├── AssetNotDescribedError       an asset was uploaded, and its metadata not set (.rid .reason)
    ├── BatchHaltedError             a batch was halted by what concerns all of it (.reason)
    ├── WebhookDecodeError           a webhook's body that is no event
    ├── WebhookDroppedError          a webhook event whose handler was cancelled
    ├── LeaseLostError               a store's item is another worker's by now
    └── UploadError                  an upload did not come to a good end
        ├── UploadFailedError        Cincopa says it failed (.reason)
        ├── UploadAbortedError       it was aborted
        ├── UploadTimeoutError       it took too long (a TimeoutError too)
        └── UploadUnknownError       nobody can know whether it was started

Errors hold plain values only: no client, no request, no URL, no token. They survive pickle and copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .models import UploadStatus

__all__ = [
    "APIError",
    "AssetNotDescribedError",
    "AssetNotReadyError",
    "AssetTimeoutError",
    "AuthenticationError",
    "BatchHaltedError",
    "CincopaError",
    "ClientClosedError",
    "FileChangedError",
    "LeaseLostError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "ServerError",
    "TransportError",
    "UploadAbortedError",
    "UploadError",
    "UploadFailedError",
    "UploadTimeoutError",
    "UploadUnknownError",
    "WebhookDecodeError",
    "WebhookDroppedError",
]


class CincopaError(Exception):
    """Base of all errors that this library raises, but for wrong arguments (ValueError, TypeError)."""

    maybe_applied: bool = False
    """For a call that writes: False only when Cincopa certainly did not act on it."""

    def __init__(self, *args: object) -> None:
        # OSError, a base of the timeouts, gives two arguments a meaning of its own and drops the fourth:
        # it gets none, and `args` is set by hand. pickle and copy rebuild from it.
        super().__init__()
        self.args = args


class APIError(CincopaError):
    """Cincopa answered, and said no."""

    status_code: int
    """The HTTP status; 200 where only the answer's ``success`` says no."""
    message: str
    """What the service says, without URLs and token."""
    call: str
    """The API call, such as ``asset.list``."""
    body: str | None
    """The start of the answer, without URLs and token."""

    def __init__(
        self, status_code: int, message: str, call: str, body: str | None = None, *, maybe_applied: bool = False
    ) -> None:
        super().__init__(status_code, message, call, body)
        self.status_code = status_code
        self.message = message
        self.call = call
        self.body = body
        self.maybe_applied = maybe_applied

    def __str__(self) -> str:
        return f"{self.call}: {self.message} (HTTP {self.status_code})"


class AuthenticationError(APIError):
    """The api_token is missing, wrong, revoked or expired."""


class PermissionDeniedError(APIError):
    """The api_token is valid, but its permissions do not cover the call."""


class NotFoundError(APIError):
    """Cincopa knows no such rid, fid or status_id, or no such call."""


class RateLimitError(APIError):
    """Too many calls; Cincopa did not act on this one."""

    retry_after: float | None
    """Seconds to wait as Cincopa says, None where it does not say."""

    def __init__(
        self,
        status_code: int,
        message: str,
        call: str,
        body: str | None = None,
        *,
        retry_after: float | None = None,
        maybe_applied: bool = False,
    ) -> None:
        super().__init__(status_code, message, call, body, maybe_applied=maybe_applied)
        self.retry_after = retry_after


class ServerError(APIError):
    """Cincopa, or the proxy in front of it, failed (HTTP 5xx)."""

    retry_after: float | None
    """Seconds to wait as Cincopa says, None where it does not say."""

    def __init__(
        self,
        status_code: int,
        message: str,
        call: str,
        body: str | None = None,
        *,
        retry_after: float | None = None,
        maybe_applied: bool = False,
    ) -> None:
        super().__init__(status_code, message, call, body, maybe_applied=maybe_applied)
        self.retry_after = retry_after


class ResponseDecodeError(CincopaError):
    """An answer came that is no JSON object, or lacks what the call is for."""

    call: str
    """The API call, such as ``asset.list``."""
    message: str
    """What is wrong with the answer."""
    body: str | None
    """The start of the answer, without URLs and token."""
    status_id: str | None
    """The upload it is about, where it is about one."""

    def __init__(
        self,
        call: str,
        message: str,
        body: str | None = None,
        status_id: str | None = None,
        *,
        maybe_applied: bool = False,
    ) -> None:
        super().__init__(call, message, body, status_id)
        self.call = call
        self.message = message
        self.body = body
        self.status_id = status_id
        self.maybe_applied = maybe_applied

    def __str__(self) -> str:
        upload = f" (upload {self.status_id})" if self.status_id else ""
        return f"{self.call}: {self.message}{upload}"


class TransportError(CincopaError):
    """No whole answer came: connection refused, reset, cut off, or not HTTP."""

    call: str
    """The API call, such as ``asset.list``."""
    reason: str
    """What happened, in words."""

    def __init__(self, call: str, reason: str, *, maybe_applied: bool = False) -> None:
        super().__init__(call, reason)
        self.call = call
        self.reason = reason
        self.maybe_applied = maybe_applied

    def __str__(self) -> str:
        return f"{self.call}: {self.reason}"


class RequestTimeoutError(TransportError, TimeoutError):
    """No whole answer came within the client's ``timeout``."""


class FileChangedError(CincopaError):
    """A file changed while it was uploaded, or since an earlier run: as it is now it has become no asset."""

    name: str
    """What the file is called, without its folder."""

    def __init__(self, name: str, *, maybe_applied: bool = False) -> None:
        super().__init__(name)
        self.name = name
        self.maybe_applied = maybe_applied  # Of an attempt before it, where `resend_last` sent the last chunk again.

    def __str__(self) -> str:
        return f"{self.name!r} changed while it was uploaded, or since an earlier run: as it is now it is no asset"


class ClientClosedError(CincopaError):
    """The client was closed, so it sends nothing more."""

    def __init__(
        self,
        message: str = "this CincopaClient is closed; make a new one, or keep it open while calls are made",
        *,
        maybe_applied: bool = False,
    ) -> None:
        super().__init__(message)
        self.maybe_applied = maybe_applied


class AssetNotReadyError(CincopaError):
    """Cincopa could not make the versions that an asset is shown by."""

    rid: str
    """The asset, which is there all the same."""
    syncstatus: str | None
    """What Cincopa said last of how far it is, None where it said nothing."""

    def __init__(self, rid: str, syncstatus: str | None = None, *, maybe_applied: bool = False) -> None:
        super().__init__(rid, syncstatus)
        self.rid = rid
        self.syncstatus = syncstatus
        self.maybe_applied = maybe_applied

    def __str__(self) -> str:
        return f"asset {self.rid} is not ready; its syncstatus: {self.syncstatus or 'not told'}"


class AssetTimeoutError(AssetNotReadyError, TimeoutError):
    """The asset was not ready within ``timeout``; it may be later."""


class AssetNotDescribedError(CincopaError):
    """An asset was uploaded, and its metadata could not be set, or not all of it. To set it again does no harm."""

    maybe_applied = True  # The upload has been done.

    rid: str
    """The asset, which is there."""
    reason: str
    """What went wrong, in words."""

    def __init__(self, rid: str, reason: str) -> None:
        super().__init__(rid, reason)
        self.rid = rid
        self.reason = reason

    def __str__(self) -> str:
        return f"asset {self.rid} was uploaded, but not described: {self.reason}"


class BatchHaltedError(CincopaError):
    """A batch was halted by what concerns all its items. Those that had not ended are as they were: run it again."""

    reason: str
    """What it was, in words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the batch was halted: {self.reason}"


class WebhookDecodeError(CincopaError):
    """What came to a webhook is no event; the text does not quote it."""

    message: str
    """What is wrong with the body."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class WebhookDroppedError(CincopaError):
    """A webhook event was accepted, and its handler was cancelled before it came to its end."""

    event: str | None
    """The event's name; None where it came without one."""
    rid: str | None
    """The asset that it is about, where it is about one."""

    def __init__(self, event: str | None, rid: str | None = None) -> None:
        super().__init__(event, rid)
        self.event = event
        self.rid = rid

    def __str__(self) -> str:
        return "the handler was cancelled before it came to its end"


class LeaseLostError(CincopaError):
    """An item of an UploadStore is not the caller's any more: another worker may have it."""

    maybe_applied = True  # Whoever has it may do what this caller did not.

    status_id: str | None
    """The upload that the store knows of, or that was to be noted; None where there is none."""

    def __init__(self, status_id: str | None = None) -> None:
        super().__init__(status_id)
        self.status_id = status_id

    def __str__(self) -> str:
        upload = f" (upload {self.status_id})" if self.status_id else ""
        return f"the store's item is another worker's by now{upload}"


class UploadError(CincopaError):
    """An upload did not come to a good end."""

    maybe_applied = True  # It was started, or may have been.

    status_id: str | None
    """The upload; None where Cincopa's answer, and so its id, was lost."""
    status: UploadStatus | None
    """What Cincopa said last, after the abort where one was sent; None where it could not be asked."""

    def __init__(self, status_id: str | None, status: UploadStatus | None = None) -> None:
        super().__init__(status_id, status)
        self.status_id = status_id
        self.status = status

    def __str__(self) -> str:
        known = f"last known state: {self.status.state.value}" if self.status else "its state could not be asked"
        return f"upload {self.status_id} {self._what}; {known}"

    _what = "did not end well"


class UploadFailedError(UploadError):
    """Cincopa says that the upload failed."""

    _what = "failed"

    @property
    def reason(self) -> str | None:
        """Why, in Cincopa's words, without URLs; None where it does not say."""
        return self.status.reason if self.status else None

    def __str__(self) -> str:
        return f"upload {self.status_id} failed: {self.reason or 'Cincopa gives no reason'}"


class UploadAbortedError(UploadError):
    """The upload was aborted."""

    _what = "was aborted"


class UploadTimeoutError(UploadError, TimeoutError):
    """The upload took longer than ``timeout``, stood still, or met its deadline."""

    _what = "took too long"


class UploadUnknownError(UploadError):
    """Whether the upload was started cannot be known: the request was sent, its answer was not stored."""

    _what = "may or may not have been started"
