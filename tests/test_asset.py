"""The calls of the group asset: what is sent, what comes back, and that each does its work."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx
import pytest
import respx

from cincopa_async import (
    APIError,
    Asset,
    AssetPage,
    CincopaClient,
    NotFoundError,
    ResponseDecodeError,
    ServerError,
    TagList,
    UploadState,
    UploadStatus,
    UploadURL,
)
from cincopa_async.testing import FakeServer
from tests.conftest import QUICK_POLLS, TOKEN
from tests.described import EXAMPLES

pytestmark = pytest.mark.anyio

SECRET = f"api_token={quote(TOKEN, safe='')}"
INPUT = "https://media.example.com/my%20cat.mp4?a=b&X-Amz-Signature=CANARY-SIGNATURE"
INPUT_SENT = "https%3A%2F%2Fmedia.example.com%2Fmy%2520cat.mp4%3Fa%3Db%26X-Amz-Signature%3DCANARY-SIGNATURE"

# The method, its arguments, and what goes over the wire: each parameter of the reference stands here.
Row: TypeAlias = tuple[str, tuple[Any, ...], dict[str, Any], str]
SENT: list[Row] = [
    ("list", (), {}, ""),
    ("list", (), {"search": "cat & dog"}, "search=cat%20%26%20dog"),
    ("list", (), {"type": "video"}, "type=video"),
    ("list", (), {"type": "hologram"}, "type=hologram"),
    ("list", (), {"rid": "A4KANh__rQ_m"}, "rid=A4KANh__rQ_m"),
    ("list", (), {"reference_id": "21/T 20"}, "reference_id=21%2FT%2020"),
    ("list", (), {"tag": "no-tag"}, "tag=no-tag"),
    ("list", (), {"details": ["caption", "exif_tags"]}, "details=caption%2Cexif_tags"),
    ("list", (), {"details": ("a new one",)}, "details=a%20new%20one"),
    ("list", (), {"page": 2}, "page=2"),
    ("list", (), {"items_per_page": 500}, "items_per_page=500"),
    (
        "list",
        (),
        {
            "search": "image",
            "type": "video",
            "rid": "A4KANh__rQ_m",
            "reference_id": "A4IA",
            "tag": "image",
            "details": ["music_tags"],
            "page": 2,
            "items_per_page": 45,
        },
        "search=image&type=video&rid=A4KANh__rQ_m&reference_id=A4IA&tag=image&details=music_tags&page=2&items_per_page=45",
    ),
    ("get_tags", (), {}, ""),
    ("set_meta", ("A4",), {"caption": "Cat"}, "rid=A4&caption=Cat"),
    ("set_meta", ("A4",), {"caption": ""}, "rid=A4&caption="),
    ("set_meta", ("A4",), {"description": "line\nline"}, "rid=A4&description=line%0Aline"),
    ("set_meta", ("A4",), {"long_description": "é 猫"}, "rid=A4&long_description=%C3%A9%20%E7%8C%AB"),
    ("set_meta", ("A4",), {"related_link_text": "more"}, "rid=A4&related_link_text=more"),
    ("set_meta", ("A4",), {"related_link_url": "https://x/?a=b"}, "rid=A4&related_link_url=https%3A%2F%2Fx%2F%3Fa%3Db"),
    ("set_meta", ("A4",), {"reference_id": "21T20"}, "rid=A4&reference_id=21T20"),
    ("set_meta", ("A4",), {"tags": ["car", "imported car"]}, "rid=A4&tags=car%2C%20imported%20car"),
    ("set_meta", ("A4",), {"tags": []}, "rid=A4&tags="),
    ("set_meta", ("A4",), {"video_thumb_sec": 15}, "rid=A4&video_thumb_sec=15"),
    ("set_meta", ("A4",), {"video_thumb_sec": 0.5}, "rid=A4&video_thumb_sec=0.5"),
    ("set_meta", ("A4",), {"thumb_attached_rid": "rid:12345ABCDE"}, "rid=A4&thumb_attached_rid=rid%3A12345ABCDE"),
    ("set_meta", ("A4",), {"my_field": "x", "published": True, "n": 5}, "rid=A4&my_field=x&published=yes&n=5"),
    ("set_meta", ("A4",), {"my field": ["a", "b"]}, "rid=A4&my%20field=a%2Cb"),
    ("set_meta", ("A4",), {"caption": "Cat", "off": None}, "rid=A4&caption=Cat"),
    ("resync", ("A4KANh__rQ_m",), {}, "rid=A4KANh__rQ_m"),
    ("delete", ("A4/?&",), {}, "rid=A4%2F%3F%26"),
    ("get_upload_url", (), {}, ""),
    ("get_upload_url", (), {"fid": "A4"}, "fid=A4"),
    ("get_upload_url", (), {"rid": "A4", "type": "subtitle-en-us"}, "rid=A4&type=subtitle-en-us"),
    ("get_upload_url", (), {"ttl": 46}, "ttl=46"),
    ("get_upload_url", (), {"sourceip": "192.168.1.100"}, "sourceip=192.168.1.100"),
    ("upload_from_url", (INPUT,), {}, f"input={INPUT_SENT}"),
    ("upload_from_url", (INPUT,), {"fid": "A4"}, f"input={INPUT_SENT}&fid=A4"),
    ("upload_from_url", (INPUT,), {"rid": "A4", "type": "thumb"}, f"input={INPUT_SENT}&rid=A4&type=thumb"),
    ("upload_from_url", (INPUT,), {"type": "video"}, f"input={INPUT_SENT}&type=video"),
    ("upload_from_url_get_status", ("4d-42",), {}, "status_id=4d-42"),
    ("upload_from_url_abort", ("4d-42",), {}, "status_id=4d-42"),
]
VERBS = {"list": "GET", "get_tags": "GET", "get_upload_url": "GET", "upload_from_url_get_status": "GET"}
ANSWERS: dict[str, Any] = {
    "list": AssetPage,
    "get_tags": TagList,
    "get_upload_url": UploadURL,
    "upload_from_url": str,
    "upload_from_url_get_status": UploadStatus,
}


def test_every_method_is_in_the_table() -> None:
    """A method that is added is tested here too, but for `iter` and `wait_ready`, which ask `list`."""
    from cincopa_async.resources.asset import AssetGroup  # noqa: PLC0415 - the group is no public name

    methods = {name for name in vars(AssetGroup) if not name.startswith("_")}

    assert methods - {"iter", "wait_ready"} == {name for name, *_ in SENT}


@pytest.mark.parametrize("row", SENT, ids=lambda row: f"{row[0]} {' '.join(row[2])}")
async def test_method_sends_its_call(row: Row, cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """The verb, the path and the query are exactly the reference's, the token comes last, and there is no body."""
    name, args, kwargs, query = row
    answer = EXAMPLES.get(f"asset.{name}", {"success": True})
    verb = VERBS.get(name, "POST")
    route = api.request(verb, f"asset.{name}.json").respond(content=json.dumps(answer).encode())

    result = await getattr(cincopa.asset, name)(*args, **kwargs)

    request = route.calls.last.request
    assert route.call_count == 1
    assert request.url.path == f"/v2/asset.{name}.json"
    assert request.url.query.decode() == f"{query}&{SECRET}".removeprefix("&")
    assert request.content == b""
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"].startswith("cincopa-async/")
    assert isinstance(result, ANSWERS.get(name, type(None)))


