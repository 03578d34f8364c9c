"""
The aiohttp session of an httpx-aiohttp transport. Imported where one was given, for aiohttp need not be installed.

The session is used as it is, past the transport's own way of sending, which would not keep what is promised. That
encodes URLs anew and shows them, token and all, to whatever traces aiohttp; it takes a server that hangs up for a
connection that was never made; and it has a GET that broke off sent a second time, be it a read or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult

import aiohttp
import httpx
from attrs import frozen
from yarl import URL

from ._connections import Answer, unpacked
from ._given import Given

# The exchange has one clock, that of its caller. aiohttp's own would round up to whole seconds.
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)

# The first that applies.
_FAULTS: tuple[tuple[type[Exception], type[httpx.RequestError]], ...] = (
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ServerFingerprintMismatch, httpx.ConnectError),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ClientPayloadError, httpx.ReadError),
    (aiohttp.ClientOSError, httpx.ReadError),
    (aiohttp.ClientError, httpx.RemoteProtocolError),
)


@frozen
class _Request:
    method: str
    url: URL
    """What may be seen."""
    whole: URL
    """What is sent."""
    headers: Mapping[str, str]


class GivenAiohttp(Given):
    """An ``AiohttpTransport`` of httpx-aiohttp, be it for httpx or for httpx2."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._proxy = _proxy_of(transport)

    def request(
        self, method: str, url: httpx.URL, query: str, headers: Mapping[str, str], extensions: dict[str, Any]
    ) -> _Request:
        """Return a request whose URL is sent byte for byte: aiohttp would encode a text anew."""
        scheme, host, path = url.scheme, url.netloc.decode("ascii"), url.raw_path.decode("ascii")
        shown = URL(SplitResult(scheme, host, path, "", ""), encoded=True)
        whole = URL(SplitResult(scheme, host, path, query, ""), encoded=True)
        return _Request(method, shown, whole, headers)

    async def handle(self, request: _Request) -> Answer:
        """Send it, its redirects not followed, and read the answer."""

        async def send_whole(sent: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            sent.url = request.whole
            try:
                return await send(sent)
            except aiohttp.ClientConnectorError:
                raise  # There was no connection, and it says that without the URL.
            except aiohttp.ClientError as error:
                broken_off = _BrokenOffError(_kind_of(error))
            raise broken_off

        with _faults_of_httpx():
            async with self._session().request(
                request.method,
                request.url,
                headers=request.headers,
                skip_auto_headers=("Content-Type",),
                allow_redirects=False,
                auto_decompress=False,
                raise_for_status=False,
                timeout=_NO_TIMEOUT,
                middlewares=(send_whole,),
                **self._proxy,
            ) as answer:
                body = await answer.read()
        return unpacked(Answer(answer.status, answer.raw_headers, body))

    def _session(self) -> aiohttp.ClientSession:
        if not isinstance(self._transport.client, aiohttp.ClientSession):
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                raise RuntimeError("an AiohttpTransport runs on asyncio alone, not on trio") from None
            # Where the transport would put it itself, so that closing the transport closes it.
            self._transport.client = self._transport.get_client()
        session: aiohttp.ClientSession = self._transport.client
        return session


class _BrokenOffError(aiohttp.ClientError):
    """
    An exchange broke off.

    It is none of the errors after which aiohttp sends a GET again, and unlike some of them holds no URL: whatever
    traces aiohttp is shown it.
    """

    def __init__(self, kind: type[httpx.RequestError]) -> None:
        super().__init__("the exchange broke off")
        self.kind = kind


def _proxy_of(transport: Any) -> dict[str, Any]:
    proxy: httpx.Proxy | None = transport.proxy
    if proxy is None:
        return {}
    # aiohttp's own argument for it is deprecated, and a header would reach the proxies of https alone.
    user, password = proxy.auth or (None, None)
    return {"proxy": str(proxy.url.copy_with(username=user, password=password)), "proxy_headers": proxy.headers}


@contextmanager
def _faults_of_httpx() -> Iterator[None]:
    try:
        yield
    except aiohttp.ClientError as error:
        fault = _kind_of(error)(str(error))
    else:
        return
    raise fault  # Outside the except: the error may hold the URL, and with it the token.


def _kind_of(error: aiohttp.ClientError) -> type[httpx.RequestError]:
    if isinstance(error, _BrokenOffError):
        return error.kind
    return next(kind for known, kind in _FAULTS if isinstance(error, known))
