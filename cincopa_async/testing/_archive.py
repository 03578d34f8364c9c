"""Archives of galleries, behind the links that gallery.download gives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ._account import Account, Asset
from ._mishaps import target_of


class Archives:
    """Answers ``/archive/{name}``: a zip of what is in the gallery when it is fetched."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def answer(self, request: Request) -> Response:
        """Answer one request, whose target must be one that was issued."""
        with self._account.lock:
            capability = self._account.capabilities.get(target_of(request))
            gallery = None if capability is None else self._account.galleries.get(capability.fid or "")
            if gallery is None:
                return PlainTextResponse("Not Found", status_code=404)
            assets = self._account.items(gallery)
        return Response(_zipped(assets), media_type="application/zip")


def _zipped(assets: Iterable[Asset]) -> bytes:
    buffer = io.BytesIO()
    names: set[str] = set()
    with zipfile.ZipFile(buffer, "w") as archive:  # Stored and not compressed, as media are already.
        for asset in assets:
            name = _unused(asset.filename, names)
            names.add(name)
            archive.writestr(name, bytes(asset.content))
    return buffer.getvalue()


def _unused(filename: str, names: set[str]) -> str:
    """Name a file in a flat archive, where two files cannot be called the same."""
    # A name is what an uploader says: it must lead to no other folder where the archive is unpacked.
    path = PurePosixPath(filename.replace("\\", "/"))
    stem, suffix = path.stem or "file", path.suffix
    name, number = f"{stem}{suffix}", 1
    while name in names:
        number += 1
        name = f"{stem} ({number}){suffix}"
    return name
