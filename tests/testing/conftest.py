"""A fake on a socket, and a plain HTTP client to ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from cincopa_async.testing import FakeCincopa, FakeServer
from tests.testing.helpers import Asker
from tests.transports import no_certificates


@pytest.fixture
def fake() -> FakeCincopa:
    return FakeCincopa()


@pytest.fixture
async def server(fake: FakeCincopa) -> AsyncIterator[FakeServer]:
    async with fake.serve() as server:
        yield server


@pytest.fixture
async def ask(server: FakeServer) -> AsyncIterator[Asker]:
    """Asks the fake on its socket."""
    async with httpx.AsyncClient(base_url=server.base_url, timeout=30, verify=no_certificates()) as http:
        yield Asker(http, server.api_token)


@pytest.fixture
async def ask_in_process(fake: FakeCincopa) -> AsyncIterator[Asker]:
    """Asks the fake without a socket."""
    async with fake, httpx.AsyncClient(transport=httpx.ASGITransport(app=fake), base_url="http://x.test/v2/") as http:
        yield Asker(http, fake.api_token)
