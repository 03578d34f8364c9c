"""FakeCincopa without a socket: an ASGI app below asyncio, uvloop and trio, in virtual time too."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
import trio
import trio.testing

from cincopa_async import CincopaClient
from cincopa_async.testing import FakeCincopa, MisbehavingServer
from cincopa_async.testing._background import Background, Backgrounds
from tests.testing.helpers import Asker

URL = "https://media.test/cat.mp4"


@pytest.mark.anyio
async def test_client_is_wired_in_process(fake: FakeCincopa) -> None:
    """client() hands out a CincopaClient of the account that opens no socket; arguments go to it."""
    fake.add_source(URL, b"cat")

    async with fake, fake.client(timeout=5.0) as client:
        assert isinstance(client, CincopaClient)
        done = await client.upload_from_url(URL)

    assert fake.stored(done.rid) == b"cat"


@pytest.mark.anyio
async def test_inputs_are_fetched_in_process_too(fake: FakeCincopa, ask_in_process: Asker) -> None:
    """What was not registered is fetched over HTTP in the caller's loop."""
    async with MisbehavingServer() as source:
        source.script(b"cat")

        rid = await ask_in_process.uploaded(source.base_url)

    assert fake.stored(rid) == b"cat"


@pytest.mark.anyio
async def test_aclose_ends_the_uploads(fake: FakeCincopa, ask_in_process: Asker) -> None:
    """Uploads that run are failed after aclose(); closing again is harmless, and the fake goes on."""
    fake.add_source(URL, b"cat")
    fake.hold()
    status_id = await ask_in_process.start(URL)
    await ask_in_process.start(URL)
    await anyio.wait_all_tasks_blocked()

    await fake.aclose()
    await fake.aclose()

    status = await ask_in_process.status(status_id)
    assert (status["status"], status["more"]) == ("failed", "the server stopped")
    assert (fake.counts.uploads_running, fake.counts.uploads_failed) == (0, 2)
    fake.release()
    assert (await ask_in_process.ended(await ask_in_process.start(URL)))["status"] == "completed"


@pytest.mark.anyio
async def test_aclose_before_an_upload_has_begun(fake: FakeCincopa, ask_in_process: Asker) -> None:
    """An upload accepted in this very turn of the loop is ended too."""
    fake.add_source(URL, b"cat")
    await ask_in_process.start(URL)

    await fake.aclose()

    assert fake.counts.uploads_running == 0


@pytest.mark.anyio
async def test_abort_before_an_upload_has_begun(fake: FakeCincopa, ask_in_process: Asker) -> None:
    """An upload aborted before it has read anything is aborted for good."""
    fake.add_source(URL, b"cat")
    status_id = await ask_in_process.start(URL)

    await ask_in_process.abort(status_id)

    await anyio.wait_all_tasks_blocked()
    assert (await ask_in_process.status(status_id))["status"] == "aborted"
    assert fake.counts.uploads_aborted == 1


def test_an_hour_passes_at_once() -> None:
    """On trio's mock clock a slow source, a token's end and a latency take no real time."""

    async def main() -> None:
        async with FakeCincopa() as fake:
            fake.add_source(URL, 10 * 64 * 1024 * b"x", seconds=3600)
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=fake), base_url="http://x.test/v2/", timeout=None
            ) as http:
                ask = Asker(http, fake.api_token)
                status_id = await ask.start(URL)
                temporary = (await ask.get("token.get_temp", ttl=1800))["api_token"]
                await trio.sleep(1799)
                half = await ask.status(status_id)
                assert 0 < half["progress_bytes"] < half["file_size_bytes"]
                assert (await Asker(http, temporary).get("ping"))["ping"] == "pong"
                await trio.sleep(2)
                assert (await Asker(http, temporary).respond("GET", "ping")).status_code == 403
                fake.quirk("latency", seconds=1800)
                assert (await ask.status(status_id))["status"] == "completed"

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def _on_asyncio(main: Callable[[], Any]) -> None:
    asyncio.run(main())


@pytest.mark.parametrize("run", [_on_asyncio, trio.run])
def test_loop_that_ends_takes_its_uploads_along(run: Callable[[Callable[[], Any]], None]) -> None:
    """Without aclose() uploads end with their loop; the fake can be used from the next one, and told to let go."""
    fake = FakeCincopa()
    fake.add_source(URL, b"cat")
    fake.hold()

    async def leave_one_running() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=fake), base_url="http://x.test/v2/") as http:
            await Asker(http, fake.api_token).start(URL)
            await anyio.wait_all_tasks_blocked()

    run(leave_one_running)
    assert (fake.counts.uploads_running, fake.counts.uploads_failed) == (0, 1)
    run(leave_one_running)

    assert (fake.counts.uploads_running, fake.counts.uploads_failed) == (0, 2)


@pytest.mark.parametrize("run", [_on_asyncio, trio.run])
def test_loop_that_is_gone_is_left_alone(run: Callable[[Callable[[], Any]], Any]) -> None:
    """A wake-up from another thread may come when the loop has just ended: then nothing happens."""
    backgrounds: list[Background] = []

    async def remember() -> None:
        backgrounds.append(Backgrounds().current())

    run(remember)

    backgrounds[0].call_soon(lambda: pytest.fail("called in a loop that is gone"))


@pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="uvloop is not made for every platform")
def test_below_uvloop() -> None:
    """uvloop's loops are asyncio's, in-process and in front of a server."""

    async def main() -> None:
        fake = FakeCincopa()
        fake.add_source(URL, b"cat")
        async with fake, fake.serve() as server:
            for transport, base_url in ((httpx.ASGITransport(app=fake), "http://x.test/v2/"), (None, server.base_url)):
                async with httpx.AsyncClient(transport=transport, base_url=base_url) as http:
                    ask = Asker(http, fake.api_token)
                    await ask.uploaded(URL)
                    with fake.held():
                        await ask.abort(await ask.start(URL))
        assert (fake.counts.uploads_completed, fake.counts.uploads_aborted) == (2, 2)

    anyio.run(main, backend="asyncio", backend_options={"use_uvloop": True})


def test_more_calls_than_the_limit_are_refused() -> None:
    """A second's worth at once, then so many a second, by the clock of the event loop; the others are told to wait."""

    async def main() -> None:
        async with (
            FakeCincopa(rate_limit=10) as fake,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=fake), base_url="http://x.test/v2/") as http,
        ):
            ask = Asker(http, fake.api_token)

            async def taken(calls: int) -> int:
                answers = [await ask.respond("GET", "ping") for _ in range(calls)]
                assert {answer.headers.get("retry-after") for answer in answers if answer.status_code == 429} <= {"1"}
                return sum(answer.status_code == 200 for answer in answers)

            counts = [await taken(30)]
            await trio.sleep(0.5)
            counts.append(await taken(30))
            await trio.sleep(60)
            counts.append(await taken(30))

        assert counts == [10, 5, 10]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
