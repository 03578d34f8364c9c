"""
Stores that remember what became of each upload of a batch, so that a run which was killed can be done again.

:class:`MemoryStore` lasts as long as the process, :class:`SqliteStore` is a file, :class:`RedisStore` (extra ``redis``)
is a server that workers on several machines share. All are an :class:`UploadStore`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cincopa_async._lazy import lazily

from ._protocol import Claim, RecordState, StoredError, UploadRecord, UploadStore

if TYPE_CHECKING:
    from .memory import MemoryStore
    from .redis import RedisStore
    from .sqlite import SqliteStore
else:
    # A plain install has no redis and never looks for it. Whoever has it pays for its import when the name is imported,
    # and not when a store is made: that may be in an event loop, which an import holds up.
    __getattr__, __dir__ = lazily(
        __name__, {"memory": ("MemoryStore",), "redis": ("RedisStore",), "sqlite": ("SqliteStore",)}
    )

__all__ = [
    "Claim",
    "MemoryStore",
    "RecordState",
    "RedisStore",
    "SqliteStore",
    "StoredError",
    "UploadRecord",
    "UploadStore",
]
