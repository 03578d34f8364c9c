"""The calls ``gallery.*`` described: what is sent, and what comes back. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cincopa_async._calls import Call, Param, count, optional, required, something_to_set, words, yes_or_no
from cincopa_async.models import AssetPage, CreatedGallery, GalleryArchive, GalleryPage

from ._asset_calls import AssetDetail


def create(
    *,
    name: str | None,
    description: str | None,
    template: str | None,
    master: str | None,
    copy_args: bool | str | None,
    copy_items: bool | None,
) -> Call[CreatedGallery]:
    """Describe ``gallery.create``."""
    params: dict[str, Param] = {
        "name": optional("name", name),
        "description": description,
        "template": optional("template", template),
        "master": optional("master", master),
        "copy_args": copy_args,
        "copy_items": yes_or_no("copy_items", copy_items),
    }
    return Call(name="gallery.create", method="POST", params=params, safety="write", result=CreatedGallery)


def set_meta(fid: str, tags: Sequence[str] | None, params: Mapping[str, Param]) -> Call[None]:
    """Describe ``gallery.set_meta``."""
    changes = {**params, "tags": words("tags", tags, separator=", ")}
    something_to_set(changes, "name")
    return _change("set_meta", fid, changes)


def delete(fid: str, *, delete_assets: bool | None) -> Call[None]:
    """Describe ``gallery.delete``."""
    return _change("delete", fid, {"delete_assets": yes_or_no("delete_assets", delete_assets)}, vanishes=True)


def add_item(fid: str, rid: str | Sequence[str], *, insert_position: str | None) -> Call[None]:
    """Describe ``gallery.add_item``: a write, for nothing says that an item twice added is there once."""
    if insert_position not in (None, "top", "bottom"):
        raise ValueError("insert_position must be 'top' or 'bottom'")
    params: dict[str, Param] = {
        "fid": required("fid", fid),
        "rid": _rids(rid),
        "insert_position": insert_position,
    }
    return Call(name="gallery.add_item", method="POST", params=params, safety="write", result=type(None))


def remove_item(fid: str, rid: str | Sequence[str], *, delete_asset: bool | None) -> Call[None]:
    """Describe ``gallery.remove_item``: an asset that it deletes is not found by a second try."""
    params: dict[str, Param] = {"rid": _rids(rid), "delete_asset": yes_or_no("delete_asset", delete_asset)}
    return _change("remove_item", fid, params, vanishes=bool(delete_asset))


def list_galleries(
    *, search: str | None, tag: str | None, page: int | None, items_per_page: int | None
) -> Call[GalleryPage]:
    """Describe ``gallery.list``."""
    params: dict[str, Param] = {
        "search": optional("search", search),
        "tag": optional("tag", tag),
        **_page(page, items_per_page),
    }
    return Call(name="gallery.list", method="GET", params=params, safety="read", result=GalleryPage)


def get_items(
    fid: str, *, details: Sequence[AssetDetail] | None, page: int | None, items_per_page: int | None
) -> Call[AssetPage]:
    """Describe ``gallery.get_items``."""
    params: dict[str, Param] = {
        "fid": required("fid", fid),
        "details": words("details", details),
        **_page(page, items_per_page),
    }
    return Call(name="gallery.get_items", method="GET", params=params, safety="read", result=AssetPage)


def set_master(fid: str, master: str) -> Call[None]:
    """Describe ``gallery.set_master``."""
    return _change("set_master", fid, {"master": required("master", master)})


def download(fid: str) -> Call[GalleryArchive]:
    """Describe ``gallery.download``."""
    params = {"fid": required("fid", fid)}
    return Call(name="gallery.download", method="GET", params=params, safety="read", result=GalleryArchive)


def _change(verb: str, fid: str, params: Mapping[str, Param], *, vanishes: bool = False) -> Call[None]:
    return Call(
        name=f"gallery.{verb}",
        method="POST",
        params={"fid": required("fid", fid), **params},
        safety="idempotent",
        result=type(None),
        vanishes=vanishes,
    )


def _page(page: int | None, items_per_page: int | None) -> dict[str, Param]:
    return {
        "page": count("page", page),
        "items_per_page": count("items_per_page", items_per_page, at_most=100),
    }


def _rids(rid: str | Sequence[str]) -> str:
    rids = words("rid", rid)
    if not rids:
        raise ValueError("rid must be one rid, or several: there is none in it")
    return rids
