"""The calls ``asset.*`` described, but for uploads: what is sent, and what comes back. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from cincopa_async._calls import Call, Param, at_least, count, optional, required, something_to_set, words
from cincopa_async.models import AssetPage, TagList

AssetType: TypeAlias = Literal["video", "image", "audio", "other"] | str
"""The kinds of assets that the API knows; a new word is let through."""
AssetDetail: TypeAlias = (
    Literal[
        "caption",
        "description",
        "music_tags",
        "exif_tags",
        "long_description",
        "related_link_text",
        "related_link_url",
        "reference_id",
        "tags",
    ]
    | str
)
"""Fields of an asset that ``asset.list`` sends only when asked for; a new word is let through."""


def list_assets(
    *,
    search: str | None,
    type: AssetType | None,
    rid: str | None,
    reference_id: str | None,
    tag: str | None,
    details: Sequence[AssetDetail] | None,
    page: int | None,
    items_per_page: int | None,
) -> Call[AssetPage]:
    """Describe ``asset.list``."""
    params: dict[str, Param] = {
        "search": optional("search", search),
        "type": optional("type", type),
        "rid": optional("rid", rid),
        "reference_id": optional("reference_id", reference_id),
        "tag": optional("tag", tag),
        "details": words("details", details),
        "page": count("page", page),
        "items_per_page": count("items_per_page", items_per_page),
    }
    return Call(name="asset.list", method="GET", params=params, safety="read", result=AssetPage)


def asset_of(rid: str) -> Call[AssetPage]:
    """Describe an ``asset.list`` of the one asset with that rid."""
    params = {"rid": required("rid", rid)}
    return Call(name="asset.list", method="GET", params=params, safety="read", result=AssetPage)


def get_tags() -> Call[TagList]:
    """Describe ``asset.get_tags``."""
    return Call(name="asset.get_tags", method="GET", params={}, safety="read", result=TagList)


def change(verb: str, rid: str, params: dict[str, Param] | None = None, *, vanishes: bool = False) -> Call[None]:
    """Describe ``asset.set_meta``, ``asset.resync`` or ``asset.delete``, which answer no more than success."""
    return Call(
        name=f"asset.{verb}",
        method="POST",
        params={"rid": required("rid", rid), **(params or {})},
        safety="idempotent",
        result=type(None),
        vanishes=vanishes,
    )


def set_meta(
    rid: str,
    *,
    tags: Sequence[str] | None,
    video_thumb_sec: float | None,
    thumb_attached_rid: str | None,
    **fields: Param,
) -> Call[None]:
    """Describe ``asset.set_meta``; the fields that are texts go through as they are."""
    params: dict[str, Param] = {
        **fields,
        "tags": words("tags", tags, separator=", "),
        "video_thumb_sec": at_least(0, "video_thumb_sec", video_thumb_sec),
        "thumb_attached_rid": optional("thumb_attached_rid", thumb_attached_rid),
    }
    something_to_set(params, "caption")
    return change("set_meta", rid, params)
