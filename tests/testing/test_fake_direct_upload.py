"""Direct uploads: which bodies the fake takes, what it makes of them, and which it rejects."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest
import trio
import trio.testing

from cincopa_async.testing import FakeCincopa, FakeServer, MisbehavingServer
from cincopa_async.testing._files import MAX_CHUNK_BYTES
from tests.testing.helpers import Asker, exchanged, until

pytestmark = pytest.mark.anyio

CAT = random.Random(0).randbytes(1_000_000)
DONE = re.compile(r"new resource id (\d+) (\w+)")
NAME = "gr%C3%BC%C3%9Fe%20%22cat%22.mp4"


@pytest.fixture
async def url(ask: Asker) -> str:
    """Where a file may be posted, into no gallery."""
    return await issued(ask)


async def issued(ask: Asker, **params: object) -> str:
    return str((await ask.get("asset.get_upload_url", **params))["upload_url"])


async def post(ask: Asker, url: str, content: Any, **headers: str) -> httpx.Response:
    """Post a body; underscores in the headers' names are dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask.http.post(url, content=content, headers=named)


async def post_chunk(
    ask: Asker, url: str, start: int, end: int, *, of: bytes = CAT, unique_id: str = "u1", name: str = NAME
) -> str:
    """Post a chunk as the vendor's own uploader does; returns the reply."""
    content_range = f"bytes {start}-{end}/{len(of)}"
    reply = await post(ask, url, of[start:end], x_file_name=name, content_range=content_range, unique_id=unique_id)
    assert reply.status_code == 200
    return reply.text


