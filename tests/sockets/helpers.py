"""What the tests over sockets share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from cincopa_async import CincopaClient
from cincopa_async.testing import FakeServer
from tests.conftest import QUICK_POLLS, QUICK_RETRIES
from tests.transports import no_certificates

HELD = "https://media.example/held.mp4?X-Amz-Signature=CANARY-SIGNATURE"
"""An input whose upload runs until it is aborted."""
BRIEF = "https://media.example/brief.mp4?X-Amz-Signature=CANARY-SIGNATURE"
"""An input whose upload completes by itself after some polls."""


def quick_client(server: FakeServer, **options: Any) -> CincopaClient:
    """A client that polls and retries without waiting."""
    return server.client(**{"poll": QUICK_POLLS, "retry": QUICK_RETRIES, **options})


@asynccontextmanager
async def given_client(server: FakeServer) -> AsyncIterator[CincopaClient]:
    """The same over an httpx client that was given, which is closed at the end."""
    async with (
        httpx.AsyncClient(verify=no_certificates()) as http_client,
        quick_client(server, http_client=http_client) as client,
    ):
        yield client


CLIENTS = pytest.mark.parametrize("make_client", [quick_client, given_client])


async def until(true: Callable[[], bool], what: Callable[[], str]) -> None:
    """Poll until something is true, or fail after ten seconds."""
    with anyio.move_on_after(10):
        while not true():  # noqa: ASYNC110 - what it looks at lives in the thread of the server
            await anyio.sleep(0.001)
        return
    raise AssertionError(what())


async def nothing_runs(server: FakeServer) -> None:
    """No upload is running, and no socket is open."""
    await until(lambda: server.fake.counts.uploads_running == 0, lambda: f"still running: {server.fake.counts}")
    await until(lambda: server.open_connections == 0, lambda: f"still open: {server.open_connections} sockets")
