"""The one room that does I/O: a call as it goes over the wire, the token put in as the last thing."""

from __future__ import annotations

import functools
import logging
import re
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, Protocol
from urllib.parse import quote
from urllib.request import getproxies, proxy_bypass

import anyio
import httpx

from ._calls import Call
from ._codec import Reply
from ._redact import without_secrets
from ._version import __version__
from .errors import RequestTimeoutError, TransportError

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": f"cincopa-async/{__version__}",
}
_QUERY_WITH_TOKEN = re.compile(r"\?[^\s'\"]*api_token=[^\s'\"]*")
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Connection(Protocol):
    """What an exchange goes over."""

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; the response's body is still to be read."""
        ...

    async def aclose(self) -> None:
        """Close it, the socket before the first time that it yields."""
        ...


class Transport:
    """Sends calls to one base URL, each within `timeout` seconds from here to the last byte."""

    def __init__(
        self,
        base_url: str,
        timeout: float,
        http_client: httpx.AsyncClient | None,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self._base = httpx.URL(base_url)
        self._timeout = timeout
        self._http_client = http_client
        self._transport = transport
        self._urls: dict[str, httpx.URL] = {}
        self.is_ours = http_client is None and transport is None
        """Whether connections are ours, to be closed and replaced; an exchange of a given one is not broken off."""

    def connect(self) -> Connection:
        """Return a connection for a slot, which is only made when it is first used."""
        if self._http_client is not None:
            return _GivenClient(self._http_client)
        if self._transport is not None:
            return _GivenTransport(self._transport)
        return _OwnConnection(self._base)

    async def exchange(self, connection: Connection, call: Call[Any], token: str) -> Reply:
        """
        Send `call` once and return what came back, whatever it says.

        Raises:
            TransportError: No whole answer came, or none in time.
        """
        seen = _Trace()
        request = self._request(call, token, seen)
        try:
            with anyio.fail_after(self._timeout):
                response = await connection.handle(request)
                body = await response.aread()
        except TimeoutError:
            reason = f"no whole answer within {self._timeout:g} s"
            fault: TransportError = RequestTimeoutError(call.name, reason)
            applied = seen.phase != "connecting"
        except (httpx.RequestError, httpx.HTTPStatusError) as error:  # The latter from a hook of a given client.
            kind = RequestTimeoutError if isinstance(error, httpx.TimeoutException) else TransportError
            fault = kind(call.name, _reason(error, token))
            applied = not isinstance(error, _NEVER_SENT) and seen.phase != "connecting"
        else:
            return Reply(
                status_code=response.status_code,
                body=body,
                token=token,
                retry_after=_seconds(response.headers.get("Retry-After")),
            )
        finally:
            if seen.phase == "connecting":
                await seen.close()
        # Outside the except: httpx's errors hold the request, and the request holds the token.
        fault.maybe_applied = applied and call.safety != "read"
        raise fault

    def _request(self, call: Call[Any], token: str, seen: _Trace) -> httpx.Request:
        url = self._url(call.name)
        query = call.query()
        secret = f"{query}&api_token={quote(token, safe='')}" if query else f"api_token={quote(token, safe='')}"
        if self.is_ours:
            # The extension is put in place of the URL's target by httpcore, below whatever logs or traces the URL.
            target = b"%b?%b" % (url.raw_path, secret.encode("ascii"))
            return httpx.Request(call.method, url, headers=_HEADERS, extensions={"target": target, "trace": seen})
        extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self._timeout)}
        if self._http_client is not None:
            headers = {name: value for name, value in _HEADERS.items() if name != "Accept-Encoding"}
            request = self._http_client.build_request(call.method, url, headers=headers, extensions=extensions)
        else:
            request = httpx.Request(call.method, url, headers=_HEADERS, extensions=extensions)
        # httpx-aiohttp sends the text of the URL; nothing of httpx's own logs it below a transport.
        as_text = type(self._transport).__module__.partition(".")[0] == "httpx_aiohttp"
        request.url = (httpx.URL if as_text else _QuietURL)(f"{url}?{secret}")
        return request

    def _url(self, name: str) -> httpx.URL:
        url = self._urls.get(name)
        if url is None:
            url = self._urls[name] = self._base.join(name if name.endswith(".iframe") else f"{name}.json")
        return url


