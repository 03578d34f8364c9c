"""Trials of what calls do to an asset: set_meta, resync, delete, and the poster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cincopa_async.errors import NotFoundError

from ._marks import MARK
from ._stage import FILES
from ._trial import Trial
from ._unseen import UnseenError
from .assets import is_there, must_be_there, rids

_TOLD: Final = "caption,description,long_description,related_link_text,related_link_url,reference_id,tags"
_SET: Final = tuple(f"asset.set_meta.takes.{name}" for name in _TOLD.split(","))


async def described(trial: Trial) -> None:
    """Set all that is known of an asset, and read it back; then a field of one's own."""
    with trial.about(*_SET, "asset.list.details.*", "asset.set_meta.further"):
        rid, run = await trial.props.asset("clip.mp4"), trial.stage.run
        values = {
            "caption": f"caption {run}",
            "description": f"description {run}",
            "long_description": f"long {run}",
            "related_link_text": f"link {run}",
            "related_link_url": f"https://example.com/{run}",
            "reference_id": MARK,
            "tags": f"t{run}",
        }
        await trial.do("asset.set_meta", rid=rid, **values)
        further = await trial.probe("asset.set_meta", rid=rid, contract_note=run)
        trial.saw("asset.set_meta.further", "refused" if further.refused else "taken", "of a field of one's own")
        told = await _told(trial, rid)
        for name, value in values.items():
            trial.saw(f"asset.list.details.{name}", "told" if name in told else "left out", "of asset.list")
            with trial.about(f"asset.set_meta.takes.{name}"):
                if name not in told:
                    raise UnseenError(f"asset.list told no {name}")
                trial.taken(f"asset.set_meta.takes.{name}", told[name] == value, "read back")


async def tagged(trial: Trial) -> None:
    """Give an asset two tags, and look for it by one of them, and by both as one."""
    with trial.about("tags.form"):
        rid, run = await trial.props.asset("note.txt"), trial.stage.run
        both = f"a{run}, b{run}"
        await trial.do("asset.set_meta", rid=rid, tags=both)
        for form, tag in (("commas", f"a{run}"), ("semicolons", both)):
            found = await rids(trial, tag=tag)
            if found == {rid}:
                trial.saw("tags.form", form, f"found by {'one of two' if form == 'commas' else 'both as one'}")
                return
        raise UnseenError("an asset is found by none of its tags")


async def resynced(trial: Trial) -> None:
    """Have the versions of an asset made anew."""
    with trial.about("asset.resync.method"):
        await trial.do("asset.resync", rid=await trial.props.asset("clip.mp4"))


async def poster(trial: Trial) -> None:
    """Attach an image to an asset, and name it as its poster, in two ways; one that is not there is refused in both."""
    with trial.about("poster"):
        rid = await trial.props.asset("clip.mp4")
        image = await trial.stage.attached("thumb.png", FILES["picture.png"], to=rid, as_type="thumb")
        for form, written in (("rid:", "rid:{}"), ("bare", "{}")):
            unknown = await trial.probe("asset.set_meta", rid=rid, thumb_attached_rid=written.format("none"))
            known = await trial.probe("asset.set_meta", rid=rid, thumb_attached_rid=written.format(image))
            if not unknown.refused:
                raise UnseenError("asset.set_meta takes any poster")
            if not known.refused:
                trial.saw("poster", form)
                return
        raise UnseenError("the attached image is no poster, however it is written")


async def deleted(trial: Trial) -> None:
    """Delete an asset, look where it is gone, and delete it again."""
    with trial.about("asset.delete.*", "failure.resend"):
        rid, fid = await trial.props.asset("gone.txt"), await trial.props.gallery("second")
        await must_be_there(trial, rid)
        with trial.about("asset.delete.galleries"):
            await trial.do("gallery.add_item", fid=fid, rid=rid)
        was_in = await _in_gallery(trial, fid, rid)
        await trial.do("asset.delete", rid=rid)
        trial.saw("asset.delete.does", "nothing" if await is_there(trial, rid) else "gone")
        if was_in:
            trial.saw("asset.delete.galleries", "still there" if await _in_gallery(trial, fid, rid) else "gone")
        again = await trial.probe("asset.delete", rid=rid)
        if not again.refused:
            trial.saw("failure.resend", "success")
        else:
            trial.saw("failure.resend", "not found" if isinstance(again.error, NotFoundError) else "refused")


async def _in_gallery(trial: Trial, fid: str, rid: str) -> bool:
    with trial.about("asset.delete.galleries"):
        items = await trial.items("gallery.get_items", fid=fid)
        return any(item.get("rid") == rid for item in items)
    return False


async def _told(trial: Trial, rid: str) -> Mapping[str, Any]:
    items = await trial.items("asset.list", rid=rid, details=_TOLD)
    found = next((item for item in items if item.get("rid") == rid), None)
    if found is None:
        raise UnseenError("a new asset is not found by its rid")
    return found
