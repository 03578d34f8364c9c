"""What all lists have alike: pages, and fields that are told when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cincopa_async._calls import Param

from ._trial import Trial
from ._unseen import UnseenError

_FAR: Final = 1_000_000
_DETAILS: Final = "caption,description,long_description,related_link_text,related_link_url,reference_id,tags"


async def paged(trial: Trial, call: str, **params: Param) -> None:
    """Have a list of several items in pages of one."""
    with trial.about(f"{call}.takes.page", f"{call}.takes.items_per_page"):
        if len(await trial.items(call, **params)) < 2:
            raise UnseenError("there are no two items in the list")
        first = await trial.items(call, **params, page=1, items_per_page=1)
        if not first:
            raise UnseenError("the first page is empty")
        trial.taken(f"{call}.takes.items_per_page", len(first) == 1, f"{len(first)} on a page of one")
        second = await trial.items(call, **params, page=2, items_per_page=1)
        how = "the same as" if second == first else "another than"
        trial.taken(f"{call}.takes.page", second != first, f"the second page is {how} the first")


async def beyond(trial: Trial) -> None:
    """Ask for a page that is far beyond the last."""
    with trial.about("asset.list.beyond"):
        first = await trial.items("asset.list", page=1, items_per_page=1)
        answer = await trial.probe("asset.list", page=_FAR, items_per_page=1)
        if answer.refused:
            trial.saw("asset.list.beyond", "refused")
            return
        found = trial.listed(answer)
        if found and found == first:
            raise UnseenError("each page is the first")
        trial.saw("asset.list.beyond", "the last page" if found else "an empty page", f"{len(found)} found")


async def fewer_than_one(trial: Trial) -> None:
    """Ask for pages of no item."""
    with trial.about("asset.list.below"):
        answer = await trial.probe("asset.list", items_per_page=0)
        if answer.refused:
            trial.saw("asset.list.below", "refused")
        else:
            found = trial.listed(answer)
            trial.saw("asset.list.below", "the usual number" if found else "none", f"{len(found)} found")


async def detailed(trial: Trial, call: str, *, of: str | None, **params: Param) -> None:
    """
    List items with further fields, and without.

    Args:
        trial: The trial.
        call: The call that lists.
        of: The rid of an asset that has these fields for sure; without, nothing is said where none tells them.
        **params: What the call needs.
    """
    plain = _fields(await trial.items(call, **params), of)
    full = _fields(await trial.items(call, **params, details=_DETAILS), of)
    asked_for = set(_DETAILS.split(","))
    if asked_for <= plain:
        raise UnseenError("all is told without being asked for")
    further = (full - plain) & asked_for
    if not further and of is None:
        raise UnseenError("no asset told more when asked for it; perhaps none has more")
    trial.taken(f"{call}.takes.details", bool(further), f"{len(further)} further fields")


def _fields(items: list[Mapping[str, Any]], of: str | None) -> set[str]:
    about = [item for item in items if of is None or item.get("rid") == of]
    if not about:
        raise UnseenError("the list does not show the asset that was looked for")
    return {name for item in about for name in item}
