"""A Cincopa on a socket with an upload that runs until it is aborted, and one that ends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from cincopa_async.testing import FakeCincopa, FakeServer
from tests.conftest import TOKEN
from tests.sockets.helpers import BRIEF, HELD


@pytest.fixture(
    params=[
        pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
        pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
        pytest.param(("trio", {}), id="trio"),
    ]
)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def busy_server() -> Iterator[FakeServer]:
    fake = FakeCincopa(TOKEN)
    fake.add_source(HELD, b"c" * 5_000)
    fake.hold(HELD, after_bytes=2_000)
    fake.add_source(BRIEF, b"d" * 5_000, seconds=0.015)
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(fake.serve()) as server:
        yield server
