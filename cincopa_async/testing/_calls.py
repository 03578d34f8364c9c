"""What a group's handlers are given, and how they refuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

from ._account import SYNCED, Account, Asset, Gallery, Token
from ._clock import dated
from ._contract import Value
from ._pulls import Puller
from ._quirks import Active
from ._sync import Syncs

T = TypeVar("T")


# How the facts of the contract have it said that there is no such thing, and that a token is not good for something.
_UNKNOWN: Final[Mapping[Value, str]] = {
    "not found": "The {name} does not exist",
    "refused": "The request could not be processed",
}
_NOT_ALLOWED: Final[Mapping[Value, str]] = {
    "permissions": "The permissions of the api_token do not allow {what}",
    "token": "The api_token is not valid for {what}",
}
_SEPARATORS: Final[Mapping[Value, str]] = {"commas": ",", "semicolons": ";"}
_WHOLE = re.compile(r"-?[0-9]+")


class RefusedError(Exception):
    """
    The call is not processed; its text tells the caller why.

    Its HTTP status is `status`, or what a fact of the contract says.
    """

    status_fact: ClassVar[str] = "failure.status"

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class NotAllowedError(RefusedError):
    """The token is not good for what the call asks for."""

    status_fact = "permissions.status"


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

    def fact(self, id: str) -> Value:
        """Return what a fact of the contract is for this call."""
        return self.quirks.fact(id)

    def required(self, name: str) -> str:
        """Return a parameter that the call cannot do without."""
        value = self.params.get(name)
        if not value:
            raise RefusedError(f"The parameter {name} is required")
        return value

    def number(
        self, name: str, default: int, *, most: int | None = None, below: int | None = None, above: int | None = None
    ) -> int:
        """Return a parameter that counts from 1, to `most`; out of this range it is `below` or `above`, or refused."""
        text = self.params.get(name) or str(default)
        number = int(text) if _WHOLE.fullmatch(text) else None
        if number is not None and number < 1:
            number = below
        if number is not None and most is not None and number > most:
            number = above
        if number is None:
            raise RefusedError(f"The parameter {name} is out of range")
        return number

    def yes(self, name: str) -> bool:
        """Say whether a parameter that asks yes or no says yes."""
        return self.params.get(name) == str(self.fact("parameters.yes")).split()[0]

    def tags(self, text: str) -> list[str]:
        """Read a list of tags."""
        return split_words(text, _SEPARATORS[self.fact("tags.form")])

    def normal_tags(self, text: str) -> str:
        """Write a list of tags as the documentation does: with a space after what is between them."""
        return f"{_SEPARATORS[self.fact('tags.form')]} ".join(self.tags(text))

    def date(self, text: str) -> str:
        """Write a date as answers have it."""
        return dated(text, str(self.fact("answers.dates")))

    def refuse_further(self, name: str) -> None:
        """Refuse parameters that nobody knows of the call `name`, where it does not let them through."""
        further = self.params.keys() - self.quirks.contract.call(name).parameters
        if further and self.fact(f"{name}.further") == "refused":
            raise RefusedError(f"There is no parameter {min(further)}")

    @property
    def sync_ends(self) -> str:
        """What a sync phase that the call begins makes of its asset."""
        return str(self.quirks.get("sync_ends", "state", SYNCED))

    def asset(self, rid: str) -> Asset:
        """Return the asset of that rid."""
        if rid not in self.account.assets:
            raise self.unknown("rid")
        return self.account.assets[rid]

    def gallery(self, fid: str) -> Gallery:
        """Return the gallery of that fid."""
        if fid not in self.account.galleries:
            raise self.unknown("fid")
        return self.account.galleries[fid]

    def unknown(self, name: str) -> RefusedError:
        """Return the refusal of an id, `rid`, `fid` or `status_id`, that there is not."""
        return RefusedError(_UNKNOWN[self.fact(f"failure.unknown_{name}")].format(name=name))

    def was_deleted(self, name: str) -> bool:
        """Say whether what is to be deleted was deleted before, and that is success; raise where it is refused."""
        if self.required(name) not in self.account.deleted:
            return False
        says = self.fact("failure.resend")
        if says == "success":
            return True
        raise RefusedError(_UNKNOWN[says].format(name=name))

    def delete_asset(self, rid: str) -> None:
        """Drop an asset, from every gallery too."""
        self.account.delete_asset(rid, from_galleries=self.fact("asset.delete.galleries") == "gone")

    def not_allowed(self, what: str) -> NotAllowedError:
        """Return the refusal of what the token is not good for."""
        return NotAllowedError(_NOT_ALLOWED[self.fact("permissions.text")].format(what=what))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers a call: a JSON object without `success` and `runtime`, an HTML page, or nothing at all."""

    handle: Callable[[Call], dict[str, Any] | str | None]
    page: bool = False
    """Whether it answers a page; its path is without ``.json`` then."""


def page_of(items: list[T], page: int, items_per_page: int) -> tuple[list[T], dict[str, int]]:
    """Cut a page out of all items, with the `items_data` that goes with it."""
    start = (page - 1) * items_per_page
    return items[start : start + items_per_page], {
        "page": page,
        "items_per_page": items_per_page,
        "items_count": len(items),
        "pages_count": last_page(items, items_per_page),
    }


def last_page(items: Sized, items_per_page: int) -> int:
    """Return the number of the last page: 1 even where nothing is on it, as in the documentation's example."""
    return max(1, -(-len(items) // max(1, items_per_page)))


def split_words(text: str, separator: str = ",") -> list[str]:
    """Read a list of words."""
    return [word.strip() for word in text.split(separator) if word.strip()]
