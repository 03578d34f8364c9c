"""The client: how it is made, whose connections it uses, and what it sends."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import httpx
import pytest
import respx

from cincopa_async import (
    APIError,
    CincopaClient,
    RequestTimeoutError,
    RetryPolicy,
    TransportError,
)
from cincopa_async.testing import FakeCincopa, MisbehavingServer
from tests.cancelling import Cancellable
from tests.conftest import BASE_URL, QUICK_POLLS, QUICK_RETRIES, TOKEN
from tests.remote import SOURCE, Remote

pytestmark = pytest.mark.anyio
PONG = {"success": True, "ping": "pong"}


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


def answering(*answers: Any) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A transport that answers so, and what it was asked."""
    requests: list[httpx.Request] = []
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        reply = left.pop(0) if len(left) > 1 else left[0]
        return reply if isinstance(reply, httpx.Response) else httpx.Response(200, json=reply)

    return httpx.MockTransport(answer), requests


async def test_token_and_address_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, remote: Remote, api: respx.MockRouter
) -> None:
    """CINCOPA_API_TOKEN and CINCOPA_BASE_URL are enough to make a client."""
    monkeypatch.setenv("CINCOPA_API_TOKEN", "from-environment")
    monkeypatch.setenv("CINCOPA_BASE_URL", "http://cincopa.test/v3")
    ping = api.get("http://cincopa.test/v3/ping.json").respond(json=PONG)
    async with CincopaClient() as client:
        await client.ping()

    assert ping.calls.last.request.url.params["api_token"] == "from-environment"


async def test_arguments_go_before_the_environment(monkeypatch: pytest.MonkeyPatch, api: respx.MockRouter) -> None:
    """What the caller says counts."""
    monkeypatch.setenv("CINCOPA_API_TOKEN", "from-environment")
    monkeypatch.setenv("CINCOPA_BASE_URL", "http://cincopa.test/v3/")
    ping = api.get("ping.json").respond(json=PONG)
    async with CincopaClient("given", base_url=BASE_URL) as client:
        await client.ping()

    assert ping.calls.last.request.url.params["api_token"] == "given"


async def test_cincopa_itself_is_the_default(remote: Remote, api: respx.MockRouter) -> None:
    """Without an address calls go to api.cincopa.com, with the token as the last argument."""
    api.get("ping.json").respond(json=PONG)
    async with CincopaClient(TOKEN) as client:
        await client.ping()

    assert str(api.calls.last.request.url).startswith("https://api.cincopa.com/v2/ping.json?api_token=")


@pytest.mark.parametrize("value", [None, ""])
def test_missing_token_says_both_ways_to_give_one(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """The error comes when the client is made, and says what to do."""
    monkeypatch.delenv("CINCOPA_API_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("CINCOPA_API_TOKEN", value)
    with pytest.raises(ValueError, match=r"pass it to CincopaClient, or set CINCOPA_API_TOKEN in the environment$"):
        CincopaClient()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"api_token": ""}, "api_token"),
        ({"api_token": "two words"}, "api_token"),
        ({"api_token": "line\n"}, "api_token"),
        ({"base_url": "api.cincopa.com/v2"}, "base_url"),
        ({"base_url": "ftp://api.cincopa.com/v2/"}, "base_url"),
        ({"base_url": "https://api.cincopa.com/v2/?x=1"}, "base_url"),
        ({"base_url": "https://api.cincopa.com/v2/#x"}, "base_url"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"timeout": None}, "timeout"),
        ({"timeout": "30"}, "timeout"),
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"max_concurrency": 2.5}, "max_concurrency"),
        ({"http_client": httpx.AsyncClient(), "transport": httpx.AsyncHTTPTransport()}, "http_client and transport"),
    ],
)
def test_wrong_argument_is_named(arguments: dict[str, Any], message: str) -> None:
    """A client that could not work is not made."""
    with pytest.raises(ValueError, match=f"^{message} "):
        CincopaClient(**{"api_token": TOKEN, **arguments})


@pytest.mark.parametrize("token", [b"bytes", 42, ["t"]])
def test_token_of_a_wrong_type_is_not_shown(token: Any) -> None:
    """It may be the right token in the wrong shape."""
    with pytest.raises(TypeError, match=r"^api_token must be a str or a callable, not \w+$"):
        CincopaClient(token)


async def test_client_shows_its_state_and_no_token() -> None:
    """Nor does anything that hangs on it."""
    client = CincopaClient(TOKEN)

    assert repr(client) == "<CincopaClient open>"
    assert not [value for value in vars(client).values() if TOKEN in repr(value)]


