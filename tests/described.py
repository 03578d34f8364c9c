"""Every call that the client describes, once, and what the documentation shows it answered."""

from __future__ import annotations

import inspect
import json
import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from cincopa_async import resources
from cincopa_async._calls import Call
from cincopa_async._codec import Reply
from cincopa_async.resources import _asset_calls, general
from tests.conftest import TOKEN

SIGNED_INPUT = "https://media.example.com/don't.mp4?X-Amz-Signature=CANARY-SIGNATURE"

CALLS: dict[str, Call[Any]] = {
    "ping": general.ping(),
    "token.get_temp": general.get_temp(600, "|asset.*|"),
    "asset.list": _asset_calls.list_assets(
        search=None, type=None, rid=None, reference_id=None, tag=None, details=None, page=1, items_per_page=None
    ),
    "asset.list by reference_id": _asset_calls.list_assets(
        search=None, type=None, rid=None, reference_id="21T20", tag=None, details=None, page=1, items_per_page=None
    ),
    "asset.get_tags": _asset_calls.get_tags(),
    "asset.set_meta": _asset_calls.change("set_meta", "A4", {"caption": "cat"}),
    "asset.resync": _asset_calls.change("resync", "A4"),
    "asset.delete": _asset_calls.change("delete", "A4", vanishes=True),
    "asset.get_upload_url": _asset_calls.get_upload_url(fid=None, rid=None, type=None, ttl=None, sourceip=None),
    "asset.upload_from_url": _asset_calls.upload_from_url(SIGNED_INPUT, fid=None, rid=None, type=None),
    "asset.upload_from_url_get_status": _asset_calls.upload_from_url_get_status("42"),
    "a job's poll": _asset_calls.polled("42"),
    "a poll after an abort": _asset_calls.confirmed("42"),
    "asset.upload_from_url_abort": _asset_calls.upload_from_url_abort("42"),
}
ANY_CALL: Call[dict[str, Any]] = Call(name="x.y", method="GET", params={}, safety="write", result=dict)
"""What ``client.call`` makes."""

EXAMPLES: dict[str, dict[str, Any]] = {
    **{path.stem: json.loads(path.read_bytes()) for path in (Path(__file__).parent / "samples").glob("*.json")},
    # These the documentation does not print: they stand as the reference tells them.
    "ping": {
        "success": True,
        "runtime": 3,
        "ping": "pong",
        "accid": "A4IA",
        "accid_num": "421",
        "accemail": "account@example.com",
        "userid": "U4IA",
        "userid_num": 422,
        "useremail": "user@example.com",
        "permissions": "|asset.*|gallery.list|",
        "ip": "192.0.2.7",
    },
    "token.get_temp": {"success": True, "runtime": 3, "api_token": "CANARY-TEMPORARY"},
    "asset.get_tags": {"success": True, "runtime": 3, "tags": ["car", "recentlaunch"]},
    "asset.list": {
        "success": True,
        "runtime": 77,
        "items": [
            {
                "id": 1000001,
                "rid": "A4KANh__rQ_m",
                "type": "video",
                "filename": "cat.mp4",
                "caption": "Cat",
                "description": "A cat",
                "filesize": "62 byte",
                "tags": "car, recentlaunch",
                "uploaded_by": "user@example.com",
                "uploaded": "2025-02-24T09:16:14.8562610-06:00",
                "modified": "2025-02-24T09:16:14",
                "syncstatus": "synced",
                "storage": "cincopa",
            }
        ],
        "items_data": {"page": 1, "items_per_page": 50, "items_count": 1, "pages_count": 1},
    },
}


def example_of(call: Call[Any]) -> dict[str, Any]:
    return EXAMPLES[call.name]


def reply(body: object, *, status: int = 200, token: str = TOKEN, retry_after: float | None = None) -> Reply:
    """What came back: bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status_code=status, body=raw, token=token, retry_after=retry_after)


def describing_functions() -> dict[str, Callable[..., Any]]:
    """The functions of all groups that describe a call."""
    modules = [import_module(f"{resources.__name__}.{info.name}") for info in pkgutil.iter_modules(resources.__path__)]
    return {
        f"{module.__name__}.{name}": function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and str(function.__annotations__.get("return")).startswith("Call[")
    }
