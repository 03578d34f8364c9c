"""Type-checked, never run: holds the public types to what they promise."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, assert_type

import anyio
import httpx
import httpx2
from anyio.abc import ByteReceiveStream
from httpx_aiohttp import AiohttpTransport
from starlette.applications import Starlette
from starlette.routing import Mount

from cincopa_async import (
    Account,
    APIError,
    Asset,
    AssetPage,
    CincopaClient,
    CincopaError,
    Claim,
    CreatedGallery,
    FileChangedError,
    FileSource,
    Gallery,
    GalleryArchive,
    GalleryPage,
    LiveList,
    LiveStream,
    Page,
    Pages,
    PollPolicy,
    Portal,
    PortalList,
    RateLimitError,
    RecordState,
    RenewingToken,
    ResponseDecodeError,
    RetryPolicy,
    StartedUpload,
    StartingUpload,
    StoredError,
    TagList,
    TemporaryToken,
    TransportError,
    UploadError,
    UploadFailedError,
    UploadJob,
    UploadRecord,
    UploadResult,
    UploadState,
    UploadStatus,
    UploadStore,
    UploadToken,
    UploadURL,
    UploadWatch,
    Webhook,
    WebhookEvent,
    WebhookList,
    WebhookReceiver,
    parse_event,
)
from cincopa_async.stores import MemoryStore, RedisStore, SqliteStore


def plain_token() -> str:
    return "TOKEN"


async def async_token() -> str:
    return "TOKEN"


def clients(
    http_client: httpx.AsyncClient,
    transport: httpx.AsyncBaseTransport,
    http_client2: httpx2.AsyncClient,
    transport2: httpx2.AsyncBaseTransport,
    aiohttp_transport: AiohttpTransport,
) -> Sequence[CincopaClient]:
    return [
        CincopaClient(),
        CincopaClient("TOKEN"),
        CincopaClient(plain_token),
        CincopaClient(async_token),
        CincopaClient(RenewingToken(CincopaClient(), ttl=600, permissions="|asset.*|")),
        CincopaClient(
            None,
            base_url=None,
            timeout=30,
            max_concurrency=8,
            rate_limit=20,
            retry=RetryPolicy(attempts=1, base_delay=1, max_delay=2, max_retry_after=3),
            poll=PollPolicy(first=1, floor=1, ceiling=2, growth=1.5, jitter=0, stall_timeout=60, deadline=3600),
        ),
        CincopaClient("TOKEN", http_client=http_client),
        CincopaClient("TOKEN", transport=transport),
        CincopaClient("TOKEN", http_client=http_client2),
        CincopaClient("TOKEN", transport=transport2),
        CincopaClient("TOKEN", transport=aiohttp_transport),
    ]


async def general(client: CincopaClient) -> None:
    async with client as entered:
        assert_type(entered, CincopaClient)
    await client.aclose()
    account = assert_type(await client.ping(), Account)
    assert_type(account.permissions, str | None)
    assert_type(account.accid_num, int | None)
    assert_type(account.allows("asset.list"), bool | None)
    assert_type(account.extra, dict[str, Any])
    assert_type(await client.call("x.y", method="POST", safety="idempotent", a=1, b=["c"], d=None), dict[str, Any])
    token = assert_type(await client.token.get_temp(ttl=600, permissions="|asset.*|"), TemporaryToken)
    assert_type(token.value, str)


async def asset(client: CincopaClient) -> None:
    page = assert_type(
        await client.asset.list(
            search="cat",
            type="video",
            rid="A4",
            reference_id="21T20",
            tag="no-tag",
            details=["tags", "a new one"],
            page=1,
            items_per_page=50,
        ),
        AssetPage,
    )
    assert_type(page.items, tuple[Asset, ...])
    assert_type(page.pages_count, int | None)
    as_any_page: Page[Asset] = page
    assert_type(as_any_page.items, tuple[Asset, ...])
    pages = assert_type(client.asset.iter(type="a new word", ahead=2), Pages[Asset])
    assert_type(pages.items_count, int | None)
    async for found in pages:
        assert_type(found, Asset)
        assert_type(found.rid, str | None)
        assert_type(found.tags, tuple[str, ...] | None)
        assert_type(found.filesize, int | None)
        assert_type(found.uploaded, datetime | None)
    tags = assert_type(await client.asset.get_tags(), TagList)
    assert_type(tags.tags, dict[str, int | None])
    await client.asset.set_meta("A4", caption="Cat", tags=["a"], video_thumb_sec=1.5, my_field=True, other=None)
    await client.asset.resync("A4")
    await client.asset.delete("A4")
    url = assert_type(await client.asset.get_upload_url(rid="A4", type="thumb", ttl=60, sourceip="::1"), UploadURL)
    assert_type(url.upload_url, str)
    assert_type(await client.asset.upload_from_url("https://x", rid="A4", type="thumb"), str)
    assert_type(await client.asset.upload_from_url_get_status("42"), UploadStatus)
    await client.asset.upload_from_url_abort("42")


async def jobs(client: CincopaClient) -> None:
    done = assert_type(
        await client.upload_from_url("https://x", fid="A4", timeout=600, poll=PollPolicy()),
        UploadResult,
    )
    assert_type(done.rid, str)
    assert_type(done.status, UploadStatus)
    starting = assert_type(client.start_upload("https://x", on_cancel="abort"), StartingUpload)
    job = assert_type(await starting, UploadJob)
    async with client.start_upload("https://x") as entered:
        assert_type(entered, UploadJob)
    async with client.resume_upload("42", on_cancel="detach") as resumed:
        assert_type(resumed, UploadJob)
    assert_type(job.status_id, str)
    assert_type(job.status, UploadStatus | None)
    assert_type(await job.wait(timeout=None), UploadResult)
    assert_type(await job.refresh(), UploadStatus)
    assert_type(await job.abort(), UploadStatus)
    watch = assert_type(job.watch(), UploadWatch)
    async for status in watch:
        assert_type(status, UploadStatus)
        assert_type(status.state, UploadState)
        assert_type(status.state.is_final, bool)
        assert_type(status.status, str | None)
        assert_type(status.progress_bytes, int | None)
        assert_type(status.file_size_bytes, int | None)
        assert_type(status.progress, float | None)
        assert_type(status.fraction, float | None)
        assert_type(status.rid, str | None)
        assert_type(status.reason, str | None)
        assert_type(status.raw, dict[str, Any])


async def files(
    client: CincopaClient, path: Path, reader: asyncio.StreamReader, stream: ByteReceiveStream, response: httpx.Response
) -> None:
    def progress(sent: int, total: int) -> None: ...

    sources: Sequence[FileSource] = ["a.mp4", path, anyio.Path(path), reader, stream, await anyio.open_file(path, "rb")]
    for source in sources:
        assert_type(await client.upload_file(source, name="a.mp4", size=5), UploadResult)
    await client.upload_file(response.aiter_bytes(), name="a.mp4", chunk_size=1_000_000, resend_last=True)
    await client.upload_file(path, rid="A4", type="thumb", ttl=60, fid=None, progress=progress)
    await client.upload_file(path, progress=print)
    assert_type(await client.set_poster("A4", path), UploadResult)
    await client.set_poster("A4", "https://x")


async def standard_protocols(client: CincopaClient) -> None:
    awaitable: Awaitable[UploadJob] = client.start_upload("https://x")
    coroutine: Coroutine[Any, Any, UploadJob] = client.start_upload("https://x")
    iterator: AsyncIterator[Asset] = client.asset.iter()
    statuses: AsyncIterator[UploadStatus] = (await awaitable).watch()
    task = assert_type(asyncio.create_task(client.start_upload("https://x")), asyncio.Task[UploadJob])
    assert_type(await asyncio.wait_for(client.start_upload("https://x"), 5), UploadJob)
    assert_type(await asyncio.gather(client.ping(), task), tuple[Account, UploadJob])
    del coroutine, iterator, statuses


async def errors(client: CincopaClient) -> None:
    try:
        await client.upload_from_url("https://x")
    except FileChangedError as changed:
        assert_type(changed.name, str)
    except UploadFailedError as failed:
        assert_type(failed.reason, str | None)
    except UploadError as upload:
        assert_type(upload.status_id, str | None)
        assert_type(upload.status, UploadStatus | None)
    except TimeoutError as late:
        assert_type(late, TimeoutError)
    except RateLimitError as limited:
        assert_type(limited.retry_after, float | None)
    except APIError as refused:
        assert_type(refused.status_code, int)
        assert_type(refused.message, str)
        assert_type(refused.call, str)
        assert_type(refused.body, str | None)
    except ResponseDecodeError as undecodable:
        assert_type(undecodable.status_id, str | None)
    except TransportError as broken:
        assert_type(broken.reason, str)
    except CincopaError as error:
        assert_type(error.maybe_applied, bool)


def models_can_be_made_by_hand() -> Sequence[object]:
    """For tests of programs that use the client."""
    status = UploadStatus(state=UploadState.COMPLETED, rid="A4")
    return [
        UploadResult(rid="A4", status=status),
        AssetPage(items=(Asset(rid="A4"),)),
        StartedUpload(status_id="42"),
        UploadFailedError("42", status),
        APIError(400, "no", "asset.list", maybe_applied=True),
    ]


async def webhooks(client: CincopaClient) -> None:
    def on_error(event: WebhookEvent, error: Exception) -> None:
        assert_type(event.event, str | None)

    receiver = WebhookReceiver(security_key="K", secret="S", max_body_bytes=1, max_pending=1, on_error=on_error)

    @receiver.on("asset.*")
    async def handler(event: WebhookEvent) -> int:
        assert_type(event.asset, Asset | None)
        assert_type(event.raw, dict[str, Any])
        return 1

    assert_type(await handler(WebhookEvent()), int)
    receiver.wakes(client)
    async with receiver as entered:
        assert_type(entered, WebhookReceiver)
    event = assert_type(parse_event(b"{}", None), WebhookEvent)
    assert_type(event.matches("*"), bool)
    Starlette(routes=[Mount("/hooks", receiver)])
    receiver.on("*")(on_error)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]


async def wrong_arguments(client: CincopaClient) -> None:
    """Each is refused by the type checkers: an ignore that is not needed is an error itself."""
    CincopaClient(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    CincopaClient(http_client=httpx.Client())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    CincopaClient(transport=httpx.HTTPTransport())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.asset.delete()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.asset.list("cat")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.asset.list(page="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.asset.set_meta("A4", my_field=b"x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.call("x.y", method="PUT")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.call("x.y", safety="safe")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.start_upload("https://x", on_cancel="stop")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.upload_file(b"bytes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.upload_file(io.BytesIO())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.upload_file("a", progress=len)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (await client.ping()).permissions = ""  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def galleries(client: CincopaClient) -> None:
    created = assert_type(await client.gallery.create(name="Cats", copy_items=True), CreatedGallery)
    fid = assert_type(created.fid, str)
    await client.gallery.set_meta(fid, name="Dogs", tags=["a"], my_property=True)
    await client.gallery.add_item(fid, "R1", insert_position="top")
    await client.gallery.remove_item(fid, ["R1", "R2"], delete_asset=False)
    await client.gallery.set_master(fid, master="R1")
    page = assert_type(await client.gallery.list(search="cat", items_per_page=100), GalleryPage)
    assert_type(page.items, tuple[Gallery, ...])
    assert_type(page.tag_cloud, dict[str, int | None] | None)
    assert_type(await client.gallery.get_items(fid, details=["tags"]), AssetPage)
    assert_type(client.gallery.iter(limit=5), Pages[Gallery])
    assert_type(client.gallery.iter_items(fid, ahead=1), Pages[Asset])
    archive = assert_type(await client.gallery.download(fid), GalleryArchive)
    assert_type(archive.url, str)
    await client.gallery.delete(fid, delete_assets=True)
    found = assert_type(await client.ensure_gallery(name="Cats"), Gallery)
    assert_type(found.fid, str | None)


async def ready(client: CincopaClient, job: UploadJob) -> None:
    asset = assert_type(await client.asset.wait_ready("R1", timeout=60), Asset)
    assert_type(asset.syncstatus, str | None)
    assert_type(await job.wait(timeout=60, until="ready"), UploadResult)


async def pages_portals_and_hooks(client: CincopaClient) -> None:
    token = assert_type(await client.upload.get_upload_token("A4"), UploadToken)
    assert_type(await client.upload.iframe(fid="A4", token=token.value), str)
    assert_type(CincopaClient.url_for_iframe(rrid="mine", token=token.value), str)
    assert_type(await client.portal.check(name="cats"), Portal)
    assert_type(await client.portal.rename(subdomain="cats", new_name="dogs"), Portal)
    assert_type((await client.portal.list()).portals, tuple[Portal, ...])
    assert_type(await client.portal.list(page=2), PortalList)
    assert_type(await client.live.start("R1"), LiveStream)
    assert_type(await client.live.list(), LiveList)
    hooks = assert_type(await client.webhook.list(), WebhookList)
    assert_type(hooks.webhooks, tuple[Webhook, ...])
    await client.webhook.set("https://app.example.com/", events=["asset.uploaded", "a new one"], security_key="k")
    await client.webhook.set_slack("https://hooks.slack.example/", events=["asset.*"])
    await client.webhook.delete("https://app.example.com/")
    assert_type(await client.ensure_webhook("https://app.example.com/", events=["asset.*"]), Webhook)


async def stores(store: UploadStore) -> None:
    """What a store answers, and that ours are stores."""
    each: list[UploadStore] = [MemoryStore(), SqliteStore("runs.db", lease=30), RedisStore("redis://", prefix="a")]
    async with store as opened:
        assert_type(opened, UploadStore)
    assert_type(await each[0].claim("a", input="b"), tuple[Claim, UploadRecord])
    assert_type(await store.restart("a", attempts=1), UploadRecord)
    assert_type(await store.ended("a", error=StoredError(kind="A", message="b")), None)
    async for record in store.records(states=["ended"]):
        assert_type(record.state, RecordState)
    assert_type(await store.counts(), dict[RecordState, int])
