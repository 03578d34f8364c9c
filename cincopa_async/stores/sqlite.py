"""A store in a file, safe for several processes of one machine."""

from __future__ import annotations

import os

from ._database import Database
from ._durable import DurableStore
from ._rules import checked_lease


class SqliteStore(DurableStore):
    """
    An :class:`UploadStore` in one SQLite file, for several processes of one machine; made when it is not there yet.

    What is written survives a kill of the process at any point, and a loss of power. While it is open, SQLite keeps two
    more files beside it, named like it with ``-wal`` and ``-shm`` behind; they belong to it.

    Args:
        path: The file, on a disk of this machine: SQLite's write-ahead log works on no network drive.
        lease: Seconds that an owner keeps what it has, counted from the last :meth:`renew`.
    Raises:
        ValueError: `path` is no store, or SQLite cannot share it; also when it is opened.
        sqlite3.Error: The file cannot be opened, read or written; from every method.
    """

    def __init__(self, path: str | os.PathLike[str], *, lease: float = 60.0) -> None:
        self._path = os.fspath(path)
        if not self._path or self._path.startswith((":memory:", "file:")):
            raise ValueError("path must be that of a file; MemoryStore keeps nothing on disk")
        super().__init__(Database(self._path, checked_lease(lease)), float(lease))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"
