"""The one room that does I/O: a call as it goes over the wire, the token put in as the last thing."""

from __future__ import annotations

import functools
import math
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, cast
from urllib.parse import quote

import anyio
import httpx

from ._calls import Call
from ._codec import Reply
from ._connections import Address, Answer, Connection, OwnConnection, masked
from ._given import AnyClient, AnyTransport, given, in_process
from ._redact import without_capability, without_secrets
from ._urls import ExactURL
from ._version import __version__
from .errors import RequestTimeoutError, TransportError

if TYPE_CHECKING:
    from ._direct import DirectConnection

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": f"cincopa-async/{__version__}",
}
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Transport:
    """Sends calls to one base URL, each within `timeout` seconds from here to the last byte."""

    def __init__(
        self,
        base_url: str,
        timeout: float,
        http_client: AnyClient | None,
        transport: AnyTransport | None,
    ) -> None:
        self._given = given(http_client, transport)
        self._in_process = in_process(http_client, transport)
        if not isinstance(timeout, int | float) or isinstance(timeout, bool) or not 0 < timeout < math.inf:
            raise ValueError("timeout must be a number of seconds above 0")
        self._base = httpx.URL(base_url)
        self._timeout = timeout
        self._urls: dict[str, httpx.URL] = {}
        self._addresses: dict[tuple[str, str], Address] = {}
        self.is_ours: bool = self._given is None
        """Whether connections are ours, to be closed and replaced; an exchange of a given one is not broken off."""

    def connect(self) -> Connection:
        """Return a connection for a slot, which is only made when it is first used."""
        if self._given is not None:
            return self._given
        from ._direct import DirectConnection  # See there why only now.

        return DirectConnection()

    def connect_upload(self) -> Connection:
        """
        Return a connection for files: our own, for one that was given may encode an upload URL anew.

        A given one that stays in the process, as tests use them, is taken all the same: nothing is to leave it.
        """
        return self._in_process or OwnConnection()

    async def exchange(self, connection: Connection, call: Call[Any], token: str) -> Reply:
        """
        Send `call` once and return what came back, whatever it says.

        Raises:
            TransportError: No whole answer came, or none in time.
        """
        seen = _Trace()
        hide = functools.partial(without_secrets, token=token)
        query = _query(call, token)
        if self._given is None:
            answered = cast("DirectConnection", connection).ask(self._address(call), query.encode("ascii"), seen)
        else:
            extensions = {
                "timeout": dict.fromkeys(("connect", "read", "write", "pool"), self._timeout),
                "trace": seen,  # httpcore2 tells the same.
            }
            request = self._given.request(call.method, self._url(call.name), query, _HEADERS, extensions)
            answered = connection.handle(request)
        try:
            return await self._exchanged(answered, seen, name=call.name, secret=token, hide=hide)
        except TransportError as error:
            error.maybe_applied = error.maybe_applied and call.safety != "read"
            raise

    async def post(self, connection: Connection, url: ExactURL, headers: Mapping[str, str], body: Pieces) -> Reply:
        """
        Send a body to `url` byte for byte, and return what came back, whatever it says; no token goes with it.

        Each piece of the body has the timeout for itself, and so has the answer; `body` may take any time to give one.

        Raises:
            TransportError: No whole answer came, or none in time; `maybe_applied` says whether the body was complete.
            Exception: What `body` raised.
        """
        seen, paced = _Trace(), _PacedBody(body, self._timeout)
        capability = f"?{url.query.decode('ascii')}"
        sent = {"Host": url.netloc.decode("ascii"), "User-Agent": _HEADERS["User-Agent"], "Accept": "*/*", **headers}
        request = httpx.Request("POST", url, headers=sent, stream=paced, extensions={"trace": seen})
        request.url = url  # It made a copy, which encodes anew.
        hide = functools.partial(without_capability, url=capability)
        before = masked.set(hide)
        try:
            answered = connection.handle(request)
            reply = await self._exchanged(answered, seen, name=body.name, secret=capability, hide=hide, paced=paced)
        except Exception as error:
            if paced.failure is None:
                if isinstance(error, TransportError):
                    error.maybe_applied = error.maybe_applied and body.complete
                raise
        else:
            if paced.failure is None:
                return reply
        finally:
            masked.reset(before)
        raise paced.failure

    async def _exchanged(
        self,
        answered: Awaitable[Answer],
        seen: _Trace,
        *,
        name: str,
        secret: str,
        hide: Callable[[str], str],
        paced: _PacedBody | None = None,
    ) -> Reply:
        try:
            with anyio.fail_after(self._timeout) as clock:
                if paced is not None:
                    paced.clock = clock
                answer = await answered
        except TimeoutError:
            reason = f"no whole answer within {self._timeout:g} s"
            fault: TransportError = RequestTimeoutError(name, reason)
            fault.maybe_applied = seen.phase != "connecting"
        except (httpx.RequestError, httpx.HTTPStatusError) as error:  # The latter from a hook of a given client.
            kind = RequestTimeoutError if isinstance(error, httpx.TimeoutException) else TransportError
            fault = kind(name, _reason(error, hide))
            fault.maybe_applied = not isinstance(error, _NEVER_SENT) and seen.phase != "connecting"
        except ssl.SSLError as error:  # What the other end says of TLS after the handshake: httpx lets it through.
            fault = TransportError(name, f"TLS failed ({error.reason or type(error).__name__})")
            fault.maybe_applied = seen.phase != "connecting"
        except Exception as error:
            # uvloop has no socket any more for a connection that was reset as soon as it was made, and anyio 4.16 asks
            # it for the other end's address. And what a SOCKS proxy answers is read by socksio, which has own errors.
            below = isinstance(error, AttributeError) or type(error).__module__.startswith("socksio")
            if seen.phase != "connecting" or not below:
                raise
            fault = TransportError(name, "no connection: it was reset at once")
        else:
            later = None if answer.status_code == 200 else _seconds(answer.header(b"retry-after"))
            return Reply(
                status_code=answer.status_code,
                body=answer.body,
                token=secret,
                retry_after=later,
                headers=answer.headers,
            )
        finally:
            if seen.phase == "connecting":
                await seen.close()
        # Outside the except: httpx's errors hold the request, and the request holds the secret.
        raise fault

    def _address(self, call: Call[Any]) -> Address:
        address = self._addresses.get((call.method, call.name))
        if address is None:
            url = self._url(call.name)
            headers = httpx.Request(call.method, url, headers=_HEADERS).headers.raw
            address = self._addresses[call.method, call.name] = Address(url, call.method, headers)
        return address

    def _url(self, name: str) -> httpx.URL:
        url = self._urls.get(name)
        if url is None:
            url = self._urls[name] = self._base.join(name if name.endswith(".iframe") else f"{name}.json")
        return url


