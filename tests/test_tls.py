"""HTTPS, which is how Cincopa is reached: certificates, handshakes that fail, and the one context of a process."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
import trustme
from anyio.abc import SocketStream
from anyio.streams.tls import TLSStream

from cincopa_async import RetryPolicy, TransportError
from cincopa_async._connections import tls_context
from tests.answering import Server, answer, calling, contexts_made

pytestmark = [pytest.mark.anyio, pytest.mark.own_connections]

ONCE = RetryPolicy(attempts=1)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(autouse=True)
def a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No context is made yet, and none is left to other tests."""
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment says whom to trust, as it does for httpx."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.mark.usefixtures("trusted")
async def test_calls_go_over_tls_and_keep_their_connection(server_tls: ssl.SSLContext) -> None:
    """A handshake takes longer than a call; it is done once."""
    server = Server(answer(), answer(), tls=server_tls)
    async with server.serving(retry=ONCE) as client:
        account = await client.ping()
        await client.call("portal.check", method="POST")

    assert account.permissions == "asset.read"
    assert [request.split(b" ")[0] for request in server.requests] == [b"GET", b"POST"]
    assert server.connections == 1


@pytest.mark.usefixtures("trusted")
async def test_connection_that_the_server_has_closed_is_not_used_again(server_tls: ssl.SSLContext) -> None:
    """Servers hang up without a goodbye of TLS's own; that is seen before anything is sent."""
    server = Server(answer(), answer(), closes_after=1, tls=server_tls)
    async with server.serving(retry=ONCE) as client:
        await client.ping()
        await server.closed.wait()
        await anyio.wait_all_tasks_blocked()
        await client.call("portal.check", method="POST")

    assert server.connections == 2


@pytest.mark.usefixtures("trusted")
async def test_certificates_are_read_once_a_process(
    server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes longer than many calls, and each connection of each client needs them."""
    made = contexts_made(monkeypatch)
    server = Server(*[answer()] * 8, tls=server_tls)
    for _ in range(2):
        async with server.serving(retry=ONCE) as client, anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(client.ping)

    assert server.connections > 2
    assert len(made) == 1


async def test_certificate_that_nobody_has_signed_is_refused(server_tls: ssl.SSLContext) -> None:
    """The token is not shown to whoever answers there."""
    server = Server(answer(), tls=server_tls)
    async with server.serving(retry=ONCE) as client:
        with pytest.raises(TransportError, match=r"no connection: .*certificate verify failed") as caught:
            await client.call("portal.check", method="POST", safety="write")

    assert caught.value.maybe_applied is False
    assert server.requests == []


@pytest.mark.usefixtures("trusted")
async def test_trouble_of_tls_after_the_handshake_is_a_fault(server_tls: ssl.SSLContext) -> None:
    """A server says of a client's certificate only then that it wants one; what has been sent may have been done."""

    async def serve(stream: TLSStream) -> None:
        async with stream:
            await stream.receive()
            await stream.transport_stream.send(answer())

    async with calling(serve, tls=server_tls, retry=ONCE) as client:
        with pytest.raises(TransportError, match=r"TLS failed \([A-Z_]+\)") as caught:
            await client.call("portal.check", method="POST", safety="write")

    assert caught.value.maybe_applied is True
    assert caught.value.__context__ is None


@pytest.mark.parametrize("greeting", [b"", answer()], ids=["hangs up", "speaks no TLS"])
async def test_handshake_that_fails_leaves_nothing_open(greeting: bytes) -> None:
    """Nothing has been sent, and the other end sees the connection closed."""
    ended = anyio.Event()

    async def serve(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            if greeting:
                await stream.send(greeting)
                with suppress(anyio.BrokenResourceError):
                    async for _ in stream:
                        pass
        ended.set()

    async with calling(serve, scheme="https", retry=ONCE) as client:
        with pytest.raises(TransportError, match="no connection") as caught:
            await client.call("portal.check", method="POST", safety="write")
        with anyio.fail_after(5):
            await ended.wait()

    assert caught.value.maybe_applied is False
