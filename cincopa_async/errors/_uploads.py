"""What can go wrong with an upload, and with what it made."""

from __future__ import annotations

from cincopa_async import models

from ._base import CincopaError


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


class UploadError(CincopaError):
    """An upload did not come to a good end."""

    maybe_applied = True  # It was started, or may have been.

    status_id: str | None
    """The upload; None where Cincopa's answer, and so its id, was lost."""
    status: models.UploadStatus | None
    """What Cincopa said last, after the abort where one was sent; None where it could not be asked."""

    def __init__(self, status_id: str | None, status: models.UploadStatus | None = None) -> None:
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
