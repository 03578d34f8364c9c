"""What may be given in the place of a client's own connections does as they do, down to what an error promises."""

from __future__ import annotations

import asyncio
import base64
import gc
import gzip
import inspect
import socket
import subprocess
import sys
from typing import Any

import aiohttp
import anyio
import httpx
import httpx2
import httpx_aiohttp
import httpx_aiohttp.httpx2
import pytest

from cincopa_async import (
    APIError,
    CincopaClient,
    CincopaError,
    RequestTimeoutError,
    RetryPolicy,
    ServerError,
    TransportError,
)
from cincopa_async.testing import FakeCincopa, FakeServer, MisbehavingServer
from tests.conftest import QUICK_POLLS, QUICK_RETRIES, TOKEN
from tests.sockets.helpers import BRIEF, HELD, nothing_runs, quick_client, until
from tests.sockets.turns import HOWS, How, Turns, run_turns
from tests.sockets.uploads import raw_host
from tests.transports import AIOHTTP, GIVEN, OWN, given, needs_asyncio

pytestmark = [pytest.mark.anyio, pytest.mark.own_connections]
ODD = "https://media.example/%61%2F%20b.mp4?a=+&b=%2B'(!)*;,:@/?~^|[]{}&X-Amz-Signature=CANARY-SIGNATURE"
ONCE = RetryPolicy(attempts=1)
PONG = {"success": True, "ping": "pong"}


def is_error_of_a_request(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, httpx.RequestError)


@pytest.fixture(params=[OWN, *GIVEN])
def kind(request: pytest.FixtureRequest) -> Any:
    """What the client goes over."""
    needs_asyncio(request.param, request.node.name)
    return request.param


@pytest.mark.parametrize("how", HOWS)
def test_upload_cancelled_at_any_turn_leaves_no_upload(busy_server: FakeServer, how: How, kind: str) -> None:
    """Whenever a whole upload is cancelled it is aborted, and all that was given can be closed."""

    async def scenario(turns: Turns) -> None:
        async with given(kind) as options, quick_client(busy_server, **options) as cincopa:
            await turns.cancelled_here(lambda: cincopa.upload_from_url(BRIEF))
            assert busy_server.fake.counts.uploads_running == 0
        await nothing_runs(busy_server)

    assert run_turns(how, scenario) > 8


