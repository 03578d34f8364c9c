"""Type-checked, never run: holds the public types of batches to what they promise."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from pathlib import Path
from typing import Literal, assert_type

from cincopa_async import (
    AssetMeta,
    AssetNotDescribedError,
    BatchEvent,
    BatchEvents,
    BatchHaltedError,
    BatchProgress,
    CincopaClient,
    IfExists,
    IfUnknown,
    PollPolicy,
    UploadBatch,
    UploadInput,
    UploadItem,
    UploadItems,
    UploadOutcome,
    UploadResult,
    UploadStatus,
)
from cincopa_async.stores import MemoryStore, UploadStore


async def sign() -> str:
    return "https://x"


async def batches(
    client: CincopaClient, urls: list[str], paths: Iterable[Path], items: AsyncIterable[UploadItem | str]
) -> None:
    store: UploadStore = MemoryStore()
    unknown: IfUnknown = "restart"
    if_exists: IfExists = "skip"
    batch = assert_type(
        client.upload_many(
            urls,
            max_active=8,
            store=store,
            on_cancel="detach",
            poll=PollPolicy(),
            item_attempts=3,
            unknown=unknown,
            if_exists=if_exists,
        ),
        UploadBatch,
    )
    async with batch as entered:
        assert_type(entered, UploadBatch)
        iterator: AsyncIterator[UploadOutcome] = entered
        async for outcome in entered:
            assert_type(outcome, UploadOutcome)
            assert_type(outcome.item, UploadItem)
            assert_type(outcome.result, UploadResult | None)
            assert_type(outcome.error, Exception | None)
            assert_type(outcome.ok, bool)
            assert_type(outcome.from_store, bool)
            assert_type(outcome.skipped, bool)
        del iterator
    for given in (urls, paths, items):
        things: UploadItems = given
        client.upload_many(things)
    client.upload_many([sign, "https://x", Path("a.mp4"), UploadItem(sign, key="a")])


async def telling(batch: UploadBatch) -> None:
    progress = assert_type(batch.progress, BatchProgress)
    assert_type(progress.items_total, int | None)
    assert_type(progress.items_seen, int)
    assert_type(progress.active, int)
    assert_type(progress.ended, int)
    assert_type(progress.failed, int)
    assert_type(progress.bytes_sent, int)
    assert_type(progress.bytes_total, int | None)
    assert_type(progress.rate, float)
    assert_type(progress.seconds_left, float | None)
    async for event in assert_type(batch.events(), BatchEvents):
        assert_type(event, BatchEvent)
        assert_type(event.kind, Literal["started", "progress", "left", "ended"])
        assert_type(event.item, UploadItem)
        assert_type(event.status_id, str | None)
        assert_type(event.status, UploadStatus | None)
        assert_type(event.maybe_applied, bool)
        assert_type(event.outcome, UploadOutcome | None)


async def metadata(client: CincopaClient, store: UploadStore) -> None:
    meta = AssetMeta(caption="A cat", tags=["cat"], reference_id="1", fields={"mood": "calm", "age": 3})
    item = UploadItem("https://x", fid="A4", rid="A4", type="thumb", key="cat", meta=meta, galleries=("A4",))
    assert_type(item.input, UploadInput)
    await client.start_upload("https://x", key="cat", store=store, meta=meta, galleries=["A4"])
    await client.upload_from_url("https://x", meta=meta, galleries=["A4"])
    await client.upload_file("a.mp4", meta=meta, galleries=["A4"])


def errors(halted: BatchHaltedError, undescribed: AssetNotDescribedError) -> None:
    assert_type(halted.reason, str)
    assert_type(undescribed.rid, str)
    assert_type(undescribed.reason, str)


def wrong(client: CincopaClient) -> None:
    client.upload_many(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.upload_many([b"https://x"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    client.upload_many([], unknown="guess")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.upload_many([], 8)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    UploadItem("https://x", "A4")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
