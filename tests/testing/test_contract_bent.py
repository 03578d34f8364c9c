"""
Each fact of the contract is bent in turn, and a run of the trials says so of that fact alone.

That takes hundreds of runs: of ten facts one is bent, on each Python another. On one of them `python -m nox -s tests`
bends all, for there are branches that are reached by nothing else; ``BENT_ONE_IN=1`` does so on any.
What the tests print (``pytest -rP``, or ``-s``) is the table of all: fact, what it was bent to, verdict, what was seen.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from cincopa_async.testing._contract import Fact, Value, facts
from cincopa_async.testing._trials import Finding
from tests.testing.contracts import tried


def _name_of_group(fact: Fact) -> str:
    return fact.call or fact.id.partition(".")[0]


TESTABLE = [fact for fact in facts().values() if fact.untried is None]
ONE_IN = int(os.environ.get("BENT_ONE_IN", "10"))
HERE = slice(sys.version_info.minor % ONE_IN, None, ONE_IN)
BENT_HERE = TESTABLE[HERE]
# Few enough in a test that several workers share them well.
GROUPS = {
    f"{name} {start}": group[start : start + 8]
    for name in dict.fromkeys(map(_name_of_group, BENT_HERE))
    for group in [[fact for fact in BENT_HERE if _name_of_group(fact) == name]]
    for start in range(0, len(group), 8)
}
ALSO_TAKEN = [(fact.id, value) for fact in TESTABLE for value in fact.accepts[1:]][HERE]
UNSEEN = {("answers.sizes", "unknown"): {"status.size"}}
"""What cannot be seen although all is taken: with no size there is nothing to compare one with."""

# What no evidence may hold: an id as the fake makes them, an address of any kind.
PRIVATE = re.compile(r"\bA[A-Za-z0-9]{11,}\b|[0-9a-f]{8}-[0-9a-f]{4}|://|@")


@dataclass(frozen=True)
class Row:
    """One fact, bent to one value, and what a run says of it."""

    fact: Fact
    bent: Value
    findings: Mapping[str, Finding]

    def __str__(self) -> str:
        own = self.findings[self.fact.id]
        return f"{self.fact.id:<52} {self.bent!s:<20} {own.verdict:<13} {own.seen!s:<20} {own.evidence}"

    @property
    def refuted(self) -> dict[str, Value | None]:
        return {id: finding.seen for id, finding in self.findings.items() if finding.verdict == "refuted"}


def test_as_believed_every_fact_is_confirmed() -> None:
    """Against a service that is as it is believed to be, every fact that can be tried is confirmed, as it stands."""
    findings = tried()

    assert {id: finding.seen for id, finding in findings.items()} == {
        fact.id: fact.value if fact.untried is None else None for fact in facts().values()
    }
    assert {finding.verdict for finding in findings.values() if finding.fact.untried is None} == {"confirmed"}
    assert [finding.evidence for finding in findings.values() if PRIVATE.search(finding.evidence)] == []


@pytest.mark.parametrize(("id", "value"), ALSO_TAKEN)
def test_what_is_also_taken_is_confirmed(id: str, value: Value) -> None:
    """Where a service is another than believed in a way that this package copes with, every fact is confirmed."""
    findings = tried({id: value})
    unseen = {id for id, finding in findings.items() if finding.verdict != "confirmed" and finding.fact.untried is None}

    assert findings[id].seen == value
    assert unseen == UNSEEN.get((id, value), set())


@pytest.mark.parametrize("group", GROUPS)
def test_a_bent_fact_alone_is_refuted(group: str) -> None:
    """Whatever fact is bent, to whatever value: that is seen, and no other fact is said to be refuted."""
    rows = list(bent(GROUPS[group]))

    right = [row for row in rows if row.refuted == {row.fact.id: row.bent}]
    print(*rows, f"{len(right)} of {len(rows)} refuted alone", sep="\n")
    assert {str(row): row.refuted for row in rows if row not in right} == {}
    assert [row.findings[row.fact.id].evidence for row in rows if PRIVATE.search(str(row))] == []


def test_every_fact_can_be_refuted_or_says_why_it_is_not_tried() -> None:
    """A fact that nothing would refute is no fact."""
    assert [fact.id for fact in TESTABLE if not fact.bent] == []


def bent(group: Iterable[Fact]) -> Iterator[Row]:
    for fact in group:
        for value in fact.bent:
            yield Row(fact, value, tried({fact.id: value}))
