"""The fake's hooks, and what they are told of what happens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cincopa_async.testing import FakeCincopa
from tests.testing.helpers import Asker, until
from tests.testing.receiver import Receiver, receiving, told

pytestmark = pytest.mark.anyio

HOOK = "https://hooks.test/cincopa"
URL = "https://media.test/cat.mp4"


async def hooks(ask: Asker) -> list[Any]:
    return list((await ask.get("webhook.list"))["webhooks"])


async def happened(fake: FakeCincopa, ask: Asker) -> None:
    """Have eight events happen, one of each, and wait until the hooks were told."""
    fake.add_source(URL, b"cat")
    fid = (await ask.post("gallery.create", name="Cats"))["fid"]
    rid = await ask.uploaded(URL, fid=fid)
    await ask.post("asset.set_meta", rid=rid, caption="Cat")
    await ask.post("gallery.set_meta", fid=fid, name="Dogs")
    await ask.post("asset.delete", rid=rid)
    await ask.post("gallery.delete", fid=fid)
    await told(fake)


async def test_hook_is_listed_without_its_key(ask: Asker) -> None:
    """A hook that was set is listed by its URL with its events; the key is told to nobody."""
    await ask.post("webhook.set", hook_url=f"{HOOK}?a=1", events="asset.*,my.own", security_key="KEY")

    answer = await ask.respond("GET", "webhook.list")

    assert answer.json()["webhooks"] == [{"hook_url": f"{HOOK}?a=1", "events": "asset.*,my.own", "type": "webhook"}]
    assert "KEY" not in answer.text


async def test_hook_is_made_once_and_changed(ask: Asker) -> None:
    """Setting a URL again changes its hook: what is not named stays, Slack's kind does not."""
    await ask.post("webhook.set_slack", hook_url=HOOK, events="asset.*")
    assert [hook["type"] for hook in await hooks(ask)] == ["slack"]

    await ask.post("webhook.set", hook_url=HOOK)

    assert await hooks(ask) == [{"hook_url": HOOK, "events": "asset.*", "type": "webhook"}]


async def test_hook_without_events_gets_all(ask: Asker) -> None:
    """The documentation does not say that they must be named."""
    await ask.post("webhook.set", hook_url=HOOK)

    assert [hook["events"] for hook in await hooks(ask)] == ["*"]


@pytest.mark.parametrize("call", ["webhook.set", "webhook.set_slack"])
@pytest.mark.parametrize("hook_url", ["", "hooks.test", "ftp://hooks.test/", "https://", "http://x.test:port/"])
async def test_hook_must_be_a_url_of_the_web(ask: Asker, call: str, hook_url: str) -> None:
    """What cannot be posted to is refused, and the parameter is named."""
    answer = await ask.post(call, hook_url=hook_url)

    assert answer["success"] is False
    assert "hook_url" in answer["message"]
    assert await hooks(ask) == []


@pytest.mark.parametrize("call", ["webhook.delete", "webhhook.delete"])
async def test_hook_is_deleted(fake: FakeCincopa, ask: Asker, call: str) -> None:
    """By its URL, as the documentation spells the call or as clients do; the permission is the same."""
    await ask.post("webhook.set", hook_url=HOOK)
    ask.token = fake.issue_token("|webhook.*|")

    assert (await ask.post(call, hook_url=HOOK))["success"] is True

    assert await hooks(ask) == []
    again = await ask.post(call, hook_url=HOOK)
    assert (again["success"], again["message"]) == (False, "The hook_url does not exist")
    assert fake.counts.requests[call] == 2


@pytest.mark.parametrize(
    ("method", "call"),
    [("POST", "webhook.list"), ("GET", "webhook.set"), ("GET", "webhook.set_slack"), ("GET", "webhook.delete")],
)
async def test_wrong_verb_is_refused(ask: Asker, method: str, call: str) -> None:
    """Each call has one verb."""
    assert (await ask.respond(method, call, hook_url=HOOK)).status_code == 405


async def test_hook_is_told_what_happens(fake: FakeCincopa, ask: Asker) -> None:
    """Each event arrives once, by a POST of JSON, in the order it happened; the deliveries say so."""
    async with receiving() as receiver:
        await ask.post("webhook.set", hook_url=f"{receiver.base_url}/hook?a=%2F")
        await happened(fake, ask)

    assert receiver.events == [
        "gallery.created",
        "asset.uploaded",
        "asset.synced",
        "gallery.synced",
        "asset.updated",
        "gallery.updated",
        "asset.deleted",
        "gallery.deleted",
    ]
    assert set(receiver.targets) == {"/hook?a=%2F"}
    assert {request.method for request in receiver.requests} == {b"POST"}
    assert (b"content-type", b"application/json") in list(receiver.requests[0].headers)
    assert [delivery.event for delivery in fake.deliveries] == receiver.events
    assert {(delivery.hook, delivery.attempts, delivery.delivered) for delivery in fake.deliveries} == {
        (f"{receiver.base_url}/hook", 1, True)
    }


