"""Assets: files of an account and what is known of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

from ._page import Page
from ._wire import sent_as


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
class AssetPage(Page[Asset]):
    """One page of ``asset.list``, or of ``gallery.get_items``."""

    items: tuple[Asset, ...] = field(default=(), metadata=sent_as("items", "folder.items"))
