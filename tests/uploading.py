"""A Cincopa in the process that takes direct uploads as it is told to, and notes each byte."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

import anyio
import httpx

from cincopa_async import CincopaClient
from tests.conftest import QUICK_RETRIES, TOKEN

UPLOAD_URL = "https://mediaupload.example.com/post.jpg?uid=1234567&d={1}&hash=CANARY-CAPABILITY%2fa&addtofid=F1"
MADE = "new resource id 17 A4error"
Answer: TypeAlias = str | httpx.Response | type[Exception] | Callable[[httpx.Request], Awaitable["Answer"]]


def after(most: int, fault: type[Exception] | str) -> Callable[[httpx.Request], Awaitable[Answer]]:
    """Take that many bytes of a body, and no more."""

    async def answer(request: httpx.Request) -> Answer:
        taken = 0
        assert isinstance(request.stream, httpx.AsyncByteStream)
        pieces = aiter(request.stream)
        while taken < most:
            taken += len(await anext(pieces))
        return fault

    return answer


def open_files() -> set[str]:
    """What is open on disk, temporary files among it; threads and loops have descriptors of their own."""
    links = set()
    for descriptor in Path("/proc/self/fd").iterdir() if sys.platform == "linux" else ():
        with suppress(OSError):
            links.add(str(descriptor.readlink()))
    return {link for link in links if "cat" in link or "deleted" in link}


class Chunk:
    """A chunk that came whole."""

    def __init__(self, request: httpx.Request, body: bytes) -> None:
        self.url = f"{request.url.scheme}://{request.url.host}{request.url.raw_path.decode()}"
        self.headers = request.headers
        self.range = request.headers["content-range"]
        self.body = body


class Host(httpx.MockTransport):
    """Answers chunks from a list, the last entry for good; None stands for what Cincopa would say."""

    def __init__(self, *answers: Answer | None, url: str = UPLOAD_URL) -> None:
        super().__init__(lambda _: httpx.Response(500))
        self.answers = list(answers) or [None]
        self.url = url
        self.chunks: list[Chunk] = []
        """Those that came whole, whatever was answered."""
        self.tries = 0
        self.calls: list[str] = []
        """What was asked of the API, with its parameters."""
        self.deletes: list[Answer] = []
        self.shown: list[str] = []
        """What an instrument for tracing sees of the chunks."""
        self.came = anyio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "mediaupload.example.com":
            self.shown.append(f"{request!r} {request.url} {request.url!r}")
            self.tries += 1
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if callable(answer) and not isinstance(answer, type):
                answer = await answer(request)
            else:
                await self.take(request)
            return _answered(self._usual(request) if answer is None else answer, request)
        return _answered(self._api(request), request)

    async def take(self, request: httpx.Request) -> None:
        """Take the whole body of a chunk."""
        self.chunks.append(Chunk(request, await request.aread()))
        self.came.set()

    @property
    def ranges(self) -> list[str]:
        return [chunk.range for chunk in self.chunks]

    def _usual(self, request: httpx.Request) -> str:
        end, size = request.headers["content-range"].rpartition("-")[2].split("/")
        return MADE if end == size else "ok"

    def _api(self, request: httpx.Request) -> Answer:
        call = request.url.path.rpartition("/")[2].removesuffix(".json")
        query = "&".join(pair for pair in request.url.query.decode().split("&") if not pair.startswith("api_token="))
        self.calls.append(f"{call}?{unquote(query)}" if query else call)
        if call == "asset.delete" and self.deletes:
            refusal = self.deletes.pop(0)
            if isinstance(refusal, type):
                raise refusal("no way", request=request)
            return refusal
        return httpx.Response(200, json={"success": True, "upload_url": self.url})


def _answered(answer: Answer, request: httpx.Request) -> httpx.Response:
    if isinstance(answer, str):
        return httpx.Response(200, text=answer)
    if isinstance(answer, type):
        words = f"hash=CANARY-CAPABILITY%2fa of {UPLOAD_URL}"
        raise answer(words, request=request) if issubclass(answer, httpx.RequestError) else answer(words)
    assert isinstance(answer, httpx.Response)
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@asynccontextmanager
async def uploading(*answers: Answer | None, **options: Any) -> AsyncIterator[tuple[CincopaClient, Host]]:
    """A client, and the host that it uploads to."""
    host = Host(*answers)
    async with CincopaClient(TOKEN, transport=host, **{"retry": QUICK_RETRIES, **options}) as client:
        yield client, host
