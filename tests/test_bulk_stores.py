"""Batches with a store: a run that was killed, cancelled or halted is done again, and no item is uploaded twice."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from cincopa_async import (
    APIError,
    AssetMeta,
    AssetNotDescribedError,
    FileChangedError,
    LeaseLostError,
    NotFoundError,
    TransportError,
    UploadAbortedError,
    UploadFailedError,
    UploadItem,
    UploadUnknownError,
)
from cincopa_async._attempts import fingerprint_of
from cincopa_async.stores import MemoryStore, SqliteStore
from cincopa_async.stores._keys import derive_key
from tests.batches import Store, account, outcomes_of, store_of, until_called, until_started
from tests.quick import link, links
from tests.stores.signatures import SIGNATURES, signature_of
from tests.uploading import uploading

pytestmark = pytest.mark.anyio
START = "asset.upload_from_url"
STATUS = "asset.upload_from_url_get_status"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """What opens the store of a program, in each of its lives."""
    return store_of(request.param, tmp_path)


def key_of(url: str) -> str:
    return derive_key(url, fid=None, rid=None, type=None)


async def test_rerun_tells_every_end_at_once(store: Store) -> None:
    """Nothing is sent for what has ended, well or not, and the errors are told again."""
    async with account(4) as acc:
        acc.fake.add_source(link(2), b"", status=404)
        items = [*links(3), UploadItem(link(3), fid="A4nowhere")]
        first = {outcome.item.input: outcome for outcome in await acc.upload(items, store=store())}
        calls = acc.fake.counts.requests
        again = {outcome.item.input: outcome for outcome in await acc.upload(items, store=store())}

        assert acc.fake.counts.requests == calls
        assert all(outcome.from_store for outcome in again.values())
        assert not any(outcome.from_store for outcome in first.values())
        for url in links(2):
            assert first[url].result is not None
            assert again[url].result is not None
            assert first[url].result.rid == again[url].result.rid
        for url, kind in ((link(2), UploadFailedError), (link(3), NotFoundError)):
            assert type(first[url].error) is type(again[url].error) is kind
            assert str(first[url].error) == str(again[url].error)


async def test_links_that_are_signed_anew_are_the_same_items(store: Store) -> None:
    """A signature says nothing of what is uploaded, and stands in no store."""
    async with account(5, signatures="12") as acc:
        await acc.upload(links(5, "1"), store=store())
        again = await acc.upload(links(5, "2"), store=store())

        assert all(outcome.from_store for outcome in again)
        assert acc.fake.counts.uploads_started == 5
    async with store() as opened:
        assert not [record async for record in opened.records() if "CANARY" in f"{record}"]


async def test_no_way_to_sign_a_link_leaves_anything_in_a_file(tmp_path: Path) -> None:
    """Nothing of it is in the bytes on the disk, and each item is known by whatever signature it comes with next."""
    names = list(SIGNATURES)

    def signed(number: str) -> list[str]:
        return [f"https://media.example/{at}.mp4?{signature_of(name, number)}" for at, name in enumerate(names)]

    async with account(0) as acc:
        for url in [*signed("1"), *signed("2")]:
            acc.fake.add_source(url, b"cat")
        async with SqliteStore(tmp_path / "runs.db") as store:
            first = await acc.upload(signed("1"), store=store)
            written = [await path.read_bytes() async for path in anyio.Path(tmp_path).iterdir()]
        again = await acc.upload(signed("2"), store=SqliteStore(tmp_path / "runs.db"))

    assert all(outcome.ok for outcome in first)
    assert all(outcome.from_store for outcome in again)
    assert any(b"media.example" in content for content in written)
    assert not any(b"CANARY" in content for content in written)


async def test_two_items_of_one_key_are_not_taken_for_one(store: Store) -> None:
    """Nobody could tell them apart at a rerun: the second is an error, which says what to do."""
    async with account(1, signatures="12") as acc:
        outcomes = await acc.upload([link(0, "1"), link(0, "2")], store=store(), max_active=1)
        named = await acc.upload([UploadItem(link(0), key="a"), UploadItem(link(0), key="a")], store=store())

        assert [type(outcome.error) for outcome in outcomes] == [type(None), ValueError]
        assert "key must be given" in str(outcomes[1].error)
        (twice,) = [outcome.error for outcome in named if not outcome.ok]
        assert "key must be given to one item" in str(twice)
        assert all(outcome.ok for outcome in await acc.upload([link(0, "1"), link(0, "2")]))


async def test_callable_is_not_called_for_what_has_ended(store: Store) -> None:
    """Where the item has a key. Without one the link tells which item it is."""
    asked: list[str] = []

    def fresh(number: int) -> Any:
        async def sign() -> str:
            asked.append(link(number))
            return link(number)

        return sign

    async with account(2) as acc:
        items = [UploadItem(fresh(0), key="cat"), UploadItem(fresh(1))]
        await acc.upload(items, store=store())
        assert len(asked) == 2
        again = await acc.upload(items, store=store())

        assert all(outcome.from_store for outcome in again)
        assert asked[2:] == [link(1)]


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
async def test_rerun_after_a_cancel(store: Store, on_cancel: Any) -> None:
    """What was aborted begins anew, what was left running is taken up; either way all end, and none twice."""
    async with account(6) as acc:
        acc.fake.hold()
        async with acc.cincopa.upload_many(links(6), max_active=3, store=store(), on_cancel=on_cancel):
            await until_started(acc, 3)
        running = acc.fake.counts.uploads_running
        acc.fake.release()
        outcomes = await acc.upload(links(6), store=store())

        assert running == (0 if on_cancel == "abort" else 3)
        assert all(outcome.ok and not outcome.from_store for outcome in outcomes)
        assert acc.fake.counts.uploads_started == (9 if on_cancel == "abort" else 6)
        assert acc.fake.counts.uploads_completed == 6


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
async def test_start_cancelled_in_flight_is_in_the_store(store: Store, on_cancel: Any) -> None:
    """Its answer is waited for: the upload is aborted and forgotten, or handed to the next run."""
    async with account(1) as acc:
        acc.fake.quirk("latency_after", call=START, seconds=0.05)
        acc.fake.hold()
        async with acc.cincopa.upload_many(links(1), store=store(), on_cancel=on_cancel):
            await until_started(acc, 1)
        async with store() as opened:
            counts = await opened.counts()
        acc.fake.release()
        (outcome,) = await acc.upload(links(1), store=store())

        assert counts["started"] == (1 if on_cancel == "detach" else 0)
        assert counts["reserved"] == 0
        assert outcome.ok
        assert acc.fake.counts.uploads_completed == 1


async def test_pause_between_tries_leaves_nothing_in_doubt(store: Store) -> None:
    """A start that was refused for a while has certainly not been acted on: cancelled, it was never seen."""
    async with account(1) as acc:
        acc.fake.quirk("retry_after", call=START, seconds=30)
        async with acc.cincopa.upload_many(links(1), store=store()):
            with anyio.fail_after(5):
                while not acc.fake.counts.requests[START]:  # noqa: ASYNC110 - the fake tells nobody
                    await anyio.sleep(0.001)
            await anyio.wait_all_tasks_blocked()
        async with store() as opened:
            assert sum((await opened.counts()).values()) == 0


async def test_lost_answer_stays_unknown_until_a_restart_is_wanted(store: Store) -> None:
    """Never started twice by itself, in this run or the next; `restart` decides otherwise."""
    async with account(1) as acc:
        acc.fake.quirk("server_error_after", call=START, nth=1)
        for _ in range(3):
            (outcome,) = await acc.upload(links(1), store=store())
            assert isinstance(outcome.error, UploadUnknownError)
            assert not outcome.from_store
        assert acc.fake.counts.uploads_started == 1
        (outcome,) = await acc.upload(links(1), store=store(), unknown="restart")

        assert outcome.ok
        assert acc.fake.counts.uploads_started == 2


async def test_lost_answer_is_restarted_in_the_same_run_where_that_is_wanted(store: Store) -> None:
    """The store knows the second start as the item's, not the first."""
    async with account(1) as acc:
        acc.fake.quirk("server_error_after", call=START, nth=1)
        (outcome,) = await acc.upload(links(1), store=store(), unknown="restart")

        assert outcome.ok
        async with store() as opened:
            (record,) = [record async for record in opened.records()]
        assert (record.state, record.attempts) == ("ended", 2)


