"""The calls ``asset.*`` that make uploads, described: apart, for they are all that most programs send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from cincopa_async._calls import Call, Param, attachment, count, http_url, optional, required
from cincopa_async.models import StartedUpload, UploadStatus, UploadURL

if TYPE_CHECKING:
    from cincopa_async._base import BaseClient


def get_upload_url(
    *, fid: str | None, rid: str | None, type: str | None, ttl: int | None, sourceip: str | None
) -> Call[UploadURL]:
    """Describe ``asset.get_upload_url``."""
    params: dict[str, Param] = {
        "fid": optional("fid", fid),
        **attachment(rid, type),
        "ttl": count("ttl", ttl),
        "sourceip": optional("sourceip", sourceip),
    }
    return Call(name="asset.get_upload_url", method="GET", params=params, safety="read", result=UploadURL)


def upload_from_url(input: str, *, fid: str | None, rid: str | None, type: str | None) -> Call[StartedUpload]:
    """Describe ``asset.upload_from_url``: undone by aborting it."""
    params: dict[str, Param] = {
        "input": http_url("input", input),
        "fid": optional("fid", fid),
        **attachment(rid, type),
    }
    return Call(
        name="asset.upload_from_url",
        method="POST",
        params=params,
        safety="write",
        result=StartedUpload,
        undo=_abort,
    )


def upload_from_url_get_status(status_id: str) -> Call[UploadStatus]:
    """Describe ``asset.upload_from_url_get_status``."""
    return Call(
        name="asset.upload_from_url_get_status",
        method="GET",
        params={"status_id": required("status_id", status_id)},
        safety="read",
        result=UploadStatus,
        answered_by="status",
    )


def upload_from_url_abort(status_id: str) -> Call[None]:
    """Describe ``asset.upload_from_url_abort``."""
    return Call(
        name="asset.upload_from_url_abort",
        method="POST",
        params={"status_id": required("status_id", status_id)},
        safety="idempotent",
        result=type(None),
        vanishes=True,
        turn="first",
    )


async def _abort(client: BaseClient, started: StartedUpload) -> None:
    await client.resume_upload(started.status_id)._abort_or_warn()


def polled(status_id: str, group: object = None) -> Call[UploadStatus]:
    """Describe a poll of a job, which lets other calls go ahead for a second; jobs of different groups take turns."""
    return evolve(upload_from_url_get_status(status_id), turn="later", group=group)


def confirmed(status_id: str) -> Call[UploadStatus]:
    """Describe the question how an abort went, which goes ahead of all other calls."""
    return evolve(upload_from_url_get_status(status_id), turn="next")
