"""The contract: the facts of contract.toml, and which of them an account bends."""

from __future__ import annotations

import json
import os
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

Value: TypeAlias = str | int
"""What a fact is in one account: ``"POST"``, ``403``, ``"ignored"``."""
Source: TypeAlias = Literal["D", "C", "T", "U"]
"""The documentation, client code, a third party's schema; U where nobody says it."""
Kind: TypeAlias = Literal["method", "needs", "takes", "answers", "behaviour"]

# Of the facts that every call has alike: what they are, and what they are when they are bent.
_ALIKE: Final[Mapping[str, tuple[str, str, str]]] = {
    "needs": ("{call} is refused without `{name}`.", "refused", "answered"),
    "takes": ("{call} takes `{name}`: {says}.", "taken", "ignored"),
    "answers": ("{call} answers `{name}`: {says}.", "there", "missing"),
}
_SEEN: Final = frozenset({"confirmed", "refuted"})
_OTHER_METHOD: Final = {"GET": "POST", "POST": "GET"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is believed of the service."""

    id: str
    """Its name: ``asset.list.takes.search``."""
    says: str
    """What is believed, as a sentence."""
    source: Source
    value: Value
    """What the fake does unless told otherwise."""
    accepts: tuple[Value, ...]
    """All that confirms it, `value` first: this package copes with each."""
    bent: tuple[Value, ...]
    """What refutes it; the fake can be told to show each."""
    kind: Kind = "behaviour"
    call: str | None = None
    """The call that it is about, where it is about one alone."""
    name: str = ""
    """The parameter or field that it is about."""
    rests_on: tuple[str, ...] = ()
    """The ids of facts without which this one cannot be seen."""
    untried: str | None = None
    """Why it is not tried against a service."""
    sure: str | None = None
    """Of a call's method: what the documents say of how sure the call is."""

    @property
    def shown(self) -> tuple[Value, ...]:
        """Every value that the fake can show."""
        return self.accepts + self.bent


@cache
def facts() -> Mapping[str, Fact]:
    """All facts by their ids, in the order of contract.toml."""
    table = tomllib.loads(files("cincopa_async.testing").joinpath("contract.toml").read_text("utf-8"))
    listed = [fact for call, entry in table["calls"].items() for fact in _of_call(call, entry)]
    listed += [_behaviour(id, entry) for id, entry in table["facts"].items()]
    return {fact.id: fact for fact in listed}


class Contract:
    """
    What one account's service is like: each fact as it stands in contract.toml, unless told otherwise.

    Args:
        told: Values of facts by their ids, as :attr:`Fact.shown` lists them.
    Raises:
        ValueError: There is no such fact, or the fake cannot show it so.
    """

    def __init__(self, told: Mapping[str, Value] | None = None) -> None:
        for id, value in (told or {}).items():
            fact = facts().get(id)
            if fact is None:
                raise ValueError(f"contract: there is no fact {id!r}")
            if value not in fact.shown:
                may_be = ", ".join(map(repr, fact.shown))
                raise ValueError(f"contract: the fact {id!r} may be {may_be}, not {value!r}")
        self._told = dict(told or {})
        self._by_call: dict[str, _CallContract] = {}

    @classmethod
    def of(cls, told: Contract | Mapping[str, Value] | str | os.PathLike[str] | None) -> Contract:
        """Take a contract as callers give it: as it is, as values, or as a file of ``cincopa contract --json``."""
        if isinstance(told, Contract):
            return told
        if isinstance(told, str | os.PathLike):
            return cls._read(told, stacklevel=4)
        return cls(told)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Contract:
        """
        Read what ``cincopa contract --json`` has written.

        A fact that was seen as the fake cannot show it stays as it stands in contract.toml, and a warning names it.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is no such file.
        """
        return cls._read(path, stacklevel=3)

    @classmethod
    def _read(cls, path: str | os.PathLike[str], *, stacklevel: int) -> Contract:
        seen = _seen(path)
        unshown = sorted(id for id, value in seen.items() if not _can_show(id, value))
        if unshown:
            warnings.warn(f"The fake cannot show what was seen of {', '.join(unshown)}", stacklevel=stacklevel)
        return cls({id: value for id, value in seen.items() if id not in unshown})

    def __getitem__(self, id: str) -> Value:
        """Return what a fact is."""
        return self._told[id] if id in self._told else facts()[id].value

    def call(self, name: str) -> _CallContract:
        """Return what the facts of one call amount to."""
        if name not in self._by_call:
            self._by_call[name] = _CallContract(name, self)
        return self._by_call[name]

    def __repr__(self) -> str:
        return f"<Contract {self._told}>"


class _CallContract:
    """The facts of one call that are alike for all of them, bent or not."""

    def __init__(self, call: str, contract: Contract) -> None:
        own = [fact for fact in facts().values() if fact.call == call]
        bent = [fact for fact in own if contract[fact.id] != fact.value]
        self.method: str = str(contract[f"{call}.method"])
        self.ignored: frozenset[str] = frozenset(fact.name for fact in bent if fact.kind == "takes")
        """Parameters that do nothing."""
        self.needless: frozenset[str] = frozenset(fact.name for fact in bent if fact.kind == "needs")
        """Parameters without which the call does nothing, and says so to nobody."""
        self.parameters: frozenset[str] = frozenset(fact.name for fact in own if fact.kind in {"needs", "takes"})
        """All that it is known to take."""
        self.missing: tuple[str, ...] = tuple(fact.name for fact in bent if fact.kind == "answers")
        """Fields that are not answered, as paths: ``items.rid``."""


@cache
def calls() -> tuple[str, ...]:
    """Return the names of all calls, in the order of contract.toml."""
    return tuple(fact.call for fact in facts().values() if fact.kind == "method" and fact.call)


def _of_call(call: str, entry: Mapping[str, Any]) -> Iterator[Fact]:
    method = entry["method"]
    yield Fact(
        id=f"{call}.method",
        says=f"{call} is a {method}.",
        source=entry["source"],
        value=method,
        accepts=(method,),
        bent=(_OTHER_METHOD[method],),
        kind="method",
        call=call,
        rests_on=tuple(entry.get("rests_on", ())),
        untried=entry.get("untried"),
        sure=entry["sure"],
    )
    kinds: tuple[Kind, ...] = ("needs", "takes", "answers")
    for kind in kinds:
        says, value, bent = _ALIKE[kind]
        for name, about in entry.get(kind, {}).items():
            yield Fact(
                id=f"{call}.{kind}.{name}",
                says=says.format(call=call, name=name, says=about.get("says")),
                source=about["source"],
                value=value,
                accepts=(value,),
                bent=(bent,),
                kind=kind,
                call=call,
                name=name,
                rests_on=(f"{call}.method", *_basis(kind), *about.get("rests_on", ())),
                untried=about.get("untried") or entry.get("untried"),
            )


def _basis(kind: Kind) -> tuple[str, ...]:
    return ("failure.success", "parameters.query") if kind == "needs" else ("parameters.query",) * (kind == "takes")


def _behaviour(id: str, entry: Mapping[str, Any]) -> Fact:
    return Fact(
        id=id,
        says=entry["says"],
        source=entry["source"],
        value=entry["is"],
        accepts=(entry["is"], *entry.get("accepts", ())),
        bent=tuple(entry.get("bent", ())),
        rests_on=tuple(entry.get("rests_on", ())),
        untried=entry.get("untried"),
    )


def _can_show(id: str, value: object) -> bool:
    # JSON has numbers that are equal to another kind of value: 403.0.
    return id in facts() and any(type(value) is type(shown) and value == shown for shown in facts()[id].shown)


def _seen(path: str | os.PathLike[str]) -> dict[str, Value]:
    content = Path(path).read_bytes()
    try:
        found = json.loads(content.decode("utf-8"))["facts"]
        return {id: fact["seen"] for id, fact in found.items() if fact["verdict"] in _SEEN}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise ValueError(f"contract: {os.fspath(path)} is no file that `cincopa contract --json` has written")


# Read with the module: the first fake may be made within an event loop, which would have to wait for it.
facts()
