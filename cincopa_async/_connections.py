"""What an exchange goes over, and our own connections; what may be given in their place lives in ``_given.py``."""

from __future__ import annotations

import functools
import logging
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar
from urllib.request import getproxies, proxy_bypass

import anyio
import httpx
from attrs import Factory, field, frozen

from ._urls import QuietURL

T = TypeVar("T")

_QUERY_WITH_TOKEN = re.compile(r"\?[^\s'\"]*api_token=[^\s'\"]*")

masked: ContextVar[Callable[[str], str] | None] = ContextVar("cincopa_async_masked", default=None)
"""What takes secrets out of httpcore's log while an exchange is under way whose secret is not the token."""


@frozen
class Address:
    """Where a call goes and with which headers: the same each time that it is sent."""

    url: httpx.URL
    method: str
    headers: list[tuple[bytes, bytes]]
    scheme: bytes = field(init=False, default=Factory(lambda self: self.url.raw_scheme, takes_self=True))
    host: bytes = field(init=False, default=Factory(lambda self: self.url.raw_host, takes_self=True))
    port: int | None = field(init=False, default=Factory(lambda self: self.url.port, takes_self=True))


@frozen
class Answer:
    """What came back, the body whole."""

    status_code: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """Return the value of the header of that name, in small letters."""
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == name), None)


async def whole(response: Any, kind: type[Any] = httpx.Response) -> Answer:
    """Read a response of httpx, or of what is like it and has such a `kind` of responses."""
    if response.is_stream_consumed:  # By a hook of a given client, or it never came over a wire.
        return Answer(response.status_code, response.headers.raw, response.content)
    # Unpacked only when it has been read to its end: what cannot be would leave the generators of httpx half way.
    body = b"".join([piece async for piece in response.aiter_raw()])
    return unpacked(Answer(response.status_code, response.headers.raw, body), kind)


def unpacked(answer: Answer, kind: type[Any] = httpx.Response) -> Answer:
    """Return an answer whose body was read as it was sent with what that was packed from, as this `kind` unpacks it."""
    if answer.header(b"content-encoding") is None:
        return answer
    body = kind(answer.status_code, headers=answer.headers, content=answer.body).content
    return Answer(answer.status_code, answer.headers, body)


class Connection(Protocol):
    """What an exchange goes over."""

    async def handle(self, request: Any) -> Answer:
        """Send `request`, and return the whole answer."""
        ...

    async def aclose(self) -> None:
        """Close it, the socket before the first time that it yields."""
        ...


class OwnConnection:
    """One connection of our own: a transport of httpx whose pool has room for one, to where the last request went."""

    def __init__(self) -> None:
        self._origin: tuple[bytes, bytes] | None = None
        self._transport: httpx.AsyncHTTPTransport | None = None
        self._proxy: httpx.Proxy | None = None
        self._under_way: anyio.CancelScope | None = None

    async def handle(self, request: httpx.Request) -> Answer:
        """Send `request`, and return the whole answer."""
        return await self.unless_closed(self._handled(request))

    async def aclose(self) -> None:
        if self._under_way is not None:
            self._under_way.cancel()
        if self._transport is not None:
            await self._transport.aclose()

    async def unless_closed(self, exchange: Awaitable[T]) -> T:
        """Return what an exchange comes to, which ends when this is closed: httpcore goes on with a handshake then."""
        with anyio.CancelScope() as scope:
            self._under_way = scope
            try:
                return await exchange
            finally:
                self._under_way = None
        raise httpx.ReadError("closed meanwhile")

    async def _handled(self, request: httpx.Request) -> Answer:
        transport = await self._transport_to(request.url)
        if self._proxy is not None and "target" in request.extensions:
            # httpcore would show a proxy the target in place of the whole URL, and in place of the host of a tunnel.
            target: bytes = request.extensions.pop("target")
            request.url = QuietURL(str(request.url.join(target.decode("ascii"))))
        return await whole(await transport.handle_async_request(request))

    async def _transport_to(self, url: httpx.URL) -> httpx.AsyncHTTPTransport:
        origin = (url.raw_scheme, url.netloc)
        if self._transport is None or origin != self._origin:
            if self._transport is not None:
                await self._transport.aclose()
            proxy = proxy_for(url)  # Each host has its own: the environment names those that have none.
            self._transport = _transport_of_one(url, proxy)
            self._origin, self._proxy = origin, proxy
        return self._transport


def _transport_of_one(url: httpx.URL, proxy: httpx.Proxy | None) -> httpx.AsyncHTTPTransport:
    try:
        return httpx.AsyncHTTPTransport(
            verify=tls_context(url.scheme),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None),
            proxy=proxy,
        )
    except ImportError:
        raise httpx.ConnectError("the environment names a SOCKS proxy, which takes httpx[socks]") from None


@functools.cache
def tls_context(scheme: str) -> ssl.SSLContext:
    """Return the one context of the process for that kind of URL."""
    # Reading the certificates takes longer than many calls. Plain HTTP needs none of them.
    return httpx.create_ssl_context() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def proxy_for(url: httpx.URL) -> httpx.Proxy | None:
    """
    Return the proxy of the environment, which a bare transport of httpx does not look for.

    Raises:
        httpx.ConnectError: It cannot be used.
    """
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(url.netloc.decode("ascii")):
        return None
    try:
        found = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
    except (ValueError, httpx.InvalidURL):
        found = None
    if found is None:  # Outside the except: what was raised may hold the proxy's password.
        raise httpx.ConnectError("the environment names a proxy whose URL cannot be used")
    if found.url.scheme == "https":
        found.ssl_context = tls_context("https")
    return found


class _QuietQueries(logging.Filter):
    """
    Takes what is secret out of the logs of httpcore and what it stands on.

    They log all headers, where a redirect's repeats the query, and with HTTP/2 the path is one.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _QUERY_WITH_TOKEN.sub("?[query]", record.getMessage()), None
        mask = masked.get()
        if mask is not None:
            record.msg = mask(record.msg)
        return True


# httpcore2 is what httpx2 stands on, hpack what writes and reads the headers of HTTP/2.
for _name in ("httpcore.http11", "httpcore.http2", "httpcore2.http11", "httpcore2.http2", "hpack.hpack", "hpack.table"):
    logging.getLogger(_name).addFilter(_QuietQueries())
