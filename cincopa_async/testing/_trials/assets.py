"""Trials of asset.list and asset.get_tags: what they find, and what they tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._pages import beyond, detailed, fewer_than_one, paged
from ._sample import Sample, of_account, of_props
from ._trial import Trial
from ._unseen import UnseenError


async def of_the_account(trial: Trial) -> None:
    """Look at the list of what is in the account already."""
    with trial.about("asset.list.*", "answers.*", "asset.sync"):
        await _look(trial, await of_account(trial))
    with trial.about("asset.list.unknown_reference_id", "asset.list.takes.reference_id"):
        await _unknown_reference(trial)


async def of_the_run(trial: Trial) -> None:
    """Look at the list of the run's own assets."""
    with trial.about("asset.list.*", "answers.*", "asset.sync"):
        await _look(trial, await of_props(trial))
    with trial.about("asset.list.unknown_reference_id", "asset.list.takes.reference_id"):
        await _unknown_reference(trial)
    with trial.about("asset.get_tags.*"):
        await _tags(trial)


async def tags(trial: Trial) -> None:
    """Look at the tags of the account."""
    with trial.about("asset.get_tags.*"):
        await _tags(trial)


async def _look(trial: Trial, sample: Sample) -> None:
    await _filters(trial, sample)
    await _part_of_a_rid(trial, sample)
    await _tag_words(trial, sample)
    await paged(trial, "asset.list")
    await beyond(trial)
    await fewer_than_one(trial)
    with trial.about("asset.list.takes.details"):
        await detailed(
            trial, "asset.list", of=sample.one if sample.own else None, rid=sample.one if sample.own else None
        )
    with trial.about("asset.sync"):
        _readiness(trial, await trial.items("asset.list"))


async def _filters(trial: Trial, sample: Sample) -> None:
    asked = {"search": sample.word, "rid": sample.one, "tag": sample.tag}
    for name, value in asked.items():
        id = f"asset.list.takes.{name}"
        with trial.about(id):
            if value is None:
                raise UnseenError("there are no two assets of which one has tags")
            found = await rids(trial, **{name: value})
            wrong = {rid for rid in found if rid != sample.one} if name == "rid" else sample.wrong(found)
            trial.filtered(id, found, one=sample.one, wrong=wrong)
    with trial.about("asset.list.takes.type"):
        listed = await trial.items("asset.list", type=sample.type, search=sample.run)
        types = [item["type"] for item in listed if "type" in item]
        if not types:
            raise UnseenError("no asset of that type was found, or none told its type")
        others = [type for type in types if type != sample.type]
        if (
            not others
            and not sample.own
            and all(item.get("type") == sample.type for item in await trial.items("asset.list"))
        ):
            raise UnseenError("there are assets of one type alone")
        trial.taken("asset.list.takes.type", not others, f"{len(others)} of {len(types)} found are of another type")


async def _part_of_a_rid(trial: Trial, sample: Sample) -> None:
    with trial.about("asset.list.rid_exact"):
        await must_be_there(trial, sample.one)
        found = await rids(trial, rid=sample.one[:-2])
        if sample.wrong(found) or (found and sample.one not in found):
            raise UnseenError("others were found than the rid begins")
        trial.saw("asset.list.rid_exact", "in part" if found else "whole", f"{len(found)} found by part of a rid")


async def _tag_words(trial: Trial, sample: Sample) -> None:
    for id, word, wanted, unwanted in (
        ("asset.list.tag_any", "any-tag", sample.one, sample.other),
        ("asset.list.tag_none", "no-tag", sample.other, sample.one),
    ):
        with trial.about(id):
            if sample.tag is None or sample.one not in await rids(trial, tag=sample.tag):
                raise UnseenError("there are no two assets of which one has tags")
            found = await rids(trial, tag=word, search=sample.run)
            if unwanted in found or (found and wanted not in found):
                raise UnseenError(f"what {word} finds does not tell")
            trial.saw(id, "special" if found else "a tag like others", f"{len(found)} found by {word}")


async def _unknown_reference(trial: Trial) -> None:
    answer = await trial.probe("asset.list", reference_id=f"none-{trial.stage.run}")
    empty = answer.page == ""
    if not empty and not answer.refused and trial.listed(answer):
        trial.saw("asset.list.takes.reference_id", "ignored", "an unknown one finds assets")
        raise UnseenError("an unknown reference_id finds assets")
    seen = "an empty response" if empty else "refused" if answer.refused else "an empty page"
    trial.saw("asset.list.unknown_reference_id", seen)
    if not await trial.items("asset.list", items_per_page=1):
        raise UnseenError("there is no asset in the account")
    trial.saw("asset.list.takes.reference_id", "taken", "an unknown one finds nothing")


async def _tags(trial: Trial) -> None:
    value = (await trial.do("asset.get_tags"))["tags"]
    if isinstance(value, Mapping):
        seen = "map"
    elif not isinstance(value, list):
        raise UnseenError("the tags have a form that nobody thought of")
    else:
        seen = "objects" if any(isinstance(tag, Mapping) for tag in value) else "list"
    trial.saw("asset.get_tags.shape", seen, f"{len(value)} tags")


def _readiness(trial: Trial, items: list[Mapping[str, Any]]) -> None:
    words = {item["syncstatus"] for item in items if isinstance(item.get("syncstatus"), str)}
    if not words:
        raise UnseenError("no asset told its syncstatus")
    known = [word for word in ("synced", "syncing") if word in words]
    trial.saw("asset.sync", known[0] if known else min(words), f"{len(words)} words")


async def rids(trial: Trial, **params: str | int | None) -> set[str]:
    """List assets, and return their rids."""
    items = await trial.items("asset.list", **params)
    if any(not isinstance(item.get("rid"), str) for item in items):
        raise UnseenError("asset.list told no rid")
    return {item["rid"] for item in items}


async def is_there(trial: Trial, rid: str) -> bool:
    """Say whether an asset is in the account."""
    found = await rids(trial, rid=rid)
    if found - {rid}:
        raise UnseenError("asset.list found others than the rid it was asked for")
    return rid in found


async def must_be_there(trial: Trial, rid: str) -> None:
    """Raise UnseenError where an asset is not found that is in the account for sure: what is gone could not be told."""
    if not await is_there(trial, rid):
        raise UnseenError("an asset that is there is not found by its rid")
