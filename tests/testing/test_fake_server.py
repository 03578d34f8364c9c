"""FakeCincopa on a socket: its life, its thread, and what it lets be seen."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import pytest

from cincopa_async import CincopaClient
from cincopa_async.testing import FakeCincopa, FakeServer, MisbehavingServer
from tests.testing.helpers import Asker, answering, exchanged, until

pytestmark = pytest.mark.anyio

URL = "https://media.test/cat.mp4"
SECRET_TOKEN = "SECRET/token+1"
SECRET_SIGNATURE = "SECRET-SIGNATURE"


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("cincopa-")]


async def refused(server: FakeServer) -> bool:
    async with httpx.AsyncClient() as http:
        try:
            await http.get(server.base_url)
        except httpx.ConnectError:
            return True
    return False


async def test_server_lives_while_it_is_entered(fake: FakeCincopa) -> None:
    """It answers on a free loopback port, and is gone afterwards with its thread."""
    async with fake.serve() as server, httpx.AsyncClient(base_url=server.base_url) as http:
        assert server.base_url.startswith("http://127.0.0.1:")
        assert server.base_url.endswith("/v2/")
        assert server.fake is fake
        assert server.api_token == fake.api_token
        assert (await Asker(http, server.api_token).get("ping"))["ping"] == "pong"
        assert threads() == ["cincopa-fake"]

    assert await refused(server)
    assert threads() == []


async def test_two_servers_of_one_fake(fake: FakeCincopa) -> None:
    """A fake may be served twice: the account is one."""
    fake.add_source(URL, b"cat")
    async with (
        fake.serve() as one,
        fake.serve() as two,
        httpx.AsyncClient(base_url=one.base_url) as first,
        httpx.AsyncClient(base_url=two.base_url) as second,
    ):
        fake.hold()
        status_id = await Asker(first, fake.api_token).start(URL)

        await Asker(second, fake.api_token).abort(status_id)

        assert (await Asker(first, fake.api_token).status(status_id))["status"] == "aborted"


async def test_entered_in_one_task_and_left_in_another(fake: FakeCincopa) -> None:
    """An async fixture may enter and leave in different tasks."""
    server = fake.serve()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.__aenter__)
    async with httpx.AsyncClient(base_url=server.base_url) as http:
        assert (await Asker(http, server.api_token).get("ping"))["ping"] == "pong"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.__aexit__, None, None, None)

    assert await refused(server)


async def test_leaving_within_a_cancelled_scope(fake: FakeCincopa) -> None:
    """A cancelled caller still stops the server, and waits for it."""
    with anyio.CancelScope() as scope:
        async with fake.serve() as server:
            scope.cancel()
            await anyio.sleep_forever()

    assert threads() == []
    assert await refused(server)


async def test_entering_within_a_cancelled_scope(fake: FakeCincopa) -> None:
    """A start that is cancelled leaves no server behind."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with fake.serve():
            pytest.fail("entered although cancelled")

    assert scope.cancelled_caught
    assert threads() == []


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_native_cancel_stops_it(fake: FakeCincopa) -> None:
    """A task that asyncio cancels while it serves stops the server."""
    entered = asyncio.Event()

    async def serve() -> None:
        async with fake.serve():
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(serve())
    await entered.wait()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert threads() == []


async def test_stop_ends_what_runs(fake: FakeCincopa, caplog: pytest.LogCaptureFixture) -> None:
    """Leaving ends running uploads, as failed, and requests under way, without a word in the log."""
    fake.quirk("latency", call="ping", seconds=60)
    broken: list[Exception] = []

    async def call_ping(ask: Asker) -> None:
        try:
            await ask.get("ping")
        except httpx.HTTPError as error:
            broken.append(error)

    async with MisbehavingServer() as source, anyio.create_task_group() as tasks:
        source.fault("silence")
        async with fake.serve() as server:
            http = httpx.AsyncClient(base_url=server.base_url)
            ask = Asker(http, server.api_token)
            await ask.start(source.base_url)
            await until(lambda: source.open_connections == 1)
            tasks.start_soon(call_ping, ask)
            await until(lambda: fake.counts.requests["ping"] == 1)
            assert server.open_connections == 1
        await until(lambda: source.open_connections == 0)
    await http.aclose()

    assert len(broken) == 1
    assert server.open_connections == 0
    assert (fake.counts.uploads_running, fake.counts.uploads_failed) == (0, 1)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_stopping_twice_is_harmless(fake: FakeCincopa) -> None:
    """A server that has stopped stays so."""
    server = fake.serve()
    await server.__aenter__()
    await server.__aexit__(None, None, None)

    await server.__aexit__(None, None, None)

    assert await refused(server)


