"""The SQLite file of a store, step by step, each in a worker thread: SQLite blocks."""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from cincopa_async.errors import LeaseLostError

from ._process import Process
from ._protocol import STATES, Claim, RecordState, StoredError, UploadRecord
from ._rules import NOT_OPEN, Hold, may_restart, restarted, verdict
from ._stored import error_from_text, error_to_text

P = ParamSpec("P")
T = TypeVar("T")

_APPLICATION: Final = 0x43694370
"""Tells our files from those of other programs; https://www.sqlite.org/pragma.html#pragma_application_id."""
_VERSION: Final = 1
_BUSY_TIMEOUT: Final = 30.0
"""Seconds that a step waits for the other processes' steps, which take milliseconds."""

_OWNERS: Final = """
CREATE TABLE owners (
    id TEXT PRIMARY KEY, lease_until REAL NOT NULL, pid INTEGER NOT NULL, born TEXT, namespace TEXT, boot TEXT
) WITHOUT ROWID
"""
_UPLOADS: Final = """
CREATE TABLE uploads (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, state TEXT NOT NULL, input TEXT NOT NULL, fingerprint TEXT,
    status_id TEXT, rid TEXT, error TEXT, attempts INTEGER NOT NULL, owner TEXT
)
"""
_PUT: Final = "REPLACE INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_NOTE: Final = """
UPDATE uploads SET state = ?, status_id = coalesce(?, status_id), rid = coalesce(?, rid), error = ?, owner = ?
WHERE key = ? AND owner = ?
"""
# No state's name is part of another's.
_PAGE: Final = "SELECT * FROM uploads WHERE number > ? AND instr(?, state) ORDER BY number LIMIT ?"

Row: TypeAlias = tuple[Any, ...]
"""An item with all its columns."""


def in_thread(
    step: Callable[Concatenate[Database, P], T],
) -> Callable[Concatenate[Database, P], Coroutine[Any, Any, T]]:
    """Make a step in a worker thread, one at a time: SQLite lets one write at a time in any case."""

    async def made(self: Database, /, *args: P.args, **kwargs: P.kwargs) -> T:
        def locked() -> T:
            with self._lock:
                return step(self, *args, **kwargs)

        return await anyio.to_thread.run_sync(locked, limiter=self._limiter())

    return made


class Database:
    """One owner's connection to the file."""

    def __init__(self, path: str, lease: float) -> None:
        self._path = path
        self._lease = lease
        self._lock = threading.Lock()
        self._turn: RunVar[anyio.CapacityLimiter] = RunVar("turn")
        self._opened = 0
        self._connection: sqlite3.Connection | None = None
        self._owner = ""
        self._process = Process(pid=0)

    @in_thread
    def open(self) -> None:
        if not self._opened:
            connection = _connect(self._path)
            try:
                self._enter(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        self._opened += 1

    @in_thread
    def close(self) -> None:
        self._opened -= 1
        if self._opened or self._connection is None:
            return
        connection, self._connection = self._connection, None
        try:
            connection.execute("DELETE FROM owners WHERE id = ?", [self._owner])
        finally:
            connection.close()

    @in_thread
    def claim(self, key: str, input: str, fingerprint: str | None) -> tuple[Claim, UploadRecord]:
        db = self._db()
        row = find(db, key)
        if row is not None and record_of(row).state == "ended":
            return "ended", record_of(row)  # A rerun's most frequent answer needs no lock of the file.
        with _writing(db):
            row = find(db, key)
            if row is None:
                record = UploadRecord(key=key, state="reserved", input=input, fingerprint=fingerprint)
                self._put(db, record)
                return "mine", record
            record = record_of(row)
            claim = verdict(record.state, self._hold(db, row[-1]))
            if claim == "mine":
                db.execute("UPDATE uploads SET owner = ? WHERE key = ?", [self._owner, key])
            return claim, record

    @in_thread
    def note(
        self, key: str, state: RecordState, status_id: str | None, rid: str | None, error: StoredError | None
    ) -> None:
        db = self._db()
        owner = None if state == "ended" else self._owner
        values = [state, status_id, rid, error_to_text(error), owner, key, self._owner]
        if not db.execute(_NOTE, values).rowcount:
            row = find(db, key)
            raise LeaseLostError(status_id or (None if row is None else record_of(row).status_id))

    @in_thread
    def restart(self, key: str, attempts: int, fingerprint: str | None) -> tuple[UploadRecord, Row]:
        with _writing(self._db()) as db:
            row = find(db, key)
            if row is None:
                raise LeaseLostError
            record, mine = record_of(row), row[-1] == self._owner
            if record.attempts != attempts or not may_restart(record.state, self._hold(db, row[-1]), mine=mine):
                raise LeaseLostError(record.status_id)
            again = restarted(record, fingerprint)
            self._put(db, again, number=row[0])
            return again, row

    @in_thread
    def put_back(self, before: Row) -> None:
        self._db().execute(_PUT, before)

    @in_thread
    def release(self, key: str, *, unknown: bool = False) -> None:
        with _writing(self._db()) as db:
            if not unknown:
                db.execute("DELETE FROM uploads WHERE key = ? AND owner = ? AND state = 'reserved'", [key, self._owner])
            db.execute("UPDATE uploads SET owner = NULL WHERE key = ? AND owner = ?", [key, self._owner])

    @in_thread
    def renew(self) -> None:
        lease_until = time.time() + self._lease
        self._db().execute("UPDATE owners SET lease_until = ? WHERE id = ?", [lease_until, self._owner])

    @in_thread
    def page(self, after: int, length: int, states: Collection[RecordState]) -> list[tuple[int, UploadRecord]]:
        rows = self._db().execute(_PAGE, [after, " ".join(states), length])
        return [(row[0], record_of(row)) for row in rows]

    @in_thread
    def counts(self) -> dict[RecordState, int]:
        found = dict(self._db().execute("SELECT state, count(*) FROM uploads GROUP BY state").fetchall())
        return {state: found.get(state, 0) for state in STATES}

    def _limiter(self) -> anyio.CapacityLimiter:
        """Return that of the event loop that asks: one serves no other."""
        try:
            return self._turn.get()
        except LookupError:
            limiter = anyio.CapacityLimiter(1)
            self._turn.set(limiter)
            return limiter

    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError(NOT_OPEN)
        return self._connection

    def _enter(self, db: sqlite3.Connection) -> None:
        """Sign on as a new owner, and strike those off that are dead for certain."""
        owner, here = uuid.uuid4().hex, Process.current()
        with _writing(db):
            for other, *told in db.execute("SELECT id, pid, born, namespace, boot FROM owners").fetchall():
                if _process(told).is_alive(here) is False:
                    db.execute("DELETE FROM owners WHERE id = ?", [other])
            db.execute(
                "INSERT INTO owners (id, lease_until, pid, born, namespace, boot) VALUES (?, ?, ?, ?, ?, ?)",
                [owner, time.time() + self._lease, here.pid, here.born, here.namespace, here.boot],
            )
        self._owner, self._process = owner, here

    def _hold(self, db: sqlite3.Connection, owner: str | None) -> Hold:
        return "held" if owner == self._owner else hold_of(db, owner, self._process)

    def _put(self, db: sqlite3.Connection, record: UploadRecord, *, number: int | None = None) -> None:
        new = [record.key, record.state, record.input, record.fingerprint, None, None, None, record.attempts]
        db.execute(_PUT, [number, *new, self._owner])


def _connect(path: str) -> sqlite3.Connection:
    # Without an isolation level of its own the module opens no transaction behind one's back.
    db = sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        if _journal_mode(db) != "wal":
            raise ValueError("path must be a file on a disk of this machine, where SQLite can keep a write-ahead log")
        # A process that is killed loses nothing that it has written, whatever this says. A machine that loses its power
        # would: NORMAL leaves the last writes to be flushed later, and one of them may be all that tells of an upload.
        db.execute("PRAGMA synchronous = FULL")
        with _writing(db):
            _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _journal_mode(db: sqlite3.Connection) -> str:
    """Ask for a write-ahead log, and return what there is."""
    deadline = time.monotonic() + _BUSY_TIMEOUT
    while True:
        try:
            return str(db.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            # Of several who open a new file at once one makes the log, and SQLite does not wait for that by itself.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _prepare(db: sqlite3.Connection) -> None:
    if not is_store(db):
        for statement in _OWNERS, _UPLOADS:
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {_APPLICATION}")
        db.execute(f"PRAGMA user_version = {_VERSION}")


def is_store(db: sqlite3.Connection) -> bool:
    """
    Say whether a file is a store, or a new one.

    Raises:
        ValueError: It is something else.
    """
    application, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if application != _APPLICATION:
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise ValueError("path must be a new file or a store; this is a database of something else")
        return False
    if version != _VERSION:
        raise ValueError("path must be a store of this version of cincopa_async; another one made this")
    return True


def hold_of(db: sqlite3.Connection, owner: str | None, here: Process) -> Hold:
    """Say what grip another owner has on an item, as a process that runs `here` can see it."""
    found = db.execute("SELECT lease_until, pid, born, namespace, boot FROM owners WHERE id = ?", [owner])
    row = found.fetchone()
    if row is None:
        return "loose"
    lease_until, *told = row
    alive = _process(told).is_alive(here)
    if alive is False:
        return "loose"
    if time.time() <= lease_until:
        return "held"
    # Where nobody can look, the lease is all there is to go by, as it is for workers on several machines.
    return "lapsed" if alive else "loose"


@contextmanager
def _writing(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Read and write as one step that no other process comes between."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def find(db: sqlite3.Connection, key: str) -> Row | None:
    row: Row | None = db.execute("SELECT * FROM uploads WHERE key = ?", [key]).fetchone()
    return row


def record_of(row: Row) -> UploadRecord:
    _, key, state, input, fingerprint, status_id, rid, error, attempts, _ = row
    return UploadRecord(
        key=key,
        state=state,
        input=input,
        fingerprint=fingerprint,
        status_id=status_id,
        rid=rid,
        error=error_from_text(error),
        attempts=attempts,
    )


def _process(told: list[Any]) -> Process:
    pid, born, namespace, boot = told
    return Process(pid=pid, born=born, namespace=namespace, boot=boot)
