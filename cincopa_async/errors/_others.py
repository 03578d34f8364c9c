"""What can go wrong with a batch, a store or a webhook."""

from __future__ import annotations

from ._base import CincopaError


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
