"""The Redis server of a store, step by step. The only room that imports redis, which the extra of that name brings."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Collection
from typing import Any, Final, TypeAlias, cast

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from cincopa_async._finish import on_asyncio
from cincopa_async.errors import LeaseLostError

from . import _scripts
from ._protocol import STATES, Claim, RecordState, StoredError, UploadRecord
from ._rules import NOT_OPEN
from ._stored import error_from_text, error_to_text

_TIMEOUT: Final = 10.0
"""Seconds that a connection, or an answer, is waited for."""
_CONNECTIONS: Final = 8

Fields: TypeAlias = dict[str, str]
"""An item with all its fields; none of them is None."""


class Server:
    """One owner's connections to the server."""

    def __init__(self, url: str, prefix: str, lease: float) -> None:
        self._url = _checked_url(url)
        self._prefix = prefix
        self._lease = str(int(lease * 1000))
        self._opened = 0
        self._redis: redis.asyncio.Redis | None = None
        self._owner = ""
        self._marks = itertools.count()

    async def open(self) -> None:
        if not on_asyncio():
            raise RuntimeError("RedisStore works on asyncio alone, for redis-py does; on trio take SqliteStore")
        if not self._opened:
            # A step that meets a lost connection is sent again, as its mark allows.
            pool = redis.asyncio.BlockingConnectionPool.from_url(
                self._url,
                max_connections=_CONNECTIONS,
                timeout=None,
                decode_responses=True,
                socket_timeout=_TIMEOUT,
                socket_connect_timeout=_TIMEOUT,
                retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), 3),
                retry_on_error=[RedisConnectionError, RedisTimeoutError],
            )
            self._redis = redis.asyncio.Redis.from_pool(pool)
            self._owner = uuid.uuid4().hex
        self._opened += 1

    async def close(self) -> None:
        self._opened -= 1
        if self._opened or self._redis is None:
            return
        client, self._redis = self._redis, None
        try:
            await client.delete(self._key("owner", self._owner))
        finally:
            await client.aclose()
            await client.connection_pool.disconnect()

    async def claim(self, key: str, input: str, fingerprint: str | None) -> tuple[Claim, UploadRecord]:
        claim, fields = await self._run(_scripts.CLAIM, key, key, input, fingerprint or "")
        return claim, _record(_fields(fields))

    async def note(
        self, key: str, state: RecordState, status_id: str | None, rid: str | None, error: StoredError | None
    ) -> None:
        changes = {"status_id": status_id, "rid": rid, "error": error_to_text(error)}
        told = itertools.chain.from_iterable((name, value) for name, value in changes.items() if value is not None)
        _unless_lost(await self._run(_scripts.NOTE, key, state, *told), status_id)

    async def restart(self, key: str, attempts: int, fingerprint: str | None) -> tuple[UploadRecord, Fields]:
        _, after, before = _unless_lost(await self._run(_scripts.RESTART, key, str(attempts), fingerprint or ""), None)
        return _record(_fields(after)), _fields(before)

    async def put_back(self, before: Fields) -> None:
        await self._run(_scripts.PUT_BACK, before["key"], *itertools.chain.from_iterable(before.items()))

    async def release(self, key: str, *, unknown: bool = False) -> None:
        await self._run(_scripts.RELEASE, key, "unknown" if unknown else "")

    async def renew(self) -> None:
        await self._run(_scripts.RENEW)

    async def page(self, after: int, length: int, states: Collection[RecordState]) -> list[tuple[int, UploadRecord]]:
        rows = map(_fields, await self._run(_scripts.PAGE, None, str(after), str(length)))
        return [(int(row["number"]), _record(row)) for row in rows]

    async def counts(self) -> dict[RecordState, int]:
        found = _fields(await self._run(_scripts.COUNTS))
        return {state: int(found.get(state, 0)) for state in STATES}

    async def _run(self, script: str, key: str | None = None, *arguments: str) -> Any:
        if self._redis is None:
            raise RuntimeError(NOT_OPEN)
        item = "" if key is None else self._key("upload", key)
        keys = [item, *map(self._key, ("index", "number", "counts")), self._key("owner", self._owner)]
        mark = f"{self._owner}-{next(self._marks)}"
        return await self._redis.register_script(script)(
            keys, [self._prefix, self._owner, self._lease, mark, *arguments]
        )

    def _key(self, *names: str) -> str:
        return ":".join([self._prefix, *names])


def _checked_url(url: str) -> str:
    try:
        redis.asyncio.ConnectionPool.from_url(url)
    except ValueError:
        pass
    else:
        return url
    # Outside of the except: the text may quote a password.
    raise ValueError("url must be that of a Redis server: redis://, rediss:// or unix://")


def _fields(flat: list[str]) -> Fields:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _unless_lost(answer: list[Any], status_id: str | None) -> list[Any]:
    if answer[0] == "lost":
        raise LeaseLostError(status_id or answer[1] or None)
    return answer


def _record(fields: Fields) -> UploadRecord:
    return UploadRecord(
        key=fields["key"],
        state=cast("RecordState", fields["state"]),
        input=fields["input"],
        fingerprint=fields["fingerprint"] or None,
        status_id=fields.get("status_id"),
        rid=fields.get("rid"),
        error=error_from_text(fields.get("error")),
        attempts=int(fields["attempts"]),
    )
