"""What is told of an item, and what is not."""

import csv
import io
from pathlib import Path

import pytest

from cincopa_async import (
    APIError,
    AssetNotDescribedError,
    LeaseLostError,
    ResponseDecodeError,
    ServerError,
    UploadAbortedError,
    UploadFailedError,
    UploadItem,
    UploadOutcome,
    UploadResult,
    UploadState,
    UploadStatus,
    UploadTimeoutError,
    UploadUnknownError,
)
from cincopa_async.cli._report import Row, csv_line, row_of
from cincopa_async.cli._shown import key_of, short_name, shown

URL = "https://media.example/a%20cat.mp4?id=7&X-Amz-Signature=CANARY-SIGNATURE"


def status(state: UploadState, reason: str | None = None) -> UploadStatus:
    return UploadStatus(state=state, reason=reason)


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (UploadFailedError("1", status(UploadState.FAILED, "HTTP 404\x1b")), "failed", r"HTTP 404\x1b"),
        (UploadFailedError("1", status(UploadState.FAILED)), "failed", ""),
        (UploadAbortedError("1", status(UploadState.ABORTED)), "aborted", "upload 1 was aborted"),
        (UploadTimeoutError("1", status(UploadState.ABORTED)), "aborted", "upload 1 took too long"),
        (UploadTimeoutError("1", status(UploadState.COMPLETED)), "unknown", "upload 1 took too long"),
        (ResponseDecodeError("x.y", "completed without a resid", None, "1"), "unknown", "without a resid"),
        (UploadTimeoutError("1", status(UploadState.IN_PROGRESS)), "unknown", "upload 1 took too long"),
        (UploadTimeoutError("1"), "unknown", "upload 1 took too long"),
        (UploadUnknownError(None), "unknown", "may or may not have been started"),
        (ServerError(500, "oops", "x.y", maybe_applied=True), "unknown", "x.y: oops (HTTP 500)"),
        (APIError(200, "no", "x.y"), "failed", "x.y: no (HTTP 200)"),
        (LeaseLostError("1"), "busy", "another worker's"),
        (AssetNotDescribedError("R1", "no such gallery"), "undescribed", "no such gallery"),
        (ValueError("fid must not be empty"), "failed", "fid must not be empty"),
    ],
)
def test_errors_are_told_in_a_word_and_a_sentence(error: Exception, state: str, reason: str) -> None:
    """The word says what has become of the item, and the columns beside it which upload and asset that was."""
    row = row_of(UploadOutcome(item=UploadItem(URL), error=error))

    assert (row.state, row.error) == (state, type(error).__name__)
    assert reason in row.reason
    assert row.status_id == (getattr(error, "status_id", None) or "")
    assert row.rid == getattr(error, "rid", "")


def test_upload_that_went_well_is_told_with_its_asset() -> None:
    """And with no signature."""
    result = UploadResult(rid="R1", status=status(UploadState.COMPLETED))
    row = row_of(UploadOutcome(item=UploadItem(URL, key="k"), result=result), "1")

    assert row == Row(
        input="https://media.example/a%20cat.mp4?id=7", key="k", rid="R1", status_id="1", state="completed"
    )


@pytest.mark.parametrize(
    ("given", "told", "short"),
    [
        (URL, "https://media.example/a%20cat.mp4?id=7", "a%20cat.mp4"),
        ("https://media.example", "https://media.example/", "media.example"),
        ("https://me:pass@media.example/a", "https://media.example/a", "a"),
        ("ftp://me:pass@media.example/a.mp4?sig=CANARY-SIGNATURE#x", "ftp://media.example/a.mp4", "a.mp4"),
        ("https://media.example:port/a?sig=CANARY-SIGNATURE", "https://media.example:port/a", "a"),
        (Path("films/a\x1bcat.mp4"), r"films/a\x1bcat.mp4", r"a\x1bcat.mp4"),
    ],
)
def test_input_is_shown_without_what_is_secret(given: str | Path, told: str, short: str) -> None:
    """Also one that cannot be uploaded."""
    item = UploadItem(given)

    assert (shown(item), short_name(item)) == (told, short)


def test_item_that_is_none_has_no_key() -> None:
    """Others have their own, or one that is derived as a store does it."""
    assert key_of(UploadItem("ftp://media.example/a")) == ""
    assert key_of(UploadItem("ftp://media.example/a", key="k")) == "k"
    assert key_of(UploadItem(URL)) == key_of(UploadItem(URL + "2")) != key_of(UploadItem(URL, fid="A1"))


def test_report_survives_quotes_and_lines() -> None:
    """Every cell is read as it was written."""
    cells = ['a "b", c', "two\nlines", ""]

    assert [*csv.reader(io.StringIO(csv_line(cells), newline=""))] == [cells]
