"""Where a service's events are received while trials wait for them."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self, cast

import anyio.to_thread

from cincopa_async._calls import http_url

from ._unseen import UnseenError

_HERE = "127.0.0.1"
"""What leads the service here, a tunnel or a proxy, connects from this machine; nobody else has to."""
_MOST_BYTES = 1024 * 1024
_TICK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Came:
    """A request to a hook, as it came."""

    target: str = field(repr=False)
    """Its path and query."""
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hook:
    """How the service reaches this machine."""

    url: str = field(repr=False)
    port: int

    @classmethod
    def given(cls, url: str | None, port: int | None) -> Self | None:
        """Take it as callers give it; None where it is not given."""
        if url is None and port is None:
            return None
        if url is None or port is None:
            raise ValueError("hook_url and hook_port must be given together: where the service sends, and who listens")
        if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
            raise ValueError("hook_port must be a port, from 1 to 65535")
        return cls(http_url("hook_url", url), port)

    def check(self) -> None:
        """
        See, before anything is sent, that the port can be listened on.

        Raises:
            OSError: It cannot.
        """
        _Server((_HERE, self.port), _Handler).server_close()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[list[Came]]:
        """
        Listen, and give what comes as it comes.

        The standard library's server is enough here, in threads of its own, below any async library.

        Raises:
            UnseenError: The port cannot be listened on any more.
        """
        try:
            listening = _Server((_HERE, self.port), _Handler)
        except OSError:
            raise UnseenError("hook_port cannot be listened on any more") from None
        with listening as server:
            thread = threading.Thread(target=server.serve_forever, args=(_TICK_SECONDS,), name="contract hook")
            thread.start()
            try:
                yield server.came
            finally:
                with anyio.CancelScope(shield=True):  # Bounded by a tick.
                    await anyio.to_thread.run_sync(server.shutdown)
                    await anyio.to_thread.run_sync(thread.join)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *args: object) -> None:
        self.came: list[Came] = []
        super().__init__(*args)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def handle(self) -> None:
        with suppress(OSError):  # Likewise.
            super().handle()

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _MOST_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # Whoever sent it has gone.
            return
        cast("_Server", self.server).came.append(Came(self.path, tuple(self.headers.items()), body))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a hook's URL may hold a key."""
