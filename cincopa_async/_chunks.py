"""Direct uploads as bytes on the wire: the chunks of a file, their headers, what a reply to one says. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import quote

from attrs import field, frozen

from ._calls import Call
from ._codec import Reply
from ._redact import without_capability
from .errors import APIError, RateLimitError, ResponseDecodeError, ServerError

NAME = "upload_file"
"""What errors call the POST of a chunk, which is no call of the API."""
POST: Call[str] = Call(name="post.jpg", method="POST", params={}, safety="write", result=str)
"""The same for those who listen to answers, under the name that it has in an upload URL."""
MAX_CHUNK_SIZE = 50_000_000
"""Bytes: the vendor's own uploader sends up to 50 MB."""

_EXCERPT = 2_000
_MESSAGE = 300
_REJECTIONS = frozenset({200, 400, 401, 403, 404, 410})
MADE = re.compile(r"\bnew resource id\s+\d+\s+([\w.:-]+)", re.IGNORECASE)
"""How a reply tells the rid of the asset that a file has become."""
ERROR = re.compile(r"\berror\b", re.IGNORECASE)
"""How a reply tells that a file is not taken."""
_EXPIRED = re.compile(r"\bexpir", re.IGNORECASE)


@frozen(kw_only=True)
class Chunk:
    """A part of a file: the bytes from `start` up to `end`, which is the first that is not in it."""

    start: int
    end: int
    size: int
    """Bytes of the whole file."""

    @property
    def last(self) -> bool:
        """Whether the file is complete with it."""
        return self.end == self.size


@frozen(kw_only=True)
class Target:
    """Where the chunks of a file go, and what they have in common."""

    url: str = field(repr=False)
    """The upload URL, a secret."""
    file_name: str
    unique_id: str
    """One value for all chunks of a file; a file that is begun anew gets another."""

    def headers(self, chunk: Chunk) -> dict[str, str]:
        """What a chunk is sent with. The range ends with the first byte that is not sent, as Cincopa writes it."""
        return {
            "Content-Length": str(chunk.end - chunk.start),
            "Content-Type": "application/octet-stream",
            "X-FILE-NAME": quote(self.file_name, safe=""),
            "Content-Range": f"bytes {chunk.start}-{chunk.end}/{chunk.size}",
            "unique-id": self.unique_id,
        }

    def read(self, reply: Reply, chunk: Chunk, *, complete: bool) -> str | None:
        """
        Return the new asset's rid after the last chunk, None after the others.

        Args:
            reply: What was answered.
            chunk: To what.
            complete: Whether all of the file may have arrived: if not, no asset was made.

        Raises:
            APIError: The chunk is refused.
            ResponseDecodeError: The reply does not say what it must.
        """
        text = reply.body.decode("utf-8", "replace")
        made = MADE.search(text) if 200 <= reply.status_code < 300 else None
        if made is not None and chunk.last and complete:
            return made[1]  # Before the word "error" is looked for: a rid may hold it.
        if made is not None:
            part = f"a part of the file was taken for the whole, which is asset {made[1]} now"
            raise ResponseDecodeError(NAME, part, self._shown(text), maybe_applied=True)
        if not 200 <= reply.status_code < 300 or ERROR.search(text):
            raise self._refusal(reply, text, complete=complete)
        if chunk.last:
            lack = "the reply to the last chunk names no new asset"
            raise ResponseDecodeError(NAME, lack, self._shown(text), maybe_applied=complete)
        return None

    def _refusal(self, reply: Reply, text: str, *, complete: bool) -> APIError:
        code, shown = reply.status_code, self._shown(text)
        message = " ".join(shown[:_MESSAGE].split())
        if not message or "<" in message:
            message = _phrase(code)
        if code == 429:
            return RateLimitError(code, message, NAME, shown, retry_after=reply.retry_after)
        if code >= 500:
            # As for calls of the API: a 503 that says when to come again did not act.
            applied = complete and not (code == 503 and reply.retry_after is not None)
            return ServerError(code, message, NAME, shown, retry_after=reply.retry_after, maybe_applied=applied)
        # No AuthenticationError at 401 or 403, and no NotFoundError: it is the upload URL that is not good, and neither
        # another token nor another rid would mend it.
        return APIError(code, message, NAME, shown, maybe_applied=complete and 300 <= code < 400)

    def _shown(self, text: str) -> str:
        # Cut after the redaction, or half a secret would not be known as one.
        return without_capability(text[: 4 * _EXCERPT], self.url)[:_EXCERPT]


def chunks(size: int, chunk_size: int) -> Iterator[Chunk]:
    """Give the chunks of a file of `size` bytes, in order."""
    for start in range(0, size, chunk_size):
        yield Chunk(start=start, end=min(start + chunk_size, size), size=size)


def has_expired(refusal: APIError, *, age: float, ttl: float | None) -> bool:
    """Say whether a chunk was refused because its upload URL, of an age in seconds, has come to its end."""
    if refusal.status_code not in _REJECTIONS:
        return False
    return _EXPIRED.search(refusal.message) is not None or (
        ttl is not None and age >= ttl and refusal.status_code != 400
    )


def _phrase(code: int) -> str:
    if 300 <= code < 400:
        return "redirected, which is not followed: whoever is shown the upload URL could use it"
    try:
        return HTTPStatus(code).phrase if code >= 400 else "refused, and no reason is given"
    except ValueError:
        return "refused"
