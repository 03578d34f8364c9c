"""What calls change."""

from __future__ import annotations

from tests.testing.shown.bench import Bench, said, shows


@shows("gallery.set_meta.further", seen={"taken": True, "refused": "There is no parameter mine"})
async def gallery_further(at: Bench) -> object:
    return said(await at.ask.post("gallery.set_meta", fid=await at.gallery(), name="Cats", mine="1"))


@shows("asset.set_meta.further", seen={"taken": True, "refused": "There is no parameter mine"})
async def asset_further(at: Bench) -> object:
    return said(await at.ask.post("asset.set_meta", rid=at.asset(), caption="Cat", mine="1"))


@shows("gallery.add_item.many", seen={"many": True, "one": "The rid does not exist"})
async def many(at: Bench) -> object:
    fid, rids = await at.gallery(), [at.asset(), at.asset()]
    await at.ask.post("gallery.add_item", fid=fid, rid=rids[0])
    result = said(await at.ask.post("gallery.add_item", fid=fid, rid=",".join(rids)))
    assert await at.items(fid) == rids[: 2 if result is True else 1]
    return result


@shows("gallery.add_item.position")
async def position(at: Bench) -> object:
    fid, rid = await at.gallery(), at.asset()
    at.asset(fid=fid)
    await at.ask.post("gallery.add_item", fid=fid, rid=rid)
    return "top" if (await at.items(fid))[0] == rid else "bottom"


@shows("gallery.remove_item.does", seen={"taken out": (0, 1), "nothing": (1, 1)})
async def remove_item(at: Bench) -> object:
    fid = await at.gallery()
    assert said(await at.ask.post("gallery.remove_item", fid=fid, rid=at.asset(fid=fid))) is True
    return len(await at.items(fid)), len(await at.rids())


@shows("gallery.delete.does", seen={"gone": (0, 1), "nothing": (1, 1)})
async def delete_gallery(at: Bench) -> object:
    fid = await at.gallery()
    at.asset(fid=fid)
    assert said(await at.ask.post("gallery.delete", fid=fid)) is True
    return await at.ask.galleries(), len(await at.rids())


@shows("asset.delete.does", seen={"gone": 0, "nothing": 1})
async def delete_asset(at: Bench) -> object:
    assert said(await at.ask.post("asset.delete", rid=at.asset())) is True
    return len(await at.rids())


@shows("asset.delete.galleries", seen={"gone": (0, 0), "still there": (1, 0)})
async def deleted_from_galleries(at: Bench) -> object:
    fid = await at.gallery()
    await at.ask.post("asset.delete", rid=at.asset(fid=fid))
    await at.ask.get("gallery.download", fid=fid)
    return len(await at.items(fid)), len(await at.rids())


@shows("asset.sync")
async def sync(at: Bench) -> object:
    fid = await at.gallery()
    at.asset(fid=fid)
    [item] = (await at.ask.get("asset.list"))["items"]
    [gallery] = (await at.ask.get("gallery.list"))["galleries"]
    assert item["syncstatus"] == gallery["syncstatus"]
    return item["syncstatus"]


@shows("poster", seen={"rid:": ["rid:"], "bare": [""]})
async def poster(at: Bench) -> object:
    rid = at.asset()
    thumb = (await at.ask.status(await at.upload(rid=rid, type="thumb")))["resid"]
    texts = {prefix: f"{prefix}{thumb}" for prefix in ("rid:", "")}
    said_of = {
        prefix: said(await at.ask.post("asset.set_meta", rid=rid, thumb_attached_rid=text))
        for prefix, text in texts.items()
    }
    return [prefix for prefix, result in said_of.items() if result is True]


@shows("portal.cease.does", seen={"deactivates": ["inactive"], "creates": ["active", "active"]})
async def cease(at: Bench) -> object:
    await at.ask.post("portal.set", name="cats")
    for name in ("cats", "dogs"):
        await at.ask.post("portal.cease", name=name)
    return [portal["status"] for portal in (await at.ask.get("portal.list"))["portals"]]
