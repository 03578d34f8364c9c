"""The fake's assets: listing, searching, metadata, posters, deletion."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cincopa_async.testing import FakeCincopa, FakeServer
from tests.testing.helpers import Asker

pytestmark = pytest.mark.anyio

FILES = ("cat.mp4", "dog.png", "bird.wav", "notes.txt", "noname")


@pytest.fixture
async def rids(fake: FakeCincopa, ask: Asker) -> dict[str, str]:
    """An account with one asset of each type, by file name."""
    found = {}
    for name in FILES:
        fake.add_source(f"https://media.test/{name}", name.encode())
        found[name] = await ask.uploaded(f"https://media.test/{name}")
    return found


async def listed(ask: Asker, **params: object) -> list[str]:
    return [item["filename"] for item in (await ask.get("asset.list", **params))["items"]]


async def test_list_tells_what_is_stored(ask: Asker, rids: dict[str, str]) -> None:
    """An asset carries the reference's fields, and dates of the documentation's shape."""
    answer = await ask.get("asset.list")

    assert answer["success"] is True
    assert isinstance(answer["runtime"], int)
    assert answer["items_data"] == {"page": 1, "items_per_page": 50, "items_count": 5, "pages_count": 1}
    first = answer["items"][0]
    fields = "id rid type filename filesize uploaded_by uploaded modified syncstatus storage"
    assert set(first) == set(fields.split())
    assert (first["rid"], first["filesize"]) == (rids["cat.mp4"], 7)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}-06:00", first["uploaded"])


async def test_details_are_there_only_when_asked_for(ask: Asker, rids: dict[str, str]) -> None:
    """Fields named in `details` come with the asset, empty where nothing was set."""
    await ask.post("asset.set_meta", rid=rids["cat.mp4"], description="a cat", my_field="mine")

    [item] = (await ask.get("asset.list", rid=rids["cat.mp4"], details="description,exif_tags,my_field"))["items"]

    assert (item["description"], item["exif_tags"], item["my_field"]) == ("a cat", "", "mine")
    assert "caption" not in item


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"type": "video"}, ["cat.mp4"]),
        ({"type": "other"}, ["notes.txt", "noname"]),
        ({"search": "IR"}, ["bird.wav"]),
        ({"search": "nothing"}, []),
        ({"reference_id": "R1"}, ["dog.png"]),
        ({"reference_id": "R"}, []),
        ({"tag": "pet"}, ["cat.mp4", "dog.png"]),
        ({"tag": "pe"}, []),
        ({"tag": "any-tag"}, ["cat.mp4", "dog.png"]),
        ({"tag": "no-tag"}, ["bird.wav", "notes.txt", "noname"]),
        ({"tag": "pet", "type": "image"}, ["dog.png"]),
        ({"rid": "A4nobody"}, []),
        ({"items_per_page": 2}, ["cat.mp4", "dog.png"]),
        ({"items_per_page": 2, "page": 3}, ["noname"]),
        ({"items_per_page": 2, "page": 4}, []),
        ({"items_per_page": 500, "cache": "never"}, list(FILES)),
    ],
)
async def test_list_finds(ask: Asker, rids: dict[str, str], params: dict[str, Any], names: list[str]) -> None:
    """Each filter narrows the list down, and pages cut it."""
    await ask.post("asset.set_meta", rid=rids["cat.mp4"], tags="pet,  big cat")
    await ask.post("asset.set_meta", rid=rids["dog.png"], tags="pet", reference_id="R1")

    assert await listed(ask, **params) == names


async def test_rid_is_matched_whole(ask: Asker, rids: dict[str, str]) -> None:
    """A part of a rid finds nothing."""
    rid = rids["cat.mp4"]

    assert await listed(ask, rid=rid) == ["cat.mp4"]
    assert await listed(ask, rid=rid[:-1]) == []
    assert await listed(ask, rid=rid, type="image") == []


async def test_pages_are_counted(ask: Asker, rids: dict[str, str]) -> None:
    """The last page may be part full."""
    answer = await ask.get("asset.list", items_per_page=2, page=2)

    assert answer["items_data"] == {"page": 2, "items_per_page": 2, "items_count": 5, "pages_count": 3}


@pytest.mark.parametrize("params", [{"page": 0}, {"items_per_page": 0}, {"items_per_page": -1}, {"page": "one"}])
async def test_page_out_of_range_is_refused(ask: Asker, params: dict[str, Any]) -> None:
    """Pages and their length count from 1."""
    answer = await ask.get("asset.list", **params)

    assert answer["success"] is False


async def test_tags_replace_the_ones_before(ask: Asker, rids: dict[str, str]) -> None:
    """Tags are written as a list with comma and space, and listed once for the account."""
    for tags in ("old", "car,recentlaunch"):
        await ask.post("asset.set_meta", rid=rids["cat.mp4"], tags=tags)

    [item] = (await ask.get("asset.list", rid=rids["cat.mp4"], details="tags"))["items"]

    assert item["tags"] == "car, recentlaunch"
    assert (await ask.get("asset.get_tags"))["tags"] == ["car", "recentlaunch"]


async def test_poster_takes_both_steps(server: FakeServer, fake: FakeCincopa, ask: Asker, rids: dict[str, str]) -> None:
    """An image that is only attached is no poster yet: it shows once thumb_attached_rid names it."""
    fake.add_source("https://media.test/poster.jpg", b"poster")
    video = rids["cat.mp4"]
    image = await ask.uploaded("https://media.test/poster.jpg", rid=video, type="thumb")
    before = await ask.http.get(server.media_url(video, "thumb"))

    answer = await ask.post("asset.set_meta", rid=video, thumb_attached_rid=f"rid:{image}")

    after = await ask.http.get(server.media_url(video, "thumb"))
    assert answer["success"] is True
    assert before.status_code == 404
    assert (after.content, after.headers["content-type"]) == (b"poster", "image/jpeg")


async def test_poster_must_be_attached(ask: Asker, rids: dict[str, str]) -> None:
    """An image of no relation to the video, or a rid without its prefix, is no poster."""
    for poster in (f"rid:{rids['dog.png']}", rids["dog.png"], "rid:A4nobody"):
        answer = await ask.post("asset.set_meta", rid=rids["cat.mp4"], thumb_attached_rid=poster)

        assert answer["success"] is False


async def test_resync_of_an_asset(ask: Asker, rids: dict[str, str]) -> None:
    """Resync succeeds for what is there."""
    assert (await ask.post("asset.resync", rid=rids["cat.mp4"]))["success"] is True


@pytest.mark.parametrize("call", ["asset.set_meta", "asset.resync", "asset.delete"])
async def test_unknown_rid_is_not_processed(ask: Asker, call: str) -> None:
    """A rid that is unknown or missing is an error."""
    for params in ({"rid": "A4nobody"}, {}):
        answer = await ask.post(call, **params)

        assert answer["success"] is False
        assert "rid" in answer["message"]


async def test_delete_is_for_good(server: FakeServer, fake: FakeCincopa, ask: Asker, rids: dict[str, str]) -> None:
    """A deleted asset is gone from the list, from every gallery and from where its bytes were; its attachments too."""
    fake.add_source("https://media.test/en.srt", b"miaow")
    video = rids["cat.mp4"]
    attached = await ask.uploaded("https://media.test/en.srt", rid=video, type="subtitle-en")
    fid = (await ask.post("gallery.create"))["fid"]
    await ask.post("gallery.add_item", fid=fid, rid=f"{video},{rids['dog.png']}")

    answer = await ask.post("asset.delete", rid=video)

    assert answer["success"] is True
    assert "cat.mp4" not in await listed(ask)
    assert await listed(ask, rid=attached) == []
    assert [item["filename"] for item in (await ask.get("gallery.get_items", fid=fid))["items"]] == ["dog.png"]
    assert (await ask.http.get(server.media_url(video))).status_code == 404


async def test_upload_url_has_the_documented_shape(server: FakeServer, ask: Asker, rids: dict[str, str]) -> None:
    """The URL for a direct upload carries a capability and where the file goes."""
    fid, rid = (await ask.post("gallery.create"))["fid"], rids["cat.mp4"]

    plain = (await ask.get("asset.get_upload_url"))["upload_url"]
    full = (await ask.get("asset.get_upload_url", fid=fid, rid=rid, type="thumb", ttl=60))["upload_url"]

    base = re.escape(server.base_url.removesuffix("v2/"))
    assert re.fullmatch(rf"{base}post\.jpg\?uid=\d+&d=\w+&hash=[\w%]+", plain)
    assert re.fullmatch(rf"{base}post\.jpg\?uid=\d+&d=\w+&hash=[\w%]+&addtofid={fid}&addtorid={rid}:thumb", full)


async def test_upload_url_for_nothing_is_refused(ask: Asker, rids: dict[str, str]) -> None:
    """Unknown targets, a rid without a type, and a ttl below 1 get no URL."""
    for params in ({"fid": "A4no"}, {"rid": "A4no", "type": "thumb"}, {"rid": rids["cat.mp4"]}, {"ttl": 0}):
        assert (await ask.get("asset.get_upload_url", **params))["success"] is False


async def test_asset_is_put_into_the_account(fake: FakeCincopa, ask: Asker, server: FakeServer) -> None:
    """Without an upload: listed, served, in its gallery, ready, and told to nobody."""
    fid = (await ask.post("gallery.create"))["fid"]
    await ask.post("webhook.set", hook_url="https://hooks.test/")
    rid = fake.add_asset(b"cat", name="cat.mp4", fid=fid)
    other = fake.add_asset(b"x", name="readme", content_type="image/png")

    items = (await ask.get("asset.list"))["items"]

    assert [(item["rid"], item["type"], item["syncstatus"]) for item in items] == [
        (rid, "video", "synced"),
        (other, "image", "synced"),
    ]
    assert [item["rid"] for item in (await ask.get("gallery.get_items", fid=fid))["items"]] == [rid]
    assert (await ask.http.get(server.media_url(rid))).content == b"cat"
    assert fake.stored(other) == b"x"
    assert not fake.deliveries
    with pytest.raises(KeyError):
        fake.add_asset(b"x", name="x.png", fid="unknown")
