"""A web server that webhooks are sent to: it remembers what came, and answers as it is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import h11
from anyio.abc import SocketAttribute, SocketStream

from cincopa_async.testing import FakeCincopa
from tests.testing.helpers import until


@dataclass
class Receiver:
    """Lives in the loop of the test."""

    base_url: str
    statuses: list[int] = field(default_factory=list)
    """What the next requests are answered; 200 afterwards."""
    requests: list[h11.Request] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    open: anyio.Event = field(default_factory=anyio.Event)
    """Set while it answers; without that, it only takes requests in."""

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(content) for content in self.contents]

    @property
    def events(self) -> list[str]:
        return [body["event"] for body in self.bodies]

    @property
    def targets(self) -> list[str]:
        return [request.target.decode() for request in self.requests]

    def shut(self) -> None:
        """Answer nothing until it is opened again."""
        self.open = anyio.Event()

    async def serve(self, stream: SocketStream) -> None:
        async with stream:
            connection, content = h11.Connection(h11.SERVER), b""
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                match event:
                    case h11.Request():
                        request = event
                    case h11.Data():
                        content += bytes(event.data)
                    case _:
                        connection.receive_data(await stream.receive())
            self.requests.append(request)
            self.contents.append(content)
            await self.open.wait()
            status = self.statuses.pop(0) if self.statuses else 200
            await stream.send(b"HTTP/1.1 %d Told\r\nlocation: /\r\ncontent-length: 0\r\n\r\n" % status)


async def told(fake: FakeCincopa) -> None:
    """Wait, within bounds, until each event has been delivered or given up."""
    await until(lambda: all(delivery.delivered is not None for delivery in fake.deliveries))


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    """Serve while entered."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        port = listener.extra(SocketAttribute.local_port)
        receiver = Receiver(f"http://127.0.0.1:{port}", list(statuses))
        receiver.open.set()
        tasks.start_soon(listener.serve, _forgiving(receiver))
        yield receiver
        tasks.cancel_scope.cancel()


def _forgiving(receiver: Receiver) -> Any:
    async def serve(stream: SocketStream) -> None:
        try:
            await receiver.serve(stream)
        except (anyio.EndOfStream, anyio.BrokenResourceError, h11.RemoteProtocolError):
            return  # The fake gave up first, or speaks TLS.

    return serve
