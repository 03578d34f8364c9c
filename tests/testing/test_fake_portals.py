"""The fake's portals."""

from __future__ import annotations

from typing import Any

import pytest

from cincopa_async.testing import FakeCincopa
from tests.testing.helpers import Asker

pytestmark = pytest.mark.anyio


async def portals(ask: Asker) -> list[Any]:
    return list((await ask.get("portal.list"))["portals"])


async def test_portal_is_made_and_changed(ask: Asker) -> None:
    """Setting a portal makes it, setting it again changes what is named, and the list shows both."""
    await ask.post("portal.set", name="cats", visibility="public")
    await ask.post("portal.set", subdomain="Cats", title="All cats")
    await ask.post("portal.set", name="dogs")

    assert await portals(ask) == [
        {"name": "cats", "status": "active", "visibility": "public", "title": "All cats"},
        {"name": "dogs", "status": "active"},
    ]


async def test_check_tells_whether_there_is_one(ask: Asker) -> None:
    """A portal that exists has a status; a name that is free is no failure."""
    await ask.post("portal.set", name="cats")

    there, free = await ask.get("portal.check", name="cats"), await ask.get("portal.check", subdomain="dogs")

    assert (there["exists"], there["status"]) == (True, "active")
    assert (free["success"], free["exists"]) == (True, False)


async def test_ceased_portal_is_kept(ask: Asker) -> None:
    """A portal that has ceased is inactive, until it is set again."""
    await ask.post("portal.set", name="cats")

    await ask.post("portal.cease", name="cats")

    assert (await ask.get("portal.check", name="cats"))["status"] == "inactive"
    await ask.post("portal.set", name="cats")
    assert (await ask.get("portal.check", name="cats"))["status"] == "active"


async def test_cease_may_create(fake: FakeCincopa, ask: Asker) -> None:
    """A quirk takes the documentation by its other word: a subdomain is made if it is available."""
    fake.quirk("cease_creates")

    made, again = await ask.post("portal.cease", name="cats"), await ask.post("portal.cease", name="cats")

    assert (made["success"], again["success"]) == (True, False)
    assert await portals(ask) == [{"name": "cats", "status": "active"}]


@pytest.mark.parametrize("parameter", ["new_name", "new_subdomain", "to"])
async def test_portal_is_renamed(ask: Asker, parameter: str) -> None:
    """The new name has taken the old one's place, with all else."""
    await ask.post("portal.set", name="cats", title="All cats")

    await ask.post("portal.rename", name="cats", **{parameter: "dogs"})

    assert await portals(ask) == [{"name": "dogs", "status": "active", "title": "All cats"}]
    assert (await ask.get("portal.check", name="cats"))["exists"] is False


async def test_name_that_is_taken_is_not_given_again(ask: Asker) -> None:
    """Renaming changes nothing then."""
    await ask.post("portal.set", name="cats")
    await ask.post("portal.set", name="dogs")

    answer = await ask.post("portal.rename", name="cats", new_name="dogs")

    assert (answer["success"], answer["message"]) == (False, "The new_name is not available")
    assert [portal["name"] for portal in await portals(ask)] == ["cats", "dogs"]


async def test_portal_is_removed(ask: Asker) -> None:
    """It is gone, and its name free."""
    await ask.post("portal.set", name="cats")

    assert (await ask.post("portal.remove", name="cats"))["success"] is True

    assert await portals(ask) == []


@pytest.mark.parametrize("call", ["cease", "rename", "remove"])
async def test_unknown_portal_is_refused(ask: Asker, call: str) -> None:
    """What changes a portal wants one that exists."""
    answer = await ask.post(f"portal.{call}", name="cats", new_name="dogs")

    assert (answer["success"], answer["message"]) == (False, "The portal does not exist")


@pytest.mark.parametrize("name", ["", "-cats", "cats.example", "a b", "a" * 64, "ü"])
async def test_name_must_be_a_subdomain(ask: Asker, name: str) -> None:
    """What no host can be called is refused, and the parameter is named."""
    answer = await ask.post("portal.set", name=name)

    assert answer["success"] is False
    assert "name" in answer["message"]
    assert await portals(ask) == []


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("POST", "check"),
        ("GET", "cease"),
        ("GET", "rename"),
        ("GET", "remove"),
        ("GET", "set"),
        ("POST", "list"),
    ],
)
async def test_wrong_verb_is_refused(ask: Asker, method: str, call: str) -> None:
    """Each call has one verb."""
    assert (await ask.respond(method, f"portal.{call}", name="cats")).status_code == 405
