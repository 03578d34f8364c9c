"""One page of a list, whatever it lists."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from attrs import field, frozen

ItemT = TypeVar("ItemT")


@frozen(kw_only=True)
class Page(Generic[ItemT]):
    """One page of a list. An empty page is an answer like any other."""

    items: tuple[ItemT, ...] = ()
    page: int | None = None
    """The number of this page, from 1."""
    items_per_page: int | None = None
    items_count: int | None = None
    """How many items there are on all pages."""
    pages_count: int | None = None
    extra: dict[str, Any] = field(factory=dict, repr=False)
