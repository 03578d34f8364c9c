"""What every client does call by call: its life, its groups, and the entrance that every call goes through."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar
from urllib.parse import quote

import cincopa_async

from ._calls import Call, Param, Safety, above_zero, http_url, named, required
from ._given import AnyClient, AnyTransport
from ._life import Life
from ._pace import Pace
from ._retry import RetryPolicy
from ._sending import Sender
from ._token import Token, TokenSource, given_token
from ._transport import Transport
from .jobs import OnCancel, UploadJob
from .polling import PollPolicy

if TYPE_CHECKING:
    from .files import FileSender
    from .resources.asset import AssetGroup
    from .resources.gallery import GalleryGroup
    from .resources.general import TokenGroup
    from .resources.live import LiveGroup
    from .resources.portal import PortalGroup
    from .resources.upload import UploadGroup
    from .resources.webhook import WebhookGroup

T = TypeVar("T")

BASE_URL = "https://api.cincopa.com/v2/"


class BaseClient:
    """One call at a time: what whole jobs are built on. :class:`CincopaClient` is the class to use."""

    def __init__(
        self,
        api_token: str | TokenSource | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
        max_concurrency: int = 64,
        rate_limit: float | None = None,
        retry: RetryPolicy | None = None,
        poll: PollPolicy | None = None,
        http_client: AnyClient | None = None,
        transport: AnyTransport | None = None,
    ) -> None:
        token = Token(given_token(api_token))
        retry = retry or RetryPolicy()
        self._poll = poll or PollPolicy()
        wire = Transport(api_url(base_url), timeout, http_client, transport)
        self._life = Life(
            max_concurrency, wire.connect, wire.connect_upload, token, Pace(above_zero("rate_limit", rate_limit))
        )
        self._wire = wire
        self._retry = retry
        self._sender = Sender(self, self._life, wire, token, retry)

    # What each of these stands for is imported when it is first asked for: a program pays for the groups that it uses.

    @cached_property
    def asset(self) -> AssetGroup:
        """Calls ``asset.*``."""
        from .resources.asset import AssetGroup

        return AssetGroup(self)

    @cached_property
    def gallery(self) -> GalleryGroup:
        """Calls ``gallery.*``."""
        from .resources.gallery import GalleryGroup

        return GalleryGroup(self)

    @cached_property
    def live(self) -> LiveGroup:
        """Calls ``live.*``."""
        from .resources.live import LiveGroup

        return LiveGroup(self)

    @cached_property
    def portal(self) -> PortalGroup:
        """Calls ``portal.*``."""
        from .resources.portal import PortalGroup

        return PortalGroup(self)

    @cached_property
    def token(self) -> TokenGroup:
        """Calls ``token.*``."""
        from .resources.general import TokenGroup

        return TokenGroup(self)

    @cached_property
    def upload(self) -> UploadGroup:
        """Calls ``upload.*``, the invitation pages."""
        from .resources.upload import UploadGroup

        return UploadGroup(self)

    @cached_property
    def webhook(self) -> WebhookGroup:
        """Calls ``webhook.*``."""
        from .resources.webhook import WebhookGroup

        return WebhookGroup(self)

    @cached_property
    def _files(self) -> FileSender:
        from .files import FileSender

        return FileSender(self, self._life, self._wire, self._retry)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._life.state}>"

    async def __aenter__(self) -> Self:
        """Return the client. Nothing is sent."""
        self._life.enter()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the client: see :meth:`aclose`."""
        await self.aclose()

    async def ping(self) -> cincopa_async.Account:
        """
        Check the token and say whose it is.

        Source: ``GET ping.json`` (documented).

        Returns:
            The account, its user and the token's permissions.

        Raises:
            AuthenticationError: The token is not valid.
        """
        from .resources.general import ping

        return await self.send(ping())

    async def call(
        self, call: str, /, *, method: Literal["GET", "POST"] = "GET", safety: Safety = "write", **params: Param
    ) -> dict[str, Any]:
        """
        Make a call of the API that has no method here yet.

        Args:
            call: Its name, ``group.verb``.
            method: The HTTP method.
            safety: What sending it twice does: with ``"read"`` or ``"idempotent"`` it is sent again after a fault,
                with ``"write"`` only if Cincopa certainly did not act on it.
            **params: As the API names them: True and False are sent as ``yes`` and ``no``, sequences as comma lists,
                None not at all.

        Returns:
            The answer as it is.

        Raises:
            APIError: Cincopa says no.
            TransportError: No whole answer came.
            ResponseDecodeError: The answer is no JSON object.
        """
        return await self.send(named(call, method, safety, params))

    def resume_upload(
        self, status_id: str, *, on_cancel: OnCancel = "abort", poll: PollPolicy | None = None
    ) -> UploadJob:
        """
        Take up an upload that was started elsewhere: by another process, or before a restart. Nothing is sent.

        Args:
            status_id: What the start answered.
            on_cancel: What cancelling or timing out does to the upload: ``"abort"`` ends it, also for whoever started
                it, ``"detach"`` leaves it running.
            poll: How the job asks how far it is; None is the client's own way.

        Raises:
            ValueError: An argument is wrong.
        """
        return UploadJob(
            self, self._life, required("status_id", status_id), on_cancel=on_cancel, poll=poll or self._poll
        )

    @staticmethod
    def url_for_iframe(
        *, token: str, fid: str | None = None, rrid: str | None = None, base_url: str | None = None
    ) -> str:
        """
        Return the URL of an invitation page, to be embedded in a page of your own. Nothing is sent.

        Whoever sees the page sees the token: give it a temporary one, of ``upload.get_upload_token`` or
        ``token.get_temp``. Source: ``GET upload.iframe``.

        Args:
            token: What opens the page; never the client's own unless you pass it.
            fid: The gallery, or
            rrid: your own key for one.
            base_url: As for the client.
        """
        from .resources.upload import iframe

        call = iframe(fid=fid, rrid=rrid, token=token)
        return f"{api_url(base_url)}{call.name}?{call.query}&api_token={quote(token, safe='')}"

    async def send(self, call: Call[T], *, holding: Callable[[], None] | None = None) -> T:
        """
        Send a call, again where that is safe, and return its decoded answer: the way that every other method takes.

        Args:
            call: What to send.
            holding: Called each time the call has its turn and is about to be sent, or a token is asked for.

        Raises:
            APIError: Cincopa says no.
            TransportError: No whole answer came.
            ResponseDecodeError: An answer came that cannot be read.
            ClientClosedError: The client is closed.
        """
        return await self._sender.send(call, holding)

    async def aclose(self) -> None:
        """
        Close the client: for ever, and as often as you like.

        New calls are refused, but for aborts. Every wait for an upload is woken: its `on_cancel` policy acts, and it
        raises ClientClosedError. What is under way is waited for, until nothing has ended for 10 seconds. Cancelling
        this does not cut it short.
        """
        await self._life.close()


def api_url(base_url: str | None) -> str:
    """Return where the API is, the name of a call to be added: as given, else the environment's, else Cincopa's own."""
    base_url = http_url("base_url", base_url or os.environ.get("CINCOPA_BASE_URL") or BASE_URL)
    if "?" in base_url or "#" in base_url:
        raise ValueError("base_url must have no query and no fragment: the names of calls are added to its path")
    return base_url if base_url.endswith("/") else f"{base_url}/"