async def test_bodies_tell_of_assets_and_galleries(fake: FakeCincopa, ask: Asker) -> None:
    """The fields that were seen of the service, as they were at the moment of the event."""
    async with receiving() as receiver:
        await ask.post("webhook.set", hook_url=receiver.base_url)
        await happened(fake, ask)
        bodies = {body.pop("event"): body for body in receiver.bodies}

    asset = bodies["asset.updated"]
    assert (bodies["asset.uploaded"]["caption"], asset["caption"]) == ("cat", "Cat")
    assert (asset["filename"], asset["type"], asset["reference_id"]) == ("cat.mp4", "video", "")
    assert asset["drid"] == bodies["asset.uploaded"]["drid"] == bodies["asset.deleted"]["drid"]
    assert asset.keys() == {
        *("id", "drid", "filename", "modified", "caption", "description", "long_description"),
        *("related_link_text", "related_link_url", "reference_id", "type"),
    }
    assert bodies["gallery.created"].keys() == {"fid", "name", "modified"}
    assert (bodies["gallery.created"]["name"], bodies["gallery.deleted"]["name"]) == ("Cats", "Dogs")


@pytest.mark.parametrize(
    ("call", "params"),
    [("add_item", {}), ("remove_item", {}), ("set_master", {"master": "A4master"})],
)
async def test_what_changes_a_gallery_updates_it(
    fake: FakeCincopa, ask: Asker, call: str, params: dict[str, str]
) -> None:
    """Its items and its master are of the gallery too."""
    fake.add_source(URL, b"cat")
    fid = (await ask.post("gallery.create"))["fid"]
    rid = await ask.uploaded(URL, fid=fid)
    async with receiving() as receiver:
        await ask.post("webhook.set", hook_url=receiver.base_url)

        await ask.post(f"gallery.{call}", fid=fid, rid=rid, **params)

        await told(fake)
    assert receiver.events == ["gallery.updated"]


async def test_attached_assets_go_with_theirs(fake: FakeCincopa, ask: Asker) -> None:
    """Deleting an asset tells of what was attached to it as well, and of each once."""
    fake.add_source(URL, b"cat")
    rid = await ask.uploaded(URL)
    thumb = await ask.uploaded(URL, rid=rid, type="thumb")
    async with receiving() as receiver:
        await ask.post("webhook.set", hook_url=receiver.base_url)

        await ask.post("asset.delete", rid=rid)

        await told(fake)
    assert [(body["event"], body["drid"]) for body in receiver.bodies] == [
        ("asset.deleted", rid),
        ("asset.deleted", thumb),
    ]


@pytest.mark.parametrize(
    ("events", "came"),
    [
        ("asset.*", ["asset.uploaded", "asset.synced", "asset.updated", "asset.deleted"]),
        ("asset.deleted, gallery.created", ["gallery.created", "asset.deleted"]),
        ("*.updated", ["asset.updated", "gallery.updated"]),
        ("account.*,leads.*,no.such", []),
    ],
)
async def test_hook_is_told_what_it_asked_for(fake: FakeCincopa, ask: Asker, events: str, came: list[str]) -> None:
    """Events are named one by one or by wildcard."""
    async with receiving() as receiver:
        await ask.post("webhook.set", hook_url=receiver.base_url, events=events)
        await happened(fake, ask)

    assert receiver.events == came


async def test_every_hook_is_told(fake: FakeCincopa, ask: Asker) -> None:
    """Hooks have nothing to do with each other: one that fails keeps no other waiting."""
    async with receiving() as one, receiving() as other:
        one.shut()
        await ask.post("webhook.set", hook_url=one.base_url)
        await ask.post("webhook.set", hook_url=other.base_url)

        await ask.post("gallery.create")

        await until(lambda: len(other.contents) == 1)
        one.open.set()
        await told(fake)
        assert one.bodies == other.bodies


