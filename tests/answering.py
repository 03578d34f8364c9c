"""A server on a socket whose answers are known beforehand, byte for byte."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.abc import AnyByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

from cincopa_async import CincopaClient
from tests.conftest import TOKEN

PING = b'{"success": true, "permissions": "asset.read"}'


def answer(body: bytes = PING, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers, b"", body]
    return b"\r\n".join(lines)


def contexts_made(monkeypatch: pytest.MonkeyPatch) -> list[ssl.SSLContext]:
    """The TLS contexts that are made from now on, each of which reads the certificates."""
    made: list[ssl.SSLContext] = []
    create = ssl.create_default_context

    def counted(*args: Any, **options: Any) -> ssl.SSLContext:
        made.append(create(*args, **options))
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", counted)
    return made


@asynccontextmanager
async def calling(
    serve: Callable[[Any], Awaitable[None]], *, tls: ssl.SSLContext | None = None, scheme: str = "http", **options: Any
) -> AsyncIterator[CincopaClient]:
    """A client whose connections `serve` is at the other end of."""
    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    listener = plain if tls is None else TLSListener(plain, tls, standard_compatible=False)
    scheme = scheme if tls is None else "https"
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        base_url = f"{scheme}://127.0.0.1:{plain.extra(SocketAttribute.local_port)}/v2/"
        async with CincopaClient(TOKEN, base_url=base_url, **options) as client:
            yield client
        tasks.cancel_scope.cancel()


class Server:
    """Gives each request the next answer; closes the connection after those that it is told to."""

    def __init__(self, *answers: bytes, closes_after: int | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.closed = anyio.Event()
        self._answers = iter(answers)
        self._closes_after = closes_after
        self._tls = tls

    def serving(self, **options: Any) -> AbstractAsyncContextManager[CincopaClient]:
        return calling(self._serve, tls=self._tls, **options)

    async def _serve(self, stream: AnyByteStream) -> None:
        self.connections += 1
        received = b""
        async with stream:
            async for data in stream:
                received += data
                if received.endswith(b"\r\n\r\n"):
                    self.requests.append(received)
                    received = b""
                    await stream.send(next(self._answers))
                    if len(self.requests) == self._closes_after:
                        break
        self.closed.set()
