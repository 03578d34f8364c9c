"""Webhooks over sockets: sent by the fake as things happen in it, received by an app that uvicorn serves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from cincopa_async import CincopaClient, PollPolicy, UploadResult, WebhookEvent, WebhookReceiver
from cincopa_async.testing import FakeServer
from tests.sockets.helpers import quick_client, until
from tests.sockets.hooks import delivered, kept, mounted, served

pytestmark = pytest.mark.anyio

SECRET = "own-secret"
KEY = "vendors key & more"
CAT = "https://media.example/cat.mp4"
ASLEEP = PollPolicy(first=3600, ceiling=3600)


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Uvicorn runs on asyncio alone."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(autouse=True)
def cat(server: FakeServer) -> None:
    server.fake.add_source(CAT, b"c" * 5_000)


@pytest.mark.parametrize("app_of", [mounted, lambda hooks: hooks], ids=["mounted", "alone"])
async def test_upload_and_what_follows_is_told_to_the_hook(
    server: FakeServer, app_of: Callable[[WebhookReceiver], Any]
) -> None:
    """Each event comes once, with its asset or gallery, and without anybody polling for it."""
    hooks = WebhookReceiver(secret=SECRET)
    events = kept(hooks)
    async with served(app_of(hooks)) as url, quick_client(server) as cincopa:
        await cincopa.webhook.set(f"{url}/hooks/cincopa/{SECRET}", events=["asset.*", "gallery.*"])
        done = await cincopa.upload_from_url(CAT)
        await cincopa.asset.set_meta(done.rid, caption="Cat")
        gallery = await cincopa.gallery.create(name="Cats")
        await cincopa.asset.delete(done.rid)
        await delivered(server)

    names = [event.event for event in events]
    assert names.count("asset.uploaded") == names.count("asset.deleted") == names.count("gallery.created") == 1
    by_name = {event.event: event for event in events}
    uploaded, updated = by_name["asset.uploaded"], by_name["asset.updated"]
    assert uploaded.rid == done.rid
    assert uploaded.asset is not None
    assert uploaded.asset.filename == "cat.mp4"
    assert updated.asset is not None
    assert updated.asset.caption == "Cat"
    assert (by_name["gallery.created"].fid, by_name["gallery.created"].asset) == (gallery.fid, None)


@pytest.mark.parametrize("place", ["body", "query"])
async def test_security_key_counts_wherever_it_is_sent(server: FakeServer, place: str) -> None:
    """In the body or the query, as long as it is the right one."""
    server.fake.quirk("webhook_key", place=place)
    hooks = WebhookReceiver(security_key=KEY)
    events = kept(hooks)
    async with served(hooks) as url, quick_client(server) as cincopa:
        await cincopa.webhook.set(f"{url}/", events=["asset.*"], security_key=KEY)
        done = await cincopa.upload_from_url(CAT)
        await delivered(server)

    assert {event.rid for event in events} == {done.rid}
    assert all("security_key" not in event.raw for event in events)


async def test_event_with_a_wrong_key_is_not_taken(server: FakeServer) -> None:
    """However often it is sent."""
    hooks = WebhookReceiver(security_key=KEY)
    events = kept(hooks)
    async with served(hooks) as url, quick_client(server) as cincopa:
        await cincopa.webhook.set(f"{url}/", events=["gallery.created"], security_key="wrong")
        await cincopa.gallery.create(name="Cats")
        await until(
            lambda: [delivery.delivered for delivery in server.fake.deliveries] == [False],
            lambda: f"not given up: {server.fake.deliveries}",
        )

    assert events == []


async def test_event_wakes_the_job_that_is_waited_for(server: FakeServer) -> None:
    """It would have polled in an hour; it ends as soon as the event has come, be that one without a name."""
    server.fake.quirk("webhook_no_event")
    hooks = WebhookReceiver(secret=SECRET)
    results: list[UploadResult] = []
    async with served(hooks) as url, quick_client(server, poll=ASLEEP) as cincopa:
        hooks.wakes(cincopa)
        await cincopa.webhook.set(f"{url}/{SECRET}", events=["asset.uploaded"])
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                with server.fake.held(after_bytes=100):
                    job = await cincopa.start_upload(CAT)
                    tasks.start_soon(wait_for, job.wait, results)
                    await anyio.wait_all_tasks_blocked()
                    polls = server.fake.counts.requests["asset.upload_from_url_get_status"]

    assert len(results) == 1
    assert polls == 0
    assert server.fake.counts.requests["asset.upload_from_url_get_status"] <= 2


async def wait_for(wait: Callable[[], Any], results: list[UploadResult]) -> None:
    results.append(await wait())


async def test_event_that_finds_no_room_is_sent_again(server: FakeServer) -> None:
    """While a handler holds the only place the receiver answers 503, and nothing is lost by that."""
    hooks = WebhookReceiver(secret=SECRET, max_pending=1)
    let_go = anyio.Event()
    names: list[str] = []

    @hooks.on("gallery.*")
    async def slow(event: WebhookEvent) -> None:
        names.append(event.raw["name"])
        await let_go.wait()

    async with served(hooks) as url, quick_client(server) as cincopa:
        await cincopa.webhook.set(f"{url}/{SECRET}", events=["gallery.created"])
        for name in ("Cats", "Dogs"):
            await cincopa.gallery.create(name=name)
        await until(
            lambda: len(server.fake.deliveries) == 2 and server.fake.deliveries[1].attempts > 1,
            lambda: f"not refused: {server.fake.deliveries}",
        )
        seen = list(names)
        let_go.set()
        await delivered(server)

    assert seen == ["Cats"]
    assert names == ["Cats", "Dogs"]


async def test_handlers_end_before_the_server_does(server: FakeServer) -> None:
    """Whoever stops the app waits for what it has accepted."""
    hooks = WebhookReceiver(secret=SECRET)
    began, stops, ended = anyio.Event(), anyio.Event(), anyio.Event()

    @hooks.on("*")
    async def slow(event: WebhookEvent) -> None:
        began.set()
        await stops.wait()
        await anyio.wait_all_tasks_blocked()
        ended.set()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with hooks:
            yield
            stops.set()

    async with (
        served(Starlette(routes=[Mount("/hooks/cincopa", hooks)], lifespan=lifespan)) as url,
        httpx.AsyncClient() as http,
    ):
        answer = await http.post(f"{url}/hooks/cincopa/{SECRET}", json={"event": "asset.uploaded"})
        await began.wait()

    assert answer.status_code == 200
    assert ended.is_set()


async def test_sender_that_breaks_off_has_sent_nothing(server: FakeServer) -> None:
    """Half a body is not handled, and the next request is served as ever."""
    hooks = WebhookReceiver(secret=SECRET)
    events = kept(hooks)
    half = b'{"event": "asset.uploaded"}'
    head = f"POST /{SECRET} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(half) + 1}\r\n\r\n".encode()
    async with served(hooks) as url, httpx.AsyncClient() as http:
        async with await anyio.connect_tcp("127.0.0.1", httpx.URL(url).port or 0) as stream:
            await stream.send(head + half)
            await anyio.wait_all_tasks_blocked()
        after = await http.post(f"{url}/{SECRET}", json={"event": "asset.deleted"})

    assert after.status_code == 200
    assert [event.event for event in events] == ["asset.deleted"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_body_that_is_too_large_is_refused(server: FakeServer, *, chunked: bool) -> None:
    """Its length told or not, the server goes on."""
    hooks = WebhookReceiver(secret=SECRET, max_body_bytes=1_000)
    large = b'{"event": "%s"}' % (b"x" * 20_000)

    async def chunks() -> AsyncIterator[bytes]:
        yield large

    async with served(hooks) as url, httpx.AsyncClient() as http:
        refused = await http.post(f"{url}/{SECRET}", content=chunks() if chunked else large)
        taken = await http.post(f"{url}/{SECRET}", json={"event": "asset.deleted"})

    assert (refused.status_code, taken.status_code) == (413, 200)


async def test_client_and_receiver_share_a_lifespan(server: FakeServer) -> None:
    """As an app has them: the client is closed after the last handler, which may still call it."""
    hooks = WebhookReceiver(secret=SECRET)
    captions: list[str | None] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with quick_client(server) as cincopa, hooks:
            app.state.cincopa = cincopa
            yield

    app = Starlette(routes=[Mount("/hooks", hooks)], lifespan=lifespan)

    @hooks.on("asset.uploaded")
    async def look(event: WebhookEvent) -> None:
        cincopa: CincopaClient = app.state.cincopa
        page = await cincopa.asset.list(rid=event.rid)
        captions.append(page.items[0].filename)

    async with served(app) as url, quick_client(server) as cincopa:
        await cincopa.webhook.set(f"{url}/hooks/{SECRET}", events=["asset.uploaded"])
        await cincopa.upload_from_url(CAT)
        await delivered(server)

    assert captions == ["cat.mp4"]
