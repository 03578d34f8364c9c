"""What is known of an item that was under way when all was stopped. Pure."""

from typing import TypeAlias

from cincopa_async import BatchEvent, UploadItem, UploadState, UploadStatus
from cincopa_async.cli._remote import printable
from cincopa_async.cli._report import ENDS, Row, State, row_of
from cincopa_async.cli._shown import key_of, shown

Told: TypeAlias = tuple[State, str]
"""What it came to in a word, and why in words."""
_LOST: Told = ("unknown", "stopped")


def left_row(item: UploadItem, last: BatchEvent | None, status_id: str | None) -> Row:
    """
    Tell it as a row of the report.

    Args:
        item: The item.
        last: The batch's last event about it, None where that was lost.
        status_id: Its upload, as far as earlier events told.
    """
    if last is not None and last.outcome is not None:
        return row_of(last.outcome, status_id)
    state, reason = _state_left(last) if last is not None else _LOST
    status = last.status if last is not None else None
    return Row(
        input=shown(item),
        key=key_of(item),
        # Before the end it proves nothing.
        rid=(status.rid if status is not None and status.state is UploadState.COMPLETED else None) or "",
        status_id=status_id or "",
        state=state,
        reason=printable(reason),
    )


def _state_left(last: BatchEvent) -> Told:
    if last.status is not None:
        return _state_seen(last.status, described=last.item.meta is None and not last.item.galleries)
    if last.status_id is not None:
        return "unknown", "stopped; Cincopa did not say whether it was aborted"
    if last.maybe_applied:
        return "unknown", "stopped when it may have been sent"
    return "unstarted", "stopped before it was sent"


def _state_seen(status: UploadStatus, *, described: bool) -> Told:
    if status.state in ENDS:
        return ENDS[status.state], status.reason or "stopped"
    if status.state is UploadState.IN_PROGRESS:
        return "running", "stopped, and it runs on"
    if status.rid is None:
        return "unknown", "stopped; it completed, and as which asset was not told"
    return ("completed", "") if described else ("undescribed", "stopped before its texts were set")
