"""Local files and streams become assets: once, whole, and only if nobody is left in the dark about it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import respx
from trio.testing import MockClock

from cincopa_async import (
    APIError,
    AuthenticationError,
    CincopaClient,
    CincopaError,
    ClientClosedError,
    FileChangedError,
    RequestTimeoutError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    TransportError,
    UploadState,
)
from cincopa_async._disk import Disk
from cincopa_async._filesource import PIECE
from cincopa_async.files import RENEWALS
from cincopa_async.testing import FakeCincopa
from tests.conftest import BASE_URL, TOKEN
from tests.test_secrets import shows_nothing, sings
from tests.uploading import MADE, UPLOAD_URL, Chunk, Host, after, uploading

pytestmark = pytest.mark.anyio

BYTES = os.urandom(2 * PIECE + 1_000)
CHUNK = PIECE + 500
"""Two chunks: the first of two pieces, the last of two."""
FIRST, LAST = f"bytes 0-{CHUNK}/{len(BYTES)}", f"bytes {CHUNK}-{len(BYTES)}/{len(BYTES)}"
ONCE = RetryPolicy(attempts=1)
EXPIRED = httpx.Response(403, text="error: this upload URL has expired")
RETRY_LATER = httpx.Response(503, headers={"Retry-After": "0"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / 'it\'s a "cat"\né.mp4'
    path.write_bytes(BYTES)
    return path


async def stream() -> AsyncIterator[bytes]:
    for start in range(0, len(BYTES), 10_000):
        yield BYTES[start : start + 10_000]


async def test_file_goes_chunk_by_chunk_to_the_url_as_it_was_given(path: Path) -> None:
    """Each says which bytes it is and which file it is of; the result has the rid, though "error" stands in it."""
    async with uploading() as (cincopa, host):
        done = await cincopa.upload_file(path, fid="F1", chunk_size=CHUNK, ttl=600)

    assert host.calls == ["asset.get_upload_url?fid=F1&ttl=600"]
    assert b"".join(chunk.body for chunk in host.chunks) == BYTES
    assert host.ranges == [FIRST, LAST]
    assert {chunk.url for chunk in host.chunks} == {UPLOAD_URL}
    assert {chunk.headers["x-file-name"] for chunk in host.chunks} == {"it%27s%20a%20%22cat%22%0A%C3%A9.mp4"}
    assert len({chunk.headers["unique-id"] for chunk in host.chunks}) == 1
    assert (done.rid, done.status.rid, done.status.state) == ("A4error", "A4error", UploadState.COMPLETED)
    assert (done.status.progress_bytes, done.status.file_size_bytes, done.status.fraction) == (
        len(BYTES),
        len(BYTES),
        1.0,
    )


async def test_upload_host_learns_nothing_of_the_account(path: Path) -> None:
    """No token, no cookie, no body that is encoded in chunks."""
    async with uploading() as (cincopa, host):
        await cincopa.upload_file(path)

    (chunk,) = host.chunks
    assert "api_token" not in chunk.url
    assert not {"cookie", "authorization", "transfer-encoding"} & set(chunk.headers)
    assert chunk.headers["host"] == "mediaupload.example.com"
    assert chunk.headers["content-length"] == str(len(BYTES))
    assert TOKEN not in repr(chunk.headers.raw)


@pytest.mark.parametrize("size", [None, len(BYTES)])
async def test_stream_becomes_an_asset(size: int | None) -> None:
    """Spooled first, or as it comes where its size is told."""
    async with uploading() as (cincopa, host):
        done = await cincopa.upload_file(stream(), name="cat.mp4", size=size, chunk_size=CHUNK)

    assert done.rid == "A4error"
    assert host.ranges == [FIRST, LAST]
    assert b"".join(chunk.body for chunk in host.chunks) == BYTES


async def test_stream_of_another_size_becomes_no_asset() -> None:
    """The last chunk is not sent."""
    async with uploading() as (cincopa, host):
        with pytest.raises(ValueError, match="size must be that of the stream"):
            await cincopa.upload_file(stream(), name="cat.mp4", size=len(BYTES) - 1, chunk_size=CHUNK)

    assert len(host.chunks) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": 5}, "source must be a path or an async stream"),
        ({"name": ""}, "name must be that of a file"),
        ({"name": "a/b"}, "name must be that of a file"),
        ({"name": "\udcff"}, "name must be text"),
        ({"name": 5}, "name must be a str"),
        ({"size": 0}, "size must be 1 byte or more"),
        ({"size": True}, "size must be a whole number"),
        ({"chunk_size": 0}, "chunk_size must be 1 byte or more"),
        ({"chunk_size": 1.5}, "chunk_size must be a whole number of bytes"),
        ({"chunk_size": 50_000_001}, "chunk_size must be 50000000 bytes at most"),
        ({"progress": 5}, "progress must be a plain callable"),
        ({"progress": anyio.sleep}, "progress must be a plain callable"),
        ({"rid": "A4"}, "type must be given with rid"),
        ({"ttl": 0}, "ttl must be 1 or more"),
        ({"fid": " "}, "fid must not be empty"),
        ({"size": 5}, "size must be that of the file"),
    ],
)
async def test_wrong_argument_is_refused_before_anything_is_sent(
    path: Path, options: dict[str, Any], message: str
) -> None:
    """The error names it, and says what it may be."""
    async with uploading() as (cincopa, host):
        with pytest.raises((ValueError, TypeError), match=message):
            await cincopa.upload_file(**{"source": path, **options})

    assert host.calls == []


async def test_stream_needs_a_name() -> None:
    """It has none of its own."""
    async with uploading() as (cincopa, host):
        source = stream()
        with pytest.raises(ValueError, match="name must be given for a stream"):
            await cincopa.upload_file(source)
        await source.aclose()  # type: ignore[attr-defined]

    assert host.calls == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [("missing.mp4", FileNotFoundError), (".", IsADirectoryError), ("empty.mp4", ValueError)],
)
async def test_what_cannot_be_uploaded_is_refused_before_anything_is_sent(
    tmp_path: Path, name: str, kind: type[Exception]
) -> None:
    """The system says why, or the client that there is nothing in it."""
    (tmp_path / "empty.mp4").touch()
    async with uploading() as (cincopa, host):
        with pytest.raises(kind):
            await cincopa.upload_file(tmp_path / name)

    assert host.calls == []


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError,
        httpx.ReadError,
        httpx.ReadTimeout,
        after(PIECE, httpx.WriteError),
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(502, html="<html><h1>502 Bad Gateway</h1></html>"),
        RETRY_LATER,
    ],
)
async def test_earlier_chunk_is_sent_again(path: Path, fault: Any) -> None:
    """After whatever passes: the file is not complete with it."""
    async with uploading(fault, None) as (cincopa, host):
        done = await cincopa.upload_file(path, chunk_size=CHUNK)

    assert done.rid == "A4error"
    assert host.tries == 3
    assert host.ranges[-2:] == [FIRST, LAST]
    assert host.chunks[-2].body + host.chunks[-1].body == BYTES
    assert host.calls == ["asset.get_upload_url"]


async def test_chunk_of_a_stream_is_sent_again() -> None:
    """It is kept until its answer has come."""
    async with uploading(None, after(100, httpx.WriteError), None) as (cincopa, host):
        await cincopa.upload_file(stream(), name="cat.mp4", size=len(BYTES), chunk_size=CHUNK)

    assert b"".join(chunk.body for chunk in host.chunks) == BYTES


@pytest.mark.parametrize(
    "fault",
    [httpx.ConnectError, httpx.ConnectTimeout, httpx.Response(429), RETRY_LATER, after(PIECE, httpx.ReadError)],
)
async def test_last_chunk_that_did_not_arrive_is_sent_again(path: Path, fault: Any) -> None:
    """No connection, a refusal that says so, or a fault before its last bytes were handed out."""
    async with uploading(None, fault, None) as (cincopa, host):
        done = await cincopa.upload_file(path, chunk_size=CHUNK)

    assert done.rid == "A4error"
    assert host.tries == 3


@pytest.mark.parametrize("fault", [httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.Response(500)])
@pytest.mark.parametrize("chunk_size", [CHUNK, len(BYTES)])
async def test_last_chunk_that_may_have_arrived_is_not_sent_again(path: Path, fault: Any, chunk_size: int) -> None:
    """That could make the asset twice; the error says that it may be there."""
    earlier = [None] if chunk_size == CHUNK else []
    async with uploading(*earlier, fault, None) as (cincopa, host):
        with pytest.raises((TransportError, ServerError)) as caught:
            await cincopa.upload_file(path, chunk_size=chunk_size)

    assert caught.value.maybe_applied
    assert host.ranges[-1].endswith(f"-{len(BYTES)}/{len(BYTES)}")
    assert host.tries == len(earlier) + 1
    shows_nothing(caught.value)


@pytest.mark.parametrize("fault", [httpx.ReadError, httpx.ReadTimeout, httpx.Response(500)])
async def test_last_chunk_is_sent_again_on_demand(path: Path, fault: Any) -> None:
    """For whoever would rather have two than none."""
    async with uploading(None, fault, None) as (cincopa, host):
        done = await cincopa.upload_file(path, chunk_size=CHUNK, resend_last=True)

    assert done.rid == "A4error"
    assert host.ranges == [FIRST, LAST, LAST]


async def test_error_after_resends_speaks_of_all_of_them(path: Path) -> None:
    """The first may have made the asset, be it that the second certainly did not."""
    async with uploading(httpx.ReadError, httpx.Response(413)) as (cincopa, _):
        with pytest.raises(APIError) as caught:
            await cincopa.upload_file(path, resend_last=True)

    assert caught.value.maybe_applied


async def test_file_is_not_begun_anew_where_it_may_have_become_an_asset(path: Path) -> None:
    """A new URL would hide that from the error of what comes then."""
    async with uploading(httpx.ReadError, EXPIRED) as (cincopa, host):
        with pytest.raises(APIError, match="expired") as caught:
            await cincopa.upload_file(path, resend_last=True)

    assert caught.value.maybe_applied
    assert host.tries == 2


async def test_retries_have_an_end(path: Path) -> None:
    """As those of calls have; an earlier chunk's error says that there is no asset."""
    async with uploading(httpx.ReadError) as (cincopa, host):
        with pytest.raises(TransportError, match="upload_file: the connection broke") as caught:
            await cincopa.upload_file(path, chunk_size=CHUNK)

    assert host.tries == 4
    assert not caught.value.maybe_applied


