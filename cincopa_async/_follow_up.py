"""What is done once an upload has ended: its asset is described, its end written down."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import anyio

from ._describing import Description, describing
from ._halting import ends_for_good
from ._known import Known
from .errors import CincopaError

if TYPE_CHECKING:
    from ._base import BaseClient
    from ._kept import Kept
    from .models import UploadStatus

_log = logging.getLogger("cincopa_async")


class FollowUp:
    """What is left to do for one upload when it has ended. If it is cancelled or fails, it can be done again."""

    def __init__(
        self,
        client: BaseClient,
        description: Description,
        kept: Kept | None = None,
        *,
        behind: AbstractAsyncContextManager[None] | None = None,
    ) -> None:
        self._client = client
        self._description = description
        self._kept = kept
        self._behind = behind
        self._turn = anyio.Lock()
        self._done = kept is not None and kept.record.state == "ended"
        # What another run has begun to describe may be in some of its galleries already.
        self._again = kept is not None and kept.record.state == "completed"
        self._renewed_at = anyio.current_time()

    async def completed(self, rid: str) -> None:
        """
        Do it for an upload that has become the asset `rid`.

        Raises:
            CincopaError: The asset could not be described, or not all of it.
            LeaseLostError: The store's item is another worker's by now.
        """
        kept = self._kept
        if self._description and (kept is None or kept.record.state != "described"):
            if kept is not None and kept.record.state != "completed":
                await kept.completed(rid)
            again, self._again = self._again, True
            await self._description.apply(self._client, rid, again=again, behind=self._behind)
            if kept is not None:
                await kept.described()
        if kept is not None:
            await kept.ended(rid=rid)

    async def ended(self, known: Known) -> None:
        """
        Do it for a job whose upload has ended, once for all who wait for it.

        Raises:
            AssetNotDescribedError: The asset could not be described, or not all of it.
            LeaseLostError: The store's item is another worker's by now.
        """
        async with self._turn:
            if not self._done:
                await self._end(known)
                self._done = True

    async def _end(self, known: Known) -> None:
        try:
            rid = known.result().rid
        except CincopaError as error:
            if self._kept is not None and ends_for_good(error):
                await self._kept.ended(error=error)
            return
        with describing(rid):
            await self.completed(rid)

    async def aborted(self, status: UploadStatus | None) -> None:
        """Give the store's item back: to begin anew, where Cincopa says that the upload was aborted."""
        if self._kept is not None:
            await self._kept.let_go(status)

    async def while_kept(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`, and keep the store's item meanwhile: a job has no task of its own, whoever waits does its work."""
        if self._kept is None:
            await work()
            return
        failure: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._renew, self._kept)
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - raised below: out of the group it would come wrapped
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _renew(self, kept: Kept) -> None:
        while True:
            # Each piece of work begins a loop of its own, and a poll may be quicker than the lease, or far slower.
            await anyio.sleep(max(0.0, self._renewed_at + kept.lease / 3 - anyio.current_time()))
            self._renewed_at = anyio.current_time()
            try:
                await kept.renew()
            except Exception as error:  # noqa: BLE001 - it may go well the next time; what is lost is noticed at the end
                _log.warning("the lease of an upload could not be renewed: %s", type(error).__name__)
