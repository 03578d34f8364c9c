"""A small file that the service can fetch: given, or an archive of the run's own files, which the service makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from cincopa_async.errors import CincopaError

from ._unseen import UnseenError

if TYPE_CHECKING:
    from cincopa_async import Asset

    from ._trial import Trial

_MOST = 100
# Large enough that an abort can overtake it, small enough to be small.
_OWN_BYTES = 1024 * 1024


@dataclass(slots=True)
class Source:
    """An input for uploads."""

    url: str = field(repr=False)
    name: str
    """What its asset's file is called."""
    advice: str
    """What whoever runs the trials can do where it cannot be fetched."""
    before: frozenset[str] | None
    """The assets of that name that were there before; None where they are too many to tell."""

    @classmethod
    async def of(cls, trial: Trial) -> Self:
        """Return the source that was given, else one of the run's own."""
        if trial.source is not None:
            url, advice = trial.source, "is it one that the service can fetch?"
        else:
            url, advice = await _own(trial), "give a source that the service can fetch"
        name = PurePosixPath(unquote(urlsplit(url).path)).name
        if not name:
            raise UnseenError("the source's URL ends without the name of a file")
        there = await _named(trial, name)
        return cls(url, name, advice, frozenset(there) if len(there) < _MOST else None)

    async def made_elsewhere(self, trial: Trial, rid: str | None) -> Asset | None:
        """Return the asset an upload says it made of it, in no gallery: by its name alone it may be another's."""
        if rid is None or self.before is None or rid in self.before:
            return None
        asset = (await _named(trial, self.name)).get(rid)
        if asset is not None:
            trial.stage.made(rid)
        return asset


async def _named(trial: Trial, name: str) -> dict[str, Asset]:
    listed = trial.client.asset.iter(search=name, limit=_MOST)
    return {asset.rid: asset async for asset in listed if asset.filename == name and asset.rid is not None}


async def _own(trial: Trial) -> str:
    fid = await trial.stage.gallery("source")
    await trial.stage.asset("source.mp4", bytes(_OWN_BYTES), fid=fid)
    try:
        archive = await trial.client.gallery.download(fid)
    except CincopaError as error:
        raise UnseenError(f"there is no archive to pull, so give a source: {type(error).__name__}") from None
    return archive.url