@pytest.mark.parametrize("nth", [0, 1])
@pytest.mark.parametrize(
    "refusal", ["error: bad hash", httpx.Response(401), httpx.Response(403), httpx.Response(404), httpx.Response(413)]
)
async def test_refused_chunk_is_an_error_of_no_token(path: Path, refusal: Any, nth: int) -> None:
    """The token has nothing to do with it, so it is not asked for again; nothing is resent."""
    async with uploading(*[None] * nth, refusal) as (cincopa, host):
        with pytest.raises(APIError) as caught:
            await cincopa.upload_file(path, chunk_size=CHUNK, ttl=600)

    assert not isinstance(caught.value, AuthenticationError)
    assert not caught.value.maybe_applied
    assert host.tries == nth + 1
    assert host.calls == ["asset.get_upload_url?ttl=600"]


async def test_redirect_is_not_followed(path: Path) -> None:
    """The file goes where Cincopa says, and nowhere else."""
    there = httpx.Response(307, headers={"Location": UPLOAD_URL.replace("mediaupload", "elsewhere")})
    async with uploading(there) as (cincopa, host):
        with pytest.raises(APIError, match="redirected, which is not followed") as caught:
            await cincopa.upload_file(path)

    assert host.tries == 1
    shows_nothing(caught.value)


