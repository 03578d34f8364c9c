"""The store of an upload: a file that knows the run before, if that is meant."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from sqlite3 import Error as SqliteError

from attrs import frozen

from cincopa_async import LeaseLostError
from cincopa_async._stored_errors import restored
from cincopa_async.cli._remote import UsageError
from cincopa_async.cli._report import State, state_of
from cincopa_async.stores import Claim, SqliteStore, UploadRecord
from cincopa_async.stores._look import Look, looking


@frozen(kw_only=True)
class Memory:
    """What an upload is to remember, and what it is to make of what it finds."""

    path: Path | None = None
    resume: bool = False
    retry_failed: bool = False
    restart_unknown: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether a run that was before is meant."""
        return self.resume or self.retry_failed or self.restart_unknown

    def check(self) -> None:
        """
        Refuse to go on with nothing.

        Raises:
            UsageError: What is to be gone on with has no file.
        """
        if self.path is None and self.goes_on:
            raise UsageError("--resume, --retry-failed and --restart-unknown need the --store of the earlier run")

    def check_meant(self, count: int) -> None:
        """
        Refuse to take an earlier run for a new one.

        Raises:
            UsageError: There are items, and nobody spoke of an earlier run.
        """
        if count and not self.goes_on:
            raise UsageError(f"{self.path} knows {count:,} items of an earlier run: --resume goes on with it")


def end_of(record: UploadRecord) -> State:
    """Say in the report's word how an item of the store has ended."""
    if record.error is not None:
        return state_of(restored(record.error))
    return "unknown" if record.rid is None else "completed"


def may_retry(record: UploadRecord) -> bool:
    """Say whether nothing can have come of an item that has ended: what may be there would be made twice."""
    return record.rid is None and end_of(record) in ("failed", "aborted")


class RetryingStore(SqliteStore):
    """A store in which what has certainly failed is to be done again."""

    async def claim(self, key: str, *, input: str, fingerprint: str | None = None) -> tuple[Claim, UploadRecord]:
        """Take an item, also one that has certainly failed: it is reserved anew."""
        claim, record = await super().claim(key, input=input, fingerprint=fingerprint)
        if claim != "ended" or not may_retry(record):
            return claim, record
        try:
            return "mine", await self.restart(key, attempts=record.attempts, fingerprint=fingerprint)
        except LeaseLostError:  # Another process was quicker, and has it now.
            return "busy", record


@contextmanager
def look_into_store(memory: Memory) -> Iterator[Look | None]:
    """
    Look into the store, if there is one: none is made.

    Raises:
        UsageError: It cannot be read, or holds an earlier run that nobody spoke of.
    """
    if memory.path is None or not memory.path.exists():
        yield None
        return
    with ExitStack() as stack:
        try:
            look = stack.enter_context(looking(memory.path))
            memory.check_meant(look.count())
        except (SqliteError, ValueError) as error:
            raise UsageError(f"{memory.path}: {error}") from None
        yield look


@asynccontextmanager
async def open_store(memory: Memory) -> AsyncIterator[SqliteStore | None]:
    """
    Open the store, if there is to be one.

    Raises:
        UsageError: It cannot be opened, or holds an earlier run that nobody spoke of.
    """
    if memory.path is None:
        yield None
        return
    kind = RetryingStore if memory.retry_failed else SqliteStore
    try:
        store = await kind(memory.path).__aenter__()
    except (SqliteError, ValueError) as error:
        raise UsageError(f"{memory.path}: {error}") from None
    try:
        memory.check_meant(sum((await store.counts()).values()))
        yield store
    finally:
        await store.__aexit__(None, None, None)
