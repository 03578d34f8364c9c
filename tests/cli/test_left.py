"""What is told of an item that was under way when all was stopped."""

from typing import Any

import pytest

from cincopa_async import AssetMeta, BatchEvent, UploadFailedError, UploadItem, UploadOutcome, UploadState, UploadStatus
from cincopa_async.cli._left import left_row

PLAIN = UploadItem("https://media.example/a.mp4?sig=CANARY-SIGNATURE")
DESCRIBED = UploadItem("https://media.example/a.mp4", meta=AssetMeta(caption="A cat"))
SHOWN = UploadItem("https://media.example/a.mp4", galleries=["A4"])


def seen(state: UploadState, rid: str | None = None, reason: str | None = None) -> UploadStatus:
    return UploadStatus(state=state, rid=rid, reason=reason)


@pytest.mark.parametrize(
    ("item", "told", "state", "reason"),
    [
        (PLAIN, {}, "unstarted", "stopped before it was sent"),
        (PLAIN, {"maybe_applied": True}, "unknown", "stopped when it may have been sent"),
        (PLAIN, {"status_id": "1"}, "unknown", "did not say whether it was aborted"),
        (PLAIN, {"status_id": "1", "status": seen(UploadState.ABORTED)}, "aborted", "stopped"),
        (PLAIN, {"status_id": "1", "status": seen(UploadState.IN_PROGRESS, "R1")}, "running", "it runs on"),
        (PLAIN, {"status_id": "1", "status": seen(UploadState.FAILED, reason="HTTP\x1b 404")}, "failed", r"P\x1b 404"),
        (PLAIN, {"status_id": "1", "status": seen(UploadState.COMPLETED, "R1")}, "completed", ""),
        (PLAIN, {"status_id": "1", "status": seen(UploadState.COMPLETED)}, "unknown", "it completed"),
        (DESCRIBED, {"status": seen(UploadState.COMPLETED, "R1")}, "undescribed", "before its texts were set"),
        (SHOWN, {"status": seen(UploadState.COMPLETED, "R1")}, "undescribed", "before its texts were set"),
    ],
)
def test_what_is_known_is_told_in_a_word_and_a_sentence(
    item: UploadItem, told: dict[str, Any], state: str, reason: str
) -> None:
    """No more than is known, and the asset where there is one."""
    row = left_row(item, BatchEvent(kind="left", item=item, **told), told.get("status_id"))

    assert row.state == state
    assert reason in row.reason
    assert row.rid == ("R1" if state in ("completed", "undescribed") else "")
    assert row.status_id == (told.get("status_id") or "")
    assert row.input == "https://media.example/a.mp4"


def test_end_that_nobody_asked_for_any_more_is_told() -> None:
    """It had an outcome, whoever stopped then."""
    error = UploadFailedError("1", seen(UploadState.FAILED, reason="HTTP 404"))
    event = BatchEvent(kind="ended", item=PLAIN, outcome=UploadOutcome(item=PLAIN, error=error))
    row = left_row(PLAIN, event, None)

    assert (row.state, row.reason, row.status_id) == ("failed", "HTTP 404", "1")


def test_item_of_which_nothing_was_told_is_unknown() -> None:
    """A batch of more items at once than events are kept for may lose some."""
    row = left_row(PLAIN, None, "1")

    assert (row.state, row.status_id) == ("unknown", "1")
