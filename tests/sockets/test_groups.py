"""Each call of the groups does its work on a Cincopa on a socket."""

from __future__ import annotations

import io
import zipfile

import httpx
import pytest

from cincopa_async import (
    AuthenticationError,
    CincopaClient,
    GalleryPage,
    NotFoundError,
    PermissionDeniedError,
)
from cincopa_async.testing import FakeServer
from tests.conftest import TOKEN
from tests.sockets.helpers import quick_client

pytestmark = pytest.mark.anyio

HOOK = "https://app.example.com/hooks/cincopa?secret=CANARY-SIGNATURE"


async def test_gallery_is_made_changed_and_deleted(server: FakeServer) -> None:
    """What is set is what is listed, and the assets stay unless told otherwise."""
    rid = server.fake.add_asset(b"c", name="cat.mp4")
    async with quick_client(server) as cincopa:
        fid = (await cincopa.gallery.create(name="Cats", description="All of them")).fid
        await cincopa.gallery.set_meta(fid, name="Dogs", tags=["pet", "big dog"])
        (gallery,) = (await cincopa.gallery.list(search="caption=Dogs", tag="pet")).items
        await cincopa.gallery.add_item(fid, rid)
        await cincopa.gallery.delete(fid)
        with pytest.raises(NotFoundError, match="fid"):
            await cincopa.gallery.delete(fid)

        assert (await cincopa.gallery.list()).items == ()
        assert [asset.rid async for asset in cincopa.asset.iter()] == [rid]

    assert (gallery.fid, gallery.name, gallery.description) == (fid, "Dogs", "All of them")
    assert (gallery.tags, gallery.syncstatus) == (("pet", "big dog"), "synced")
    assert gallery.modified is not None


async def test_gallery_is_deleted_with_its_assets(server: FakeServer) -> None:
    """If told so."""
    async with quick_client(server) as cincopa:
        fid = (await cincopa.gallery.create()).fid
        server.fake.add_asset(b"c", name="cat.mp4", fid=fid)
        kept = server.fake.add_asset(b"d", name="dog.mp4")
        await cincopa.gallery.delete(fid, delete_assets=True)

        assert [asset.rid async for asset in cincopa.asset.iter()] == [kept]


async def test_gallery_is_modelled_on_another(server: FakeServer) -> None:
    """With the items of that one."""
    async with quick_client(server) as cincopa:
        master = (await cincopa.gallery.create(name="Cats")).fid
        rid = server.fake.add_asset(b"c", name="cat.mp4", fid=master)
        fid = (await cincopa.gallery.create(master=master, copy_items=True)).fid
        await cincopa.gallery.set_master(fid, master=rid)
        with pytest.raises(NotFoundError, match="fid"):
            await cincopa.gallery.set_master("unknown", master=rid)

        assert [asset.rid for asset in (await cincopa.gallery.get_items(fid)).items] == [rid]


@pytest.mark.parametrize("in_folder", [False, True])
async def test_items_of_a_gallery_are_put_in_listed_and_taken_out(server: FakeServer, in_folder: bool) -> None:
    """In its order, wherever the service has the list stand."""
    if in_folder:
        server.fake.quirk("folder_items")
    first, second, third = (server.fake.add_asset(b"c", name=f"{number}.png") for number in range(3))
    async with quick_client(server) as cincopa:
        fid = (await cincopa.gallery.create(name="Cats")).fid
        await cincopa.gallery.add_item(fid, [first, second])
        await cincopa.gallery.add_item(fid, third, insert_position="top")
        with pytest.raises(NotFoundError, match="rid"):
            await cincopa.gallery.add_item(fid, [first, "unknown"])

        page = await cincopa.gallery.get_items(fid, page=1, items_per_page=2, details=["caption"])
        pages = cincopa.gallery.iter_items(fid, items_per_page=1, ahead=2)
        assert [asset.rid async for asset in pages] == [third, first, second]

        await cincopa.gallery.remove_item(fid, [first, third])
        await cincopa.gallery.remove_item(fid, second, delete_asset=True)
        assert (await cincopa.gallery.get_items(fid)).items == ()
        assert [asset.rid async for asset in cincopa.asset.iter()] == [first, third]

    assert [(asset.rid, asset.caption) for asset in page.items] == [(third, "2"), (first, "0")]
    assert (page.items_count, page.pages_count) == (3, 2)
    assert pages.items_count == 3


