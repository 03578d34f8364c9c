"""Trials of what calls cannot do without."""

from __future__ import annotations

from typing import Final

from cincopa_async.testing._contract import Fact, facts

from ._trial import Trial

_READS: Final = frozenset({"asset.upload_from_url_get_status", "gallery.get_items", "gallery.download"})
"""The calls that change nothing, whatever they are asked."""


async def reading(trial: Trial) -> None:
    """Leave out what reads cannot do without."""
    await _without_each(trial, [fact for fact in _needs() if fact.call in _READS])


async def writing(trial: Trial) -> None:
    """Leave out what other calls cannot do without; what else they need are props, where there are any."""
    await _without_each(trial, [fact for fact in _needs() if fact.call not in _READS])


async def _without_each(trial: Trial, needed: list[Fact]) -> None:
    for fact in needed:
        with trial.about(fact.id):
            call = str(fact.call)
            others = [other.name for other in needed if other.call == call and other.name != fact.name]
            given = {name: await _given(trial, name) for name in others}
            answer = await trial.probe(call, **given)
            trial.saw(fact.id, "refused" if answer.refused else "answered", f"without {fact.name}")


def _needs() -> list[Fact]:
    return [fact for fact in facts().values() if fact.kind == "needs" and fact.untried is None]


async def _given(trial: Trial, name: str) -> str:
    """Return something of the run's own, so that a call which does without the other does no harm."""
    return await (trial.props.gallery() if name == "fid" else trial.props.asset("note.txt"))
