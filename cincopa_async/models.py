"""
What the API answers, as frozen values.

Fields that Cincopa does not send are None; what it sends beyond them, or in an unreadable shape, is kept in `extra`.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar

from attrs import field, frozen

__all__ = [
    "Account",
    "Asset",
    "AssetPage",
    "Page",
    "StartedUpload",
    "TagList",
    "TemporaryToken",
    "UploadResult",
    "UploadState",
    "UploadStatus",
    "UploadURL",
]

ItemT = TypeVar("ItemT")


@frozen(kw_only=True)
class Account:
    """Whose token it is, and what it may do: the answer of ``ping``."""

    ping: str | None = None
    """The word ``pong``."""
    accid: str | None = None
    accid_num: int | None = None
    accemail: str | None = None
    userid: str | None = None
    userid_num: int | None = None
    useremail: str | None = None
    permissions: str | None = None
    """What the token may do, as Cincopa writes it: ``|asset.*|gallery.list|``."""
    ip: str | None = None
    """The address that Cincopa saw the call come from."""
    extra: dict[str, Any] = field(factory=dict, repr=False)

    def allows(self, call: str) -> bool | None:
        """Say whether `permissions` cover a call such as ``asset.list``; None where Cincopa did not tell them."""
        if self.permissions is None:
            return None
        group = call.partition(".")[0]
        granted = {word.strip() for word in self.permissions.split("|")}
        return not granted.isdisjoint({call, f"{group}.*", group, "*", "*.*"})


@frozen(kw_only=True)
class TemporaryToken:
    """A token that ends by itself, for code that must not hold the account's own."""

    value: str = field(repr=False)
    """The token; not in the repr."""
    extra: dict[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class UploadURL:
    """Where to POST a file's bytes. Whoever has the URL can upload, so it is a secret."""

    upload_url: str = field(repr=False)
    """The URL, to be used byte for byte; not in the repr."""
    extra: dict[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class Asset:
    """A video, image, audio or other file of the account."""

    rid: str | None = None
    id: int | None = None
    type: str | None = None
    """``video``, ``image``, ``audio``, ``other``, or a word that is new."""
    filename: str | None = None
    caption: str | None = None
    """The title."""
    description: str | None = None
    long_description: str | None = None
    related_link_text: str | None = None
    related_link_url: str | None = None
    reference_id: str | None = None
    """The caller's own key, as set by ``asset.set_meta``."""
    tags: tuple[str, ...] | None = None
    music_tags: str | None = None
    exif_tags: str | None = None
    filesize: int | None = None
    """Size in bytes."""
    uploaded_by: str | None = None
    uploaded: datetime | None = None
    """When it came; without a time zone where Cincopa sends none."""
    modified: datetime | None = None
    syncstatus: str | None = None
    storage: str | None = None
    extra: dict[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class Page(Generic[ItemT]):
    """One page of a list. An empty page is an answer like any other."""

    items: tuple[ItemT, ...] = ()
    page: int | None = None
    """The number of this page, from 1."""
    items_per_page: int | None = None
    items_count: int | None = None
    """How many items there are on all pages."""
    pages_count: int | None = None
    extra: dict[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class AssetPage(Page[Asset]):
    """One page of ``asset.list``."""

    items: tuple[Asset, ...] = ()


@frozen(kw_only=True)
class TagList:
    """The tags of an account."""

    tags: dict[str, int | None] = field(factory=dict)
    """Each tag, with the number of assets that carry it, None where Cincopa does not say."""
    extra: dict[str, Any] = field(factory=dict, repr=False)


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
