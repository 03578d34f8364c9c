"""FakeServer: a FakeCincopa on a socket, by uvicorn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from ._mishaps import RESET
from ._sockets import base_url, listen, refuse_remote, reset
from ._thread import LoopThread

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from cincopa_async import CincopaClient

    from ._fake import FakeCincopa


class FakeServer:
    """
    A :class:`FakeCincopa` on a socket while it is entered: ``async with fake.serve() as server``.

    It runs in a thread of its own, below any async library. On leaving, its connections are closed, and its uploads and
    deliveries to hooks end.
    """

    def __init__(self, fake: FakeCincopa, host: str, port: int, *, allow_remote: bool) -> None:
        if not allow_remote:
            refuse_remote(host)
        self._fake = fake
        self._host = host
        self._port = port
        self._base_url = ""
        self._state = ServerState()
        self._thread = LoopThread("cincopa-fake", self._serving)

    async def __aenter__(self) -> Self:
        await self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._thread.stop()

    def __repr__(self) -> str:
        return f"<FakeServer {self._base_url}>"

    @property
    def fake(self) -> FakeCincopa:
        """What is served."""
        return self._fake

    @property
    def base_url(self) -> str:
        """Where the API is, for `CincopaClient(base_url=…)`; empty before the server is entered."""
        return self._base_url

    @property
    def api_token(self) -> str:
        """The account's own token."""
        return self._fake.api_token

    @property
    def open_connections(self) -> int:
        """How many sockets are open to the server now."""
        return len(self._state.connections)

    def client(self, **kwargs: Any) -> CincopaClient:
        """Return a client of this account; `kwargs` are CincopaClient's."""
        from cincopa_async import CincopaClient  # noqa: PLC0415 - the fake needs the client nowhere else

        return CincopaClient(self.api_token, base_url=self.base_url, **kwargs)

    def media_url(self, rid: str, type: str | None = None) -> str:
        """
        Return where the stored bytes of an asset are served.

        Args:
            rid: The asset.
            type: What is attached to it instead: ``thumb`` for its poster, ``subtitle-en``…
        """
        url = f"{self._base_url.removesuffix('v2/')}media/{rid}"
        return url if type is None else f"{url}/{type}"

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        # uvicorn's protocol without its Server: that one takes a third of a second to stop, waits for connections that
        # are idle, and speaks of each step in the program's log.
        config = Config(
            self._fake,
            http=_Protocol,
            ws="none",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
        )
        config.load()
        config.loaded_app = self._fake  # Without what uvicorn wraps around it at some log levels, to log each request.
        self._state.default_headers = [(b"date", formatdate(usegmt=True).encode()), (b"server", b"cincopa-fake")]
        listener = listen(self._host, self._port)
        self._base_url = base_url(listener)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Protocol(config, self._state, {}), sock=listener)
        try:
            yield
        finally:
            server.close()
            await self._fake.aclose()
            await self._close_connections()

    async def _close_connections(self) -> None:
        for connection in list(self._state.connections):
            connection.transport.abort()
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)  # Their sockets are closed a turn of the loop after the abort.


class _Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, able to reset its connection, and silent."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._fake_app: Callable[..., Any] = config.loaded_app
        self.app = self._run
        # Here and not in Config, which would silence uvicorn's logger for the whole program.
        self.access_log = False

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle = self.cycle

        def reset_connection() -> None:
            cycle.disconnected = True
            reset(self.transport)

        scope["extensions"] = {RESET: reset_connection}
        try:
            await self._fake_app(scope, receive, send)
        except asyncio.CancelledError:
            # The server stops, nobody else cancels: not a fault of the app, as which uvicorn would log it.
            cycle.disconnected = True
