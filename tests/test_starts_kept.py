"""Single uploads that a store remembers, and metadata that goes with any upload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cincopa_async import (
    AssetMeta,
    AssetNotDescribedError,
    ClientClosedError,
    LeaseLostError,
    NotFoundError,
    ServerError,
    UploadAbortedError,
    UploadFailedError,
    UploadState,
    UploadTimeoutError,
    UploadUnknownError,
)
from cincopa_async.stores import MemoryStore
from tests.batches import Account, Store, account, store_of, until_started
from tests.cancelling import HOWS, Cancellable, How
from tests.quick import link

pytestmark = pytest.mark.anyio
START = "asset.upload_from_url"
META = AssetMeta(caption="A cat", tags=["cat"], reference_id="cat", fields={"mood": "calm"})


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return store_of(request.param, tmp_path)


async def told(acc: Account, rid: str) -> tuple[Any, ...]:
    page = await acc.cincopa.asset.list(rid=rid, details=["caption", "tags", "reference_id"])
    (asset,) = page.items
    return asset.caption, asset.tags, asset.reference_id


async def test_metadata_goes_with_every_kind_of_upload(tmp_path: Path) -> None:
    """When the call returns, the asset is described and in its galleries."""
    file = tmp_path / "cat.mp4"
    file.write_bytes(b"c")
    async with account(1) as acc:
        gallery = await acc.cincopa.gallery.create(name="Cats")
        with_it: dict[str, Any] = {"meta": META, "galleries": [gallery.fid]}
        job = await acc.cincopa.start_upload(link(0), **with_it)
        done = [
            await job.wait(),
            await acc.cincopa.upload_from_url(link(0), **with_it),
            await acc.cincopa.upload_file(file, **with_it),
        ]

        for result in done:
            assert await told(acc, result.rid) == ("A cat", ("cat",), "cat")
        assert [asset.rid async for asset in acc.cincopa.gallery.iter_items(gallery.fid)] == [one.rid for one in done]
        assert acc.fake.counts.requests["asset.set_meta"] == 3
        await job.wait()
        assert acc.fake.counts.requests["asset.set_meta"] == 3


async def test_watch_ends_when_the_asset_is_described() -> None:
    """Whoever goes through a job's statuses to the end has the same promise as who waits."""
    async with account(1) as acc:
        job = await acc.cincopa.start_upload(link(0), meta=META)
        statuses = [status async for status in job.watch()]

        assert statuses[-1].rid is not None
        assert await told(acc, statuses[-1].rid) == ("A cat", ("cat",), "cat")


async def test_metadata_that_cannot_be_set_is_told_with_the_rid(tmp_path: Path) -> None:
    """The upload is done; waiting again tries to describe again, and puts nothing into a gallery twice."""
    async with account(1) as acc:
        gallery = await acc.cincopa.gallery.create(name="Cats")
        job = await acc.cincopa.start_upload(link(0), galleries=[gallery.fid, "A4nowhere"])
        for _ in range(2):
            with pytest.raises(AssetNotDescribedError, match="was uploaded, but not described") as caught:
                await job.wait()
        file = tmp_path / "cat.mp4"
        await anyio.Path(file).write_bytes(b"c")
        with pytest.raises(AssetNotDescribedError) as of_file:
            await acc.cincopa.upload_file(file, galleries=["A4nowhere"])

        assert acc.fake.stored(caught.value.rid)
        assert acc.fake.stored(of_file.value.rid) == b"c"
        # Once into each gallery, and once for the file: the second wait has looked before.
        assert acc.fake.counts.requests["gallery.add_item"] == 3
        assert [asset.rid async for asset in acc.cincopa.gallery.iter_items(gallery.fid)] == [caught.value.rid]


async def test_upload_that_fails_or_is_cut_off_is_not_described() -> None:
    """There is nothing to describe; the job ends as any other."""
    async with account(1) as acc:
        acc.fake.add_source(link(0), b"", status=404)
        with pytest.raises(UploadFailedError):
            await acc.cincopa.upload_from_url(link(0), meta=META)
        acc.fake.hold()
        with pytest.raises(UploadTimeoutError):
            await acc.cincopa.upload_from_url(link(0), meta=META, timeout=0.01)

        assert acc.fake.counts.uploads_running == 0
        assert not acc.fake.counts.requests["asset.set_meta"]
        acc.fake.release()


