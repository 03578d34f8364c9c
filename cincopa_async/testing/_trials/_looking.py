"""How trials look whether something is in the account: never by going through all that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._unseen import UnseenError

if TYPE_CHECKING:
    from cincopa_async import Asset

    from ._trial import Trial

_MOST = 100


async def items(trial: Trial, fid: str) -> list[Asset]:
    """Return what a gallery of trials lists."""
    return [asset async for asset in trial.client.gallery.iter_items(fid, limit=_MOST)]


async def found(trial: Trial, name: str) -> Asset | None:
    """Return the asset of this run whose file has a name."""
    listed = trial.client.asset.iter(search=trial.stage.run, limit=_MOST)
    return next((asset for asset in [asset async for asset in listed] if asset.filename == name), None)


async def is_in(trial: Trial, fid: str, rid: str) -> bool:
    """
    Say whether an asset is in a gallery.

    Raises:
        UnseenError: It is not told of one that was put in, so that nothing could be seen of others.
    """
    if await _lists(trial, fid, rid):
        return True
    await trial.client.gallery.add_item(fid, rid)
    if not await _lists(trial, fid, rid):
        raise UnseenError("a gallery does not list what was put into it")
    return False


async def _lists(trial: Trial, fid: str, rid: str) -> bool:
    return any(asset.rid == rid for asset in await items(trial, fid))