async def test_given_client_is_used_as_it_is_and_stays_open() -> None:
    """Its headers go along with each call; closing ours leaves it to its owner."""
    transport, requests = answering(PONG)
    async with httpx.AsyncClient(
        transport=transport, headers={"X-Mine": "yes", "Accept-Encoding": "br"}
    ) as http_client:
        async with CincopaClient(TOKEN, http_client=http_client) as client:
            await client.ping()
        still_open = not http_client.is_closed

    assert still_open
    assert requests[0].headers["X-Mine"] == "yes"
    assert requests[0].headers["Accept-Encoding"] == "br"
    assert requests[0].headers["User-Agent"].startswith("cincopa-async/")
    assert requests[0].url.params["api_token"] == TOKEN


async def test_given_client_shows_its_hooks_no_token(caplog: pytest.LogCaptureFixture) -> None:
    """Hooks, logs and tracers of the given client see the call, and not its query."""
    transport, _ = answering(PONG)
    seen: list[str] = []

    async def hook(request: httpx.Request) -> None:
        seen.append(f"{request.url} {request.url!r}")

    async with (
        httpx.AsyncClient(transport=transport, event_hooks={"request": [hook]}) as http_client,
        CincopaClient(TOKEN, http_client=http_client) as client,
    ):
        await client.ping()

    assert seen == [f"{BASE_URL}ping.json URL('{BASE_URL}ping.json')"]
    assert [record.name for record in caplog.records if record.name == "httpx"] == ["httpx"]


class Guarded(httpx.MockTransport):
    """A transport that must not be closed."""

    async def aclose(self) -> None:
        pytest.fail("closed")


async def test_given_transport_is_used_and_stays_open(caplog: pytest.LogCaptureFixture) -> None:
    """It is its owner's to close, also after a call that failed on it."""
    answers: Iterator[Any] = iter([httpx.ReadError("broken"), httpx.Response(200, json=PONG)])

    def answer(_: httpx.Request) -> httpx.Response:
        reply = next(answers)
        if isinstance(reply, httpx.Response):
            return reply
        raise reply

    async with CincopaClient(TOKEN, transport=Guarded(answer), retry=QUICK_RETRIES) as client:
        account = await client.ping()

    assert account.ping == "pong"


async def test_fake_hands_out_a_client_without_a_socket() -> None:
    """An ASGI app is a transport like any other: a whole upload runs in-process."""
    async with FakeCincopa(TOKEN) as fake, fake.client(poll=QUICK_POLLS) as client:
        fake.add_source(SOURCE, b"c" * 100)
        result = await client.upload_from_url(SOURCE)

        assert fake.stored(result.rid) == b"c" * 100


@pytest.mark.parametrize("using", [None, "httpcore", "httpx"])
async def test_respx_mocks_a_client_in_each_of_its_ways(using: str | None) -> None:
    """Its default mocker and that for httpcore take our own connections, that for httpx those of a given client."""
    options: dict[str, Any] = {} if using is None else {"using": using}
    with respx.mock(base_url=BASE_URL, **options) as api:
        assets = api.get("asset.list.json", params={"search": "cat"}).respond(json={"success": True, "items": []})
        async with httpx.AsyncClient() as http_client:
            given: dict[str, Any] = {"http_client": http_client} if using == "httpx" else {}
            async with CincopaClient(TOKEN, **given) as client:
                page = await client.asset.list(search="cat")

    assert page.items == ()
    assert assets.call_count == 1


@pytest.mark.parametrize("given", ["transport", "http_client"])
async def test_exchange_over_given_connections_is_not_broken_off(anyio_backend_name: str, given: str) -> None:
    """httpcore's pool would lose a connection for ever if a cancel reached it: the exchange comes to its end."""
    asked, let_go, ended = anyio.Event(), anyio.Event(), anyio.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        asked.set()
        await let_go.wait()
        ended.set()
        return httpx.Response(200, json=PONG)

    transport = httpx.MockTransport(answer)
    options: dict[str, Any] = {"transport": transport}
    if given == "http_client":
        options = {"http_client": httpx.AsyncClient(transport=transport)}
    client = CincopaClient(TOKEN, **options)
    async with anyio.create_task_group() as tasks:
        call = Cancellable("trio scope" if anyio_backend_name == "trio" else "asyncio scope", tasks, client.ping)
        await asked.wait()
        call.cancel()
        if anyio_backend_name == "asyncio":
            await call.over()
            assert not ended.is_set()
        let_go.set()
        await call.over()
        await client.aclose()

    assert ended.is_set()


