"""A sample of assets to try lists on: of the run's own, or of what is in the account already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ._trial import Trial
from ._unseen import UnseenError

_ENOUGH: Final = 50
"""How many assets of an account are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Two assets that differ in all that lists can be asked for."""

    one: str
    """The rid of the one that is looked for."""
    other: str
    """The rid of one that must not be found then."""
    type: str
    """Of the one."""
    word: str
    """What is in the texts of the one."""
    tag: str | None
    """What the one carries, and the other carries none; None where there is no such pair."""
    run: str | None
    """What is in the texts of both and of the run's own things alone; None where they are not the run's own."""

    @property
    def own(self) -> bool:
        """Whether they are the run's own, so that of all assets only `one` has its word and its tag."""
        return self.run is not None

    def wrong(self, rids: Iterable[str]) -> set[str]:
        """Return those of what was found that cannot match."""
        return {rid for rid in rids if (rid != self.one if self.own else rid == self.other)}


async def of_props(trial: Trial) -> Sample:
    """Take the run's own assets."""
    run = trial.stage.run
    return Sample(
        one=await trial.props.asset("clip.mp4"),
        other=await trial.props.asset("picture.png"),
        type="video",
        word=f"{run} clip",
        tag=f"t{run}",
        run=run,
    )


async def of_account(trial: Trial) -> Sample:
    """Take what is on the first page of the account's assets."""
    items = await trial.items("asset.list", items_per_page=_ENOUGH, details="tags")
    known = [item for item in items if all(isinstance(item.get(name), str) for name in ("rid", "type", "filename"))]
    if not known:
        raise UnseenError("there is no asset in the account")
    one = next((item for item in known if item.get("tags")), known[0])
    others = [item for item in known if item["filename"] != one["filename"] and item["rid"] != one["rid"]]
    if not others:
        raise UnseenError("there are no two assets in the account that differ")
    other = next((item for item in others if not item.get("tags")), others[0])
    return Sample(
        one=one["rid"],
        other=other["rid"],
        type=one["type"],
        word=one["filename"],
        tag=_tag_of(one, other),
        run=None,
    )


def _tag_of(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    tags = one.get("tags")
    if other.get("tags") or not isinstance(tags, str):
        return None
    return tags.split(",")[0].strip() or None
