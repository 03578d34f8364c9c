"""`cincopa abort`: end an upload from a URL."""

from cincopa_async import CincopaClient, UploadState
from cincopa_async.cli._remote import run_with_client
from cincopa_async.cli.status import say_status


def run_abort(base_url: str | None, status_id: str, *, as_json: bool) -> int:
    """Abort an upload, and say how it ended; exit code 1 if that was in another way, for it had been quicker."""

    async def abort(cincopa: CincopaClient) -> int:
        status = await cincopa.resume_upload(status_id).abort()
        say_status(status, as_json=as_json)
        return 0 if status.state is UploadState.ABORTED else 1

    return run_with_client(base_url, abort)
