"""What is a server's own: what it is named by, what it works on, and answers that are lost."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
import redis
import trio

from cincopa_async import LeaseLostError, UploadStore, stores
from cincopa_async.stores import RedisStore
from cincopa_async.stores._server import Server
from tests.stores.homes import Redis

URL = "https://example.com/cat.mp4"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def place(redis_url: str) -> Redis:
    return Redis(redis_url)


def test_what_the_store_lacks_itself_is_not_told_as_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a broken install is not sent to install what is there."""
    monkeypatch.delitem(sys.modules, "cincopa_async.stores.redis")
    monkeypatch.setitem(sys.modules, "cincopa_async.stores._server", None)

    with pytest.raises(ModuleNotFoundError, match="_server"):
        importlib.import_module("cincopa_async.stores.redis")


@pytest.mark.anyio
async def test_reserved_item_of_an_owner_whose_lease_is_over_is_unknown(place: Redis) -> None:
    """Nobody can look at a process on another machine."""
    async with place.store() as store, place.store() as other:
        await store.claim("cat", input=URL)
        place.lapse()

        assert (await other.claim("cat", input=URL))[0] == "unknown"


@pytest.mark.anyio
async def test_step_whose_answer_was_lost_is_done_once(place: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent again, as a client does whose connection broke, and must not find itself in the way."""
    send = redis.asyncio.Redis.execute_command

    async def twice(self: redis.asyncio.Redis, *arguments: object, **options: object) -> object:
        await send(self, *arguments, **options)
        return await send(self, *arguments, **options)

    monkeypatch.setattr(redis.asyncio.Redis, "execute_command", twice)
    async with place.store() as store:
        claim, _ = await store.claim("cat", input=URL)
        await store.started("cat", "42")
        await store.ended("cat", rid="A4")
        record = await store.restart("cat", attempts=1)
        await store.release("cat")
        counts = await store.counts()

    assert claim == "mine"
    assert (record.state, record.attempts) == ("reserved", 2)
    assert set(counts.values()) == {0}


@pytest.mark.anyio
async def test_restart_of_what_another_has_by_now_is_not_taken_back(place: Redis) -> None:
    """Its owner was late, and it is not for it to say any more."""
    async with place.store() as store, place.store() as other:
        await store.claim("cat", input=URL)
        steps = Server(place.url, place.prefix, 60.0)
        await steps.open()
        place.lapse()
        _, before = await steps.restart("cat", 1, None)
        place.lapse()
        await other.restart("cat", attempts=2)
        await steps.put_back(before)
        await steps.close()

        assert (await other.counts())["reserved"] == 1
        with pytest.raises(LeaseLostError):
            await store.started("cat", "42")


def test_on_trio_it_says_where_it_works(redis_url: str) -> None:
    """redis-py knows asyncio alone."""
    store = RedisStore(redis_url)

    with pytest.raises(RuntimeError, match="RedisStore works on asyncio alone"):
        trio.run(store.__aenter__)


@pytest.mark.parametrize("url", ["", "http://h", "redis://user:CANARY-SIGNATURE/x@h", "redis://h:CANARY-SIGNATURE"])
def test_url_that_names_no_server_is_refused(url: str) -> None:
    """The text does not repeat it, for it may hold a password."""
    with pytest.raises(ValueError, match="url must be that of a Redis server") as caught:
        RedisStore(url)

    assert "CANARY" not in f"{caught.value}{caught.value.__context__}"


def test_repr_shows_no_password() -> None:
    """It shows what tells one store from another."""
    assert repr(RedisStore("redis://:CANARY-SIGNATURE@h", prefix="a")) == "RedisStore(prefix='a')"


def test_prefix_must_not_be_empty() -> None:
    """Its keys would be among those of others."""
    with pytest.raises(ValueError, match="prefix must not be empty"):
        RedisStore("redis://h", prefix="")


@pytest.mark.parametrize(
    ("missing", "text"),
    [("redis", 'pip install "cincopa-async[redis]"'), ("cincopa_async._finish", "No module named 'cincopa_async._f")],
)
def test_without_the_extra_it_says_what_is_missing(missing: str, text: str) -> None:
    """All else of the package works; a fault of another kind is told as it is."""
    program = f"""
import sys
import cincopa_async.stores
sys.modules.pop("cincopa_async.stores._server", None)
sys.modules[{missing!r}] = None
from cincopa_async.stores import MemoryStore, SqliteStore
from cincopa_async.stores import RedisStore
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, text=True)

    assert ran.returncode == 1
    assert text in ran.stderr.replace("import of cincopa_async._f", "No module named 'cincopa_async._f")


def test_all_lists_the_stores() -> None:
    """Those that are only looked for when they are asked for, too; what is not there is told as ever."""
    assert {"MemoryStore", "RedisStore", "SqliteStore", "UploadStore"} <= set(stores.__all__)
    assert all(hasattr(stores, name) for name in stores.__all__)
    assert stores.UploadStore is UploadStore
    with pytest.raises(AttributeError, match="'gone'"):
        _ = stores.gone
