"""The assets: what is stored, and what is known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from cincopa_async.testing._account import Asset, Capability
from cincopa_async.testing._calls import Call, Endpoint, RefusedError, normal_tags, page_of, split_tags
from cincopa_async.testing._clock import date

# Parameters of set_meta that are no properties of an asset.
_NOT_META = {"rid"}


def list_assets(call: Call) -> dict[str, Any]:
    """List the assets, in the order they came. What is attached to another asset is found by its rid alone."""
    page, items_per_page = call.number("page", 1), call.number("items_per_page", 50)
    found = [asset for asset in call.account.assets.values() if _matches(asset, call)]
    items, items_data = page_of(found, page, items_per_page)
    details = split_tags(call.params.get("details", ""))
    return {"items": [described(asset, details) for asset in items], "items_data": items_data}


def get_tags(call: Call) -> dict[str, Any]:
    """List the tags in use."""
    counts = Counter(tag for asset in call.account.assets.values() for tag in _tags(asset))
    return {"tags": dict(counts) if "tag_counts" in call.quirks else sorted(counts)}


def set_meta(call: Call) -> dict[str, Any]:
    """Set what is known of an asset, fields of the caller's own too."""
    asset = call.asset(call.required("rid"))
    meta = {name: value for name, value in call.params.items() if name not in _NOT_META}
    if "tags" in meta:
        meta["tags"] = normal_tags(meta["tags"])
    if "thumb_attached_rid" in meta:
        asset.poster = _poster(call, asset, meta["thumb_attached_rid"])
    asset.meta.update(meta)
    asset.modified = date()
    call.account.emit("asset.updated", asset)
    return {}


def resync(call: Call) -> dict[str, Any]:
    """Make the versions of an asset anew."""
    asset = call.asset(call.required("rid"))
    asset.modified = date()
    call.syncs.start(asset, call.sync_ends)
    return {}


def delete(call: Call) -> dict[str, Any]:
    """Drop an asset, and take it out of every gallery."""
    call.account.delete_asset(call.asset(call.required("rid")).rid)
    return {}


def get_upload_url(call: Call) -> dict[str, Any]:
    """Make a URL that a direct upload may go to."""
    fid, rid, type = upload_target(call)
    ttl = call.number("ttl", 1) if call.params.get("ttl") else None
    # Escapes that another hand would write as %2F, or would not escape at all: a target may have them, and a client
    # that builds the URL anew instead of sending it byte for byte changes them.
    hash = f"{call.account.new_id(12)}%2f{call.account.new_id(12)}%7e%3d"
    target = f"/post.jpg?uid={call.account.accid}&d={call.account.new_id(24)}&hash={hash}"
    if fid is not None:
        target += f"&addtofid={fid}"
    if rid is not None:
        target += f"&addtorid={rid}:{quote(type or '', safe='')}"
    call.account.capabilities[target.encode()] = Capability(fid, rid, type, ttl, call.params.get("sourceip") or None)
    return {"upload_url": f"{call.origin}{target}"}


def upload_target(call: Call) -> tuple[str | None, str | None, str | None]:
    """Say where an upload goes: to a gallery (fid), to an asset (rid, type), or to neither."""
    fid, rid, type = (call.params.get(name) or None for name in ("fid", "rid", "type"))
    if fid is not None:
        call.gallery(fid)
    if rid is not None:
        call.asset(rid)
        call.required("type")
    return fid, rid, type


def described(asset: Asset, details: Iterable[str]) -> dict[str, Any]:
    """Write an asset as lists do; what is not always there is named in `details`."""
    return {
        "id": asset.id,
        "rid": asset.rid,
        "type": asset.type,
        "filename": asset.filename,
        "filesize": len(asset.content),
        "uploaded_by": "user@example.com",
        "uploaded": asset.uploaded,
        "modified": asset.modified,
        "syncstatus": asset.syncstatus,
        "storage": "cincopa",
        **{name: asset.meta.get(name, "") for name in details},
    }


def _matches(asset: Asset, call: Call) -> bool:
    wanted = call.params
    rid = wanted.get("rid")
    return (
        (asset.rid == rid if rid else asset.attached_to is None)
        and wanted.get("type") in {None, "", asset.type}
        and wanted.get("reference_id") in {None, "", asset.meta.get("reference_id")}
        and _has_tag(asset, wanted.get("tag", ""))
        and _has_text(asset, wanted.get("search", ""))
    )


def _has_tag(asset: Asset, tag: str) -> bool:
    match tag:
        case "":
            return True
        case "no-tag":
            return not _tags(asset)
        case "any-tag":
            return bool(_tags(asset))
        case _:
            return tag in _tags(asset)


def _has_text(asset: Asset, text: str) -> bool:
    return any(text.lower() in value.lower() for value in (asset.filename, *asset.meta.values()))


def _tags(asset: Asset) -> list[str]:
    return split_tags(asset.meta.get("tags", ""))


def _poster(call: Call, asset: Asset, text: str) -> str:
    poster = call.asset(text.removeprefix("rid:"))
    if not text.startswith("rid:") or poster.attached_to != asset.rid:
        raise RefusedError("The thumb_attached_rid is not attached to this asset")
    return poster.rid


ENDPOINTS = {
    "asset.list": Endpoint("GET", list_assets),
    "asset.get_tags": Endpoint("GET", get_tags),
    "asset.set_meta": Endpoint("POST", set_meta),
    "asset.resync": Endpoint("POST", resync),
    "asset.delete": Endpoint("POST", delete),
    "asset.get_upload_url": Endpoint("GET", get_upload_url),
}
