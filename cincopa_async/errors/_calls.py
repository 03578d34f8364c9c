"""What can go wrong with one call."""

from __future__ import annotations

from ._base import CincopaError


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
