"""A host on a bare socket that notes what comes, byte for byte."""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import anyio
import anyio.abc

MADE = b"new resource id 17 A4"


class RawHost:
    """Answers ``asset.get_upload_url`` with `upload_url`, and chunks as `chunk` says; also as a proxy."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.upload_url = f"http://127.0.0.1:{port}/post.jpg?hash=CANARY-CAPABILITY"
        self.targets: list[bytes] = []
        """What stood in each request line."""
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.answers: list[bytes] = []
        """What the next chunks are answered; then what Cincopa would say."""
        self.api_answers: list[bytes] = []
        """The same of calls of the API."""
        self.early = 0
        """How many chunks are answered before their body is read."""
        self.resets: list[int] = []
        """After how many bytes of its body each of the next chunks is reset."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2/"

    async def serve(self, stream: anyio.abc.SocketStream) -> None:
        self.connections += 1
        async with stream:
            data = b""
            try:
                while True:
                    while b"\r\n\r\n" not in data:
                        data += await stream.receive()
                    head, _, data = data.partition(b"\r\n\r\n")
                    data = await self._answer(stream, head, data)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                pass

    async def _answer(self, stream: anyio.abc.SocketStream, head: bytes, data: bytes) -> bytes:
        target = head.split(b" ", 2)[1]
        self.targets.append(target)
        self.heads.append(head)
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(headers.get(b"content-length", 0))
        if length and self.resets:
            most = self.resets.pop(0)
            while len(data) < most:
                data += await stream.receive()
            stream.extra(anyio.abc.SocketAttribute.raw_socket).setsockopt(
                SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0)
            )
            await stream.aclose()
            raise anyio.EndOfStream
        early = bool(length and self.early)
        if early:
            self.early -= 1
            await self._say(stream, headers, length)
        while len(data) < length:
            data += await stream.receive()
        if length:
            self.bodies.append(data[:length])
        if not early:
            await self._say(stream, headers, length)
        return data[length:]

    async def _say(self, stream: anyio.abc.SocketStream, headers: dict[bytes, bytes], length: int) -> None:
        if not length and self.api_answers:
            await stream.send(self.api_answers.pop(0))
            return
        if not length:
            body = json.dumps({"success": True, "upload_url": self.upload_url}).encode()
        elif self.answers:
            await stream.send(self.answers.pop(0))
            return
        else:
            end, size = headers[b"content-range"].rpartition(b"-")[2].split(b"/")
            body = MADE if end == size else b"ok"
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@asynccontextmanager
async def raw_host(prepare: Callable[[RawHost], Any] = lambda _: None) -> AsyncIterator[RawHost]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    host = RawHost(listener.extra(anyio.abc.SocketAttribute.local_port))
    prepare(host)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, host.serve)
        yield host
        tasks.cancel_scope.cancel()
