"""
What is measured: each peer sends the same GET of an upload's status and makes something typed of the JSON.

Run as ``python benchmarks/_peers.py NAME BASE_URL TASKS CALLS`` it prints the CPU microseconds of a call of a new
client, its connections included, with ``no-gc`` at the end those without the garbage collector. A process each keeps
peers from warming, or burdening, each other, and one that does not end can be killed.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from _measure import printed_by

TOKEN = "BENCHMARK"
STATUS_ID = "1c2a6d3b-2f0e-4a53-9d5e-0d3a7e0b8f11"
PATH = "asset.upload_from_url_get_status.json"
PARAMS = {"status_id": STATUS_ID, "api_token": TOKEN}
CONNECTIONS = 64
BOUND = 60.0
"""Seconds after which a process that measures is killed."""

Get = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Status:
    """The typed result of the peers that have none of their own: as little as it can be."""

    status: str
    progress_bytes: int
    file_size_bytes: int

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Status:
        return cls(answer["status"], answer["progress_bytes"], int(answer["file_size_bytes"].partition(" ")[0]))


@asynccontextmanager
async def cincopa_async(base_url: str) -> AsyncIterator[Get]:
    from cincopa_async import CincopaClient

    async with CincopaClient(TOKEN, base_url=base_url) as client:
        yield lambda: client.asset.upload_from_url_get_status(STATUS_ID)


@asynccontextmanager
async def httpx(base_url: str) -> AsyncIterator[Get]:
    import httpx

    async with httpx.AsyncClient(base_url=base_url, timeout=None) as client:

        async def get() -> Status:
            return Status.of((await client.get(PATH, params=PARAMS)).json())

        yield get


@asynccontextmanager
async def httpx2(base_url: str) -> AsyncIterator[Get]:
    import httpx2

    async with httpx2.AsyncClient(base_url=base_url, timeout=None) as client:

        async def get() -> Status:
            return Status.of((await client.get(PATH, params=PARAMS)).json())

        yield get


@asynccontextmanager
async def aiohttp(base_url: str) -> AsyncIterator[Get]:
    import aiohttp

    async with aiohttp.ClientSession(base_url=base_url) as session:

        async def get() -> Status:
            async with session.get(PATH, params=PARAMS) as response:
                return Status.of(await response.json())

        yield get


@asynccontextmanager
async def by_hand(base_url: str) -> AsyncIterator[Get]:
    """The floor: a stack of asyncio's streams, a request that is one string, and no error ever."""
    url = urlsplit(base_url)
    request = (
        f"GET {url.path}{PATH}?status_id={quote(STATUS_ID)}&api_token={quote(TOKEN)} HTTP/1.1\r\nHost: {url.netloc}"
    )
    sent = f"{request}\r\nAccept: application/json\r\n\r\n".encode()
    idle = [await asyncio.open_connection(url.hostname, url.port) for _ in range(CONNECTIONS)]
    slots = asyncio.Semaphore(CONNECTIONS)

    async def get() -> Status:
        async with slots:
            reader, writer = connection = idle.pop()
            writer.write(sent)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            idle.append(connection)
            return Status.of(json.loads(body))

    yield get
    for _, writer in idle:
        writer.close()


@asynccontextmanager
async def openai(base_url: str) -> AsyncIterator[Get]:
    from openai import AsyncOpenAI, BaseModel

    class Typed(BaseModel):
        status: str
        progress_bytes: int
        file_size_bytes: str

    async with AsyncOpenAI(api_key=TOKEN, base_url=base_url) as client:
        yield lambda: client.get(PATH, cast_to=Typed, options={"params": PARAMS})


@asynccontextmanager
async def gidgethub(base_url: str) -> AsyncIterator[Get]:
    import httpx
    from gidgethub.httpx import GitHubAPI

    async with httpx.AsyncClient(timeout=None) as client:
        github = GitHubAPI(client, "benchmark", base_url=base_url.rstrip("/"))

        async def get() -> Status:
            return Status.of(await github.getitem(f"/{PATH}{{?status_id,api_token}}", PARAMS))

        yield get


@asynccontextmanager
async def over_httpx(base_url: str) -> AsyncIterator[Get]:
    import httpx

    from cincopa_async import CincopaClient

    async with httpx.AsyncClient() as http, CincopaClient(TOKEN, base_url=base_url, http_client=http) as client:
        yield lambda: client.asset.upload_from_url_get_status(STATUS_ID)


@asynccontextmanager
async def over_httpx2(base_url: str) -> AsyncIterator[Get]:
    import httpx2

    from cincopa_async import CincopaClient

    async with httpx2.AsyncClient() as http, CincopaClient(TOKEN, base_url=base_url, http_client=http) as client:
        yield lambda: client.asset.upload_from_url_get_status(STATUS_ID)


@asynccontextmanager
async def over_aiohttp(base_url: str) -> AsyncIterator[Get]:
    from httpx_aiohttp import AiohttpTransport

    from cincopa_async import CincopaClient

    async with AiohttpTransport() as wire, CincopaClient(TOKEN, base_url=base_url, transport=wire) as client:
        yield lambda: client.asset.upload_from_url_get_status(STATUS_ID)


Peer = Callable[[str], AbstractAsyncContextManager[Get]]

PEERS: dict[str, Peer] = {
    "cincopa_async": cincopa_async,
    "raw httpx": httpx,
    "raw httpx2": httpx2,
    "raw aiohttp": aiohttp,
    "by hand": by_hand,
    "openai's get": openai,
    "gidgethub": gidgethub,
}
OVER_WHAT_IS_GIVEN: dict[str, Peer] = {
    "an httpx client": over_httpx,
    "an httpx2 client": over_httpx2,
    "an aiohttp transport": over_aiohttp,
}


def measure(
    name: str, base_url: str, tasks: int, *options: str, calls: int | None = None
) -> Callable[[], float | None]:
    """What measures a peer once, in a process of its own: CPU microseconds a call, None where it does not end."""
    calls = calls or max(2_000, 4 * tasks)
    return functools.partial(printed_by, [__file__, name, base_url, str(tasks), str(calls), *options], within=BOUND)


async def cpu_per_call(get: Get, tasks: int, calls: int) -> float:
    """The process's CPU microseconds a call, with so many tasks calling at once."""

    async def caller(times: int) -> None:
        for _ in range(times):
            await get()

    start = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(caller(max(1, calls // tasks)))
    return (time.process_time() - start) / (max(1, calls // tasks) * tasks) * 1e6


async def main(name: str, base_url: str, tasks: int, calls: int) -> None:
    peer = (PEERS | OVER_WHAT_IS_GIVEN)[name]
    async with peer(base_url) as get:
        await cpu_per_call(get, 1, 300)  # Whatever is imported, or made, once a process.
    # A new client: it opens its connections when the tasks need them, as in a process that has just begun.
    async with peer(base_url) as get:
        print(await cpu_per_call(get, tasks, calls))


if __name__ == "__main__":
    if "no-gc" in sys.argv:
        gc.disable()
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