async def test_lost_answer_of_a_gallery_is_looked_up() -> None:
    """It is in there once, whatever became of the answer; where that cannot be looked up, the error is told."""
    async with account(1) as acc:
        gallery = await acc.cincopa.gallery.create(name="Cats")
        acc.fake.quirk("server_error_after", call="gallery.add_item", nth=1)
        done = await acc.cincopa.upload_from_url(link(0), galleries=[gallery.fid])
        acc.fake.quirk("server_error", call="gallery.add_item", nth=1)
        with pytest.raises(AssetNotDescribedError, match="HTTP 500"):
            await acc.cincopa.upload_from_url(link(0), galleries=[gallery.fid])

        assert [asset.rid async for asset in acc.cincopa.gallery.iter_items(gallery.fid)] == [done.rid]


async def test_client_that_is_closed_while_describing_is_told_as_such() -> None:
    """It is no fault of the metadata."""
    async with account(1) as acc, anyio.create_task_group() as tasks:
        acc.fake.quirk("latency", call="asset.set_meta", seconds=0.05)
        acc.fake.quirk("retry_after", call="asset.set_meta", seconds=0)
        job = await acc.cincopa.start_upload(link(0), meta=META)

        async def wait() -> None:
            with pytest.raises(ClientClosedError):
                await job.wait()

        tasks.start_soon(wait)
        with anyio.fail_after(5):
            while not acc.fake.counts.requests["asset.set_meta"]:  # noqa: ASYNC110 - the fake tells nobody
                await anyio.sleep(0.001)
        await acc.cincopa.aclose()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "set_meta must be given at least one field"),
        ({"tags": ["a,b"]}, "tags must hold words"),
        ({"video_thumb_sec": -1}, "video_thumb_sec must be 0 or more"),
    ],
)
def test_wrong_metadata_is_refused_before_anything_is_uploaded(wrong: Any, says: str) -> None:
    """Not when the upload is done and the caller long gone."""
    with pytest.raises(ValueError, match=says):
        AssetMeta(**wrong)


async def test_key_goes_with_a_store() -> None:
    """One without the other is a mistake."""
    async with account(1) as acc:
        for half in ({"key": "cat"}, {"store": MemoryStore()}):
            with pytest.raises(ValueError, match="key and store must be given together"):
                acc.cincopa.start_upload(link(0), **half)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="key must not be empty"):
            acc.cincopa.start_upload(link(0), key="", store=MemoryStore())


async def test_upload_of_a_key_is_started_once(store: Store) -> None:
    """The same call in a later life of the program gives the same upload: running, ended well, or failed."""
    async with account(2) as acc:
        acc.fake.add_source(link(1), b"", status=404)
        acc.fake.hold()
        async with store() as opened:
            first = await acc.cincopa.start_upload(link(0), key="cat", store=opened, on_cancel="detach", meta=META)
        async with store() as opened:
            second = await acc.cincopa.start_upload(link(0), key="cat", store=opened, meta=META)
            acc.fake.release()
            done = await second.wait()
        async with store() as opened:
            third = await acc.cincopa.start_upload(link(0), key="cat", store=opened, meta=META)
            assert (await third.wait()).rid == done.rid
            failing = await acc.cincopa.start_upload(link(1), key="dog", store=opened)
            with pytest.raises(UploadFailedError):
                await failing.wait()
        async with store() as opened:
            again = await acc.cincopa.start_upload(link(1), key="dog", store=opened)
            with pytest.raises(UploadFailedError):
                await again.wait()

        assert first.status_id == second.status_id == third.status_id
        assert await told(acc, done.rid) == ("A cat", ("cat",), "cat")
        assert acc.fake.counts.requests["asset.set_meta"] == 1
        assert acc.fake.counts.uploads_started == 2


async def test_upload_of_another_or_in_doubt_is_refused(store: Store) -> None:
    """Another worker has it, or nobody knows: neither is started."""
    async with account(1) as acc:
        acc.fake.hold()
        async with store() as opened:
            await acc.cincopa.start_upload(link(0), key="cat", store=opened, on_cancel="detach")
            with pytest.raises(LeaseLostError):
                await acc.cincopa.start_upload(link(0), key="cat", store=opened)
            acc.fake.quirk("server_error_after", call=START, nth=1)
            with pytest.raises(ServerError):
                await acc.cincopa.start_upload(link(0), key="dog", store=opened)
            with pytest.raises(UploadUnknownError):
                await acc.cincopa.start_upload(link(0), key="dog", store=opened)
        async with store() as opened:
            for _ in range(2):
                with pytest.raises(UploadUnknownError):
                    await acc.cincopa.start_upload(link(0), key="dog", store=opened)
            await opened.restart("dog", attempts=1)
            await opened.started("dog", None)
        async with store() as opened:
            for _ in range(2):
                with pytest.raises(UploadUnknownError):
                    await acc.cincopa.start_upload(link(0), key="dog", store=opened)
        acc.fake.release()


