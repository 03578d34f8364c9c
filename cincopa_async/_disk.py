"""An open file that is read and written in worker threads, so that the event loop never waits for a disk."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from collections.abc import Callable
from typing import BinaryIO, Self, TypeVar, cast

import anyio.to_thread

T = TypeVar("T")


class Disk:
    """An open file, each step in a worker thread."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        # A native cancel leaves a thread behind that still reads. If the file was closed under it, the descriptor could
        # be another file's by then.
        self._lock = threading.Lock()

    @classmethod
    async def open(cls, path: str | None) -> Self:
        """
        Open the file at `path`, or a temporary one that goes when it is closed.

        Raises:
            OSError: It cannot be opened.
            ValueError: It is no regular file.
        """
        return cls(await _in_thread(lambda: _open(path)))

    @property
    def closed(self) -> bool:
        return self._file.closed

    async def read(self, start: int, length: int) -> bytes:
        def step() -> bytes:
            self._file.seek(start)
            return self._file.read(length)

        return await self._do(step)

    async def write(self, start: int, data: bytes) -> None:
        def step() -> None:
            self._file.seek(start)
            self._file.write(data)
            self._file.flush()

        await self._do(step)

    async def identity(self) -> tuple[int, int]:
        """Return size and time of the last change; that another file may go by the name by now changes nothing."""

        def step() -> tuple[int, int]:
            status = os.fstat(self._file.fileno())
            return status.st_size, status.st_mtime_ns

        return await self._do(step)

    async def aclose(self) -> None:
        await self._do(self._file.close)

    async def _do(self, step: Callable[[], T]) -> T:
        def locked() -> T:
            with self._lock:
                return step()

        return await _in_thread(locked)


def _open(path: str | None) -> BinaryIO:
    if path is None:
        return cast("BinaryIO", tempfile.TemporaryFile())
    mode = os.stat(path).st_mode  # noqa: PTH116 - as it was given
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # To open a directory says what it is; a pipe would block.
        raise ValueError("source must be a regular file; give a pipe or a device as an async stream")
    return open(path, "rb")  # noqa: PTH123 - a path as it was given


async def _in_thread(step: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(step)