async def test_random_cancels_cost_no_connection(
    kind: str, busy_server: FakeServer, pytestconfig: pytest.Config, caplog: pytest.LogCaptureFixture
) -> None:
    """After calls cancelled at random moments, 64 calls at once succeed on 64 connections."""
    caplog.set_level("INFO")  # Of each request there would be twenty records.
    cancels: int = pytestconfig.getoption("--cancels")
    async with given(kind) as options, quick_client(busy_server, max_concurrency=64, **options) as cincopa:

        async def cancelled_soon(after: float) -> None:
            with anyio.move_on_after(after):
                await cincopa.ping()

        for batch in range(cancels // 200):
            async with anyio.create_task_group() as tasks:
                for number in range(200):
                    tasks.start_soon(cancelled_soon, 0.0003 * ((number * 37 + batch) % 200))
        busy_server.fake.quirk("latency", call="ping", seconds=2)
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                for _ in range(64):
                    tasks.start_soon(cincopa.ping)
                await until(lambda: busy_server.open_connections >= 64, lambda: "not 64 connections")
    await nothing_runs(busy_server)


async def test_query_arrives_byte_for_byte(kind: str) -> None:
    """In the spelling of the client's own connections, whatever a library thinks of it."""
    async with raw_host() as host:
        for each in (OWN, kind):
            async with given(each) as options, CincopaClient(TOKEN, base_url=host.base_url, **options) as cincopa:
                await cincopa.call("x.y", input=ODD, text="ä €\n")
                await cincopa.call("x.y", method="POST", input=ODD)

    assert len(host.targets) == 4
    assert host.targets[:2] == host.targets[2:]
    assert b"?input=https%3A%2F%2Fmedia.example%2F%2561%252F%2520b.mp4" in host.targets[2]


@pytest.mark.parametrize("fault", ["reset", "reset_after", "reset_in_body", "half_answer", "garbage", "silence"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_write_that_broke_off_is_sent_once_and_may_have_been_done(kind: str, fault: Any, method: Any) -> None:
    """Also over a connection that was used before, and a GET too: some libraries send that again by themselves."""
    async with (
        MisbehavingServer() as server,
        given(kind) as options,
        CincopaClient(TOKEN, base_url=server.base_url, retry=QUICK_RETRIES, timeout=0.3, **options) as cincopa,
    ):
        await cincopa.ping()
        server.fault(fault, call="live.create")
        with pytest.raises(TransportError) as caught:
            await cincopa.call("live.create", method=method, safety="write")

    assert caught.value.maybe_applied
    assert isinstance(caught.value, RequestTimeoutError) == (fault == "silence")
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert server.requests["live.create"] == 1


async def test_refused_connection_was_never_sent(kind: str) -> None:
    """So a write is tried again, and the error says that nothing was done."""
    async with FakeCincopa(TOKEN).serve() as server:
        pass
    async with given(kind) as options, quick_client(server, **options) as cincopa:
        with pytest.raises(TransportError, match="no connection: ") as caught:
            await cincopa.asset.upload_from_url(HELD)

    assert not caught.value.maybe_applied
    assert not isinstance(caught.value, TimeoutError)


async def test_connection_that_is_not_made_in_time_was_not_used(kind: str) -> None:
    """A server that does not encrypt was sent nothing, which aiohttp alone does not let us know; no socket is left."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/v2/"
        async with (
            given(kind) as options,
            CincopaClient(TOKEN, base_url=url, timeout=0.2, retry=ONCE, **options) as cincopa,
        ):
            with pytest.raises(RequestTimeoutError) as caught:
                await cincopa.asset.upload_from_url(HELD)
    gc.collect()  # Here, and not in a later test, Python warns of a socket that nobody closed.

    assert caught.value.maybe_applied == (kind == AIOHTTP)


async def test_answers_are_understood(kind: str) -> None:
    """Packed or not, a refusal or a redirect: the answer is the same, and no redirect is followed."""
    async with MisbehavingServer() as server, given(kind) as options:
        server.script({"success": False, "message": "slow down"}, status=429, call="a.b", times=1)
        server.script({"success": False, "message": "no"}, status=500, call="c.d")
        server.script(b"<html>elsewhere</html>", status=307, call="e.f")
        async with CincopaClient(TOKEN, base_url=server.base_url, retry=QUICK_RETRIES, **options) as cincopa:
            retried = await cincopa.call("a.b", safety="write")
            with pytest.raises(ServerError):
                await cincopa.call("c.d")
            with pytest.raises(APIError, match="redirected, which is not followed"):
                await cincopa.call("e.f")

    assert retried["success"] is True
    assert server.requests == {"a.b": 2, "c.d": 1, "e.f": 1}


GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"


async def test_packed_answer_is_unpacked(kind: str) -> None:
    """Whoever it is that does so."""
    body = gzip.compress(b'{"success": true, "ping": "pong"}')
    async with raw_host() as host, given(kind) as options:
        host.api_answers.append(GZIP % (len(body), body))
        async with CincopaClient(TOKEN, base_url=host.base_url, retry=ONCE, **options) as cincopa:
            assert (await cincopa.ping()).ping == "pong"


# On trio httpx leaves a generator unfinished there, of its own.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("library", [httpx, httpx2, httpx_aiohttp])
async def test_answer_that_cannot_be_unpacked_costs_no_connection(library: Any, request: Any) -> None:
    """The next call of a client with room for one connection finds it free."""
    limits = httpx.Limits(max_connections=1) if library is not httpx2 else httpx2.Limits(max_connections=1)
    needs_asyncio("aiohttp" if library is httpx_aiohttp else library.__name__, request.node.name)
    made = library.AiohttpTransport(limits=limits) if library is httpx_aiohttp else library.AsyncClient(limits=limits)
    name = "transport" if library is httpx_aiohttp else "http_client"
    async with raw_host() as host, made as thing:
        host.api_answers.append(GZIP % (8, b"not gzip"))
        async with CincopaClient(TOKEN, base_url=host.base_url, retry=ONCE, timeout=5, **{name: thing}) as cincopa:
            with pytest.raises(TransportError, match="DecodingError"):
                await cincopa.ping()
            await cincopa.ping()


@pytest.mark.parametrize("given_as", ["transport", "http_client"])
async def test_httpx2_within_the_process_is_used_for_files_too(given_as: str, tmp_path: Any) -> None:
    """Nothing is to leave it: a whole account is driven through httpx2's transport for ASGI apps."""
    film = tmp_path / "film.mp4"
    film.write_bytes(b"0123456789" * 10)
    fake = FakeCincopa(TOKEN)
    fake.add_source(ODD, b"x")
    async with fake:
        transport = httpx2.ASGITransport(app=fake)
        async with httpx2.AsyncClient(transport=transport) as http_client:
            options: dict[str, Any] = {given_as: transport if given_as == "transport" else http_client}
            async with CincopaClient(TOKEN, base_url="http://cincopa.test/v2/", poll=QUICK_POLLS, **options) as cincopa:
                await cincopa.upload_from_url(ODD)
                done = await cincopa.upload_file(film, chunk_size=30)

        assert fake.stored(done.rid) == film.read_bytes()
        assert fake.counts.inputs == {ODD: 1}


async def test_chunks_go_over_a_given_transport_of_httpx2_byte_for_byte(tmp_path: Any) -> None:
    """An upload URL is sent as it is, for it is a capability."""
    film = tmp_path / "film.mp4"
    film.write_bytes(b"x")
    target = "/post{1}.jpg?q=<\">&d={a:b}&hash=CANARY-CAPABILITY%2fx%3Ay+z'&&f"
    seen: list[bytes] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("get_upload_url.json"):
            return httpx2.Response(200, json={"success": True, "upload_url": f"http://upload.test{target}"})
        seen.append(request.url.raw_path)
        assert "CANARY" not in f"{request.url} {request.url!r}"
        assert request.url.query == target.partition("?")[2].encode()
        return httpx2.Response(200, content=b"new resource id 17 A4")

    async with CincopaClient(TOKEN, transport=httpx2.MockTransport(answer)) as cincopa:
        done = await cincopa.upload_file(film)

    assert done.rid == "A4"
    assert seen == [target.encode()]


@pytest.mark.parametrize("name", [name for name in httpx.__all__ if is_error_of_a_request(getattr(httpx, name))])
async def test_error_of_httpx2_is_told_as_that_of_httpx_is(name: str) -> None:
    """With the same words, and the same promise about what was done."""
    errors: list[CincopaError] = []
    for library in (httpx, httpx2):

        async def answer(request: Any, library: Any = library) -> Any:
            raise getattr(library, name)(f"about {request.url}", request=request)

        async with CincopaClient(TOKEN, transport=library.MockTransport(answer), retry=ONCE) as cincopa:
            with pytest.raises(TransportError) as caught:
                await cincopa.call("x.y")
        errors.append(caught.value)

    assert type(errors[0]) is type(errors[1])
    assert str(errors[0]) == str(errors[1])
    assert errors[0].maybe_applied == errors[1].maybe_applied
    assert errors[1].__context__ is None


async def test_error_that_httpx_does_not_know_is_told_by_its_base() -> None:
    """What httpx2 may come to raise, and what a hook of its client does."""

    class NewerError(httpx2.ReadError):
        pass

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if "newer" in request.url.path:
            raise NewerError("new", request=request)
        return httpx2.Response(403, json={"success": False})

    async def raise_for_status(response: httpx2.Response) -> None:
        response.raise_for_status()

    transport = httpx2.MockTransport(answer)
    async with (
        httpx2.AsyncClient(transport=transport, event_hooks={"response": [raise_for_status]}) as http_client,
        CincopaClient(TOKEN, http_client=http_client, retry=ONCE) as cincopa,
    ):
        with pytest.raises(TransportError, match="broke while the answer was read") as newer:
            await cincopa.call("x.newer")
        with pytest.raises(TransportError, match="the exchange failed") as hooked:
            await cincopa.call("x.y")

    assert newer.value.maybe_applied
    assert hooked.value.maybe_applied


async def test_httpx2_client_adds_what_it_adds_to_all_requests() -> None:
    """Its headers go along; what answers are packed with is for it to say."""
    seen: list[httpx2.Request] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json=PONG)

    transport = httpx2.MockTransport(answer)
    async with httpx2.AsyncClient(transport=transport, headers={"X-Mine": "yes", "Accept-Encoding": "br"}) as client:
        async with CincopaClient(TOKEN, http_client=client) as cincopa:
            await cincopa.ping()
        still_open = not client.is_closed

    assert (seen[0].headers["X-Mine"], seen[0].headers["Accept-Encoding"]) == ("yes", "br")
    assert seen[0].headers["User-Agent"].startswith("cincopa-async/")
    assert seen[0].url.params["api_token"] == TOKEN
    assert still_open


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"http_client": httpx.Client()}, "http_client must be an httpx.AsyncClient or an httpx2.AsyncClient"),
        ({"http_client": httpx.AsyncHTTPTransport()}, "http_client must be an httpx.AsyncClient or an httpx2"),
        ({"transport": httpx.AsyncClient()}, "transport must be an AsyncBaseTransport of httpx or httpx2"),
        ({"transport": httpx.HTTPTransport()}, "transport must be an AsyncBaseTransport of httpx or httpx2"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments: dict[str, Any], message: str) -> None:
    """Before anything is sent, by the argument's name."""
    with pytest.raises(TypeError, match=f"^{message}"):
        CincopaClient(TOKEN, **arguments)


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_client_that_goes_over_aiohttp_is_refused(library: Any) -> None:
    """It would log the token, or not send it: the transport alone can be used."""
    transport = (httpx_aiohttp if library is httpx else httpx_aiohttp.httpx2).AiohttpTransport()
    with pytest.raises(ValueError, match=r"^http_client must not go over aiohttp, .*: give the transport"):
        CincopaClient(TOKEN, http_client=library.AsyncClient(transport=transport))