async def test_all_galleries_are_iterated_over(server: FakeServer) -> None:
    """None twice, none left out; a limit ends it."""
    async with quick_client(server) as cincopa:
        fids = [(await cincopa.gallery.create(name=f"{number}")).fid for number in range(7)]

        assert [gallery.fid async for gallery in cincopa.gallery.iter(items_per_page=2)] == fids
        assert [gallery.fid async for gallery in cincopa.gallery.iter(items_per_page=2, limit=3)] == fids[:3]
        assert isinstance(await cincopa.gallery.list(items_per_page=100), GalleryPage)


@pytest.mark.parametrize("field", ["url", "download_url"])
async def test_gallery_is_downloaded(server: FakeServer, field: str) -> None:
    """The link leads to an archive of its files, wherever it stands in the answer."""
    if field != "url":
        server.fake.quirk("download_field", field=field)
    async with quick_client(server) as cincopa, httpx.AsyncClient() as http:
        fid = (await cincopa.gallery.create()).fid
        server.fake.add_asset(b"cat", name="cat.mp4", fid=fid)
        link = await cincopa.gallery.download(fid)
        archive = zipfile.ZipFile(io.BytesIO((await http.get(link.url)).content))
        with pytest.raises(NotFoundError, match="fid"):
            await cincopa.gallery.download("unknown")

    assert archive.read("cat.mp4") == b"cat"
    assert link.url not in repr(link)


async def test_gallery_is_found_or_made(server: FakeServer) -> None:
    """By its name, among any number of others."""
    async with quick_client(server) as cincopa:
        for number in range(120):
            await cincopa.gallery.create(name=f"Cats {number}")
        made = await cincopa.ensure_gallery(name="Cats")
        found = await cincopa.ensure_gallery(name="Cats")

        assert made.fid == found.fid
        assert (await cincopa.gallery.list()).items_count == 121


@pytest.mark.parametrize("field", ["upload_token", "token"])
async def test_invitation_is_opened_by_its_own_token(server: FakeServer, field: str) -> None:
    """The page of its gallery, and of no other; the URL that is built leads there too."""
    if field != "upload_token":
        server.fake.quirk("token_field", field=field, call="upload.get_upload_token")
    async with quick_client(server) as cincopa, httpx.AsyncClient() as http:
        fid = (await cincopa.gallery.create(name="Cats")).fid
        other = (await cincopa.gallery.create(name="Dogs")).fid
        token = await cincopa.upload.get_upload_token(fid)
        page = await cincopa.upload.iframe(fid=fid, token=token.value)
        embedded = await http.get(CincopaClient.url_for_iframe(fid=fid, token=token.value, base_url=server.base_url))
        with pytest.raises(PermissionDeniedError):
            await cincopa.upload.iframe(fid=other, token=token.value)
        with pytest.raises(AuthenticationError):
            await cincopa.upload.iframe(fid=fid, token="unknown")

    assert "<title>Cats</title>" in page
    assert embedded.text == page
    assert TOKEN not in page


async def test_invitation_is_opened_by_a_temporary_token(server: FakeServer) -> None:
    """By a key of one's own, too."""
    async with quick_client(server) as cincopa:
        token = await cincopa.token.get_temp(ttl=60, permissions="|upload.iframe|")
        page = await cincopa.upload.iframe(rrid="order 5", token=token.value)

        assert "<title>order 5</title>" in page
        assert [gallery.name async for gallery in cincopa.gallery.iter()] == ["order 5"]


