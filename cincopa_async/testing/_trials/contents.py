"""Trials of what is in a gallery: put in, listed, taken out, downloaded."""

from __future__ import annotations

from typing import Final

from ._pages import detailed, paged
from ._trial import Trial
from ._unseen import UnseenError
from .assets import is_there, must_be_there

_LINKS: Final = ("url", "download_url", "link")
_ENVELOPE: Final = frozenset({"success", "runtime"})


async def put_in(trial: Trial) -> None:
    """Put assets into galleries: many at once, to the bottom, to the top."""
    with trial.about("gallery.add_item.many"):
        fid = await trial.props.gallery("many")
        clip, picture = await trial.props.asset("clip.mp4"), await trial.props.asset("picture.png")
        await trial.do("gallery.add_item", fid=fid, rid=clip)
        if await _order(trial, fid) != [clip]:
            raise UnseenError("one asset alone does not come into a gallery")
        others = [picture, await trial.props.asset("note.txt")]
        answer = await trial.call("gallery.add_item", fid=fid, rid=others)
        many = not answer.refused and set(others) <= set(await _order(trial, fid))
        trial.saw("gallery.add_item.many", "many" if many else "one")
    with trial.about("gallery.add_item.position", "gallery.add_item.takes.insert_position"):
        fid = await trial.props.gallery("order")
        clip, picture = await trial.props.asset("clip.mp4"), await trial.props.asset("picture.png")
        for rid in (clip, picture):
            await trial.do("gallery.add_item", fid=fid, rid=rid)
        order = await _order(trial, fid)
        if set(order) != {clip, picture} or len(order) != 2:
            raise UnseenError("what was put into a gallery is not in it")
        usual = "bottom" if order[-1] == picture else "top"
        trial.saw("gallery.add_item.position", usual, "of the second of two")
        asked = "top" if usual == "bottom" else "bottom"
        note = await trial.props.asset("note.txt")
        await trial.do("gallery.add_item", fid=fid, rid=note, insert_position=asked)
        order = await _order(trial, fid)
        if note not in order:
            raise UnseenError("what was put into a gallery is not in it")
        trial.taken("gallery.add_item.takes.insert_position", order[0 if asked == "top" else -1] == note, asked)


async def listed(trial: Trial) -> None:
    """List what is in a gallery, page by page, and with all its details; and have it as an archive."""
    with trial.about("gallery.get_items.*"):
        fid = await trial.props.gallery("order")
        await paged(trial, "gallery.get_items", fid=fid)
        with trial.about("gallery.get_items.takes.details"):
            await detailed(trial, "gallery.get_items", of=await trial.props.asset("clip.mp4"), fid=fid)
    with trial.about("gallery.set_master.method"):
        fid = await trial.props.gallery("order")
        await trial.do("gallery.set_master", fid=fid, master=await trial.props.asset("clip.mp4"))
    with trial.about("gallery.download.*"):
        fid = await trial.props.gallery("order")
        answer = await trial.do("gallery.download", fid=fid)
        others = [name for name in answer.body if name not in _ENVELOPE]
        field = next((name for name in [*_LINKS, *others] if str(answer.body.get(name, "")).startswith("http")), None)
        if field is None:
            raise UnseenError("gallery.download answered no link")
        trial.saw("gallery.download.field", field)


async def taken_out(trial: Trial) -> None:
    """Take an asset out of a gallery."""
    with trial.about("gallery.remove_item.*"):
        fid, rid = await trial.props.gallery("order"), await trial.props.asset("note.txt")
        if rid not in await _order(trial, fid):
            raise UnseenError("what was put into a gallery is not in it")
        await must_be_there(trial, rid)
        await trial.do("gallery.remove_item", fid=fid, rid=rid)
        if rid in await _order(trial, fid):
            trial.saw("gallery.remove_item.does", "nothing")
        else:
            trial.saw("gallery.remove_item.does", "taken out" if await is_there(trial, rid) else "deleted")


async def said_yes(trial: Trial) -> None:
    """Say yes where a call asks: whether to copy a gallery's items, and whether to delete its assets, one or all."""
    worked: list[bool] = []
    with trial.about("parameters.yes"):
        for id, ask in (
            ("gallery.create.takes.copy_items", _copies),
            ("gallery.remove_item.takes.delete_asset", _deletes_one),
            ("gallery.delete.takes.delete_assets", _deletes_all),
        ):
            with trial.about(id):
                taken = await ask(trial)
                trial.taken(id, taken)
                worked.append(taken)
        if any(worked):
            trial.saw("parameters.yes", "yes and no", f"{sum(worked)} of {len(worked)} calls took it")
        elif len(worked) > 1:
            trial.saw("parameters.yes", "true and false", f"none of {len(worked)} calls took yes")
        else:
            raise UnseenError("no two calls that ask could be made")


async def _copies(trial: Trial) -> bool:
    master = await _holding(trial, "first", "clip.mp4")
    answer = await trial.do("gallery.create", name=trial.stage.name("copy"), master=master, copy_items=True)
    copy = str(answer["fid"])
    trial.stage.made_gallery(copy)
    return bool(await _order(trial, copy))


async def _deletes_one(trial: Trial) -> bool:
    fid, rid = await _holding(trial, "first", "first.txt"), await trial.props.asset("first.txt")
    await trial.do("gallery.remove_item", fid=fid, rid=rid, delete_asset=True)
    return not await is_there(trial, rid)


async def _deletes_all(trial: Trial) -> bool:
    fid, rid = await _holding(trial, "all", "second.txt"), await trial.props.asset("second.txt")
    await trial.do("gallery.delete", fid=fid, delete_assets=True)
    return not await is_there(trial, rid)


async def _holding(trial: Trial, about: str, file_name: str) -> str:
    """Return a gallery that holds an asset for sure."""
    fid, rid = await trial.props.gallery(about), await trial.props.asset(file_name)
    await trial.do("gallery.add_item", fid=fid, rid=rid)
    if rid not in await _order(trial, fid):
        raise UnseenError("what was put into a gallery is not in it")
    await must_be_there(trial, rid)
    return fid


async def _order(trial: Trial, fid: str) -> list[str]:
    items = await trial.items("gallery.get_items", fid=fid)
    if any(not isinstance(item.get("rid"), str) for item in items):
        raise UnseenError("gallery.get_items told no rid")
    return [item["rid"] for item in items]