@pytest.mark.parametrize("absent", ["httpx2", "aiohttp"])
def test_library_that_is_not_given_is_not_imported(absent: str) -> None:
    """A plain install has neither, and works."""
    program = f"""
import asyncio, sys, httpx
sys.modules.update(httpx2=None, aiohttp=None, httpx_aiohttp=None, yarl=None)
from cincopa_async import CincopaClient
async def main():
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={PONG!r}))
    for given in ({{"transport": transport}}, {{"http_client": httpx.AsyncClient(transport=transport)}}):
        async with CincopaClient("TOKEN", **given) as cincopa:
            await cincopa.ping()
    CincopaClient("TOKEN")
asyncio.run(main())
assert sys.modules[{absent!r}] is None
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=50)


class TestAiohttp:
    """What is aiohttp's own."""

    @pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
    def anyio_backend(self, request: pytest.FixtureRequest) -> Any:
        return "asyncio", {"use_uvloop": request.param}

    @pytest.mark.parametrize("module", [httpx_aiohttp, httpx_aiohttp.httpx2])
    async def test_transport_stays_open_and_its_session_is_one(self, server: FakeServer, module: Any) -> None:
        """The session is made once, and is closed with the transport; that for httpx2 is as good."""
        async with module.AiohttpTransport() as transport:
            for _ in range(2):
                async with quick_client(server, transport=transport) as cincopa:
                    await cincopa.ping()
                    await cincopa.ping()
            session = transport.client
            connections = server.open_connections
            assert not session.closed
        assert session.closed
        assert connections == 1
        await nothing_runs(server)

    async def test_session_of_the_users_is_used(self, server: FakeServer) -> None:
        """Even one that raises for a status; nothing changes for its owner."""
        async with aiohttp.ClientSession(raise_for_status=True, timeout=aiohttp.ClientTimeout(total=1e-9)) as session:
            transport = httpx_aiohttp.AiohttpTransport(client=session)
            async with quick_client(server, transport=transport) as cincopa:
                await cincopa.ping()
                with pytest.raises(APIError):
                    await cincopa.asset.delete("nothing")
            assert not session.closed

    async def test_fewer_connections_than_calls_are_shared(self, server: FakeServer) -> None:
        """A transport with room for ten connections serves 64 calls at once, ten at a time."""
        async with httpx_aiohttp.AiohttpTransport(limits=httpx.Limits(max_connections=10)) as transport:
            async with quick_client(server, transport=transport) as cincopa, anyio.create_task_group() as tasks:
                for _ in range(64):
                    tasks.start_soon(cincopa.ping)
            connections = server.open_connections

        assert connections <= 10
        assert server.fake.counts.requests["ping"] == 64

    async def test_call_that_waits_for_a_connection_has_its_timeout(self, server: FakeServer) -> None:
        """Which ends the wait in aiohttp's pool, and costs it no connection."""
        server.fake.quirk("latency", call="ping", seconds=0.4)
        async with httpx_aiohttp.AiohttpTransport(limits=httpx.Limits(max_connections=1)) as transport:
            async with quick_client(server, transport=transport, timeout=0.2, retry=ONCE) as hasty:
                ends = await asyncio.gather(hasty.ping(), hasty.ping(), return_exceptions=True)
            async with quick_client(server, transport=transport) as cincopa:
                await cincopa.ping()

        assert [type(end) for end in ends] == [RequestTimeoutError, RequestTimeoutError]

    @pytest.mark.parametrize("auth", [None, ("me", "CANARY-SIGNATURE")])
    async def test_proxy_of_the_transport_is_used(self, auth: Any) -> None:
        """The URL reaches it byte for byte, and so does the password it asks for."""
        async with raw_host() as proxy:
            gate = httpx.Proxy(f"http://127.0.0.1:{proxy.port}", auth=auth, headers={"X-Gate": "1"})
            async with (
                httpx_aiohttp.AiohttpTransport(proxy=gate) as transport,
                CincopaClient(TOKEN, base_url="http://api.test/v2/", transport=transport) as cincopa,
            ):
                await cincopa.call("x.y", input=ODD)

        assert proxy.targets[0].startswith(
            b"http://api.test/v2/x.y.json?input=https%3A%2F%2Fmedia.example%2F%2561%252F"
        )
        if auth is not None:
            assert base64.b64encode(b"me:CANARY-SIGNATURE") in proxy.heads[0]

    async def test_proxy_that_refuses_has_sent_nothing(self) -> None:
        """Neither one that is not there nor one that opens no tunnel."""
        async with raw_host() as proxy:
            proxy.api_answers += [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"] * 9
            urls = [f"http://127.0.0.1:{proxy.port}", "http://127.0.0.1:9"]
            for url in urls:
                async with (
                    httpx_aiohttp.AiohttpTransport(proxy=httpx.Proxy(url)) as transport,
                    CincopaClient(TOKEN, base_url="https://api.test/v2/", transport=transport, retry=ONCE) as cincopa,
                ):
                    with pytest.raises(TransportError, match="the proxy refused the connection") as caught:
                        await cincopa.call("x.y")
                    assert not caught.value.maybe_applied

    @pytest.mark.parametrize(
        ("error", "reason", "maybe_applied"),
        [
            (aiohttp.ConnectionTimeoutError("CANARY-SIGNATURE"), "no connection in time", False),
            (aiohttp.ServerFingerprintMismatch(b"a", b"b", "h", 1), "no connection: ", False),
            (aiohttp.ClientConnectionResetError("CANARY-SIGNATURE"), "the exchange failed|broke", True),
            (aiohttp.ClientPayloadError("CANARY-SIGNATURE"), "broke while the answer was read", True),
            (aiohttp.ServerDisconnectedError("CANARY-SIGNATURE"), "the server broke off", True),
            (OSError("CANARY-SIGNATURE"), "broke while the answer was read", True),
        ],
    )
    async def test_fault_is_told_by_its_kind(self, error: Exception, reason: str, maybe_applied: bool) -> None:
        """What cannot be brought about at will: raised by a connector of the user's."""

        class Sick(aiohttp.TCPConnector):
            async def connect(self, *args: Any, **options: Any) -> Any:
                raise error

        async with aiohttp.ClientSession(connector=Sick()) as session:
            transport = httpx_aiohttp.AiohttpTransport(client=session)
            async with CincopaClient(TOKEN, transport=transport, retry=ONCE) as cincopa:
                with pytest.raises(TransportError, match=reason) as caught:
                    await cincopa.call("x.y")

        assert caught.value.maybe_applied == maybe_applied


async def test_aiohttp_on_trio_says_what_is_wrong(anyio_backend: Any, server: FakeServer) -> None:
    """It runs on asyncio alone."""
    if anyio_backend[0] != "trio":
        return
    async with CincopaClient(TOKEN, base_url=server.base_url, transport=httpx_aiohttp.AiohttpTransport()) as cincopa:
        with pytest.raises(RuntimeError, match="an AiohttpTransport runs on asyncio alone, not on trio"):
            await cincopa.ping()
