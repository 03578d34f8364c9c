"""Direct uploads: files as the body of a request to an upload URL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ._account import SYNCED, Account, Asset
from ._answers import TextAnswers
from ._contract import Value
from ._files import Chunk, Files, RejectedError
from ._mishaps import Gone, befallen, target_of
from ._quirks import Active, Quirks

CALL = "post.jpg"
"""The name of it in counts and quirks, as of a call."""

_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)")
_ANY = "*"
"""The unique-id of all files where none is looked at."""
_BEYOND: Final[Mapping[Value, int]] = {"exclusive": 0, "inclusive": 1}
"""How far behind the END of a range the first byte is that is not in it."""
_NAMES: Final[Mapping[Value, Callable[[str], str]]] = {
    "url-encoded": partial(unquote, errors="strict"),
    "as it is": str,
}


class DirectUploads:
    """
    Answers ``/post.jpg``, in plain text.

    The body is a whole file, as documented, or a chunk of one, as the vendor's own uploader in the browser sends it:
    then a Content-Range says which, its END exclusive, and a `unique-id` which chunks belong together.
    """

    def __init__(self, account: Account, files: Files, quirks: Quirks) -> None:
        self._account = account
        self._files = files
        self._quirks = quirks

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        self._account.counts.request_came(CALL)
        quirks = self._quirks.of(CALL)
        answers = TextAnswers(quirks)
        return await befallen(request, quirks, answers, lambda: self._act(request, quirks, answers))

    async def _act(self, request: Request, quirks: Active, answers: TextAnswers) -> Response:
        if request.method != "POST":
            return answers.failure("Method not allowed", 405, {"allow": "POST"})
        if "upload_rejected" in quirks:
            return answers.failure("the upload is rejected", quirks.get("upload_rejected", "status", 200))
        try:
            asset = await self._receive(request, quirks)
        except RejectedError as rejected:
            return answers.rejection(str(rejected))
        except ClientDisconnect:  # In the middle of the body: nothing of it is kept.
            return Gone()
        if asset is None or quirks.fact("direct.reply") == "ok":
            return answers.text("ok")
        return answers.text(f"new resource id {asset.id} {asset.rid}")

    async def _receive(self, request: Request, quirks: Active) -> Asset | None:
        target = target_of(request)
        if quirks.fact("direct.exact") == "taken":
            target = self._files.issued(target)
        self._files.check_target(target, request.client.host if request.client else "")
        heading = _heading(request.headers, quirks)
        chunk = heading.chunk
        if chunk is None and quirks.fact("direct.whole") == "rejected":
            raise RejectedError("a file needs a Content-Range")
        if chunk is not None:
            # Before its body, so that one which is not taken need not be read.
            self._files.check_chunk(target, chunk)
        content = await _body(request, self._files.max_bytes if chunk is None else chunk.end - chunk.start)
        if chunk is None:
            chunk = Chunk(heading.name, "", 0, len(content), len(content))
        elif len(content) != chunk.end - chunk.start:
            raise RejectedError("the body is shorter than its range")
        return self._files.take(target, chunk, content, sync_ends=quirks.get("sync_ends", "state", SYNCED))


@dataclass(frozen=True, slots=True)
class _Heading:
    name: str
    chunk: Chunk | None


def _heading(headers: Headers, quirks: Active) -> _Heading:
    try:
        name = _NAMES[quirks.fact("direct.name")](headers.get("x-file-name", "")) or "upload"
    except UnicodeDecodeError as error:
        raise RejectedError("the X-FILE-NAME is no url-encoded UTF-8") from error
    if "content-range" not in headers:
        return _Heading(name, None)
    match = _RANGE.fullmatch(headers["content-range"])
    if match is None:
        raise RejectedError("the Content-Range is not of the form: bytes START-END/SIZE")
    unique_id = headers.get("unique-id") if quirks.fact("direct.unique_id") == "one" else _ANY
    if not unique_id:
        raise RejectedError("a chunk needs a unique-id")
    start, end, size = map(int, match.groups())
    return _Heading(name, Chunk(name, unique_id, start, end + _BEYOND[quirks.fact("direct.range")], size))


async def _body(request: Request, most: int) -> bytearray:
    """Read a body into one buffer; a body of more bytes than it may have is not read further."""
    content = bytearray()
    async with aclosing(request.stream()) as pieces:  # Left suspended, it would be closed by the garbage collector.
        async for piece in pieces:
            content += piece
            if len(content) > most:
                raise RejectedError(f"the body is longer than {most} bytes")
    return content
