"""What may be given in the place of our own connections: a client or a transport, of httpx or of what is like it."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

import httpx

from ._connections import Answer, Connection, whole
from ._urls import QuietURL


class AnyClient(Protocol):
    """An ``httpx.AsyncClient`` or an ``httpx2.AsyncClient``."""

    def build_request(self, method: str, url: Any, *, headers: Any, extensions: Any) -> Any:
        """Make a request of the client's own kind."""
        ...

    async def send(self, request: Any, *, stream: bool, follow_redirects: Any) -> Any:
        """Send it."""
        ...


class AnyTransport(Protocol):
    """An ``AsyncBaseTransport`` of httpx or httpx2, that of httpx-aiohttp among them."""

    async def handle_async_request(self, request: Any, /) -> Any:
        """Send a request."""
        ...


class Given(ABC):
    """A client or a transport of the user's: one connection for all slots, never closed by us."""

    @abstractmethod
    def request(
        self, method: str, url: httpx.URL, query: str, headers: Mapping[str, str], extensions: dict[str, Any]
    ) -> Any:
        """Return a request for :meth:`handle`, whose `query` nobody sees but those who send it."""

    @abstractmethod
    async def handle(self, request: Any) -> Answer:
        """Send `request`, and return the whole answer."""

    async def aclose(self) -> None:  # noqa: B027 - to do nothing is what all of them do
        """Leave it open: who gave it closes it."""


def given(http_client: AnyClient | None, transport: AnyTransport | None) -> Given | None:
    """
    Return how to send over what was given, None if nothing was.

    No library is imported that the user does not have: who gives an object of a class has imported it.

    Raises:
        TypeError: It is no client, or no transport.
        ValueError: Both were given, or a client that cannot be used.
    """
    if http_client is not None and transport is not None:
        raise ValueError("http_client and transport cannot both be given: one stands in for our own connections")
    if http_client is not None:
        return _given_client(http_client)
    if transport is not None:
        return _given_transport(transport)
    return None


def in_process(http_client: AnyClient | None, transport: AnyTransport | None) -> Connection | None:
    """Return a connection over what was given if that stays in the process, as tests use it; else None."""
    inner: Any = transport or _transport_of(http_client)
    if isinstance(inner, httpx.MockTransport | httpx.ASGITransport):
        return GivenTransport(inner)
    if _is_a(inner, "httpx2", "MockTransport", "ASGITransport"):
        from ._httpx2 import AdoptingTransport  # noqa: PLC0415 - it imports httpx2

        return AdoptingTransport(inner)
    return None


class GivenClient(Given):
    """An ``httpx.AsyncClient``."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def request(
        self, method: str, url: httpx.URL, query: str, headers: Mapping[str, str], extensions: dict[str, Any]
    ) -> httpx.Request:
        """Return a request with what the client adds to each of its own."""
        request = self._client.build_request(method, url, headers=without_encoding(headers), extensions=extensions)
        request.url = QuietURL(f"{url}?{query}")
        return request

    async def handle(self, request: httpx.Request) -> Answer:
        """Send it, its redirects not followed, and read the answer."""
        return await whole(await self._client.send(request, stream=True, follow_redirects=False))


class GivenTransport(Given):
    """A transport of httpx."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    def request(
        self, method: str, url: httpx.URL, query: str, headers: Mapping[str, str], extensions: dict[str, Any]
    ) -> httpx.Request:
        """Return a request."""
        request = httpx.Request(method, url, headers=headers, extensions=extensions)
        request.url = QuietURL(f"{url}?{query}")
        return request

    async def handle(self, request: httpx.Request) -> Answer:
        """Send it, and read the answer."""
        return await whole(await self._transport.handle_async_request(request))


def without_encoding(headers: Mapping[str, str]) -> dict[str, str]:
    """Return our headers without what an answer may be packed with: the client unpacks it, so the client says."""
    return {name: value for name, value in headers.items() if name != "Accept-Encoding"}


def _given_client(client: Any) -> Given:
    if _is_aiohttp(_transport_of(client)):
        # Its transport sends the text of a URL, and the client logs that.
        raise ValueError("http_client must not go over aiohttp, or its log would show the token: give the transport")
    if isinstance(client, httpx.AsyncClient):
        return GivenClient(client)
    if _is_a(client, "httpx2", "AsyncClient"):
        from ._httpx2 import GivenHttpx2Client  # noqa: PLC0415 - it imports httpx2

        return GivenHttpx2Client(client)
    raise TypeError("http_client must be an httpx.AsyncClient or an httpx2.AsyncClient")


def _given_transport(transport: Any) -> Given:
    if _is_aiohttp(transport):
        from ._aiohttp import GivenAiohttp  # noqa: PLC0415 - it imports aiohttp

        return GivenAiohttp(transport)
    if isinstance(transport, httpx.AsyncBaseTransport):
        return GivenTransport(transport)
    if _is_a(transport, "httpx2", "AsyncBaseTransport"):
        from ._httpx2 import GivenHttpx2Transport  # noqa: PLC0415 - it imports httpx2

        return GivenHttpx2Transport(transport)
    raise TypeError("transport must be an AsyncBaseTransport of httpx or httpx2, such as httpx.AsyncHTTPTransport")


def _transport_of(client: object) -> Any:
    return getattr(client, "_transport", None)  # Nowhere to be asked in public.


def _is_aiohttp(transport: object) -> bool:
    modules = ("httpx_aiohttp", "httpx_aiohttp.httpx2")
    return any(_is_a(transport, module, "AiohttpTransport") for module in modules)


def _is_a(thing: object, module: str, *names: str) -> bool:
    library = sys.modules.get(module)
    return library is not None and isinstance(thing, tuple(getattr(library, name) for name in names))
