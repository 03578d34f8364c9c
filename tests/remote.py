"""An upload on the mocked API, whose answers are lists: the last entry of each stays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import anyio
import httpx
import respx

STATUS_ID = "42"
SOURCE = "https://media.example.com/cat.mp4?X-Amz-Signature=CANARY-SIGNATURE"


def status(word: str, **fields: Any) -> dict[str, Any]:
    return {"success": True, "runtime": 1.5, "status": word, **fields}


STARTED = {"success": True, "runtime": 1.5, "status_id": STATUS_ID}
RUNNING = status("inprogress", progress_bytes=10, file_size_bytes=62)
COMPLETED = status("completed", progress_bytes=62, file_size_bytes=62, resid="R1")
FAILED = status("failed", more="The source answered 404")
ABORTED = status("aborted")
UNKNOWN = {"success": False, "message": "The status_id does not exist"}
REFUSED = httpx.Response(403, json={"success": False, "message": "Invalid api_token"})
FORBIDDEN = httpx.Response(403, json={"success": False, "message": "The permissions do not allow this"})

RESET = httpx.ReadError
PASSING: dict[str, Any] = {
    "a reset": RESET,
    "a timeout": httpx.ReadTimeout,
    "a 500": httpx.Response(500, json={"success": False, "message": "Internal server error"}),
    "a proxy's 502 page": httpx.Response(502, html="<html><h1>502 Bad Gateway</h1></html>"),
    "a 429": httpx.Response(429, json={"success": False, "message": "Too many requests"}),
    "truncated JSON": httpx.Response(200, text='{"success": true, "sta'),
    "an empty body": httpx.Response(200),
    "success false without a text": {"success": False},
}
"""Answers to a poll that say nothing about the upload."""

Answer: TypeAlias = (
    Mapping[str, Any] | httpx.Response | type[Exception] | Callable[[], Awaitable["Mapping[str, Any] | None"]]
)


class Held:
    """An answer that comes when it is let go, or never."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._answer = answer
        self.asked = anyio.Event()
        self.let_go = anyio.Event()

    async def __call__(self) -> Mapping[str, Any]:
        self.asked.set()
        await self.let_go.wait()
        return self._answer


class Script:
    """Answers one request after the other; the last answer stays."""

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        self._answers = list(answers)
        self._came = anyio.Event()
        self.count = 0
        """How many requests came."""
        self.times: list[float] = []
        """When they came, by the clock of the event loop."""
        self.acts: Callable[[], None] = lambda: None
        """What else happens when a request is answered without a fault."""

    def change(self, *answers: Answer) -> None:
        """Answer so from now on."""
        self._answers = list(answers)

    async def asked(self, times: int) -> None:
        """Return when that many requests have come in all."""
        with anyio.fail_after(10):
            while self.count < times:
                await self._came.wait()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        self.times.append(anyio.current_time())
        self._came.set()
        self._came = anyio.Event()
        answer: Any = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, type):
            raise answer(SOURCE, request=request)  # Errors may quote what was sent.
        if callable(answer):
            answer = await answer()
            if isinstance(answer, type):
                raise answer(SOURCE, request=request)
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        if answer.get("success"):
            self.acts()
        return httpx.Response(200, json=answer)


class Remote:
    """The upload: which calls about it are expected, and how each is answered."""

    def __init__(self, api: respx.MockRouter) -> None:
        self._api = api

    def starts(self, *answers: Answer) -> Script:
        return self.route("POST", "asset.upload_from_url", answers or (STARTED,))

    def says(self, *answers: Answer) -> Script:
        """Answer polls so."""
        self.polls = self.route("GET", "asset.upload_from_url_get_status", answers)
        return self.polls

    def aborts(self, *answers: Answer, leaves: Answer = ABORTED) -> Script:
        """Answer aborts so; from the first that is granted on polls are answered with `leaves`."""
        script = self.route("POST", "asset.upload_from_url_abort", answers or (STARTED,))
        script.acts = lambda: self.polls.change(leaves)
        return script

    def route(self, method: str, call: str, answers: tuple[Answer, ...]) -> Script:
        script = Script(answers)
        self._api.request(method, f"{call}.json").mock(side_effect=script.answer)
        return script
