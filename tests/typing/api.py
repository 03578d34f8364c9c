"""Type-checked, never run: holds the public types to what they promise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from datetime import datetime
from typing import Any, assert_type

import httpx

from cincopa_async import (
    Account,
    APIError,
    Asset,
    AssetPage,
    CincopaClient,
    CincopaError,
    Page,
    Pages,
    PollPolicy,
    RateLimitError,
    RenewingToken,
    ResponseDecodeError,
    RetryPolicy,
    StartedUpload,
    StartingUpload,
    TagList,
    TemporaryToken,
    TransportError,
    UploadError,
    UploadFailedError,
    UploadJob,
    UploadResult,
    UploadState,
    UploadStatus,
    UploadURL,
    UploadWatch,
)


def plain_token() -> str:
    return "TOKEN"


async def async_token() -> str:
    return "TOKEN"


def clients(http_client: httpx.AsyncClient, transport: httpx.AsyncBaseTransport) -> Sequence[CincopaClient]:
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
            retry=RetryPolicy(attempts=1, base_delay=1, max_delay=2, max_retry_after=3),
            poll=PollPolicy(first=1, floor=1, ceiling=2, growth=1.5, jitter=0, stall_timeout=60, deadline=3600),
        ),
        CincopaClient("TOKEN", http_client=http_client),
        CincopaClient("TOKEN", transport=transport),
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


async def wrong_arguments(client: CincopaClient) -> None:
    """Each is refused by the type checkers: an ignore that is not needed is an error itself."""
    CincopaClient(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.asset.delete()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.asset.list("cat")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.asset.list(page="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.asset.set_meta("A4", my_field=b"x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.call("x.y", method="PUT")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.call("x.y", safety="safe")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.start_upload("https://x", on_cancel="stop")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (await client.ping()).permissions = ""  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
