"""`cincopa contract --plan`: what would be sent, call by call. It goes to a fake in memory, and to no network."""

import asyncio
import json
import re
import selectors
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any
from urllib.parse import parse_qsl, unquote

import anyio
import httpx

from cincopa_async import CincopaClient
from cincopa_async.cli._remote import say_row
from cincopa_async.testing import FakeCincopa
from cincopa_async.testing._trials._listener import Came, Hook
from cincopa_async.testing._trials._marks import MARK
from cincopa_async.testing._trials._run import run_trials

SOURCE = "https://source.example/SOURCE"
HOOK = "https://hook.example.invalid/HOOK"
FILE = b"0123456789" * 10
PLACEHOLDERS = {"fid": "FID", "rid": "RID", "status_id": "STATUS_ID"}
"""What stands for the ids that the service makes up, which are numbered as they come."""
_RUN = re.compile(r"none-([0-9a-f]{8})")
_TIME = re.compile(rf"(?<={MARK}[ +])\d{{8}}T\d{{6}}Z")


def print_plan(*, read_only: bool, source: bool, hook: bool) -> int:
    """Print a line for each request: its verb, its call and its parameters, and how often in a row; exit code 0."""
    requests = anyio.run(planned, read_only, source, hook, backend_options={"loop_factory": HastyLoop})
    for row, same in groupby(requests):
        times = len(list(same))
        say_row(*row, *([f"{times} times"] if times > 1 else []))
    return 0


async def planned(read_only: bool, source: bool, hook: bool) -> list[tuple[str, ...]]:  # noqa: FBT001  # anyio.run's
    """Make a run, and give what it has sent."""
    async with FakeCincopa() as fake:
        fake.add_source(SOURCE, FILE, seconds=1)
        overheard = Overheard(fake)
        async with CincopaClient(fake.api_token, base_url="http://cincopa.test/v2/", transport=overheard) as cincopa:
            await cincopa.ping()
            deaf = Deaf(HOOK, 1) if hook else None
            await run_trials(cincopa, read_only=read_only, source=SOURCE if source else None, hook=deaf)
        return overheard.rows()


class Deaf(Hook):
    """A hook that is set, and that nothing comes to."""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[list[Came]]:
        yield []


class Overheard(httpx.ASGITransport):
    """The way to a fake, on which it is noted what goes by."""

    def __init__(self, fake: FakeCincopa) -> None:
        super().__init__(app=fake)
        self._fake = fake
        self._rows: list[tuple[str, ...]] = []
        self._known: dict[str, str] = {}
        """What is made up here, each with what stands for it."""
        self._numbers: dict[str, int] = {}

    def rows(self) -> list[tuple[str, ...]]:
        """Give what was sent, each request as its verb, its call and its parameters."""
        return [tuple(map(self._general, row)) for row in self._rows]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._rows.append(self._row(request))
        response = await self.pass_on(request)
        try:
            answer = json.loads(await response.aread())
        except ValueError:
            return response
        self._learn(answer)
        if request.url.path.endswith("gallery.download.json") and isinstance(answer.get("url"), str):
            self._fake.add_source(answer["url"], FILE, seconds=1)
            self._known[answer["url"]] = "ARCHIVE"
        return response

    async def pass_on(self, request: httpx.Request) -> httpx.Response:
        """Have a request answered."""
        return await super().handle_async_request(request)

    def _row(self, request: httpx.Request) -> tuple[str, ...]:
        if request.url.path == "/post.jpg":
            headers = request.headers
            told = f"{headers['content-length']} bytes of {unquote(headers['x-file-name'])}"
            return request.method, "an upload URL", " ".join([told, headers.get("content-range", "")]).strip()
        query = request.url.raw_path.partition(b"?")[2].decode("ascii")
        params = parse_qsl(query, keep_blank_values=True)
        shown = [(name, value) for name, value in params if name != "api_token"]
        if ("api_token", self._fake.api_token) not in params:
            shown.append(("api_token", "ANOTHER"))
        call = request.url.path.rpartition("/")[2].removesuffix(".json")
        return request.method, call, " ".join(f"{name}={value}" for name, value in shown)

    def _learn(self, answer: Any) -> None:
        match answer:
            case Mapping():
                for name, value in answer.items():
                    if name in PLACEHOLDERS and isinstance(value, str) and value not in self._known:
                        self._numbers[name] = self._numbers.get(name, 0) + 1
                        self._known[value] = f"{PLACEHOLDERS[name]}_{self._numbers[name]}"
                    self._learn(value)
            case list():
                for value in answer:
                    self._learn(value)

    def _general(self, text: str) -> str:
        """Put what stands for it in the place of all that another run would have otherwise."""
        for known, placeholder in sorted(self._known.items(), key=lambda known: -len(known[0])):  # A URL holds ids.
            text = text.replace(known, placeholder)
        text = re.sub(r"process=\S+", "process=PROCESS", _TIME.sub("TIME", text))
        return text.replace(self._run, "RUN")

    @property
    def _run(self) -> str:
        """What the run has called itself: it is in the first id that it asks for and that nobody has."""
        return next(found[1] for row in self._rows if (found := _RUN.search(row[2])))


class HastyLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock goes on to what is due next, as soon as there is nothing else to do."""

    def __init__(self) -> None:
        self._ahead = Ahead()
        super().__init__(self._ahead)

    def time(self) -> float:
        return super().time() + self._ahead.seconds


class Ahead(selectors.DefaultSelector):
    """A selector that does not wait, and adds up how long it should have waited."""

    seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.seconds += max(0.0, timeout)
        return ready
