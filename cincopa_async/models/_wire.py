"""How a field says under which names the API sends it, where that is not its own name, or not known for sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEY = "cincopa_async.sent_as"


def sent_as(*names: str) -> dict[str, tuple[str, ...]]:
    """Return the metadata of a field that is sent under one of `names`: the first that is there counts."""
    return {_KEY: names}


def wire_names(name: str, metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names under which the API sends the field `name`."""
    names: tuple[str, ...] = metadata.get(_KEY, (name,))
    return names
