"""Uploads from a URL: what the fake pulls, tells, stores and drops."""

from __future__ import annotations

import re

import httpx
import pytest

from cincopa_async.testing import FakeCincopa, FakeServer, MisbehavingServer
from tests.testing.helpers import Asker, answering, until

pytestmark = pytest.mark.anyio

CAT = bytes(range(256)) * 1000
CAT_URL = "https://media.test/cat%20one.mp4?sig=1"


async def test_input_is_fetched_over_http_and_served_back(server: FakeServer, ask: Asker) -> None:
    """The bytes of an input that a web server answers become an asset, of its type and name, and can be had back."""
    async with MisbehavingServer() as source:
        source.script(CAT)
        url = f"{source.base_url}kitten.mp4"

        status = await ask.ended(await ask.start(url))

    assert status["status"] == "completed"
    assert status["progress_bytes"] == status["file_size_bytes"] == len(CAT)
    assert status["progress"] == 100
    assert (await ask.http.get(server.media_url(status["resid"]))).content == CAT
    [asset] = (await ask.get("asset.list"))["items"]
    assert (asset["rid"], asset["type"], asset["filename"]) == (status["resid"], "video", "kitten.mp4")
    assert asset["filesize"] == len(CAT)


async def test_registered_source_needs_no_socket(fake: FakeCincopa, ask: Asker) -> None:
    """An input that was registered is read from memory, on the same path."""
    fake.add_source(CAT_URL, CAT, content_type="image/png; q=1")

    rid = await ask.uploaded(CAT_URL)

    assert fake.stored(rid) == CAT
    [asset] = (await ask.get("asset.list", details="caption"))["items"]
    assert (asset["type"], asset["filename"], asset["caption"]) == ("image", "cat one.mp4", "cat one")


async def test_progress_rises_by_what_was_read(fake: FakeCincopa, ask: Asker) -> None:
    """A pull in progress tells how much it has read of how much."""
    fake.add_source(CAT_URL, CAT)
    fake.hold(after_bytes=100_000)
    status_id = await ask.start(CAT_URL)

    status = await ask.status_where(status_id, lambda status: status["progress_bytes"] >= 100_000)

    assert status["status"] == "inprogress"
    assert status["progress_bytes"] < status["file_size_bytes"] == len(CAT)
    assert 0 < status["progress"] < 100
    assert "resid" not in status
    fake.release()
    assert (await ask.ended(status_id))["progress_bytes"] == len(CAT)


async def test_length_that_nobody_tells_is_minus_one(fake: FakeCincopa, ask: Asker) -> None:
    """An input without a Content-Length has a size of -1 until it has been read."""
    fake.add_source(CAT_URL, b"cat", content_length=False)
    with fake.held(after_bytes=3):
        status_id = await ask.start(CAT_URL)

        status = await ask.status_where(status_id, lambda status: status["progress_bytes"] == 3)

        assert (status["file_size_bytes"], status["progress"]) == (-1, 0)
    assert (await ask.ended(status_id))["file_size_bytes"] == 3


async def test_debug_holds_the_input_as_documented(fake: FakeCincopa, ask: Asker) -> None:
    """The debug line has the documentation's shape: a date with seven digits of a second, counters, the input URL."""
    fake.add_source(CAT_URL, b"cat")

    status = await ask.ended(await ask.start(CAT_URL))

    date = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}[+-]\d\d:\d\d"
    counters = r"_bytesRecievedTotal=3 _bytesSendTotal=3"
    assert re.fullmatch(rf"{date} started\.\.\. {counters} url={re.escape(CAT_URL)}", status["debug"])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "the input answered HTTP 404"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncat", "the connection to the input broke off"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n", "the input is larger than 1000 bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + 1001 * b"x", "the input is larger than 1000 bytes"),
        (b"HTTP/1.1 302 Found\r\nlocation: /again\r\n\r\n", "the input redirects too often"),
        (b"HTTP/1.1 302 Found\r\nlocation: ftp://x.test/\r\n\r\n", "the input is no http or https URL"),
        (b"", "the connection to the input broke off"),
        (b"hello\r\n\r\n", "the connection to the input broke off"),
    ],
)
async def test_failure_tells_its_reason(answer: bytes, reason: str) -> None:
    """An input that cannot be had makes the upload fail, for a reason that `more` tells."""
    fake = FakeCincopa(max_input_bytes=1000)
    async with fake.serve() as server, httpx.AsyncClient(base_url=server.base_url) as http, answering(answer) as url:
        ask = Asker(http, server.api_token)

        status = await ask.ended(await ask.start(url))

        assert (status["status"], status["more"]) == ("failed", reason)
        assert status["success"] is True
        assert (await ask.get("asset.list"))["items"] == []
        assert fake.counts.uploads_failed == 1


