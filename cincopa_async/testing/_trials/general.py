"""Trials of ping, of how the service refuses, and of how it reads what it is sent."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from cincopa_async.errors import NotFoundError

from ._answer import Answer
from ._trial import Trial
from ._unseen import UnseenError

_MOST: Final = 100
"""How many galleries a page may hold."""
_UNKNOWN: Final = (
    ("failure.unknown_fid", "gallery.get_items", {"fid": ""}),
    ("failure.unknown_rid", "asset.get_upload_url", {"rid": "", "type": "thumb"}),
    ("failure.unknown_status_id", "asset.upload_from_url_get_status", {"status_id": ""}),
)
"""What is asked for an id that nobody has: a fact, the call, its parameters, the id to be filled in."""


async def account(trial: Trial) -> None:
    """Look at ping, and at how it takes a token that nobody has, and a read that bypasses the cache."""
    with trial.about("ping.*", "answers.runtime", "answers.success", "permissions.form"):
        answer = await trial.call("ping")
        permissions = str(answer["permissions"])
        trial.saw("permissions.form", "bars" if permissions.strip().startswith("|") else "commas", "of ping")
    with trial.about("parameters.cache"):
        await trial.do("ping")
        cached = await trial.probe("ping", cache="never")
        trial.saw("parameters.cache", "refused" if cached.refused else "taken", "of ping")
    with trial.about("failure.token"):
        refusal = await trial.probe("ping", token=f"unknown-{trial.stage.run}")
        refusal.heard()
        trial.saw("failure.token", refusal.status, f"ping: HTTP {refusal.status}")


async def unknown(trial: Trial) -> None:
    """Ask for what is not there, and look at the refusals: the status, the words, and where the text stands."""
    for id, call, params in _UNKNOWN:
        with trial.about(id, "failure.success", "failure.status", "failure.text"):
            filled = {name: value or f"none-{trial.stage.run}" for name, value in params.items()}
            answer = await trial.probe(call, **filled)
            if answer.refused:
                trial.saw(id, "not found" if isinstance(answer.error, NotFoundError) else "refused", f"of {call}")
            else:
                trial.saw(id, "answered", f"of {call}")
            _refusal(trial, answer)


async def queries(trial: Trial) -> bool:
    """
    Look whether the parameters of a POST are read from its query; only then others are made that change something.

    Refused with an fid that nobody has otherwise than without one: then the fid was read.
    """
    with trial.about("parameters.query"):
        name = trial.stage.name("none")
        without = await trial.probe("gallery.set_meta", name=name)
        unknown = await trial.probe("gallery.set_meta", name=name, fid=f"none-{trial.stage.run}")
        without.heard()
        if (without.refused, without.text()) != (unknown.refused, unknown.text()):
            trial.saw("parameters.query", "query", "an unknown fid is refused otherwise than none")
            return True
    with trial.about("parameters.query"):
        # The two may be alike all the same: a gallery has the name that it was given, or none.
        named = await _has_name(trial, await trial.props.gallery())
        trial.saw("parameters.query", "query" if named else "body", "of gallery.create")
        return named
    return False


async def _has_name(trial: Trial, fid: str) -> bool:
    """Say whether a new gallery has a name; without one it is not to be searched for, but first or last in the list."""
    answer = await trial.do("gallery.list", items_per_page=_MOST)
    listed = trial.listed(answer)
    pages = 1
    with suppress(UnseenError, ValueError):
        pages = int(str(answer["items_data.pages_count"]))
    if pages > 1:
        listed += await trial.items("gallery.list", items_per_page=_MOST, page=pages)
    found = next((entry for entry in listed if entry.get("fid") == fid), None)
    if found is None:
        raise UnseenError("a new gallery is neither on the first page of the list nor on the last")
    return bool(found.get("name"))


def _refusal(trial: Trial, answer: Answer) -> None:
    place, _ = answer.text()
    if not answer.refused:
        if not place:
            raise UnseenError(f"{answer.call} took an id that nobody has")
        trial.saw("failure.success", "true", f"{answer.call} answers success, and a text in {place}")
        return
    trial.saw("failure.success", "false", f"of {answer.call}")
    trial.saw("failure.status", answer.status, f"{answer.call}: HTTP {answer.status}")
    if place:
        trial.saw("failure.text", place, f"of {answer.call}")