async def test_start_that_was_certainly_none_is_forgotten(store: Store) -> None:
    """The next try is a first one."""
    async with account(1) as acc, store() as opened:
        with pytest.raises(NotFoundError):
            await acc.cincopa.start_upload(link(0), fid="A4nowhere", key="cat", store=opened)
        job = await acc.cincopa.start_upload(link(0), key="cat", store=opened)

        assert (await job.wait()).rid


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
@pytest.mark.parametrize("how", HOWS)
async def test_start_cancelled_in_flight_is_handed_to_the_store(
    store: Store, how: How, on_cancel: Any, anyio_backend_name: str
) -> None:
    """Let finish, it is aborted and forgotten, or there for whoever asks for its key next."""
    if (anyio_backend_name == "trio") != (how == "trio scope"):
        pytest.skip("the other backend's")
    async with account(1) as acc, store() as opened, anyio.create_task_group() as tasks:
        acc.fake.quirk("latency_after", call=START, seconds=0.05, times=1)
        acc.fake.hold()

        async def start() -> None:
            await acc.cincopa.start_upload(link(0), key="cat", store=opened, on_cancel=on_cancel)

        task = Cancellable(how, tasks, start)
        await until_started(acc, 1)
        await task.cancelled()

        assert acc.fake.counts.uploads_running == (1 if on_cancel == "detach" else 0)
        job = await acc.cincopa.start_upload(link(0), key="cat", store=opened)
        acc.fake.release()
        await job.wait()
        assert acc.fake.counts.uploads_started == (1 if on_cancel == "detach" else 2)


async def test_upload_that_was_aborted_and_not_noted_is_told_as_aborted(store: Store) -> None:
    """Whoever asks for its key next is told the truth, and not that it failed."""
    async with account(1) as acc:
        acc.fake.quirk("abort_leaves", state="failed")
        acc.fake.hold()
        async with store() as opened:
            job = await acc.cincopa.start_upload(link(0), key="cat", store=opened)
            assert (await job.abort()).state is UploadState.ABORTED  # And the program is killed.
        acc.fake.release()
        async with store() as opened:
            (noted,) = [record async for record in opened.records()]
            again = await acc.cincopa.start_upload(link(0), key="cat", store=opened)
            with pytest.raises(UploadAbortedError):
                await again.wait()

        assert noted.state == "aborting"
        assert acc.fake.counts.uploads_started == 1


async def test_start_that_is_cancelled_twice_is_still_written_down(store: Store, anyio_backend_name: str) -> None:
    """Its caller leaves at once, and its answer is waited for without it: till then the item is nobody else's."""
    if anyio_backend_name == "trio":
        pytest.skip("trio knows no second cancel")
    async with account(1) as acc, store() as opened, anyio.create_task_group() as tasks:
        acc.fake.quirk("latency_after", call=START, seconds=0.1, times=1)
        acc.fake.hold()

        async def start() -> None:
            await acc.cincopa.start_upload(link(0), key="cat", store=opened, on_cancel="detach")

        task = Cancellable("task.cancel()", tasks, start)
        await until_started(acc, 1)
        task.cancel()
        await anyio.lowlevel.checkpoint()
        await task.cancelled()
        with pytest.raises(LeaseLostError):
            await acc.cincopa.start_upload(link(0), key="cat", store=opened)
        with anyio.fail_after(5):
            while acc.cincopa._life.finisher.busy:  # noqa: ASYNC110 - the client tells nobody
                await anyio.sleep(0.001)
        job = await acc.cincopa.start_upload(link(0), key="cat", store=opened)
        acc.fake.release()
        await job.wait()

        assert acc.fake.counts.uploads_started == 1


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
async def test_wait_that_times_out_leaves_the_store_right(store: Store, on_cancel: Any) -> None:
    """Aborted, the next start is a new one; left running, the next wait goes on."""
    async with account(1) as acc, store() as opened:
        acc.fake.hold()
        job = await acc.cincopa.start_upload(link(0), key="cat", store=opened, on_cancel=on_cancel)
        with pytest.raises(UploadTimeoutError):
            await job.wait(timeout=0.02)
        if on_cancel == "abort":
            job = await acc.cincopa.start_upload(link(0), key="cat", store=opened)
        acc.fake.release()
        await job.wait()

        assert acc.fake.counts.uploads_started == (2 if on_cancel == "abort" else 1)
        assert (await opened.counts())["ended"] == 1
