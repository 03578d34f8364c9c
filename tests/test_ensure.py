"""What is found or made, so that a script can run twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import anyio
import httpx
import pytest
import respx

from cincopa_async import CincopaClient, ClientClosedError, Gallery, ServerError, Webhook
from tests.conftest import TOKEN

pytestmark = pytest.mark.anyio

HOOK = "https://app.example.com/hooks/cincopa?secret=CANARY-SIGNATURE"


class Galleries:
    """The galleries of an account, two a page whatever is asked for."""

    def __init__(self, api: respx.MockRouter, *names: str | None) -> None:
        self.names = list(names)
        self.lists = api.get("gallery.list.json").mock(side_effect=self.list)
        self.creates = api.post("gallery.create.json")
        self.creates.side_effect = self.create

    async def list(self, request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        page = int(request.url.params["page"])
        found = [{"fid": f"F{number}", "name": name} for number, name in enumerate(self.names, 1)]
        numbers = {"pages_count": max(1, -(-len(found) // 2))}
        return httpx.Response(
            200, json={"success": True, "galleries": found[2 * page - 2 : 2 * page], "items_data": numbers}
        )

    async def create(self, request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        self.names.append(request.url.params["name"])
        return httpx.Response(200, json={"success": True, "fid": f"F{len(self.names)}", "new": 1})


async def test_gallery_that_is_not_there_is_made(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """With what is given for a new one."""
    galleries = Galleries(api, "Dogs", "cats", "Cats and dogs", None)

    gallery = await cincopa.ensure_gallery(name="Cats", description="All of them", template="T1")

    assert gallery == Gallery(fid="F5", name="Cats", description="All of them", extra={"new": 1})
    sent = galleries.creates.calls.last.request.url.params
    assert (sent["name"], sent["description"], sent["template"]) == ("Cats", "All of them", "T1")


async def test_gallery_that_is_there_is_found_on_whichever_page(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Of two it is the first, and nothing is changed in it."""
    api.get("gallery.list.json").mock(
        side_effect=lambda request: httpx.Response(
            200,
            json={
                "success": True,
                "galleries": {
                    "1": [{"fid": "F1", "name": "Dogs"}],
                    "2": [{"name": "Cats"}, {"fid": "F3", "name": "Cats"}, {"fid": "F4", "name": "Cats"}],
                }[request.url.params["page"]],
                "items_data": {"pages_count": 2},
            },
        )
    )

    assert (await cincopa.ensure_gallery(name="Cats", description="new")).fid == "F3"