async def test_unknown_item_is_found_by_its_reference_id(store: Store) -> None:
    """The one thing that can tell: an asset carries the item's own key. A look that fails is no answer."""
    item = UploadItem(link(0), meta=AssetMeta(reference_id="cat", caption="A cat"))
    async with account(1) as acc:
        acc.fake.quirk("server_error_after", call=START, nth=1)
        (lost,) = await acc.upload([item], store=store())
        (still,) = await acc.upload([item], store=store())
        done = await acc.cincopa.upload_from_url(link(0), meta=AssetMeta(reference_id="cat"))
        acc.fake.quirk("success_false", call="asset.list", times=1)
        (unasked,) = await acc.upload([item], store=store())
        (found,) = await acc.upload([item], store=store())
        (known,) = await acc.upload([item], store=store())

        assert isinstance(lost.error, UploadUnknownError)
        assert isinstance(still.error, UploadUnknownError)
        assert isinstance(unasked.error, APIError)
        assert found.result is not None
        assert found.result.rid == done.rid
        assert known.from_store
        page = await acc.cincopa.asset.list(rid=done.rid, details=["caption"])
        assert page.items[0].caption == "A cat"


async def test_asset_of_a_lost_start_is_the_items_once_somebody_says_so(store: Store) -> None:
    """It completed all the same, and carries no reference_id: it is not guessed by what else it may be known by."""
    item = UploadItem(link(0), meta=AssetMeta(reference_id="cat", caption="A cat"))
    async with account(1) as acc:
        acc.fake.quirk("server_error_after", call=START, nth=1)
        await acc.upload([item], store=store())
        with anyio.fail_after(5):
            while not acc.fake.counts.uploads_completed:  # noqa: ASYNC110 - the fake tells nobody
                await anyio.sleep(0.001)
        (asset,) = (await acc.cincopa.asset.list()).items
        (still,) = await acc.upload([item], store=store())
        assert asset.rid is not None
        await acc.cincopa.asset.set_meta(asset.rid, reference_id="cat")
        (found,) = await acc.upload([item], store=store())

        assert isinstance(still.error, UploadUnknownError)
        assert found.result is not None
        assert found.result.rid == asset.rid
        (described,) = (await acc.cincopa.asset.list(details=["caption"])).items
        assert described.caption == "A cat"
        assert acc.fake.counts.uploads_started == 1


