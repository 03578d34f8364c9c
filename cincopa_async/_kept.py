"""One upload as its store knows it: what is written down when, so that a run which is killed can be done again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import evolve

from ._calls import Call
from ._stored_errors import restored, stored
from .errors import CincopaError, LeaseLostError, UploadUnknownError
from .jobs import OnCancel
from .models import StartedUpload, UploadState, UploadStatus
from .stores import Claim, UploadRecord, UploadStore
from .stores._keys import without_signature

if TYPE_CHECKING:
    from ._base import BaseClient
    from .jobs import UploadJob

_RUNNING = ("started", "aborting")
"""The states of an item whose upload Cincopa is at, or was."""


def is_unknown(claim: Claim, record: UploadRecord) -> bool:
    """Say whether an item may have been sent, and what became of it was not written down."""
    return claim == "unknown" or (claim == "mine" and record.state == "started" and record.status_id is None)


async def taken(
    client: BaseClient, store: UploadStore, key: str, input: str, on_cancel: OnCancel
) -> tuple[Kept, CincopaError | None]:
    """
    Claim the item of an upload from a URL, and return it, with its error if it has ended so.

    Raises:
        LeaseLostError: Another has it.
        UploadUnknownError: Nobody knows whether it was started.
    """
    claim, record = await store.claim(key, input=without_signature(input))
    if claim == "busy":
        raise LeaseLostError(record.status_id)
    if is_unknown(claim, record):
        if claim == "mine":
            await store.release(key)
        raise UploadUnknownError(record.status_id)
    return Kept(client, store, record, on_cancel), restored(record.error) if record.error is not None else None


class Kept:
    """An item of a store that is ours, or is unknown and will be ours if it is begun anew."""

    def __init__(
        self,
        client: BaseClient,
        store: UploadStore,
        record: UploadRecord,
        on_cancel: OnCancel,
        *,
        is_ours: bool = True,
    ) -> None:
        self._client = client
        self._store = store
        self.record: UploadRecord = record
        self.on_cancel: OnCancel = on_cancel
        """What becomes of an upload whose start is cancelled in flight."""
        self.at_risk: bool = False
        """Whether something has been sent of which nobody knows what became."""
        self._is_ours = is_ours
        self._in_flight = False

    def starts(self, call: Call[StartedUpload]) -> Call[StartedUpload]:
        """Return a start that is written down before anybody can lose its answer."""
        return evolve(call, around=self._around, undo=self._undo)

    async def _around(self, exchange: Callable[[], Awaitable[StartedUpload]]) -> StartedUpload:
        self._in_flight = True
        try:
            return await self._written_down(exchange)
        finally:
            self._in_flight = False

    async def _written_down(self, exchange: Callable[[], Awaitable[StartedUpload]]) -> StartedUpload:
        self.at_risk = True
        try:
            started = await exchange()
        except CincopaError as error:
            self.at_risk = error.maybe_applied
            raise
        try:
            await self.started(started.status_id)
        except Exception:
            # An upload that nobody would find again must not run.
            await self._client.resume_upload(started.status_id)._abort_or_warn()
            raise
        self.at_risk = False
        return started

    async def _undo(self, client: BaseClient, started: StartedUpload) -> None:
        status = None
        if self.on_cancel == "abort":
            job = client.resume_upload(started.status_id)
            self.follow(job)
            await job._abort_or_warn()
            status = job.status
        await self.let_go(status)

    async def started(self, status_id: str | None) -> None:
        """Note that Cincopa has taken the upload; None: that the last bytes of a file are about to be sent."""
        await self._store.started(self.record.key, status_id)
        self.record = evolve(self.record, state="started", status_id=status_id)

    def follow(self, job: UploadJob) -> None:
        """Have the job of its upload note an abort before it is sent, and know of one that was noted before."""
        job._keep_with(self.aborting, aborted=self.record.state == "aborting")

    async def aborting(self) -> None:
        """Note that an abort of its upload is about to be sent."""
        await self._store.aborting(self.record.key)
        self.record = evolve(self.record, state="aborting")

    async def completed(self, rid: str) -> None:
        """Note that it has become an asset."""
        await self._store.completed(self.record.key, rid)
        self.record = evolve(self.record, state="completed", rid=rid)

    async def left(self, rid: str | None) -> None:
        """Note what became of a file whose upload was cancelled at its last bytes: None where they were not sent."""
        if rid is None:
            await self.restart()  # Whether or not it was noted that they were about to be sent.
        else:
            await self.completed(rid)
        self.at_risk = False

    async def ended(self, *, rid: str | None = None, error: CincopaError | None = None) -> None:
        """Note that it is over."""
        await self._store.ended(self.record.key, rid=rid, error=stored(error) if error is not None else None)
        self.record = evolve(self.record, state="ended")

    async def described(self) -> None:
        """Note that the asset's metadata is set."""
        await self._store.described(self.record.key)
        self.record = evolve(self.record, state="described")

    async def restart(self, fingerprint: str | None = None) -> None:
        """Reserve it once more: what it had come to is forgotten."""
        self.record = await self._store.restart(self.record.key, attempts=self.record.attempts, fingerprint=fingerprint)
        self._is_ours = True
        self.at_risk = False

    @property
    def lease(self) -> float:
        """Seconds that it stays ours without :meth:`renew`."""
        return self._store.lease

    async def renew(self) -> None:
        """Keep it, and all else that is ours, for another lease."""
        await self._store.renew()

    async def let_go(self, status: UploadStatus | None) -> None:
        """
        Leave it for others to go on with; what was aborted, or not sent to its end, is to begin anew.

        What may have been sent is unknown from then on, also to those who share the opened store with us.

        Args:
            status: What is known of the upload, None where nothing is or there is none.
        """
        if not self._is_ours or self.record.state == "ended":
            return
        if self._in_flight:
            return  # Who was cancelled twice does not wait for the answer; whatever it is, it is still to be noted.
        with suppress(LeaseLostError):
            if not self.at_risk:
                await self._settle(status)
            await self._store.release(self.record.key, unknown=self.at_risk)

    async def _settle(self, status: UploadStatus | None) -> None:
        if self._is_undone(status):
            await self.restart()
        elif self.record.state in _RUNNING and (rid := _asset_of(status)) is not None:
            await self.completed(rid)

    def _is_undone(self, status: UploadStatus | None) -> bool:
        if self.record.state not in _RUNNING:
            return False
        if self.record.status_id is None:  # A file, of which not all was sent, or what was sent was refused.
            return True
        return status is not None and status.state in (UploadState.ABORTED, UploadState.FAILED)


def _asset_of(status: UploadStatus | None) -> str | None:
    """Return what an upload has become; None too where Cincopa has not said it yet, which a rerun may ask."""
    return status.rid if status is not None and status.state is UploadState.COMPLETED else None
