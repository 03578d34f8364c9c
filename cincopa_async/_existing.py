"""Which assets are in the account already, by the caller's own keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from ._base import BaseClient


class Existing:
    """The account's assets by their reference_id: read once, in pages, when the first is asked for."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client
        self._reading = anyio.Lock()
        self._rids: dict[str, str] | None = None

    async def rid_of(self, reference_id: str) -> str | None:
        """Return the asset that carries a key, None if there is none."""
        async with self._reading:
            if self._rids is None:
                self._rids = await self._read()
        return self._rids.get(reference_id)

    async def _read(self) -> dict[str, str]:
        rids: dict[str, str] = {}
        async for asset in self._client.asset.iter(details=["reference_id"], items_per_page=100):
            if asset.reference_id and asset.rid:
                rids.setdefault(asset.reference_id, asset.rid)
        return rids


async def found(client: BaseClient, reference_id: str) -> str | None:
    """Ask for the one asset that carries a key; an unknown one may be answered by an empty page, or by all."""
    page = await client.asset.list(reference_id=reference_id, details=["reference_id"])
    return next((asset.rid for asset in page.items if asset.reference_id == reference_id), None)
