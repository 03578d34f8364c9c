"""
A connection for calls of the API: httpcore's own, without what httpx puts around it.

Imported when a client connects for the first time, as httpx does it: httpcore imports trio where there is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import FunctionType
from typing import Any, TypeAlias

import httpcore
import httpx

from ._connections import Address, Answer, OwnConnection, proxy_for, tls_context, unpacked
from ._network import Network

Tracer: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[None]]
"""What httpcore tells how far an exchange has come."""

_FAULTS = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)


class DirectConnection(OwnConnection):
    """
    One connection to the API, for one exchange at a time.

    httpx's transport looks for a connection in a pool, here a pool of one, and has models of its own around request and
    answer, which is a good part of what a call costs. Where there is a proxy, or somebody has put an instrument on that
    transport, as OpenTelemetry does, it is used all the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self._connection: httpcore.AsyncHTTPConnection | None = None

    async def ask(self, address: Address, query: bytes, seen: Tracer) -> Answer:
        """Send a call, and return the whole answer; `seen` is told nothing where the connection has been made."""
        target = b"%b?%b" % (address.url.raw_path, query)
        connection = await self._usable(address)
        if connection is None:
            # The extension is put in place of the URL's target by httpcore, below whatever logs or traces the URL.
            extensions: dict[str, Any] = {"target": target, "trace": seen}
            request = httpx.Request(address.method, address.url, headers=address.headers, extensions=extensions)
            return await self.handle(request)
        if connection.is_idle():
            return await _exchanged(connection, address, target, {})
        return await self.unless_closed(_exchanged(connection, address, target, {"trace": seen}))

    async def aclose(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.aclose()
        await super().aclose()

    async def _usable(self, address: Address) -> httpcore.AsyncHTTPConnection | None:
        connection, plain = self._connection, _is_plain()
        if connection is not None and (connection.is_closed() or connection.has_expired() or not plain):
            await self.aclose()
            connection = None
        if connection is None and plain and self._transport is None and proxy_for(address.url) is None:
            connection = self._connection = httpcore.AsyncHTTPConnection(
                _url(address, b"").origin, ssl_context=tls_context(address.url.scheme), network_backend=Network()
            )
        return connection


def _is_plain() -> bool:
    """Say whether httpx's transport is as httpx made it; who wraps a function may copy its name, but not its code's."""
    send = httpx.AsyncHTTPTransport.handle_async_request
    return type(send) is FunctionType and send.__code__.co_qualname == "AsyncHTTPTransport.handle_async_request"


async def _exchanged(
    connection: httpcore.AsyncHTTPConnection, address: Address, target: bytes, extensions: dict[str, Any]
) -> Answer:
    try:
        answer = await connection.handle_async_request(
            httpcore.Request(address.method, _url(address, target), headers=address.headers, extensions=extensions)
        )
        body = await answer.aread()
        await answer.aclose()
    except _FAULTS as error:
        fault: httpx.TransportError = getattr(httpx, type(error).__name__)(str(error))
    else:
        return unpacked(Answer(answer.status, answer.headers, body))
    raise fault


def _url(address: Address, target: bytes) -> httpcore.URL:
    return httpcore.URL(scheme=address.scheme, host=address.host, port=address.port, target=target)
