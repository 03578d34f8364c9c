"""Posts to an ASGI app, message by message, without a server."""

from __future__ import annotations

import json
from collections.abc import MutableMapping, Sequence
from typing import Any

import anyio.lowlevel
from attrs import field, frozen

from cincopa_async import WebhookReceiver

SECRET = "CANARY-CAPABILITY"
KEY = "CANARY-SIGNATURE"
PATH = f"/hooks/cincopa/{SECRET}"
"""Secrets that no log may show: `tests/conftest.py` listens for them."""
DISCONNECT = {"type": "http.disconnect"}


@frozen
class Answer:
    """What an app answers."""

    status: int | None
    """None if it answered nothing."""
    headers: dict[str, str] = field(factory=dict)
    text: str = ""
    taken: int = 0
    """How many messages of the request it took."""


def request(*chunks: bytes) -> list[dict[str, Any]]:
    """A body in its messages."""
    return [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, start=1)
    ]


async def post(
    app: Any,
    body: object = None,
    *,
    path: str = PATH,
    query: str = "",
    method: str = "POST",
    headers: Sequence[tuple[str, str]] = (),
    messages: Sequence[MutableMapping[str, Any]] | None = None,
) -> Answer:
    """Send a body, bytes or something to be JSON, or the messages given, and return the answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    left = list(messages if messages is not None else request(raw))
    taken = 0
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        nonlocal taken
        await anyio.lowlevel.checkpoint()
        taken += 1
        return left.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        await anyio.lowlevel.checkpoint()
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    }
    await app(scope, receive, send)
    if not sent:
        return Answer(None, taken=taken)
    start, *rest = sent
    return Answer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(message["body"] for message in rest).decode(),
        taken,
    )


def receiver(**options: Any) -> WebhookReceiver:
    """A receiver with a secret of its own."""
    return WebhookReceiver(**{"secret": SECRET, **options})
