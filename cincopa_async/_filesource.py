"""What is uploaded from: a file on disk, or an async stream. Read in worker threads, a piece at a time."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sized
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeAlias

import anyio
import anyio.lowlevel

from ._disk import Disk
from ._finish import Finisher
from .errors import FileChangedError

PIECE = 256 * 1024
"""Bytes that are read, and sent, at once."""


class AsyncReader(Protocol):
    """What is read by ``await source.read(n)``: an ``anyio.AsyncFile`` or ``asyncio.StreamReader``, for example."""

    async def read(self, n: int, /) -> bytes:
        """Return up to `n` bytes, none at the end."""
        ...


class AsyncReceiver(Protocol):
    """What is read by ``await source.receive()``, as anyio's byte streams are."""

    async def receive(self) -> bytes:
        """Return the next bytes; raise ``anyio.EndOfStream`` at the end."""
        ...


FileSource: TypeAlias = str | os.PathLike[str] | AsyncIterable[bytes] | AsyncReader | AsyncReceiver
"""What can be uploaded: the path of a file, or an async stream of bytes."""


class Content(Protocol):
    """The bytes of a file that is open."""

    name: str
    size: int

    @property
    def rewinds(self) -> bool:
        """Whether it can be read from its beginning again."""
        ...

    async def load(self, start: int, end: int) -> None:
        """Make ready the part from `start` up to `end`, to be read as often as need be."""
        ...

    async def read(self, start: int, length: int) -> bytes:
        """
        Return exactly `length` bytes from `start` on.

        Raises:
            FileChangedError: There are not so many any more.
        """
        ...

    async def check(self) -> None:
        """
        See that it still is what it was.

        Raises:
            FileChangedError: It is not.
        """
        ...

    async def aclose(self) -> None:
        """Close it."""
        ...


@asynccontextmanager
async def opened(source: FileSource, name: str | None, size: int | None, finisher: Finisher) -> AsyncIterator[Content]:
    """
    Open what is uploaded; on leaving it is closed, whoever is cancelled.

    Args:
        source: A path or a stream.
        name: What the file is called; required for a stream.
        size: Its bytes; None takes a file's own, and spools a stream to learn it.
        finisher: Opens and closes: a native cancel does not wait for a thread, whose file would be nobody's.

    Raises:
        OSError: The file cannot be opened or read.
        ValueError: It is empty or no regular file, or its name or size is not good.
    """
    path = path_of(source)
    disk = await finisher.finish(lambda: Disk.open(path), Disk.aclose)
    try:
        if path is not None:
            yield await _file_at(path, disk, name, size)
        elif size is not None:
            yield _Stream(_Incoming(source), disk, str(name), size)
        else:
            yield await _spooled(_Incoming(source), disk, str(name))
    finally:
        if not disk.closed:  # Else there is no await here: an asset that was made is not to be lost to a cancel.
            await finisher.finish(disk.aclose, unwinding=True)


@asynccontextmanager
async def closed_at_the_end(source: FileSource) -> AsyncIterator[None]:
    """Close a generator, which its caller has no name for; whatever else was given is its owner's to close."""
    try:
        yield
    finally:
        if inspect.isasyncgen(source):
            await source.aclose()  # One that has come to its end does not wait here: an asset may have been made of it.


