"""A client or a transport of httpx2 that was given. Imported where there is one, for httpx2 need not be installed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import httpx2

from ._connections import Answer, whole
from ._given import Given, without_encoding


class GivenHttpx2Client(Given):
    """An ``httpx2.AsyncClient``."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    def request(
        self, method: str, url: httpx.URL, query: str, headers: Mapping[str, str], extensions: dict[str, Any]
    ) -> httpx2.Request:
        """Return a request with what the client adds to each of its own."""
        request = self._client.build_request(method, str(url), headers=without_encoding(headers), extensions=extensions)
        request.url = _QuietURL(f"{url}?{query}")
        return request

    async def handle(self, request: httpx2.Request) -> Answer:
        """Send it, its redirects not followed, and read the answer."""
        with _faults_of_httpx():
            response = await self._client.send(request, stream=True, follow_redirects=False)
            return await whole(response, httpx2.Response)


class GivenHttpx2Transport(Given):
    """A transport of httpx2."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    def request(
        self, method: str, url: httpx.URL, query: str, headers: Mapping[str, str], extensions: dict[str, Any]
    ) -> httpx2.Request:
        """Return a request."""
        request = httpx2.Request(method, str(url), headers=headers, extensions=extensions)
        request.url = _QuietURL(f"{url}?{query}")
        return request

    async def handle(self, request: httpx2.Request) -> Answer:
        """Send it, and read the answer."""
        with _faults_of_httpx():
            response = await self._transport.handle_async_request(request)
            return await whole(response, httpx2.Response)


class AdoptingTransport:
    """A transport of httpx2 that stays in the process, for what is sent as a request of httpx: the chunks of files."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = GivenHttpx2Transport(transport)

    async def handle(self, request: httpx.Request) -> Answer:
        """Send it."""
        adopted = httpx2.Request(request.method, "", headers=request.headers.raw, stream=_Stream(request.stream))
        adopted.url = _ExactURL(request.url)
        return await self._transport.handle(adopted)

    async def aclose(self) -> None:
        """Leave it open: who gave it closes it."""


class _QuietURL(httpx2.URL):
    """What ``_urls.QuietURL`` is to httpx."""

    def __str__(self) -> str:
        return str(self.copy_with(query=None))

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"


class _ExactURL(_QuietURL):
    """A URL whose target is sent byte for byte."""

    def __init__(self, url: httpx.URL) -> None:
        super().__init__(f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii')}")
        self._target = url.raw_path

    @property
    def raw_path(self) -> bytes:
        return self._target

    @property
    def query(self) -> bytes:
        return self._target.partition(b"?")[2]


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        iterator: AsyncIterator[bytes] = self._stream.__aiter__()
        return iterator


@contextmanager
def _faults_of_httpx() -> Iterator[None]:
    try:
        yield
    except httpx2.HTTPError as error:
        fault = _as_of_httpx(error)
    else:
        return
    raise fault  # Outside the except: the error holds the request, and the request holds the token.


def _as_of_httpx(error: httpx2.HTTPError) -> httpx.RequestError:
    """Return the error of httpx that is called so, or as a base of it is; httpx2 may come to have more of them."""
    for kind in type(error).__mro__:
        mine = getattr(httpx, kind.__name__, None)
        if isinstance(mine, type) and issubclass(mine, httpx.RequestError):
            return mine(str(error))
    return httpx.RequestError(str(error))  # An HTTPStatusError, which a hook of the client raises.
