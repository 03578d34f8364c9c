"""
Makes requests over HTTP, one connection each: reads an input, posts to a hook.

Not with httpx: it logs every URL, and an input may be a signed link, a hook's URL hold a key; its pool costs more with
each of thousands of uploads, and loses connections when an abort cancels a request that is being connected (httpcore
1.0.9); and a body left unread leaves suspended generators behind, which trio warns of.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
import anyio.abc
import anyio.to_thread
import h11
import httpx

BROKEN = (OSError, anyio.BrokenResourceError, h11.ProtocolError)
"""What is raised, besides :class:`SourceError`, where an exchange breaks off; a timeout is an OSError."""

_CHUNK = 64 * 1024
_NOWHERE = ".invalid"
"""The end of names that resolve nowhere (RFC 2606)."""
_SILENT = "192.0.2."
"""The beginning of addresses that are kept for documents (RFC 5737): nobody answers there."""
_UNREACHABLE = "the connection to the input was refused, or its host is unknown"


class SourceError(Exception):
    """The input cannot be had; its text becomes the reason that the upload's status tells."""


class FetchedBody:
    """An answer, its body still to be read."""

    def __init__(self, stream: anyio.abc.ByteStream, timeout: float) -> None:
        self._stream = stream
        self._timeout = timeout
        self._connection = h11.Connection(h11.CLIENT)
        self.status = 0
        self.headers: Mapping[str, str] = {}

    async def request(self, url: httpx.URL, content: bytes | None, further: Mapping[str, str]) -> None:
        """Send a GET, or a POST with headers of its own, and read the answer's headers."""
        headers = [
            (b"host", url.netloc),
            (b"accept", b"*/*"),
            # Compressed on the way, neither the length nor the bytes would be the input's own.
            (b"accept-encoding", b"identity"),
            (b"user-agent", b"cincopa-fake"),
            (b"connection", b"close"),
        ]
        if content is not None:
            headers += [(name.encode(), value.encode()) for name, value in further.items()]
            headers += [(b"content-length", b"%d" % len(content))]
        method = "GET" if content is None else "POST"
        parts = (
            h11.Request(method=method, target=url.raw_path, headers=headers),
            h11.Data(content or b""),
            h11.EndOfMessage(),
        )
        with anyio.fail_after(self._timeout):
            await self._stream.send(b"".join(self._connection.send(part) or b"" for part in parts))
        event = await self._next_event()
        while not isinstance(event, h11.Response):  # Hints come before it; an early end h11 raises for.
            event = await self._next_event()
        self.status = event.status_code
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}

    async def receive(self) -> bytes:
        event = await self._next_event()
        return bytes(event.data) if isinstance(event, h11.Data) else b""

    async def _next_event(self) -> object:
        while (event := self._connection.next_event()) is h11.NEED_DATA:
            try:
                with anyio.fail_after(self._timeout):
                    data = await self._stream.receive(_CHUNK)
            except anyio.EndOfStream:
                data = b""
            self._connection.receive_data(data)
        return event


class Fetcher:
    """Opens URLs, with a bound in seconds for connecting and for each read."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._tls: ssl.SSLContext | None = None

    @asynccontextmanager
    async def open(
        self, url: httpx.URL, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[FetchedBody]:
        """Connect and ask, by a POST where there is `content`; closes the connection at the end."""
        async with await self._connect(url) as stream:
            body = FetchedBody(stream, self._timeout)
            await body.request(url, content, headers or {})
            yield body

    async def _connect(self, url: httpx.URL) -> anyio.abc.ByteStream:
        # Without the network these are as they would be with one, whatever answers in its place.
        if url.host.endswith(_NOWHERE):
            raise SourceError(_UNREACHABLE)
        try:
            with anyio.fail_after(self._timeout):
                if url.host.startswith(_SILENT):
                    await anyio.sleep_forever()
                if url.scheme == "http":
                    return await anyio.connect_tcp(url.host, url.port or 80)
                tls = await self._tls_context()
                return await anyio.connect_tcp(
                    url.host, url.port or 443, ssl_context=tls, tls_standard_compatible=False
                )
        except TimeoutError:
            raise
        except (OSError, UnicodeError, anyio.EndOfStream) as error:  # UnicodeError: a name that cannot be looked up.
            raise SourceError(_UNREACHABLE) from error

    async def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:  # Made once, for it reads the trusted certificates from disk.
            self._tls = await anyio.to_thread.run_sync(httpx.create_ssl_context)
        return self._tls
