"""Webhooks."""

from __future__ import annotations

from tests.testing.shown.bench import Bench, said, shows


@shows("webhook.delete.does", seen={"gone": 0, "nothing": 1})
async def delete_hook(at: Bench) -> object:
    await at.ask.post("webhook.set", hook_url="https://hooks.test/")
    assert said(await at.ask.post("webhook.delete", hook_url="https://hooks.test/")) is True
    return len((await at.ask.get("webhook.list"))["webhooks"])


@shows("webhook.delete.spelling", seen={"webhook.delete": (200, 200), "webhhook.delete": (404, 200)})
async def spelling(at: Bench) -> object:
    calls = ("webhook.delete", "webhhook.delete")
    first, second = [(await at.ask.respond("POST", call, hook_url="https://hooks.test/")).status_code for call in calls]
    return first, second


@shows(
    "webhook.body",
    seen={
        "JSON": ("application/json", b'"event": "asset.uploaded"'),
        "form": ("application/x-www-form-urlencoded", b"event=asset.uploaded"),
        "XML": ("application/xml", b"<event>asset.uploaded</event>"),
    },
)
async def hook_body(at: Bench) -> object:
    hook = await at.hooked()
    [request], [content] = hook.requests, hook.contents
    forms = (b'"event": "asset.uploaded"', b"event=asset.uploaded", b"<event>asset.uploaded</event>")
    [form] = [form for form in forms if form in content]
    return dict(request.headers)[b"content-type"].decode(), form


@shows("webhook.key")
async def hook_key(at: Bench) -> object:
    hook = await at.hooked(security_key="KEY")
    [request], [body] = hook.requests, hook.bodies
    places = {
        "body": body.get("security_key") == "KEY",
        "query": request.target.endswith(b"?security_key=KEY"),
        "header": dict(request.headers).get(b"x-security-key") == b"KEY",
    }
    return next((place for place, is_there in places.items() if is_there), "nowhere")


@shows("webhook.event")
async def hook_event(at: Bench) -> object:
    [body] = (await at.hooked()).bodies
    return next((name for name, value in body.items() if value == "asset.uploaded"), "nowhere")


@shows("webhook.rid")
async def hook_rid(at: Bench) -> object:
    [body] = (await at.hooked()).bodies
    [rid] = await at.rids()
    return next((name for name, value in body.items() if value == rid), "nowhere")


@shows("webhook.wildcards", seen={"taken": 2, "not taken": 1})
async def wildcards(at: Bench) -> object:
    return len((await at.hooked(events="asset.*,asset.synced")).bodies)


@shows("webhook.uploaded", seen={"asset.uploaded": ["asset.uploaded", "asset.synced"], "nothing": ["asset.synced"]})
async def uploaded(at: Bench) -> object:
    return (await at.hooked(events="asset.*")).events
