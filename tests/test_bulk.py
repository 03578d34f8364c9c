"""Batches without a store: what comes in, what comes out, how they end."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cincopa_async import (
    AssetMeta,
    AssetNotDescribedError,
    BatchEvents,
    ClientClosedError,
    NotFoundError,
    UploadFailedError,
    UploadItem,
)
from tests.batches import Account, account, outcomes_of, until_started
from tests.cancelling import HOWS, Cancellable, How
from tests.quick import QUICK_RETRIES, link, links

pytestmark = pytest.mark.anyio
START = "asset.upload_from_url"


async def test_every_item_has_one_outcome() -> None:
    """Whatever is given comes back once, with the asset that it became."""
    async with account(30) as acc:
        outcomes = await acc.upload(links(30), max_active=8)

        assert sorted(str(outcome.item.input) for outcome in outcomes) == sorted(links(30))
        assert all(outcome.ok and not outcome.from_store for outcome in outcomes)
        rids = {outcome.result.rid for outcome in outcomes if outcome.result}
        assert len(rids) == 30
        assert acc.fake.counts.uploads_completed == 30


async def test_failed_item_is_an_outcome_and_the_others_go_on() -> None:
    """What goes wrong with one item is its outcome's error."""
    async with account(5) as acc:
        acc.fake.add_source(link(3), b"", status=404)
        outcomes = await acc.upload(links(5))

        (bad,) = [outcome for outcome in outcomes if not outcome.ok]
        assert bad.item.input == link(3)
        assert isinstance(bad.error, UploadFailedError)
        assert bad.result is None
        assert len(outcomes) == 5


@pytest.mark.parametrize(
    ("item", "kind", "says"),
    [
        (42, TypeError, "input must be a URL, a path or an async callable, not int"),
        ("cat.mp4", ValueError, "pathlib.Path"),
        ("ftp://media.example/cat.mp4", ValueError, "input must be an http"),
        (UploadItem(link(0), rid="A4"), ValueError, "type must be given with rid"),
        (UploadItem(link(0), fid=" "), ValueError, "fid must not be empty"),
        (UploadItem(link(0), key=""), ValueError, "key must not be empty"),
        (UploadItem(link(0), key="\ud800"), ValueError, "key must be text"),
        (UploadItem(link(0), fid="\ud800"), ValueError, "fid must be text"),
        (UploadItem(Path("cat.mp4"), fid="\ud800"), ValueError, "fid must be text"),
        (UploadItem(link(0) + "\ud800"), ValueError, "input must be text"),
        (UploadItem(link(0), galleries=["\ud800"]), ValueError, "fid must be text"),
        (UploadItem(link(0), galleries="A4"), TypeError, "galleries must be a sequence"),
        (UploadItem(link(0), galleries=[""]), ValueError, "galleries must not be empty"),
        (UploadItem(link(0), meta="a cat"), TypeError, "meta must be an AssetMeta"),  # type: ignore[arg-type]
        (Path("/no/such/cat.mp4"), FileNotFoundError, "No such file"),
    ],
)
async def test_wrong_item_is_an_outcome(item: Any, kind: type[Exception], says: str) -> None:
    """An item that cannot be uploaded is told as such, and nothing is sent for it."""
    async with account(0) as acc:
        (outcome,) = await acc.upload([item])

        assert type(outcome.error) is kind
        assert says in str(outcome.error)
        assert acc.fake.counts.uploads_started == 0


class _BytesPath:
    def __fspath__(self) -> bytes:
        return b"/cat.mp4"


async def test_path_of_bytes_is_an_outcome() -> None:
    """A path that is no text is refused as `upload_file` refuses it."""
    async with account(0) as acc:
        (outcome,) = await acc.upload([_BytesPath()])

        assert isinstance(outcome.error, TypeError)