def raw_post(url: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    """Write a request by hand: the URL's path and query byte for byte, the length as it is told to be."""
    target = url.removeprefix("http://").partition("/")[2]
    lines = [f"POST /{target} HTTP/1.1", "host: x", f"content-length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, "connection: close", *headers, "", ""]).encode() + body


def rid_of(reply: str) -> str:
    match = DONE.fullmatch(reply)
    assert match, reply
    return match[2]


def seen(fake: FakeCincopa) -> tuple[int, int, int, int]:
    """Return the files started, unfinished and stored, and the chunks."""
    counts = fake.counts
    return counts.files_started, counts.files_unfinished, counts.files_stored, counts.chunks


async def test_whole_file_in_one_body(server: FakeServer, fake: FakeCincopa, ask: Asker, url: str) -> None:
    """The raw bytes, posted without any range, become an asset: the documented way."""
    reply = await post(ask, url, CAT, x_file_name=NAME)

    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    rid = rid_of(reply.text)
    assert fake.stored(rid) == CAT
    assert (await ask.http.get(server.media_url(rid))).content == CAT
    [item] = (await ask.get("asset.list", details="caption"))["items"]
    assert (item["filename"], item["type"], item["filesize"]) == ('grüße "cat".mp4', "video", len(CAT))
    assert reply.text == f"new resource id {item['id']} {item['rid']}"
    assert seen(fake) == (1, 0, 1, 1)
    assert fake.counts.requests["post.jpg"] == 1
    assert "files_started=1 stored=1 chunks=1" in repr(fake.counts)


async def test_file_without_a_name(ask: Asker, url: str) -> None:
    """A body that does not say what it is called is called something."""
    await post(ask, url, b"x")

    [item] = (await ask.get("asset.list"))["items"]
    assert (item["filename"], item["type"]) == ("upload", "other")


async def test_file_in_chunks(fake: FakeCincopa, ask: Asker, url: str) -> None:
    """Chunks are put together in their order; the last one answers what they became."""
    first = await post_chunk(ask, url, 0, 400_000)
    assert seen(fake) == (1, 1, 0, 1)
    second = await post_chunk(ask, url, 400_000, 999_999)
    last = await post_chunk(ask, url, 999_999, 1_000_000)

    assert (first, second) == ("ok", "ok")
    assert fake.stored(rid_of(last)) == CAT
    assert seen(fake) == (1, 0, 1, 3)


async def test_files_side_by_side(fake: FakeCincopa, ask: Asker, url: str) -> None:
    """One URL takes many files; unique-id tells their chunks apart, and another URL those of the same unique-id."""
    dog, other = CAT[::-1], await issued(ask)
    files = [(url, "u1", CAT), (url, "u2", dog), (other, "u1", dog)]
    for where, unique_id, content in files:
        await post_chunk(ask, where, 0, 10, of=content, unique_id=unique_id)

    replies = [await post_chunk(ask, url, 10, 1_000_000, of=of, unique_id=unique_id) for url, unique_id, of in files]

    assert [fake.stored(rid_of(reply)) for reply in replies] == [CAT, dog, dog]


async def test_file_goes_into_its_gallery(ask: Asker) -> None:
    """A URL that was asked for a gallery puts the file there."""
    fid = (await ask.post("gallery.create"))["fid"]

    reply = await post(ask, await issued(ask, fid=fid), CAT, x_file_name="cat.mp4")

    items = (await ask.get("gallery.get_items", fid=fid))["items"]
    assert [item["rid"] for item in items] == [rid_of(reply.text)]


async def test_poster_by_direct_upload(server: FakeServer, ask: Asker, url: str) -> None:
    """A URL that was asked for an asset attaches the file to it; it shows as the poster once it is set."""
    video = rid_of((await post(ask, url, CAT, x_file_name="cat.mp4")).text)
    to_video = await issued(ask, rid=video, type="thumb")
    image = rid_of((await post(ask, to_video, b"poster", x_file_name="p.jpg")).text)
    before = await ask.http.get(server.media_url(video, "thumb"))

    await ask.post("asset.set_meta", rid=video, thumb_attached_rid=f"rid:{image}")

    after = await ask.http.get(server.media_url(video, "thumb"))
    assert before.status_code == 404
    assert (after.content, after.headers["content-type"]) == (b"poster", "image/jpeg")


async def test_subtitle_by_direct_upload(server: FakeServer, ask: Asker, url: str) -> None:
    """What is attached as another type is there at once."""
    video = rid_of((await post(ask, url, CAT, x_file_name="cat.mp4")).text)

    await post(ask, await issued(ask, rid=video, type="subtitle-en"), b"miaow", x_file_name="en.srt")

    assert (await ask.http.get(server.media_url(video, "subtitle-en"))).content == b"miaow"
    assert [item["rid"] for item in (await ask.get("asset.list"))["items"]] == [video]


async def test_chunk_that_comes_again_replaces_itself(fake: FakeCincopa, ask: Asker, url: str) -> None:
    """A chunk may be sent again while the file is unfinished: the later bytes stand."""
    await post_chunk(ask, url, 0, 10, of=bytes(1_000_000))
    await post_chunk(ask, url, 10, 20)

    again = await post_chunk(ask, url, 0, 10)

    assert again == "ok"
    assert fake.stored(rid_of(await post_chunk(ask, url, 20, 1_000_000))) == CAT
    assert seen(fake) == (1, 0, 1, 4)


@pytest.mark.parametrize("cut", [0, 600_000])
async def test_last_chunk_that_comes_again_makes_another_asset(
    fake: FakeCincopa, ask: Asker, url: str, cut: int
) -> None:
    """The service has forgotten the file by then: this is what a client must not do."""
    if cut:
        await post_chunk(ask, url, 0, cut)
    once = rid_of(await post_chunk(ask, url, cut, 1_000_000))

    twice = rid_of(await post_chunk(ask, url, cut, 1_000_000))

    assert once != twice
    assert fake.stored(once) == fake.stored(twice) == CAT
    assert (fake.counts.files_started, fake.counts.files_stored) == (2, 2)


async def test_last_chunk_of_an_asset_that_is_gone(fake: FakeCincopa, ask: Asker, url: str) -> None:
    """Nothing is left that it could belong to."""
    await post_chunk(ask, url, 0, 10)
    await ask.post("asset.delete", rid=rid_of(await post_chunk(ask, url, 10, 1_000_000)))

    assert "error" in await post_chunk(ask, url, 10, 1_000_000)


async def test_unique_id_used_anew(fake: FakeCincopa, ask: Asker, url: str) -> None:
    """After a file's end its unique-id may begin another; chunks from its middle belong to none."""
    for start, end in ((0, 10), (10, 20), (20, 1_000_000)):
        await post_chunk(ask, url, start, end)

    middle = await post_chunk(ask, url, 10, 20)
    await post_chunk(ask, url, 0, 1, of=b"ab")

    assert "error" in middle
    assert fake.stored(rid_of(await post_chunk(ask, url, 1, 2, of=b"ab"))) == b"ab"


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 9), (0, 11), (5, 15), (9, 20), (11, 20), (20, 30)],
    ids=["shorter", "longer", "overlap", "one-back", "one-on", "gap"],
)
async def test_chunk_that_does_not_fit(fake: FakeCincopa, ask: Asker, url: str, start: int, end: int) -> None:
    """What neither continues the file nor comes again exactly is rejected, and harms nothing."""
    await post_chunk(ask, url, 0, 10)

    reply = await post_chunk(ask, url, start, end)

    assert reply == "error: the chunk neither continues the file nor comes again"
    assert seen(fake) == (1, 1, 0, 1)
    assert fake.stored(rid_of(await post_chunk(ask, url, 10, 1_000_000))) == CAT