def _query(call: Call[Any], token: str) -> str:
    query = call.query
    secret = f"api_token={quote(token, safe='')}"
    return f"{query}&{secret}" if query else secret


class Pieces(Protocol):
    """The body of a request, a piece at a time."""

    @property
    def name(self) -> str:
        """What errors call the exchange."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the last piece has been handed out; before, nobody can have it all."""
        ...

    async def __anext__(self) -> bytes:
        """Return the next piece."""
        ...


class _PacedBody(httpx.AsyncByteStream):
    """
    Hands out pieces, each to be sent within `timeout` seconds.

    No generator: one that a broken exchange left unfinished would be a warning on trio.
    """

    def __init__(self, pieces: Pieces, timeout: float) -> None:
        self._pieces = pieces
        self._timeout = timeout
        self.clock = anyio.CancelScope()
        self.failure: Exception | None = None
        """What the pieces raised: it looks like a fault of the connection if it is a TimeoutError, for one."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        self._move_deadline(math.inf)
        try:
            return await self._pieces.__anext__()
        except StopAsyncIteration:
            raise
        except Exception as error:
            self.failure = error
            raise
        finally:
            self._move_deadline(anyio.current_time() + self._timeout)

    def _move_deadline(self, deadline: float) -> None:
        if not self.clock.cancel_called:  # Else time is up, and fail_after looks at the deadline to see that it was.
            self.clock.deadline = deadline


class _Trace:
    """How far an exchange has come, as httpcore tells it."""

    def __init__(self) -> None:
        self.phase: Literal["unknown", "connecting", "sent"] = "unknown"
        self._stream: Any = None

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        # A connection begins with these words too where it goes through a SOCKS proxy: "socks.connect_tcp.started".
        if event.endswith(".connect_tcp.started"):
            self.phase = "connecting"
        elif event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._stream = info["return_value"]
        elif event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self.phase = "sent"

    async def close(self) -> None:
        """Close the socket of a connection that was never finished: httpcore itself would leave it open."""
        if self._stream is not None:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()


def _reason(error: httpx.HTTPError, hide: Callable[[str], str]) -> str:
    if isinstance(error, httpx.ConnectError):
        # The system's words, or a given transport's; those of other errors may quote what was sent.
        return f"no connection: {hide(str(error))}" if str(error) else "no connection: the handshake was broken off"
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