@pytest.mark.parametrize("items", [link(0), b"a", Path("a"), UploadItem(link(0)), None, 3])
async def test_single_thing_is_no_iterable_of_items(items: Any) -> None:
    """A str would be an iterable of letters: it is refused at once."""
    async with account(0) as acc:
        with pytest.raises(TypeError, match="items must be an iterable"):
            acc.cincopa.upload_many(items)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_active": 0},
        {"max_active": True},
        {"on_cancel": "leave"},
        {"item_attempts": 0},
        {"unknown": "guess"},
        {"if_exists": "replace"},
    ],
)
async def test_wrong_argument_is_refused_at_once(wrong: Any) -> None:
    """It names the argument, before anything is sent."""
    async with account(0) as acc:
        with pytest.raises(ValueError, match=f"^{next(iter(wrong))} must be"):
            acc.cincopa.upload_many([], **wrong)
        with pytest.raises(TypeError):
            acc.cincopa.upload_many([], poll=3)  # type: ignore[arg-type]


async def test_batch_is_to_be_entered_and_once() -> None:
    """Without its block nobody would end what it begins."""
    async with account(1) as acc:
        batch = acc.cincopa.upload_many(links(1))
        with pytest.raises(RuntimeError, match="async with"):
            await anext(batch)
        async with batch:
            with pytest.raises(RuntimeError, match="entered once"):
                await batch.__aenter__()
            await outcomes_of(batch)
        with pytest.raises(StopAsyncIteration):
            await anext(batch)
        assert repr(batch) == "<UploadBatch of 1 items>"
        assert repr(acc.cincopa.upload_many(iter([]))) == "<UploadBatch of some items>"


async def test_files_and_urls_go_together(tmp_path: Path) -> None:
    """A path is sent up from here, a URL is fetched by Cincopa; both are items."""
    file = tmp_path / "cat.mp4"
    file.write_bytes(b"c" * 1000)
    async with account(1) as acc:
        outcomes = await acc.upload([file, link(0)])

        by_input = {outcome.item.input: outcome for outcome in outcomes}
        sent = by_input[file].result
        assert sent is not None
        assert acc.fake.stored(sent.rid) == b"c" * 1000
        assert by_input[link(0)].ok


@pytest.mark.parametrize("max_active", [1, 3])
async def test_no_more_are_under_way_than_wanted(tmp_path: Path, max_active: int) -> None:
    """`max_active` bounds what runs at once, local files too."""
    most = 0
    files = []
    for number in range(4):
        files.append(tmp_path / f"{number}.mp4")
        files[-1].write_bytes(b"x")
    async with account(8, seconds=0.002) as acc:
        async with acc.cincopa.upload_many([*links(8), *files], max_active=max_active) as batch:
            events = batch.events()
            async for _ in batch:
                most = max(most, batch.progress.active)
        begun = 0
        async for event in events:
            begun += {"started": 1, "ended": -1}.get(event.kind, 0)
            assert begun <= max_active

    assert most <= max_active