async def test_size_must_stay_the_same(ask: Asker, url: str) -> None:
    """A file that was of another size before is another file."""
    await post_chunk(ask, url, 0, 10)

    assert await post_chunk(ask, url, 10, 20, of=CAT[:-1]) == "error: the file had another size before"


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ({}, b"", "empty"),
        ({"content_range": "bytes 0-0/0"}, b"", "empty"),
        ({"content_range": "bytes 2-1/3"}, b"", "empty"),
        ({"content_range": "bytes 0-4/3"}, b"xxxx", "beyond the file"),
        ({"content_range": "bytes 0-1/3"}, b"xx", "longer than 1 bytes"),
        ({"content_range": "bytes 0-2/3"}, b"x", "shorter than its range"),
        ({"content_range": "bytes 0-2/*"}, b"xxx", "bytes START-END/SIZE"),
        ({"content_range": "bytes=0-2/3"}, b"xxx", "bytes START-END/SIZE"),
        ({"content_range": "bytes 0-1/3", "unique_id": ""}, b"x", "unique-id"),
        ({"content_range": f"bytes 0-{MAX_CHUNK_BYTES + 1}/{MAX_CHUNK_BYTES + 1}"}, b"", "chunk is larger"),
        ({"content_range": f"bytes 0-1/{1024**3 + 1}"}, b"x", "file is larger than 1073741824 bytes"),
        ({"x_file_name": "%FF"}, b"x", "url-encoded UTF-8"),
    ],
)
async def test_body_that_is_rejected(
    fake: FakeCincopa, ask: Asker, url: str, *, headers: dict[str, str], body: bytes, reason: str
) -> None:
    """A range that is none, a body of another length, a file or chunk too large: text with the word error."""
    reply = await post(ask, url, body, **{"unique_id": "u1", **headers})

    assert reply.status_code == 200
    assert reply.text.startswith("error: ")
    assert reason in reply.text
    assert seen(fake) == (0, 0, 0, 0)


async def test_whole_file_that_is_too_large() -> None:
    """The fake's bound on inputs holds for files too, whose length nobody tells."""

    async def pieces() -> Any:
        for _ in range(3):
            yield b"xxxx"

    async with (
        FakeCincopa(max_input_bytes=10).serve() as server,
        httpx.AsyncClient(base_url=server.base_url) as http,
    ):
        ask = Asker(http, server.api_token)
        reply = await post(ask, await issued(ask), pieces())

    assert reply.text == "error: the body is longer than 10 bytes"


async def test_url_must_be_sent_byte_for_byte(server: FakeServer, fake: FakeCincopa, ask: Asker) -> None:
    """Whatever a client makes of the URL that means the same to it is rejected."""
    video = rid_of((await post(ask, await issued(ask), CAT)).text)
    url = await issued(ask, rid=video, type="subtitle-en us")
    base, _, query = url.partition("?")
    parameters = query.split("&")
    spoilt = [
        url.replace(f"{video}:", f"{video}%3A"),
        url.replace("%2f", "%2F"),
        url.replace("%2f", "/"),
        url.replace("%7e", "~"),
        url.replace("%20", "+"),
        f"{base}?{'&'.join(reversed(parameters))}",
        f"{base}?{'&'.join(parameters[:-1])}",
        f"{url}&x=1",
        f"{url}&",
        base,
        url.replace("post.jpg", "post%2Ejpg"),
    ]

    assert len({*spoilt, url}) == 12
    for other in spoilt:
        answer = await exchanged(server.base_url, raw_post(other, b"x"))
        assert answer.endswith(b"error: this is no upload URL as it was issued"), other
    assert fake.counts.files_started == 1
    rid_of((await post(ask, url, b"x")).text)


