"""FakeCincopa: a Cincopa account in memory, as an ASGI app, in-process or on a socket."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from ._account import ALL_PERMISSIONS, Account, permissions_text, read_permissions
from ._api import Api
from ._archive import Archives
from ._background import Backgrounds
from ._clock import Meter
from ._contract import Contract, Value
from ._counts import Counts
from ._deliveries import Deliverer, Delivery
from ._direct import DirectUploads
from ._files import Files
from ._holds import Hold, Holds
from ._pulls import Puller
from ._quirks import Quirk, QuirkName, Quirks
from ._server import FakeServer
from ._sources import Source, Sources
from ._sync import Syncs

if TYPE_CHECKING:
    from cincopa_async import CincopaClient

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class FakeCincopa:
    """
    A Cincopa that behaves as the vendor's documentation says, with an account in memory.

    It is an ASGI app: :meth:`serve` puts it on a loopback socket, :meth:`client` hands out a client wired to it
    in-process. Uploads truly fetch their input over HTTP, or from what :meth:`add_source` registered. What the
    documentation leaves open is a :class:`Quirk`. What happens in the account is sent to its webhooks, by HTTP. As an
    async context manager it ends the uploads and deliveries that run in-process.

    Args:
        api_token: The account's token; one is made up if not given.
        max_input_bytes: Uploads of more than this fail, files of more are rejected.
        max_pulls: How many uploads read their input at once; the others wait in progress.
        source_timeout: Seconds after which an input that says nothing is given up.
        webhook_attempts: How often an event is sent to a hook that fails, at most.
        webhook_pause: Seconds before it is sent again; twice as long each time.
        webhook_timeout: Seconds after which a hook that has not answered has failed.
        rate_limit: How many calls a second are taken; more are answered HTTP 429, with a Retry-After of a second.
        sync_seconds: How long an asset is ``syncing`` once it is uploaded, by the clock of the event loop.
        seed: Of the ids that are made up.
        contract: What the service is like, where it is not as ``contract.toml`` has it: values of facts by their ids,
            or the file that ``cincopa contract --json`` has written of one's own account.
        quirks: What is out of the ordinary from the start, for some calls.
    """

    def __init__(
        self,
        api_token: str | None = None,
        *,
        max_input_bytes: int = 1024**3,
        max_pulls: int = 1000,
        source_timeout: float = 60.0,
        webhook_attempts: int = 5,
        webhook_pause: float = 0.1,
        webhook_timeout: float = 10.0,
        rate_limit: float | None = None,
        sync_seconds: float = 0.0,
        seed: int = 0,
        contract: Contract | Mapping[str, Value] | str | PathLike[str] | None = None,
        quirks: Iterable[Quirk] = (),
    ) -> None:
        self._account = Account(seed=seed, api_token=api_token)
        self._quirks = Quirks(quirks, Contract.of(contract))
        self._sources = Sources(timeout=source_timeout)
        self._holds = Holds()
        self._backgrounds = Backgrounds()
        self._deliverer = Deliverer(
            self._account,
            self._backgrounds,
            attempts=webhook_attempts,
            pause=webhook_pause,
            timeout=webhook_timeout,
        )
        self._sync_holds = Holds()
        syncs = Syncs(self._account, self._sync_holds, self._backgrounds, seconds=sync_seconds)
        puller = Puller(
            self._account,
            self._sources,
            self._holds,
            self._backgrounds,
            syncs,
            max_input_bytes=max_input_bytes,
            max_pulls=max_pulls,
        )
        meter = None if rate_limit is None else Meter(rate_limit)
        api = Api(self._account, puller, syncs, self._quirks, meter)
        files = Files(self._account, syncs, max_bytes=max_input_bytes)
        direct = DirectUploads(self._account, files, self._quirks)
        self._router = Router(
            [
                Route("/v2/{call}", api.answer, methods=_METHODS),
                Route("/post.jpg", direct.answer, methods=_METHODS),
                Route("/archive/{name}", Archives(self._account).answer),
                Route("/media/{rid}", self._media),
                Route("/media/{rid}/{type}", self._media),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI app."""
        await self._router(scope, receive, send)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<FakeCincopa {self.counts!r}>"

    @property
    def api_token(self) -> str:
        """The account's own token: it may do all, and has no end."""
        return self._account.api_token

    @property
    def counts(self) -> Counts:
        """What it has seen and done."""
        return self._account.counts

    @property
    def deliveries(self) -> list[Delivery]:
        """What was sent to webhooks, and is being sent, in the order of its events; a copy."""
        return self._deliverer.deliveries

    async def aclose(self) -> None:
        """End the uploads and deliveries that run in the loop at hand, as failed, and its sync phases."""
        await self._backgrounds.aclose()

    def serve(self, host: str = "127.0.0.1", port: int = 0, *, allow_remote: bool = False) -> FakeServer:
        """
        Serve on a socket, in a thread of its own: ``async with fake.serve() as server``.

        Args:
            host: An address of the loopback interface; another one only with `allow_remote`.
            port: Any free one if 0.
            allow_remote: Let other machines in: only the account's token keeps them from fetching URLs through it.
        Raises:
            ValueError: `host` is not on the loopback interface.
        """
        return FakeServer(self, host, port, allow_remote=allow_remote)

    def client(self, **kwargs: Any) -> CincopaClient:
        """Return a client of this account that calls in-process, without a socket; `kwargs` are CincopaClient's."""
        from cincopa_async import CincopaClient  # noqa: PLC0415 - the fake needs the client nowhere else

        transport = httpx.ASGITransport(app=self)
        return CincopaClient(self.api_token, base_url="http://cincopa.test/v2/", transport=transport, **kwargs)

    def quirk(
        self,
        name: QuirkName,
        *,
        call: str | None = None,
        nth: int | Collection[int] | None = None,
        every: int | None = None,
        rate: float | None = None,
        seed: int = 0,
        times: int | None = None,
        **options: Any,
    ) -> None:
        """Switch a quirk on; the arguments are those of :class:`Quirk`."""
        self._quirks.add(Quirk(name, call=call, nth=nth, every=every, rate=rate, seed=seed, times=times, **options))

    def clear_quirks(self) -> None:
        """Switch all quirks off."""
        self._quirks.clear()

    def hold(self, input: str = "*", *, after_bytes: int = 0) -> None:
        """
        Keep uploads in progress until :meth:`release`.

        Args:
            input: Which uploads: a pattern of their input URL.
            after_bytes: Let them read this much first; those whose input is shorter wait before they complete.
        """
        self._holds.add(Hold(input, after_bytes))

    def release(self) -> None:
        """Let every upload go on that is held."""
        self._holds.release()

    @contextmanager
    def held(self, input: str = "*", *, after_bytes: int = 0) -> Iterator[None]:
        """Keep uploads in progress within the block, as :meth:`hold` does."""
        hold = Hold(input, after_bytes)
        self._holds.add(hold)
        try:
            yield
        finally:
            self._holds.release(hold)

    def hold_sync(self, rid: str = "*") -> None:
        """Keep assets ``syncing`` until :meth:`release_sync`, those whose rid matches the pattern."""
        self._sync_holds.add(Hold(rid, 0))

    def release_sync(self) -> None:
        """Let every asset be synced that is held, at the end of its time."""
        self._sync_holds.release()

    def add_source(
        self,
        url: str,
        content: bytes,
        *,
        status: int = 200,
        content_type: str | None = None,
        content_length: bool = True,
        headers: Mapping[str, str] | None = None,
        seconds: float = 0.0,
    ) -> None:
        """
        Register an input that is read from memory: an upload of `url` opens no connection.

        Args:
            url: The input, exactly as uploads name it.
            content: Its bytes.
            status: The HTTP status it answers.
            content_type: Its Content-Type; none if not given.
            content_length: Whether it says how long it is.
            headers: Further headers, such as the Location of a redirect.
            seconds: How long reading it takes, by the clock of the event loop.
        """
        known = {name.lower(): value for name, value in (headers or {}).items()}
        if content_type is not None:
            known["content-type"] = content_type
        if content_length:
            known["content-length"] = str(len(content))
        self._sources.add(url, Source(content, status, known, seconds))

    def add_asset(self, content: bytes, *, name: str, content_type: str | None = None, fid: str | None = None) -> str:
        """
        Put an asset into the account that has long been there: synced, and told to no webhook.

        Args:
            content: Its bytes.
            name: Its file's name, by which its type is known too.
            content_type: What is served with its bytes; guessed from the name if not given.
            fid: The gallery to put it into, at its bottom.

        Returns:
            Its rid.

        Raises:
            KeyError: There is no such gallery.
        """
        with self._account.lock:
            gallery = None if fid is None else self._account.galleries[fid]
            asset = self._account.add_asset(content, name=name, content_type=content_type or "")
            if gallery is not None:
                gallery.rids.append(asset.rid)
            return asset.rid

    def issue_token(self, permissions: str = permissions_text(ALL_PERMISSIONS), *, ttl: float | None = None) -> str:
        """
        Make a token.

        Args:
            permissions: Patterns of calls between bars, as ping tells them: ``"|asset.list|gallery.*|"``.
            ttl: Seconds until its end; it has none if not given.
        """
        return self._account.issue_token([read_permissions(permissions)], ttl=ttl).value

    def expire_token(self, token: str) -> None:
        """Let a token's time be over now."""
        self._account.tokens[token].ttl = 0.0

    def revoke_token(self, token: str) -> None:
        """Take a token out of the account, as its owner may: nobody knows it any more."""
        del self._account.tokens[token]

    def stored(self, rid: str) -> bytes:
        """Return the bytes of an asset."""
        return bytes(self._account.assets[rid].content)

    async def _media(self, request: Request) -> Response:
        """Serve stored bytes: an asset's, or those of what is attached to it, the poster only once it is set."""
        found = self._account.media(request.path_params["rid"], request.path_params.get("type"))
        if found is None:
            return PlainTextResponse("Not Found", status_code=404)
        return Response(bytes(found.content), media_type=found.content_type)
