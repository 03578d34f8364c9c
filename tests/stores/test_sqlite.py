"""What is a file's own: what it may be, and owners that can be looked at."""

from __future__ import annotations

import functools
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cincopa_async.stores import SqliteStore
from tests.stores.homes import File

URL = "https://example.com/cat.mp4"


@pytest.fixture
def file(kind: str, tmp_path: Path) -> File:
    return File(tmp_path / "runs.db")


@pytest.mark.anyio
async def test_reserved_item_of_a_late_owner_stays_its_own(file: File) -> None:
    """It runs, so it may be about to send it."""
    async with file.store() as store, file.store() as other:
        await store.claim("cat", input=URL)
        file.lapse()

        assert (await other.claim("cat", input=URL))[0] == "busy"


@pytest.mark.anyio
@pytest.mark.parametrize(("late", "claim"), [(False, "busy"), (True, "unknown")])
async def test_owner_that_cannot_be_looked_at_is_dead_when_its_lease_is_over(
    file: File, late: bool, claim: str
) -> None:
    """As one in another container is: else nobody would ever tell what became of its items."""
    async with file.store() as store, file.store() as other:
        await store.claim("cat", input=URL)
        change(file, "UPDATE owners SET namespace = 'another'")
        if late:
            file.lapse()

        assert (await other.claim("cat", input=URL))[0] == claim


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when the machine started")
async def test_owner_that_is_dead_for_certain_loses_all_at_once(file: File) -> None:
    """Its lease need not be over; whoever opens the file strikes it off."""
    async with file.store() as store, file.store() as other:
        await store.claim("cat", input=URL)
        await store.claim("dog", input=URL)
        await store.started("dog", "42")
        change(file, "UPDATE owners SET boot = 'another'")
        claims = [(await other.claim(key, input=URL))[0] for key in ("cat", "dog")]
        async with file.store():
            pass

        with closing(sqlite3.connect(file.path)) as db:
            left = db.execute("SELECT count(*) FROM owners").fetchone()[0]
    assert claims == ["unknown", "mine"]
    assert left == 0


@pytest.mark.parametrize("path", ["", ":memory:", "file:runs.db?mode=memory"])
def test_path_must_be_a_file(path: str) -> None:
    """What SQLite keeps in memory nobody else sees."""
    with pytest.raises(ValueError, match="path must be that of a file"):
        SqliteStore(path)


@pytest.mark.parametrize("lease", [0, 0.9, 86_401, float("nan")])
def test_lease_must_be_a_time_to_live(lease: float) -> None:
    """One that is over before it can be renewed makes owners of everybody."""
    with pytest.raises(ValueError, match="lease must be"):
        SqliteStore("runs.db", lease=lease)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("statement", "text"),
    [("CREATE TABLE cats (name TEXT)", "something else"), ("PRAGMA user_version = 2", "another one made this")],
)
async def test_file_of_something_else_is_refused(file: File, statement: str, text: str) -> None:
    """It is left as it is, and can be opened again when it is right."""
    if "version" in statement:
        async with file.store():
            pass
    change(file, statement)
    for _ in range(2):
        with pytest.raises(ValueError, match=text):
            await file.store().__aenter__()


@pytest.mark.anyio
async def test_place_where_sqlite_cannot_share_a_file_is_refused(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a network drive, where it keeps no log ahead."""

    class Unshared(sqlite3.Connection):
        def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:
            return super().execute("SELECT 'delete'" if "journal_mode" in sql else sql, *arguments)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **options: connect(path, factory=Unshared, **options))

    with pytest.raises(ValueError, match="path must be a file on a disk of this machine"):
        await file.store().__aenter__()


@pytest.mark.anyio
async def test_fault_on_opening_leaves_it_closed(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be opened again when the fault is gone."""
    async with file.store():
        pass
    change(file, "ALTER TABLE owners RENAME TO gone")
    store = file.store()
    with pytest.raises(sqlite3.OperationalError):
        await store.__aenter__()
    change(file, "ALTER TABLE gone RENAME TO owners")

    async with store:
        assert sum((await store.counts()).values()) == 0


@pytest.mark.anyio
async def test_fault_in_the_middle_of_a_step_leaves_nothing_of_it(file: File) -> None:
    """The disk may be full; the next step finds all as it was."""
    async with file.store() as store:
        change(file, "CREATE TRIGGER full BEFORE INSERT ON uploads BEGIN SELECT RAISE(FAIL, 'full'); END")
        with pytest.raises(sqlite3.DatabaseError, match="full"):
            await store.claim("cat", input=URL)
        change(file, "DROP TRIGGER full")

        assert (await store.claim("cat", input=URL))[0] == "mine"


@pytest.mark.anyio
async def test_error_that_a_later_version_wrote_is_read(file: File) -> None:
    """What is not known is left out."""
    async with file.store() as store:
        await store.claim("cat", input=URL)
        await store.ended("cat")
        change(file, """UPDATE uploads SET error = '{"kind": "A", "message": "b", "new": 1}'""")
        _, record = await store.claim("cat", input=URL)

    assert record.error is not None
    assert (record.error.kind, record.error.message) == ("A", "b")


def test_repr_names_the_file() -> None:
    """It is what a log is looked through for."""
    assert repr(SqliteStore("runs.db")) == "SqliteStore('runs.db')"


def change(file: File, statement: str) -> None:
    with closing(sqlite3.connect(file.path, isolation_level=None)) as db:
        db.execute(statement)


@pytest.mark.anyio
async def test_new_file_that_another_is_making_is_waited_for(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that are started together meet no locked file: SQLite does not wait there by itself."""
    refusals = iter([sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY])

    class Contended(sqlite3.Connection):
        def execute(self, sql: str, /, *args: Any) -> sqlite3.Cursor:
            if "journal_mode" in sql and (code := next(refusals, None)) is not None:
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = code
                raise error
            return super().execute(sql, *args)

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Contended))
    async with SqliteStore(tmp_path / "new.db") as store:
        assert (await store.counts())["ended"] == 0

    assert next(refusals, None) is None


@pytest.mark.anyio
async def test_new_file_that_stays_locked_is_told_in_the_end(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever for one who keeps it to himself."""
    monkeypatch.setattr("cincopa_async.stores._database._BUSY_TIMEOUT", 0.0)
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")

        with pytest.raises(sqlite3.OperationalError, match="locked"):
            async with SqliteStore(path):
                pass
