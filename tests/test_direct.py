"""The client's own connections on a socket: kept, given up, and used below what httpx puts around them."""

from __future__ import annotations

import functools
import gzip
import json
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import httpcore
import httpx
import pytest
import respx
from anyio.abc import SocketAttribute, SocketStream

from cincopa_async import ClientClosedError, RateLimitError, RetryPolicy, TransportError, _life
from cincopa_async._network import Network
from tests.answering import PING, Server, answer, calling
from tests.conftest import TOKEN

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("coding", "body"),
    [(b"gzip", gzip.compress(PING)), (b"deflate", zlib.compress(PING)), (b"identity", PING)],
    ids=["gzip", "deflate", "identity"],
)
async def test_compressed_answer_is_read(coding: bytes, body: bytes) -> None:
    """The client says that it takes these, and the service may choose."""
    server = Server(answer(body, b"content-encoding: " + coding))
    async with server.serving() as client:
        account = await client.ping()

    assert account.permissions == "asset.read"
    assert b"Accept-Encoding: gzip, deflate\r\n" in server.requests[0]


async def test_answer_that_is_not_compressed_as_it_says_is_a_transport_error() -> None:
    """It is no answer at all; the words of the fault are its kind."""
    server = Server(answer(b"no gzip", b"Content-Encoding: gzip"))
    async with server.serving(retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(TransportError, match="the exchange failed"):
            await client.ping()


async def test_calls_one_after_the_other_share_a_connection() -> None:
    """It is kept open, for reads and writes."""
    server = Server(*[answer()] * 4)
    async with server.serving() as client:
        for _ in range(2):
            await client.ping()
            await client.call("portal.check")

    assert server.connections == 1
    assert len(server.requests) == 4


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_connection_that_the_server_has_closed_is_not_used_again(method: Any) -> None:
    """Not even by a write that must not be sent twice: the far end's goodbye is seen before anything is sent."""
    server = Server(answer(), answer(), closes_after=1)
    async with server.serving(retry=RetryPolicy(attempts=1)) as client:
        await client.ping()
        await server.closed.wait()
        await anyio.wait_all_tasks_blocked()
        await client.call("portal.check", method=method)

    assert server.connections == 2


async def test_server_that_says_close_is_taken_at_its_word() -> None:
    """The next call has a connection of its own."""
    server = Server(answer(PING, b"Connection: close"), answer())
    async with server.serving(retry=RetryPolicy(attempts=1)) as client:
        await client.ping()
        await client.ping()

    assert server.connections == 2


async def test_post_says_that_it_has_no_body() -> None:
    """Some servers refuse a POST that does not."""
    server = Server(answer())
    async with server.serving() as client:
        await client.call("portal.check", method="POST")

    assert b"Content-Length: 0\r\n" in server.requests[0]


@pytest.mark.parametrize("name", [b"Retry-After", b"retry-after"])
async def test_retry_after_is_read_however_it_is_written(name: bytes) -> None:
    """The case of a header's name means nothing."""
    server = Server(answer(b"{}", name + b": 7", status=b"429 Too Many Requests"))
    async with server.serving(retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(RateLimitError) as caught:
            await client.ping()

    assert caught.value.retry_after == 7


@pytest.mark.own_connections
@pytest.mark.parametrize("is_warm", [False, True], ids=["new client", "open connection"])
@pytest.mark.parametrize("is_named_alike", [False, True], ids=["own name", "its name"])
async def test_instrument_on_the_transport_of_httpx_sees_the_calls(
    monkeypatch: pytest.MonkeyPatch, is_warm: bool, is_named_alike: bool
) -> None:
    """OpenTelemetry, pytest-httpx and vcrpy put one there; without one that transport has no part in a call."""
    seen: list[str] = []
    plain = httpx.AsyncHTTPTransport.handle_async_request

    async def traced(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return await plain(self, request)

    server = Server(answer(), answer())
    async with server.serving() as client:
        if is_warm:
            await client.ping()
        instrument = functools.wraps(plain)(traced) if is_named_alike else traced
        monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", instrument)
        await client.ping()
        monkeypatch.undo()

    assert len(seen) == 1
    assert seen[0].endswith("/v2/ping.json")
    assert TOKEN not in seen[0]


@pytest.mark.own_connections
async def test_mock_that_starts_when_connections_are_open_takes_the_calls() -> None:
    """And when it stops they go where they went before."""
    server = Server(answer(), answer())
    async with server.serving() as client:
        await client.ping()
        with respx.mock:
            respx.get(url__regex=r".*/ping\.json").respond(json={"success": True, "permissions": "mocked"})
            mocked = await client.ping()
        account = await client.ping()

    assert mocked.permissions == "mocked"
    assert account.permissions == "asset.read"


@pytest.mark.own_connections
@pytest.mark.parametrize("kind", ["call", "file"])
@pytest.mark.parametrize("phase", ["handshake", "answer"])
async def test_closing_that_gives_up_breaks_off_what_is_under_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, phase: str
) -> None:
    """A connection that is still being made too: it must not send a write when its client is long closed."""
    monkeypatch.setattr(_life, "PATIENCE", 0.01)
    (tmp_path / "cat.mp4").write_bytes(b"cat")
    greeted, ended = anyio.Event(), anyio.Event()

    async def serve(stream: SocketStream) -> None:
        async with stream:
            with suppress(anyio.BrokenResourceError):
                async for received in stream:
                    if kind == "file" and b"get_upload_url" in received:
                        port = stream.extra(SocketAttribute.local_port)
                        url = f"{scheme}://127.0.0.1:{port}/post?uuid=CANARY-CAPABILITY"
                        await stream.send(answer(json.dumps({"success": True, "upload_url": url}).encode()))
                    else:
                        greeted.set()
        ended.set()

    async def ask() -> None:
        path = tmp_path / "cat.mp4"
        asked = client.upload_file(path) if kind == "file" else client.call("portal.check", method="POST")
        with pytest.raises(ClientClosedError) as caught:
            await asked
        assert caught.value.maybe_applied is (phase == "answer")

    scheme = "https" if phase == "handshake" else "http"
    async with calling(serve, scheme="http" if kind == "file" else scheme, retry=RetryPolicy(attempts=1)) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await greeted.wait()
            await client.aclose()
        with anyio.fail_after(5):
            await ended.wait()


async def test_connection_that_is_closed_already_is_no_bug_of_ours() -> None:
    """The event loop closes one that is reset while its answer is read: it counts as one where the server hung up."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        stream = await Network().connect_tcp("127.0.0.1", listener.extra(SocketAttribute.local_port))
        assert not stream.get_extra_info("is_readable")
        await stream.aclose()

        assert stream.get_extra_info("is_readable")
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"GET / HTTP/1.1")
        with pytest.raises(httpcore.ReadError):
            await stream.read(1)
