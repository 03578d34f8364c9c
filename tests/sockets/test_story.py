"""One story of an account, told through a real socket from its first gallery to the last deletion."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from cincopa_async import CincopaClient, NotFoundError, WebhookReceiver
from cincopa_async.testing import FakeServer
from tests.sockets.helpers import quick_client
from tests.sockets.hooks import delivered, kept, mounted, served

pytestmark = pytest.mark.anyio

ASSETS = 1_000
KEY = "the key of the hook"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Uvicorn, which serves the app that is told of all, runs on asyncio alone."""
    return "asyncio", {"use_uvloop": request.param}


async def test_story_of_an_account(server: FakeServer, tmp_path: Path) -> None:
    """A gallery is filled by URL and by file, described, given a poster, listed, told of and taken down again."""
    film, picture = tmp_path / "my film.mp4", tmp_path / 'a "poster".png'
    film.write_bytes(bytes(range(256)) * 5_000)
    picture.write_bytes(b"poster")
    server.fake.add_source("https://media.example/cat.mp4", b"cat" * 10_000)

    hooks = WebhookReceiver(security_key=KEY)
    events = kept(hooks)
    async with served(mounted(hooks)) as app, quick_client(server) as cincopa, httpx.AsyncClient() as browser:
        hook_url = f"{app}/hooks/cincopa/"
        await cincopa.ensure_webhook(hook_url, events=["asset.*", "gallery.*"], security_key=KEY)
        gallery = await cincopa.ensure_gallery(name="Cats")
        assert gallery.fid is not None

        job = await cincopa.start_upload("https://media.example/cat.mp4", fid=gallery.fid)
        by_url = await job.wait(until="ready")
        sent: list[int] = []
        by_file = await cincopa.upload_file(
            film, fid=gallery.fid, chunk_size=500_000, progress=lambda done, _: sent.append(done)
        )
        assert sent[-1] == film.stat().st_size
        assert server.fake.stored(by_file.rid) == film.read_bytes()

        await cincopa.asset.set_meta(by_file.rid, caption="My film", tags=["cat", "long"], reference_id="film 1")
        poster = await cincopa.set_poster(by_file.rid, picture)
        assert (await browser.get(server.media_url(by_file.rid, "thumb"))).content == b"poster"

        for number in range(ASSETS - 2):
            server.fake.add_asset(b"x", name=f"{number}.png", fid=gallery.fid)
        assets = cincopa.gallery.iter_items(gallery.fid, details=["caption", "tags"], items_per_page=50)
        listed = {asset.rid: asset async for asset in assets}
        assert len(listed) == assets.items_count == ASSETS
        assert listed[by_url.rid].filename == "cat.mp4"
        assert (listed[by_file.rid].caption, listed[by_file.rid].tags) == ("My film", ("cat", "long"))
        assert listed[by_file.rid].filename == "my film.mp4"

        await cincopa.portal.set(name="cats")
        await cincopa.portal.rename(name="cats", new_name="all-cats")
        await cincopa.portal.remove(name="all-cats")
        assert (await cincopa.portal.list()).portals == ()

        await everything_is_deleted(cincopa, gallery.fid)
        await delivered(server)
        await cincopa.webhook.delete(hook_url)

    told = Counter(event.event for event in events)
    assert told["gallery.created"] == told["gallery.deleted"] == 1
    assert told["asset.uploaded"] == told["asset.synced"] == 3
    assert told["asset.deleted"] == ASSETS + 1
    uploaded = [event.rid for event in events if event.event == "asset.uploaded"]
    assert uploaded == [by_url.rid, by_file.rid, poster.rid]


async def everything_is_deleted(cincopa: CincopaClient, fid: str) -> None:
    async with anyio.create_task_group() as group:
        async for asset in cincopa.asset.iter(items_per_page=100, limit=10):
            group.start_soon(cincopa.asset.delete, asset.rid)
    await cincopa.gallery.delete(fid, delete_assets=True)
    with pytest.raises(NotFoundError):
        await cincopa.gallery.get_items(fid)
    assert [asset async for asset in cincopa.asset.iter()] == []