async def test_portal_is_made_renamed_ceased_and_removed(server: FakeServer) -> None:
    """What the answers say beyond what is known is kept."""
    async with quick_client(server) as cincopa:
        assert (await cincopa.portal.check(name="cats")).extra["exists"] is False
        await cincopa.portal.set(name="cats", theme="dark", public=True)
        checked = await cincopa.portal.check(subdomain="cats")
        await cincopa.portal.rename(name="cats", new_name="dogs")
        await cincopa.portal.cease(name="dogs")
        (portal,) = (await cincopa.portal.list()).portals
        await cincopa.portal.remove(name="dogs")
        with pytest.raises(NotFoundError):
            await cincopa.portal.remove(name="dogs")

        assert (await cincopa.portal.list()).portals == ()

    assert (checked.name, checked.status) == ("cats", "active")
    assert checked.extra == {"exists": True, "theme": "dark", "public": "yes"}
    assert (portal.name, portal.status) == ("dogs", "inactive")


async def test_live_stream_is_made_started_stopped_reset_and_deleted(server: FakeServer) -> None:
    """By its rid, which clients may call its id too."""
    async with quick_client(server) as cincopa:
        rid = (await cincopa.live.create(name="Cats", description="now")).rid
        statuses = []
        for act in (cincopa.live.start, cincopa.live.stop, cincopa.live.start, cincopa.live.reset):
            await act(rid)
            statuses.append((await cincopa.live.list()).streams[0].status)
        await cincopa.live.start(id=rid)
        (stream,) = (await cincopa.live.list()).streams
        await cincopa.live.delete(rid)
        with pytest.raises(NotFoundError):
            await cincopa.live.delete(rid)

        assert (await cincopa.live.list()).streams == ()

    assert statuses == ["live", "idle", "live", "idle"]
    assert (stream.rid, stream.name, stream.description, stream.status) == (rid, "Cats", "now", "live")


async def test_webhook_is_set_listed_and_deleted(server: FakeServer) -> None:
    """Slack's as well; ensuring one that is so already sends nothing."""
    slack = "https://hooks.slack.example/services/CANARY-CAPABILITY"
    async with quick_client(server) as cincopa:
        await cincopa.webhook.set(HOOK, events=["asset.*"], security_key="CANARY-CAPABILITY")
        await cincopa.webhook.set_slack(slack, events=["gallery.created"])
        hooks = (await cincopa.webhook.list()).webhooks
        await cincopa.ensure_webhook(HOOK, events=["asset.*"])
        assert server.fake.counts.requests["webhook.set"] == 1
        await cincopa.ensure_webhook(HOOK, events=["asset.*", "gallery.*"])
        changed = (await cincopa.webhook.list()).webhooks
        await cincopa.webhook.delete(HOOK)
        await cincopa.webhook.delete(slack)
        with pytest.raises(NotFoundError):
            await cincopa.webhook.delete(slack)

        assert (await cincopa.webhook.list()).webhooks == ()

    assert [(hook.hook_url, hook.events) for hook in hooks] == [(HOOK, ("asset.*",)), (slack, ("gallery.created",))]
    assert "CANARY" not in repr(hooks)
    assert {hook.hook_url: hook.events for hook in changed}[HOOK] == ("asset.*", "gallery.*")


@pytest.mark.parametrize("word", ["synced", "Ready"])
async def test_asset_is_waited_for_until_it_is_ready(server: FakeServer, word: str) -> None:
    """Through the phase in which its versions are made, whatever the word for its end."""
    server.fake.add_source("https://media.example/cat.mp4", b"c")
    server.fake.hold_sync()
    if word != "synced":
        server.fake.quirk("unknown_sync_word", word=word, state="synced")
    async with quick_client(server) as cincopa:
        job = await cincopa.start_upload("https://media.example/cat.mp4")
        done = await job.wait()
        (asset,) = (await cincopa.asset.list()).items
        server.fake.release_sync()

        assert (await cincopa.asset.wait_ready(done.rid, timeout=10)).syncstatus == word
        assert await job.wait(until="ready") == done

    assert asset.syncstatus == "syncing"