async def test_file_that_could_not_be_sent_in_passing_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `item_attempts`, as an upload from a URL is started again."""
    monkeypatch.setattr("cincopa_async._attempts._pause", lambda _: 0.0)
    file = tmp_path / "cat.mp4"
    file.write_bytes(b"c" * 1000)
    async with account(1) as acc:
        acc.fake.quirk("server_error", call="asset.get_upload_url", times=QUICK_RETRIES.attempts)
        outcomes = await acc.upload([file, link(0)], item_attempts=2)

        assert [outcome.error for outcome in outcomes] == [None, None]
        assert acc.fake.counts.files_stored == 1


async def test_slow_consumer_slows_the_producer() -> None:
    """Items are taken as outcomes are: a million of them never lie in memory."""
    taken = 0

    def produce() -> Iterator[str]:
        nonlocal taken
        for url in links(100):
            taken += 1
            yield url

    async with account(100) as acc, acc.cincopa.upload_many(produce(), max_active=4) as batch:
        for consumed in range(1, 20):
            await anext(batch)
            with anyio.fail_after(10):
                while taken < consumed + 4:  # noqa: ASYNC110 - whoever takes items tells nobody
                    await anyio.sleep(0.001)
            await anyio.wait_all_tasks_blocked()
            assert taken == consumed + 4


async def test_async_generator_is_read_by_one_task_and_closed() -> None:
    """It may hold what belongs to a task, such as a cancel scope, and is closed when the block is left."""
    closed = anyio.Event()

    async def produce() -> AsyncIterator[str]:
        try:
            with anyio.CancelScope():
                for url in links(50):
                    await anyio.lowlevel.checkpoint()
                    yield url
        finally:
            closed.set()

    async with account(50) as acc:
        acc.fake.hold("*/1.mp4*")
        generator = produce()  # Kept here, so that it is not the garbage collector who closes it.
        async with acc.cincopa.upload_many(generator, max_active=1) as batch:
            await anext(batch)
            await until_started(acc, 2)  # It waits for a place, in no step of the generator.
        assert closed.is_set()
        acc.fake.release()

    class Items:
        def __aiter__(self) -> AsyncIterator[str]:
            return produce()

    closed = anyio.Event()
    async with account(50) as acc:
        assert len(await acc.upload(Items())) == 50
        assert closed.is_set()


async def test_error_of_the_producer_comes_when_the_rest_has_ended() -> None:
    """What was taken before is uploaded all the same, and nothing is wrapped into a group."""

    def produce() -> Iterator[str]:
        yield from links(3)
        raise LookupError("the list is torn")

    async with account(3) as acc:
        async with acc.cincopa.upload_many(produce()) as batch:
            outcomes = [await anext(batch) for _ in range(3)]
            with pytest.raises(LookupError, match="torn"):
                await anext(batch)
        assert all(outcome.ok for outcome in outcomes)


async def test_block_that_does_not_iterate_is_told_at_its_end() -> None:
    """An error is never lost, though nobody asked for the outcomes."""

    def produce() -> Iterator[str]:
        raise LookupError("the list is torn")
        yield

    async def run(acc: Account) -> None:
        async with acc.cincopa.upload_many(produce()):
            await anyio.wait_all_tasks_blocked()

    async with account(0) as acc:
        with pytest.raises(LookupError, match="torn"):
            await run(acc)


async def test_fresh_link_is_asked_for_when_the_slot_opens() -> None:
    """An input that is a callable is called in its turn, and what it raises is its item's."""
    asked: list[int] = []

    def fresh(number: int) -> Any:
        async def sign() -> str:
            asked.append(number)
            if number == 2:
                raise KeyError("no such bucket")
            return link(number) if number != 3 else "s3://bucket/3.mp4"

        return sign

    async with account(4) as acc, acc.cincopa.upload_many([UploadItem(fresh(n)) for n in range(4)], max_active=1) as b:
        first = await anext(b)
        assert first.ok
        assert asked in ([0], [0, 1])
        rest = await outcomes_of(b)

    assert [type(outcome.error) for outcome in rest] == [type(None), KeyError, ValueError]


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
@pytest.mark.parametrize("how", HOWS)
async def test_cancelled_batch_leaves_what_it_is_told_to(how: How, on_cancel: Any, anyio_backend_name: str) -> None:
    """The uploads under way are aborted, or run on; the cancellation goes on; nothing is left that nobody owns."""
    if (anyio_backend_name == "trio") != (how == "trio scope"):
        pytest.skip("the other backend's")
    async with account(20) as acc, anyio.create_task_group() as tasks:
        acc.fake.hold()
        batch = acc.cincopa.upload_many(links(20), max_active=5, on_cancel=on_cancel)
        events = batch.events()

        async def upload() -> None:
            async with batch:
                await outcomes_of(batch)

        task = Cancellable(how, tasks, upload)
        known = 0
        while known < 5:
            known += (await anext(events)).kind == "started"
        await task.cancelled()

        assert acc.fake.counts.uploads_running == (0 if on_cancel == "abort" else 5)
        assert acc.fake.counts.uploads_started == 5
        acc.fake.release()


@pytest.mark.parametrize("leave", ["break", "error"])
async def test_block_that_is_left_early_ends_the_uploads(leave: str) -> None:
    """An error in the block is the caller's own, in no group; `break` ends the rest just so."""
    async with account(20) as acc:
        acc.fake.hold("*/1?.mp4*")

        async def run() -> None:
            async with acc.cincopa.upload_many(links(20), max_active=15) as batch:
                async for _ in batch:
                    if leave == "break":
                        break
                    raise LookupError("mine")

        if leave == "error":
            with pytest.raises(LookupError, match="mine"):
                await run()
        else:
            await run()

        assert acc.fake.counts.uploads_running == 0
        acc.fake.release()


