"""How an item's error is written down. Pure."""

from __future__ import annotations

import json
from typing import Any

from attrs import asdict, fields

from ._protocol import StoredError

_FIELDS = [field.name for field in fields(StoredError)]


def error_to_text(error: StoredError | None) -> str | None:
    """Return the error as JSON."""
    if error is None:
        return None
    return json.dumps({name: value for name, value in asdict(error).items() if value is not None})


def error_from_text(text: str | None) -> StoredError | None:
    """Return the error; what a later version may have written beside is left out."""
    if text is None:
        return None
    told: dict[str, Any] = json.loads(text)
    return StoredError(**{name: told[name] for name in _FIELDS if name in told})