async def test_reply_without_an_asset_leaves_it_open(path: Path) -> None:
    """There may be one that is not told."""
    async with uploading("thank you, CANARY-CAPABILITY%2fa") as (cincopa, host):
        with pytest.raises(ResponseDecodeError, match="names no new asset") as caught:
            await cincopa.upload_file(path)

    assert caught.value.maybe_applied
    assert caught.value.body == "thank you, [url]"
    assert host.tries == 1


@pytest.mark.parametrize("url", ["", "ftp://h/p?CANARY-CAPABILITY", "https://h/a b?CANARY-CAPABILITY", "https://é/"])
async def test_url_that_cannot_be_used_is_an_error_of_its_call(path: Path, url: str) -> None:
    """Nothing is sent to it."""
    async with uploading() as (cincopa, host):
        host.url = url
        with pytest.raises(ResponseDecodeError, match=r"asset\.get_upload_url") as caught:
            await cincopa.upload_file(path)

    assert host.tries == 0
    assert not caught.value.maybe_applied
    shows_nothing(caught.value)


@pytest.mark.parametrize("nth", [0, 1])
async def test_url_that_ends_too_early_is_replaced(path: Path, nth: int) -> None:
    """The file goes again from its start, as another one, and progress falls back."""
    seen: list[int] = []
    async with uploading(*[None] * nth, EXPIRED, None) as (cincopa, host):
        done = await cincopa.upload_file(path, chunk_size=CHUNK, ttl=60, progress=lambda sent, _: seen.append(sent))

    assert done.rid == "A4error"
    assert host.calls == ["asset.get_upload_url?ttl=60"] * 2
    assert host.ranges[-2:] == [FIRST, LAST]
    before, anew = ({c.headers["unique-id"] for c in part} for part in (host.chunks[: nth + 1], host.chunks[nth + 1 :]))
    assert not before & anew
    assert sorted(seen) != seen
    assert seen.count(len(BYTES)) == 1


@pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})])
async def test_refusal_past_the_ttl_is_the_end_of_the_url(path: Path) -> None:
    """Whatever its words; before, the same refusal ends the upload."""

    async def late(request: httpx.Request) -> httpx.Response:
        await anyio.sleep(10)
        return httpx.Response(404)

    async with uploading(late, None, retry=ONCE) as (cincopa, host):
        with pytest.raises(APIError, match="HTTP 404"):
            await cincopa.upload_file(path, ttl=11)
        host.answers = [late, None]
        done = await cincopa.upload_file(path, ttl=10)

    assert done.rid == "A4error"


async def test_urls_that_always_end_too_early_end_the_upload(path: Path) -> None:
    """A file that takes longer than each URL's life is not sent for ever."""
    async with uploading(EXPIRED) as (cincopa, host):
        with pytest.raises(APIError, match="expired"):
            await cincopa.upload_file(path, ttl=1)

    assert len(host.calls) == host.tries == RENEWALS + 1


async def test_stream_cannot_begin_anew(path: Path) -> None:
    """But while its first chunk is at hand; a spooled one can."""
    async with uploading(EXPIRED, None) as (cincopa, host):
        await cincopa.upload_file(stream(), name="cat", size=len(BYTES), chunk_size=CHUNK)
        host.answers = [None, EXPIRED, None]
        await cincopa.upload_file(stream(), name="cat", chunk_size=CHUNK)
        host.answers = [None, EXPIRED, None]
        with pytest.raises(APIError, match="has expired; a stream cannot begin anew") as caught:
            await cincopa.upload_file(stream(), name="cat", size=len(BYTES), chunk_size=CHUNK)

    assert caught.value.status_code == 403
    assert not caught.value.maybe_applied


async def test_progress_counts_what_was_taken(path: Path) -> None:
    """After each piece, and all of them at the end alone."""
    seen: list[tuple[int, int]] = []
    async with uploading() as (cincopa, _):
        await cincopa.upload_file(path, chunk_size=CHUNK, progress=lambda *said: seen.append(said))

    total = len(BYTES)
    assert seen == [(PIECE, total), (CHUNK, total), (CHUNK + PIECE, total), (total, total)]


async def test_progress_falls_back_where_a_chunk_is_sent_again(path: Path) -> None:
    """It says what is there."""
    seen: list[int] = []
    async with uploading(None, after(PIECE + 1, httpx.Response(429)), None) as (cincopa, _):
        await cincopa.upload_file(path, chunk_size=CHUNK, progress=lambda sent, _: seen.append(sent))

    assert seen == [PIECE, CHUNK, CHUNK + PIECE, CHUNK + PIECE, len(BYTES)]


@pytest.mark.parametrize(
    "error",
    [
        LookupError("mine"),
        TimeoutError("mine"),
        OSError("mine"),
        StopAsyncIteration("mine"),
        httpx.ReadError("mine"),
        CincopaError("mine"),
        TransportError("upload_file", "mine"),
        APIError(403, "mine has expired", "upload_file"),
    ],
)
@pytest.mark.parametrize("nth", [1, 3])
async def test_error_of_progress_ends_the_upload(path: Path, error: Exception, nth: int) -> None:
    """As it is, whatever it looks like, and nothing has become of the file."""
    seen: list[int] = []

    def progress(sent: int, _: int) -> None:
        seen.append(sent)
        if len(seen) == nth:
            raise error

    async with uploading() as (cincopa, host):
        with pytest.raises(type(error), match="mine") as caught:
            await cincopa.upload_file(path, chunk_size=CHUNK, progress=progress)

    assert caught.value is error
    assert caught.value.__context__ is None
    assert LAST not in host.ranges
    assert host.tries == (nth + 1) // 2


async def test_error_of_progress_is_raised_though_the_host_was_content_without_the_rest(path: Path) -> None:
    """An answer to half of a chunk does not hide it."""

    async def hasty(request: httpx.Request) -> str:
        with suppress(Exception):
            await request.aread()
        return "ok"

    def progress(sent: int, _: int) -> None:
        raise LookupError("mine")

    async with uploading(hasty) as (cincopa, _):
        with pytest.raises(LookupError, match="mine"):
            await cincopa.upload_file(path, chunk_size=CHUNK, progress=progress)


async def test_error_of_the_last_progress_is_raised_though_there_is_an_asset(path: Path) -> None:
    """It is called with all bytes only then."""

    def progress(sent: int, total: int) -> None:
        if sent == total:
            raise LookupError

    async with uploading() as (cincopa, host):
        with pytest.raises(LookupError):
            await cincopa.upload_file(path, chunk_size=CHUNK, progress=progress)

    assert host.ranges == [FIRST, LAST]


