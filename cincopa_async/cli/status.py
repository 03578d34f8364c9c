"""`cincopa status`: how far an upload from a URL is."""

from typing import Any

from cincopa_async import CincopaClient, UploadStatus
from cincopa_async.cli._remote import fields_of, run_with_client, say_fields, say_json


def run_status(base_url: str | None, status_id: str, *, as_json: bool) -> int:
    """Ask once, and say what the answer is; exit code 0 if there is one, whatever it says."""

    async def status(cincopa: CincopaClient) -> int:
        say_status(await cincopa.resume_upload(status_id, on_cancel="detach").refresh(), as_json=as_json)
        return 0

    return run_with_client(base_url, status)


def say_status(status: UploadStatus, *, as_json: bool) -> None:
    """Print what is known of an upload."""
    fields: dict[str, Any] = fields_of(status) | {"state": status.state.value, "fraction": status.fraction}
    if as_json:
        say_json(fields)
    else:
        say_fields(fields)
