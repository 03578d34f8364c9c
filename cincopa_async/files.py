"""Direct uploads: a local file or an async stream, sent chunk by chunk to a URL that Cincopa gives for it."""

from __future__ import annotations

import functools
import inspect
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import anyio
import anyio.lowlevel
from attrs import evolve, frozen

from ._abort import BOUND
from ._calls import Call
from ._chunks import MAX_CHUNK_SIZE, NAME, POST, Chunk, Target, chunks, has_expired
from ._filesource import PIECE, Content, FileSource, closed_at_the_end, file_name, opened, path_of
from ._retry import RetryPolicy
from ._transport import Transport
from ._urls import ExactURL
from .errors import APIError, CincopaError, ResponseDecodeError
from .models import UploadResult, UploadState, UploadStatus, UploadURL
from .resources._asset_calls import change

if TYPE_CHECKING:
    from ._base import BaseClient
    from ._codec import Reply
    from ._life import Life

Progress: TypeAlias = Callable[[int, int], object]
"""Called with the bytes that have been sent, and the bytes of the whole file."""

RENEWALS = 3
"""How often an upload begins anew because its URL has come to its end."""

_log = logging.getLogger("cincopa_async")


@frozen(kw_only=True)
class FileUpload:
    """What is to be uploaded, where to, and how: checked, and nothing sent yet."""

    source: FileSource
    name: str | None
    size: int | None
    chunk_size: int
    progress: Progress | None
    resend_last: bool
    get_url: Call[UploadURL]
    before_end: Callable[[], Awaitable[None]] | None = None
    """Called before the last bytes are handed out: from then on nobody knows what becomes of them until it is told."""
    left: Callable[[str | None], Awaitable[None]] | None = None
    """
    Called when the upload was cancelled at its last bytes, with its asset, or None where they were not sent. The asset
    is deleted where there is nobody to call.
    """

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be uploaded."""
        if path_of(self.source) is None and self.name is None:
            raise ValueError("name must be given for a stream: what the file is called")
        if self.name is not None:
            file_name(self.name)
        if self.size is not None:
            _whole("size", self.size)
        if _whole("chunk_size", self.chunk_size) > MAX_CHUNK_SIZE:
            raise ValueError(f"chunk_size must be {MAX_CHUNK_SIZE} bytes at most, which is as much as Cincopa takes")
        if self.progress is not None and (not callable(self.progress) or inspect.iscoroutinefunction(self.progress)):
            raise TypeError("progress must be a plain callable that takes the bytes sent and the bytes in all")

    def said(self, sent: int, total: int) -> None:
        """
        Tell how far it is.

        Raises:
            ProgressError: It was not well received.
        """
        if self.progress is None:
            return
        try:
            self.progress(sent, total)
        except Exception as error:  # noqa: BLE001 - raised as it is by who was asked for the upload
            raise ProgressError(error) from None


class ProgressError(Exception):
    """What `progress` raised, on its way to who called: nobody is to take it for a fault of the upload's own."""

    maybe_applied = False
    """It is called before the last bytes are sent, or when all is known."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class FileSender:
    """Carries out the uploads of one client."""

    def __init__(self, client: BaseClient, life: Life, transport: Transport, retry: RetryPolicy) -> None:
        self._client = client
        self._life = life
        self._transport = transport
        self._retry = retry

    async def send(self, upload: FileUpload) -> UploadResult:
        """Upload, and return the new asset."""
        try:
            async with closed_at_the_end(upload.source):
                content, rid = await self._in_turn(upload)
            # From the answer to here nothing is awaited: a cancel would lose the asset.
            upload.said(content.size, content.size)
        except ProgressError as raised:
            error = raised.error
        else:
            status = UploadStatus(
                state=UploadState.COMPLETED, progress_bytes=content.size, file_size_bytes=content.size, rid=rid
            )
            return UploadResult(rid=rid, status=status)
        raise error

    async def post(self, upload_url: str, headers: Mapping[str, str], content: bytes) -> Reply:
        """
        Send a body to an upload URL once, with headers of the caller's own, and return what came back.

        It is for trying what the service takes; uploads go by :meth:`send`.

        Raises:
            ValueError: It is no URL that a file can be sent to.
            TransportError: No whole answer came.
        """
        url = ExactURL(upload_url)
        size = len(content)
        sent = {"Content-Length": str(size), **headers}
        self._life.enter()
        slot = await self._life.uploads.acquire("normal", fresh=True)
        post = functools.partial(self._transport.post, url=url, headers=sent, body=_Body(content))
        reply = await self._life.over(self._life.uploads, slot, post)
        target = Target(url=upload_url, file_name="", unique_id="")
        read = functools.partial(target.read, chunk=Chunk(start=0, end=size, size=size), complete=True)
        for told in self._life.listeners:
            told(POST, reply, read)
        return reply

    async def _in_turn(self, upload: FileUpload) -> tuple[Content, str]:
        self._life.enter()
        async with self._life.files:
            self._life.enter()  # Thousands may wait there while the client is closed.
            async with opened(upload.source, upload.name, upload.size, self._life.finisher) as content:
                return content, await self._sent(upload, content)

    async def _sent(self, upload: FileUpload, content: Content) -> str:
        renewals = 0
        ttl = upload.get_url.params["ttl"]
        assert ttl is None or isinstance(ttl, int | float)  # noqa: S101 - for the type checkers
        while True:
            asked_at = anyio.current_time()
            aim = await self._aim(upload.get_url, content.name)
            try:
                return await self._all_chunks(upload, content, aim)
            except APIError as error:
                age = anyio.current_time() - asked_at
                if error.maybe_applied or renewals == RENEWALS or not has_expired(error, age=age, ttl=ttl):
                    raise
                refused = error
            if not content.rewinds:
                message = f"{refused.message}; a stream cannot begin anew with another URL, so give it a longer ttl"
                raise APIError(refused.status_code, message, refused.call, refused.body)
            renewals += 1
            _log.info("%s: the upload URL has come to its end; the file is sent anew with another one", NAME)

    async def _aim(self, get_url: Call[UploadURL], name: str) -> _Aim:
        answer = await self._client.send(get_url)
        try:
            url = ExactURL(answer.upload_url)
        except ValueError:
            url = None
        if url is None:
            raise ResponseDecodeError(get_url.name, "the upload_url is not one that a file can be sent to")
        return _Aim(url, Target(url=answer.upload_url, file_name=name, unique_id=uuid.uuid4().hex))

    async def _all_chunks(self, upload: FileUpload, content: Content, aim: _Aim) -> str:
        rid = None
        for chunk in chunks(content.size, upload.chunk_size):
            await content.load(chunk.start, chunk.end)
            rid = await self._again_where_safe(upload, content, aim, chunk)
        assert rid is not None  # noqa: S101 - for the type checkers: the last chunk gives one, or raises
        return rid

    async def _again_where_safe(self, upload: FileUpload, content: Content, aim: _Aim, chunk: Chunk) -> str | None:
        attempt = 0
        maybe_applied = False
        try:
            while True:
                attempt += 1
                try:
                    return await self._once(upload, content, aim, chunk)
                except CincopaError as error:
                    # The last attempt's error speaks of the earlier ones too.
                    maybe_applied = error.maybe_applied = maybe_applied or error.maybe_applied
                    pause = self._retry.pause(attempt, "idempotent" if upload.resend_last else "write", error)
                    if pause is None:
                        raise
                    _log.info("%s; attempt %d of %d follows in %.2f s", error, attempt + 1, self._retry.attempts, pause)
                await anyio.sleep(pause)
        except anyio.get_cancelled_exc_class():
            if maybe_applied:  # Only of a chunk that is sent again on demand.
                _log.warning("%s: cancelled before an answer came; an asset may have been made", NAME)
            raise

    async def _once(self, upload: FileUpload, content: Content, aim: _Aim, chunk: Chunk) -> str | None:
        pieces = _Pieces(upload, content, chunk)
        await anyio.lowlevel.checkpoint_if_cancelled()
        slot = await self._life.uploads.acquire("normal", fresh=chunk.last)

        async def exchange() -> str | None:
            post = functools.partial(self._transport.post, url=aim.url, headers=aim.target.headers(chunk), body=pieces)
            reply = await self._life.over(self._life.uploads, slot, post)
            read = functools.partial(aim.target.read, chunk=chunk, complete=pieces.complete)
            for told in self._life.listeners:
                told(POST, reply, read)
            return read(reply)

        if not chunk.last:
            return await exchange()
        breaking = anyio.CancelScope()

        async def finish() -> str | None:
            try:
                with breaking:
                    rid = await exchange()
                    await content.aclose()  # Here, where no cancel comes between the answer and its use.
                    return rid
            except Exception:
                # After a second cancel the file is closed under the reader, which is no news: the first broke it off.
                if not breaking.cancel_called:
                    raise
            return None

        def left() -> None:
            if not pieces.complete:  # Nothing can have become of it, and the rest need not be sent.
                breaking.cancel()

        undo = functools.partial(self._tell if upload.left is not None else self._delete, upload)
        return await self._life.finisher.finish(finish, undo, left=left)

    async def _tell(self, upload: FileUpload, rid: str | None) -> None:
        """Tell what an upload made that was cancelled when its last bytes were on their way."""
        assert upload.left is not None  # noqa: S101 - for the type checkers
        try:
            await upload.left(rid)
        except Exception as error:  # noqa: BLE001 - the store's; the cancellation goes on
            _log.warning("it could not be noted what a cancelled upload made: %s (%s)", rid, type(error).__name__)

    async def _delete(self, _: FileUpload, rid: str | None) -> None:
        """Delete what an upload made that was cancelled when its last bytes were on their way."""
        if rid is None:
            return
        call = evolve(change("delete", rid, vanishes=True), turn="first")
        reason: object = f"no answer within {BOUND:g} s"
        with anyio.CancelScope() as bound:

            def start_clock() -> None:
                bound.deadline = min(bound.deadline, anyio.current_time() + BOUND)

            try:
                await self._client.send(call, holding=start_clock)
                return
            except CincopaError as error:
                reason = error
        _log.warning("asset %s stays, though its upload was cancelled: it could not be deleted: %s", rid, reason)


@frozen
class _Aim:
    """Where the chunks go, for the transport and for their headers."""

    url: ExactURL
    target: Target


class _Pieces:
    """The bytes of a chunk. The last ones of a file are handed out when all others were taken, and it is unchanged."""

    name = NAME

    def __init__(self, upload: FileUpload, content: Content, chunk: Chunk) -> None:
        self._upload = upload
        self._content = content
        self._chunk = chunk
        self._at = chunk.start
        self.complete = False

    async def __anext__(self) -> bytes:
        if self._at > self._chunk.start and not self.complete:
            self._upload.said(self._at, self._chunk.size)
        length = min(PIECE, self._chunk.end - self._at)
        if length == 0:
            raise StopAsyncIteration
        piece = await self._content.read(self._at, length)
        self._at += length
        if self._at == self._chunk.size:
            if self._upload.before_end is not None:
                await self._upload.before_end()
            await self._content.check()
            await anyio.lowlevel.checkpoint_if_cancelled()  # From here on it is too late.
            self.complete = True
        return piece


class _Body:
    """A body that is at hand."""

    name = NAME

    def __init__(self, content: bytes) -> None:
        self._left: bytes | None = content
        self.complete = False

    async def __anext__(self) -> bytes:
        if self._left is None:
            raise StopAsyncIteration
        content, self._left = self._left, None
        self.complete = True
        return content


def _whole(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number of bytes, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be 1 byte or more")
    return value