async def test_exchange_over_given_connections_takes_its_timeout_at_most() -> None:
    """A given transport that never answers is given up, and the call says how long that took."""

    async def answer(_: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    async with CincopaClient(TOKEN, timeout=0.05, transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(RequestTimeoutError, match=r"^x\.y: no whole answer within 0\.05 s$") as caught:
            await client.call("x.y")

    assert caught.value.maybe_applied


async def test_silent_server_ends_a_call_after_its_timeout() -> None:
    """From the turn to the last byte: a server that drips its answer cannot stretch it."""
    async with MisbehavingServer() as server:
        server.fault("slow_drip", seconds=0.02)
        async with CincopaClient(TOKEN, base_url=server.base_url, timeout=0.2, retry=RetryPolicy(attempts=1)) as client:
            with pytest.raises(RequestTimeoutError) as caught:
                await client.ping()

    assert isinstance(caught.value, TimeoutError)
    assert not caught.value.maybe_applied


@pytest.mark.parametrize("kind", ["own", "http_client", "transport"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect_is_an_error(api: respx.MockRouter, kind: str, status: int) -> None:
    """A redirected write could be done twice, and the token would go to who knows where: nothing is followed."""
    create = api.post("gallery.create.json").respond(status, headers={"Location": "https://elsewhere.test/v2/x.json"})
    options: dict[str, Any] = {}
    if kind == "http_client":
        options = {"http_client": httpx.AsyncClient(follow_redirects=True)}
    elif kind == "transport":
        options = {"transport": httpx.AsyncHTTPTransport()}
    async with CincopaClient(TOKEN, **options) as client:
        with pytest.raises(APIError, match="redirected, which is not followed") as caught:
            await client.call("gallery.create", method="POST")

    assert caught.value.status_code == status
    assert create.call_count == 1


async def test_no_more_calls_are_under_way_than_allowed() -> None:
    """However many tasks call at once, the server sees max_concurrency of them, and all are answered."""
    under_way = most = 0

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await anyio.lowlevel.checkpoint()
        under_way -= 1
        return httpx.Response(200, json=PONG)

    async with (
        CincopaClient(TOKEN, max_concurrency=3, transport=httpx.MockTransport(answer)) as client,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(50):
            tasks.start_soon(client.ping)

    assert most == 3


async def test_call_reaches_what_has_no_method_yet(remote: Remote, api: respx.MockRouter) -> None:
    """Parameters go as the API writes them, the answer comes as it is."""
    remote.route("POST", "gallery.create", ({"success": True, "fid": "F1", "new": [1]},))
    async with CincopaClient(TOKEN) as client:
        answer = await client.call(
            "gallery.create", method="POST", name="Cats", master=True, copy_items=False, tags=["a", "b"], template=None
        )

    assert answer == {"success": True, "fid": "F1", "new": [1]}
    assert dict(api.calls.last.request.url.params) == {
        "name": "Cats",
        "master": "yes",
        "copy_items": "no",
        "tags": "a,b",
        "api_token": TOKEN,
    }


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("", {}, "call must not be empty"),
        ("gallery/../ping", {}, "call must be a name"),
        ("gallery.create?x=1", {}, "call must be a name"),
        ("gállery.create", {}, "call must be a name"),
        ("gallery..create", {}, "call must be a name"),
        ("gallery.create", {"method": "PUT"}, "method must be 'GET' or 'POST'"),
        ("gallery.create", {"safety": "safe"}, "safety must be 'read', 'idempotent' or 'write'"),
        ("gallery.create", {"api_token": "other"}, "api_token is not a parameter"),
    ],
)
async def test_call_that_cannot_be_meant_is_refused(
    cincopa: CincopaClient, name: str, options: dict[str, Any], message: str
) -> None:
    """ValueError says which argument it is, and nothing is sent."""
    with pytest.raises(ValueError, match=f"^{message}"):
        await cincopa.call(name, **options)


class Proxy:
    """A proxy on a loopback socket that answers itself, and keeps the first line of what it was asked."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.lines: list[str] = []
        self.address = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            self.address = "127.0.0.1:{1}".format(*listener.extra(anyio.abc.SocketAttribute.local_address))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listener.serve, self._serve)
                yield
                tasks.cancel_scope.cancel()

    async def _serve(self, stream: anyio.abc.SocketStream) -> None:
        async with stream:
            request = await stream.receive()
            self.lines.append(request.split(b"\r\n")[0].decode())
            await stream.send(self._answer)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n" + b'{"ping":"pong"}'
NO = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("form", ["HTTP_PROXY=http://{}", "http_proxy={}", "ALL_PROXY=http://{}"])
async def test_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """As with any httpx client: the proxy gets the whole address, the arguments in it."""
    proxy = Proxy(OK)
    async with proxy.serving():
        name, _, value = form.partition("=")
        monkeypatch.setenv(name, value.format(proxy.address))
        async with CincopaClient("token", base_url="http://cincopa.test/v2/") as client:
            account = await client.ping()

    assert account.ping == "pong"
    assert proxy.lines == ["GET http://cincopa.test/v2/ping.json?api_token=token HTTP/1.1"]


async def test_no_proxy_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is listed in NO_PROXY is asked directly."""
    proxy, direct = Proxy(NO), Proxy(OK)
    async with proxy.serving(), direct.serving():
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with CincopaClient("token", base_url=f"http://{direct.address}/v2/") as client:
            account = await client.ping()

    assert account.ping == "pong"
    assert proxy.lines == []


async def test_tunnel_of_a_proxy_hides_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """With https all that a proxy gets to see is the host: here it hangs up when the encryption begins."""
    proxy = Proxy(b"HTTP/1.1 200 Connection established\r\n\r\n")
    async with proxy.serving():
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:password@{proxy.address}")
        async with CincopaClient(TOKEN, base_url=BASE_URL, retry=RetryPolicy(attempts=1)) as client:
            with pytest.raises(TransportError) as caught:
                await client.start_upload(SOURCE)

    assert proxy.lines == ["CONNECT api.cincopa.com:443 HTTP/1.1"]
    assert not caught.value.maybe_applied


async def test_proxy_that_refuses_never_sees_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """With https it is asked for a tunnel, and no more; where it refuses, nothing was sent, so a write was not done."""
    proxy = Proxy(NO)
    async with proxy.serving():
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        async with CincopaClient(TOKEN, base_url=BASE_URL, retry=RetryPolicy(attempts=1)) as client:
            with pytest.raises(TransportError, match="the proxy refused the connection") as caught:
                await client.start_upload(SOURCE)

    assert proxy.lines == ["CONNECT api.cincopa.com:443 HTTP/1.1"]
    assert not caught.value.maybe_applied


async def test_address_where_nobody_listens_was_not_asked() -> None:
    """A refused connection is told in the system's words, and a write was certainly not done."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with CincopaClient(TOKEN, base_url=f"http://127.0.0.1:{port}/v2/", retry=QUICK_RETRIES) as client:
        with pytest.raises(TransportError, match=r"^asset\.upload_from_url: no connection: ") as caught:
            await client.start_upload(SOURCE)

    assert not caught.value.maybe_applied
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_connection_that_is_not_made_in_time_was_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener that accepts nothing: the write was certainly not sent, and no socket is left open."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        full = [socket.socket() for _ in range(3)]
        try:
            for each in full:
                each.setblocking(False)
                each.connect_ex(address)
            async with CincopaClient(
                TOKEN, base_url=f"http://127.0.0.1:{address[1]}/v2/", timeout=0.2, retry=RetryPolicy(attempts=1)
            ) as client:
                with pytest.raises(RequestTimeoutError) as caught:
                    await client.start_upload(SOURCE)
        finally:
            for each in full:
                each.close()

    assert not caught.value.maybe_applied


@pytest.mark.own_connections
@pytest.mark.parametrize("ended_by", ["timeout", "cancel"])
async def test_handshake_that_is_broken_off_leaves_no_socket_open(ended_by: str) -> None:
    """A server that accepts and does not encrypt: the write was certainly not sent, and the socket is closed."""
    came, gone = anyio.Event(), anyio.Event()

    async def say_nothing(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            came.set()
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await stream.receive()
            gone.set()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, say_nothing)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        timeout = 0.2 if ended_by == "timeout" else 20
        client = CincopaClient(
            TOKEN, base_url=f"https://127.0.0.1:{port}/v2/", timeout=timeout, retry=RetryPolicy(attempts=1)
        )
        if ended_by == "timeout":
            with pytest.raises(RequestTimeoutError) as caught:
                await client.start_upload(SOURCE)
            assert not caught.value.maybe_applied
        else:
            async with anyio.create_task_group() as calling:
                calling.start_soon(client.ping)
                await came.wait()
                calling.cancel_scope.cancel()
        with anyio.fail_after(5):
            await gone.wait()
        await client.aclose()
        tasks.cancel_scope.cancel()
