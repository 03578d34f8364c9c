"""`cincopa galleries`: the galleries of the account, one a line."""

from cincopa_async import CincopaClient
from cincopa_async.cli._remote import fields_of, run_with_client, say_json, say_row


def run_galleries(
    base_url: str | None, *, search: str | None, tag: str | None, limit: int | None, as_json: bool
) -> int:
    """List galleries as their pages come: fid, name and description, with tabs between them."""

    async def galleries(cincopa: CincopaClient) -> int:
        async for gallery in cincopa.gallery.iter(search=search, tag=tag, limit=limit):
            if as_json:
                say_json(fields_of(gallery))
            else:
                say_row(gallery.fid, gallery.name, gallery.description)
        return 0

    return run_with_client(base_url, galleries)