async def test_item_of_another_worker_is_left_to_it(store: Store) -> None:
    """Two batches at once never run one item; whoever comes second is told so."""
    opened = store()
    async with account(3) as acc, opened:
        acc.fake.hold()
        async with acc.cincopa.upload_many(links(3), store=opened, on_cancel="detach"):
            await until_started(acc, 3)
            others = await acc.upload(links(3), store=opened)
        acc.fake.release()

        assert all(isinstance(outcome.error, LeaseLostError) for outcome in others)
        assert acc.fake.counts.uploads_started == 3


@pytest.mark.parametrize("unknown", ["report", "restart"])
async def test_what_one_batch_leaves_unknown_is_so_to_the_next_one_on_an_open_store(store: Store, unknown: Any) -> None:
    """It is nobody's by then: told, or started again as it is wanted."""
    async with account(1) as acc, store() as opened:
        acc.fake.quirk("server_error_after", call=START, nth=1)
        (lost,) = await acc.upload(links(1), store=opened)
        (again,) = await acc.upload(links(1), store=opened, unknown=unknown)
        (last,) = await acc.upload(links(1), store=opened, unknown=unknown)

        assert isinstance(lost.error, UploadUnknownError)
        assert again.ok == last.ok == (unknown == "restart")
        if unknown == "report":
            assert isinstance(again.error, UploadUnknownError)
            assert isinstance(last.error, UploadUnknownError)
        assert acc.fake.counts.uploads_started == (2 if unknown == "restart" else 1)


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
async def test_what_one_batch_leaves_under_way_is_taken_up_by_the_next_one_on_an_open_store(
    store: Store, on_cancel: Any
) -> None:
    """At once, without waiting for the first one's lease; what is in flight is noted before the block is left."""
    async with account(4) as acc, store() as opened:
        acc.fake.quirk("latency_after", call=START, seconds=0.05, nth=(3, 4))
        acc.fake.hold()
        async with acc.cincopa.upload_many(links(4), store=opened, on_cancel=on_cancel):
            await until_started(acc, 4)
        acc.fake.release()
        outcomes = await acc.upload(links(4), store=opened)

        assert all(outcome.ok for outcome in outcomes)
        assert acc.fake.counts.uploads_started == (8 if on_cancel == "abort" else 4)
        assert acc.fake.counts.uploads_completed == 4


