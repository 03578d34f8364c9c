"""
Peak memory of uploading a file of 2 GiB, and the time it takes beside a plain POST of httpx.

The file is sparse, and goes to a fake Cincopa in a process of its own. So does each way to upload it, for a process
tells its peak once and for all. The figures are what it took over what it had before, the client open and one call
made. It fails if that is 64 MiB or more. Run it with ``python -m nox -s bench -- files``.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx
from _results import table, write

from cincopa_async import CincopaClient
from cincopa_async.testing import FakeCincopa

MEBIBYTE = 1024 * 1024
SIZE = 2048 * MEBIBYTE
MOST = 64 * MEBIBYTE
PIECE = 256 * 1024
TOKEN = "BENCHMARK"


def peak() -> int:
    """Return the bytes that this process had in memory at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


async def pieces(path: Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while piece := await file.read(PIECE):
            yield piece


async def from_path(cincopa: CincopaClient, path: Path) -> str:
    return (await cincopa.upload_file(path)).rid


async def from_stream(cincopa: CincopaClient, path: Path) -> str:
    return (await cincopa.upload_file(pieces(path), name=path.name, size=SIZE)).rid


async def by_httpx(cincopa: CincopaClient, path: Path) -> str:
    url = (await cincopa.asset.get_upload_url()).upload_url
    async with httpx.AsyncClient(timeout=600) as http:
        reply = await http.post(url, content=pieces(path), headers={"Content-Length": str(SIZE)})
    return reply.text.split()[-1]


WAYS: dict[str, Callable[[CincopaClient, Path], Awaitable[str]]] = {
    "path": from_path,
    "stream": from_stream,
    "httpx": by_httpx,
}


SHOWN = {"path": "`upload_file` of a path", "stream": "`upload_file` of a stream", "httpx": "one POST of httpx"}


async def serve() -> None:
    async with FakeCincopa(TOKEN, max_input_bytes=SIZE).serve() as server:
        print(server.base_url, flush=True)
        await anyio.sleep_forever()


async def upload(way: str, base_url: str, path: Path) -> None:
    """Print the bytes that an upload took over what the process had before, and its seconds."""
    async with CincopaClient(TOKEN, base_url=base_url) as cincopa:
        await cincopa.ping()
        before, start = peak(), time.perf_counter()
        rid = await WAYS[way](cincopa, path)
        took = time.perf_counter() - start
        print(json.dumps([peak() - before, took]))
        page = await cincopa.asset.list(rid=rid)
        assert [asset.filesize for asset in page.items] == [SIZE]
        await cincopa.asset.delete(rid)  # The fake keeps files in memory.


@contextmanager
def served() -> Iterator[str]:
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def measured(way: str, base_url: str, path: Path) -> tuple[int, float]:
    command = [sys.executable, __file__, way, base_url, str(path)]
    extra, took = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return extra, took


def compare() -> int:
    with tempfile.TemporaryDirectory() as folder, served() as base_url:
        path = Path(folder, "cat.mp4")
        path.touch()
        os.truncate(path, SIZE)
        figures = {way: measured(way, base_url, path) for way in WAYS}
    rows = [
        [shown, f"{extra / MEBIBYTE:.1f}", f"{SIZE / MEBIBYTE / took:.0f}", f"{took / figures['httpx'][1]:.2f}"]
        for shown, (extra, took) in ((SHOWN[way], figures[way]) for way in WAYS)
    ]
    what = f"A file of {SIZE // MEBIBYTE:,} MiB: the peak of memory over what the process had before, and the time."
    text = [
        f"{what} The aim is less than {MOST // MEBIBYTE} MiB more.",
        table(["", "MiB more at the peak", "MiB a second", "times as long as httpx"], rows),
    ]
    write("files", "\n\n".join(text), ["httpx"])
    return int(max(figures[way][0] for way in ("path", "stream")) >= MOST)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        anyio.run(serve)
    elif sys.argv[1:]:
        anyio.run(upload, sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    else:
        sys.exit(compare())