@pytest.mark.parametrize(
    ("input", "reason"),
    [
        ("http://127.0.0.1:1/cat.mp4", "the connection to the input was refused, or its host is unknown"),
        (f"http://{'a' * 70}.test/", "the connection to the input was refused, or its host is unknown"),
        ("ftp://x.test/cat.mp4", "the input is no http or https URL"),
        ("http://x.test:port/", "the input is no URL"),
    ],
)
async def test_input_that_leads_nowhere_fails(ask: Asker, input: str, reason: str) -> None:
    """An upload is accepted whatever its input, and fails where nothing can be fetched from it."""
    status = await ask.ended(await ask.start(input))

    assert (status["status"], status["more"]) == ("failed", reason)


async def test_https_input_without_tls_behind_it_fails(ask: Asker) -> None:
    """An https input is asked for by TLS."""
    async with answering(b"no TLS here\r\n") as url:
        ends = [await ask.ended(await ask.start(url.replace("http:", "https:"))) for _ in range(2)]

    assert [end["status"] for end in ends] == ["failed", "failed"]


async def test_input_that_falls_silent_fails_in_time() -> None:
    """An input that says nothing for `source_timeout` is given up."""
    async with (
        FakeCincopa(source_timeout=0.05).serve() as server,
        httpx.AsyncClient(base_url=server.base_url) as http,
        MisbehavingServer() as source,
    ):
        source.fault("silence")
        ask = Asker(http, server.api_token)

        status = await ask.ended(await ask.start(source.base_url))

    assert (status["status"], status["more"]) == ("failed", "the input timed out")


async def test_connecting_that_takes_too_long_fails() -> None:
    """A connection that does not come about in `source_timeout` is given up."""
    async with (
        FakeCincopa(source_timeout=0.0).serve() as server,
        httpx.AsyncClient(base_url=server.base_url) as http,
    ):
        ask = Asker(http, server.api_token)

        status = await ask.ended(await ask.start(server.base_url))

    assert (status["status"], status["more"]) == ("failed", "the input timed out")


async def test_redirects_are_followed(fake: FakeCincopa, ask: Asker) -> None:
    """An input may redirect, from memory to a socket and on; what comes before the answer proper is passed over."""
    moved = b"HTTP/1.1 301 Moved\r\nlocation: /cat.mp4\r\ncontent-length: 0\r\n\r\n"
    chunked = (
        b"HTTP/1.1 103 Early Hints\r\n\r\n"
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nca\r\n1\r\nt\r\n0\r\n\r\n"
    )
    async with answering(moved, chunked) as url:
        fake.add_source(CAT_URL, b"", status=302, headers={"Location": f"{url}/first"})

        rid = await ask.uploaded(CAT_URL)

    assert fake.stored(rid) == b"cat"


async def test_abort_ends_the_fetch_and_drops_the_rest(fake: FakeCincopa, ask: Asker) -> None:
    """Aborted in mid-fetch, an upload lets go of its source, stores nothing, and is aborted from then on."""
    async with MisbehavingServer() as source:
        source.script(CAT)
        source.fault("slow_drip", seconds=0.001)
        status_id = await ask.start(source.base_url)
        await ask.status_where(status_id, lambda status: status["progress_bytes"] > 0)

        answer = await ask.abort(status_id)

        assert answer["success"] is True
        assert answer["status_id"] == status_id
        assert (await ask.status(status_id))["status"] == "aborted"
        await until(lambda: source.open_connections == 0)
    assert (fake.counts.uploads_running, fake.counts.uploads_aborted) == (0, 1)
    assert (await ask.get("asset.list"))["items"] == []


