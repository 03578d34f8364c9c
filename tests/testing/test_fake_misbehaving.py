"""MisbehavingServer: each fault on the wire, in front of a fake and alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest

from cincopa_async.testing import FakeCincopa, FakeServer, MisbehavingServer
from tests.testing.helpers import Asker, exchanged, until
from tests.transports import no_certificates

pytestmark = pytest.mark.anyio

CREATE = "gallery.create"


@pytest.fixture
async def bad(server: FakeServer) -> AsyncIterator[MisbehavingServer]:
    """In front of the fake."""
    async with MisbehavingServer(server.base_url) as bad:
        yield bad


@pytest.fixture
async def ask_bad(bad: MisbehavingServer, server: FakeServer) -> AsyncIterator[Asker]:
    async with httpx.AsyncClient(base_url=bad.base_url, timeout=30, verify=no_certificates()) as http:
        yield Asker(http, server.api_token)


async def test_behaves_where_no_fault_is_due(
    bad: MisbehavingServer, server: FakeServer, fake: FakeCincopa, ask_bad: Asker
) -> None:
    """Requests and answers pass through, on one connection, counted by call."""
    fake.add_source("https://media.test/cat.mp4", bytes(300_000))
    rid = await ask_bad.uploaded("https://media.test/cat.mp4")
    url = server.media_url(rid).replace(server.base_url.removesuffix("v2/"), bad.base_url.removesuffix("v2/"))

    assert (await ask_bad.http.get(url)).content == bytes(300_000)
    assert bad.requests["asset.upload_from_url"] == 1
    assert (bad.open_connections, bad.connections) == (1, 1)
    assert fake.counts.requests["asset.upload_from_url"] == 1


@pytest.mark.parametrize(
    ("fault", "error", "acted"),
    [
        ("reset_on_accept", (httpx.ReadError, httpx.ConnectError, httpx.WriteError), False),
        ("reset", httpx.ReadError, False),
        ("silence_before", httpx.ReadTimeout, False),
        ("half_answer", httpx.RemoteProtocolError, True),
        ("reset_in_body", httpx.ReadError, True),
        ("reset_after", httpx.ReadError, True),
        ("silence", httpx.ReadTimeout, True),
        ("garbage", httpx.RemoteProtocolError, True),
    ],
)
async def test_fault_breaks_one_call(
    bad: MisbehavingServer, ask: Asker, ask_bad: Asker, *, fault: Any, error: Any, acted: bool
) -> None:
    """The call breaks off in its own way, the server behind has acted or not; the next call is fine again."""
    bad.fault(fault, times=1)
    # Silence is waited for only so long; whether the server behind has acted by then is another matter.
    patience = 0.1 if error is httpx.ReadTimeout else 30

    with pytest.raises(error):
        await ask_bad.http.post(f"{CREATE}.json", params={"api_token": ask_bad.token}, timeout=patience)

    await until(lambda: bad.open_connections == 0)
    await ask.has_galleries(acted)
    assert await ask_bad.galleries() == acted


async def test_half_of_the_body_comes_through(bad: MisbehavingServer, server: FakeServer) -> None:
    """half_answer sends all headers, half of the body, and ends the connection in order."""
    bad.fault("half_answer")
    head = f"GET /v2/ping.json?api_token={server.api_token} HTTP/1.1\r\nhost: x\r\n\r\n"

    answer = await exchanged(bad.base_url, head.encode())

    headers, _, body = answer.partition(b"\r\n\r\n")
    [length] = [line for line in headers.lower().split(b"\r\n") if line.startswith(b"content-length")]
    assert len(body) == int(length.partition(b":")[2]) // 2


async def test_silence_stays_silent(bad: MisbehavingServer) -> None:
    """A client that goes on talking gets no answer either."""
    bad.fault("silence")
    url = httpx.URL(bad.base_url)
    assert url.port is not None
    async with await anyio.connect_tcp(url.host, url.port) as stream:
        for _ in range(2):
            await stream.send(b"GET /v2/ping.json HTTP/1.1\r\nhost: x\r\n\r\n")
            await until(lambda: bad.requests == {"ping": 1})

        with anyio.move_on_after(0.02) as scope:
            await stream.receive()

    assert scope.cancelled_caught
    await until(lambda: bad.open_connections == 0)
    assert bad.requests == {"ping": 1}


async def test_slow_drip_comes_through_whole(bad: MisbehavingServer, ask_bad: Asker) -> None:
    """An answer that drips is whole in the end, and the connection is kept."""
    bad.fault("slow_drip", seconds=0.0001)

    assert (await ask_bad.get("ping"))["ping"] == "pong"
    assert (await ask_bad.get("ping"))["ping"] == "pong"
    assert bad.connections == 1


async def test_connection_closed_when_idle(bad: MisbehavingServer, ask_bad: Asker) -> None:
    """close_idle answers in full, without announcing that it closes."""
    bad.fault("close_idle", times=1, seconds=0.01)

    response = await ask_bad.respond("GET", "ping")

    assert response.json()["ping"] == "pong"
    assert "connection" not in response.headers
    await until(lambda: bad.open_connections == 0)


async def test_faults_follow_rules(bad: MisbehavingServer, ask_bad: Asker) -> None:
    """A fault meets the calls its rule picks; the first of several is the one that happens."""
    bad.fault("reset", call="gallery.*", nth=2)
    bad.fault("silence", call="gallery.*", nth=2)
    await ask_bad.get("ping")
    await ask_bad.post(CREATE)

    with pytest.raises(httpx.ReadError):
        await ask_bad.post(CREATE)

    await ask_bad.post(CREATE)
    bad.fault("reset")
    bad.clear_faults()
    assert await ask_bad.galleries() == 2
    assert bad.requests == {"ping": 1, CREATE: 3, "gallery.list": 1}


async def test_bodies_pass_through(bad: MisbehavingServer, ask_bad: Asker) -> None:
    """A request with a body is handed on whole, chunked ones too."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    for content in (b"x" * 200_000, chunks()):
        response = await ask_bad.http.post(f"{CREATE}.json", params={"api_token": ask_bad.token}, content=content)

        assert response.status_code == 200


