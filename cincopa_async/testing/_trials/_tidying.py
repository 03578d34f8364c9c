"""Finds what trials have made, by the marks on it alone, and removes it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import anyio

from cincopa_async.errors import CincopaError, NotFoundError

from ._marks import HOME, MARK, Name, Notes, Run, name_of_hook

if TYPE_CHECKING:
    from cincopa_async import CincopaClient

T = TypeVar("T")

_SECONDS: Final = 60.0
"""How long removing takes at most."""

_log = logging.getLogger("cincopa_async")


@dataclass(frozen=True, slots=True)
class _Left:
    """A gallery of trials."""

    fid: str
    name: Name
    notes: Notes


class Tidying:
    """
    Removes what trials have made and no run uses any more.

    Galleries, files and hooks carry the run that made them in their names: they go where that run is over. Assets that
    carry the mark alone may be any run's: those that lie in no gallery of a run go where no other run is under way.
    """

    LIMIT: Final = 300
    """How many assets or galleries are looked through: a service that does not search would list them all."""

    def __init__(self, client: CincopaClient, run: Run) -> None:
        self._client = client
        self._run = run
        self._gone: set[str] = set()
        self._kept = 0
        """How much could not be removed."""

    async def remove_left_over(self) -> None:
        """Remove what runs have left that are over."""
        with self._bounded():
            await self._remove(set())

    async def remove_own(self, rids: Iterable[str], galleries: Mapping[str, Notes], hooks: Iterable[str]) -> None:
        """Remove all that this run has made, remembered or found again, and what runs have left that are over."""
        with self._bounded():
            for hook_url in hooks:
                await self._delete_hook(hook_url)
            for rid in rids:
                await self._delete_asset(rid)
            # The first that was made goes last, for it tells others of this run.
            remembered = list(galleries.items())[::-1]
            for fid, notes in remembered:
                await self._empty(fid, notes)
            await self._remove({self._run.id})
            for fid, _ in remembered:
                await self._delete_gallery(fid)

    async def _remove(self, over: set[str]) -> None:
        # Assets are listed first: whoever makes one has made a gallery before, which tells that its run is under way.
        assets = await self._marked()
        galleries = await self._galleries()
        processes = {left.name.run: left.notes.process for left in galleries if left.name.about == HOME}

        def is_over(name: Name) -> bool:
            return name.run in over or self._run.is_over(name, processes.get(name.run, ""))

        alone = all(is_over(left.name) or left.name.run == self._run.id for left in galleries)
        for left in sorted(galleries, key=lambda left: left.name.about == HOME):
            if is_over(left.name):
                await self._empty(left.fid, left.notes)
                await self._delete_gallery(left.fid)
        for rid, name in assets:
            if alone if name is None else is_over(name):
                await self._delete_asset(rid)
        for hook_url, name in await self._hooks():
            if is_over(name):
                await self._delete_hook(hook_url)

    async def _empty(self, fid: str, notes: Notes) -> None:
        """Remove what trials have put into a gallery of theirs; what somebody else has put there stays."""
        for status_id in notes.uploads:
            await self._tried(self._client.asset.upload_from_url_abort(status_id))
        for asset in await _listed(self._client.gallery.iter_items(fid, details=["reference_id"], limit=self.LIMIT)):
            pulled = bool(notes.pulls) and asset.filename == notes.pulls
            if asset.reference_id == MARK or Name.read(asset.filename) or pulled:
                await self._delete_asset(asset.rid)

    async def _marked(self) -> list[tuple[str, Name | None]]:
        """Return the assets that carry the mark, each with what its file's name tells."""
        details = ["reference_id"]
        found = {
            asset.rid: Name.read(asset.filename)
            for pages in (
                self._client.asset.iter(reference_id=MARK, details=details, limit=self.LIMIT),
                self._client.asset.iter(search=MARK, details=details, limit=self.LIMIT),
            )
            for asset in await _listed(pages)
            # Looked at here: a service that does not know a parameter would list any.
            if asset.reference_id == MARK or Name.read(asset.filename)
        }
        return [(rid, name) for rid, name in found.items() if rid is not None]

    async def _galleries(self) -> list[_Left]:
        listed = await _listed(self._client.gallery.iter(search=MARK, limit=self.LIMIT))
        named = [(gallery, Name.read(gallery.name)) for gallery in listed]
        return [
            _Left(gallery.fid, name, Notes.read(gallery.description)) for gallery, name in named if name and gallery.fid
        ]

    async def _hooks(self) -> list[tuple[str, Name]]:
        try:
            hooks = (await self._client.webhook.list()).webhooks
        except CincopaError:
            return []
        named = [(hook.hook_url or "", name_of_hook(hook.hook_url or "")) for hook in hooks]
        return [(hook_url, name) for hook_url, name in named if name]

    async def _delete_hook(self, hook_url: str) -> None:
        if hook_url not in self._gone:
            self._gone.add(hook_url)
            try:
                await self._client.webhook.delete(hook_url)
            except NotFoundError:  # No such hook, or no such call: the documentation spells it otherwise.
                await self._tried(self._client.call("webhhook.delete", method="POST", hook_url=hook_url))
            except CincopaError as error:
                self._fail(error)

    async def _delete_asset(self, rid: str | None) -> None:
        if rid is not None and rid not in self._gone:
            self._gone.add(rid)
            await self._tried(self._client.asset.delete(rid))

    async def _delete_gallery(self, fid: str) -> None:
        if fid not in self._gone:
            self._gone.add(fid)
            await self._tried(self._client.gallery.delete(fid))

    async def _tried(self, removing: Awaitable[object]) -> None:
        try:
            await removing
        except NotFoundError:
            pass
        except CincopaError as error:
            self._fail(error)

    def _fail(self, error: CincopaError) -> None:
        self._kept += 1
        _log.info("could not be removed: %s", type(error).__name__)

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        with anyio.move_on_after(_SECONDS) as bound:
            yield
        if self._kept or bound.cancelled_caught:
            _log.warning("what was made to try the contract is not all removed; a later run removes it")


async def _listed(pages: AsyncIterator[T]) -> list[T]:
    """Read all pages, or as many as can be had."""
    found: list[T] = []
    try:
        async for item in pages:
            found.append(item)  # noqa: PERF401 - what has come by an error counts
    except CincopaError as error:
        _log.info("not all could be listed: %s", type(error).__name__)
    return found
