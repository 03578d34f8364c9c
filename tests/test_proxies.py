"""Proxies of the environment that a call goes through in a tunnel: with TLS inside or around, by CONNECT or SOCKS."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme
from anyio.abc import AnyByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

from cincopa_async import CincopaClient, RetryPolicy, TransportError
from cincopa_async._connections import tls_context
from tests.answering import Server, answer, contexts_made
from tests.conftest import TOKEN

pytestmark = [pytest.mark.anyio, pytest.mark.own_connections]

ONCE = RetryPolicy(attempts=1)
HELLO, WELCOME, GRANTED = b"\x05\x01\x00", b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    tls_context.cache_clear()


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server at 127.0.0.1 shows, and the environment trusts."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return context


async def tunnel(stream: AnyByteStream) -> None:
    """Connect to where CONNECT says, and pass on what comes from either side."""
    async with stream:
        head = await stream.receive()
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        async with await anyio.connect_tcp(host, int(port)) as far:
            await stream.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pass_on, stream, far)
                await pass_on(far, stream)
                tasks.cancel_scope.cancel()


async def pass_on(source: AnyByteStream, target: AnyByteStream) -> None:
    async for piece in source:
        await target.send(piece)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_call_over_tls_goes_through_a_tunnel(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """The proxy itself may be spoken to over TLS too; the certificates are read once all the same."""
    made = contexts_made(monkeypatch)
    server = Server(*[answer()] * 4, tls=tls)
    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    listener = plain if scheme == "http" else TLSListener(plain, tls, standard_compatible=False)
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{plain.extra(SocketAttribute.local_port)}")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, tunnel)
        async with server.serving(retry=ONCE) as client:
            async with anyio.create_task_group() as calls:
                for _ in range(3):
                    calls.start_soon(client.ping)
            account = await client.ping()
        tasks.cancel_scope.cancel()

    assert account.permissions == "asset.read"
    assert len(server.requests) == 4
    assert len(made) == 1


async def socks(stream: AnyByteStream) -> None:
    """A SOCKS proxy, and what is behind it."""
    async with stream:
        assert await stream.receive() == HELLO
        await stream.send(WELCOME)
        assert b"cincopa.test" in await stream.receive()
        await stream.send(GRANTED)
        assert TOKEN[:6].encode() in await stream.receive()
        await stream.send(answer())


async def hangs_up(stream: AnyByteStream) -> None:
    async with stream:
        await stream.receive()


async def is_silent(stream: AnyByteStream) -> None:
    async with stream:
        async for _ in stream:
            pass


async def ask_through(
    proxy: Callable[[AnyByteStream], Awaitable[None]], monkeypatch: pytest.MonkeyPatch, **options: Any
) -> object:
    """What a write comes to that goes through a SOCKS proxy: its answer, or its error."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, proxy)
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{listener.extra(SocketAttribute.local_port)}")
        outcome: object
        async with CincopaClient(TOKEN, base_url="http://cincopa.test/v2/", retry=ONCE, **options) as client:
            try:
                outcome = await client.call("portal.check", method="POST", safety="write")
            except TransportError as error:
                outcome = error
        tasks.cancel_scope.cancel()
    return outcome


async def test_call_goes_through_a_socks_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``httpx[socks]`` installed."""
    assert await ask_through(socks, monkeypatch) == {"success": True, "permissions": "asset.read"}


@pytest.mark.parametrize("proxy", [hangs_up, is_silent])
async def test_socks_proxy_that_lets_nothing_through_has_sent_nothing(
    monkeypatch: pytest.MonkeyPatch, proxy: Callable[[AnyByteStream], Awaitable[None]]
) -> None:
    """Nothing of the call has been sent while the tunnel is made, and no socket is left open."""
    error = await ask_through(proxy, monkeypatch, timeout=0.2)

    assert isinstance(error, TransportError)
    assert error.maybe_applied is False


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("ftp://user:CANARY-SIGNATURE@127.0.0.1", "whose URL cannot be used"),
        ("http://user:CANARY-SIGNATURE@127.0.0.1:port", "whose URL cannot be used"),
        ("socks5://user:CANARY-SIGNATURE@127.0.0.1", r"takes httpx\[socks\]"),
    ],
)
async def test_proxy_that_cannot_be_used_is_an_error_of_the_call(
    monkeypatch: pytest.MonkeyPatch, proxy: str, words: str
) -> None:
    """Nothing was sent, and the text does not repeat its password."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setitem(sys.modules, "socksio", None)
    async with CincopaClient(TOKEN, base_url="http://cincopa.test/v2/", retry=ONCE) as client:
        with pytest.raises(TransportError, match=f"no connection: the environment names a .*proxy.* {words}") as caught:
            await client.call("portal.check", method="POST", safety="write")

    assert caught.value.maybe_applied is False
    assert "CANARY" not in str(caught.value)
    assert caught.value.__context__ is None
