"""Uploads from a URL: start, status, abort."""

from __future__ import annotations

from typing import Any

from cincopa_async.testing._account import Upload
from cincopa_async.testing._calls import Call, Endpoint, RefusedError

from .asset import upload_target


def start(call: Call) -> dict[str, Any]:
    """Start pulling an input, into a gallery or onto an asset if told so."""
    input = call.required("input")
    fid, rid, type = upload_target(call)
    upload = call.account.start_upload(input, fid=fid, rid=rid, type=type)
    upload.sync_ends = call.sync_ends
    call.puller.start(upload)
    return {"status_id": upload.status_id}


def get_status(call: Call) -> dict[str, Any]:
    """Say how far a pull has come."""
    upload = _upload(call)
    upload.polls += 1
    if _too_fresh(call, upload):
        raise _unknown_id()
    answer = {
        "progress_bytes": upload.received,
        "more": upload.more,
        "debug": _debug(upload),
        "file_size_bytes": -1 if upload.size is None else upload.size,
        "status": _word(call, upload),
        "progress": _percentage(upload),
    }
    if resid := _resid(call, upload):
        answer["resid"] = resid
    return answer


def abort(call: Call) -> dict[str, Any]:
    """
    End a pull and drop what it has read.

    The documentation says nothing of a pull that has ended already: the call succeeds and changes nothing, so that a
    completion which won the race stays one.
    """
    upload = _upload(call)
    call.account.abort_upload(upload, leaves=call.quirks.get("abort_leaves", "state", "aborted"))
    return {"status_id": upload.status_id}


def _upload(call: Call) -> Upload:
    upload = call.account.uploads.get(call.required("status_id"))
    if upload is None or upload.leaves == "unknown":
        raise _unknown_id()
    return upload


def _unknown_id() -> RefusedError:
    return RefusedError("The status_id does not exist")


def _too_fresh(call: Call, upload: Upload) -> bool:
    if "fresh_id_unknown" not in call.quirks:
        return False
    seconds = float(call.quirks.get("fresh_id_unknown", "seconds", 0.0))
    if seconds:
        return upload.started.elapsed() < seconds
    return upload.polls <= int(call.quirks.get("fresh_id_unknown", "polls", 0))


def _word(call: Call, upload: Upload) -> str:
    state = upload.leaves if upload.state == "aborted" else upload.state
    for quirk in call.quirks.among({"unknown_status_word"}):
        if quirk.options["state"] == state:
            return str(quirk.options["word"])
    return state


def _resid(call: Call, upload: Upload) -> str | None:
    if upload.state == "completed" and "completed_without_resid" in call.quirks:
        return None
    if upload.state == "inprogress" and "early_resid" in call.quirks:
        # Kept for the end: the id that shows up early is the one the asset gets.
        upload.resid = upload.resid or call.account.new_id()
    return upload.resid


def _percentage(upload: Upload) -> int:
    if upload.state == "completed":
        return 100
    return 100 * upload.received // upload.size if upload.size else 0


def _debug(upload: Upload) -> str:
    return (
        f"{upload.started_on} started... _bytesRecievedTotal={upload.received} _bytesSendTotal={upload.received} "
        f"url={upload.input}"
    )


ENDPOINTS = {
    "asset.upload_from_url": Endpoint("POST", start),
    "asset.upload_from_url_get_status": Endpoint("GET", get_status),
    "asset.upload_from_url_abort": Endpoint("POST", abort),
}
