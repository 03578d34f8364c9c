"""HTTP messages as the bytes they came in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import h11

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer, whole."""

    raw: bytes
    method: bytes = b""
    """The verb of a request."""
    call: str = ""
    """The name of the call that a request makes."""
    last: bool = False
    """Its sender wants the connection closed afterwards."""

    def cut(self, share: float) -> bytes:
        """Return its headers with so much of its body."""
        start = self.raw.index(b"\r\n\r\n") + 4
        return self.raw[: start + int(share * (len(self.raw) - start))]


class Messages:
    """Splits what comes in by a connection into messages."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._left = b""

    async def next_request(self) -> Message | None:
        """Read a request; None if the other end has gone."""
        return await self._next(h11.Connection(h11.SERVER))

    async def next_answer(self, method: bytes) -> Message | None:
        """Read the answer to a request of that method; None if the other end has gone."""
        connection = h11.Connection(h11.CLIENT)
        # Only what h11 needs to know where the answer ends: the request itself goes as it came.
        connection.send(h11.Request(method=method, target=b"/", headers=[(b"host", b"upstream")]))
        connection.send(h11.EndOfMessage())
        return await self._next(connection)

    async def _next(self, connection: h11.Connection) -> Message | None:
        raw = bytearray()
        request: h11.Request | None = None
        data = self._left or await self._reader.read(_CHUNK)
        while True:
            raw += data
            connection.receive_data(data)
            event: object = None
            while event is not h11.NEED_DATA:
                try:
                    event = connection.next_event()
                except h11.RemoteProtocolError:  # It left in the middle of a message, or speaks no HTTP.
                    return None
                match event:
                    case h11.Request():
                        request = event
                    case h11.ConnectionClosed():
                        return None
                    case h11.EndOfMessage():
                        self._left = connection.trailing_data[0]
                        last = connection.their_state is h11.MUST_CLOSE
                        return _message(bytes(raw.removesuffix(self._left)), request, last=last)
            data = await self._reader.read(_CHUNK)


def _message(raw: bytes, request: h11.Request | None, *, last: bool) -> Message:
    if request is None:
        return Message(raw, last=last)
    path = request.target.partition(b"?")[0].decode("latin-1")
    return Message(raw, request.method, path.rpartition("/")[2].removesuffix(".json"), last)
