"""
The sockets below our own connections, in the shape that httpcore gives to such: anyio's streams.

httpcore's own set a clock around each read and each write. Here the exchange has one as a whole, and the others would
cost more than the reads and writes themselves.
"""

from __future__ import annotations

import functools
import select
import ssl
import sys
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute, TLSStream

_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError)


class Network(httpcore.AsyncNetworkBackend):
    """Makes connections. No timeout is heeded, for none is given: whoever asks has a scope of its own."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        try:
            return NetworkStream(await anyio.connect_tcp(host, port))
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error


class NetworkStream(httpcore.AsyncNetworkStream):
    """The bytes of one connection."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except _BROKEN as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return  # What ends a request without a body.
        try:
            await self._stream.send(buffer)
        except _BROKEN as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        try:
            # Servers hang up without TLS's goodbye. HTTP itself says where an answer ends.
            wrapped = await TLSStream.wrap(
                self._stream, hostname=server_hostname, ssl_context=ssl_context, standard_compatible=False
            )
        except (anyio.EndOfStream, ssl.SSLError, *_BROKEN) as error:
            raise httpcore.ConnectError(str(error)) from error
        return NetworkStream(wrapped)

    def get_extra_info(self, info: str) -> Any:
        """Tell what httpcore asks: which protocol was agreed on, and whether the other end has hung up meanwhile."""
        if info == "is_readable":
            return _is_readable(self._socket)
        return self._stream.extra(TLSAttribute.ssl_object, None) if info == "ssl_object" else None

    @functools.cached_property
    def _socket(self) -> Any:
        return self._stream.extra(SocketAttribute.raw_socket)


def _is_readable(socket: Any) -> bool:
    descriptor = socket.fileno()
    if descriptor < 0:
        return True  # Closed: it was reset.
    if sys.platform == "win32":
        return bool(select.select([descriptor], [], [], 0)[0])
    readable = select.poll()
    readable.register(descriptor, select.POLLIN)
    return bool(readable.poll(0))