async def test_open_connections_are_counted(server: FakeServer) -> None:
    """Each socket counts from its first byte to its close."""
    assert server.open_connections == 0
    async with httpx.AsyncClient(base_url=server.base_url) as http:
        await Asker(http, server.api_token).get("ping")
        assert server.open_connections == 1

    await until(lambda: server.open_connections == 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com", ""])
async def test_other_hosts_are_refused(fake: FakeCincopa, host: str) -> None:
    """What is not on the loopback interface is served only when told so."""
    with pytest.raises(ValueError, match="allow_remote"):
        fake.serve(host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "::1"])
async def test_loopback_by_any_name(fake: FakeCincopa, host: str) -> None:
    """Every loopback address will do."""
    async with fake.serve(host) as server, httpx.AsyncClient(base_url=server.base_url) as http:
        assert (await Asker(http, server.api_token).get("ping"))["ping"] == "pong"


async def test_remote_when_told_so(fake: FakeCincopa) -> None:
    """allow_remote binds what it is told."""
    async with fake.serve("0.0.0.0", allow_remote=True) as server:
        port = httpx.URL(server.base_url).port
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/v2/") as http:
            assert (await Asker(http, server.api_token).get("ping"))["ping"] == "pong"


async def test_port_in_use_is_an_error(fake: FakeCincopa, server: FakeServer) -> None:
    """A server that cannot bind says so when it is entered, and leaves no thread."""
    port = httpx.URL(server.base_url).port
    assert port is not None

    with pytest.raises(OSError, match="in use"):
        async with fake.serve(port=port):
            pytest.fail("two servers on one port")

    assert threads() == ["cincopa-fake"]


async def test_no_secret_is_logged(fake: FakeCincopa, caplog: pytest.LogCaptureFixture) -> None:
    """Neither token nor input stands in a record of any logger at any level, redirects and failures included."""
    caplog.set_level(1)
    fake = FakeCincopa(SECRET_TOKEN)
    moved = f"HTTP/1.1 302 Found\r\nlocation: /x?{SECRET_SIGNATURE}\r\ncontent-length: 0\r\n\r\n".encode()
    fine = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\ncat"
    async with fake.serve() as server, answering(moved, fine) as url, MisbehavingServer(server.base_url) as bad:
        for base_url in (server.base_url, bad.base_url):
            for target in (f"{url}/?{SECRET_SIGNATURE}", f"http://127.0.0.1:1/?{SECRET_SIGNATURE}"):
                query = f"api_token={quote(SECRET_TOKEN, safe='')}&input={quote(target, safe='')}"
                head = f"POST /v2/asset.upload_from_url.json?{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
                answer = await exchanged(base_url, head.encode())
                assert b'"status_id"' in answer
        await until(lambda: fake.counts.uploads_running == 0)
        shown = [repr(fake), repr(server), repr(bad), repr(fake.counts)]

    told = " ".join([*(record.getMessage() for record in caplog.records), *shown])
    assert (fake.counts.uploads_completed, fake.counts.uploads_failed) == (2, 2)
    assert "SECRET" not in told


async def test_loggers_of_the_program_stay_as_they_are(fake: FakeCincopa) -> None:
    """A program that runs uvicorn itself keeps its access log."""
    access = logging.getLogger("uvicorn.access")
    before = (list(access.handlers), access.propagate, access.level)

    async with fake.serve():
        assert (list(access.handlers), access.propagate, access.level) == before


async def test_garbage_is_answered_and_survived(server: FakeServer, ask: Asker) -> None:
    """What is no HTTP gets a 400; the server goes on."""
    assert b" 400 " in await exchanged(server.base_url, b"\x00\x01\r\n\r\n")

    assert (await ask.get("ping"))["ping"] == "pong"


async def test_client_is_wired_to_the_server(server: FakeServer, fake: FakeCincopa) -> None:
    """client() hands out a CincopaClient of the account; arguments go to it."""
    fake.add_source(URL, b"cat")

    async with server.client(timeout=5.0) as client:
        assert isinstance(client, CincopaClient)
        done = await client.upload_from_url(URL)

    assert fake.stored(done.rid) == b"cat"


async def test_each_run_makes_the_same_ids() -> None:
    """A seed makes rids, status ids and the token; another seed makes others."""

    async def ids(seed: int) -> list[Any]:
        fake = FakeCincopa(seed=seed)
        fake.add_source(URL, b"cat")
        async with fake.serve() as server, httpx.AsyncClient(base_url=server.base_url) as http:
            ask = Asker(http, server.api_token)
            status_id = await ask.start(URL)
            return [server.api_token, status_id, (await ask.ended(status_id))["resid"]]

    first, again, other = await ids(0), await ids(0), await ids(1)

    assert first == again
    assert not set(first) & set(other)
