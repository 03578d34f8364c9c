"""Galleries: ordered lists of assets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

from ._page import Page
from ._wire import HoldsSecret, sent_as


@frozen(kw_only=True)
class CreatedGallery:
    """The answer of ``gallery.create``."""

    fid: str
    """The new gallery."""
    extra: dict[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class Gallery:
    """An ordered list of assets, as ``gallery.list`` tells it."""

    fid: str | None = None
    name: str | None = None
    description: str | None = None
    upload_url: str | None = field(default=None, repr=False)
    """Where files for it can be sent. Whoever has the URL can upload, so it is a secret; not in the repr."""
    tags: tuple[str, ...] | None = None
    modified: datetime | None = None
    """When it was changed last; without a time zone where Cincopa sends none."""
    syncstatus: str | None = None
    extra: dict[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class GalleryPage(Page[Gallery]):
    """One page of ``gallery.list``."""

    items: tuple[Gallery, ...] = field(default=(), metadata=sent_as("galleries", "items"))
    tag_cloud: dict[str, int | None] | None = None
    """Each tag of the account's galleries, with the number of galleries that carry it."""
    workspace: str | None = None


@frozen(kw_only=True)
class GalleryArchive(HoldsSecret):
    """Where the files of a gallery can be fetched as one archive."""

    url: str = field(repr=False, metadata=sent_as("url", "download_url", "link"))
    """The link, a secret as whoever has it can fetch the files; not in the repr."""
    extra: dict[str, Any] = field(factory=dict, repr=False)
