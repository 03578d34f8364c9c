"""What was found of each fact, and what that says. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from cincopa_async.testing._contract import Fact, Value, facts

_WORDS: Final = re.compile(r"[A-Za-z_ -]{1,40}")
_ANOTHER: Final = "another text"
"""What stands for a text of the service's that is no few words: it may hold a URL, or the user's data."""

Verdict: TypeAlias = Literal["confirmed", "refuted", "not testable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found of one fact."""

    fact: Fact
    verdict: Verdict
    seen: Value | None
    """What the fact is in this account; None where nothing was seen of it."""
    evidence: str
    """What was seen, or why nothing was; holds no secret, no URL and nobody's data."""


@dataclass(slots=True)
class Findings:
    """What the trials have seen so far."""

    _seen: dict[str, tuple[Value, str]] = field(default_factory=dict)
    _reasons: dict[str, str] = field(default_factory=dict)

    def saw(self, id: str, value: Value, evidence: str = "") -> None:
        """Note what a fact is. Of what is seen first and what refutes it the latter counts: once is enough for that."""
        accepts = facts()[id].accepts
        if isinstance(value, str) and value not in facts()[id].shown and not _WORDS.fullmatch(value):
            value = _ANOTHER
        known = self._seen.get(id)
        if known is None or (known[0] in accepts and value not in accepts):
            self._seen[id] = value, evidence

    def missed(self, ids: Iterable[str], reason: str) -> None:
        """Note why nothing was seen of facts."""
        for id in ids:
            self._reasons.setdefault(id, reason)

    def all(self) -> list[Finding]:
        """Return a finding for every fact, in the order of contract.toml."""
        refuted = {id for id in self._seen if self._refutes(id)}
        return [self._finding(fact, refuted) for fact in facts().values()]

    def _finding(self, fact: Fact, refuted: set[str]) -> Finding:
        if fact.untried is not None:
            return Finding(fact=fact, verdict="not testable", seen=None, evidence=fact.untried)
        if fact.id not in self._seen:
            reason = self._reasons.get(fact.id, "nothing was seen of it")
            return Finding(fact=fact, verdict="not testable", seen=None, evidence=reason)
        value, evidence = self._seen[fact.id]
        if fact.id not in refuted:
            return Finding(fact=fact, verdict="confirmed", seen=value, evidence=evidence)
        # What it rests on is not as believed: that is what was seen, and of this one nothing is known.
        if wrong := sorted(_basis(fact, facts()) & refuted):
            return Finding(fact=fact, verdict="not testable", seen=None, evidence=f"it rests on {', '.join(wrong)}")
        return Finding(fact=fact, verdict="refuted", seen=value, evidence=evidence)

    def _refutes(self, id: str) -> bool:
        return self._seen[id][0] not in facts()[id].accepts


def _basis(fact: Fact, known: Mapping[str, Fact]) -> set[str]:
    """Return all that a fact rests on, directly or not."""
    basis: set[str] = set()
    left = list(fact.rests_on)
    while left:
        id = left.pop()
        if id not in basis:
            basis.add(id)
            left += known[id].rests_on
    return basis
