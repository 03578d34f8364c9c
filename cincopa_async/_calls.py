"""A call of the API as a value: what it is, what it takes, what it answers. Nothing is sent here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

from attrs import Factory, field, frozen

if TYPE_CHECKING:
    from ._base import BaseClient

T = TypeVar("T")

# Python's own reading of a URL drops some of these without a word.
_NOT_IN_A_URL = re.compile(r"[\s\x00-\x1f\x7f]")

CHUNK_SIZE = 8 * 1024 * 1024
"""Bytes of each request that carries a part of a file, unless another size is asked for."""

Param: TypeAlias = str | int | float | bool | Sequence[str] | None
"""What a parameter may be: bools are sent as ``yes`` and ``no``, sequences as comma lists, None not at all."""

Safety: TypeAlias = Literal["read", "idempotent", "write"]
"""What sending a call twice does: nothing, nothing more than once does, or everything again."""

Turn: TypeAlias = Literal["next", "first", "normal", "later"]
"""The place in the queue for a slot: what asks how an abort went goes before aborts, polls as if a second later."""
URGENT: frozenset[Turn] = frozenset({"next", "first"})
"""The turns of those that go through although the client is closing."""


@frozen(kw_only=True)
class Call(Generic[T]):
    """One call of the API, ready to be sent by :meth:`CincopaClient.send`."""

    name: str
    """As the API names it: ``group.verb``."""
    method: Literal["GET", "POST"]
    params: Mapping[str, Param] = field(repr=False)
    """Not in the repr, for an ``input`` may be a signed link."""
    safety: Safety
    result: type[T]
    """
    The model of the answer; ``dict`` for the answer as it is, ``str`` for a page that is no JSON, ``NoneType`` where it
    says no more than success.
    """
    answered_by: str | None = None
    """The field whose presence makes this an answer although ``success`` is false."""
    vanishes: bool = False
    """Whether "not found" on a resend means that an earlier attempt did it."""
    undo: Callable[[BaseClient, T], Coroutine[Any, Any, None]] | None = field(default=None, repr=False)
    """What to do with the result when whoever asked for it has been cancelled meanwhile."""
    around: Callable[[Callable[[], Coroutine[Any, Any, T]]], Coroutine[Any, Any, T]] | None = field(
        default=None, repr=False
    )
    """What takes each exchange and returns its result, as safe from a cancel as the exchange itself."""
    turn: Turn = "normal"
    group: object = field(default=None, eq=False, repr=False)
    """Whose poll it is, where it is one: groups take turns."""
    behind: AbstractAsyncContextManager[None] | None = field(default=None, eq=False, repr=False)
    """
    What lets one call at a time stand in line for a slot: that of a batch, so that whoever calls beside it finds one of
    its calls there, and not hundreds.
    """
    token: str | None = field(default=None, repr=False)
    """The token to be sent in the place of the client's own."""

    query: str = field(
        init=False, eq=False, repr=False, default=Factory(lambda self: _query_string(self.params), takes_self=True)
    )
    """
    The parameters as a query string, percent-encoded, without those that are None. Made at once: what cannot be sent is
    refused before a slot or a token is asked for.
    """


def named(
    call: str, method: Literal["GET", "POST"], safety: Safety, params: Mapping[str, Param]
) -> Call[dict[str, Any]]:
    """Describe a call that is known by its name alone."""
    if method not in ("GET", "POST"):
        raise ValueError("method must be 'GET' or 'POST'")
    if safety not in ("read", "idempotent", "write"):
        raise ValueError("safety must be 'read', 'idempotent' or 'write'")
    name = required("call", call)
    if not all(part.replace("_", "").isalnum() and part.isascii() for part in name.split(".")):
        raise ValueError("call must be a name such as 'group.verb'")
    return Call(name=name, method=method, params=params, safety=safety, result=dict)


def required(name: str, value: str) -> str:
    """Return `value`, or say that the argument `name` must not be empty."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"{name} must not be empty")
    return value


def optional(name: str, value: str | None) -> str | None:
    """Return `value`, which may be None but not empty."""
    return None if value is None else required(name, value)


def at_least(minimum: float, name: str, value: float | None, *, at_most: float = math.inf) -> float | None:
    """Return the number `value`, or say that the argument `name` must be `minimum` or more, and `at_most` so much."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    if not minimum <= value <= at_most or value == math.inf:
        bounds = f"{minimum:g} or more" if at_most == math.inf else f"from {minimum:g} to {at_most:g}"
        raise ValueError(f"{name} must be {bounds}, not {value!r}")
    return value


def above_zero(name: str, value: float | None) -> float | None:
    """Return the number `value`, or say that the argument `name` must be above 0."""
    if value is not None and at_least(0, name, value) == 0:
        raise ValueError(f"{name} must be above 0")
    return value


def count(name: str, value: int | None, *, at_most: float = math.inf) -> int | None:
    """Return the whole number `value`, or say that the argument `name` must be one from 1 to `at_most`."""
    if value is not None and not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
    at_least(1, name, value, at_most=at_most)
    return value


def yes_or_no(name: str, value: object) -> bool | None:
    """Return the bool `value`, or say that the argument `name` must be one: 0 would not be sent as ``no``."""
    if value is None or isinstance(value, bool):
        return value
    raise TypeError(f"{name} must be True, False or None, not {type(value).__name__}")


def words(name: str, value: Sequence[str] | None, *, separator: str = ",") -> str | None:
    """Return a list of words as the API writes it; a word that holds a comma could not be told from two."""
    if value is None:
        return None
    if not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a sequence of str, not {type(value).__name__}")
    items = [value] if isinstance(value, str) else list(value)
    for item in items:
        if not isinstance(item, str):
            raise TypeError(f"{name} must hold str, not {type(item).__name__}")
        if not item.strip() or "," in item:
            raise ValueError(f"{name} must hold words that are not empty and have no comma in them")
    return separator.join(item.strip() for item in items)


def something_to_set(params: Mapping[str, Param], example: str) -> None:
    """Say that a ``set_meta`` must be given something, where it is not."""
    if all(value is None for value in params.values()):
        raise ValueError(f"set_meta must be given at least one field to set, such as {example}")


def attachment(rid: str | None, type: str | None) -> dict[str, Param]:
    """Return `rid` and `type` of something that is attached to an asset: the first needs the second."""
    if rid is not None and type is None:
        raise ValueError("type must be given with rid: what is attached to the asset, such as 'thumb' or 'subtitle-en'")
    return {"rid": optional("rid", rid), "type": optional("type", type)}


def http_url(name: str, value: str) -> str:
    """Return `value`, or say that `name` must be an http(s) URL; the text does not repeat it, it may be signed."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a URL as str, not {type(value).__name__}")
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or _NOT_IN_A_URL.search(value):
        raise ValueError(f"{name} must be an http:// or https:// URL")
    return value


def _query_string(params: Mapping[str, Param]) -> str:
    if "api_token" in params:
        raise ValueError("api_token is not a parameter of a call: give it to the client")
    pairs = []
    for name, value in params.items():
        text = _as_text(name, value)
        if text is not None:
            pairs.append(f"{quote(name, safe='')}={_quoted(name, text)}")
    return "&".join(pairs)


def _as_text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number")
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return words(name, value)
    raise TypeError(f"{name} must be a str, a number, a bool or a sequence of str, not {type(value).__name__}")


def _quoted(name: str, text: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        pass
    # Outside the except: the UnicodeEncodeError holds the whole text, which may be a signed link.
    raise ValueError(f"{name} must be text that can be encoded as UTF-8")
