"""What is uploaded from: files on disk and async streams, read without blocking, and closed whatever happens."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cincopa_async import FileChangedError, FileSource
from cincopa_async._filesource import PIECE, Content, closed_at_the_end, opened
from cincopa_async._finish import Finisher
from tests.uploading import open_files

pytestmark = pytest.mark.anyio

BYTES = bytes(range(256)) * 3_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cat.mp4"
    path.write_bytes(BYTES)
    return path


@pytest.fixture(autouse=True)
def every_file_is_closed() -> Any:
    """No descriptor is left open by a test."""
    before = open_files()
    yield
    assert open_files() <= before


@asynccontextmanager
async def content_of(source: FileSource, *, name: str | None = None, size: int | None = None) -> AsyncIterator[Content]:
    async with closed_at_the_end(source), opened(source, name, size, Finisher(lambda: None)) as content:
        yield content


async def whole(content: Content, chunk: int = 100_000) -> bytes:
    """All of it, chunk by chunk, each read in two parts."""
    read = b""
    for start in range(0, content.size, chunk):
        end = min(start + chunk, content.size)
        await content.load(start, end)
        middle = (start + end) // 2
        read += await content.read(start, middle - start) + await content.read(middle, end - middle)
    await content.check()
    return read


class Reading:
    """Like anyio.AsyncFile and asyncio.StreamReader: it has lines as well, and no more at once than it wants."""

    def __init__(self, data: bytes, most: int = 1_000_000) -> None:
        self._data = data
        self._most = most

    async def read(self, n: int, /) -> bytes:
        await anyio.lowlevel.checkpoint()
        taken = min(n, self._most)
        data, self._data = self._data[:taken], self._data[taken:]
        return data

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("it must not be read by lines")


class Receiving:
    def __init__(self, *items: bytes) -> None:
        self._items = list(items)

    async def receive(self) -> bytes:
        await anyio.lowlevel.checkpoint()
        if not self._items:
            raise anyio.EndOfStream
        return self._items.pop(0)


class Iterating:
    def __init__(self, *items: Any) -> None:
        self._items = list(items)

    def __aiter__(self) -> Iterating:
        return self

    async def __anext__(self) -> Any:
        await anyio.lowlevel.checkpoint()
        if not self._items:
            raise StopAsyncIteration
        return self._items.pop(0)


async def generated() -> AsyncIterator[bytes]:
    for start in range(0, len(BYTES), 1_000):
        yield BYTES[start : start + 1_000]


STREAMS: dict[str, Any] = {
    "read": lambda: Reading(BYTES),
    "read by little": lambda: Reading(BYTES, 777),
    "receive": lambda: Receiving(BYTES[:5], b"", BYTES[5:600_000], BYTES[600_000:]),
    "iterator": lambda: Iterating(BYTES[:1], b"", bytearray(BYTES[1:500]), memoryview(BYTES[500:])),
    "generator": generated,
}


@pytest.mark.parametrize("as_given", [str, Path, anyio.Path])
async def test_file_is_read_from_its_path(path: Path, as_given: Any) -> None:
    """In any order, as often as asked for; its name and its size are its own."""
    async with content_of(as_given(path)) as content:
        assert (content.name, content.size, content.rewinds) == ("cat.mp4", len(BYTES), True)
        assert await whole(content) == BYTES
        assert await content.read(10, 20) == BYTES[10:30]


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
async def test_stream_without_a_size_is_spooled(stream: Any) -> None:
    """It can be read like a file then, from its beginning too."""
    async with content_of(stream(), name="c") as content:
        assert (content.name, content.size, content.rewinds) == ("c", len(BYTES), True)
        assert await whole(content) == BYTES
        assert await whole(content, 1_000) == BYTES[: len(BYTES)]


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
async def test_stream_with_a_size_is_read_chunk_by_chunk(stream: Any) -> None:
    """A chunk can be read again until the next one is loaded, and only the first leads back to the beginning."""
    async with content_of(stream(), name="c", size=len(BYTES)) as content:
        await content.load(0, PIECE + 1)
        await content.load(0, PIECE + 1)
        assert content.rewinds
        assert await content.read(PIECE, 1) == BYTES[PIECE : PIECE + 1]
        assert await content.read(0, 9) == BYTES[:9]
        await content.load(PIECE + 1, len(BYTES))
        assert not content.rewinds
        rest = len(BYTES) - PIECE - 1
        assert await content.read(PIECE + 1, rest) == BYTES[PIECE + 1 :]
        assert await content.read(PIECE + 1, 3) == BYTES[PIECE + 1 : PIECE + 4]
        await content.check()


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (len(BYTES) + 1, f"it is {len(BYTES) + 1} bytes, the stream ended after {len(BYTES)}"),
        (len(BYTES) - 1, f"it is {len(BYTES) - 1} bytes, and the stream goes on"),
    ],
)
async def test_stream_of_another_size_is_found_before_its_last_chunk(size: int, message: str) -> None:
    """Whether it is too short or too long."""
    async with content_of(generated(), name="c", size=size) as content:
        await content.load(0, 100_000)
        with pytest.raises(ValueError, match=message):
            await content.load(100_000, size)


async def test_stream_that_fails_raises_its_own_error() -> None:
    """As it is."""

    async def failing() -> AsyncIterator[bytes]:
        yield b"x"
        raise LookupError("of the stream")

    with pytest.raises(LookupError, match="of the stream"):
        async with content_of(failing(), name="c"):
            pass


@pytest.mark.parametrize("size", [None, 10])
async def test_stream_of_something_else_is_refused(size: int | None) -> None:
    """Text has no bytes until somebody chooses an encoding."""
    with pytest.raises(TypeError, match="source must be a stream of bytes, not of str"):
        async with content_of(Iterating("text"), name="c", size=size) as content:
            await content.load(0, 10)


@pytest.mark.parametrize("source", [5, None, b"cat.mp4", object(), [b"x"]])
async def test_what_is_no_source_is_refused(source: Any) -> None:
    """Bytes in memory, and files that would block, among them."""
    with pytest.raises(TypeError, match="source must be a path or an async stream of bytes, not"):
        async with content_of(source, name="c"):
            pass


async def test_open_file_is_refused(path: Path) -> None:
    """Reading it would block; its path is as good."""
    with path.open("rb") as file, pytest.raises(TypeError, match="give its path"):
        async with content_of(file, name="c"):  # type: ignore[arg-type]
            pass


async def test_path_of_bytes_is_refused() -> None:
    """Names are text in the API."""

    class BytesPath(os.PathLike[bytes]):
        def __fspath__(self) -> bytes:
            return b"cat.mp4"

    with pytest.raises(TypeError, match="as str, not bytes"):
        async with content_of(BytesPath()):  # type: ignore[arg-type]
            pass


@pytest.mark.parametrize(
    ("name", "kind"), [("no such file", FileNotFoundError), ("", IsADirectoryError), ("cat.mp4/x", NotADirectoryError)]
)
async def test_what_cannot_be_opened_says_why(path: Path, name: str, kind: type[OSError]) -> None:
    """The system's own error."""
    with pytest.raises(kind):
        async with content_of(path.parent / name):
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have no path there")
async def test_pipe_is_refused(tmp_path: Path) -> None:
    """To open one waits for whoever writes, in a thread that nobody could end."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="source must be a regular file"):
        async with content_of(tmp_path / "pipe"):
            pass


@pytest.mark.parametrize("kind", ["file", "stream"])
async def test_nothing_to_upload_is_refused(path: Path, kind: str) -> None:
    """An empty file is a mistake more often than not."""
    os.truncate(path, 0)
    with pytest.raises(ValueError, match="source must not be empty"):
        async with content_of(path if kind == "file" else Iterating(b""), name="c"):
            pass


async def test_size_of_a_file_must_be_its_own(path: Path) -> None:
    """It may be given, and is checked."""
    async with content_of(path, size=len(BYTES)) as content:
        assert content.size == len(BYTES)
    with pytest.raises(ValueError, match=f"size must be that of the file, {len(BYTES)} bytes"):
        async with content_of(path, size=5):
            pass


@pytest.mark.parametrize("name", ["", " ", "a/b", "a\\b", "a\0b"])
async def test_name_that_is_none_is_refused(path: Path, name: str) -> None:
    """A folder in it would mean something else to somebody."""
    with pytest.raises(ValueError, match="name must be that of a file"):
        async with content_of(path, name=name):
            pass


async def test_name_that_is_no_text_asks_for_another(tmp_path: Path) -> None:
    """A file may be called so on disk."""
    path = tmp_path / os.fsdecode(b"cat\xff.mp4")
    path.write_bytes(b"x")
    with pytest.raises(ValueError, match="pass name="):
        async with content_of(path):
            pass
    async with content_of(path, name="dog.mp4") as content:
        assert content.name == "dog.mp4"


async def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


async def cut(path: Path) -> None:
    os.truncate(path, len(BYTES) - 10)


async def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [append, cut, rewrite])
async def test_file_that_changes_is_found_out(path: Path, change: Any) -> None:
    """Whether it grew, shrank, or has other bytes."""
    async with content_of(path) as content:
        await change(path)
        with pytest.raises(FileChangedError, match=r"'cat\.mp4' changed while it was uploaded"):
            await whole(content)


async def test_another_file_under_its_name_is_none_of_its_business(path: Path) -> None:
    """What was opened is what is uploaded."""
    async with content_of(path) as content:
        other = path.with_name("cat2.mp4")
        other.write_bytes(b"other")
        other.rename(path)
        assert await whole(content) == BYTES


class SlowDisk:
    """Holds up what threads do until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()
        real = getattr(os, step)

        def held(*arguments: Any) -> Any:
            self.begun.set()
            assert self.let_go.wait(10)
            return real(*arguments)

        monkeypatch.setattr(f"cincopa_async._disk.os.{step}", held)

    async def reached(self) -> None:
        assert await anyio.to_thread.run_sync(self.begun.wait, 10)


