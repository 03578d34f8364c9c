"""One item of a batch, from its claim to its outcome."""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from ._attempts import Attempts, TroubleError, fingerprint_of, given_url
from ._existing import found
from ._follow_up import FollowUp
from ._halting import ends_for_good, halting
from ._items import Plan, UploadItem
from ._kept import Kept, is_unknown
from ._outcomes import UploadOutcome
from ._shared import HaltError, Shared
from ._stored_errors import restored
from .errors import (
    AssetNotDescribedError,
    CincopaError,
    ClientClosedError,
    FileChangedError,
    LeaseLostError,
    UploadUnknownError,
)
from .models import UploadResult, UploadState, UploadStatus
from .stores import Claim, UploadRecord, UploadStore
from .stores._keys import derive_key, without_signature

if TYPE_CHECKING:
    from .jobs import OnCancel


class ItemRun:
    """What is done for one item. Left by an exception, it stays open: untouched, or for a rerun to go on with."""

    def __init__(self, shared: Shared, item: UploadItem) -> None:
        self._shared = shared
        self._item = item
        self._on_cancel: OnCancel = shared.options.on_cancel
        self._kept: Kept | None = None
        self._attempts: Attempts | None = None
        self._rid: str | None = None
        """The asset, once it is there."""
        self._track = shared.tally.takes(item)
        self._place = shared.place()
        # Here, in the order in which they are taken: of two that run at once, one may be quicker with its claim.
        self._is_twice = not shared.is_first(item)

    def detach(self) -> None:
        """Let the upload run on when this is cancelled, for a rerun to take it up."""
        self._on_cancel = "detach"
        if self._kept is not None:
            self._kept.on_cancel = "detach"
        if self._attempts is not None:
            self._attempts.detach()

    async def run(self) -> UploadOutcome:
        """
        Return the outcome.

        Raises:
            HaltError: What befell it concerns all; it stays open.
            ClientClosedError: The client was closed; it stays open.
        """
        try:
            outcome = await self._outcome()
        except BaseException as error:
            known = error.outcome if isinstance(error, HaltError) else None
            self._track.closes(known, self._status_id)
            if known is None:
                self._tell_left()
            unwinding = isinstance(error, anyio.get_cancelled_exc_class())
            await self._shared.client._life.finisher.finish(self._let_go, unwinding=unwinding)
            raise
        finally:
            self._place.free()
        self._track.closes(outcome, self._status_id)
        return outcome

    def _tell_left(self) -> None:
        """Tell what is known of an item that stays open."""
        record = self._kept.record if self._kept is not None else None
        job = self._attempts.last_job if self._attempts is not None else None
        status_id = job.status_id if job is not None else record.status_id if record is not None else None
        status: UploadStatus | None = None
        if self._rid is not None:
            status = _completed(self._rid).status
        elif job is not None and job._known.is_asked:
            status = job.status or UploadStatus()
        elif job is None and status_id is not None:
            status = UploadStatus()  # The store knows that it was started, and nobody has asked yet.
        at_risk = (
            self._attempts.at_risk if self._attempts is not None else self._kept is not None and self._kept.at_risk
        )
        self._track.left(status_id, status, maybe_applied=at_risk)

    @property
    def _status_id(self) -> str | None:
        return self._attempts.job.status_id if self._attempts is not None and self._attempts.job is not None else None

    async def _outcome(self) -> UploadOutcome:
        error: Exception
        try:
            try:
                return await self._uploaded()
            except TroubleError as trouble:
                error = trouble.error.with_traceback(None)
            return await self._failed(error)
        except LeaseLostError as lost:
            return UploadOutcome(item=self._item, error=lost.with_traceback(None))

    async def _failed(self, error: Exception) -> UploadOutcome:
        # What went wrong before anything was tried is no end of the item, but one of a look at what is there.
        tried = self._kept if self._attempts is not None else None
        if tried is not None and isinstance(error, CincopaError) and ends_for_good(error):
            await tried.ended(error=error)
        else:
            await self._let_go()
        return UploadOutcome(item=self._item, error=error)

    async def _let_go(self) -> None:
        if self._kept is not None:
            job = self._attempts.job if self._attempts is not None else None
            await self._kept.let_go(job.status if job is not None else None)

    async def _uploaded(self) -> UploadOutcome:
        try:
            plan = Plan.of(self._item)
        except (ValueError, TypeError) as error:
            raise TroubleError(error) from None
        url = fingerprint = gone = None
        if self._shared.store is not None:
            if plan.path is not None:
                try:
                    fingerprint = await fingerprint_of(plan.path)
                except TroubleError as trouble:
                    gone = trouble.error  # Which says nothing of what was uploaded before.
            elif plan.item.key is None:
                url = await given_url(plan)
            known = await self._claim(self._shared.store, plan, url, fingerprint)
            if known is not None:
                return known
        if self._is_new:
            if gone is not None:
                raise TroubleError(gone)
            there = await self._there(plan)
            if there is not None:
                return there
        else:
            self._place.free()
        self._attempts = Attempts(
            self._shared, plan, kept=self._kept, track=self._track, place=self._place, on_cancel=self._on_cancel
        )
        self._attempts.url, self._attempts.fingerprint = url, fingerprint
        return await self._described(plan, self._attempts)

    @property
    def _is_new(self) -> bool:
        return self._kept is None or self._kept.record.state == "reserved"

    async def _claim(
        self, store: UploadStore, plan: Plan, url: str | None, fingerprint: str | None
    ) -> UploadOutcome | None:
        """Claim the item; return its outcome if it has one."""
        # The working directory is part of a relative path, and asking for it may block.
        name = functools.partial(_named, plan, url)
        key, where = name() if plan.path is None else await anyio.to_thread.run_sync(name)
        if not self._shared.seen.add(key):
            raise TroubleError(_twice(plan.item))
        if plan.path is None:
            await self._place.take()
        claim, record = await store.claim(key, input=where, fingerprint=fingerprint)
        if claim == "busy":
            raise LeaseLostError(record.status_id)
        if fingerprint not in (None, record.fingerprint) and not self._begins_anew(claim, record):
            await self._give_back(store, claim, key)
            raise TroubleError(FileChangedError(os.path.basename(plan.path or "")))  # noqa: PTH119 - text, no disk
        if claim == "ended":
            return self._known(record)
        self._kept = Kept(self._shared.client, store, record, self._on_cancel, is_ours=claim == "mine")
        await self._know(claim, self._kept, plan, fingerprint)
        return None

    def _begins_anew(self, claim: Claim, record: UploadRecord) -> bool:
        """Whether a changed file is sent as it is now: as when it is wanted whatever became of it before."""
        return self._shared.options.unknown == "restart" and is_unknown(claim, record)

    async def _give_back(self, store: UploadStore, claim: Claim, key: str) -> None:
        if claim == "mine":
            await store.release(key)

    async def _know(self, claim: Claim, kept: Kept, plan: Plan, fingerprint: str | None) -> None:
        """Find out whether what may have been sent was, or decide what is to be done about it."""
        if not is_unknown(claim, kept.record):
            return
        kept.at_risk = True
        # What an owner died of before the last bytes of a file were sent has made no asset.
        unfinished = plan.path is not None and kept.record.state == "reserved"
        if unfinished and fingerprint is None:
            return  # Nor is it there to be sent again: it stays as it is.
        rid = None if unfinished else await self._by_reference(plan)
        if rid is None and not unfinished and self._shared.options.unknown == "report":
            raise TroubleError(UploadUnknownError(kept.record.status_id))
        await kept.restart(fingerprint)
        if rid is not None:
            await kept.completed(rid)

    async def _by_reference(self, plan: Plan) -> str | None:
        reference_id = plan.description.reference_id
        if not reference_id:
            return None
        return await self._asked(found(self._shared.client, reference_id))

    async def _there(self, plan: Plan) -> UploadOutcome | None:
        """Return the outcome of an item whose asset is there already, and is not to be uploaded again."""
        reference_id = plan.description.reference_id
        if self._shared.options.if_exists == "upload" or not reference_id:
            return None
        rid = await self._asked(self._shared.existing.rid_of(reference_id))
        if rid is None:
            if self._is_twice:  # No asset tells yet of the one that came before.
                raise TroubleError(_twice_there())
            return None
        if self._kept is not None:
            await self._kept.ended(rid=rid)
        return UploadOutcome(item=self._item, result=_completed(rid), skipped=True)

    def _known(self, record: UploadRecord) -> UploadOutcome:
        if record.error is not None or record.rid is None:
            error = restored(record.error) if record.error is not None else UploadUnknownError(record.status_id)
            return UploadOutcome(item=self._item, error=error, from_store=True)
        return UploadOutcome(item=self._item, result=_completed(record.rid), from_store=True)

    async def _described(self, plan: Plan, attempts: Attempts) -> UploadOutcome:
        rid = self._kept.record.rid if self._kept is not None else None
        result = await attempts.result() if rid is None else _completed(rid)
        self._rid = result.rid
        try:
            await FollowUp(self._shared.client, plan.description, self._kept, behind=self._shared.line).completed(
                result.rid
            )
        except (ClientClosedError, LeaseLostError):
            raise
        except CincopaError as error:
            failure = error
        else:
            return UploadOutcome(item=self._item, result=result)
        reason = halting(failure)
        undescribed = AssetNotDescribedError(result.rid, str(failure))
        if reason is not None:
            # Without a store nobody else would ever tell the rid.
            raise HaltError(reason, UploadOutcome(item=self._item, error=undescribed) if self._kept is None else None)
        raise TroubleError(undescribed)

    async def _asked(self, asking: Awaitable[str | None]) -> str | None:
        try:
            return await asking
        except ClientClosedError:
            raise
        except CincopaError as error:
            failure = error
        reason = halting(failure)
        if reason is not None:
            raise HaltError(reason)
        raise TroubleError(failure)


def _named(plan: Plan, url: str | None) -> tuple[str, str]:
    """Return the key of an item, and what is written down of its input: nothing, where that is not known yet."""
    item = plan.item
    where = item.input if isinstance(item.input, str) else Path(plan.path) if plan.path is not None else url
    if where is None:
        assert item.key is not None  # noqa: S101 - for the type checkers: whatever has no key has been asked
        return item.key, ""
    return item.key or derive_key(where, fid=item.fid, rid=item.rid, type=item.type), without_signature(where)


def _completed(rid: str) -> UploadResult:
    return UploadResult(rid=rid, status=UploadStatus(state=UploadState.COMPLETED, rid=rid))


def _twice(item: UploadItem) -> ValueError:
    if item.key is not None:
        return ValueError("key must be given to one item of a run only: it says which is which at a rerun")
    return ValueError("key must be given: another item of this run comes from the same place and goes to the same")


def _twice_there() -> ValueError:
    return ValueError(
        'reference_id must be given to one item of a run only where if_exists="skip": it says what is there'
    )
