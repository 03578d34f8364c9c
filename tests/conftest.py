"""What all tests share: the backends, a mocked API, a Cincopa on a socket, and an eye on what must not be seen."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import respx
from blockbuster import BlockBuster, blockbuster_ctx

from cincopa_async import CincopaClient
from cincopa_async.testing import FakeCincopa, FakeServer
from tests import transports
from tests.quick import QUICK_POLLS, QUICK_RETRIES

BASE_URL = "https://api.cincopa.com/v2/"
# Odd on purpose: what quotes a token wrongly, or looks for it in one form only, shows itself.
TOKEN = "CANARY/token+with=odd&chars"
CANARIES = (TOKEN, quote(TOKEN, safe=""), "CANARY-SIGNATURE", "CANARY-CAPABILITY")


class CanaryHandler(logging.Handler):
    """Remembers each log record, of any logger at any level, in which a secret stands."""

    def __init__(self) -> None:
        super().__init__(level=logging.NOTSET)
        self.sung: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
            if record.exc_info or record.args:
                text = f"{logging.Formatter().format(record)} {record.args!r}"
        except Exception as error:  # noqa: BLE001 - a record that cannot be formatted is a finding too
            text = f"unprintable: {error!r}"
        if any(canary in text for canary in CANARIES):
            self.sung.append(f"{record.name}: {text}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--transport",
        choices=[transports.OWN, *transports.GIVEN],
        default=transports.OWN,
        help="run the tests over sockets with this in the place of the client's own connections",
    )
    parser.addoption("--cancels", type=int, default=400, help="how many calls are cancelled at random, per transport")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    transports.chosen(config, items)


@pytest.fixture(autouse=True)
def over_the_chosen_transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that are given nothing go over what ``--transport`` says."""
    kind = request.config.getoption("--transport")
    if kind != transports.OWN:
        transports.give_to_all(kind, monkeypatch)


@pytest.fixture(scope="session")
def canary_handler() -> Iterator[CanaryHandler]:
    handler = CanaryHandler()
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    # Their own children and httpx's decide for themselves what is enabled: none may hide below a level.
    for name in ("httpx", "httpx2", "httpcore", "httpcore2", "aiohttp", "cincopa_async", "uvicorn", "asyncio"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)


@pytest.fixture(autouse=True)
def no_secret_is_logged(canary_handler: CanaryHandler) -> Iterator[None]:
    """The token, a signed input and an upload URL's capability stand in no log record of any logger."""
    canary_handler.sung.clear()
    yield
    assert canary_handler.sung == []


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    """Code of the client that blocks the event loop fails the test."""
    with blockbuster_ctx("cincopa_async", excluded_modules=["cincopa_async.testing"]) as blockbuster:
        # Coverage locks its data when it meets a new file; that wait is its own.
        blockbuster.functions["threading.Lock.acquire"].can_block_in("coverage/collector.py", "lock_data")
        # What is read of /proc is in memory: no disk is waited for.
        for function in ("io.TextIOWrapper.read", "os.readlink"):
            blockbuster.functions[function].can_block_in("stores/_process.py", {"_stat", "current"})
        # A recording writes its lines from the loop's thread, and says so.
        blockbuster.functions["os.write"].can_block_in("cincopa_async/testing/_recording.py", "_write")
        yield blockbuster


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def api() -> Iterator[respx.MockRouter]:
    """The API, mocked: each route must be called, and no call may go anywhere else."""
    with respx.mock(base_url=BASE_URL) as router:
        yield router


@pytest.fixture
async def cincopa() -> AsyncIterator[CincopaClient]:
    """A client that polls and retries without waiting."""
    async with CincopaClient(TOKEN, poll=QUICK_POLLS, retry=QUICK_RETRIES) as client:
        yield client


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A Cincopa on a socket."""
    async with FakeCincopa(TOKEN).serve() as server:
        yield server
