"""How tests ask a fake, and wait for what it does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
from anyio.abc import SocketAttribute, SocketStream

POLL_SECONDS = 0.002


class Asker:
    """Makes calls by plain HTTP, the token with them."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self.http = http
        self.token = token

    async def respond(self, method: str, call: str, **params: object) -> httpx.Response:
        query = {"api_token": self.token, **{name: str(value) for name, value in params.items()}}
        return await self.http.request(method, f"{call}.json", params=query)

    async def get(self, call: str, **params: object) -> Any:
        return (await self.respond("GET", call, **params)).json()

    async def post(self, call: str, **params: object) -> Any:
        return (await self.respond("POST", call, **params)).json()

    async def start(self, input: str, **params: object) -> str:
        """Start an upload; returns its status_id."""
        return str((await self.post("asset.upload_from_url", input=input, **params))["status_id"])

    async def status(self, status_id: str) -> Any:
        return await self.get("asset.upload_from_url_get_status", status_id=status_id)

    async def abort(self, status_id: str) -> Any:
        return await self.post("asset.upload_from_url_abort", status_id=status_id)

    async def ended(self, status_id: str) -> Any:
        """Poll an upload to its end; returns the last status."""
        return await self.status_where(status_id, lambda status: status["status"] != "inprogress")

    async def status_where(self, status_id: str, meets: Callable[[Any], bool]) -> Any:
        """Poll an upload until its status is as wanted."""
        with anyio.fail_after(10):
            while not meets(status := await self.status(status_id)):  # noqa: ASYNC110 - the server tells by no event
                await anyio.sleep(POLL_SECONDS)
        return status

    async def galleries(self) -> int:
        """Say how many galleries there are."""
        return len((await self.get("gallery.list"))["galleries"])

    async def has_galleries(self, count: int) -> None:
        """Wait, within bounds, until there are so many galleries."""
        with anyio.fail_after(10):
            while await self.galleries() != count:  # noqa: ASYNC110 - the server tells by no event
                await anyio.sleep(POLL_SECONDS)

    async def uploaded(self, input: str, **params: object) -> str:
        """Upload to the end; returns the rid."""
        status = await self.ended(await self.start(input, **params))
        assert status["status"] == "completed", status
        return str(status["resid"])


async def until(holds: Callable[[], bool]) -> None:
    """Wait, within bounds, until something holds."""
    with anyio.fail_after(10):
        while not holds():  # noqa: ASYNC110 - it comes about in another thread
            await anyio.sleep(POLL_SECONDS)


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[str]:
    """Serve raw bytes, each connection the next of them and then closed; gives the URL."""
    left = list(answers)

    async def answer(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(left.pop(0) if len(left) > 1 else left[0])

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        yield f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        tasks.cancel_scope.cancel()


async def exchanged(base_url: str, request: bytes) -> bytes:
    """Send raw bytes to a server, and read until it closes the connection."""
    url = httpx.URL(base_url)
    assert url.port is not None
    received = b""
    with anyio.fail_after(10):
        async with await anyio.connect_tcp(url.host, url.port) as stream:
            await stream.send(request)
            async for data in stream:
                received += data
    return received
