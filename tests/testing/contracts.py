"""Runs of all trials against a fake, in the process and in virtual time: nothing is sent, and nobody waits."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import Any, TypeAlias
from unittest.mock import patch

import httpx
import trio
from trio.testing import MockClock

from cincopa_async import CincopaClient
from cincopa_async.testing import FakeCincopa
from cincopa_async.testing._contract import Value
from cincopa_async.testing._deliveries import Fetcher
from cincopa_async.testing._trials import Finding, check_contract
from cincopa_async.testing._trials._listener import Came, Hook
from cincopa_async.testing._trials._pulls import MISSING, SILENT

Change: TypeAlias = Callable[[str, Mapping[str, str], dict[str, Any]], object]

SOURCE = "https://example.com/clip.mp4"
HOOK = "https://example.com/hook"


def tried(
    contract: Mapping[str, Value] | None = None,
    *,
    fake: FakeCincopa | None = None,
    token: str | None = None,
    change: Change | None = None,
) -> dict[str, Finding]:
    """
    Make a run against a fake of that contract, or the one given, and return what was found of each fact.

    `change` is called with each call, its parameters and its answer, and returns what is answered in its place.
    """
    fake = fake or FakeCincopa(contract=contract)
    fake.add_source(SOURCE, b"cincopa async", content_type="video/mp4", seconds=1)
    fake.add_source(MISSING, b"", status=404)
    fake.add_source(SILENT, b"", seconds=1_000_000)

    async def run() -> list[Finding]:
        transport = _Changing(fake, change) if change else httpx.ASGITransport(app=fake)
        async with (
            fake,
            CincopaClient(token or fake.api_token, base_url="http://cincopa.test/v2/", transport=transport) as client,
        ):
            return await check_contract(client, source=SOURCE, hook_url=HOOK, hook_port=1)

    with _hooks_in_process():
        return {finding.fact.id: finding for finding in trio.run(run, clock=MockClock(autojump_threshold=0))}


class _Changing(httpx.ASGITransport):
    """Answers as the fake does, but for what a test makes of it."""

    def __init__(self, fake: FakeCincopa, change: Change) -> None:
        super().__init__(app=fake)
        self._change = change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if response.headers.get("content-type") != "application/json" and "iframe" not in request.url.path:
            return response
        text = (await response.aread()).decode()
        body = json.loads(text) if text.startswith("{") else {"page": text}
        call = request.url.path.rpartition("/")[2].removesuffix(".json")
        changed = self._change(call, dict(request.url.params), dict(body))
        if changed == body:
            return httpx.Response(response.status_code, text=text)
        status = response.status_code if isinstance(changed, dict) else 200
        return httpx.Response(status, text=json.dumps(changed))


@contextmanager
def _hooks_in_process() -> Iterator[None]:
    """Let what is sent to hooks be received without a socket: real ones know nothing of virtual time."""
    came: list[Came] = []

    @asynccontextmanager
    async def listening(_: Hook) -> AsyncIterator[list[Came]]:
        yield came

    @asynccontextmanager
    async def opened(_: Fetcher, url: str, content: bytes, headers: Mapping[str, str]) -> AsyncIterator[object]:
        came.append(Came(httpx.URL(url).raw_path.decode(), tuple(headers.items()), content))
        yield SimpleNamespace(status=200)

    with patch.object(Hook, "check"), patch.object(Hook, "listening", listening), patch.object(Fetcher, "open", opened):
        yield
