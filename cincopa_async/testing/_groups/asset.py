"""The assets: what is stored, and what is known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from cincopa_async.testing._account import Asset, Capability
from cincopa_async.testing._calls import Call, Endpoint, RefusedError, last_page, page_of, split_words
from cincopa_async.testing._clock import date
from cincopa_async.testing._contract import Value, facts

# Parameters of set_meta that are no properties of an asset.
_NOT_META = {"rid"}
_USUAL = 50
"""How many items are on a page that nobody gave a size."""
_BELOW: Final[Mapping[Value, int | None]] = {"refused": None, "the usual number": _USUAL, "none": 0}
_SHAPES: Final[Mapping[Value, Callable[[Counter[str]], Any]]] = {
    "list": sorted,
    "map": dict,
    "objects": lambda counts: [{"tag": tag} for tag in sorted(counts)],
}
_POSTERS: Final[Mapping[Value, str]] = {"rid:": "rid:", "bare": ""}
"""What stands before the rid of a poster."""


def list_assets(call: Call) -> dict[str, Any] | None:
    """List the assets, in the order they came. What is attached to another asset is found by its rid alone."""
    page = call.number("page", 1)
    items_per_page = call.number("items_per_page", _USUAL, below=_BELOW[call.fact("asset.list.below")])
    if _is_unknown_reference_id(call):
        says = call.fact("asset.list.unknown_reference_id")
        if says == "refused":
            raise RefusedError("The reference_id does not exist")
        if says == "an empty response":
            return None
    found = [asset for asset in call.account.assets.values() if _matches(asset, call)]
    if call.fact("asset.list.beyond") == "the last page":
        page = min(page, last_page(found, items_per_page))
    items, items_data = page_of(found, page, items_per_page)
    return {"items": [described(asset, call) for asset in items], "items_data": items_data}


def get_tags(call: Call) -> dict[str, Any]:
    """List the tags in use."""
    counts = Counter(tag for asset in call.account.assets.values() for tag in _tags(asset, call))
    return {"tags": _SHAPES[call.fact("asset.get_tags.shape")](counts)}


def set_meta(call: Call) -> dict[str, Any]:
    """Set what is known of an asset, fields of the caller's own too."""
    asset = call.asset(call.required("rid"))
    call.refuse_further("asset.set_meta")
    meta = {name: value for name, value in call.params.items() if name not in _NOT_META}
    if "tags" in meta:
        meta["tags"] = call.normal_tags(meta["tags"])
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
    if not call.was_deleted("rid"):
        asset = call.asset(call.required("rid"))
        if call.fact("asset.delete.does") == "gone":
            call.delete_asset(asset.rid)
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
    if rid is not None and call.fact("upload_from_url.needs_type") == "refused":
        call.required("type")
    return fid, rid, type


def described(asset: Asset, call: Call) -> dict[str, Any]:
    """Write an asset as lists do; what is not always there is asked for in `details`."""
    details = split_words(call.params.get("details", ""))
    return {
        "id": asset.id,
        "rid": asset.rid,
        "type": asset.type,
        "filename": asset.filename,
        "filesize": len(asset.content),
        "uploaded_by": "user@example.com",
        "uploaded": call.date(asset.uploaded),
        "modified": call.date(asset.modified),
        "syncstatus": asset.syncstatus,
        "storage": "cincopa",
        **{name: asset.meta.get(name, "") for name in details if _is_told(name, call)},
    }


def _is_told(detail: str, call: Call) -> bool:
    id = f"asset.list.details.{detail}"
    return id not in facts() or call.fact(id) == "told"


def _matches(asset: Asset, call: Call) -> bool:
    wanted = call.params
    return (
        _is_wanted(asset, wanted.get("rid", ""), call)
        and wanted.get("type") in {None, "", asset.type}
        and wanted.get("reference_id") in {None, "", asset.meta.get("reference_id")}
        and _has_tag(asset, wanted.get("tag", ""), call)
        and _has_text(asset, wanted.get("search", ""))
    )


def _is_wanted(asset: Asset, rid: str, call: Call) -> bool:
    if not rid:
        return asset.attached_to is None or call.fact("asset.list.attached") == "listed"
    return rid in asset.rid if call.fact("asset.list.rid_exact") == "in part" else rid == asset.rid


def _is_unknown_reference_id(call: Call) -> bool:
    wanted = call.params.get("reference_id")
    return bool(wanted) and all(asset.meta.get("reference_id") != wanted for asset in call.account.assets.values())


def _has_tag(asset: Asset, tag: str, call: Call) -> bool:
    tags = _tags(asset, call)
    if not tag:
        return True
    if tag == "no-tag" and call.fact("asset.list.tag_none") == "special":
        return not tags
    if tag == "any-tag" and call.fact("asset.list.tag_any") == "special":
        return bool(tags)
    return tag in tags


def _has_text(asset: Asset, text: str) -> bool:
    return any(text.lower() in value.lower() for value in (asset.filename, *asset.meta.values()))


def _tags(asset: Asset, call: Call) -> list[str]:
    return call.tags(asset.meta.get("tags", ""))


def _poster(call: Call, asset: Asset, text: str) -> str:
    prefix = _POSTERS[call.fact("poster")]
    poster = call.asset(text.removeprefix(prefix))
    if not text.startswith(prefix) or poster.attached_to != asset.rid:
        raise RefusedError("The thumb_attached_rid is not attached to this asset")
    return poster.rid


ENDPOINTS = {
    "asset.list": Endpoint(list_assets),
    "asset.get_tags": Endpoint(get_tags),
    "asset.set_meta": Endpoint(set_meta),
    "asset.resync": Endpoint(resync),
    "asset.delete": Endpoint(delete),
    "asset.get_upload_url": Endpoint(get_upload_url),
}
