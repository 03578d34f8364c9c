"""What a hook is told of an event: what is sent, without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from ._account import Asset, Gallery
from ._clock import dated
from ._contract import Value
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
    headers: Mapping[str, str] = field(repr=False)


def message(hook: Hook, event: str, about: Asset | Gallery) -> Message:
    """Write what a hook is sent."""
    url = httpx.URL(hook.hook_url)
    if hook.slack:
        name = about.filename if isinstance(about, Asset) else about.meta.get("name", about.fid)
        content_type, write = _BODIES["JSON"]
        return Message(url, write({"text": f"{event}: {name}"}).encode(), {"content-type": content_type})
    body = _asset(hook, event, about) if isinstance(about, Asset) else _gallery(hook, event, about)
    content_type, write = _BODIES[hook.facts["webhook.body"]]
    headers = {"content-type": content_type}
    match hook.facts["webhook.key"] if hook.security_key else "nowhere":
        case "body":
            body["security_key"] = hook.security_key
        case "query":
            # Added to the query as it stands: a signature in it holds for these very bytes.
            pairs = [url.query, urlencode({"security_key": hook.security_key}).encode()]
            url = url.copy_with(query=b"&".join(pair for pair in pairs if pair))
        case "header":
            headers["x-security-key"] = hook.security_key
    return Message(url, write(body).encode(), headers)


def _asset(hook: Hook, event: str, asset: Asset) -> dict[str, Any]:
    body = {
        "id": asset.id,
        str(hook.facts["webhook.rid"]): asset.rid,
        "filename": asset.filename,
        "modified": dated(asset.modified, str(hook.facts["answers.dates"])),
        **{name: asset.meta.get(name, "") for name in _META},
        "type": asset.type,
        str(hook.facts["webhook.event"]): event,
    }
    body.pop("nowhere", None)
    return body


def _gallery(hook: Hook, event: str, gallery: Gallery) -> dict[str, Any]:
    modified = dated(gallery.modified, str(hook.facts["answers.dates"]))
    return {"event": event, "fid": gallery.fid, "name": gallery.meta.get("name", ""), "modified": modified}


def _xml(body: Mapping[str, Any]) -> str:
    fields = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in body.items())
    return f"<event>{fields}</event>"


_BODIES: Final[Mapping[Value, tuple[str, Callable[[Mapping[str, Any]], str]]]] = {
    "JSON": ("application/json", json.dumps),
    "form": ("application/x-www-form-urlencoded", urlencode),
    "XML": ("application/xml", _xml),
}
