"""
The table of docs/endpoints.md, made of the docstrings and the contract.

`python -m tests.docs.endpoints` writes it anew.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import cincopa_async
from cincopa_async import CincopaClient, UploadJob
from cincopa_async.testing._contract import facts

DOCUMENT = Path(__file__).parents[2] / "docs" / "endpoints.md"
HEAD = "| Call | HTTP | Methods | How sure |\n|---|---|---|---|\n"


def sources() -> Iterator[tuple[str, str]]:
    """Each method of the code, with the calls that its docstring names as its source: ``GET asset.list``."""
    for place, method in methods():
        yield from ((place, call) for call in re.findall(r"``((?:GET|POST) [\w.]+?)(?:\.json)?``", source_of(method)))


def methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Everything public that may make a call, by the name that a user has for it."""
    client = CincopaClient("TOKEN")
    places: dict[str, Any] = {"client": client, "job": UploadJob}
    places |= {f"client.{name}": getattr(client, name) for name in groups()}
    for place, holder in places.items():
        for name, method in inspect.getmembers(holder, callable):
            if not name.startswith("_") and f"{place}.{name}" not in places:
                yield f"{place}.{name}", method
    for name in cincopa_async.__all__:
        public = getattr(cincopa_async, name)
        if inspect.isclass(public):
            yield name, public


def groups() -> list[str]:
    """The names of a client's groups, each of which is made when it is first asked for."""
    made = inspect.getmembers(CincopaClient, lambda member: isinstance(member, cached_property))
    return [name for name, _ in made if not name.startswith("_")]


def source_of(documented: Callable[..., Any]) -> str:
    """What a docstring says after `Source:`, on one line."""
    found = re.search(r"Source: (.*?)(?:\n\n|\Z)", inspect.cleandoc(documented.__doc__ or ""), re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def how_sure() -> dict[str, str]:
    """What the method that is a call itself says of how sure the call is."""
    said = {}
    for place, method in methods():
        own = re.fullmatch(r"``(GET|POST) ([\w.]+?)(?:\.json)?`` \((.*)\)\.", source_of(method))
        if own is not None and place == f"client.{own[2]}":
            said[f"{own[1]} {own[2]}"] = own[3]
    return said


def table() -> str:
    """The table as Markdown."""
    by_call: dict[str, list[str]] = {}
    for place, call in sources():
        by_call.setdefault(call, []).append(place)
    lines = []
    for call in sorted(by_call, key=lambda call: call.split()[1].split(".")):
        verb, name = call.split()
        own = f"client.{name}"
        places = sorted(by_call[call], key=lambda place: (place != own, place))
        sure = facts()[f"{name}.method"].sure
        lines.append(f"| `{name}` | {verb} | {', '.join(f'`{place}`' for place in places)} | {sure} |\n")
    return HEAD + "".join(lines)


def written() -> str:
    """The table as it stands in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text[text.index(HEAD) :].partition("\n\n")[0].rstrip("\n") + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(DOCUMENT.read_text(encoding="utf-8").replace(written(), table()), encoding="utf-8")
