"""The sync phase of the fake's assets: uploaded is not yet ready."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
import trio
import trio.testing

from cincopa_async.testing import FakeCincopa
from cincopa_async.testing._account import Asset
from tests.testing.helpers import POLL_SECONDS, Asker

pytestmark = pytest.mark.anyio

URL = "https://media.test/cat.mp4"


@pytest.fixture
def fake() -> FakeCincopa:
    fake = FakeCincopa()
    fake.add_source(URL, b"cat")
    return fake


async def pulled(ask: Asker, **params: object) -> str:
    return await ask.uploaded(URL, **params)


async def posted(ask: Asker, **params: object) -> str:
    url = (await ask.get("asset.get_upload_url", **params))["upload_url"]
    return (await ask.http.post(url, content=b"cat")).text.split()[-1]


UPLOADS = pytest.mark.parametrize("upload", [pulled, posted])


async def syncstatus(ask: Asker, rid: str) -> str:
    [item] = (await ask.get("asset.list", rid=rid))["items"]
    return str(item["syncstatus"])


async def gallery_syncstatus(ask: Asker) -> str:
    [gallery] = (await ask.get("gallery.list"))["galleries"]
    return str(gallery["syncstatus"])


async def synced(ask: Asker, rid: str) -> None:
    """Wait, within bounds, until an asset is ready."""
    with anyio.fail_after(10):
        while await syncstatus(ask, rid) != "synced":  # noqa: ASYNC110 - the server tells by no event
            await anyio.sleep(POLL_SECONDS)


@asynccontextmanager
async def in_process(fake: FakeCincopa) -> AsyncIterator[Asker]:
    fake.add_source(URL, b"cat")
    transport = httpx.ASGITransport(app=fake)
    async with fake, httpx.AsyncClient(transport=transport, base_url="http://x.test/v2/", timeout=None) as http:
        yield Asker(http, fake.api_token)


def virtually(main: Callable[[], Awaitable[None]]) -> None:
    """Run on a clock that jumps."""
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@UPLOADS
async def test_asset_is_ready_at_once_unless_told_otherwise(ask: Asker, upload: Callable[..., Awaitable[str]]) -> None:
    """Without sync_seconds nobody sees an asset that is not synced."""
    assert await syncstatus(ask, await upload(ask)) == "synced"


@UPLOADS
def test_asset_is_syncing_for_its_time(upload: Callable[..., Awaitable[str]]) -> None:
    """By the clock of the event loop, a virtual one too; its gallery is for as long."""

    async def main() -> None:
        async with in_process(FakeCincopa(sync_seconds=3600)) as ask:
            rid = await upload(ask, fid=(await ask.post("gallery.create"))["fid"])
            await trio.sleep(3599)
            assert (await syncstatus(ask, rid), await gallery_syncstatus(ask)) == ("syncing", "syncing")
            await trio.sleep(2)
            assert (await syncstatus(ask, rid), await gallery_syncstatus(ask)) == ("synced", "synced")

    virtually(main)


def test_resync_begins_anew() -> None:
    """An asset that is synced, or in the middle of it, is syncing for the whole time again."""

    async def main() -> None:
        async with in_process(FakeCincopa(sync_seconds=60)) as ask:
            rid = await posted(ask)
            await trio.sleep(40)
            await ask.post("asset.resync", rid=rid)
            await trio.sleep(40)
            assert await syncstatus(ask, rid) == "syncing"
            await trio.sleep(40)
            assert await syncstatus(ask, rid) == "synced"
            await ask.post("asset.resync", rid=rid)
            assert await syncstatus(ask, rid) == "syncing"

    virtually(main)


@UPLOADS
async def test_held_until_released(fake: FakeCincopa, ask: Asker, upload: Callable[..., Awaitable[str]]) -> None:
    """A hold keeps assets syncing, so that no test has to be quick; its gallery is while one of them is."""
    fid = (await ask.post("gallery.create"))["fid"]
    before = await upload(ask, fid=fid)
    fake.hold_sync()
    rid = await upload(ask, fid=fid)

    assert (await syncstatus(ask, before), await syncstatus(ask, rid)) == ("synced", "syncing")
    assert await gallery_syncstatus(ask) == "syncing"
    fake.release_sync()
    await synced(ask, rid)
    assert await gallery_syncstatus(ask) == "synced"


async def test_hold_on_one_asset(fake: FakeCincopa, ask: Asker) -> None:
    """A hold may be on one rid alone."""
    one, other = await posted(ask), await posted(ask)
    fake.hold_sync(one)
    for rid in (one, other):
        await ask.post("asset.resync", rid=rid)

    assert (await syncstatus(ask, one), await syncstatus(ask, other)) == ("syncing", "synced")


async def test_asset_deleted_while_it_syncs(fake: FakeCincopa, ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays deleted, nobody is told that it is ready, and its gallery has nothing more to wait for."""
    account, told = fake._account, []
    asset_synced = account.asset_synced

    def tell(asset: Asset) -> None:
        told.append(asset.rid)
        asset_synced(asset)

    monkeypatch.setattr(account, "asset_synced", tell)
    fake.hold_sync()
    rid = await posted(ask, fid=(await ask.post("gallery.create"))["fid"])
    other = await posted(ask)
    await ask.post("asset.delete", rid=rid)
    fake.release_sync()
    await synced(ask, other)

    assert (await ask.get("asset.list", rid=rid))["items"] == []
    assert told == [other]
    assert await gallery_syncstatus(ask) == "synced"


async def test_aclose_ends_the_phases(fake: FakeCincopa, ask_in_process: Asker) -> None:
    """What syncs when the fake is closed stays as it is, until it is synced anew."""
    fake.hold_sync()
    rid = await posted(ask_in_process)
    await fake.aclose()
    fake.release_sync()
    await anyio.wait_all_tasks_blocked()
    assert await syncstatus(ask_in_process, rid) == "syncing"

    await ask_in_process.post("asset.resync", rid=rid)

    assert await syncstatus(ask_in_process, rid) == "synced"


@UPLOADS
@pytest.mark.parametrize("state", ["failed", "syncing"])
async def test_phase_that_ends_otherwise(
    fake: FakeCincopa, ask: Asker, upload: Callable[..., Awaitable[str]], state: str
) -> None:
    """A quirk lets the phase fail, or never end; resync brings about another one."""
    fake.quirk("sync_ends", state=state)
    rid = await upload(ask)
    fake.clear_quirks()
    assert await syncstatus(ask, rid) == state

    fake.quirk("sync_ends", call="asset.resync", nth=1)
    await ask.post("asset.resync", rid=rid)
    assert await syncstatus(ask, rid) == "failed"
    await ask.post("asset.resync", rid=rid)

    assert await syncstatus(ask, rid) == "synced"


async def test_words_that_nobody_knows(fake: FakeCincopa, ask: Asker) -> None:
    """The words are not documented: a quirk lets others stand in their place, in galleries too."""
    fid = (await ask.post("gallery.create"))["fid"]
    rid = await posted(ask, fid=fid)
    fake.quirk("unknown_sync_word")
    fake.quirk("unknown_sync_word", word="Ready", state="synced")

    assert (await syncstatus(ask, rid), await gallery_syncstatus(ask)) == ("Ready", "Ready")
    fake.hold_sync()
    await ask.post("asset.resync", rid=rid)
    assert (await syncstatus(ask, rid), await gallery_syncstatus(ask)) == ("converting", "converting")