class _OwnConnection:
    """One connection of our own: a transport of httpx whose pool has room for one."""

    def __init__(self, base: httpx.URL) -> None:
        self._base = base
        self._transport: httpx.AsyncHTTPTransport | None = None
        self._proxy: str | None = None

    async def handle(self, request: httpx.Request) -> httpx.Response:
        if self._transport is None:
            self._proxy = _proxy_for(self._base)
            self._transport = httpx.AsyncHTTPTransport(
                verify=_tls_context(self._base.scheme),
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None),
                proxy=self._proxy,
            )
        if self._proxy is not None:
            # httpcore would show a proxy the target in place of the whole URL, and in place of the host of a tunnel.
            target: bytes = request.extensions.pop("target")
            request.url = _QuietURL(str(self._base.join(target.decode("ascii"))))
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()


class _GivenTransport:
    """A transport of the user's, shared by all slots and never closed by us."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        return None


class _GivenClient:
    """An httpx.AsyncClient of the user's, shared by all slots and never closed by us."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def handle(self, request: httpx.Request) -> httpx.Response:
        return await self._client.send(request, stream=True, follow_redirects=False)

    async def aclose(self) -> None:
        return None


class _QuietURL(httpx.URL):
    """A URL that says its query to nobody but those who send it: httpx logs every URL, and so do hooks and tracers."""

    def __str__(self) -> str:
        return str(self.copy_with(query=None))

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"


class _Trace:
    """How far an exchange has come, as httpcore tells it."""

    def __init__(self) -> None:
        self.phase: Literal["unknown", "connecting", "sent"] = "unknown"
        self._stream: Any = None

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self.phase = "connecting"
        elif event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._stream = info["return_value"]
        elif event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self.phase = "sent"

    async def close(self) -> None:
        """Close the socket of a connection that was never finished: httpcore itself would leave it open."""
        if self._stream is not None:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()


class _QuietQueries(logging.Filter):
    """Takes queries that hold a token out of httpcore's log: it logs all headers, and a redirect's repeats them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _QUERY_WITH_TOKEN.sub("?[query]", str(record.msg))
        return True


for _name in ("httpcore.http11", "httpcore.http2"):
    logging.getLogger(_name).addFilter(_QuietQueries())


@functools.cache
def _tls_context(scheme: str) -> ssl.SSLContext:
    # One a process: reading the certificates takes longer than many calls. Plain HTTP needs none of them.
    return httpx.create_ssl_context() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy_for(base: httpx.URL) -> str | None:
    """The proxy of the environment, which a bare transport of httpx does not look for."""
    proxies = getproxies()
    proxy = proxies.get(base.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(base.netloc.decode("ascii")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _reason(error: httpx.HTTPError, token: str) -> str:
    if isinstance(error, httpx.ConnectError):
        # The system's words, or a given transport's; those of other errors may quote what was sent.
        return f"no connection: {without_secrets(str(error), token)}"
    words: dict[type[httpx.HTTPError], str] = {
        httpx.ConnectTimeout: "no connection in time",
        httpx.PoolTimeout: "the given client's pool had no connection free in time",
        httpx.ReadError: "the connection broke while the answer was read",
        httpx.WriteError: "the connection broke while the request was sent",
        httpx.RemoteProtocolError: "the server broke off, or answered with what is not HTTP",
        httpx.ProxyError: "the proxy refused the connection",
    }
    return words.get(type(error), f"the exchange failed ({type(error).__name__})")


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After, which is a number of seconds or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        date = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