async def test_batch_that_only_reports_lets_go_of_nothing_that_another_has_begun_anew(store: Store) -> None:
    """Two at once on an open store: what one starts again meanwhile stays its own."""
    asked = UploadItem(link(0), key="cat", meta=AssetMeta(reference_id="cat"))
    async with account(1) as acc, store() as opened:
        acc.fake.quirk("server_error_after", call=START, nth=1)
        await acc.upload([UploadItem(link(0), key="cat")], store=opened)
        acc.fake.quirk("latency", call="asset.list", seconds=0.1, times=1)
        acc.fake.hold()
        async with acc.cincopa.upload_many([asked], store=opened) as reporting:
            await until_called(acc, "asset.list", 1)
            restarting = [UploadItem(link(0), key="cat")]
            async with acc.cincopa.upload_many(restarting, store=opened, unknown="restart", on_cancel="detach"):
                await until_started(acc, 2)
                (reported,) = await outcomes_of(reporting)
                (third,) = await acc.upload(restarting, store=opened, unknown="restart")
        acc.fake.release()

        assert isinstance(reported.error, UploadUnknownError)
        assert isinstance(third.error, LeaseLostError)
        assert acc.fake.counts.uploads_started == 2


@pytest.mark.parametrize("at", ["started", "completed", "ended", "failed"])
async def test_lost_lease_is_the_outcome(at: str) -> None:
    """Whoever has the item now goes on with it; an upload that nobody could find again is aborted."""

    class Lossy(MemoryStore):
        async def started(self, key: str, status_id: str | None) -> None:
            if at == "started":
                raise LeaseLostError(status_id)
            await super().started(key, status_id)

        async def completed(self, key: str, rid: str) -> None:
            if at == "completed":
                raise LeaseLostError("42")
            await super().completed(key, rid)

        async def ended(self, key: str, **how: Any) -> None:
            if at in ("ended", "failed"):
                raise LeaseLostError("42")
            await super().ended(key, **how)

    async with account(2) as acc:
        acc.fake.add_source(link(1), b"", status=404)
        url = link(1) if at == "failed" else link(0)
        (outcome,) = await acc.upload([UploadItem(url, meta=AssetMeta(caption="A cat"))], store=Lossy())

        assert isinstance(outcome.error, LeaseLostError)
        assert acc.fake.counts.uploads_running == 0


async def test_aborted_by_somebody_else_is_an_end(store: Store) -> None:
    """The item has ended so, as the store knows from then on."""
    async with account(1) as acc:
        acc.fake.hold()
        async with acc.cincopa.upload_many(links(1), store=store()) as batch:
            events = batch.events()
            started = await anext(events)
            assert started.status_id is not None
            await acc.cincopa.asset.upload_from_url_abort(started.status_id)
            (outcome,) = await outcomes_of(batch)
        (again,) = await acc.upload(links(1), store=store())

        assert isinstance(outcome.error, UploadAbortedError)
        assert isinstance(again.error, UploadAbortedError)
        assert again.from_store
        acc.fake.release()


@pytest.mark.parametrize("leaves", ["failed", "aborted", "unknown"])
async def test_abort_that_nobody_lived_to_note_is_begun_anew_by_the_rerun(store: Store, leaves: Any) -> None:
    """As it would have been had it been noted: that it has failed since, or is gone, is no end of the item."""
    async with account(1) as acc:
        if leaves != "aborted":
            acc.fake.quirk("abort_leaves", state=leaves)
        acc.fake.hold()
        status_id = await acc.cincopa.asset.upload_from_url(link(0))
        async with store() as opened:  # The run that was killed had come so far.
            await opened.claim("cat", input="")
            await opened.started("cat", status_id)
            await opened.aborting("cat")
        await acc.cincopa.asset.upload_from_url_abort(status_id)
        acc.fake.release()
        (outcome,) = await acc.upload([UploadItem(link(0), key="cat")], store=store())

        assert outcome.ok
        assert acc.fake.counts.uploads_started == 2
        assert acc.fake.counts.uploads_completed == 1


async def test_abort_that_was_noted_and_never_sent_is_forgotten(store: Store) -> None:
    """The upload runs on and is taken up, although its id is still too fresh to be known."""
    async with account(1) as acc:
        acc.fake.quirk("fresh_id_unknown", polls=3)
        status_id = await acc.cincopa.asset.upload_from_url(link(0))
        async with store() as opened:
            await opened.claim("cat", input="")
            await opened.started("cat", status_id)
            await opened.aborting("cat")
        (outcome,) = await acc.upload([UploadItem(link(0), key="cat")], store=store())

        assert outcome.ok
        assert acc.fake.counts.uploads_started == 1


