"""The fake's live streams."""

from __future__ import annotations

from typing import Any

import pytest

from tests.testing.helpers import Asker

pytestmark = pytest.mark.anyio


async def streams(ask: Asker) -> list[Any]:
    return list((await ask.get("live.list"))["streams"])


async def test_stream_is_made_by_a_get(ask: Asker) -> None:
    """A stream has a rid, what it was told, and is not live yet."""
    rid = (await ask.get("live.create", name="Cats", description="All day"))["rid"]
    other = (await ask.get("live.create"))["rid"]

    assert await streams(ask) == [
        {"rid": rid, "name": "Cats", "description": "All day", "status": "idle"},
        {"rid": other, "name": "", "description": "", "status": "idle"},
    ]


@pytest.mark.parametrize("parameter", ["rid", "id"])
async def test_stream_goes_live_and_back(ask: Asker, parameter: str) -> None:
    """By its rid, by whichever name; stopping or resetting ends the broadcast."""
    which = {parameter: (await ask.get("live.create"))["rid"]}
    seen = []

    for call in ("start", "stop", "stop", "start", "reset"):
        await ask.get(f"live.{call}", **which)
        seen += [stream["status"] for stream in await streams(ask)]

    assert seen == ["live", "idle", "idle", "live", "idle"]


async def test_stream_is_deleted(ask: Asker) -> None:
    """That one alone."""
    rid, other = [(await ask.get("live.create"))["rid"] for _ in range(2)]

    await ask.get("live.delete", rid=rid)

    assert [stream["rid"] for stream in await streams(ask)] == [other]


@pytest.mark.parametrize("call", ["start", "stop", "reset", "delete"])
async def test_stream_must_be_one(ask: Asker, call: str) -> None:
    """An unknown rid is refused, and none at all."""
    unknown, none = await ask.get(f"live.{call}", rid="A4nobody"), await ask.get(f"live.{call}")

    assert (unknown["success"], unknown["message"]) == (False, "The rid does not exist")
    assert (none["success"], none["message"]) == (False, "The parameter rid or id is required")


@pytest.mark.parametrize("call", ["list", "create", "start", "stop", "reset", "delete"])
async def test_wrong_verb_is_refused(ask: Asker, call: str) -> None:
    """All are GET."""
    assert (await ask.respond("POST", f"live.{call}")).status_code == 405