async def test_bug_of_a_transport_is_not_taken_for_a_fault(path: Path) -> None:
    """It is raised as it is, and nothing is sent again."""
    async with uploading(LookupError) as (cincopa, host):
        with pytest.raises(LookupError):
            await cincopa.upload_file(path)

    assert host.tries == 1


@pytest.mark.parametrize("phase", ["connecting", "sending"])
async def test_connection_that_is_gone_as_soon_as_it_is_made_is_a_fault(path: Path, phase: str) -> None:
    """Below uvloop that is an AttributeError of anyio's; later on it would be a bug of somebody's."""

    async def stumble(request: httpx.Request) -> str:
        await request.extensions["trace"]("connection.connect_tcp.started", {})
        if phase == "sending":
            await request.extensions["trace"]("http11.send_request_headers.started", {"request": request})
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")

    async with uploading(stumble, None) as (cincopa, host):
        if phase == "connecting":
            await cincopa.upload_file(path)
            assert len(host.chunks) == 1
        else:
            with pytest.raises(AttributeError):
                await cincopa.upload_file(path)


async def test_answer_to_a_body_that_failed_counts_for_nothing(path: Path) -> None:
    """A transport may swallow what the source raised, and answer all the same."""

    async def swallow(request: httpx.Request) -> str:
        with suppress(LookupError):
            await host.take(request)
        return "ok"

    def progress(sent: int, total: int) -> None:
        raise LookupError

    async with uploading(swallow) as (cincopa, host):
        with pytest.raises(LookupError):
            await cincopa.upload_file(path, chunk_size=CHUNK, progress=progress)

    assert host.tries == 1


async def test_file_that_changes_before_a_resend_says_what_may_be(path: Path) -> None:
    """The chunk that may have arrived had the file as it was."""

    async def change(request: httpx.Request) -> type[Exception]:
        await host.take(request)
        os.truncate(path, 5)
        return httpx.ReadError

    async with uploading(change, None) as (cincopa, host):
        with pytest.raises(FileChangedError) as caught:
            await cincopa.upload_file(path, resend_last=True)

    assert caught.value.maybe_applied


async def test_file_that_changes_meanwhile_becomes_no_asset(path: Path) -> None:
    """A mixture of two versions would be worse than none: its last bytes are held back."""

    def progress(sent: int, total: int) -> None:
        if sent > CHUNK:
            os.truncate(path, total + 1)

    async with uploading() as (cincopa, host):
        with pytest.raises(FileChangedError) as caught:
            await cincopa.upload_file(path, chunk_size=CHUNK, progress=progress)

    assert caught.value.name == path.name
    assert host.ranges == [FIRST]


@pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})])
async def test_timeout_is_for_each_piece_and_for_the_answer(path: Path) -> None:
    """A chunk may take any time in all, and so may the source; silence may not."""
    host = Host()

    async def slowly(request: httpx.Request) -> None:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        body = b""
        async for piece in request.stream:
            body += piece
            await anyio.sleep(29)
        host.chunks.append(Chunk(request, body))

    async def silent(request: httpx.Request) -> None:
        await host.take(request)
        await anyio.sleep(31)

    async def slow_source() -> AsyncIterator[bytes]:
        for start in range(0, len(BYTES), PIECE):
            await anyio.sleep(100)
            yield BYTES[start : start + PIECE]

    async with CincopaClient(TOKEN, transport=host, retry=ONCE) as cincopa:
        host.answers = [slowly]  # type: ignore[list-item]
        done = await cincopa.upload_file(path)
        await cincopa.upload_file(slow_source(), name="cat", size=len(BYTES))
        host.answers = [silent]  # type: ignore[list-item]
        with pytest.raises(RequestTimeoutError, match="upload_file: no whole answer within 30 s") as caught:
            await cincopa.upload_file(path)

    assert done.rid == "A4error"
    assert caught.value.maybe_applied


@pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})])
async def test_time_that_is_up_stays_up_when_another_piece_is_asked_for(path: Path) -> None:
    """A piece may be taken in the very turn in which its time ends, as after something has blocked the event loop."""

    async def late(request: httpx.Request) -> str:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        pieces = aiter(request.stream)
        await anext(pieces)
        with anyio.CancelScope(shield=True):
            await anyio.sleep(31)
        await anext(pieces)
        return "ok"

    async with uploading(late, None) as (cincopa, host):
        await cincopa.upload_file(path, chunk_size=CHUNK)
        host.answers = [late]
        with pytest.raises(RequestTimeoutError) as caught:
            await cincopa.upload_file(path)

    assert not caught.value.maybe_applied
    assert host.ranges == [FIRST, LAST]