@pytest.mark.parametrize("in_flight", [False, True])
@pytest.mark.parametrize("fault", [None, ConnectionError("the disk is full")])
async def test_abort_is_noted_before_it_is_sent(
    fault: Exception | None, in_flight: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A kill in between leaves it told. If it cannot be noted, it is sent all the same, and a warning says so."""
    sent_before: list[int] = []

    class Store(MemoryStore):
        async def aborting(self, key: str) -> None:
            sent_before.append(acc.fake.counts.requests["asset.upload_from_url_abort"])
            if fault is not None:
                raise fault
            await super().aborting(key)

    async with account(1) as acc:
        acc.fake.hold()
        if in_flight:
            acc.fake.quirk("latency_after", call=START, seconds=0.05)
        async with acc.cincopa.upload_many(links(1), store=Store()) as batch:
            await (until_started(acc, 1) if in_flight else anext(batch.events()))
        acc.fake.release()

        assert sent_before == [0]
        assert acc.fake.counts.uploads_running == 0
        assert ("could not be noted: ConnectionError" in caplog.text) == (fault is not None)


async def test_failed_start_that_was_certainly_none_is_open_for_a_rerun(store: Store) -> None:
    """What went wrong in passing before anything was done is no end."""
    async with account(1) as acc:
        acc.fake.quirk("retry_after", call=START, status=503, seconds=0, times=4)
        (outcome,) = await acc.upload(links(1), store=store())
        (again,) = await acc.upload(links(1), store=store())

        assert isinstance(outcome.error, APIError)
        assert not outcome.error.maybe_applied
        assert again.ok
        assert not again.from_store


@pytest.mark.parametrize("quirk", ["server_error", "server_error_after"])
async def test_asset_is_described_by_the_rerun(store: Store, quirk: Any) -> None:
    """What was not set is set by the next run, without another upload; in no gallery is it twice."""
    async with account(1) as acc:
        cats, pets = [await acc.cincopa.gallery.create(name=name) for name in ("Cats", "Pets")]
        item = UploadItem(link(0), meta=AssetMeta(caption="A cat"), galleries=[cats.fid, pets.fid])
        acc.fake.quirk(quirk, call="gallery.add_item", nth=2)
        acc.fake.quirk("success_false", call="gallery.get_items", times=1)
        (first,) = await acc.upload([item], store=store())
        (again,) = await acc.upload([item], store=store())

        assert isinstance(first.error, AssetNotDescribedError)
        assert again.result is not None
        assert again.result.rid == first.error.rid
        for gallery in (cats, pets):
            assert [asset.rid async for asset in acc.cincopa.gallery.iter_items(gallery.fid)] == [again.result.rid]
        assert acc.fake.counts.uploads_started == 1


@pytest.mark.parametrize("state", ["completed", "described"])
async def test_rerun_takes_up_what_had_come_so_far(store: Store, state: str) -> None:
    """Killed between upload and description, or just before the end: no second upload."""
    item = UploadItem(link(0), key="cat", meta=AssetMeta(caption="A cat"))
    async with account(1) as acc:
        done = await acc.cincopa.upload_from_url(link(0))
        async with store() as opened:
            await opened.claim("cat", input="")
            await opened.started("cat", "42")
            await opened.completed("cat", done.rid)
            if state == "described":
                await opened.described("cat")
        (outcome,) = await acc.upload([item], store=store())

        assert outcome.result is not None
        assert outcome.result.rid == done.rid
        assert acc.fake.counts.requests["asset.set_meta"] == (state == "completed")
        assert acc.fake.counts.uploads_started == 1


async def test_what_is_there_is_an_end_in_the_store(store: Store) -> None:
    """An item that was skipped is not looked for again."""
    item = UploadItem(link(0), meta=AssetMeta(reference_id="cat"))
    async with account(1) as acc:
        done = await acc.cincopa.upload_from_url(link(0), meta=AssetMeta(reference_id="cat"))
        (skipped,) = await acc.upload([item], store=store(), if_exists="skip")
        (again,) = await acc.upload([item], store=store(), if_exists="skip")

        assert skipped.skipped
        assert again.from_store
        assert skipped.result is not None
        assert again.result is not None
        assert skipped.result.rid == again.result.rid == done.rid


async def test_second_item_of_a_reference_id_is_open_in_the_store(store: Store) -> None:
    """Nothing was sent for it: when the first one is there, a rerun skips it."""
    items = [UploadItem(link(n), meta=AssetMeta(reference_id="cat")) for n in range(2)]
    async with account(2) as acc:
        first = await acc.upload(items, store=store(), if_exists="skip", max_active=1)
        again = await acc.upload(items, store=store(), if_exists="skip", max_active=1)

        assert [type(outcome.error) for outcome in first] == [type(None), ValueError]
        assert [(outcome.from_store, outcome.skipped) for outcome in again] == [(True, False), (False, True)]
        assert acc.fake.counts.uploads_started == 1


async def test_item_that_is_taken_up_is_the_one_of_its_reference_id(store: Store) -> None:
    """It is not looked for among what is there; another one that goes by the same is not uploaded beside it."""
    first, second = [UploadItem(link(n), meta=AssetMeta(reference_id="cat")) for n in range(2)]
    async with account(2) as acc:
        acc.fake.hold()
        async with acc.cincopa.upload_many([first], store=store(), if_exists="skip", on_cancel="detach"):
            await until_started(acc, 1)
        listed = acc.fake.counts.requests["asset.list"]
        async with acc.cincopa.upload_many([first], store=store(), if_exists="skip", on_cancel="detach") as batch:
            await anext(batch.events())
        assert acc.fake.counts.requests["asset.list"] == listed
        async with acc.cincopa.upload_many([first, second], store=store(), if_exists="skip", max_active=2) as batch:
            twice = await anext(batch)
            acc.fake.release()
            (done,) = await outcomes_of(batch)

        assert twice.item is second
        assert isinstance(twice.error, ValueError)
        assert done.ok
        assert acc.fake.counts.uploads_started == 1


async def test_upload_that_completed_while_the_batch_was_left_is_known(store: Store) -> None:
    """Its end is written down when it is seen, whoever leaves."""
    async with account(1) as acc:
        acc.fake.hold()
        async with acc.cincopa.upload_many(links(1), store=store()) as batch:
            started = await anext(batch.events())
            assert started.status_id is not None
            acc.fake.release()
            job = acc.cincopa.resume_upload(started.status_id)
            with anyio.fail_after(5):
                await job.wait()
        (outcome,) = await acc.upload(links(1), store=store())

        assert outcome.ok
        assert acc.fake.counts.uploads_started == 1


async def test_upload_that_completed_without_saying_as_what_is_asked_again(store: Store) -> None:
    """Its abort is told that it has completed, and no rid: the rerun asks for that, and starts nothing."""
    async with account(1) as acc:
        acc.fake.hold()
        acc.fake.quirk("completed_without_resid")
        async with acc.cincopa.upload_many(links(1), store=store()):
            await until_started(acc, 1)
            acc.fake.release()
            with anyio.fail_after(5):
                while not acc.fake.counts.uploads_completed:  # noqa: ASYNC110 - the fake tells nobody
                    await anyio.sleep(0.001)
        acc.fake.clear_quirks()
        (outcome,) = await acc.upload(links(1), store=store())

        assert outcome.result is not None
        assert acc.fake.stored(outcome.result.rid)
        assert acc.fake.counts.uploads_started == 1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cat.mp4"
    path.write_bytes(b"c" * 1000)
    return path


async def test_file_that_is_not_there_is_an_outcome(store: Store, tmp_path: Path) -> None:
    """Nothing is claimed for it: it may be there at the next run."""
    async with account(0) as acc:
        (outcome,) = await acc.upload([tmp_path / "dog.mp4"], store=store())

        assert isinstance(outcome.error, FileNotFoundError)
    async with store() as opened:
        assert sum((await opened.counts()).values()) == 0


async def test_file_is_sent_once(store: Store, file: Path) -> None:
    """A rerun tells its asset from the store."""
    async with account(0) as acc:
        (first,) = await acc.upload([file], store=store())
        (again,) = await acc.upload([file], store=store())

        assert first.result is not None
        assert again.result is not None
        assert first.result.rid == again.result.rid
        assert again.from_store
        assert acc.fake.counts.files_stored == 1


async def test_file_that_has_gone_since_is_known(store: Store, file: Path) -> None:
    """What it became is told from the store; what nobody knows of it stays unknown, what was not sent stays open."""
    async with account(0) as acc:
        await acc.upload([file], store=store())
        async with store() as opened:
            for key in ("half", "whole"):
                await opened.claim(key, input="", fingerprint=await fingerprint_of(os.fspath(file)))
            await opened.started("whole", None)
        await anyio.Path(file).unlink()
        items = [file, UploadItem(file, key="half"), UploadItem(file, key="whole"), UploadItem(file, key="new")]
        done, half, whole, new = await acc.upload(items, store=store(), max_active=1)

        assert done.ok
        assert done.from_store
        assert isinstance(half.error, FileNotFoundError)
        assert isinstance(whole.error, UploadUnknownError)
        assert isinstance(new.error, FileNotFoundError)
    async with store() as opened:
        left = {record.key: record async for record in opened.records(states=["reserved", "started"])}
    assert left.keys() == {"half", "whole"}
    assert left["half"].fingerprint is not None


async def test_asset_of_a_file_that_has_gone_is_described(store: Store, file: Path) -> None:
    """Nothing is left to do that takes the file."""
    item = UploadItem(file, meta=AssetMeta(caption="A cat"))
    async with account(0) as acc:
        acc.fake.quirk("success_false", call="asset.set_meta", times=1)
        (first,) = await acc.upload([item], store=store())
        await anyio.Path(file).unlink()
        (again,) = await acc.upload([item], store=store())

        assert isinstance(first.error, AssetNotDescribedError)
        assert again.ok
        assert acc.fake.counts.files_stored == 1


async def test_file_that_was_not_sent_to_its_end_is_sent_again(store: Store, file: Path) -> None:
    """Killed before its last bytes, nothing became of it."""
    async with account(0) as acc:
        async with store() as opened:
            await opened.claim("cat", input=os.fspath(file), fingerprint=await fingerprint_of(os.fspath(file)))
        (outcome,) = await acc.upload([UploadItem(file, key="cat")], store=store())

        assert outcome.ok
        assert acc.fake.counts.files_stored == 1


@pytest.mark.parametrize("unknown", ["report", "restart"])
async def test_file_whose_last_answer_was_lost_is_unknown(store: Store, file: Path, unknown: Any) -> None:
    """It may be an asset by now: that is told, in this run and the next, and not guessed."""
    async with account(0) as acc:
        acc.fake.quirk("server_error_after", call="post.jpg", nth=1)
        (lost,) = await acc.upload([file], store=store())
        (again,) = await acc.upload([file], store=store(), unknown=unknown)

        assert isinstance(lost.error, UploadUnknownError)
        assert again.ok == (unknown == "restart")
        if unknown == "report":
            assert isinstance(again.error, UploadUnknownError)
        assert acc.fake.counts.files_stored == (2 if unknown == "restart" else 1)


async def test_file_that_one_batch_leaves_unknown_is_so_to_the_next_one_on_an_open_store(
    store: Store, file: Path
) -> None:
    """As often as it is asked, until it is to be sent again."""
    async with account(0) as acc, store() as opened:
        acc.fake.quirk("server_error_after", call="post.jpg", nth=1)
        lost = [(await acc.upload([file], store=opened))[0].error for _ in range(3)]
        (again,) = await acc.upload([file], store=opened, unknown="restart")

        assert [type(error) for error in lost] == [UploadUnknownError] * 3
        assert again.ok
        assert acc.fake.counts.files_stored == 2


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
async def test_file_whose_answer_comes_after_a_cancel_is_known(store: Store, file: Path, on_cancel: Any) -> None:
    """Its asset is written down: the next run describes it, and sends nothing again."""
    item = UploadItem(file, meta=AssetMeta(caption="A cat"))
    async with account(0) as acc:
        acc.fake.quirk("latency_after", call="post.jpg", seconds=0.05, times=1)
        async with acc.cincopa.upload_many([item], store=store(), on_cancel=on_cancel):
            with anyio.fail_after(5):
                while not acc.fake.counts.files_stored:  # noqa: ASYNC110 - the fake tells nobody
                    await anyio.sleep(0.001)
        (outcome,) = await acc.upload([item], store=store())

        assert outcome.result is not None
        assert acc.fake.stored(outcome.result.rid)
        assert acc.fake.counts.files_stored == 1


async def test_file_that_is_cancelled_before_its_last_bytes_begins_anew(file: Path) -> None:
    """Though it was noted that they were about to be sent: they were not."""
    noting = anyio.Event()

    class Store(MemoryStore):
        async def started(self, key: str, status_id: str | None) -> None:
            await super().started(key, status_id)
            if not noting.is_set():
                noting.set()
                await anyio.sleep_forever()

    store = Store()
    async with account(0) as acc:
        async with acc.cincopa.upload_many([file], store=store):
            with anyio.fail_after(5):
                await noting.wait()
        (outcome,) = await acc.upload([file], store=store)

        assert outcome.ok
        assert acc.fake.counts.files_stored == 1


async def test_asset_of_a_cancelled_file_that_cannot_be_noted_is_told(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The rerun cannot know of it, so a warning says which asset it is."""

    class Store(MemoryStore):
        async def completed(self, key: str, rid: str) -> None:
            raise ConnectionError("the disk is full")

    store = Store()
    async with account(0) as acc:
        acc.fake.quirk("latency_after", call="post.jpg", seconds=0.05, times=1)
        async with acc.cincopa.upload_many([file], store=store):
            with anyio.fail_after(5):
                while not acc.fake.counts.files_stored:  # noqa: ASYNC110 - the fake tells nobody
                    await anyio.sleep(0.001)
        (outcome,) = await acc.upload([file], store=store)

        assert isinstance(outcome.error, UploadUnknownError)
    assert "could not be noted" in caplog.text


async def test_file_that_changed_since_is_an_error(store: Store, file: Path) -> None:
    """Whether or not it was uploaded as it was: what it is now is another file."""
    async with account(0) as acc:
        await acc.upload([file], store=store())
        async with store() as opened:
            await opened.claim("cat", input="", fingerprint="1 2")
            await opened.claim("dog", input="", fingerprint="1 2")
            await opened.started("dog", None)
        await anyio.Path(file).write_bytes(b"d" * 999)
        items = [file, UploadItem(file, key="cat"), UploadItem(file, key="dog")]
        outcomes = await acc.upload(items, store=store())
        wanted = await acc.upload(items[1:], store=store(), unknown="restart")

        assert [type(outcome.error) for outcome in outcomes] == [FileChangedError] * 3
        assert "cat.mp4" in str(outcomes[0].error)
        assert all(outcome.ok for outcome in wanted)


async def test_file_that_changes_while_it_is_sent_is_no_mixture(store: Store, file: Path) -> None:
    """It is not sent to its end; a rerun sends it as it is then."""
    async with account(0) as acc:
        acc.fake.quirk("latency", call="asset.get_upload_url", seconds=0.05, times=1)
        async with acc.cincopa.upload_many([file], store=store()) as batch:
            with anyio.fail_after(5):
                while not acc.fake.counts.requests["asset.get_upload_url"]:  # noqa: ASYNC110 - the fake tells nobody
                    await anyio.sleep(0.001)
            await anyio.Path(file).write_bytes(b"d" * 1000)
            (outcome,) = await outcomes_of(batch)
        (again,) = await acc.upload([file], store=store())

        assert isinstance(outcome.error, FileChangedError)
        assert again.result is not None
        assert acc.fake.stored(again.result.rid) == b"d" * 1000


async def test_file_that_changes_before_its_turn_is_an_error(file: Path) -> None:
    """Thousands may wait between its claim and its first byte: what was claimed is what is sent."""

    class Slow(MemoryStore):
        async def claim(self, key: str, *, input: str, fingerprint: str | None = None) -> Any:
            claimed = await super().claim(key, input=input, fingerprint=fingerprint)
            await anyio.Path(file).write_bytes(b"dog")
            return claimed

    async with account(0) as acc:
        (outcome,) = await acc.upload([file], store=Slow())

        assert isinstance(outcome.error, FileChangedError)
        assert acc.fake.counts.files_stored == 0


async def test_refused_file_is_open_for_a_rerun_or_an_end(store: Store, file: Path) -> None:
    """No connection is passing, and nothing became of it; the host's refusal of the whole is the item's end."""
    refused = httpx.ConnectError
    async with uploading(*[refused] * 4, None) as (client, host):
        async with client.upload_many([file], store=store()) as batch:
            (outcome,) = await outcomes_of(batch)
        async with client.upload_many([file], store=store()) as batch:
            (again,) = await outcomes_of(batch)

        assert isinstance(outcome.error, TransportError)
        assert again.ok
        assert host.tries == 5
    other = file.with_name("dog.mp4")
    other.write_bytes(b"d")
    async with uploading("error: this is no video") as (client, _):
        for from_store in (False, True):
            async with client.upload_many([other], store=store()) as batch:
                (outcome,) = await outcomes_of(batch)
            assert isinstance(outcome.error, APIError)
            assert outcome.from_store == from_store


async def test_file_that_is_sent_again_for_its_last_chunk_is_noted_once(store: Store, file: Path) -> None:
    """A refusal that was certainly none leaves the file to be sent on."""
    later = httpx.Response(503, headers={"Retry-After": "0"}, text="later")
    async with uploading(later, None) as (client, host):
        async with client.upload_many([file], store=store(), item_attempts=2) as batch:
            (outcome,) = await outcomes_of(batch)

        assert outcome.ok
        assert len(host.chunks) == 2
