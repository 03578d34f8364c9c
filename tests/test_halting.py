"""What an error of one item means for the others, and whether it may pass."""

from __future__ import annotations

import pytest

from cincopa_async import (
    APIError,
    AuthenticationError,
    CincopaError,
    ClientClosedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ServerError,
    TransportError,
    UploadAbortedError,
    UploadFailedError,
    UploadState,
    UploadStatus,
    UploadTimeoutError,
    UploadUnknownError,
)
from cincopa_async._halting import ends_for_good, halting, is_outage, is_passing, is_passing_reason
from cincopa_async._stored_errors import restored, stored
from cincopa_async.stores import StoredError

CALL = "asset.upload_from_url"


def failed(reason: str | None) -> UploadFailedError:
    return UploadFailedError("42", UploadStatus(state=UploadState.FAILED, status="failed", reason=reason))


def timed_out(state: UploadState | None) -> UploadTimeoutError:
    return UploadTimeoutError("42", None if state is None else UploadStatus(state=state))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (AuthenticationError(403, "no", CALL), "the token is refused"),
        (PermissionDeniedError(403, "no", CALL), "the token may not do this"),
        (APIError(402, "no", CALL), "the account takes no more"),
        (APIError(507, "no", CALL), "the account takes no more"),
        (ServerError(507, "no", CALL), "the account takes no more"),
        (APIError(200, "Your storage is full", CALL), "the account takes no more"),
        (APIError(200, "Monthly quota reached", CALL), "the account takes no more"),
        (APIError(200, "The account is suspended", CALL), "the account takes no more"),
        (APIError(200, "Your plan's limit is exceeded", CALL), "the account takes no more"),
        (failed("not enough space left"), "the account takes no more"),
        (failed("the input is larger than 100 bytes"), None),
        (failed("file size limit exceeded"), None),
        (failed(None), None),
        (APIError(200, "file too large", CALL), None),
        (RateLimitError(429, "API quota exceeded", CALL), None),
        (NotFoundError(200, "the fid does not exist", CALL), None),
        (TransportError(CALL, "reset"), None),
    ],
)
def test_what_concerns_the_account_halts(error: CincopaError, says: str | None) -> None:
    """The token, what it may do, and how much the account takes; never what speaks of one file."""
    reason = halting(error)

    assert (reason is None) == (says is None)
    assert (says or "") in (reason or "")


@pytest.mark.parametrize(
    ("reason", "passing"),
    [
        ("The source answered 503", True),
        ("the input answered HTTP 502", True),
        ("the input answered HTTP 429", True),
        ("the input timed out", True),
        ("Timeout while reading the source", True),
        ("the connection to the input broke off", True),
        ("the connection to the input was refused, or its host is unknown", True),
        ("Service temporarily unavailable", True),
        ("the server stopped", True),
        ("the input answered HTTP 404", False),
        ("the input answered HTTP 403", False),
        ("the input answered HTTP 410", False),
        ("Unsupported format", False),
        ("The file is too large", False),
        ("the input is larger than 500 bytes", False),
        ("Invalid URL: connection string", False),
        ("the asset to attach to was deleted meanwhile", False),
        ("something else", False),
        ("", False),
        (None, False),
    ],
)
def test_only_what_is_known_to_pass_is_passing(reason: str | None, passing: bool) -> None:
    """What nobody knows is for good, and what is for good outweighs a word that sounds passing."""
    assert is_passing_reason(reason) is passing
    assert is_passing(failed(reason)) is passing


@pytest.mark.parametrize(
    ("error", "passing", "ends", "outage"),
    [
        (timed_out(UploadState.ABORTED), True, True, False),
        (timed_out(UploadState.IN_PROGRESS), False, False, False),
        (timed_out(None), False, False, False),
        (TransportError(CALL, "refused"), True, False, True),
        (TransportError(CALL, "reset", maybe_applied=True), False, False, True),
        (ServerError(503, "later", CALL), True, False, True),
        (ServerError(500, "oops", CALL, maybe_applied=True), False, False, True),
        (RateLimitError(429, "later", CALL), True, False, False),
        (NotFoundError(200, "no such fid", CALL), False, True, False),
        (APIError(200, "no", CALL), False, True, False),
        (UploadAbortedError("42"), False, True, False),
        (UploadUnknownError(None), False, False, False),
        (ResponseDecodeError(CALL, "completed without a resid", None, "42"), False, True, False),
        (ResponseDecodeError("asset.get_upload_url", "no URL"), False, False, False),
        (ClientClosedError(), False, False, False),
    ],
)
def test_what_is_certain_is_an_end(error: CincopaError, passing: bool, ends: bool, outage: bool) -> None:
    """An end is written down; what may go well another time, or has not ended, is left for a rerun."""
    assert (is_passing(error), ends_for_good(error), is_outage(error)) == (passing, ends, outage)


@pytest.mark.parametrize(
    "error",
    [
        failed("the input answered HTTP 404"),
        UploadAbortedError("42", UploadStatus(state=UploadState.ABORTED)),
        timed_out(UploadState.ABORTED),
        NotFoundError(200, "no such fid", CALL),
        APIError(400, "no", CALL, maybe_applied=True),
        ResponseDecodeError(CALL, "completed without a resid", None, "42", maybe_applied=True),
    ],
)
def test_ends_are_told_again_as_they_were(error: CincopaError) -> None:
    """A rerun gives the same error, from what a store keeps."""
    again = restored(stored(error))

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.maybe_applied == error.maybe_applied
    assert getattr(again, "status", None) == getattr(error, "status", None)


def test_error_without_a_status_or_of_another_kind_is_told_by_its_text() -> None:
    """What another version has written is no reason to crash."""
    assert stored(UploadAbortedError("42")).status is None
    assert str(restored(StoredError(kind="NewError", message="what is this", maybe_applied=True))) == "what is this"
    assert stored(ClientClosedError("closed")).message == "closed"
