"""The words that assets carry."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen


@frozen(kw_only=True)
class TagList:
    """The tags of an account."""

    tags: dict[str, int | None] = field(factory=dict)
    """Each tag, with the number of assets that carry it, None where Cincopa does not say."""
    extra: dict[str, Any] = field(factory=dict, repr=False)
