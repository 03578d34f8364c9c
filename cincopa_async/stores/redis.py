"""A store on a Redis server, for workers on several machines."""

from __future__ import annotations

from ._durable import DurableStore
from ._rules import checked_lease

try:
    from ._server import Server
except ModuleNotFoundError as _error:
    if (_error.name or "").partition(".")[0] != "redis":
        raise
    raise ImportError('RedisStore needs redis, which is not installed: pip install "cincopa-async[redis]"') from _error


class RedisStore(DurableStore):
    """
    An :class:`UploadStore` on a Redis server, for workers on several machines. On asyncio alone; extra ``redis``.

    An owner counts as dead when its lease is over, for nobody can look at a process on another machine: `lease` is how
    long a worker may be paused. The server must keep what it was told (``appendonly yes``) and evict nothing
    (``maxmemory-policy noeviction``).

    Args:
        url: The server: ``redis://``, ``rediss://`` (TLS) or ``unix://``. Shown nowhere, it may hold a password.
        prefix: What all its keys begin with. Stores that share it share their items.
        lease: Seconds that an owner keeps what it has, counted from its last call.
    Raises:
        RuntimeError: It is opened on trio.
        redis.RedisError: The server did not answer, or refused; from every method. Steps that meet a broken connection
            have been sent again before, so that each is done once.
    """

    def __init__(self, url: str, *, prefix: str = "cincopa", lease: float = 60.0) -> None:
        if not prefix:
            raise ValueError("prefix must not be empty")
        self._prefix = prefix
        super().__init__(Server(url, prefix, checked_lease(lease)), float(lease))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prefix={self._prefix!r})"