async def test_iter_sends_every_parameter_of_list(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """The number of the page is its own."""
    route = api.get("asset.list.json").respond(json={"success": True, "items": [], "items_data": {"pages_count": 1}})
    filters: dict[str, Any] = {
        "search": "s",
        "type": "image",
        "rid": "A4",
        "reference_id": "r",
        "tag": "any-tag",
        "details": ["tags", "caption"],
        "items_per_page": 7,
    }

    found = [asset async for asset in cincopa.asset.iter(**filters)]

    assert found == []
    assert route.calls.last.request.url.query.decode() == (
        f"search=s&type=image&rid=A4&reference_id=r&tag=any-tag&details=tags%2Ccaption&page=1&items_per_page=7&{SECRET}"
    )


async def test_documented_requests_are_sent_as_the_documentation_writes_them(
    cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """The same parameters with the same values, percent-encoded in the same way."""
    examples = Path(__file__).parent.parent / "cincopa_async" / "testing" / "examples.json"
    calls: dict[str, Callable[[], Any]] = {
        "asset.list": lambda: cincopa.asset.list(
            details=["music_tags"],
            items_per_page=45,
            page=2,
            reference_id="A4IA",
            rid="A4KANh__rQ_m",
            search="image",
            tag="image",
            type="video",
        ),
        "asset.set_meta": lambda: cincopa.asset.set_meta(
            "A4KANh__rQ_m",
            caption="photo gallery",
            description="latest car images",
            long_description="All the latest release imported car images",
            reference_id="21T20",
            related_link_text="View Product Documentation",
            related_link_url="https://docs.example.com/product-guide",
            tags=["car", "recentlaunch", "imported car"],
            thumb_attached_rid="rid:12345ABCDE",
            video_thumb_sec=15,
        ),
        "asset.resync": lambda: cincopa.asset.resync("A4KANh__rQ_m"),
        "asset.delete": lambda: cincopa.asset.delete("A4KANh__rQ_m"),
        "asset.get_upload_url": lambda: cincopa.asset.get_upload_url(
            fid="A4KANh__rQ_m", rid="AAAAtAURG", sourceip="192.168.1.100", ttl=46, type="subtitle-en-us"
        ),
        "asset.upload_from_url": lambda: cincopa.asset.upload_from_url(
            "https://example.com/image.jpg", fid="A4KANh__rQ_m", rid="AAAAtAURG", type="thumb"
        ),
        "asset.upload_from_url_get_status": lambda: cincopa.asset.upload_from_url_get_status("AAAAcAAJFOAAAAAAAAtAURG"),
        "asset.upload_from_url_abort": lambda: cincopa.asset.upload_from_url_abort("AAAAcAAJFOAAAAAAAAtAURG"),
    }
    for example in json.loads(examples.read_bytes()):
        path, _, query = example["target"].partition("?")
        name = path.removeprefix("/v2/").removesuffix(".json")
        route = api.request(example["method"], path.removeprefix("/v2/")).respond(content=example["answer"].encode())
        await calls.pop(name)()

        sent = route.calls.last.request.url.query.decode().replace(SECRET, "api_token=AAAAtAURG")
        assert sorted(sent.split("&")) == sorted(query.split("&"))

    assert calls == {}


WRONG: list[Row] = [
    ("list", (), {"page": 0}, "page"),
    ("list", (), {"page": -1}, "page"),
    ("list", (), {"items_per_page": 0}, "items_per_page"),
    ("list", (), {"search": ""}, "search"),
    ("list", (), {"rid": " "}, "rid"),
    ("list", (), {"type": ""}, "type"),
    ("list", (), {"reference_id": ""}, "reference_id"),
    ("list", (), {"tag": ""}, "tag"),
    ("list", (), {"details": ["caption,tags"]}, "details"),
    ("list", (), {"search": "\ud800"}, "search"),
    ("set_meta", ("",), {"caption": "x"}, "rid"),
    ("set_meta", ("A4",), {}, "set_meta"),
    ("set_meta", ("A4",), {"caption": None, "my_field": None}, "set_meta"),
    ("set_meta", ("A4",), {"tags": ["car, new"]}, "tags"),
    ("set_meta", ("A4",), {"tags": "car, new"}, "tags"),
    ("set_meta", ("A4",), {"video_thumb_sec": -1}, "video_thumb_sec"),
    ("set_meta", ("A4",), {"thumb_attached_rid": ""}, "thumb_attached_rid"),
    ("set_meta", ("A4",), {"api_token": "CANARY/token"}, "api_token"),
    ("set_meta", ("A4",), {"description": "\ud800"}, "description"),
    ("resync", ("",), {}, "rid"),
    ("delete", (" ",), {}, "rid"),
    ("get_upload_url", (), {"fid": ""}, "fid"),
    ("get_upload_url", (), {"rid": "A4"}, "type"),
    ("get_upload_url", (), {"rid": "", "type": "thumb"}, "rid"),
    ("get_upload_url", (), {"ttl": 0}, "ttl"),
    ("get_upload_url", (), {"sourceip": ""}, "sourceip"),
    ("upload_from_url", ("cat.mp4?sig=CANARY-SIGNATURE",), {}, "input"),
    ("upload_from_url", ("ftp://x/?sig=CANARY-SIGNATURE",), {}, "input"),
    ("upload_from_url", (f"{INPUT}\ud800",), {}, "input"),
    ("upload_from_url", (INPUT,), {"rid": "A4"}, "type"),
    ("upload_from_url", (INPUT,), {"fid": ""}, "fid"),
    ("upload_from_url_get_status", ("",), {}, "status_id"),
    ("upload_from_url_abort", ("\t",), {}, "status_id"),
]


@pytest.mark.parametrize("row", WRONG, ids=lambda row: f"{row[0]} {row[3]}")
async def test_wrong_argument_raises_before_anything_is_sent(
    row: Row, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """A ValueError that names the argument, and does not repeat a signed link."""
    name, args, kwargs, argument = row
    with pytest.raises(ValueError, match=rf"^{argument} (must|is not) ") as caught:
        await getattr(cincopa.asset, name)(*args, **kwargs)

    assert len(api.calls) == 0
    assert "CANARY" not in f"{caught.value!r} {caught.value.__context__!r}"


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("delete", (5,), {}),
        ("delete", (None,), {}),
        ("list", (), {"page": "1"}),
        ("list", (), {"page": True}),
        ("list", (), {"details": 5}),
        ("set_meta", ("A4",), {"my_field": b"x"}),
        ("set_meta", ("A4",), {"my_field": {"a": 1}}),
        ("upload_from_url", (b"https://x",), {}),
        ("upload_from_url", (Path("cat.mp4"),), {}),
    ],
)
async def test_argument_of_a_wrong_type_raises_before_anything_is_sent(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """A TypeError that says what it must be."""
    with pytest.raises(TypeError, match=r"^\w+ must "):
        await getattr(cincopa.asset, name)(*args, **kwargs)

    assert len(api.calls) == 0


@pytest.mark.parametrize("argument", ["page", "items_per_page", "ahead"])
async def test_wrong_argument_of_iter_raises_at_once(argument: str, cincopa: CincopaClient) -> None:
    """Not at its first step; `page` is none of its arguments."""
    wrong: dict[str, Any] = {argument: 0}
    with pytest.raises((ValueError, TypeError), match=argument):
        cincopa.asset.iter(**wrong)


@pytest.mark.parametrize("name", ["resync", "delete", "upload_from_url_abort"])
async def test_change_that_does_no_more_when_repeated_is_sent_again(
    name: str, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """After a fault that leaves open whether it was done."""
    route = api.post(f"asset.{name}.json").mock(
        side_effect=[httpx.Response(502), httpx.ReadError("reset"), httpx.Response(200, json={"success": True})]
    )

    await getattr(cincopa.asset, name)("A4")

    assert route.call_count == 3


@pytest.mark.parametrize("name", ["delete", "upload_from_url_abort"])
async def test_gone_on_a_resend_means_that_it_was_done(
    name: str, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """The first attempt did it, and its answer was lost."""
    gone = httpx.Response(200, json={"success": False, "message": "not found"})
    route = api.post(f"asset.{name}.json").mock(side_effect=[httpx.ReadError("reset"), gone])

    await getattr(cincopa.asset, name)("A4")

    assert route.call_count == 2


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("delete", httpx.ConnectError("refused")),
        ("delete", httpx.Response(429)),
        ("delete", httpx.Response(503, headers={"Retry-After": "0"})),
        ("resync", httpx.Response(502)),
        ("set_meta", httpx.Response(502)),
    ],
)
async def test_gone_is_an_error_where_no_earlier_attempt_can_have_done_it(
    name: str, first: Any, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Nothing was sent the first time; or the call makes nothing vanish."""
    gone = httpx.Response(200, json={"success": False, "message": "not found"})
    route = api.post(f"asset.{name}.json").mock(side_effect=[first, gone])

    with pytest.raises(NotFoundError):
        await getattr(cincopa.asset, name)("A4", **({"caption": "x"} if name == "set_meta" else {}))

    assert route.call_count == 2


async def test_start_of_an_upload_is_not_sent_again(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """It may have begun, and would begin twice."""
    route = api.post("asset.upload_from_url.json").respond(500)

    with pytest.raises(ServerError) as caught:
        await cincopa.asset.upload_from_url(INPUT)

    assert route.call_count == 1
    assert caught.value.maybe_applied


async def test_start_without_a_status_id_is_an_error(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """The upload may run, and nobody knows its id."""
    api.post("asset.upload_from_url.json").respond(json={"success": True, "runtime": 3})

    with pytest.raises(ResponseDecodeError, match="no status_id") as caught:
        await cincopa.asset.upload_from_url(INPUT)

    assert caught.value.maybe_applied
    assert caught.value.body == '{"success":true,"runtime":3}'


# From here on against a Cincopa on a socket.


async def uploaded(
    client: CincopaClient, server: FakeServer, name: str, content: bytes = b"x" * 62, **more: Any
) -> str:
    url = f"https://media.example.com/{name}"
    server.fake.add_source(url, content)
    return (await client.upload_from_url(url, **more)).rid


async def test_uploaded_asset_is_listed_and_found(server: FakeServer) -> None:
    """By everything that a list can be asked for."""
    async with server.client(poll=QUICK_POLLS) as client:
        cat = await uploaded(client, server, "cat.mp4")
        dog = await uploaded(client, server, "dog.png", b"y")
        await client.asset.set_meta(
            cat, caption="Cat & co", tags=["pet", "big cat"], reference_id="21T20", my_field="z"
        )

        async def found(**filters: Any) -> list[str | None]:
            return [asset.rid for asset in (await client.asset.list(**filters)).items]

        assert await found() == [cat, dog]
        assert await found(search="CAT & CO") == [cat]
        assert await found(type="image") == [dog]
        assert await found(type="audio") == []
        assert await found(rid=dog) == [dog]
        assert await found(rid="none") == []
        assert await found(reference_id="21T20") == [cat]
        assert await found(tag="big cat") == [cat]
        assert await found(tag="no-tag") == [dog]
        assert await found(tag="any-tag") == [cat]
        assert await found(page=2, items_per_page=1) == [dog]
        page = await client.asset.list(rid=cat, details=["caption", "tags", "reference_id", "my_field"])

    asset = page.items[0]
    assert (page.page, page.items_count, page.pages_count) == (1, 1, 1)
    assert (asset.filename, asset.type, asset.filesize) == ("cat.mp4", "video", 62)
    assert (asset.caption, asset.tags, asset.reference_id) == ("Cat & co", ("pet", "big cat"), "21T20")
    assert asset.extra == {"my_field": "z"}
    assert asset.uploaded is not None


async def test_all_assets_are_iterated_over(server: FakeServer) -> None:
    """Page by page, the next ones fetched ahead."""
    async with server.client(poll=QUICK_POLLS) as client:
        rids = [await uploaded(client, server, f"{number}.png", b"x") for number in range(7)]
        pages = client.asset.iter(items_per_page=2)
        found = [asset.rid async for asset in pages]

    assert found == rids
    assert pages.items_count == 7
    assert server.fake.counts.requests["asset.list"] == 4


@pytest.mark.parametrize("as_map", [False, True])
async def test_tags_of_the_account_are_listed(as_map: bool, server: FakeServer) -> None:
    """Whichever shape the service has for them."""
    if as_map:
        server.fake.quirk("tag_counts")
    async with server.client(poll=QUICK_POLLS) as client:
        for name, tags in (("a.png", ["pet", "cat"]), ("b.png", ["pet"])):
            await client.asset.set_meta(await uploaded(client, server, name), tags=tags)
        listed = await client.asset.get_tags()

    assert listed.tags == ({"pet": 2, "cat": 1} if as_map else {"pet": None, "cat": None})


async def test_tags_are_replaced_and_taken_away(server: FakeServer) -> None:
    """An empty list takes the last one away, None leaves them."""
    async with server.client(poll=QUICK_POLLS) as client:
        rid = await uploaded(client, server, "a.png")
        changes: list[dict[str, Any]] = [{"tags": ["a", "b"]}, {"caption": "x"}, {"tags": ["c"]}, {"tags": []}]
        tags = []
        for change in changes:
            await client.asset.set_meta(rid, **change)
            tags.append((await client.asset.list(details=["tags"])).items[0].tags)

    assert tags == [("a", "b"), ("a", "b"), ("c",), ()]


async def test_asset_is_resynced_and_deleted(server: FakeServer) -> None:
    """A second time there is nothing to delete."""
    async with server.client(poll=QUICK_POLLS) as client:
        rid = await uploaded(client, server, "a.png")
        await client.asset.resync(rid)
        await client.asset.delete(rid)
        with pytest.raises(NotFoundError, match=r"asset\.delete"):
            await client.asset.delete(rid)
        with pytest.raises(NotFoundError, match=r"asset\.resync"):
            await client.asset.resync(rid)

        assert await client.asset.list() == AssetPage(page=1, items_per_page=50, items_count=0, pages_count=1)


async def test_poster_is_set_in_two_steps(server: FakeServer) -> None:
    """The image is attached to the video first, then made its poster."""
    async with server.client(poll=QUICK_POLLS) as client, httpx.AsyncClient() as browser:
        video = await uploaded(client, server, "cat.mp4")
        image = await uploaded(client, server, "cat.png", b"poster", rid=video, type="thumb")
        before = await browser.get(server.media_url(video, "thumb"))
        await client.asset.set_meta(video, thumb_attached_rid=f"rid:{image}")
        after = await browser.get(server.media_url(video, "thumb"))

    assert before.status_code == 404
    assert after.content == b"poster"


async def test_upload_url_is_given(server: FakeServer) -> None:
    """With where the file is to go in its query."""
    async with server.client(poll=QUICK_POLLS) as client:
        rid = await uploaded(client, server, "cat.mp4")
        url = await client.asset.get_upload_url(rid=rid, type="subtitle-en", ttl=60, sourceip="127.0.0.1")
        with pytest.raises(NotFoundError):
            await client.asset.get_upload_url(fid="unknown")

    assert f"addtorid={rid}:subtitle-en" in url.upload_url
    assert url.upload_url not in repr(url)


async def test_upload_goes_into_a_gallery(server: FakeServer) -> None:
    """That is what `fid` is for."""
    async with server.client(poll=QUICK_POLLS) as client:
        fid = (await client.call("gallery.create", method="POST", name="Cats"))["fid"]
        rid = await uploaded(client, server, "cat.mp4", fid=fid)
        items = (await client.call("gallery.get_items", fid=fid))["items"]

    assert [item["rid"] for item in items] == [rid]


async def test_upload_is_started_asked_about_and_aborted_call_by_call(server: FakeServer) -> None:
    """The bare calls, for who wants to poll alone."""
    server.fake.add_source("https://media.example.com/cat.mp4", b"x" * 62)
    async with server.client(poll=QUICK_POLLS) as client:
        with server.fake.held(after_bytes=10):
            status_id = await client.asset.upload_from_url("https://media.example.com/cat.mp4")
            status = await client.asset.upload_from_url_get_status(status_id)
            await client.asset.upload_from_url_abort(status_id)
        ended = await client.asset.upload_from_url_get_status(status_id)
        await client.asset.upload_from_url_abort(status_id)
        with pytest.raises(NotFoundError, match="status_id"):
            await client.asset.upload_from_url_get_status("unknown")
        with pytest.raises(NotFoundError, match="status_id"):
            await client.asset.upload_from_url_abort("unknown")

    assert status.state is UploadState.IN_PROGRESS
    assert ended.state is UploadState.ABORTED
    assert (server.fake.counts.uploads_started, server.fake.counts.uploads_aborted) == (1, 1)


@pytest.mark.parametrize("quirk", ["numbers_as_strings", "size_words", "unknown_sizes"])
async def test_sizes_are_read_in_the_service_s_every_spelling(quirk: Any, server: FakeServer) -> None:
    """As strings, as words, or as unknown."""
    server.fake.quirk(quirk)
    async with server.client(poll=QUICK_POLLS) as client:
        rid = await uploaded(client, server, "cat.mp4")
        page = await client.asset.list()

    assert isinstance(page.items[0], Asset)
    assert page.items[0].rid == rid
    assert page.items[0].filesize == (None if quirk == "unknown_sizes" else 62)
    assert page.items_count == 1


@pytest.mark.parametrize("key", ["message", "error", "more"])
@pytest.mark.parametrize("status", [200, 404])
async def test_refusal_is_told_wherever_its_text_stands(key: str, status: int, server: FakeServer) -> None:
    """Three fields and two statuses are known."""
    server.fake.quirk("failure_key", key=key)
    server.fake.quirk("failure_status", status=status)
    async with server.client(poll=QUICK_POLLS) as client:
        with pytest.raises(NotFoundError) as caught:
            await client.asset.delete("unknown")

    assert isinstance(caught.value, APIError)
    assert caught.value.status_code == status
    assert not caught.value.maybe_applied
