"""Uploads from a URL as trials see them, poll by poll: what has become of one is told by the account, not by a word."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import anyio

from cincopa_async._readers import status_fields
from cincopa_async.models import UploadState

from ._answer import Answer
from ._looking import items
from ._source import Source
from ._trial import Trial
from ._unseen import UnseenError

if TYPE_CHECKING:
    from cincopa_async import Asset

START: Final = "asset.upload_from_url"
STATUS: Final = "asset.upload_from_url_get_status"
ABORT: Final = "asset.upload_from_url_abort"
MISSING: Final = "https://cincopa-async-contract.invalid/missing.mp4"
"""An input that nobody has: names under `.invalid` resolve nowhere (RFC 2606)."""
SILENT: Final = "http://192.0.2.1/silent.mp4"
"""An input that never answers: the address is kept for documents (RFC 5737), and nobody is there."""

_EVERY_SECONDS = 0.5
_KNOWN_SECONDS = 120.0
_MOMENT_SECONDS = 15.0
_MOST_SECONDS = 180.0
_SETTLING_SECONDS = 10.0


@dataclass(slots=True)
class Pull:
    """An upload of trials, from its start on."""

    trial: Trial
    status_id: str
    words: list[str] = field(default_factory=list)
    """What its status was, poll by poll."""
    last: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the last poll was answered, where it was known."""

    @property
    def state(self) -> UploadState:
        """What the client takes the last word for."""
        state: UploadState = status_fields(self.last)["state"]
        return state

    @property
    def reason(self) -> str | None:
        """The field in which the reason of a failure stands."""
        return next((name for name in ("more", "error", "message") if self.last.get(name)), None)

    async def poll(self) -> Answer:
        """Ask once how it is."""
        answer = await self.trial.call(STATUS, status_id=self.status_id)
        if not answer.refused:
            self.last = answer.body
            self.words.append(str(answer["status"]))
        return answer

    async def polls(self, seconds: float) -> AsyncGenerator[Answer]:
        """Ask again and again, for so long."""
        until = anyio.current_time() + seconds
        while True:
            yield await self.poll()
            if anyio.current_time() >= until:
                return
            await anyio.sleep(_EVERY_SECONDS)

    async def until_known(self) -> None:
        """Ask until its id is known, and note how soon that is."""
        began = anyio.current_time()
        async with aclosing(self.polls(_KNOWN_SECONDS)) as polls:
            async for answer in polls:
                if answer.refused:
                    continue
                seconds = anyio.current_time() - began
                soon = "after a moment" if seconds < _MOMENT_SECONDS else "after a minute"
                self.trial.saw("status.fresh", soon if seconds else "at once", f"after {seconds:.0f} s")
                return
        raise UnseenError("the id of a fresh upload is not known after two minutes")

    async def until_made(self, fid: str, source: Source) -> Asset:
        """Follow it until its asset is in the account, and then until its status says no more."""
        failed = 0
        async with aclosing(self.polls(_MOST_SECONDS)) as polls:
            async for _ in polls:
                asset = await self.asset(fid, source)
                if asset is not None:
                    await self._settle()
                    return asset
                # A word may be another than the client believes: it is looked at a few times before it is believed.
                failed = failed + 1 if self.state is UploadState.FAILED else 0
                if failed > 2 * _SETTLING_SECONDS:
                    break
        raise UnseenError(f"the source did not become an asset: {source.advice}")

    async def until_failed(self) -> None:
        """Follow it until there is a reason that it failed for, or at least a word."""
        failed = 0
        async with aclosing(self.polls(_MOST_SECONDS)) as polls:
            async for _ in polls:
                failed = failed + 1 if self.state is UploadState.FAILED else 0
                if self.reason is not None or failed > 2 * _SETTLING_SECONDS:
                    return
        raise UnseenError("an input that nobody has did not fail within minutes")

    async def abort(self) -> Answer:
        """Abort it."""
        return await self.trial.call(ABORT, status_id=self.status_id)

    async def asset(self, fid: str, source: Source) -> Asset | None:
        """Return the asset that was made of it, if there is one yet; it is removed in the end."""
        rid = status_fields(self.last)["rid"]
        for asset in await items(self.trial, fid):
            # In a gallery of this run's own, and what the upload itself says it made: there is no doubt whose it is.
            if asset.rid is not None and (asset.rid == rid or asset.filename == source.name):
                self.trial.stage.made(asset.rid)
                return asset
        return await source.made_elsewhere(self.trial, rid)

    async def _settle(self) -> None:
        before = self.words[-1]
        async with aclosing(self.polls(_SETTLING_SECONDS)) as polls:
            async for _ in polls:
                if self.words[-1] == before and self.state is not UploadState.IN_PROGRESS:
                    return
                before = self.words[-1]


async def started(trial: Trial, fid: str, **params: Any) -> Pull:
    """Start an upload, into a gallery that tells of it."""
    status_id = str((await trial.call(START, fid=fid, **params))["status_id"])
    await trial.stage.pulls(fid, status_id)
    return Pull(trial, status_id)
