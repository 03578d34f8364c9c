"""What befalls a request before it is acted on, and its answer afterwards: the quirks that concern any call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import httpx
from starlette.requests import Request
from starlette.responses import Response

from ._answers import Answers
from ._quirks import Active

RESET: Final = "cincopa.reset"
"""The ASGI extension that resets the connection a request came by."""

_BEFORE = ("latency", "reset", "html_502", "retry_after", "server_error", "success_false")
_AFTER = ("latency_after", "reset_after", "html_502_after", "server_error_after", "empty_body", "truncated_json")


async def befallen(
    request: Request, quirks: Active, answers: Answers, act: Callable[[], Awaitable[Response]]
) -> Response:
    """Act on a request and return the answer, or what the quirks put in the place of either."""
    for quirk in quirks.among(_BEFORE):
        match quirk.name:
            case "latency":
                await anyio.sleep(quirk.options["seconds"])
            case "reset":
                return _reset(request)
            case _:
                return answers.instead_of_acting(quirk)
    answer = await act()
    for quirk in quirks.among(_AFTER):
        match quirk.name:
            case "latency_after":
                await anyio.sleep(quirk.options["seconds"])
            case "reset_after":
                return _reset(request)
            case _:
                return answers.instead_of_answer(quirk, answer)
    return answer


class Gone(Response):
    """No answer at all: the connection is gone."""

    async def __call__(self, *_: object) -> None:
        """Send nothing."""


def target_of(request: Request) -> bytes:
    """Return the path and query of a request as they came, byte for byte."""
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    return path + b"?" + query


def _reset(request: Request) -> Response:
    reset = request.scope.get("extensions", {}).get(RESET)
    if reset is None:  # No socket below: httpx's own error for it goes up through the ASGI transport.
        raise httpx.ReadError("")
    reset()
    return Gone()
