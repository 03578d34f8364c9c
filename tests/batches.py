"""Accounts in the process, with inputs for batches, and how batches are run to their end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import httpx

from cincopa_async import CincopaClient, TokenSource, UploadBatch, UploadOutcome, UploadStore
from cincopa_async.stores import MemoryStore, SqliteStore
from cincopa_async.testing import FakeCincopa
from tests.conftest import TOKEN
from tests.quick import QUICK_POLLS, QUICK_RETRIES, links

Store: TypeAlias = Callable[[], UploadStore]


def store_of(kind: str, folder: Path) -> Store:
    """What opens the store of a program, in each of its lives."""
    if kind == "sqlite":
        return lambda: SqliteStore(folder / "runs.db")
    memory = MemoryStore()
    return lambda: memory


def fake_with(count: int, *, seconds: float = 0.0, signatures: str = "1", **options: Any) -> FakeCincopa:
    """An account, and that many inputs."""
    fake = FakeCincopa(TOKEN, **options)
    for signature in signatures:
        for url in links(count, signature):
            fake.add_source(url, url.encode() * 10, content_type="video/mp4", seconds=seconds)
    return fake


@asynccontextmanager
async def account(count: int = 10, *, client: dict[str, Any] | None = None, **options: Any) -> AsyncIterator[Account]:
    """An account in the process, with that many inputs, and a client that polls and retries without waiting."""
    fake = fake_with(count, **options)
    quick = {"poll": QUICK_POLLS, "retry": QUICK_RETRIES, **(client or {})}
    async with fake, fake.client(**quick) as cincopa:
        yield Account(fake, cincopa)


class Account:
    """A fake, and a client of it."""

    def __init__(self, fake: FakeCincopa, cincopa: CincopaClient) -> None:
        self.fake = fake
        self.cincopa = cincopa

    async def upload(self, items: Any, **options: Any) -> list[UploadOutcome]:
        """Upload all, and return the outcomes as they came."""
        async with self.cincopa.upload_many(items, **options) as batch:
            return await outcomes_of(batch)


def client_with(fake: FakeCincopa, token: str | TokenSource) -> CincopaClient:
    """A client in the process with a token of its own."""
    transport = httpx.ASGITransport(app=fake)
    return CincopaClient(
        token, base_url="http://cincopa.test/v2/", transport=transport, poll=QUICK_POLLS, retry=QUICK_RETRIES
    )


async def outcomes_of(batch: UploadBatch) -> list[UploadOutcome]:
    return [outcome async for outcome in batch]


async def until_started(account: Account, count: int) -> None:
    """Poll until that many uploads have been started, or fail after ten seconds."""
    with anyio.fail_after(10):
        while account.fake.counts.uploads_started < count:  # noqa: ASYNC110 - the fake tells nobody
            await anyio.sleep(0.001)


async def until_called(account: Account, call: str, count: int) -> None:
    """Poll until a call has come in that many times, or fail after ten seconds."""
    with anyio.fail_after(10):
        while account.fake.counts.requests[call] < count:  # noqa: ASYNC110 - the fake tells nobody
            await anyio.sleep(0.001)