@pytest.mark.parametrize("call", ["asset.get_upload_url", "asset.list", "asset.set_meta"])
async def test_client_that_is_closed_ends_the_batch_wherever_it_is(tmp_path: Path, call: str) -> None:
    """While a file is sent, what is there is looked up, or an asset described: it is no fault of the item."""
    file = tmp_path / "cat.mp4"
    file.write_bytes(b"c")
    async with account(0) as acc:
        acc.fake.quirk("retry_after", call=call, seconds=0)

        async def close() -> None:
            with anyio.fail_after(5):
                while not acc.fake.counts.requests[call]:
                    await anyio.lowlevel.checkpoint()
            await acc.cincopa.aclose()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(close)
            with pytest.raises(ClientClosedError):
                await acc.upload([UploadItem(file, meta=AssetMeta(reference_id="cat"))], if_exists="skip")


async def test_client_that_is_closed_ends_the_batch() -> None:
    """Whoever asks for outcomes is told, once, and the uploads are aborted."""
    async with account(5) as acc:
        acc.fake.hold()

        async def close() -> None:
            await until_started(acc, 5)
            await acc.cincopa.aclose()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(close)
            with pytest.raises(ClientClosedError):
                await acc.upload(links(5))

        assert acc.fake.counts.uploads_running == 0
        with pytest.raises(ClientClosedError):
            await acc.upload([])
        acc.fake.release()


async def test_gallery_that_does_not_exist_is_the_item_s() -> None:
    """A refusal that concerns one item is its own, whatever the others do."""
    async with account(1) as acc:
        (outcome,) = await acc.upload([UploadItem(link(0), fid="A4nowhere")])

        assert isinstance(outcome.error, NotFoundError)


async def test_assets_are_described_before_they_are_told() -> None:
    """Texts and galleries go with each item, and `ok` means that they are set."""
    async with account(2) as acc:
        gallery = await acc.cincopa.gallery.create(name="Cats")
        items = [
            UploadItem(link(number), meta=AssetMeta(caption=f"Cat {number}", tags=["cat"]), galleries=[gallery.fid])
            for number in range(2)
        ]
        outcomes = await acc.upload(items)

        told = {
            asset.rid: asset.caption async for asset in acc.cincopa.gallery.iter_items(gallery.fid, details=["caption"])
        }
        assert told == {
            outcome.result.rid: outcome.item.meta.caption
            for outcome in outcomes
            if outcome.result and outcome.item.meta
        }


async def test_asset_that_cannot_be_described_is_told_with_its_rid() -> None:
    """The upload is done, so the error says as which asset."""
    async with account(1) as acc:
        (outcome,) = await acc.upload([UploadItem(link(0), galleries=["A4nowhere"])])

        assert isinstance(outcome.error, AssetNotDescribedError)
        assert acc.fake.stored(outcome.error.rid)


async def test_what_is_there_is_not_uploaded_again() -> None:
    """`if_exists="skip"` goes by reference_id, with one look at all assets, not one an item."""
    async with account(10) as acc:
        items = [UploadItem(link(n), meta=AssetMeta(reference_id=f"cat-{n}")) for n in range(10)]
        first = await acc.upload(items[:5], if_exists="skip")
        acc.fake.add_asset(b"dog", name="dog.mp4")
        calls = acc.fake.counts.requests["asset.list"]
        again = await acc.upload([*items, link(9)], if_exists="skip")

        assert sum(outcome.skipped for outcome in again) == 5
        rids = {outcome.item.input: outcome.result.rid for outcome in first if outcome.result}
        assert all(
            outcome.result is not None and outcome.result.rid == rids[outcome.item.input]
            for outcome in again
            if outcome.skipped
        )
        assert acc.fake.counts.requests["asset.list"] == calls + 1
        assert acc.fake.counts.uploads_started == 11


