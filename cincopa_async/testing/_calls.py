"""What a group's handlers are given, and how they refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from ._account import SYNCED, Account, Asset, Gallery, Token
from ._pulls import Puller
from ._quirks import Active, QuirkName
from ._sync import Syncs

T = TypeVar("T")


class RefusedError(Exception):
    """The call is not processed; its text tells the caller why."""

    status: ClassVar[int] = 200
    status_quirk: ClassVar[QuirkName] = "failure_status"


class NotAllowedError(RefusedError):
    """The token is not good for what the call asks for."""

    status = 403
    status_quirk = "permission_status"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, let in."""

    params: Mapping[str, str]
    token: Token
    account: Account
    puller: Puller
    syncs: Syncs
    quirks: Active
    origin: str
    """Scheme, host and port by which the fake was reached."""
    caller: str
    """The address the request came from."""

    def required(self, name: str) -> str:
        """Return a parameter that the call cannot do without."""
        value = self.params.get(name)
        if not value:
            raise RefusedError(f"The parameter {name} is required")
        return value

    def number(self, name: str, default: int, *, most: int | None = None) -> int:
        """Return a parameter that counts from 1."""
        text = self.params.get(name) or str(default)
        if not text.isdecimal() or int(text) < 1 or (most is not None and int(text) > most):
            raise RefusedError(f"The parameter {name} is out of range")
        return int(text)

    @property
    def sync_ends(self) -> str:
        """What a sync phase that the call begins makes of its asset."""
        return str(self.quirks.get("sync_ends", "state", SYNCED))

    def asset(self, rid: str) -> Asset:
        """Return the asset of that rid."""
        return _known(self.account.assets, "rid", rid)

    def gallery(self, fid: str) -> Gallery:
        """Return the gallery of that fid."""
        return _known(self.account.galleries, "fid", fid)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a call is made, and what answers it: a JSON object without `success` and `runtime`, or an HTML page."""

    method: str
    handle: Callable[[Call], dict[str, Any] | str]
    page: bool = False
    """Whether it answers a page; its path is without ``.json`` then."""


def page_of(items: list[T], page: int, items_per_page: int) -> tuple[list[T], dict[str, int]]:
    """Cut a page out of all items, with the `items_data` that goes with it."""
    start = (page - 1) * items_per_page
    return items[start : start + items_per_page], {
        "page": page,
        "items_per_page": items_per_page,
        "items_count": len(items),
        # One page even where nothing is on it, as in the documentation's example.
        "pages_count": max(1, -(-len(items) // items_per_page)),
    }


def normal_tags(text: str) -> str:
    """Write a list of tags as the documentation does: by comma and space."""
    return ", ".join(split_tags(text))


def split_tags(text: str) -> list[str]:
    """Read a list of tags."""
    return [tag.strip() for tag in text.split(",") if tag.strip()]


def _known(things: Mapping[str, T], name: str, key: str) -> T:
    if key not in things:
        raise RefusedError(f"The {name} does not exist")
    return things[key]