def path_of(source: FileSource) -> str | None:
    """
    Return the path of a file, None for a stream.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        if not isinstance(path, str):
            raise TypeError("source must be a path as str, not bytes")
        return path
    if not any(_is_async(getattr(source, way, None)) for way in ("read", "receive")) and not hasattr(
        source, "__aiter__"
    ):
        raise TypeError(
            f"source must be a path or an async stream of bytes, not {type(source).__name__}: "
            "reading what open() returns would block, give its path"
        )
    return None


def file_name(name: str) -> str:
    """Return the name that an upload tells, or say what is wrong with it."""
    if not isinstance(name, str):
        raise TypeError(f"name must be a str, not {type(name).__name__}")
    if not name.strip() or any(character in name for character in "/\\\0"):
        raise ValueError(
            "name must be that of a file: not empty, no slash, no backslash, no NUL in it; "
            "where the file's own is not, pass name="
        )
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise ValueError("name must be text that can be encoded as UTF-8; where the file's own is not, pass name=")
    return name


class _File:
    """A file that lies on disk as a whole."""

    rewinds = True

    def __init__(self, disk: Disk, name: str, identity: tuple[int, int]) -> None:
        self._disk = disk
        self._identity = identity
        self.name = name
        self.size = identity[0]
        if self.size == 0:
            raise ValueError("source must not be empty: there is nothing to upload")

    async def load(self, start: int, end: int) -> None:
        return None

    async def read(self, start: int, length: int) -> bytes:
        piece = await self._disk.read(start, length)
        if len(piece) != length:
            raise FileChangedError(self.name)
        return piece

    async def check(self) -> None:
        if await self._disk.identity() != self._identity:
            raise FileChangedError(self.name)

    async def aclose(self) -> None:
        await self._disk.aclose()


class _Stream:
    """A stream of known size, of which the chunk that is under way lies on disk, to be sent again if need be."""

    def __init__(self, incoming: _Incoming, disk: Disk, name: str, size: int) -> None:
        self._incoming = incoming
        self._disk = disk
        self._loaded = (0, 0)
        self.name = name
        self.size = size

    @property
    def rewinds(self) -> bool:
        return self._loaded[0] == 0

    async def load(self, start: int, end: int) -> None:
        if self._loaded == (start, end):
            return
        at = start
        while at < end:
            data = await self._incoming.take(end - at)
            if not data:
                raise ValueError(
                    f"size must be that of the stream: it is {self.size} bytes, the stream ended after {at}"
                )
            await self._disk.write(at - start, data)
            at += len(data)
        if end == self.size and await self._incoming.take(1):
            raise ValueError(f"size must be that of the stream: it is {self.size} bytes, and the stream goes on")
        self._loaded = (start, end)

    async def read(self, start: int, length: int) -> bytes:
        return await self._disk.read(start - self._loaded[0], length)

    async def check(self) -> None:
        return None  # What lies on disk is our own copy.

    async def aclose(self) -> None:
        await self._disk.aclose()


class _Incoming:
    """A stream's bytes, in pieces of our own choosing. No generator: one left unfinished would be a warning on trio."""

    def __init__(self, source: Any) -> None:
        if _is_async(getattr(source, "read", None)):  # First, for what has lines as well iterates over those.
            self._next: Callable[[], Awaitable[Any]] = lambda: source.read(PIECE)
        elif hasattr(source, "__aiter__"):
            self._next = functools.partial(_next_with_bytes, aiter(source).__anext__)
        else:
            self._next = functools.partial(_next_with_bytes, source.receive)
        self._waiting = bytearray()
        self._ended = False

    async def take(self, most: int) -> bytes:
        """Return up to `most` bytes, not more than a piece; none at the end."""
        most = min(most, PIECE)
        while len(self._waiting) < most and not self._ended:
            try:
                data = await self._next()
            except (StopAsyncIteration, anyio.EndOfStream):
                data = b""
            if not isinstance(data, bytes | bytearray | memoryview):
                raise TypeError(f"source must be a stream of bytes, not of {type(data).__name__}")
            self._waiting += data
            self._ended = not data
        taken = bytes(self._waiting[:most])
        del self._waiting[:most]
        return taken


async def _next_with_bytes(following: Callable[[], Awaitable[Any]]) -> Any:
    """Return the next item that is not empty: of what iterates or receives that says nothing yet, unlike of a read."""
    while True:
        item = await following()
        if not isinstance(item, Sized) or len(item):
            return item
        await anyio.lowlevel.checkpoint()  # Or one that takes empty items for an end would block the event loop.


async def _file_at(path: str, disk: Disk, name: str | None, size: int | None) -> _File:
    name = file_name(os.path.basename(path) if name is None else name)  # noqa: PTH119 - text, no disk
    file = _File(disk, name, await disk.identity())
    if size is not None and size != file.size:
        raise ValueError(f"size must be that of the file, {file.size} bytes, or left out")
    return file


async def _spooled(incoming: _Incoming, disk: Disk, name: str) -> _File:
    at = 0
    while data := await incoming.take(PIECE):
        await disk.write(at, data)
        at += len(data)
    return _File(disk, name, await disk.identity())


def _is_async(method: object) -> bool:
    return inspect.iscoroutinefunction(method)
