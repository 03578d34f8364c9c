"""The galleries: ordered lists of assets."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cincopa_async.testing._account import Capability, Gallery
from cincopa_async.testing._calls import Call, Endpoint, normal_tags, page_of, split_tags
from cincopa_async.testing._clock import date

from .asset import described

# Parameters that are no properties of a gallery.
_NOT_META = {"fid", "copy_args", "copy_items", "master"}
_MAX_ITEMS_PER_PAGE = 100


def create(call: Call) -> dict[str, Any]:
    """Make a gallery, with the items of its master if asked to copy them."""
    gallery = Gallery(fid=call.account.new_id(), modified=date())
    if master := call.params.get("master"):
        gallery.master = call.gallery(master).fid
        if call.params.get("copy_items") == "yes":
            gallery.rids = list(call.gallery(master).rids)
    _set_meta(gallery, call)
    call.account.galleries[gallery.fid] = gallery
    call.account.emit("gallery.created", gallery)
    return {"fid": gallery.fid}


def set_meta(call: Call) -> dict[str, Any]:
    """Set what is known of a gallery, fields of the caller's own too."""
    gallery = call.gallery(call.required("fid"))
    _set_meta(gallery, call)
    return _updated(gallery, call)


def delete(call: Call) -> dict[str, Any]:
    """Drop a gallery, and its assets only if asked to."""
    gallery = call.gallery(call.required("fid"))
    if call.params.get("delete_assets") == "yes":
        for rid in list(gallery.rids):
            call.account.delete_asset(rid)
    del call.account.galleries[gallery.fid]
    call.account.emit("gallery.deleted", gallery)
    return {}


def add_item(call: Call) -> dict[str, Any]:
    """Put assets into a gallery, at its bottom unless told otherwise; those in it already move there."""
    gallery = call.gallery(call.required("fid"))
    rids = _rids(call)
    rest = [rid for rid in gallery.rids if rid not in rids]
    gallery.rids = rids + rest if call.params.get("insert_position") == "top" else rest + rids
    return _updated(gallery, call)


def remove_item(call: Call) -> dict[str, Any]:
    """Take assets out of a gallery, and out of the account if asked to."""
    gallery = call.gallery(call.required("fid"))
    rids = _rids(call)
    gallery.rids = [rid for rid in gallery.rids if rid not in rids]
    if call.params.get("delete_asset") == "yes":
        for rid in rids:
            call.account.delete_asset(rid)
    return _updated(gallery, call)


def list_galleries(call: Call) -> dict[str, Any]:
    """List the galleries, in the order they were made."""
    page, items_per_page = call.number("page", 1), call.number("items_per_page", 50, most=_MAX_ITEMS_PER_PAGE)
    galleries = list(call.account.galleries.values())
    tag, text = call.params.get("tag", ""), call.params.get("search", "")
    found = [gallery for gallery in galleries if (not tag or tag in _tags(gallery)) and _has_text(gallery, text)]
    items, items_data = page_of(found, page, items_per_page)
    return {
        "galleries": [_described(gallery, call) for gallery in items],
        "tag_cloud": dict(Counter(tag for gallery in galleries for tag in _tags(gallery))),
        "workspace": "",
        "items_data": items_data,
    }


def get_items(call: Call) -> dict[str, Any]:
    """List the assets of a gallery, in its order."""
    gallery = call.gallery(call.required("fid"))
    page, items_per_page = call.number("page", 1), call.number("items_per_page", 50, most=_MAX_ITEMS_PER_PAGE)
    rids, items_data = page_of(gallery.rids, page, items_per_page)
    details = split_tags(call.params.get("details", ""))
    items = [described(call.asset(rid), details) for rid in rids]
    listed = {"folder": {"fid": gallery.fid, "items": items}} if "folder_items" in call.quirks else {"items": items}
    return {**listed, "items_data": items_data}


def set_master(call: Call) -> dict[str, Any]:
    """Name the gallery's master."""
    gallery = call.gallery(call.required("fid"))
    gallery.master = call.required("master")
    return _updated(gallery, call)


def download(call: Call) -> dict[str, Any]:
    """Make a link to an archive of the gallery's files."""
    gallery = call.gallery(call.required("fid"))
    target = f"/archive/{gallery.fid}.zip?key={call.account.new_id(24)}"
    call.account.capabilities[target.encode()] = Capability(fid=gallery.fid)
    return {call.quirks.get("download_field", "field", "url"): f"{call.origin}{target}"}


def _rids(call: Call) -> list[str]:
    """Read one rid or many, each once; one that is unknown refuses them all."""
    return list(dict.fromkeys(call.asset(rid).rid for rid in split_tags(call.required("rid"))))


def _set_meta(gallery: Gallery, call: Call) -> None:
    gallery.meta.update({name: value for name, value in call.params.items() if name not in _NOT_META})
    if "tags" in gallery.meta:
        gallery.meta["tags"] = normal_tags(gallery.meta["tags"])


def _updated(gallery: Gallery, call: Call) -> dict[str, Any]:
    gallery.modified = date()
    call.account.emit("gallery.updated", gallery)
    return {}


def _described(gallery: Gallery, call: Call) -> dict[str, Any]:
    return {
        "fid": gallery.fid,
        "name": gallery.meta.get("name", ""),
        "description": gallery.meta.get("description", ""),
        "upload_url": f"{call.origin}/post.jpg?addtofid={gallery.fid}",
        "tags": gallery.meta.get("tags", ""),
        "modified": gallery.modified,
        "syncstatus": call.account.gallery_syncstatus(gallery),
    }


def _tags(gallery: Gallery) -> list[str]:
    return split_tags(gallery.meta.get("tags", ""))


def _has_text(gallery: Gallery, text: str) -> bool:
    """Clients also write ``caption=…`` inside the search: then the name alone is meant."""
    if text.startswith("caption="):
        return text.removeprefix("caption=").lower() in gallery.meta.get("name", "").lower()
    return not text or any(text.lower() in value.lower() for value in gallery.meta.values())


ENDPOINTS = {
    "gallery.create": Endpoint("POST", create),
    "gallery.set_meta": Endpoint("POST", set_meta),
    "gallery.delete": Endpoint("POST", delete),
    "gallery.add_item": Endpoint("POST", add_item),
    "gallery.remove_item": Endpoint("POST", remove_item),
    "gallery.list": Endpoint("GET", list_galleries),
    "gallery.get_items": Endpoint("GET", get_items),
    "gallery.set_master": Endpoint("POST", set_master),
    "gallery.download": Endpoint("GET", download),
}
