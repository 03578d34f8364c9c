"""Items of all pages as one async iterator, the next pages fetched together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import anyio
from attrs import evolve

from ._calls import Call
from .models import Page

if TYPE_CHECKING:
    from ._base import BaseClient

ItemT = TypeVar("ItemT")


class Pages(Generic[ItemT]):
    """
    An async iterator over the items of all pages, in order, none twice.

    Pages are fetched within one step of the iteration, several at once; nothing runs while the loop's body does. Tasks
    that share it get each item once between them.
    """

    items_count: int | None = None
    """How many items there are on all pages, None before the first page has come or where Cincopa does not say."""

    def __init__(
        self,
        client: BaseClient,
        first: Call[Any],
        *,
        key: Callable[[ItemT], Hashable],
        ahead: int,
        limit: int | None,
    ) -> None:
        _whole("ahead", ahead)
        if limit is not None:
            _whole("limit", limit)
        self._client = client
        self._first = first
        self._key = key
        self._ahead = ahead
        self._left = limit
        self._page_size: int | None = None
        self._buffer: deque[ItemT] = deque()
        self._seen: set[Hashable] = set()
        self._repeated = 0
        self._next_page = 1
        self._last_page: int | None = 1
        self._turn = anyio.Lock()

    def __aiter__(self) -> Self:
        """Return the iterator itself: it goes through the pages once."""
        return self

    async def __anext__(self) -> ItemT:
        """Return the next item, fetching pages when those at hand are used up."""
        while self._left != 0 and not self._buffer:
            async with self._turn:
                if self._buffer or self._left == 0:
                    continue  # Another task has fetched meanwhile.
                if self._last_page is not None and self._next_page > self._last_page:
                    raise StopAsyncIteration
                await self._fetch()
        if self._left == 0:
            raise StopAsyncIteration
        if self._left is not None:
            self._left -= 1  # No await from here on: a cancel would lose the item.
        return self._buffer.popleft()

    async def _fetch(self) -> None:
        numbers = range(self._next_page, self._next_page + self._pages_worth_fetching())
        pages = await self._fetched(numbers)
        for number, page in zip(numbers, pages, strict=True):
            self._take(number, page)
        self._next_page = numbers.stop

    def _pages_worth_fetching(self) -> int:
        wanted = [self._ahead]
        if self._last_page is not None:
            wanted.append(self._last_page - self._next_page + 1)
        if self._left is not None and self._page_size:
            wanted.append(-(-self._left // self._page_size))
        return min(wanted)

    async def _fetched(self, numbers: range) -> list[Page[ItemT]]:
        if len(numbers) == 1:
            return [await self._page(numbers.start)]
        pages: dict[int, Page[ItemT]] = {}
        failures: list[Exception] = []

        async def fetch(number: int) -> None:
            try:
                pages[number] = await self._page(number)
            except Exception as error:  # noqa: BLE001 - raised below, alone: a caller expects no group for one call
                failures.append(error)
                group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for number in numbers:
                group.start_soon(fetch, number)
        if failures:
            raise failures[0]
        return [pages[number] for number in numbers]

    async def _page(self, number: int) -> Page[ItemT]:
        page: Page[ItemT] = await self._client.send(evolve(self._first, params={**self._first.params, "page": number}))
        return page

    def _take(self, number: int, page: Page[ItemT]) -> None:
        if number == 1:
            self.items_count = page.items_count
            self._page_size = len(page.items)
            self._last_page = page.pages_count or None  # No pages, and items on one, is no number of pages.
        elif self._last_page is not None and page.pages_count is not None and page.items:
            # Items that came meanwhile push others to pages that were not there at first.
            self._last_page = max(self._last_page, page.pages_count)
        new = repeated = 0
        for item in page.items:
            key = self._key(item)
            if key is None or key not in self._seen:
                self._seen.add(key)
                self._buffer.append(item)
                new += key is not None
            else:
                repeated += 1
        self._repeated = self._repeated + repeated if repeated == len(page.items) else 0
        # An empty page is beyond the end, and one without anything new ends a list whose length Cincopa does not tell.
        # Items that come push those seen before them, each once: what repeats more than those repeats itself for ever.
        if not page.items or (self._last_page is None and new == 0) or self._repeated > len(self._seen):
            self._last_page = number


def _whole(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number of 1 or more")
