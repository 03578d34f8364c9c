"""Uploads: from a URL begun, under way, ended; and where a file goes."""

from __future__ import annotations

from enum import Enum
from typing import Any

from attrs import field, frozen

from ._wire import HoldsSecret


@frozen(kw_only=True)
class StartedUpload:
    """The answer of ``asset.upload_from_url``."""

    status_id: str
    """The only handle of the upload."""
    extra: dict[str, Any] = field(factory=dict, repr=False)


class UploadState(Enum):
    """Where an upload stands, whatever word the API has for it."""

    IN_PROGRESS = "in progress"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"

    @property
    def is_final(self) -> bool:
        """Whether an upload in this state stays in it."""
        return self is not UploadState.IN_PROGRESS


@frozen(kw_only=True)
class UploadStatus:
    """How far an upload from a URL has come: the answer of ``asset.upload_from_url_get_status``."""

    state: UploadState = UploadState.IN_PROGRESS
    status: str | None = None
    """The word as Cincopa sent it."""
    progress_bytes: int | None = None
    """Bytes that have moved so far."""
    file_size_bytes: int | None = None
    """Size of the file in bytes, None as long as Cincopa does not know it."""
    progress: float | None = None
    """A number without a documented scale, seen as a percentage: :attr:`fraction` is what to show."""
    rid: str | None = None
    """The asset. It may be there before the end, so it proves nothing; at ``COMPLETED`` it is the result."""
    reason: str | None = None
    """Why it failed, in Cincopa's words, without URLs and token."""
    raw: dict[str, Any] = field(factory=dict, repr=False, eq=False)
    """The whole answer, without URLs and token, for its ``debug`` line holds the input's. Comparisons leave it out."""

    @property
    def fraction(self) -> float | None:
        """How much is done, from 0 to 1; None where that cannot be told."""
        if self.state is UploadState.COMPLETED:
            return 1.0
        if self.progress_bytes is not None and self.file_size_bytes:
            return min(1.0, self.progress_bytes / self.file_size_bytes)
        if self.progress is not None and not (self.progress_bytes == 0 and self.file_size_bytes is not None):
            return min(1.0, max(0.0, self.progress / 100))
        return None


@frozen(kw_only=True)
class UploadResult:
    """An upload that has completed."""

    rid: str
    """The new asset."""
    status: UploadStatus
    """The last answer about it."""


@frozen(kw_only=True)
class UploadURL(HoldsSecret):
    """Where to POST a file's bytes. Whoever has the URL can upload, so it is a secret."""

    upload_url: str = field(repr=False)
    """The URL, to be used byte for byte; not in the repr."""
    extra: dict[str, Any] = field(factory=dict, repr=False)