async def test_pipelined_requests_are_told_apart(bad: MisbehavingServer, server: FakeServer) -> None:
    """Two requests in one piece are two."""
    ping = f"GET /v2/ping.json?api_token={server.api_token} HTTP/1.1\r\nhost: x\r\n"
    twice = f"{ping}\r\n{ping}connection: close\r\n\r\n"

    answer = await exchanged(bad.base_url, twice.encode())

    assert answer.count(b'"pong"') == 2
    assert bad.requests == {"ping": 2}


@pytest.mark.parametrize("request_", [b"\x00\x01\r\n\r\n", b"GET /v2/ping.json HTTP/1.1\r\nhost"])
async def test_clients_that_misbehave_themselves(bad: MisbehavingServer, request_: bytes) -> None:
    """A client that speaks no HTTP or leaves in the middle is let go."""
    url = httpx.URL(bad.base_url)
    assert url.port is not None
    async with await anyio.connect_tcp(url.host, url.port) as stream:
        await stream.send(request_)
        await stream.send_eof()
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()

    assert bad.requests == {}


async def test_server_behind_that_is_away() -> None:
    """Nothing behind it: the connection is closed without an answer."""
    async with MisbehavingServer("http://127.0.0.1:1/v2/") as bad:
        assert await exchanged(bad.base_url, b"GET /v2/ping.json HTTP/1.1\r\nhost: x\r\n\r\n") == b""


async def test_server_behind_that_breaks_off(bad: MisbehavingServer) -> None:
    """An answer that is cut off behind it is none: the connection is closed."""
    bad.fault("half_answer")
    async with MisbehavingServer(bad.base_url) as worse:
        assert await exchanged(worse.base_url, b"GET /v2/ping.json HTTP/1.1\r\nhost: x\r\n\r\n") == b""


async def test_alone_it_follows_its_script() -> None:
    """Without a server behind it, it answers what it is told, JSON or bytes, else a bare success."""
    async with MisbehavingServer() as bad, httpx.AsyncClient(base_url=bad.base_url) as http:
        bad.script({"success": False, "message": "no"}, call="asset.*", nth=1)
        bad.script(b"<html>", status=502, call="asset.list", times=1)
        first, second, third = [await http.get("asset.list.json") for _ in range(3)]

    assert (first.status_code, first.json()) == (200, {"success": False, "message": "no"})
    assert (second.status_code, second.content) == (502, b"<html>")
    assert third.json() == {"success": True, "runtime": 1}


async def test_leaving_ends_every_silence(server: FakeServer) -> None:
    """The server stops although clients wait, and although one does not read what it is sent."""
    async with httpx.AsyncClient() as http, anyio.create_task_group() as tasks:
        async with MisbehavingServer() as bad:
            bad.fault("silence", call="ping")
            bad.script(bytes(30_000_000), call="large")
            url = httpx.URL(bad.base_url)

            async def wait() -> None:
                with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                    await http.get(f"{url}ping.json")

            tasks.start_soon(wait)
            assert url.port is not None
            stream = await anyio.connect_tcp(url.host, url.port)
            await stream.send(b"GET /v2/large.json HTTP/1.1\r\nhost: x\r\n\r\n")
            await until(lambda: bad.requests == {"ping": 1, "large": 1})
        await stream.aclose()

    assert bad.open_connections == 0


async def test_only_loopback() -> None:
    """As the fake, it is served to other machines only when told so."""
    with pytest.raises(ValueError, match="allow_remote"):
        MisbehavingServer(host="0.0.0.0")
    async with MisbehavingServer(host="0.0.0.0", allow_remote=True) as bad:
        assert "0.0.0.0" in repr(bad)


async def test_fault_that_does_not_exist() -> None:
    """An unknown name is refused, and the ones that exist are named."""
    with pytest.raises(ValueError, match=r"no fault 'explode'.*half_answer"):
        MisbehavingServer().fault("explode")  # type: ignore[arg-type]
