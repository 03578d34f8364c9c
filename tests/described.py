"""Every call that the client describes, once, and what the documentation shows it answered."""

from __future__ import annotations

import inspect
import json
import pkgutil
from collections.abc import Callable
from importlib import import_module
from importlib.resources import files
from typing import Any

from cincopa_async import resources
from cincopa_async._calls import Call
from cincopa_async._codec import Reply
from cincopa_async.models import LiveList, LiveStream, Portal, PortalList
from cincopa_async.resources import _asset_calls, _gallery_calls, _upload_calls, general, live, portal, upload, webhook
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
    "asset.set_meta": _asset_calls.set_meta(
        "A4", tags=None, video_thumb_sec=None, thumb_attached_rid=None, caption="cat"
    ),
    "asset.resync": _asset_calls.change("resync", "A4"),
    "asset.delete": _asset_calls.change("delete", "A4", vanishes=True),
    "asset.get_upload_url": _upload_calls.get_upload_url(fid=None, rid=None, type=None, ttl=None, sourceip=None),
    "asset.upload_from_url": _upload_calls.upload_from_url(SIGNED_INPUT, fid=None, rid=None, type=None),
    "asset.upload_from_url_get_status": _upload_calls.upload_from_url_get_status("42"),
    "a job's poll": _upload_calls.polled("42"),
    "a poll after an abort": _upload_calls.confirmed("42"),
    "asset.upload_from_url_abort": _upload_calls.upload_from_url_abort("42"),
    "an asset that is waited for": _asset_calls.asset_of("A4"),
    "gallery.create": _gallery_calls.create(
        name="Cats", description=None, template=None, master=None, copy_args=None, copy_items=None
    ),
    "gallery.set_meta": _gallery_calls.set_meta("A4", None, {"name": "Cats"}),
    "gallery.delete": _gallery_calls.delete("A4", delete_assets=None),
    "gallery.add_item": _gallery_calls.add_item("A4", "R1", insert_position=None),
    "gallery.remove_item": _gallery_calls.remove_item("A4", "R1", delete_asset=None),
    "gallery.list": _gallery_calls.list_galleries(search=None, tag=None, page=1, items_per_page=None),
    "gallery.get_items": _gallery_calls.get_items("A4", details=None, page=1, items_per_page=None),
    "gallery.set_master": _gallery_calls.set_master("A4", "R1"),
    "gallery.download": _gallery_calls.download("A4"),
    "upload.get_upload_token": upload.get_upload_token("A4"),
    "portal.set": portal.portal("set", Portal, {"name": "cats"}),
    "portal.list": portal.portal("list", PortalList, {}, method="GET"),
    "webhook.list": webhook.list_webhooks(),
    "webhook.set": webhook.set_webhook(SIGNED_INPUT, events=None, security_key=None),
    "webhook.set_slack": webhook.set_slack(SIGNED_INPUT, events=None),
    "webhook.delete": webhook.delete(SIGNED_INPUT),
    "live.create": live.live("create", LiveStream, {"name": "cats"}),
    "live.list": live.live("list", LiveList, {}, safety="read"),
}
PAGE: Call[str] = upload.iframe(fid="A4", rrid=None, token=TOKEN)
"""The one call whose answer is no JSON."""
ANY_CALL: Call[dict[str, Any]] = Call(name="x.y", method="GET", params={}, safety="write", result=dict)
"""What ``client.call`` makes."""

DOCUMENTED: dict[str, bytes] = {
    example["target"].partition("?")[0].removeprefix("/v2/").removesuffix(".json"): example["answer"].encode()
    for example in json.loads(files("cincopa_async.testing").joinpath("examples.json").read_text("utf-8"))
}
"""What the documentation prints, byte for byte."""
EXAMPLES: dict[str, dict[str, Any]] = {
    **{name: json.loads(answer) for name, answer in DOCUMENTED.items()},
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
    "gallery.create": {"success": True, "runtime": 3, "fid": "A4IAt0vEoO"},
    "gallery.list": {
        "success": True,
        "runtime": 3,
        "galleries": [
            {
                "fid": "A4IAt0vEoO",
                "name": "Cats",
                "description": "All of them",
                "upload_url": "https://mediaupload.example.com/post.jpg?hash=CANARY-CAPABILITY",
                "tags": "pet, big cat",
                "modified": "2025-02-24T09:16:14",
                "syncstatus": "synced",
            }
        ],
        "tag_cloud": {"pet": 1, "big cat": "2"},
        "workspace": "W1",
        "items_data": {"page": 1, "items_per_page": 50, "items_count": 1, "pages_count": 1},
    },
    "gallery.get_items": {
        "success": True,
        "runtime": 3,
        "items": [{"rid": "R1", "type": "image"}],
        "items_data": {"page": 1, "items_per_page": 50, "items_count": 1, "pages_count": 1},
    },
    "gallery.download": {"success": True, "runtime": 3, "url": "https://x.example/a.zip?key=CANARY-CAPABILITY"},
    "upload.get_upload_token": {"success": True, "runtime": 3, "upload_token": "CANARY-TEMPORARY"},
    "portal.set": {"success": True, "runtime": 3, "name": "cats", "status": "active", "theme": "dark"},
    "portal.list": {"success": True, "runtime": 3, "portals": [{"name": "cats", "subdomain": "cats"}]},
    "webhook.list": {
        "success": True,
        "runtime": 3,
        "webhooks": [{"hook_url": "https://app.example.com/?s=CANARY-SIGNATURE", "events": "asset.*,gallery.created"}],
    },
    "live.create": {"success": True, "runtime": 3, "rid": "L1", "name": "cats", "status": "idle"},
    "live.list": {"success": True, "runtime": 3, "streams": [{"rid": "L1", "name": "cats"}]},
    **{
        f"gallery.{verb}": {"success": True, "runtime": 3}
        for verb in ("set_meta", "delete", "add_item", "remove_item", "set_master")
    },
    **{f"webhook.{verb}": {"success": True, "runtime": 3} for verb in ("set", "set_slack", "delete")},
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
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and str(function.__annotations__.get("return")).startswith("Call[")
    }