async def test_abort_after_the_end_changes_nothing(fake: FakeCincopa, ask: Asker) -> None:
    """A completion that won the race against an abort stays one; the abort succeeds."""
    fake.add_source(CAT_URL, b"cat")
    status_id = await ask.start(CAT_URL)
    rid = (await ask.ended(status_id))["resid"]

    answer = await ask.abort(status_id)

    assert answer["success"] is True
    assert (await ask.status(status_id))["status"] == "completed"
    assert fake.stored(rid) == b"cat"
    assert (fake.counts.uploads_completed, fake.counts.uploads_aborted) == (1, 0)


@pytest.mark.parametrize("call", ["asset.upload_from_url_get_status", "asset.upload_from_url_abort"])
async def test_unknown_status_id_is_an_error(ask: Asker, call: str) -> None:
    """An id that is unknown or missing is refused."""
    method = "GET" if call.endswith("status") else "POST"

    for params in ({"status_id": "nobody"}, {}):
        answer = (await ask.respond(method, call, **params)).json()

        assert answer["success"] is False
        assert "status_id" in answer["message"]


@pytest.mark.parametrize(
    ("params", "word"),
    [({}, "input"), ({"fid": "A4nobody"}, "fid"), ({"rid": "A4nobody", "type": "thumb"}, "rid")],
)
async def test_upload_to_nowhere_is_not_processed(
    fake: FakeCincopa, ask: Asker, params: dict[str, str], word: str
) -> None:
    """Without an input, or with a gallery or asset that does not exist, nothing is started."""
    target = {"input": CAT_URL, **params} if params else {}

    answer = await ask.post("asset.upload_from_url", **target)

    assert answer["success"] is False
    assert word in answer["message"]
    assert fake.counts.uploads_started == 0


async def test_upload_into_a_gallery(fake: FakeCincopa, ask: Asker) -> None:
    """With a fid, the asset is an item of that gallery once it is there."""
    fake.add_source(CAT_URL, b"cat")
    fid = (await ask.post("gallery.create"))["fid"]

    rid = await ask.uploaded(CAT_URL, fid=fid)

    assert [item["rid"] for item in (await ask.get("gallery.get_items", fid=fid))["items"]] == [rid]


async def test_gallery_deleted_meanwhile_does_not_fail_the_upload(fake: FakeCincopa, ask: Asker) -> None:
    """The asset is then in the library alone."""
    fake.add_source(CAT_URL, b"cat")
    fid = (await ask.post("gallery.create"))["fid"]
    with fake.held():
        status_id = await ask.start(CAT_URL, fid=fid)
        await ask.post("gallery.delete", fid=fid)

    assert (await ask.ended(status_id))["status"] == "completed"


async def test_attachment_belongs_to_its_asset(server: FakeServer, fake: FakeCincopa, ask: Asker) -> None:
    """With rid and type, the upload becomes an asset of its own rid that shows with the other one only."""
    fake.add_source(CAT_URL, b"cat")
    fake.add_source("https://media.test/en.srt", b"miaow")
    video = await ask.uploaded(CAT_URL)
    nothing_yet = await ask.http.get(server.media_url(video, "subtitle-en"))

    subtitle = await ask.uploaded("https://media.test/en.srt", rid=video, type="subtitle-en")

    assert nothing_yet.status_code == 404
    assert (await ask.http.get(server.media_url(video, "subtitle-en"))).content == b"miaow"
    assert [item["rid"] for item in (await ask.get("asset.list"))["items"]] == [video]
    [found] = (await ask.get("asset.list", rid=subtitle))["items"]
    assert found["type"] == "other"


async def test_attachment_needs_a_type(fake: FakeCincopa, ask: Asker) -> None:
    """With a rid and no type, nothing is started."""
    fake.add_source(CAT_URL, b"cat")
    video = await ask.uploaded(CAT_URL)

    answer = await ask.post("asset.upload_from_url", input=CAT_URL, rid=video)

    assert answer["success"] is False
    assert "type" in answer["message"]