async def test_gallery_is_made_once_by_a_script_that_runs_twice(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """The second run finds what the first made."""
    galleries = Galleries(api)
    first = await cincopa.ensure_gallery(name="Cats")

    assert (await cincopa.ensure_gallery(name="Cats")).fid == first.fid
    assert galleries.names == ["Cats"]


async def test_tasks_that_ask_at_once_make_one_gallery(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """They take turns."""
    galleries = Galleries(api)
    fids: list[str | None] = []

    async def ask() -> None:
        fids.append((await cincopa.ensure_gallery(name="Cats")).fid)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)

    assert fids == ["F1"] * 5
    assert galleries.names == ["Cats"]


async def test_gallery_that_may_have_been_made_is_told(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Asking again finds it, or makes it."""
    galleries = Galleries(api)
    galleries.creates.side_effect = None
    galleries.creates.respond(502)

    with pytest.raises(ServerError) as caught:
        await cincopa.ensure_gallery(name="Cats")

    assert caught.value.maybe_applied


@pytest.mark.parametrize("name", ["", " "])
async def test_gallery_needs_a_name(name: str, cincopa: CincopaClient) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="name must not be empty"):
        await cincopa.ensure_gallery(name=name)


async def test_closed_client_ensures_nothing(cincopa: CincopaClient) -> None:
    """It says that it is closed."""
    await cincopa.aclose()

    with pytest.raises(ClientClosedError):
        await cincopa.ensure_gallery(name="Cats")
    with pytest.raises(ClientClosedError):
        await cincopa.ensure_webhook(HOOK, events=["asset.*"])


def test_client_used_in_two_event_loops_ensures_in_both() -> None:
    """One after the other, as with every call."""
    cincopa = CincopaClient(TOKEN)

    async def ensure() -> str | None:
        return (await cincopa.ensure_gallery(name="Cats")).fid

    with respx.mock(base_url="https://api.cincopa.com/v2/") as api:
        galleries = Galleries(api)
        fids = [asyncio.run(ensure()), anyio.run(ensure, backend="trio")]

    assert fids == ["F1", "F1"]
    assert galleries.names == ["Cats"]


def hooks(api: respx.MockRouter, *listed: dict[str, Any]) -> respx.Route:
    api.get("webhook.list.json").respond(json={"success": True, "webhooks": list(listed)})
    return api.post("webhook.set.json")


@pytest.mark.parametrize(
    "listed",
    [
        (),
        ({"hook_url": "https://other.example.com/", "events": "asset.uploaded,gallery.*"},),
        ({"hook_url": HOOK},),
        ({"hook_url": HOOK, "events": "asset.uploaded"},),
        ({"hook_url": HOOK, "events": "asset.uploaded,gallery.*,asset.deleted"},),
    ],
    ids=["no hook", "another URL", "no events told", "too few events", "too many events"],
)
async def test_webhook_that_is_not_so_yet_is_set(
    listed: Sequence[dict[str, Any]], cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """For these events, and no others."""
    route = hooks(api, *listed).respond(json={"success": True})

    hook = await cincopa.ensure_webhook(HOOK, events=["asset.uploaded", " gallery.*"])

    assert hook == Webhook(hook_url=HOOK, events=("asset.uploaded", "gallery.*"))
    assert route.calls.last.request.url.params["events"] == "asset.uploaded,gallery.*"


@pytest.mark.parametrize("events", ["asset.uploaded,gallery.*", "gallery.*, asset.uploaded"])
async def test_webhook_that_is_so_already_is_left_alone(
    events: str, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """In whatever order its events are told."""
    api.get("webhook.list.json").respond(json={"webhooks": [{"hook_url": HOOK, "events": events, "new": 1}]})

    hook = await cincopa.ensure_webhook(HOOK, events=["asset.uploaded", "gallery.*"])

    assert hook.extra == {"new": 1}


@pytest.mark.parametrize(
    ("told", "is_set"),
    [({}, True), ({"security_key": "another"}, True), ({"security_key": "CANARY-CAPABILITY"}, False)],
    ids=["key not told", "another key", "the key"],
)
async def test_webhook_with_a_key_is_set_where_the_key_is_not_told_to_be_it(
    told: dict[str, str], is_set: bool, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Or the receiver would wait for a key that never comes."""
    listed = {"hook_url": HOOK, "events": "asset.*", **told}
    api.get("webhook.list.json").respond(json={"webhooks": [listed]})
    sets = []
    if is_set:
        route = api.post("webhook.set.json")
        route.side_effect = lambda request: sets.append(request) or httpx.Response(200, json={"success": True})

    hook = await cincopa.ensure_webhook(HOOK, events=["asset.*"], security_key="CANARY-CAPABILITY")

    assert hook.security_key == "CANARY-CAPABILITY"
    assert len(sets) == is_set


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"events": []}, "events"),
        ({"events": [""]}, "events"),
        ({"events": ["asset.*"], "security_key": ""}, "security_key"),
    ],
)
async def test_wrong_argument_of_a_webhook_raises_before_anything_is_sent(
    arguments: dict[str, Any], argument: str, cincopa: CincopaClient
) -> None:
    """By name; its URL is looked at too."""
    with pytest.raises(ValueError, match=f"{argument} must"):
        await cincopa.ensure_webhook(HOOK, **arguments)
    with pytest.raises(ValueError, match="hook_url must"):
        await cincopa.ensure_webhook("app.example.com", events=["asset.*"])