@pytest.mark.parametrize("step", ["stat", "fstat"])
@pytest.mark.asyncio
async def test_native_cancel_while_a_thread_works_leaves_nothing_open(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A thread cannot be cancelled: what it opens is closed when it comes back, and what it uses not before."""
    finisher = Finisher(lambda: None)
    with monkeypatch.context() as patch:
        disk = SlowDisk(patch, step)

        async def use() -> None:
            async with opened(path, None, None, finisher):
                raise AssertionError("it was not cancelled")

        task = asyncio.create_task(use())
        await disk.reached()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # So that it does not wait for the thread.
        await asyncio.wait([task])
        assert task.cancelled()
        disk.let_go.set()
        with anyio.fail_after(10):
            while finisher.busy:  # noqa: ASYNC110 - the work of a thread
                await asyncio.sleep(0.001)

    assert not any("cat.mp4" in link for link in open_files())


async def test_file_is_closed_under_a_cancelled_scope(path: Path) -> None:
    """Before the cancellation goes on."""
    with anyio.CancelScope() as scope:
        async with content_of(path) as content:
            scope.cancel()
            await content.read(0, 10)

    assert scope.cancelled_caught
    assert not any("cat.mp4" in link for link in open_files())


async def test_file_that_was_closed_is_left_without_an_await(path: Path) -> None:
    """After the last chunk it is closed already, and a cancel that comes then must not lose the asset."""
    async with AsyncExitStack() as stack:
        content = await stack.enter_async_context(content_of(path))
        await content.aclose()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await stack.aclose()

    assert not scope.cancelled_caught
