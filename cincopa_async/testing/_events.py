"""What a hook is told of an event: what is sent, without a socket."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

from ._account import Asset, Gallery
from ._records import Hook

_META = (
    "caption",
    "description",
    "long_description",
    "related_link_text",
    "related_link_url",
    "reference_id",
)


@dataclass(frozen=True, slots=True)
class Message:
    """One request to a hook: of the moment of its event, whatever changes before it arrives."""

    url: httpx.URL = field(repr=False)
    content: bytes = field(repr=False)


def message(hook: Hook, event: str, about: Asset | Gallery) -> Message:
    """Write what a hook is sent."""
    url = httpx.URL(hook.hook_url)
    if hook.slack:
        name = about.filename if isinstance(about, Asset) else about.meta.get("name", about.fid)
        return Message(url, json.dumps({"text": f"{event}: {name}"}).encode())
    body = _asset(about) if isinstance(about, Asset) else _gallery(about)
    if hook.names_asset_events or isinstance(about, Gallery):
        body = {"event": event, **body}
    if hook.security_key and hook.key_place == "body":
        body["security_key"] = hook.security_key
    if hook.security_key and hook.key_place == "query":
        # Added to the query as it stands: a signature in it holds for these very bytes.
        pairs = [url.query, urlencode({"security_key": hook.security_key}).encode()]
        url = url.copy_with(query=b"&".join(pair for pair in pairs if pair))
    return Message(url, json.dumps(body).encode())


def _asset(asset: Asset) -> dict[str, Any]:
    return {
        "id": asset.id,
        "drid": asset.rid,
        "filename": asset.filename,
        "modified": asset.modified,
        **{name: asset.meta.get(name, "") for name in _META},
        "type": asset.type,
    }


def _gallery(gallery: Gallery) -> dict[str, Any]:
    return {"fid": gallery.fid, "name": gallery.meta.get("name", ""), "modified": gallery.modified}
