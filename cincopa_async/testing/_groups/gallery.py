"""The galleries: ordered lists of assets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from cincopa_async.testing._account import Capability, Gallery
from cincopa_async.testing._calls import Call, Endpoint, page_of, split_words
from cincopa_async.testing._clock import date
from cincopa_async.testing._contract import Value

from .asset import described

# Parameters that are no properties of a gallery.
_NOT_META = {"fid", "copy_args", "copy_items", "master"}
_MAX_ITEMS_PER_PAGE = 100
_MOST: Final[Mapping[Value, tuple[int | None, int | None]]] = {
    "refused": (_MAX_ITEMS_PER_PAGE, None),
    "cut": (_MAX_ITEMS_PER_PAGE, _MAX_ITEMS_PER_PAGE),
    "taken": (None, None),
}
"""How many galleries may be asked for, and how many are sent where more are."""


def create(call: Call) -> dict[str, Any]:
    """Make a gallery, with the items of its master if asked to copy them."""
    gallery = Gallery(fid=call.account.new_id(), modified=date())
    if master := call.params.get("master"):
        gallery.master = call.gallery(master).fid
        if call.yes("copy_items"):
            gallery.rids = list(call.gallery(master).rids)
    _set_meta(gallery, call)
    call.account.galleries[gallery.fid] = gallery
    call.account.emit("gallery.created", gallery)
    return {"fid": gallery.fid}


def set_meta(call: Call) -> dict[str, Any]:
    """Set what is known of a gallery, fields of the caller's own too."""
    gallery = call.gallery(call.required("fid"))
    call.refuse_further("gallery.set_meta")
    _set_meta(gallery, call)
    return _updated(gallery, call)


def delete(call: Call) -> dict[str, Any]:
    """Drop a gallery, and its assets only if asked to."""
    if call.was_deleted("fid"):
        return {}
    gallery = call.gallery(call.required("fid"))
    if call.yes("delete_assets"):
        for rid in list(gallery.rids):
            call.delete_asset(rid)
    if call.fact("gallery.delete.does") == "gone":
        call.account.delete_gallery(gallery)
    return {}


def add_item(call: Call) -> dict[str, Any]:
    """Put assets into a gallery, at its bottom unless told otherwise; those in it already move there."""
    gallery = call.gallery(call.required("fid"))
    rids = _rids(call) if call.fact("gallery.add_item.many") == "many" else [call.asset(call.required("rid")).rid]
    rest = [rid for rid in gallery.rids if rid not in rids]
    position = call.params.get("insert_position") or call.fact("gallery.add_item.position")
    gallery.rids = rids + rest if position == "top" else rest + rids
    return _updated(gallery, call)


def remove_item(call: Call) -> dict[str, Any]:
    """Take assets out of a gallery, and out of the account if asked to."""
    gallery = call.gallery(call.required("fid"))
    rids = _rids(call)
    if call.fact("gallery.remove_item.does") == "taken out":
        gallery.rids = [rid for rid in gallery.rids if rid not in rids]
    if call.yes("delete_asset"):
        for rid in rids:
            call.delete_asset(rid)
    return _updated(gallery, call)


def list_galleries(call: Call) -> dict[str, Any]:
    """List the galleries, in the order they were made."""
    most, above = _MOST[call.fact("gallery.list.most")]
    page, items_per_page = call.number("page", 1), call.number("items_per_page", 50, most=most, above=above)
    galleries = list(call.account.galleries.values())
    tag, text = call.params.get("tag", ""), call.params.get("search", "")
    found = [
        gallery for gallery in galleries if (not tag or tag in _tags(gallery, call)) and _has_text(gallery, text, call)
    ]
    items, items_data = page_of(found, page, items_per_page)
    return {
        "galleries": [_described(gallery, call) for gallery in items],
        "tag_cloud": dict(Counter(tag for gallery in galleries for tag in _tags(gallery, call))),
        "workspace": "",
        "items_data": items_data,
    }


def get_items(call: Call) -> dict[str, Any]:
    """List the assets of a gallery, in its order."""
    gallery = call.gallery(call.required("fid"))
    page, items_per_page = call.number("page", 1), call.number("items_per_page", 50, most=_MAX_ITEMS_PER_PAGE)
    found, items_data = page_of(call.account.items(gallery), page, items_per_page)
    items = [described(asset, call) for asset in found]
    outer, _, inner = str(call.fact("gallery.get_items.place")).rpartition(".")
    listed = {outer: {"fid": gallery.fid, inner: items}} if outer else {inner: items}
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
    return {str(call.fact("gallery.download.field")): f"{call.origin}{target}"}


def _rids(call: Call) -> list[str]:
    """Read one rid or many, each once; one that is unknown refuses them all."""
    return list(dict.fromkeys(call.asset(rid).rid for rid in split_words(call.required("rid"))))


def _set_meta(gallery: Gallery, call: Call) -> None:
    gallery.meta.update({name: value for name, value in call.params.items() if name not in _NOT_META})
    if "tags" in gallery.meta:
        gallery.meta["tags"] = call.normal_tags(gallery.meta["tags"])


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
        "modified": call.date(gallery.modified),
        "syncstatus": call.account.gallery_syncstatus(gallery),
    }


def _tags(gallery: Gallery, call: Call) -> list[str]:
    return call.tags(gallery.meta.get("tags", ""))


def _has_text(gallery: Gallery, text: str, call: Call) -> bool:
    """Clients also write ``caption=…`` inside the search: then the name alone is meant."""
    wanted = text.removeprefix("caption=").lower()
    if text.startswith("caption=") and call.fact("gallery.list.search_caption") == "the name":
        return wanted in gallery.meta.get("name", "").lower()
    return not wanted or any(wanted in value.lower() for value in gallery.meta.values())


ENDPOINTS = {
    "gallery.create": Endpoint(create),
    "gallery.set_meta": Endpoint(set_meta),
    "gallery.delete": Endpoint(delete),
    "gallery.add_item": Endpoint(add_item),
    "gallery.remove_item": Endpoint(remove_item),
    "gallery.list": Endpoint(list_galleries),
    "gallery.get_items": Endpoint(get_items),
    "gallery.set_master": Endpoint(set_master),
    "gallery.download": Endpoint(download),
}