def test_url_is_good_for_its_ttl() -> None:
    """Any attempt after its ttl is rejected, in the middle of a file too; a URL without a ttl has no end."""

    async def main() -> None:
        async with FakeCincopa() as fake:
            transport = httpx.ASGITransport(app=fake)
            async with httpx.AsyncClient(transport=transport, base_url="http://x.test/v2/", timeout=None) as http:
                ask = Asker(http, fake.api_token)
                short, endless = await issued(ask, ttl=60), await issued(ask)
                await trio.sleep(59)
                assert await post_chunk(ask, short, 0, 10) == "ok"
                await trio.sleep(1)
                assert await post_chunk(ask, short, 10, 20) == "error: the upload URL has expired"
                await trio.sleep(10**6)
                assert await post_chunk(ask, endless, 0, 10) == "ok"

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize(("sourceip", "reply"), [("127.0.0.1", "ok"), ("192.0.2.1", "error: the upload URL is for")])
async def test_url_for_one_address(ask: Asker, sourceip: str, reply: str) -> None:
    """A URL that names its user's address is for no other."""
    url = await issued(ask, sourceip=sourceip)

    assert (await post_chunk(ask, url, 0, 10)).startswith(reply)


@pytest.mark.parametrize("kind", ["gallery", "asset"])
async def test_target_that_is_gone(fake: FakeCincopa, ask: Asker, url: str, kind: str) -> None:
    """What the file was to go to is deleted meanwhile: it is rejected, though it had begun."""
    if kind == "gallery":
        target = {"fid": (await ask.post("gallery.create"))["fid"]}
        url = await issued(ask, **target)
    else:
        target = {"rid": rid_of((await post(ask, url, CAT)).text)}
        url = await issued(ask, **target, type="thumb")
    assert await post_chunk(ask, url, 0, 10) == "ok"
    await ask.post(f"{kind}.delete", **target)

    reply = await post_chunk(ask, url, 10, 1_000_000)

    assert re.fullmatch(rf"error: the {kind} .*does not exist any more", reply)


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_files_are_posted(ask: Asker, url: str, method: str) -> None:
    """Another method is refused."""
    reply = await ask.http.request(method, url)

    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert "error" in reply.text


async def test_chunk_cut_off_leaves_nothing(server: FakeServer, fake: FakeCincopa, ask: Asker, url: str) -> None:
    """A connection that ends in the middle of a chunk, new or sent again, changes nothing of the file."""
    await post_chunk(ask, url, 0, 10)
    for start, end in ((0, 10), (10, 1_000_000)):
        content_range = f"content-range: bytes {start}-{end}/1000000"
        requests = fake.counts.requests["post.jpg"]
        async with await anyio.connect_tcp("127.0.0.1", httpx.URL(url).port or 0) as stream:
            await stream.send(raw_post(url, b"xxxxx", content_range, "unique-id: u1", length=end - start))
            await until(lambda requests=requests: fake.counts.requests["post.jpg"] > requests)  # type: ignore[misc]
    await until(lambda: server.open_connections == 1)

    assert seen(fake) == (1, 1, 0, 1)
    assert fake.stored(rid_of(await post_chunk(ask, url, 10, 1_000_000))) == CAT


class Slow:
    """A body that waits in its middle."""

    def __init__(self, first: bytes, second: bytes) -> None:
        self._pieces = (first, second)
        self._go_on = anyio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._pieces[0]
        await self._go_on.wait()
        yield self._pieces[1]

    def go_on(self) -> None:
        self._go_on.set()


async def test_chunks_in_a_race(fake: FakeCincopa, ask: Asker, url: str) -> None:
    """Of two different chunks that both would continue the file, the one that is here whole first does."""
    await post_chunk(ask, url, 0, 10)
    body = Slow(CAT[10:15], CAT[15:20])

    async def be_late() -> None:
        reply = await post(ask, url, body, content_range="bytes 10-20/1000000", unique_id="u1")
        assert reply.text == "error: the chunk neither continues the file nor comes again"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(be_late)
        await until(lambda: fake.counts.requests["post.jpg"] == 2)
        assert await post_chunk(ask, url, 10, 30) == "ok"
        body.go_on()

    assert fake.stored(rid_of(await post_chunk(ask, url, 30, 1_000_000))) == CAT


