"""Each call of the API is answered on a socket; those about assets do their work there."""

from __future__ import annotations

import httpx
import pytest

from cincopa_async import CincopaClient, NotFoundError, UploadState
from cincopa_async.testing import FakeServer
from tests.docs.endpoints import how_sure
from tests.sockets.helpers import quick_client

pytestmark = pytest.mark.anyio

SOURCE = "https://media.example/cat.mp4"
HOOK = "https://app.example.com/hooks/cincopa"


async def test_tags_of_the_account_are_counted_or_listed(server: FakeServer) -> None:
    """Whichever the service answers."""
    async with quick_client(server) as cincopa:
        for name, tags in (("cat.png", ["pet", "cat"]), ("dog.png", ["pet"])):
            await cincopa.asset.set_meta(server.fake.add_asset(b"x", name=name), tags=tags)
        listed = await cincopa.asset.get_tags()
        server.fake.quirk("tag_counts")

        assert (await cincopa.asset.get_tags()).tags == {"pet": 2, "cat": 1}
    assert listed.tags == {"pet": None, "cat": None}


async def test_asset_is_made_ready_anew(server: FakeServer) -> None:
    """It is synced, then syncing, then synced again."""
    rid = server.fake.add_asset(b"x", name="cat.png")
    async with quick_client(server) as cincopa:
        before = await cincopa.asset.wait_ready(rid, timeout=10)
        server.fake.hold_sync()
        await cincopa.asset.resync(rid)
        (during,) = (await cincopa.asset.list(rid=rid)).items
        server.fake.release_sync()
        after = await cincopa.asset.wait_ready(rid, timeout=10)
        with pytest.raises(NotFoundError):
            await cincopa.asset.resync("unknown")

    assert (before.syncstatus, during.syncstatus, after.syncstatus) == ("synced", "syncing", "synced")


async def test_upload_url_takes_a_file(server: FakeServer) -> None:
    """By whatever POSTs the bytes there."""
    async with quick_client(server) as cincopa, httpx.AsyncClient() as browser:
        fid = (await cincopa.gallery.create(name="Cats")).fid
        url = await cincopa.asset.get_upload_url(fid=fid, ttl=60)
        answer = await browser.post(url.upload_url, content=b"cat")
        (asset,) = (await cincopa.gallery.get_items(fid)).items

    assert asset.rid is not None
    assert answer.text.endswith(asset.rid)
    assert server.fake.stored(asset.rid) == b"cat"


async def test_upload_is_started_asked_for_and_aborted_by_bare_calls(server: FakeServer) -> None:
    """For whoever wants no job."""
    server.fake.add_source(SOURCE, b"0123456789")
    server.fake.hold()
    async with quick_client(server) as cincopa:
        status_id = await cincopa.asset.upload_from_url(SOURCE)
        running = await cincopa.asset.upload_from_url_get_status(status_id)
        await cincopa.asset.upload_from_url_abort(status_id)
        ended = await cincopa.asset.upload_from_url_get_status(status_id)

    assert (running.state, ended.state) == (UploadState.IN_PROGRESS, UploadState.ABORTED)
    assert server.fake.counts.uploads_running == 0


async def test_every_call_is_answered(server: FakeServer) -> None:
    """What the client knows of the API the fake does too, from the first call to the last."""
    server.fake.add_source(SOURCE, b"cat")
    async with quick_client(server) as cincopa:
        await cincopa.ping()
        token = await cincopa.token.get_temp(ttl=60)
        await every_asset_call(cincopa)
        await every_gallery_call(cincopa, token.value)
        await every_portal_and_live_call(cincopa)
        await cincopa.webhook.set(HOOK, events=["leads.*"])
        await cincopa.webhook.set_slack(HOOK, events=["leads.*"])
        await cincopa.webhook.list()
        await cincopa.webhook.delete(HOOK)

    assert server.fake.counts.requests.keys() == {call.split()[1] for call in how_sure()}


async def every_asset_call(cincopa: CincopaClient) -> None:
    rid = (await cincopa.upload_from_url(SOURCE)).rid
    await cincopa.asset.upload_from_url_abort(await cincopa.asset.upload_from_url(SOURCE))
    await cincopa.asset.list()
    await cincopa.asset.get_tags()
    await cincopa.asset.set_meta(rid, caption="Cat")
    await cincopa.asset.resync(rid)
    await cincopa.asset.get_upload_url()
    await cincopa.asset.delete(rid)


async def every_gallery_call(cincopa: CincopaClient, token: str) -> None:
    rid = (await cincopa.upload_from_url(SOURCE)).rid
    fid = (await cincopa.gallery.create(name="Cats")).fid
    await cincopa.gallery.set_meta(fid, name="Dogs")
    await cincopa.gallery.add_item(fid, rid)
    await cincopa.gallery.set_master(fid, master=rid)
    await cincopa.gallery.list()
    await cincopa.gallery.get_items(fid)
    await cincopa.gallery.download(fid)
    await cincopa.upload.get_upload_token(fid)
    await cincopa.upload.iframe(fid=fid, token=token)
    await cincopa.gallery.remove_item(fid, rid)
    await cincopa.gallery.delete(fid)


async def every_portal_and_live_call(cincopa: CincopaClient) -> None:
    await cincopa.portal.set(name="cats")
    await cincopa.portal.check(name="cats")
    await cincopa.portal.cease(name="cats")
    await cincopa.portal.rename(name="cats", new_name="dogs")
    await cincopa.portal.remove(name="dogs")
    await cincopa.portal.list()
    rid = (await cincopa.live.create(name="Cats")).rid
    await cincopa.live.list()
    await cincopa.live.start(rid)
    await cincopa.live.stop(rid)
    await cincopa.live.reset(rid)
    await cincopa.live.delete(rid)
