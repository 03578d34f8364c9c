"""Where stores keep their items, so that each test of the suite runs with every kind of them."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Protocol

import redis

from cincopa_async.stores import MemoryStore, RedisStore, SqliteStore, UploadStore


class Home(Protocol):
    """A place where stores keep their items."""

    def store(self) -> UploadStore:
        """Another owner of the same items; in memory the same one."""
        ...

    def lapse(self) -> None:
        """Let the lease of all owners be over."""
        ...


class Memory:
    def __init__(self) -> None:
        self._store = MemoryStore()

    def store(self) -> UploadStore:
        return self._store

    def lapse(self) -> None:
        """Here no lease is ever over."""


class File:
    def __init__(self, path: Path) -> None:
        self.path = path

    def store(self) -> UploadStore:
        return SqliteStore(self.path)

    def lapse(self) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.execute("UPDATE owners SET lease_until = 0")


class Redis:
    def __init__(self, url: str) -> None:
        self.url = url
        self.prefix = f"test-{uuid.uuid4().hex}"

    def store(self) -> UploadStore:
        return RedisStore(self.url, prefix=self.prefix)

    def lapse(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            for key in client.scan_iter(f"{self.prefix}:owner:*"):
                client.delete(key)
