"""How the fake delivers to hooks: in order, again on failure, and no longer than it lives."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
import trio
import trio.testing

from cincopa_async.testing import FakeCincopa, MisbehavingServer
from cincopa_async.testing._fetch import Fetcher, SourceError
from tests.testing.helpers import Asker, answering, until
from tests.testing.receiver import receiving, told

REFUSED = "http://127.0.0.1:1/hook"
UVLOOP = pytest.param(
    ("asyncio", {"use_uvloop": True}),
    id="uvloop",
    marks=pytest.mark.skipif(
        importlib.util.find_spec("uvloop") is None, reason="uvloop is not made for every platform"
    ),
)


@pytest.fixture
def fake() -> FakeCincopa:
    return FakeCincopa(webhook_attempts=3, webhook_pause=0.001)


def outcomes(fake: FakeCincopa) -> list[tuple[int, bool | None]]:
    return [(delivery.attempts, delivery.delivered) for delivery in fake.deliveries]


@pytest.mark.anyio
@pytest.mark.parametrize("status", [301, 302, 404, 410, 500, 503])
async def test_failure_is_sent_again(fake: FakeCincopa, ask: Asker, status: int) -> None:
    """What is not answered by a 2xx comes again, the same to the byte, before the next event does."""
    async with receiving(status, status, 204) as receiver:
        await ask.post("webhook.set", hook_url=receiver.base_url)

        await ask.post("gallery.create", name="one")
        await ask.post("gallery.create", name="two")

        await told(fake)
    assert [body["name"] for body in receiver.bodies] == ["one", "one", "one", "two"]
    assert len(set(receiver.contents[:3])) == 1
    assert outcomes(fake) == [(3, True), (1, True)]


@pytest.mark.anyio
async def test_hook_that_keeps_failing_is_given_up(fake: FakeCincopa, ask: Asker) -> None:
    """After its attempts an event is dropped, and the next one has its own."""
    async with receiving(500, 500, 500) as receiver:
        await ask.post("webhook.set", hook_url=receiver.base_url)

        await ask.post("gallery.create", name="one")
        await ask.post("gallery.create", name="two")

        await told(fake)
    assert [body["name"] for body in receiver.bodies] == ["one", "one", "one", "two"]
    assert outcomes(fake) == [(3, False), (1, True)]


@pytest.mark.anyio
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"hello\r\n\r\n"])
async def test_hook_that_breaks_off_has_failed(fake: FakeCincopa, ask: Asker, answer: bytes) -> None:
    """An answer must be one."""
    async with answering(answer) as url:
        await ask.post("webhook.set", hook_url=url)

        await ask.post("gallery.create")

        await told(fake)
    assert outcomes(fake) == [(3, False)]


@pytest.mark.anyio
@pytest.mark.parametrize("hook_url", [REFUSED, f"http://{'a' * 70}.test/"])
async def test_hook_that_is_not_there_has_failed(fake: FakeCincopa, ask: Asker, hook_url: str) -> None:
    """A connection refused, and a host that nobody knows."""
    await ask.post("webhook.set", hook_url=hook_url)

    await ask.post("gallery.create")

    await told(fake)
    assert outcomes(fake) == [(3, False)]


@pytest.mark.anyio
async def test_https_hook_without_tls_behind_it_has_failed(fake: FakeCincopa, ask: Asker) -> None:
    """An https hook is asked for by TLS, and nothing is sent without it."""
    async with answering(b"no TLS here\r\n") as url:
        await ask.post("webhook.set", hook_url=url.replace("http:", "https:"))

        await ask.post("gallery.create")

        await told(fake)
    assert outcomes(fake) == [(3, False)]


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["silence", "slow_drip"])
async def test_hook_that_takes_too_long_has_failed(fault: Any) -> None:
    """The timeout is that of the whole exchange: an answer that comes byte by byte is late too."""
    fake = FakeCincopa(webhook_attempts=2, webhook_pause=0.001, webhook_timeout=0.05)
    async with (
        fake.serve() as server,
        httpx.AsyncClient(base_url=server.base_url) as http,
        MisbehavingServer() as hook,
    ):
        hook.script({"success": True})
        hook.fault(fault, seconds=0.04)
        ask = Asker(http, server.api_token)
        await ask.post("webhook.set", hook_url=hook.base_url)

        await ask.post("gallery.create")

        await told(fake)
    assert outcomes(fake) == [(2, False)]


def test_pause_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pause is twice the one before."""
    times: list[float] = []

    @asynccontextmanager
    async def refuse(*_: object) -> AsyncIterator[Any]:
        times.append(trio.current_time())
        raise SourceError("refused")
        yield

    async def main() -> None:
        began = trio.current_time()
        async with (
            FakeCincopa() as fake,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=fake), base_url="http://x.test/v2/") as http,
        ):
            ask = Asker(http, fake.api_token)
            await ask.post("webhook.set", hook_url=REFUSED)
            await ask.post("gallery.create")
            await told(fake)
        assert [round(time - began, 3) for time in times] == [0.0, 0.1, 0.3, 0.7, 1.5]

    monkeypatch.setattr(Fetcher, "open", refuse)
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.anyio
async def test_deleted_hook_is_left_alone(fake: FakeCincopa, ask: Asker) -> None:
    """What failed is not sent again to a hook that is gone, and what waited is not sent at all."""
    async with receiving(500) as receiver:
        receiver.shut()
        await ask.post("webhook.set", hook_url=receiver.base_url)
        await ask.post("gallery.create")
        await ask.post("gallery.create")
        await until(lambda: len(receiver.contents) == 1)

        await ask.post("webhook.delete", hook_url=receiver.base_url)
        receiver.open.set()

        await told(fake)
        assert len(receiver.contents) == 1
    assert outcomes(fake) == [(1, False), (0, False)]