async def test_target_that_goes_while_the_body_comes(fake: FakeCincopa, ask: Asker) -> None:
    """A gallery deleted under an upload takes it no more."""
    fid = (await ask.post("gallery.create"))["fid"]
    url, body = await issued(ask, fid=fid), Slow(b"c", b"at")

    async def upload() -> None:
        assert (await post(ask, url, body)).text == "error: the gallery does not exist any more"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(upload)
        await until(lambda: fake.counts.requests["post.jpg"] == 1)
        await ask.post("gallery.delete", fid=fid)
        body.go_on()

    assert seen(fake) == (0, 0, 0, 0)


async def test_rejected_before_its_body(server: FakeServer, ask: Asker, url: str) -> None:
    """A long body that is not wanted is let go by, and the connection is good for the next request."""
    reply = await post(ask, f"{url}&x=1", CAT * 20)

    assert "error" in reply.text
    rid_of((await post(ask, url, CAT)).text)
    assert server.open_connections == 1


@pytest.mark.parametrize(
    ("quirk", "options", "status", "acted"),
    [
        ("server_error", {}, 500, False),
        ("server_error_after", {"status": 503}, 503, True),
        ("html_502", {}, 502, False),
        ("retry_after", {}, 429, False),
        ("success_false", {}, 200, False),
        ("empty_body", {}, 200, True),
        ("truncated_json", {}, 200, True),
        ("upload_rejected", {}, 403, False),
        ("upload_rejected", {"status": 410}, 410, False),
    ],
)
async def test_quirks_concern_chunks(
    fake: FakeCincopa, ask: Asker, url: str, *, quirk: Any, options: dict[str, Any], status: int, acted: bool
) -> None:
    """Quirks know direct uploads by the call post.jpg."""
    await post_chunk(ask, url, 0, 10)
    fake.quirk(quirk, call="post.jpg", nth=1, **options)

    reply = await post(ask, url, CAT[10:20], content_range="bytes 10-20/1000000", unique_id="u1")

    assert reply.status_code == status
    assert fake.counts.chunks == 1 + acted
    if quirk in {"server_error", "server_error_after", "retry_after", "success_false", "upload_rejected"}:
        assert reply.text.startswith("error: ")
    assert not DONE.match(reply.text)


@pytest.mark.parametrize(("quirk", "stored"), [("reset", 0), ("reset_after", 1)])
async def test_resets_concern_files(
    server: FakeServer, fake: FakeCincopa, url: str, *, quirk: Any, stored: int
) -> None:
    """The connection breaks off, and whether the file is stored is for the client to guess."""
    fake.quirk(quirk, call="post.jpg")

    with pytest.raises(anyio.BrokenResourceError):
        await exchanged(server.base_url, raw_post(url, b"cat"))

    assert fake.counts.files_stored == stored


async def test_rejections_may_have_a_status(fake: FakeCincopa, ask: Asker, url: str) -> None:
    """failure_status says which, as for calls."""
    fake.quirk("failure_status", call="post.jpg", status=410)

    reply = await post(ask, f"{url}&x=1", CAT)

    assert (reply.status_code, reply.text) == (410, "error: this is no upload URL as it was issued")


async def test_behind_a_server_that_misbehaves(fake: FakeCincopa, server: FakeServer) -> None:
    """The upload URL leads through it, and its faults meet the chunks."""
    async with MisbehavingServer(server.base_url) as bad, httpx.AsyncClient(base_url=bad.base_url, timeout=30) as http:
        ask = Asker(http, server.api_token)
        url = await issued(ask)
        bad.fault("reset_after", call="post.jpg", nth=2)
        await post_chunk(ask, url, 0, 10)

        with pytest.raises(httpx.ReadError):
            await post_chunk(ask, url, 10, 20)

        assert url.startswith(bad.base_url.removesuffix("v2/"))
        assert fake.counts.chunks == 2
        assert fake.stored(rid_of(await post_chunk(ask, url, 20, 1_000_000))) == CAT
        assert bad.requests["post.jpg"] == 3
