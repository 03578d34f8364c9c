"""MisbehavingServer: does on a socket what an ASGI app cannot do."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from threading import Lock
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from ._faults import BEFORE, Fault, FaultName, Faults
from ._messages import Message, Messages
from ._rules import Rule, first
from ._sockets import base_url, listen, refuse_remote
from ._thread import LoopThread


class MisbehavingServer:
    """
    Breaks off, falls silent, talks garbage: on a loopback socket, while it is entered.

    With `upstream` it stands in front of a server, such as a :class:`FakeServer`: it hands requests on byte for byte,
    lets the server act, and hands the answer back, but where a fault is due. Alone it answers what :meth:`script` says,
    else ``{"success": true, "runtime": 1}``. It runs in a thread of its own.

    Args:
        upstream: The ``base_url`` of the server behind it.
        host: An address of the loopback interface; another one only with `allow_remote`.
        port: Any free one if 0.
        allow_remote: Let other machines in.
    """

    def __init__(
        self, upstream: str | None = None, *, host: str = "127.0.0.1", port: int = 0, allow_remote: bool = False
    ) -> None:
        if not allow_remote:
            refuse_remote(host)
        self._upstream = urlsplit(upstream) if upstream else None
        self._host = host
        self._port = port
        self._base_url = ""
        self._faults = Faults()
        self._lock = Lock()
        self._scripts: list[tuple[Rule, Message]] = []
        self._requests: Counter[str] = Counter()
        self._connections = 0
        self._open: set[asyncio.Task[Any]] = set()
        self._thread = LoopThread("cincopa-misbehaving", self._serving)

    async def __aenter__(self) -> Self:
        await self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._thread.stop()

    def __repr__(self) -> str:
        return f"<MisbehavingServer {self._base_url}>"

    @property
    def base_url(self) -> str:
        """Where it is, for `CincopaClient(base_url=…)`; empty before it is entered."""
        return self._base_url

    @property
    def open_connections(self) -> int:
        """How many sockets are open to it now."""
        return len(self._open)

    @property
    def connections(self) -> int:
        """How many connections it has accepted in all."""
        return self._connections

    @property
    def requests(self) -> Counter[str]:
        """How many requests came, by call; a copy."""
        with self._lock:
            return self._requests.copy()

    def fault(
        self,
        name: FaultName,
        *,
        call: str = "*",
        nth: int | Collection[int] | None = None,
        every: int | None = None,
        rate: float | None = None,
        seed: int = 0,
        times: int | None = None,
        seconds: float = 0.0,
    ) -> None:
        """
        Misbehave from now on; `call` and the rest say when, as for :class:`Quirk`.

        Before anything is done: ``reset_on_accept`` (`nth` and the like count connections), ``reset``,
        ``silence_before``. After the server has acted: ``half_answer`` (then closes), ``reset_in_body``,
        ``reset_after`` (no byte of the answer), ``silence`` (no answer, ever), ``garbage``, ``slow_drip`` (`seconds`
        after each byte), ``close_idle`` (the whole answer, as if to keep the connection; closes it `seconds` later).
        """
        rule = Rule(call=call, nth=nth, every=every, rate=rate, seed=seed, times=times)
        self._faults.add(Fault(name, rule, seconds))

    def clear_faults(self) -> None:
        """Behave again."""
        self._faults.clear()

    def script(
        self,
        body: bytes | Mapping[str, Any],
        *,
        status: int = 200,
        call: str = "*",
        nth: int | Collection[int] | None = None,
        times: int | None = None,
    ) -> None:
        """Answer so where no server is behind: a JSON object, or a body as it stands; the first that applies."""
        with self._lock:
            self._scripts.append((Rule(call=call, nth=nth, times=times), _message(body, status)))

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        listener = listen(self._host, self._port)
        self._base_url = base_url(listener)
        server = await asyncio.start_server(self._serve, sock=listener)
        try:
            yield
        finally:
            server.close()
            tasks = list(self._open)
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)
            await asyncio.sleep(0)  # Their sockets are closed a turn of the loop after the abort.

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: this runs in a task
        self._open.add(task)
        self._connections += 1
        try:
            # A client that leaves in the middle is none of our business, and only the server's stop cancels.
            with suppress(ConnectionError, asyncio.CancelledError):
                await self._converse(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()  # What a client that reads no more has left unsent would keep the socket open.
            self._open.discard(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._faults.on_accept():
            await Fault("reset", Rule(), 0.0).instead_of_acting(reader, writer)
            return
        messages = Messages(reader)
        while (request := await messages.next_request()) is not None:
            with self._lock:
                self._requests[request.call] += 1
            fault = self._faults.of(request.call)
            if fault is not None and fault.name in BEFORE:
                await fault.instead_of_acting(reader, writer)
                return
            answer = await self._act(request)
            if answer is None:
                return
            if fault is not None:
                await fault.instead_of_answer(answer, reader, writer)
                if fault.name != "slow_drip":
                    return
            else:
                writer.write(answer.raw)
                await writer.drain()
            if request.last:
                return

    async def _act(self, request: Message) -> Message | None:
        if self._upstream is None:
            return self._scripted(request.call)
        reader, writer = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        try:
            writer.write(request.raw)
            return await Messages(reader).next_answer(request.method)
        finally:
            writer.transport.abort()

    def _scripted(self, call: str) -> Message:
        with self._lock:
            return first(self._scripts, call) or _message({"success": True, "runtime": 1}, 200)


def _message(body: bytes | Mapping[str, Any], status: int) -> Message:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return Message(head.encode() + content)
