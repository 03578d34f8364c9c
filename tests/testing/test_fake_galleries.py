"""The fake's galleries."""

from __future__ import annotations

import pytest

from cincopa_async.testing import FakeCincopa
from tests.testing.helpers import Asker

pytestmark = pytest.mark.anyio


async def made(ask: Asker, **params: object) -> str:
    return str((await ask.post("gallery.create", **params))["fid"])


async def stored(fake: FakeCincopa, ask: Asker, *names: str) -> list[str]:
    for name in names:
        fake.add_source(f"https://media.test/{name}", name.encode())
    return [await ask.uploaded(f"https://media.test/{name}") for name in names]


async def items(ask: Asker, fid: str, **params: object) -> list[str]:
    return [item["rid"] for item in (await ask.get("gallery.get_items", fid=fid, **params))["items"]]


async def test_list_tells_what_was_made(ask: Asker) -> None:
    """A gallery carries the reference's fields; tags of all galleries make the cloud."""
    fid = await made(ask, name="Cats", description="All of them")
    await ask.post("gallery.set_meta", fid=fid, tags="pet,cat", template="A4template")
    await made(ask, name="Dogs", tags="pet")

    answer = await ask.get("gallery.list")

    first = answer["galleries"][0]
    assert (first["fid"], first["name"], first["description"]) == (fid, "Cats", "All of them")
    assert (first["tags"], first["syncstatus"]) == ("pet, cat", "synced")
    assert fid in first["upload_url"]
    assert answer["tag_cloud"] == {"pet": 2, "cat": 1}
    assert answer["items_data"]["items_count"] == 2


async def test_list_finds(ask: Asker) -> None:
    """By text anywhere, by name alone, by tag, by page."""
    await made(ask, name="Cats", description="no dog")
    await made(ask, name="Dogs", tags="pet")

    async def names(**params: object) -> list[str]:
        return [gallery["name"] for gallery in (await ask.get("gallery.list", **params))["galleries"]]

    assert await names(search="dog") == ["Cats", "Dogs"]
    assert await names(search="caption=dog") == ["Dogs"]
    assert await names(tag="pet") == ["Dogs"]
    assert await names(items_per_page=1, page=2) == ["Dogs"]


@pytest.mark.parametrize("items_per_page", [0, 101])
async def test_galleries_come_by_a_hundred_at_most(ask: Asker, items_per_page: int) -> None:
    """items_per_page is 1 to 100."""
    assert (await ask.get("gallery.list", items_per_page=items_per_page))["success"] is False


async def test_items_keep_their_order(fake: FakeCincopa, ask: Asker) -> None:
    """Items go to the bottom, or to the top; one that is there already moves, and is there once."""
    fid = await made(ask)
    a, b, c = await stored(fake, ask, "a", "b", "c")

    await ask.post("gallery.add_item", fid=fid, rid=f"{a}, {b},{a}")
    await ask.post("gallery.add_item", fid=fid, rid=c, insert_position="top")
    assert await items(ask, fid) == [c, a, b]
    await ask.post("gallery.add_item", fid=fid, rid=c)

    assert await items(ask, fid) == [a, b, c]
    assert await items(ask, fid, items_per_page=2, page=2) == [c]


async def test_items_have_details(fake: FakeCincopa, ask: Asker) -> None:
    """Details come when asked for, as in the list of assets."""
    fid = await made(ask)
    [a] = await stored(fake, ask, "a.mp4")
    await ask.post("gallery.add_item", fid=fid, rid=a)

    [item] = (await ask.get("gallery.get_items", fid=fid, details="caption"))["items"]

    assert item["caption"] == "a"


async def test_one_unknown_rid_refuses_all(fake: FakeCincopa, ask: Asker) -> None:
    """Of a list with an unknown rid nothing is added."""
    fid = await made(ask)
    [a] = await stored(fake, ask, "a")

    answer = await ask.post("gallery.add_item", fid=fid, rid=f"{a},A4nobody")

    assert answer["success"] is False
    assert await items(ask, fid) == []


async def test_remove_item_keeps_the_asset_unless_told(fake: FakeCincopa, ask: Asker) -> None:
    """Removed items stay in the library; with delete_asset=yes they go for good."""
    fid = await made(ask)
    a, b = await stored(fake, ask, "a", "b")
    await ask.post("gallery.add_item", fid=fid, rid=f"{a},{b}")

    await ask.post("gallery.remove_item", fid=fid, rid=a)
    await ask.post("gallery.remove_item", fid=fid, rid=f"{b},{b}", delete_asset="yes")

    assert await items(ask, fid) == []
    assert [item["rid"] for item in (await ask.get("asset.list"))["items"]] == [a]


async def test_delete_keeps_the_assets_unless_told(fake: FakeCincopa, ask: Asker) -> None:
    """A deleted gallery leaves its assets; with delete_assets=yes they go with it, and what is attached to them."""
    a, b = await stored(fake, ask, "a", "b")
    attached = await ask.uploaded("https://media.test/a", rid=b, type="thumb")
    kept, dropped = await made(ask), await made(ask)
    await ask.post("gallery.add_item", fid=kept, rid=a)
    await ask.post("gallery.add_item", fid=dropped, rid=f"{b},{attached}")

    await ask.post("gallery.delete", fid=kept)
    await ask.post("gallery.delete", fid=dropped, delete_assets="yes")

    assert (await ask.get("gallery.list"))["galleries"] == []
    assert [item["rid"] for item in (await ask.get("asset.list"))["items"]] == [a]


async def test_create_copies_its_master(fake: FakeCincopa, ask: Asker) -> None:
    """A gallery made from a master takes its items if asked to."""
    master = await made(ask)
    [a] = await stored(fake, ask, "a")
    await ask.post("gallery.add_item", fid=master, rid=a)

    empty, full = await made(ask, master=master), await made(ask, master=master, copy_items="yes")

    assert await items(ask, empty) == []
    assert await items(ask, full) == [a]
    assert (await ask.post("gallery.create", master="A4nobody"))["success"] is False


async def test_set_master(ask: Asker) -> None:
    """A gallery's master can be named."""
    fid = await made(ask)

    assert (await ask.post("gallery.set_master", fid=fid, master="A4template"))["success"] is True
    assert (await ask.post("gallery.set_master", fid=fid))["success"] is False


@pytest.mark.parametrize("call", ["set_meta", "delete", "add_item", "remove_item", "get_items", "set_master"])
async def test_unknown_fid_is_not_processed(ask: Asker, call: str) -> None:
    """A gallery that does not exist is an error, whatever is asked of it."""
    method = "GET" if call == "get_items" else "POST"

    answer = (await ask.respond(method, f"gallery.{call}", fid="A4nobody", rid="A4nobody", master="A4nobody")).json()

    assert answer["success"] is False
    assert "fid" in answer["message"]
