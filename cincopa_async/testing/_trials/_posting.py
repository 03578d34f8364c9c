"""Direct uploads with headers of one's own, each sent once: what a client would not send is to be seen too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from cincopa_async._chunks import ERROR, MADE

from ._answer import UNREACHED
from ._unseen import UnseenError

if TYPE_CHECKING:
    from cincopa_async import CincopaClient


@dataclass(frozen=True, slots=True)
class Posted:
    """What a direct upload was answered."""

    status: int
    text: str

    @property
    def rid(self) -> str | None:
        """The asset that it says it made."""
        made = MADE.search(self.text) if self.status < 300 else None
        return None if made is None else made[1]

    @property
    def says_error(self) -> bool:
        """Whether the word is in it, and it names no asset: a rid may hold the word."""
        return self.rid is None and ERROR.search(self.text) is not None

    @property
    def rejected(self) -> bool:
        """Whether it says that the file is not taken."""
        return self.status >= 300 or self.says_error


async def post(
    client: CincopaClient,
    url: str,
    content: bytes,
    *,
    name: str,
    range: str | None = None,
    unique_id: str | None = None,
) -> Posted:
    """
    Send a file, or a part of it.

    Args:
        client: Whose connections it goes over.
        url: The upload URL, sent byte for byte.
        content: What to send.
        name: The file's name.
        range: The Content-Range, without which it is a whole file.
        unique_id: What its chunks have in common.

    Raises:
        UnseenError: Nobody has looked at it.
    """
    headers = {"Content-Type": "application/octet-stream", "X-FILE-NAME": quote(name, safe="")}
    if range is not None:
        headers["Content-Range"] = range
    if unique_id is not None:
        headers["unique-id"] = unique_id
    reply = await client._files.post(url, headers, content)
    if reply.status_code in (429, *UNREACHED):
        raise UnseenError("the service was not reached with a file, or takes no more")
    return Posted(reply.status_code, reply.body.decode("utf-8", "replace"))
