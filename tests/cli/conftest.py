"""Fixtures of the command line."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import anyio
import pytest

from cincopa_async.testing import FakeCincopa, FakeServer
from tests.cli.processes import Start, start_command
from tests.conftest import TOKEN


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `python -m cincopa_async` with arguments; what is still running at the end of the test is killed."""
    with ExitStack() as processes:

        def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
            process = processes.enter_context(start_command(*arguments, **options))
            processes.callback(process.kill)
            return process

        yield start


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """An account on a socket, where the commands find it."""
    serving = FakeCincopa(TOKEN).serve()
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(serving) as server:
        monkeypatch.setenv("CINCOPA_BASE_URL", server.base_url)
        monkeypatch.setenv("CINCOPA_API_TOKEN", server.api_token)
        yield server


@pytest.fixture
def fake(server: FakeServer) -> FakeCincopa:
    """That account."""
    return server.fake
