"""
Stores that remember what became of each upload of a batch, so that a run which was killed can be done again.

:class:`MemoryStore` lasts as long as the process, :class:`SqliteStore` is a file, :class:`RedisStore` (extra ``redis``)
is a server that workers on several machines share. All are an :class:`UploadStore`.
"""

from ._protocol import Claim, RecordState, StoredError, UploadRecord, UploadStore
from .memory import MemoryStore
from .redis import RedisStore
from .sqlite import SqliteStore

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