async def test_attachment_to_an_asset_deleted_meanwhile_fails(fake: FakeCincopa, ask: Asker) -> None:
    """There is nothing to attach to any more."""
    fake.add_source(CAT_URL, b"cat")
    video = await ask.uploaded(CAT_URL)
    with fake.held():
        status_id = await ask.start(CAT_URL, rid=video, type="thumb")
        await ask.post("asset.delete", rid=video)

    status = await ask.ended(status_id)

    assert (status["status"], status["more"]) == ("failed", "the asset to attach to was deleted meanwhile")


async def test_holds_bind_only_the_uploads_they_name(fake: FakeCincopa, ask: Asker) -> None:
    """A hold is lifted for itself; what another one holds stays held."""
    for name in "abc":
        fake.add_source(f"https://x.test/{name}", b"cat")
    with fake.held("https://x.test/[ab]"), fake.held("*/a"):
        started = {name: await ask.start(f"https://x.test/{name}") for name in "abc"}
        assert (await ask.ended(started["c"]))["status"] == "completed"
        assert fake.counts.uploads_running == 2
    fake.hold("*/a")
    assert (await ask.ended(started["b"]))["status"] == "completed"

    fake.release()

    assert (await ask.ended(started["a"]))["status"] == "completed"


async def test_held_before_the_end_where_the_input_is_short(fake: FakeCincopa, ask: Asker) -> None:
    """An upload that has less to read than its hold lets it waits all the same, before it completes."""
    fake.add_source(CAT_URL, b"cat")
    with fake.held(after_bytes=1000):
        status_id = await ask.start(CAT_URL)
        status = await ask.status_where(status_id, lambda status: status["progress_bytes"] == 3)

        assert status["status"] == "inprogress"
        assert fake.counts.uploads_running == 1
    assert (await ask.ended(status_id))["status"] == "completed"


async def test_only_so_many_read_at_once() -> None:
    """Beyond `max_pulls`, uploads are in progress and have read nothing yet."""
    fake = FakeCincopa(max_pulls=1)
    fake.add_source("https://x.test/a", b"cat")
    fake.add_source("https://x.test/b", b"cat")
    async with fake.serve() as server, httpx.AsyncClient(base_url=server.base_url) as http:
        ask = Asker(http, server.api_token)
        with fake.held(after_bytes=1):
            first, second = await ask.start("https://x.test/a"), await ask.start("https://x.test/b")
            await ask.status_where(first, lambda status: status["progress_bytes"] == 3)
            assert (await ask.status(second))["progress_bytes"] == 0
            await ask.abort(first)
            await ask.status_where(second, lambda status: status["progress_bytes"] == 3)

        assert (await ask.ended(second))["status"] == "completed"


async def test_counts_add_up(fake: FakeCincopa, ask: Asker) -> None:
    """Of the uploads started each is running or has ended in one way; inputs and calls are counted by name."""
    fake.add_source(CAT_URL, b"cat")
    await ask.uploaded(CAT_URL)
    await ask.ended(await ask.start("http://127.0.0.1:1/"))
    fake.hold()
    await ask.abort(await ask.start(CAT_URL))
    await ask.start(CAT_URL)

    counts = fake.counts

    assert counts.uploads_started == 4
    assert counts.uploads_completed == counts.uploads_failed == counts.uploads_aborted == counts.uploads_running == 1
    assert counts.inputs == {CAT_URL: 3, "http://127.0.0.1:1/": 1}
    assert counts.requests["asset.upload_from_url"] == 4
    assert counts.requests["asset.upload_from_url_abort"] == 1
    assert "running=1" in repr(counts)
    assert CAT_URL not in repr(counts)
    assert repr(counts) in repr(fake)


async def test_two_hundred_at_once(fake: FakeCincopa, ask: Asker) -> None:
    """Many uploads run side by side, each from a web server."""
    async with MisbehavingServer() as source:
        source.script(CAT)
        with fake.held():
            for number in range(200):
                await ask.start(f"{source.base_url}{number}.mp4")
            assert fake.counts.uploads_running == 200

        await until(lambda: fake.counts.uploads_running == 0)

    assert fake.counts.uploads_completed == 200
    assert source.connections == 200
