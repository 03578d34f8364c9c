"""What a batch is made of: its items, and how they are taken from whatever gives them."""

from __future__ import annotations

import os
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
    Sized,
)
from typing import TypeAlias

from attrs import field, frozen

from ._calls import Call, http_url
from ._describing import AssetMeta, Description
from .models import StartedUpload
from .resources._upload_calls import upload_from_url
from .stores._rules import checked_key

UploadInput: TypeAlias = str | os.PathLike[str] | Callable[[], Awaitable[str]]
"""An http(s) URL, the path of a local file, or an async callable that gives a URL."""


@frozen
class UploadItem:
    """One upload of a batch. It is looked at when its turn comes: what is wrong with it is its outcome's error."""

    input: UploadInput = field(repr=False)
    """
    An http(s) URL, which Cincopa fetches; a local file, as a ``pathlib.Path``; or an async callable that gives a URL:
    it is called when the item's turn comes, and at each new start, so that signed links are fresh.
    """
    fid: str | None = field(default=None, kw_only=True)
    """The gallery to put the asset into."""
    rid: str | None = field(default=None, kw_only=True)
    """The asset to attach the file to, in place of making a new one; needs `type`."""
    type: str | None = field(default=None, kw_only=True)
    """What is attached: ``thumb``, ``subtitle-en``, …"""
    key: str | None = field(default=None, kw_only=True)
    """What a store knows the item by; None is derived from where it comes from and where it goes."""
    meta: AssetMeta | None = field(default=None, kw_only=True)
    """What is set once the asset is there."""
    galleries: Sequence[str] = field(default=(), kw_only=True)
    """The fids of galleries that the asset is put into, once it is there."""


_ANY_URL = "https://media.example/"

Item: TypeAlias = UploadInput | UploadItem
UploadItems: TypeAlias = Iterable[Item] | AsyncIterable[Item]
"""What can be given to a batch: URLs, paths, items, one after the other."""


@frozen
class Plan:
    """An item that has been looked at."""

    item: UploadItem
    path: str | None
    """Of a local file."""
    description: Description

    @classmethod
    def of(cls, item: UploadItem) -> Plan:
        """
        Look at an item.

        Raises:
            ValueError: Something is wrong with it.
            TypeError: Something is of a wrong type.
        """
        if item.key is not None:
            checked_key(item.key)
        plan = cls(item, _path(item.input), Description.of(item.meta, item.galleries))
        plan.call(item.input if isinstance(item.input, str) else _ANY_URL)
        return plan

    def call(self, url: str) -> Call[StartedUpload]:
        """Describe the start of its upload from `url`; of a file too, for its other arguments are the same."""
        return upload_from_url(url, fid=self.item.fid, rid=self.item.rid, type=self.item.type)

    async def url(self) -> str:
        """Return where Cincopa fetches it from, asked anew where it is a callable's to say."""
        if isinstance(self.item.input, str):
            return self.item.input
        assert callable(self.item.input)  # noqa: S101 - for the type checkers: whoever has a path does not ask
        url = await self.item.input()
        self.call(url)
        return url


class Supply:
    """Gives the items of a batch, one when it is asked for one. Asked by one task alone, which may be a generator's."""

    total: int | None
    """How many there are, None where that cannot be told."""

    def __init__(self, items: UploadItems) -> None:
        if isinstance(items, str | bytes | os.PathLike | UploadItem):
            raise TypeError("items must be an iterable of URLs, paths and UploadItems, not a single one")
        if not isinstance(items, Iterable | AsyncIterable):
            raise TypeError(f"items must be an iterable, or an async one, not {type(items).__name__}")
        self.total = len(items) if isinstance(items, Sized) else None
        self._items = items
        self._iterator: Iterator[Item] | AsyncIterator[Item] | None = None

    async def next(self) -> UploadItem | None:
        """Return the next item, None after the last."""
        if self._iterator is None:
            self._iterator = aiter(self._items) if isinstance(self._items, AsyncIterable) else iter(self._items)
        try:
            item = await anext(self._iterator) if isinstance(self._iterator, AsyncIterator) else next(self._iterator)
        except (StopIteration, StopAsyncIteration):
            return None
        return item if isinstance(item, UploadItem) else UploadItem(item)

    async def aclose(self) -> None:
        """Close an async generator, which may hold what must not wait for the garbage collector."""
        for source in (self._items, self._iterator):
            if isinstance(source, AsyncGenerator):
                await source.aclose()


def _path(given: object) -> str | None:
    if isinstance(given, str):
        if "://" not in given:
            raise ValueError("input must be an http:// or https:// URL; give a local file as a pathlib.Path")
        http_url("input", given)
        return None
    if isinstance(given, os.PathLike):
        path = os.fspath(given)
        if not isinstance(path, str):
            raise TypeError("input must be a path as str, not bytes")
        return path
    if not callable(given):
        raise TypeError(f"input must be a URL, a path or an async callable, not {type(given).__name__}")
    return None
