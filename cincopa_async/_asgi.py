"""The little of ASGI that the receiver of webhooks needs: requests in, short answers out, no framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_MOST_PARAMETERS = 100


def header(scope: Scope, name: bytes) -> str | None:
    """Return a header of a request."""
    found = next((value for key, value in scope["headers"] if key.lower() == name), None)
    return None if found is None else found.decode("latin-1")


def last_segment(scope: Scope) -> str:
    """Return what stands after the last slash of the path, or between the last two."""
    path: str = scope["path"]
    return path.rstrip("/").rpartition("/")[2]


def parameters(scope: Scope) -> list[tuple[str, str]]:
    """Return the parameters of the query; none, if there are too many to be meant."""
    query: bytes = scope.get("query_string", b"")
    try:
        return parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return []


def declares_more_than(scope: Scope, limit: int) -> bool:
    """Say whether the request's Content-Length, if it has one, is above `limit` bytes."""
    declared = (header(scope, b"content-length") or "").strip()
    return declared.isdecimal() and (len(declared) > 18 or int(declared) > limit)


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Return the body, more than `limit` bytes of it if it has more, or None if the sender left before its end."""
    body = bytearray()
    while len(body) <= limit:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


async def answer(send: Send, status: HTTPStatus, headers: list[tuple[bytes, bytes]]) -> None:
    """Answer with a status, and its name as the text."""
    text = f"{status.phrase}\n".encode()
    own = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
    await send({"type": "http.response.start", "status": status.value, "headers": own + headers})
    await send({"type": "http.response.body", "body": text})
