"""How one item of a batch is uploaded: started or taken up, followed to its end, begun anew where that is right."""

from __future__ import annotations

import functools
import os
import random
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from attrs import evolve

from ._calls import CHUNK_SIZE
from ._halting import halting, is_passing
from ._items import Plan
from ._kept import Kept
from ._shared import HaltError, Shared, StartPlace
from ._starting import started
from ._tally import Track
from ._unkept import Unkept
from .errors import (
    CincopaError,
    ClientClosedError,
    FileChangedError,
    LeaseLostError,
    RateLimitError,
    UploadAbortedError,
    UploadUnknownError,
)
from .files import FileUpload
from .models import UploadResult, UploadStatus
from .resources._upload_calls import get_upload_url

if TYPE_CHECKING:
    from .jobs import OnCancel, UploadJob

_LONGEST_PAUSE = 60.0


class TroubleError(Exception):
    """What went wrong with an item and concerns no other. Within a batch only; it is the error of the outcome."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Attempts:
    """The uploads of one item, one after the other until one ends well, or none may follow."""

    def __init__(
        self,
        shared: Shared,
        plan: Plan,
        *,
        kept: Kept | None,
        track: Track,
        place: StartPlace,
        on_cancel: OnCancel,
    ) -> None:
        self._shared = shared
        self._plan = plan
        self._kept = kept
        self._unkept = Unkept()
        self._track = track
        self._place = place
        self._on_cancel: OnCancel = on_cancel
        self._starts = 0
        self.url: str | None = None
        """What the item's own callable has given, until it is used."""
        self.fingerprint: str | None = None
        """What the item's file was when it was claimed."""
        self.job: UploadJob | None = None

    @property
    def last_job(self) -> UploadJob | None:
        """The last upload that there was, also if it was aborted before it was a job."""
        return self.job or self._unkept.undone

    @property
    def at_risk(self) -> bool:
        """Whether something has been sent of which nobody knows what became."""
        return (self._kept or self._unkept).at_risk

    async def result(self) -> UploadResult:
        """
        Upload, and return what came of it.

        Raises:
            TroubleError: It did not end well.
            HaltError: Nor would others.
            LeaseLostError: The item is another worker's by now.
            ClientClosedError: The client was closed.
        """
        while True:
            try:
                if self._plan.path is not None:
                    return await self._send_file(self._plan.path)
                self.job = self._taken_up() or await self._start()
                return await self._followed(self.job)
            except (LeaseLostError, ClientClosedError):
                raise
            except CincopaError as error:
                failure = error
            self._judge(failure)
            await self._begin_anew()

    def detach(self) -> None:
        """Let the upload run on when this is cancelled."""
        self._on_cancel = "detach"
        if self.job is not None:
            self.job._let_run()

    def _judge(self, error: CincopaError) -> None:
        """Return where another attempt is right, else raise."""
        reason = halting(error)
        if reason is not None:
            raise HaltError(reason)
        most = self._shared.options.item_attempts
        # What an earlier run has aborted, and not lived to write down, begins anew as what it has.
        again = is_passing(error) or (isinstance(error, UploadAbortedError) and self._was_aborted)
        if isinstance(error, UploadUnknownError):
            again = self._shared.options.unknown == "restart"
            most = max(most, 2)
        if not again or self._starts >= most:
            raise TroubleError(error)

    @property
    def _was_aborted(self) -> bool:
        return self._kept is not None and self._kept.record.state == "aborting"

    async def _begin_anew(self) -> None:
        await anyio.sleep(_pause(self._starts))
        if self._plan.path is None:
            await self._place.take()  # Only now: a pause would keep others from being started.
        if self._kept is not None:
            await self._kept.restart(self.fingerprint)
        self.job = None

    def _taken_up(self) -> UploadJob | None:
        status_id = self._kept.record.status_id if self._kept is not None else None
        if status_id is None:
            return None
        return self._shared.client.resume_upload(status_id, on_cancel=self._on_cancel, poll=self._shared.options.poll)

    async def _start(self) -> UploadJob:
        self._starts += 1
        began = anyio.current_time()
        refusals = 0
        while True:
            try:
                return await self._start_once()
            except RateLimitError as error:
                # The service wants it later, which is no fault of the item; a deadline there is all the same.
                refusals += 1
                pause = max(error.retry_after or 0.0, _pause(refusals))
                if anyio.current_time() + pause - began > self._shared.patience:
                    raise
            await anyio.sleep(pause)

    async def _start_once(self) -> UploadJob:
        call = evolve(self._plan.call(await self._input()), behind=self._shared.line)
        call = (self._kept or self._unkept).starts(call)
        make = functools.partial(
            self._shared.client.resume_upload, on_cancel=self._on_cancel, poll=self._shared.options.poll
        )
        try:
            await self._place.take()
            job = await started(self._shared.client, call, make)
        except (LeaseLostError, ClientClosedError):
            raise
        except CincopaError as error:
            failure = self._sent_in_vain(error)
        else:
            self._place.free()
            self._shared.start_succeeded()
            self._track.started(job.status_id)
            return job
        raise failure

    def _sent_in_vain(self, error: CincopaError) -> CincopaError:
        """Return what an error of a start, or of a file, amounts to for the item."""
        self._shared.start_failed(error)
        # Whatever it was: the item may have been uploaded, or not. It is told without a chain: that is all there is.
        return UploadUnknownError(None) if error.maybe_applied else error

    async def _input(self) -> str:
        url, self.url = self.url, None
        return url if url is not None else await given_url(self._plan)

    async def _followed(self, job: UploadJob) -> UploadResult:
        job._group = self._shared  # Batches take turns with their polls.
        if self._kept is not None:
            job._let_run_where_refused()
            self._kept.follow(job)
        async with job:
            async for status in job.watch():
                self._track.moved(status, job.status_id)
            return await job.wait()

    async def _send_file(self, path: str) -> UploadResult:
        self._starts += 1
        item = self._plan.item
        get_url = get_upload_url(fid=item.fid, rid=item.rid, type=item.type, ttl=None, sourceip=None)
        upload = FileUpload(
            source=path,
            name=None,
            size=None,
            chunk_size=CHUNK_SIZE,
            progress=self._sent,
            resend_last=False,
            get_url=evolve(get_url, behind=self._shared.line),
            before_end=self._before_end,
            left=self._kept.left if self._kept is not None else None,
        )
        self._track.started(None)
        try:
            result = await self._shared.client._files.send(upload)
        except (LeaseLostError, ClientClosedError):
            raise
        except CincopaError as error:
            failure = self._file_failed(error)
        except (OSError, ValueError, TypeError) as error:
            raise TroubleError(error) from None
        else:
            self._shared.start_succeeded()
            return result
        raise failure

    def _file_failed(self, error: CincopaError) -> CincopaError:
        (self._kept or self._unkept).at_risk = error.maybe_applied
        return self._sent_in_vain(error)

    async def _before_end(self) -> None:
        """See that the file is what was claimed, and note that its last bytes are about to be sent."""
        assert self._plan.path is not None  # noqa: S101 - for the type checkers
        if self.fingerprint is not None and await fingerprint_of(self._plan.path) != self.fingerprint:
            raise FileChangedError(os.path.basename(self._plan.path))  # noqa: PTH119 - text, no disk
        if not self.at_risk:
            (self._kept or self._unkept).at_risk = True
            if self._kept is not None:
                await self._kept.started(None)

    def _sent(self, sent: int, total: int) -> None:
        self._track.moved(UploadStatus(progress_bytes=sent, file_size_bytes=total), None)


async def given_url(plan: Plan) -> str:
    """
    Return the URL of an item.

    Raises:
        TroubleError: Its own callable raised, or gave no URL.
    """
    try:
        return await plan.url()
    except Exception as error:  # noqa: BLE001 - whatever the caller's own callable raises is its item's
        raise TroubleError(error) from None


async def fingerprint_of(path: str) -> str:
    """
    Return what tells a file from what it is after a change.

    Raises:
        TroubleError: It cannot be looked at.
    """
    try:
        status = await anyio.to_thread.run_sync(os.stat, path)
    except OSError as error:
        raise TroubleError(error) from None
    return f"{status.st_size} {status.st_mtime_ns}"


def _pause(times: int) -> float:
    return random.uniform(0, min(_LONGEST_PAUSE, 2.0 ** min(times - 1, 10)))
