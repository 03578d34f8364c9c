"""What the stores that outlive a process do alike: each step comes to its end, whoever is cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Coroutine
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias, TypeVar

import anyio.lowlevel

from cincopa_async._finish import Finisher

from ._protocol import Claim, RecordState, StoredError, UploadRecord
from ._rules import checked_key, checked_states

T = TypeVar("T")
Step: TypeAlias = Coroutine[Any, Any, T]

_PAGE = 500


class Steps(Protocol):
    """What a store does where it keeps its items; each step is atomic there. Raises LeaseLostError."""

    def open(self) -> Step[None]: ...

    def close(self) -> Step[None]: ...

    def claim(self, key: str, input: str, fingerprint: str | None) -> Step[tuple[Claim, UploadRecord]]: ...

    def note(
        self, key: str, state: RecordState, status_id: str | None, rid: str | None, error: StoredError | None
    ) -> Step[None]: ...

    def restart(self, key: str, attempts: int, fingerprint: str | None) -> Step[tuple[UploadRecord, Any]]:
        """Return the new record, and what :meth:`put_back` takes."""
        ...

    def put_back(self, before: Any) -> Step[None]:
        """Take a restart back."""
        ...

    def release(self, key: str, *, unknown: bool = False) -> Step[None]: ...

    def renew(self) -> Step[None]: ...

    def page(self, after: int, length: int, states: Collection[RecordState]) -> Step[list[tuple[int, UploadRecord]]]:
        """Return the next items after a number, each with its own, none only at the end; perhaps those in `states`."""
        ...

    def counts(self) -> Step[dict[RecordState, int]]: ...


class DurableStore:
    """An :class:`UploadStore` whose items outlive the process."""

    lease: float
    """Seconds that an owner keeps what it has, counted from the last :meth:`renew`."""

    def __init__(self, steps: Steps, lease: float) -> None:
        self.lease = lease
        self._steps = steps
        # A native cancel of asyncio would leave a step to itself in the middle: what it claims, nobody would have.
        self._finish = Finisher(lambda: None).finish

    async def __aenter__(self) -> Self:
        """Open it; it may be opened several times, also at once."""
        await self._finish(self._steps.open, lambda _: self._steps.close())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it, if nobody else has it open. What it still owns is unknown then where reserved, else free."""
        await self._finish(self._steps.close)

    async def claim(self, key: str, *, input: str, fingerprint: str | None = None) -> tuple[Claim, UploadRecord]:
        """Take an item, if it can be had: see :meth:`UploadStore.claim`."""

        async def undo(claimed: tuple[Claim, UploadRecord]) -> None:
            if claimed[0] == "mine":
                await self._steps.release(key)

        checked_key(key)
        await anyio.lowlevel.checkpoint_if_cancelled()
        return await self._finish(lambda: self._steps.claim(key, input, fingerprint), undo)

    async def started(self, key: str, status_id: str | None) -> None:
        """Note that Cincopa has taken the upload."""
        await self._finish(lambda: self._steps.note(key, "started", status_id, None, None))

    async def aborting(self, key: str) -> None:
        """Note that an abort of the upload is about to be sent."""
        await self._finish(lambda: self._steps.note(key, "aborting", None, None, None))

    async def completed(self, key: str, rid: str) -> None:
        """Note that it has become an asset."""
        await self._finish(lambda: self._steps.note(key, "completed", None, rid, None))

    async def described(self, key: str) -> None:
        """Note that the asset's metadata is set."""
        await self._finish(lambda: self._steps.note(key, "described", None, None, None))

    async def ended(self, key: str, *, rid: str | None = None, error: StoredError | None = None) -> None:
        """Note that it is over; it is nobody's then."""
        await self._finish(lambda: self._steps.note(key, "ended", None, rid, error))

    async def restart(self, key: str, *, attempts: int, fingerprint: str | None = None) -> UploadRecord:
        """Reserve an item once more: see :meth:`UploadStore.restart`."""

        async def undo(restarted: tuple[UploadRecord, Any]) -> None:
            await self._steps.put_back(restarted[1])

        await anyio.lowlevel.checkpoint_if_cancelled()
        record, _ = await self._finish(lambda: self._steps.restart(key, attempts, fingerprint), undo)
        return record

    async def release(self, key: str, *, unknown: bool = False) -> None:
        """Let go of an item: see :meth:`UploadStore.release`."""
        await self._finish(lambda: self._steps.release(key, unknown=unknown))

    async def renew(self) -> None:
        """Keep all that is the caller's for another :attr:`lease`."""
        await self._finish(self._steps.renew)

    async def records(self, *, states: Collection[RecordState] | None = None) -> AsyncIterator[UploadRecord]:
        """Iterate over all items, or those in `states`, in the order in which they were first claimed."""
        wanted = checked_states(states)
        page = await self._page(0, wanted)
        while page:
            for _, record in page:
                if record.state in wanted:
                    yield record
            page = await self._page(page[-1][0], wanted)

    async def counts(self) -> dict[RecordState, int]:
        """Return how many items are in each state; every state is there."""
        return await self._finish(self._steps.counts)

    async def _page(self, after: int, states: Collection[RecordState]) -> list[tuple[int, UploadRecord]]:
        return await self._finish(lambda: self._steps.page(after, _PAGE, states))
