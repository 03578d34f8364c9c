"""The invitation pages: where others upload into a gallery."""

from __future__ import annotations

from html import escape
from typing import Any

from cincopa_async.testing._account import Gallery
from cincopa_async.testing._calls import Call, Endpoint, RefusedError
from cincopa_async.testing._clock import date


def get_upload_token(call: Call) -> dict[str, Any]:
    """Make a token that opens the page of one gallery, and does nothing else."""
    fid = call.gallery(call.required("fid")).fid
    token = call.account.issue_token([("upload.iframe",)], ttl=None, fid=fid)
    return {str(call.fact("upload.get_upload_token.field")): token.value}


def iframe(call: Call) -> dict[str, Any] | str:
    """Show the page of a gallery. Refused, it is JSON as any other call: what the service shows then is not known."""
    gallery = _gallery(call)
    title = escape(gallery.meta.get("name") or gallery.fid)
    page = (
        f"<!DOCTYPE html><html><head><title>{title}</title></head>"
        f"<body><h1>{title}</h1><p>Drop files here to upload them.</p></body></html>"
    )
    return page if call.fact("upload.iframe.page") == "HTML" else {"page": page}


def _gallery(call: Call) -> Gallery:
    """
    Find the gallery by its fid, or by the caller's own key for it.

    A key that is new makes one: whoever is invited by it would have nowhere to upload to otherwise. An invitation's
    token makes none, for it is good for one gallery that exists.
    """
    invited_to = call.token.fid
    if fid := call.params.get("fid"):
        found = call.gallery(fid) if invited_to in {None, fid} else None
    elif rrid := call.params.get("rrid"):
        galleries = call.account.galleries.values()
        found = next((gallery for gallery in galleries if gallery.meta.get("rrid") == rrid), None)
        if found is None and invited_to is None:
            return _made_for(rrid, call)
    else:
        raise RefusedError("The parameter fid or rrid is required")
    if found is None or invited_to not in {None, found.fid}:
        raise call.not_allowed("this gallery")
    return found


def _made_for(rrid: str, call: Call) -> Gallery:
    gallery = Gallery(fid=call.account.new_id(), modified=date(), meta={"name": rrid, "rrid": rrid})
    call.account.galleries[gallery.fid] = gallery
    call.account.emit("gallery.created", gallery)
    return gallery


ENDPOINTS = {
    "upload.get_upload_token": Endpoint(get_upload_token),
    "upload.iframe": Endpoint(iframe, page=True),
}
