"""What a store remembers of each upload of a batch, and what it can be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from types import TracebackType
from typing import Literal, Protocol, Self, TypeAlias, runtime_checkable

from attrs import frozen

RecordState: TypeAlias = Literal["reserved", "started", "aborting", "completed", "described", "ended"]
"""
How far an item has come: about to be sent, under way at Cincopa, about to be aborted there, uploaded, its metadata set,
over for good or ill.

Each is written when what it tells has happened, but ``reserved`` and ``aborting``: those are written before anything
is sent.
"""
STATES: tuple[RecordState, ...] = ("reserved", "started", "aborting", "completed", "described", "ended")

Claim: TypeAlias = Literal["mine", "busy", "unknown", "ended"]
"""Whose an item is: the caller's from now on, another's, nobody's and perhaps sent, or nobody's because it is over."""


@frozen(kw_only=True)
class StoredError:
    """How an item ended that did not end well: enough to tell it again. Plain values, no URL, no token."""

    kind: str
    """The name of the error's class, such as ``UploadFailedError``."""
    message: str
    """The error's text."""
    status_id: str | None = None
    """The upload, where there was one."""
    status: str | None = None
    """Cincopa's last word on the upload, as it sent it."""
    reason: str | None = None
    """Why the upload failed, in Cincopa's words."""
    status_code: int | None = None
    """The HTTP status, where Cincopa refused a call."""
    call: str | None = None
    """The API call that went wrong, where it was one."""
    maybe_applied: bool = False
    """As the error had it: False only when Cincopa certainly did not act."""


@frozen(kw_only=True)
class UploadRecord:
    """What a store knows of one item."""

    key: str
    """What the item is found by."""
    state: RecordState
    """How far it has come."""
    input: str
    """Its URL without signature parameters, or a file's path."""
    fingerprint: str | None = None
    """Of a file: what it was when it was claimed, so that a changed one is noticed."""
    status_id: str | None = None
    """The upload at Cincopa, once it is known; None for a file's."""
    rid: str | None = None
    """The asset, once it is known."""
    error: StoredError | None = None
    """How it ended, if it did not end well."""
    attempts: int = 1
    """How many times it has been reserved: one more with each :meth:`UploadStore.restart`."""


@runtime_checkable
class UploadStore(Protocol):
    """
    Remembers the items of batches, so that a run that is killed at any point can be done again.

    An item belongs to one owner at a time, which is an opened store. Whoever runs items calls :meth:`renew` in time;
    an owner that does not may lose what it has started to another, and a call about an item that it has lost raises
    LeaseLostError. What is reserved never changes hands, for its owner may be about to send it.

    May be opened several times, also at once; all are one owner, and the last one out closes it. Cancelled,
    :meth:`claim` and :meth:`restart` have changed nothing; each other call is carried out all the same, and then the
    cancellation goes on.
    """

    lease: float
    """Seconds that an owner keeps what it has, counted from the last :meth:`renew`."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it, if nobody else has it open. What it still owns is unknown then where reserved, else free."""
        ...

    async def claim(self, key: str, *, input: str, fingerprint: str | None = None) -> tuple[Claim, UploadRecord]:
        """
        Take an item, if it can be had; of several who ask at once, one gets it.

        - ``mine``: it is the caller's. New, it is ``reserved`` now. Else it is ``started`` or further, to be gone on
          with: its owner has let it go, is dead, or has not renewed its lease.
        - ``busy``: another has it, which may be one who opened this very store.
        - ``unknown``: it was reserved, and its owner is dead, or has let it go so. It may or may not have been sent,
          and remains so until :meth:`restart`.
        - ``ended``: it is over; the record says how.

        Args:
            key: What the item is found by.
            input: Its URL without signature parameters, or a file's path. Kept when the item is new.
            fingerprint: Of a file: its size and the time of its last change. Kept when the item is new, never compared.
        Returns:
            Whose it is, and the record as it is now.
        """
        ...

    async def started(self, key: str, status_id: str | None) -> None:
        """
        Note that Cincopa has taken the upload; of a file (None) that its last bytes are about to be sent.

        Raises LeaseLostError, as the next four do.
        """
        ...

    async def aborting(self, key: str) -> None:
        """Note that an abort of the upload is about to be sent: from now on, that it failed may be our own doing."""
        ...

    async def completed(self, key: str, rid: str) -> None:
        """Note that it has become an asset."""
        ...

    async def described(self, key: str) -> None:
        """Note that the asset's metadata is set."""
        ...

    async def ended(self, key: str, *, rid: str | None = None, error: StoredError | None = None) -> None:
        """Note that it is over; it is nobody's then. A `rid` that was noted before stays if none is given."""
        ...

    async def restart(self, key: str, *, attempts: int, fingerprint: str | None = None) -> UploadRecord:
        """
        Reserve an item once more, and return its record: what it had come to is forgotten.

        Possible where it is the caller's, ended or unknown; `attempts` are those of the record that the caller saw, so
        that of several who saw the same, one does it.

        Raises:
            LeaseLostError: Another has it, or had it meanwhile; or there is no such item.
        """
        ...

    async def release(self, key: str, *, unknown: bool = False) -> None:
        """
        Let go of an item: a ``reserved`` one is forgotten, any other may be gone on with by whoever claims it.

        With `unknown`, a ``reserved`` one is kept instead, and ``unknown`` to whoever claims it: it may have been sent.
        Nothing happens if it is not the caller's.
        """
        ...

    async def renew(self) -> None:
        """Keep all that is the caller's for another :attr:`lease`. To be called a few times in each."""
        ...

    def records(self, *, states: Collection[RecordState] | None = None) -> AsyncIterator[UploadRecord]:
        """Iterate over all items, or those in `states`, in the order in which they were first claimed."""
        ...

    async def counts(self) -> dict[RecordState, int]:
        """Return how many items are in each state; every state is there."""
        ...
