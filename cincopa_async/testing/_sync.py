"""The time between an asset's upload and the moment when its versions are made."""

from __future__ import annotations

import anyio

from ._account import SYNCED, SYNCING, Account, Asset
from ._background import Background, Backgrounds
from ._holds import Holds


class Syncs:
    """
    Runs the sync phases: each takes `seconds`, and until no hold is on its asset.

    A loop that ends leaves its assets as they are: asset.resync begins anew.
    """

    def __init__(self, account: Account, holds: Holds, backgrounds: Backgrounds, *, seconds: float) -> None:
        self._account = account
        self._holds = holds
        self._backgrounds = backgrounds
        self._seconds = seconds

    def start(self, asset: Asset, ends: str) -> None:
        """Begin a phase, in the place of one that runs; `ends` is the asset's status from its end on."""
        with self._account.lock:
            asset.syncs += 1
            asset.syncstatus = SYNCING
            number = asset.syncs
            if not self._seconds and not self._holds.holds(asset.rid):
                self._end(asset, number, ends)
                return
        background = self._backgrounds.current()
        background.start(lambda: self._sync(asset, number, ends, background), lambda: None)

    async def _sync(self, asset: Asset, number: int, ends: str, background: Background) -> None:
        await anyio.sleep(self._seconds)
        await self._holds.passed(asset.rid, 0, background)
        self._end(asset, number, ends)

    def _end(self, asset: Asset, number: int, ends: str) -> None:
        with self._account.lock:
            if asset.syncs != number or asset.rid not in self._account.assets:
                return  # Begun anew, or deleted: there is another end to wait for, or none.
            if ends == SYNCED:
                self._account.asset_synced(asset)
            else:
                asset.syncstatus = ends