@pytest.mark.anyio
async def test_what_was_on_its_way_arrives(fake: FakeCincopa, ask: Asker) -> None:
    """A hook deleted while it takes an event has taken that one; set anew, it is another, which is told what comes."""
    async with receiving() as receiver:
        receiver.shut()
        await ask.post("webhook.set", hook_url=receiver.base_url)
        await ask.post("gallery.create", name="one")
        await until(lambda: len(receiver.contents) == 1)
        await ask.post("webhook.delete", hook_url=receiver.base_url)
        await ask.post("webhook.set", hook_url=receiver.base_url)

        await ask.post("gallery.create", name="two")

        await until(lambda: len(receiver.contents) == 2)
        receiver.open.set()
        await told(fake)
    assert [body["name"] for body in receiver.bodies] == ["one", "two"]
    assert outcomes(fake) == [(1, True), (1, True)]


@pytest.mark.anyio
async def test_stop_does_not_wait_for_hooks(caplog: pytest.LogCaptureFixture) -> None:
    """A server that stops gives up what is on its way and what waits, without a word in the log."""
    fake = FakeCincopa()
    async with receiving() as receiver:
        receiver.shut()
        async with fake.serve() as server, httpx.AsyncClient(base_url=server.base_url) as http:
            ask = Asker(http, server.api_token)
            await ask.post("webhook.set", hook_url=receiver.base_url)
            await ask.post("gallery.create")
            await ask.post("gallery.create")
            await until(lambda: len(receiver.contents) == 1)
            assert outcomes(fake) == [(1, None), (0, None)]

    assert outcomes(fake) == [(1, False), (0, False)]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", UVLOOP, "trio"], indirect=True)
async def test_in_process_too(fake: FakeCincopa, ask_in_process: Asker) -> None:
    """Without a server the loop of the caller delivers, and aclose() ends that; the fake goes on."""
    async with receiving() as receiver:
        await ask_in_process.post("webhook.set", hook_url=receiver.base_url)
        await ask_in_process.post("gallery.create")
        await told(fake)
        receiver.shut()
        await ask_in_process.post("gallery.create")
        await until(lambda: len(receiver.contents) == 2)

        await fake.aclose()

        assert outcomes(fake) == [(1, True), (1, False)]
        receiver.open.set()
        await ask_in_process.post("gallery.create")
        await told(fake)
        assert outcomes(fake)[2:] == [(1, True)]


def _on_asyncio(main: Callable[[], Any]) -> None:
    asyncio.run(main())


@pytest.mark.parametrize("run", [_on_asyncio, trio.run])
def test_loop_that_ends_takes_its_deliveries_along(run: Callable[[Callable[[], Any]], object]) -> None:
    """Without aclose() deliveries end with their loop; the hook is told again from the next one."""
    fake = FakeCincopa()

    async def leave_one_on_its_way() -> None:
        async with (
            receiving() as receiver,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=fake), base_url="http://x.test/v2/") as http,
        ):
            receiver.shut()
            ask = Asker(http, fake.api_token)
            await ask.post("webhook.set", hook_url=receiver.base_url)
            await ask.post("gallery.create")
            await until(lambda: len(receiver.contents) == 1)
            await ask.post("webhook.delete", hook_url=receiver.base_url)

    run(leave_one_on_its_way)
    run(leave_one_on_its_way)

    assert outcomes(fake) == [(1, False), (1, False)]


@pytest.mark.anyio
async def test_no_secret_of_a_hook_is_seen(fake: FakeCincopa, ask: Asker, caplog: pytest.LogCaptureFixture) -> None:
    """Neither its URL, whose path may be a secret as Slack's is, nor its key stands in a log record or a repr."""
    caplog.set_level(1)
    fake.quirk("webhook_key", nth=2)
    async with receiving() as receiver:
        for host in (receiver.base_url, receiver.base_url.replace("http:", "https:"), "http://127.0.0.1:1"):
            query = f"hook_url={host}/CANARY-PATH%3Fsig%3DCANARY-SIGNATURE%26n%3D{{}}&security_key=CANARY-CAPABILITY"
            # By a plain socket: httpx would log the URL of the test's own request.
            for number in range(2):
                await posted(ask, f"webhook.set.json?{query.format(number)}")
        await ask.post("gallery.create")
        await told(fake)

    shown = [repr(fake), repr(fake.deliveries), repr(fake._account.hooks.values())]
    assert len(receiver.contents) == 2
    assert "CANARY" not in "".join([*shown, *(record.getMessage() for record in caplog.records)])


async def posted(ask: Asker, target: str) -> None:
    port = ask.http.base_url.port
    assert port is not None
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        head = f"POST /v2/{target}&api_token={ask.token} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        await stream.send(head.encode())
        assert b'"success": true' in b"".join([data async for data in stream])
