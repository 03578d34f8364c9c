"""What a model says of itself that is not in its fields' types: the names they are sent under, that one is a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEY = "cincopa_async.sent_as"


class HoldsSecret:
    """What a model is that holds a secret, which an answer has in whatever shape: an error shows none of it."""

    __slots__ = ()


def sent_as(*names: str) -> dict[str, tuple[str, ...]]:
    """Return the metadata of a field that is sent under one of `names`: the first that is there counts."""
    return {_KEY: names}


def wire_names(name: str, metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names under which the API sends the field `name`."""
    names: tuple[str, ...] = metadata.get(_KEY, (name,))
    return names
