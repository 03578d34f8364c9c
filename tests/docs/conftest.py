"""What the documents and the examples run against: a Cincopa on a socket, named by the environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from cincopa_async.testing import FakeCincopa, FakeServer
from tests.conftest import TOKEN

ROOT = Path(__file__).parents[2]
SOURCES = {
    "https://example.com/cat.mp4": 200,
    "https://example.com/dog.mp4": 200,
    "https://example.com/missing.mp4": 404,
}
"""The inputs that the documents name, and the HTTP status that each answers."""


@pytest.fixture
def fake() -> FakeCincopa:
    """An account, and the inputs of the documents."""
    fake = FakeCincopa(TOKEN)
    for url, status in SOURCES.items():
        fake.add_source(url, url.encode() * 10_000, status=status, content_type="video/mp4")
    return fake


@pytest.fixture
def server(fake: FakeCincopa, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """The account on a socket, where `CincopaClient()` finds it."""
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(fake.serve()) as server:
        monkeypatch.setenv("CINCOPA_BASE_URL", server.base_url)
        monkeypatch.setenv("CINCOPA_API_TOKEN", server.api_token)
        monkeypatch.setenv("HOOK_SECRET", "own-secret")
        yield server
