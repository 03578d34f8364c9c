"""Pulls inputs: reads each to its end and makes an asset of it."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import anyio

from ._account import Account, Upload
from ._background import Background, Backgrounds
from ._fetch import BROKEN, SourceError
from ._holds import Holds
from ._sources import Sources
from ._sync import Syncs


class Puller:
    """Runs the uploads from URLs, at most `max_pulls` of them reading at once."""

    def __init__(
        self,
        account: Account,
        sources: Sources,
        holds: Holds,
        backgrounds: Backgrounds,
        syncs: Syncs,
        *,
        max_input_bytes: int,
        max_pulls: int,
    ) -> None:
        self._account = account
        self._sources = sources
        self._holds = holds
        self._backgrounds = backgrounds
        self._syncs = syncs
        self._max_input_bytes = max_input_bytes
        self._max_pulls = max_pulls
        self._turns: WeakKeyDictionary[Background, anyio.CapacityLimiter] = WeakKeyDictionary()

    def start(self, upload: Upload) -> None:
        """Pull in the background of the running loop."""
        background = self._backgrounds.current()
        upload.cancel = background.start(
            lambda: self._pull(upload, background),
            # Nothing new if it has ended, but its loop may be over first: what nobody works on is not in progress.
            lambda: self._account.fail_upload(upload, "the server stopped"),
        )

    async def _pull(self, upload: Upload, background: Background) -> None:
        try:
            # Before its turn, so that uploads held by a test take no connection from others.
            await self._holds.passed(upload.input, 0, background)
            async with self._turns_of(background):
                content, content_type = await self._read(upload, background)
        except (SourceError, *BROKEN) as error:
            self._account.fail_upload(upload, _reason(error))
        else:
            self._complete(upload, content, content_type)

    def _complete(self, upload: Upload, content: bytes, content_type: str) -> None:
        with self._account.lock:  # Held over both: nobody sees the asset before its sync phase has begun.
            asset = self._account.complete_upload(upload, content, content_type)
            if asset is not None:
                self._syncs.start(asset, upload.sync_ends)

    async def _read(self, upload: Upload, background: Background) -> tuple[bytes, str]:
        content = bytearray()
        async with self._sources.open(upload.input) as body:
            if body.status != 200:
                raise SourceError(f"the input answered HTTP {body.status}")
            length = body.headers.get("content-length", "")
            upload.size = int(length) if length.isdecimal() else None
            self._refuse_too_large(upload.size or 0)
            while piece := await body.receive():
                content += piece
                upload.received = len(content)
                self._refuse_too_large(upload.received)
                await self._holds.passed(upload.input, upload.received, background)
            content_type = body.headers.get("content-type", "")
        await self._holds.passed(upload.input, upload.received, background, at_end=True)
        return bytes(content), content_type

    def _turns_of(self, background: Background) -> anyio.CapacityLimiter:
        if background not in self._turns:
            self._turns[background] = anyio.CapacityLimiter(self._max_pulls)
        return self._turns[background]

    def _refuse_too_large(self, size: int) -> None:
        if size > self._max_input_bytes:
            raise SourceError(f"the input is larger than {self._max_input_bytes} bytes")


def _reason(error: BaseException) -> str:
    match error:
        case SourceError():
            return str(error)
        case TimeoutError():
            return "the input timed out"
        case _:
            return "the connection to the input broke off"