async def test_slack_is_sent_a_text(fake: FakeCincopa, ask: Asker) -> None:
    """Slack's hooks show what stands in `text`: the event, and the name of what it is about."""
    async with receiving() as receiver:
        await ask.post("webhook.set_slack", hook_url=receiver.base_url)
        await happened(fake, ask)

    assert receiver.bodies[:3] == [
        {"text": "gallery.created: Cats"},
        {"text": "asset.uploaded: cat.mp4"},
        {"text": "asset.synced: cat.mp4"},
    ]


async def created(fake: FakeCincopa, ask: Asker, receiver: Receiver, path: str, **params: str) -> tuple[str, Any]:
    """Set a hook, make a gallery; returns what the hook was asked for, and its body."""
    await ask.post("webhook.set", hook_url=f"{receiver.base_url}{path}", **params)
    await ask.post("gallery.create")
    await told(fake)
    return receiver.targets[-1], receiver.bodies[-1]


async def test_key_is_in_the_body(fake: FakeCincopa, ask: Asker) -> None:
    """The key stands beside the event, and not in the URL."""
    async with receiving() as receiver:
        target, body = await created(fake, ask, receiver, "/", security_key="KEY")

    assert (target, body["security_key"]) == ("/", "KEY")


async def test_hook_without_a_key(fake: FakeCincopa, ask: Asker) -> None:
    """Then no key is sent, nor after it was set to nothing."""
    async with receiving() as receiver:
        _, body = await created(fake, ask, receiver, "/")
        await created(fake, ask, receiver, "/", security_key="KEY")
        _, emptied = await created(fake, ask, receiver, "/", security_key="")

    assert "security_key" not in body
    assert "security_key" not in emptied


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/", "/?security_key=a%26b"), ("/?", "/?security_key=a%26b"), ("/?x=a:%2f", "/?x=a:%2f&security_key=a%26b")],
)
async def test_key_may_be_in_the_query(fake: FakeCincopa, ask: Asker, path: str, asked: str) -> None:
    """A quirk adds it to the hook's own query, which stays as it is."""
    fake.quirk("webhook_key")
    async with receiving() as receiver:
        target, body = await created(fake, ask, receiver, path, security_key="a&b")

    assert target == asked
    assert "security_key" not in body


async def test_key_may_be_left_out(fake: FakeCincopa, ask: Asker) -> None:
    """A quirk sends no key at all, as a service that signs nothing."""
    fake.quirk("webhook_key", place="nowhere")
    async with receiving() as receiver:
        target, body = await created(fake, ask, receiver, "/", security_key="KEY")

    assert "KEY" not in target + json.dumps(body)


async def test_event_may_be_left_out(fake: FakeCincopa, ask: Asker) -> None:
    """A quirk leaves the event out of what tells of an asset; of a gallery it is told."""
    fake.quirk("webhook_no_event")
    async with receiving() as receiver:
        await ask.post("webhook.set", hook_url=receiver.base_url)
        await happened(fake, ask)

    assert [body.get("event", "drid" in body) for body in receiver.bodies] == [
        *("gallery.created", True, True, "gallery.synced", True, "gallery.updated", True, "gallery.deleted"),
    ]


async def test_hook_is_told_when_an_asset_is_ready(fake: FakeCincopa, ask: Asker) -> None:
    """Not before its sync phase is over, and of the gallery when the last of its assets is; one that fails is never."""
    fake.add_source(URL, b"cat")
    fake.hold_sync()
    async with receiving() as receiver:
        await ask.post("webhook.set", hook_url=receiver.base_url, events="*.synced,asset.uploaded")
        fid = (await ask.post("gallery.create"))["fid"]
        first = await ask.uploaded(URL, fid=fid)
        fake.quirk("sync_ends", state="failed", nth=1)
        await ask.uploaded(URL)
        await told(fake)
        assert receiver.events == ["asset.uploaded", "asset.uploaded"]

        fake.release_sync()
        await until(lambda: len(receiver.events) == 4)

    assert [(body["event"], body.get("drid") or body["fid"]) for body in receiver.bodies[2:]] == [
        ("asset.synced", first),
        ("gallery.synced", fid),
    ]


async def test_hook_is_told_of_a_file_that_was_sent(fake: FakeCincopa, ask: Asker) -> None:
    """By direct upload, as of one that was fetched."""
    async with receiving() as receiver:
        await ask.post("webhook.set", hook_url=receiver.base_url, events="asset.uploaded")
        url = (await ask.get("asset.get_upload_url"))["upload_url"]
        rid = (await ask.http.post(url, content=b"cat")).text.split()[-1]
        await told(fake)

    assert [body["drid"] for body in receiver.bodies] == [rid]
