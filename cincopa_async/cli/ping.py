"""`cincopa ping`: whether the token is valid, and whose it is."""

from cincopa_async import CincopaClient
from cincopa_async.cli._remote import fields_of, run_with_client, say_fields, say_json


def run_ping(base_url: str | None, *, as_json: bool) -> int:
    """Say whose token it is; exit code 1 if it is refused."""

    async def ping(cincopa: CincopaClient) -> int:
        account = fields_of(await cincopa.ping())
        if as_json:
            say_json(account)
        else:
            say_fields(account)
        return 0

    return run_with_client(base_url, ping)
