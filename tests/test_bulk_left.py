"""What a batch tells of the items that it leaves without an outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from cincopa_async import AssetMeta, BatchEvent, BatchHaltedError, UploadBatch, UploadItem, UploadState
from cincopa_async.stores import MemoryStore
from tests.batches import Account, account, outcomes_of, until_started
from tests.quick import link, links

pytestmark = pytest.mark.anyio
START = "asset.upload_from_url"
ABORT = "asset.upload_from_url_abort"


async def last_events(
    acc: Account, items: Any, until: Callable[[UploadBatch], bool], **options: Any
) -> dict[Any, BatchEvent]:
    """The last event about each input of a batch that is left as soon as something is so."""
    async with acc.cincopa.upload_many(items, **options) as batch:
        events = batch.events()
        with anyio.fail_after(5):
            while not until(batch):  # noqa: ASYNC110 - the fake tells nobody
                await anyio.sleep(0.001)
    return {event.item.input: event async for event in events}


def seen(acc: Account, call: str) -> Callable[[UploadBatch], bool]:
    return lambda _: acc.fake.counts.requests[call] > 0


@pytest.mark.parametrize(("on_cancel", "state"), [("abort", UploadState.ABORTED), ("detach", UploadState.IN_PROGRESS)])
async def test_upload_under_way_is_aborted_or_runs_on(on_cancel: Any, state: UploadState) -> None:
    """Its event says which upload it is, and what Cincopa said after the abort."""
    async with account(1) as acc:
        acc.fake.hold()
        until = seen(acc, "asset.upload_from_url_get_status")
        (event,) = (await last_events(acc, links(1), until, on_cancel=on_cancel)).values()
        acc.fake.release()

        assert (event.kind, event.outcome, event.maybe_applied) == ("left", None, False)
        assert event.status_id
        assert event.status is not None
        assert event.status.state is state


async def test_abort_that_nobody_answers_is_not_known() -> None:
    """The upload may run on, so nothing is said of it but its id."""
    async with account(1) as acc:
        acc.fake.hold()
        acc.fake.quirk("success_false", call=ABORT, message="Invalid api_token")
        acc.fake.quirk("success_false", call="ping", message="Invalid api_token")
        (event,) = (await last_events(acc, links(1), seen(acc, "asset.upload_from_url_get_status"))).values()
        acc.fake.release()

        assert event.status_id
        assert event.status is None


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
async def test_start_in_flight_is_aborted_and_named(on_cancel: Any) -> None:
    """Without a store nobody could take it up."""
    async with account(1) as acc:
        acc.fake.quirk("latency_after", call=START, seconds=0.05)
        acc.fake.hold()
        (event,) = (await last_events(acc, links(1), seen(acc, START), on_cancel=on_cancel)).values()

        assert event.status_id
        assert event.status is not None
        assert event.status.state is UploadState.ABORTED
        assert acc.fake.counts.uploads_aborted == 1


async def test_start_in_flight_is_handed_to_a_store() -> None:
    """It runs on, and is named all the same."""
    async with account(1) as acc:
        acc.fake.quirk("latency_after", call=START, seconds=0.05)
        acc.fake.hold()
        options: dict[str, Any] = {"store": MemoryStore(), "on_cancel": "detach"}
        (event,) = (await last_events(acc, links(1), seen(acc, START), **options)).values()
        acc.fake.release()

        assert event.status_id
        assert event.status is not None
        assert event.status.state is UploadState.IN_PROGRESS


@pytest.mark.parametrize("kept", [False, True])
async def test_start_whose_answer_is_lost_may_have_been_sent(kept: bool) -> None:
    """That is said, with a store and without."""
    async with account(1) as acc:
        acc.fake.quirk("latency_after", call=START, seconds=0.05)
        acc.fake.quirk("server_error_after", call=START)
        (event,) = (await last_events(acc, links(1), seen(acc, START), store=MemoryStore() if kept else None)).values()

        assert (event.kind, event.status_id, event.status) == ("left", None, None)
        assert event.maybe_applied


async def test_item_that_was_never_sent_is_told_as_such() -> None:
    """Certainly nothing has come of it: its turn had not come, or its start was refused."""
    async with account(40) as acc:
        acc.fake.quirk("retry_after", call=START, seconds=60)
        told = await last_events(acc, links(40), lambda batch: batch.progress.items_seen == 40, max_active=40)

        assert {(event.kind, event.status_id, event.status, event.maybe_applied) for event in told.values()} == {
            ("left", None, None, False)
        }
        assert len(told) == 40


@pytest.mark.parametrize("kind", ["url", "file"])
async def test_asset_that_is_not_described_yet_is_named(tmp_path: Path, kind: str) -> None:
    """It is there."""
    file = tmp_path / "cat.mp4"
    file.write_bytes(b"cat")
    item = UploadItem(link(0) if kind == "url" else file, meta=AssetMeta(caption="A cat"))
    async with account(1) as acc:
        acc.fake.quirk("latency", call="asset.set_meta", seconds=0.05)
        (event,) = (await last_events(acc, [item], seen(acc, "asset.set_meta"))).values()

        assert event.kind == "left"
        assert event.status is not None
        assert event.status.state is UploadState.COMPLETED
        assert event.status.rid
        assert acc.fake.stored(event.status.rid)


async def test_file_that_was_sent_to_its_end_may_be_there(tmp_path: Path) -> None:
    """Its asset is deleted again; whether that could be done is not known."""
    file = tmp_path / "cat.mp4"
    file.write_bytes(b"cat")
    async with account(0) as acc:
        acc.fake.quirk("latency_after", call="post.jpg", seconds=0.05)
        told = await last_events(acc, [file], lambda _: acc.fake.counts.files_stored > 0)

        assert told[file].maybe_applied
        assert told[file].status is None


async def test_file_that_was_refused_is_not_there(tmp_path: Path) -> None:
    """It has an outcome, and nothing is in doubt after it."""
    file = tmp_path / "cat.mp4"
    file.write_bytes(b"cat")
    async with account(0) as acc:
        acc.fake.quirk("upload_rejected")
        (outcome,) = await acc.upload([file])

        assert not getattr(outcome.error, "maybe_applied", True)


async def test_item_of_a_store_that_was_under_way_is_named() -> None:
    """Also if it is left before it has been asked about."""
    store = MemoryStore()

    class Slow(MemoryStore):
        async def claim(self, *args: Any, **kwargs: Any) -> Any:
            claimed = await store.claim(*args, **kwargs)
            left.cancel()
            return claimed

    async with account(1) as acc, store:
        acc.fake.hold()
        async with acc.cincopa.upload_many(links(1), store=store, on_cancel="detach"):
            await until_started(acc, 1)
        with anyio.CancelScope() as left:
            async with acc.cincopa.upload_many(links(1), store=Slow(), on_cancel="detach") as batch:
                events = batch.events()
                await anyio.sleep(5)
        (event,) = [event async for event in events]
        acc.fake.release()

        assert event.status_id
        assert event.status is not None
        assert event.status.state is UploadState.IN_PROGRESS


async def test_halt_tells_of_those_that_were_under_way() -> None:
    """The item that met the reason too: it has not failed."""
    async with account(3) as acc:
        acc.fake.hold("*/0.mp4*")
        acc.fake.quirk("success_false", call=START, nth=3, message="Quota exceeded")
        batch = acc.cincopa.upload_many(links(3), max_active=2)
        events = batch.events()
        async with batch:
            with pytest.raises(BatchHaltedError):
                await outcomes_of(batch)
        told = {event.item.input: event async for event in events}

        assert [told[url].kind for url in links(3)] == ["left", "ended", "left"]
        aborted, _, refused = (told[url] for url in links(3))
        assert aborted.status is not None
        assert aborted.status.state is UploadState.ABORTED
        assert (refused.status_id, refused.maybe_applied) == (None, False)
