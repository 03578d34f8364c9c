"""A look into the file of a store, which changes nothing: what would a claim answer?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ._database import find, hold_of, is_store, record_of
from ._process import Process
from ._protocol import Claim, UploadRecord
from ._rules import verdict


class Look:
    """A connection that only reads. It blocks: nothing for an event loop."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._holds_any = is_store(db)
        self._here = Process.current()

    def verdict(self, key: str) -> tuple[Claim, UploadRecord] | None:
        """Return what :meth:`UploadStore.claim` would, None of an item that is new."""
        row = find(self._db, key) if self._holds_any else None
        if row is None:
            return None
        record = record_of(row)
        return verdict(record.state, hold_of(self._db, row[-1], self._here)), record

    def count(self) -> int:
        """Return how many items there are."""
        if not self._holds_any:
            return 0
        found: int = self._db.execute("SELECT count(*) FROM uploads").fetchone()[0]
        return found


@contextmanager
def looking(path: Path) -> Iterator[Look]:
    """
    Look into the file of a :class:`SqliteStore`.

    Raises:
        ValueError: It is none.
        sqlite3.Error: It cannot be read.
    """
    # Not `mode=ro`: who may only read leaves the two files behind that SQLite has beside a database in use.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as db:
        db.execute("PRAGMA query_only = ON")
        yield Look(db)
