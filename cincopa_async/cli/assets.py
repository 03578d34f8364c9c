"""`cincopa assets`: what is in the account, an asset a line."""

from cincopa_async import AssetType, CincopaClient
from cincopa_async.cli._remote import fields_of, run_with_client, say_json, say_row


def run_assets(
    base_url: str | None,
    *,
    search: str | None,
    type: AssetType | None,
    tag: str | None,
    limit: int | None,
    as_json: bool,
) -> int:
    """List assets as their pages come: rid, type, bytes, name and title, with tabs between them."""

    async def assets(cincopa: CincopaClient) -> int:
        details = ("caption", "reference_id", "tags")
        async for asset in cincopa.asset.iter(search=search, type=type, tag=tag, details=details, limit=limit):
            if as_json:
                say_json(fields_of(asset))
            else:
                say_row(asset.rid, asset.type, asset.filesize, asset.filename, asset.caption)
        return 0

    return run_with_client(base_url, assets)
