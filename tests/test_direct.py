"""The client's own connections on a socket: kept, given up, and used below what httpx puts around them."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import anyio
import httpcore
import httpx
import pytest
from anyio.abc import SocketAttribute

from cincopa_async import RateLimitError, RetryPolicy, TransportError
from cincopa_async._network import Network
from tests.answering import PING, Server, answer
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
async def test_instrument_on_the_transport_of_httpx_sees_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry puts one there; without one that transport has no part in a call."""
    seen: list[str] = []
    plain = httpx.AsyncHTTPTransport.handle_async_request

    async def traced(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return await plain(self, request)

    server = Server(answer(), answer())
    async with server.serving() as client:
        await client.ping()
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", traced)
    async with server.serving() as client:
        await client.ping()

    assert len(seen) == 1
    assert seen[0].endswith("/v2/ping.json")
    assert TOKEN not in seen[0]


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
