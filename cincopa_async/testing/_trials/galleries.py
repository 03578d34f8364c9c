"""Trials of galleries: made, changed, found, and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ._pages import detailed, paged
from ._shapes import number_shape
from ._trial import Trial
from ._unseen import UnseenError
from .assets import is_there, must_be_there

_MOST: Final = 100


async def of_the_account(trial: Trial) -> None:
    """Look at the list of the galleries that are in the account already."""
    with trial.about("gallery.list.*"):
        listed = [entry for entry in await trial.items("gallery.list") if isinstance(entry.get("fid"), str)]
        if len(listed) < 2:
            raise UnseenError("there are no two galleries in the account")
        await _most(trial)
        await paged(trial, "gallery.list")
        one = next((entry for entry in listed if entry.get("tags")), listed[0])
        other = next(
            (entry for entry in listed if not entry.get("tags") and entry.get("name") != one.get("name")), None
        )
        for name, value in (("search", one.get("name")), ("tag", str(one.get("tags") or "").split(",")[0].strip())):
            with trial.about(f"gallery.list.takes.{name}"):
                if not isinstance(value, str) or not value or other is None:
                    raise UnseenError("there are no two galleries in the account that differ in it")
                found = await _fids(trial, **{name: value})
                trial.filtered(f"gallery.list.takes.{name}", found, one=one["fid"], wrong=found & {other["fid"]})
    with trial.about("gallery.get_items.*"):
        await _contents(trial)


async def made(trial: Trial) -> None:
    """Make a gallery, and read back what it was given."""
    with trial.about("gallery.create.*", "gallery.list.answers.*"):
        fid = await trial.props.gallery()
        found = await _listed(trial, fid)
        for name, value in (("name", trial.stage.name("shelf")), ("description", trial.stage.description)):
            with trial.about(f"gallery.create.takes.{name}"):
                trial.taken(f"gallery.create.takes.{name}", _told(found, name) == value, "read back")


async def described(trial: Trial) -> None:
    """Change what is said of a gallery, and read it back; then a field of one's own."""
    with trial.about("gallery.set_meta.*"):
        fid, run = await trial.props.gallery("second"), trial.stage.run
        values = {"name": trial.stage.name("renamed"), "description": f"word{run}", "tags": f"g{run}"}
        await trial.do("gallery.set_meta", fid=fid, **values)
        further = await trial.probe("gallery.set_meta", fid=fid, contract_note=run)
        trial.saw("gallery.set_meta.further", "refused" if further.refused else "taken", "of a field of one's own")
        found = await _listed(trial, fid)
        for name, value in values.items():
            with trial.about(f"gallery.set_meta.takes.{name}"):
                trial.taken(f"gallery.set_meta.takes.{name}", _told(found, name) == value, "read back")


async def found(trial: Trial) -> None:
    """Look for the run's two galleries by words and tags, and page by page."""
    with trial.about("gallery.list.*"):
        shelf, second = await trial.props.gallery(), await trial.props.gallery("second")
        run = trial.stage.run
        for name, value, one in (("search", f"{run} shelf", shelf), ("tag", f"g{run}", second)):
            with trial.about(f"gallery.list.takes.{name}"):
                fids = await _fids(trial, **{name: value})
                trial.filtered(f"gallery.list.takes.{name}", fids, one=one, wrong=fids - {one})
        with trial.about("gallery.list.search_caption"):
            await _caption(trial, shelf, second)
        await _most(trial)
        await paged(trial, "gallery.list")


async def deleted(trial: Trial) -> None:
    """Delete a gallery that holds an asset."""
    with trial.about("gallery.delete.does", "gallery.delete.method"):
        fid, rid = await trial.props.gallery("gone"), await trial.props.asset("note.txt")
        await _listed(trial, fid)
        await must_be_there(trial, rid)
        await trial.do("gallery.add_item", fid=fid, rid=rid)
        await trial.do("gallery.delete", fid=fid)
        gone = all(entry.get("fid") != fid for entry in await _all(trial))
        with trial.about("gallery.delete.does"):
            if not gone:
                trial.saw("gallery.delete.does", "nothing")
            else:
                trial.saw("gallery.delete.does", "gone" if await is_there(trial, rid) else "gone with its assets")


async def _caption(trial: Trial, shelf: str, second: str) -> None:
    run = trial.stage.run
    by_word = await _fids(trial, search=f"word{run}")
    by_name = await _fids(trial, search=f"caption={run} renamed")
    if by_word != {second} or by_name != {second}:
        raise UnseenError("the gallery is not found by the word that is in its description, or not by its name")
    found = await _fids(trial, search=f"caption=word{run}")
    if shelf in found:
        raise UnseenError("others were found")
    trial.saw("gallery.list.search_caption", "all texts" if second in found else "the name")


async def _most(trial: Trial) -> None:
    with trial.about("gallery.list.most"):
        answer = await trial.probe("gallery.list", items_per_page=_MOST + 1)
        if answer.refused:
            trial.saw("gallery.list.most", "refused")
            return
        told = answer["items_data.items_per_page"]
        if number_shape(told) == "words" or int(float(told)) < _MOST:
            raise UnseenError("the list does not tell how many are on a page")
        seen = "taken" if int(float(told)) > _MOST or len(trial.listed(answer)) > _MOST else "cut"
        trial.saw("gallery.list.most", seen, f"{told} a page")


async def _contents(trial: Trial) -> None:
    """Look at the first gallery of the account that has items."""
    for entry in await trial.items("gallery.list", items_per_page=5):
        fid = entry.get("fid")
        if isinstance(fid, str) and await trial.items("gallery.get_items", fid=fid):
            await paged(trial, "gallery.get_items", fid=fid)
            with trial.about("gallery.get_items.takes.details"):
                await detailed(trial, "gallery.get_items", of=None, fid=fid)
            return
    raise UnseenError("none of the first galleries of the account has items")


async def _listed(trial: Trial, fid: str) -> Mapping[str, Any]:
    found = next((entry for entry in await _all(trial) if entry.get("fid") == fid), None)
    if found is None:
        raise UnseenError("a new gallery is not in the list")
    return found


async def _all(trial: Trial) -> list[Mapping[str, Any]]:
    """Return the run's galleries, as the list has them."""
    items = await trial.items("gallery.list", search=trial.stage.run)
    if any(not isinstance(item.get("fid"), str) for item in items):
        raise UnseenError("gallery.list told no fid")
    return items


async def _fids(trial: Trial, **params: str) -> set[str]:
    return {str(entry["fid"]) for entry in await trial.items("gallery.list", **params) if "fid" in entry}


def _told(entry: Mapping[str, Any], name: str) -> object:
    if name not in entry:
        raise UnseenError(f"gallery.list told no {name}")
    return entry[name]
