"""Uploads from a URL: start, status, abort."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cincopa_async.testing._account import Upload
from cincopa_async.testing._calls import Call, Endpoint, RefusedError
from cincopa_async.testing._contract import Value

from .asset import upload_target

_STATES = {"completed", "failed", "inprogress"}
"""Those that the contract has words for."""
_UNKNOWN_FOR: Final[Mapping[Value, tuple[int, float]]] = {
    "at once": (0, 0.0),
    "after a moment": (2, 0.0),
    "after a minute": (0, 60.0),
}
"""For how many polls, and for how many seconds, nobody knows a fresh upload."""


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
        raise call.unknown("status_id")
    answer = {
        "progress_bytes": upload.received if call.fact("status.size") == "all bytes" else 0,
        "more": "",
        "debug": _debug(upload),
        "file_size_bytes": -1 if upload.size is None else upload.size,
        "status": _word(call, upload),
        "progress": _PROGRESS[call.fact("status.progress")](upload),
    }
    if upload.more and call.fact("status.reason") != "nowhere":
        answer[str(call.fact("status.reason"))] = upload.more
    if resid := _resid(call, upload):
        answer["resid"] = resid
    return answer


def abort(call: Call) -> dict[str, Any]:
    """
    End a pull and drop what it has read.

    The documentation says nothing of a pull that has ended already: the call succeeds unless told otherwise, and
    changes nothing, so that a completion which won the race stays one.
    """
    upload = _upload(call)
    goes_on = call.fact("abort.drops") == "an asset"
    again = call.fact("abort.again")
    if not call.account.abort_upload(upload, str(call.fact("abort.leaves")), goes_on=goes_on) and again != "success":
        raise RefusedError("The upload has ended", None if again == "refused" else int(again))
    return {"status_id": upload.status_id}


def _upload(call: Call) -> Upload:
    upload = call.account.uploads.get(call.required("status_id"))
    if upload is None or upload.leaves == "unknown":
        raise call.unknown("status_id")
    return upload


def _too_fresh(call: Call, upload: Upload) -> bool:
    polls, seconds = _UNKNOWN_FOR[call.fact("status.fresh")]
    seconds = float(call.quirks.get("fresh_id_unknown", "seconds", seconds))
    if seconds:
        return upload.started.elapsed() < seconds
    return upload.polls <= int(call.quirks.get("fresh_id_unknown", "polls", polls))


def _word(call: Call, upload: Upload) -> str:
    state = upload.leaves if upload.state == "aborted" else upload.state
    for quirk in call.quirks.among({"unknown_status_word"}):
        if quirk.options["state"] == state:
            return str(quirk.options["word"])
    return str(call.fact(f"status.{state}")) if state in _STATES else state


def _resid(call: Call, upload: Upload) -> str | None:
    if upload.state == "completed" and call.fact("status.resid") == "missing":
        return None
    if upload.state == "inprogress" and call.fact("status.resid_early") == "early":
        # Kept for the end: the id that shows up early is the one the asset gets.
        upload.resid = upload.resid or call.account.new_id()
    if upload.resid and upload.state == "completed" and call.fact("status.resid_same") == "another":
        return f"A{upload.resid[:0:-1]}"
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


_PROGRESS: Final[Mapping[Value, Callable[[Upload], float]]] = {
    "0 to 100": _percentage,
    "0 to 1": lambda upload: _percentage(upload) / 100,
}

ENDPOINTS = {
    "asset.upload_from_url": Endpoint(start),
    "asset.upload_from_url_get_status": Endpoint(get_status),
    "asset.upload_from_url_abort": Endpoint(abort),
}