@pytest.mark.parametrize("max_active", [1, 3])
async def test_two_items_of_one_reference_id_are_not_both_uploaded(max_active: int) -> None:
    """Where it decides what is skipped, the second is an error, however far the first is; else it means nothing."""
    async with account(3) as acc:
        meta = AssetMeta(reference_id="cat")
        items = [UploadItem(link(n), meta=meta) for n in range(2)]
        outcomes = await acc.upload([*items, link(2)], if_exists="skip", max_active=max_active)
        again = await acc.upload(items, if_exists="skip", max_active=max_active)
        both = await acc.upload(items, max_active=max_active)

        (twice,) = [outcome.error for outcome in outcomes if not outcome.ok]
        assert isinstance(twice, ValueError)
        assert str(twice).startswith("reference_id must be given to one item of a run only")
        assert all(outcome.skipped for outcome in again)
        assert all(outcome.ok and not outcome.skipped for outcome in both)
        assert acc.fake.counts.uploads_started == 4


async def test_account_that_cannot_be_listed_is_the_item_s_error() -> None:
    """Whether an asset is there cannot be told, so nothing is sent; the next item asks again."""
    async with account(2) as acc:
        acc.fake.quirk("success_false", call="asset.list", nth=1)
        items = [UploadItem(link(n), meta=AssetMeta(reference_id=f"cat-{n}")) for n in range(2)]
        bad, good = await acc.upload(items, if_exists="skip", max_active=1)

        assert bad.error is not None
        assert good.ok
        assert acc.fake.counts.uploads_started == 1


async def test_progress_and_events_tell_how_far_it_is(tmp_path: Path) -> None:
    """A display has all it needs: what started as which upload, how far, how each ended, and what is left."""
    file = tmp_path / "cat.mp4"
    file.write_bytes(b"c" * 500)
    kinds: dict[Any, list[str]] = {}
    async with account(3, seconds=0.01) as acc, acc.cincopa.upload_many([*links(3), file], max_active=2) as batch:
        events = batch.events()
        assert batch.progress.items_total == 4
        assert batch.progress.seconds_left is None
        await outcomes_of(batch)
        done = batch.progress
        assert (done.items_seen, done.ended, done.failed, done.active) == (4, 4, 0, 0)
        assert done.bytes_sent == done.bytes_total == 500 + sum(len(url) * 10 for url in links(3))
        assert done.rate > 0
        assert done.seconds_left == 0
    async for event in events:
        kinds.setdefault(event.item.input, []).append(event.kind)
        assert (event.status_id is None) == (event.item.input == file)
        assert (event.outcome is not None) == (event.kind == "ended")

    assert all(told[0] == "started" and told[-1] == "ended" and "progress" in told for told in kinds.values())
    assert [event async for event in batch.events()] == []


async def test_reader_of_events_that_waits_is_told_of_the_end() -> None:
    """It sees what happens as it happens, and ends with the batch."""
    seen: list[str] = []

    async def read(events: BatchEvents) -> None:
        async for event in events:
            seen.append(event.kind)  # noqa: PERF401 - as a display reads

    async with account(2) as acc, anyio.create_task_group() as tasks:
        batch = acc.cincopa.upload_many(links(2))
        async with batch:
            tasks.start_soon(read, batch.events())
            await outcomes_of(batch)

    assert seen.count("ended") == 2


async def test_inputs_are_in_no_repr() -> None:
    """An input may be a signed link."""
    async with account(1) as acc:
        (outcome,) = await acc.upload([UploadItem(link(0), key="cat")])

        assert "CANARY" not in repr(outcome)
        assert "key='cat'" in repr(outcome)


async def test_outcome_keeps_nothing_of_the_batch() -> None:
    """A list of a million outcomes holds the outcomes, no frames, no jobs."""
    async with account(1) as acc:
        acc.fake.add_source(link(0), b"", status=404)
        (outcome,) = await acc.upload([link(0)])
        gc.collect()

        assert outcome.error is not None
        assert outcome.error.__traceback__ is None