@pytest.mark.parametrize("cancelled", ["in an earlier chunk", "in the last chunk"])
async def test_cancelled_before_the_last_bytes_breaks_off(path: Path, cancelled: str) -> None:
    """Nothing has become of it, so nothing is waited for and nothing deleted."""
    scope = anyio.CancelScope()

    async def hang(request: httpx.Request) -> str:
        await after(PIECE, "")(request)
        scope.cancel()
        await anyio.sleep_forever()
        return ""

    # So patient a client that waiting for an answer would be found out.
    async with uploading(*[None] * (cancelled == "in the last chunk"), hang, timeout=10_000) as (cincopa, host):
        with scope:
            await cincopa.upload_file(path, chunk_size=CHUNK)

    assert scope.cancelled_caught
    assert host.calls == ["asset.get_upload_url"]
    assert LAST not in host.ranges


@pytest.mark.parametrize("answer", [pytest.param(None, id="an asset"), "error", httpx.Response(500)])
async def test_cancelled_after_the_last_bytes_deletes_what_it_made(path: Path, answer: Any, caplog: Any) -> None:
    """The answer is waited for; then the cancellation goes on. Where nobody can know, a warning says so."""
    scope = anyio.CancelScope()
    seen: list[int] = []

    async def cancel(request: httpx.Request) -> Any:
        await host.take(request)
        scope.cancel()
        await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        return MADE if answer is None else answer

    async with uploading(None, cancel) as (cincopa, host):
        with scope:
            await cincopa.upload_file(path, chunk_size=CHUNK, progress=lambda sent, _: seen.append(sent))

    assert scope.cancelled_caught
    assert host.calls == ["asset.get_upload_url"] + ["asset.delete?rid=A4error"] * (answer is None)
    assert len(BYTES) not in seen
    assert ("may have been acted on" in caplog.text) is isinstance(answer, httpx.Response)


@pytest.mark.parametrize(("fault", "told"), [(httpx.ReadError, True), (httpx.ConnectError, False)])
async def test_cancelled_between_sendings_of_the_last_chunk_tells_what_may_be(
    path: Path, caplog: Any, fault: Any, told: bool
) -> None:
    """The first may have made an asset, and nobody would hear of that."""
    scope = anyio.CancelScope()

    async def fail(request: httpx.Request) -> Any:
        await host.take(request)
        scope.deadline = anyio.current_time() + 0.01
        return fault

    async with uploading(None, fail, retry=RetryPolicy(base_delay=1e6, max_delay=1e6)) as (cincopa, host):
        with scope:
            await cincopa.upload_file(path, chunk_size=CHUNK, resend_last=True)

    assert scope.cancelled_caught
    assert host.ranges == [FIRST, LAST]
    assert ("an asset may have been made" in caplog.text) is told


@pytest.mark.parametrize("refusal", [httpx.Response(403), httpx.ConnectError])
async def test_asset_that_cannot_be_deleted_again_is_told(path: Path, refusal: Any, caplog: Any) -> None:
    """Nobody else would know of it."""
    scope = anyio.CancelScope()

    async def cancel(request: httpx.Request) -> str:
        await host.take(request)
        scope.cancel()
        return MADE

    async with uploading(cancel) as (cincopa, host):
        host.deletes = [refusal] * 4
        with scope:
            await cincopa.upload_file(path)

    assert scope.cancelled_caught
    assert "asset A4error stays, though its upload was cancelled" in caplog.text


@pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})])
async def test_deleting_it_again_has_a_bound(path: Path, caplog: Any) -> None:
    """As an abort has."""
    scope = anyio.CancelScope()

    async def cancel(request: httpx.Request) -> str:
        await host.take(request)
        scope.cancel()
        return MADE

    async def hang(request: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    async with uploading(cancel, timeout=5) as (cincopa, host):
        host.deletes = [httpx.ReadTimeout] * 4
        cincopa._files._retry = ONCE
        cincopa._sender._retry = RetryPolicy(base_delay=100, max_delay=100)
        start = anyio.current_time()
        with scope:
            await cincopa.upload_file(path)
        took = anyio.current_time() - start

    assert took <= 10.1
    assert "asset A4error stays" in caplog.text


async def test_cancelled_in_the_last_look_at_the_file_sends_no_more(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that looks at the file is not interrupted; what comes after it is."""
    scope = anyio.CancelScope()

    async def check(_: object) -> None:
        scope.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.wait_all_tasks_blocked()

    monkeypatch.setattr("cincopa_async._filesource._File.check", check)
    async with uploading() as (cincopa, host):
        with scope:
            await cincopa.upload_file(path)

    assert scope.cancelled_caught
    assert host.chunks == []
    assert host.calls == ["asset.get_upload_url"]


@pytest.mark.parametrize("fails", ["read", "check"])
async def test_what_fails_after_it_was_broken_off_is_not_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any, fails: str
) -> None:
    """A second cancel closes the file under the thread that reads it: no asset can have come of that."""
    scope = anyio.CancelScope()

    async def fail(*_: object) -> None:
        scope.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.wait_all_tasks_blocked()
        raise ValueError("seek of closed file")

    monkeypatch.setattr(f"cincopa_async._filesource._File.{fails}", fail)
    async with uploading() as (cincopa, host):
        with scope:
            await cincopa.upload_file(path)

    assert scope.cancelled_caught
    assert host.chunks == []
    assert "may have been acted on" not in caplog.text


async def test_progress_that_fails_in_a_cancelled_upload_is_not_told(path: Path, caplog: Any) -> None:
    """Who is cancelled does not hear of it, and nothing has become of the file."""
    scope = anyio.CancelScope()

    def progress(sent: int, total: int) -> None:
        scope.cancel()
        raise LookupError

    async with uploading() as (cincopa, host):
        with scope:
            await cincopa.upload_file(path, progress=progress)

    assert scope.cancelled_caught
    assert host.chunks == []
    assert "may have been acted on" not in caplog.text


async def test_files_that_are_open_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands at once wait with their files closed."""
    counts = {"open": 0, "most": 0}

    class Counted(Disk):
        def __init__(self, file: Any) -> None:
            super().__init__(file)
            counts["open"] += 1
            counts["most"] = max(counts["most"], counts["open"])

        async def aclose(self) -> None:
            await super().aclose()
            counts["open"] -= 1

    monkeypatch.setattr("cincopa_async._filesource.Disk", Counted)
    async with uploading(max_concurrency=3) as (cincopa, host), anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(cincopa.upload_file, path)

    assert counts == {"open": 0, "most": 3}
    assert len(host.chunks) == 20


async def test_calls_go_on_beside_files(path: Path) -> None:
    """A file takes no slot of the API's while its bytes are sent."""
    let_go = anyio.Event()

    async def hold(request: httpx.Request) -> None:
        await host.take(request)
        await let_go.wait()

    async with uploading(hold, max_concurrency=1) as (cincopa, host), anyio.create_task_group() as tasks:
        tasks.start_soon(cincopa.upload_file, path)
        await host.came.wait()
        with anyio.fail_after(10):
            await cincopa.asset.delete("A1")
        let_go.set()


@pytest.mark.parametrize("ends", ["refused", "cancelled in its turn", "cancelled before its turn", "client is closed"])
async def test_generator_that_is_given_is_closed(path: Path, ends: str) -> None:
    """Nobody else has a name for it, be it that it was not even looked at."""
    closed = anyio.Event()
    scope = anyio.CancelScope()

    async def endless() -> AsyncIterator[bytes]:
        try:
            yield b"x"
            if ends == "cancelled in its turn":
                scope.cancel()
            while True:
                yield b"x"
        finally:
            closed.set()

    async def hold(request: httpx.Request) -> None:
        await host.take(request)
        scope.cancel()
        await anyio.wait_all_tasks_blocked()

    source = endless()
    assert await anext(source) == b"x"  # One that was never begun has nothing to close.
    answers: list[Any] = [hold] if ends == "cancelled before its turn" else ["error"]
    async with uploading(*answers, max_concurrency=1) as (cincopa, host), anyio.create_task_group() as tasks:
        if ends == "cancelled before its turn":
            tasks.start_soon(cincopa.upload_file, path)
            await anyio.wait_all_tasks_blocked()
        elif ends == "client is closed":
            await cincopa.aclose()
        with suppress(APIError, ClientClosedError), scope:
            await cincopa.upload_file(source, name="cat.mp4", size=1_000, chunk_size=500)

    assert closed.is_set()


async def test_closed_client_begins_no_chunk(path: Path) -> None:
    """The one that is under way is waited for; the upload ends, and so do those that wait for their turn."""
    let_go = anyio.Event()
    ends: list[BaseException] = []

    async def hold(request: httpx.Request) -> None:
        await host.take(request)
        await let_go.wait()

    async def upload() -> None:
        try:
            await cincopa.upload_file(path, chunk_size=CHUNK)
        except ClientClosedError as error:
            ends.append(error)

    async with anyio.create_task_group() as tasks, uploading(hold, max_concurrency=1) as (cincopa, host):
        for _ in range(3):
            tasks.start_soon(upload)
        await host.came.wait()
        tasks.start_soon(cincopa.aclose)
        await anyio.wait_all_tasks_blocked()
        let_go.set()

    with pytest.raises(ClientClosedError):
        await cincopa.upload_file(path)
    assert host.ranges == [FIRST]
    assert len(ends) == 3


async def test_closing_wakes_who_waits_for_a_turn(path: Path) -> None:
    """Though the file that is open waits for its source, which may say nothing for ever."""
    let_go, ended = anyio.Event(), anyio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        await let_go.wait()
        yield b"x"

    async def upload(source: Any) -> None:
        with pytest.raises(ClientClosedError):
            await cincopa.upload_file(source, name="cat.mp4")
        if source is path:
            ended.set()

    async with uploading(max_concurrency=1) as (cincopa, host), anyio.create_task_group() as tasks:
        tasks.start_soon(upload, stalled())
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(upload, path)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(10):
            await cincopa.aclose()
            await ended.wait()
        let_go.set()

    assert host.calls == []


async def test_respx_intercepts_an_upload(path: Path) -> None:
    """Users mock direct uploads as anything else of httpx."""
    with respx.mock() as api:
        api.get(f"{BASE_URL}asset.get_upload_url.json").respond(json={"success": True, "upload_url": UPLOAD_URL})
        post = api.post(host="mediaupload.example.com").respond(text=MADE)
        async with CincopaClient(TOKEN) as cincopa:
            done = await cincopa.upload_file(path)

    assert done.rid == "A4error"
    assert post.calls.last.request.content == BYTES


@pytest.mark.parametrize("given", ["transport", "http_client"])
async def test_given_transport_within_the_process_is_used(path: Path, given: str) -> None:
    """Tests that use one are not to leave the process: httpx's MockTransport and ASGITransport."""
    fake = FakeCincopa(TOKEN)
    transport = httpx.ASGITransport(app=fake)
    async with httpx.AsyncClient(transport=transport) as http_client:
        options: dict[str, Any] = {"transport": transport} if given == "transport" else {"http_client": http_client}
        async with CincopaClient(TOKEN, base_url="http://cincopa.test/v2/", **options) as cincopa:
            done = await cincopa.upload_file(path, chunk_size=CHUNK)

    assert fake.stored(done.rid) == BYTES


async def test_poster_is_attached_and_then_shown(tmp_path: Path) -> None:
    """From a path, or from a URL that Cincopa fetches: both steps."""
    image = tmp_path / "cat.jpg"
    image.write_bytes(b"a poster")
    async with FakeCincopa(TOKEN) as fake, fake.client() as cincopa:
        fake.add_source("HTTPS://example.com/dog.jpg", b"another")
        video = await cincopa.upload_file(image, name="cat.mp4")
        shown = []
        for source in (str(image), image, "HTTPS://example.com/dog.jpg"):
            done = await cincopa.set_poster(video.rid, source)
            asset = fake._account.media(video.rid, "thumb")
            assert asset is not None
            shown.append((asset.rid == done.rid, bytes(asset.content)))

    assert shown == [(True, b"a poster"), (True, b"a poster"), (True, b"another")]


async def test_poster_needs_a_video(tmp_path: Path, path: Path) -> None:
    """Said before anything is sent."""
    async with uploading() as (cincopa, host):
        with pytest.raises(ValueError, match="rid must not be empty"):
            await cincopa.set_poster("", tmp_path / "cat.jpg")
        for image in (path, "https://example.com/cat.jpg"):
            with pytest.raises(TypeError, match="rid must be a str"):
                await cincopa.set_poster(None, image)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            await cincopa.set_poster("A4", 5)  # type: ignore[arg-type]

    assert host.calls == []


async def test_nothing_of_an_upload_is_shown(path: Path, caplog: Any) -> None:
    """Retried, refused, or gone well: the upload URL is in no log, no repr and no error."""
    errors: list[CincopaError] = []
    faults: list[Any] = [
        httpx.ReadError,
        httpx.ConnectError,
        EXPIRED,
        httpx.Response(500, text=UPLOAD_URL),
        "error " + UPLOAD_URL,
    ]
    async with uploading() as (cincopa, host):
        for fault in faults:
            host.answers = [fault]
            with pytest.raises(CincopaError) as caught:
                await cincopa.upload_file(path, chunk_size=CHUNK)
            errors.append(caught.value)
        host.answers = [None]
        done = await cincopa.upload_file(path)

    for error in errors:
        shows_nothing(error)
    assert not sings(caplog.text)
    assert not sings(host.shown)
    assert not sings(repr((done, cincopa, cincopa._files)))


def test_client_uploads_in_one_event_loop_after_another(path: Path) -> None:
    """What belongs to a loop that is gone is not used again."""
    host = Host()
    cincopa = CincopaClient(TOKEN, transport=host, max_concurrency=1)

    async def upload() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(cincopa.upload_file, path)

    for backend in ("asyncio", "trio", "asyncio"):
        anyio.run(upload, backend=backend)

    assert len(host.chunks) == 9
