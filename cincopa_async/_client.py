"""The client: its life, its groups, and the one entrance that every call goes through."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

import httpx

from . import _ensure
from ._calls import Call, Param, Safety, at_least, http_url, required
from ._life import Life
from ._retry import RetryPolicy
from ._sending import Sender
from ._starting import StartingUpload
from ._token import Token, TokenSource, given_token
from ._transport import Transport
from .jobs import OnCancel, UploadJob
from .models import Account, Gallery, UploadResult, Webhook
from .polling import PollPolicy
from .resources._asset_calls import upload_from_url as describe_upload_from_url
from .resources.asset import AssetGroup
from .resources.gallery import GalleryGroup
from .resources.general import TokenGroup, ping
from .resources.live import LiveGroup
from .resources.portal import PortalGroup
from .resources.upload import UploadGroup
from .resources.upload import iframe as describe_iframe
from .resources.webhook import WebhookEventName, WebhookGroup

T = TypeVar("T")

BASE_URL = "https://api.cincopa.com/v2/"


class CincopaClient:
    """
    Cincopa's REST API v2, for as many tasks at once as you like.

    Use it as an async context manager, or call :meth:`aclose` at the end. Entering and leaving may happen in different
    tasks. One client is enough for a program; it belongs to the event loop that uses it.

    Args:
        api_token: The account's token, or a callable, plain or async, that gives one: it is asked again, once for all
            tasks, when a token is refused. None takes it from the environment variable ``CINCOPA_API_TOKEN``.
        base_url: Where the API is. None takes ``CINCOPA_BASE_URL`` from the environment, else Cincopa's own.
        timeout: Seconds that one attempt of a call may take, from its turn to the last byte of the answer. Waiting for
            the turn, and the pauses between attempts, come on top.
        max_concurrency: How many calls are under way at once, and so how many connections there are at most.
        retry: What is sent again, and when.
        poll: How jobs ask how far their upload is.
        http_client: An ``httpx.AsyncClient`` to be used in place of the client's own connections; never closed here.
        transport: The same with a transport of httpx.

    Raises:
        ValueError: An argument is wrong, or there is no token.
    """

    def __init__(
        self,
        api_token: str | TokenSource | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
        max_concurrency: int = 64,
        retry: RetryPolicy | None = None,
        poll: PollPolicy | None = None,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if http_client is not None and transport is not None:
            raise ValueError("http_client and transport cannot both be given: one stands in for our own connections")
        if not isinstance(timeout, int | float) or isinstance(timeout, bool) or not 0 < timeout < float("inf"):
            raise ValueError("timeout must be a number of seconds above 0")
        if not isinstance(max_concurrency, int) or max_concurrency < 1:
            raise ValueError("max_concurrency must be a whole number of 1 or more")
        base_url = api_url(base_url)
        token = Token(given_token(api_token))
        transports = Transport(base_url, timeout, http_client, transport)
        self._poll = poll or PollPolicy()
        self._life = Life(max_concurrency, transports.connect, token)
        self._sender = Sender(self, self._life, transports, token, retry or RetryPolicy())
        self.asset: AssetGroup = AssetGroup(self)
        """Calls ``asset.*``."""
        self.gallery: GalleryGroup = GalleryGroup(self)
        """Calls ``gallery.*``."""
        self.live: LiveGroup = LiveGroup(self)
        """Calls ``live.*``."""
        self.portal: PortalGroup = PortalGroup(self)
        """Calls ``portal.*``."""
        self.token: TokenGroup = TokenGroup(self)
        """Calls ``token.*``."""
        self.upload: UploadGroup = UploadGroup(self)
        """Calls ``upload.*``, the invitation pages."""
        self.webhook: WebhookGroup = WebhookGroup(self)
        """Calls ``webhook.*``."""

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

    async def ping(self) -> Account:
        """
        Check the token and say whose it is.

        Source: ``GET ping.json`` (documented).

        Returns:
            The account, its user and the token's permissions.

        Raises:
            AuthenticationError: The token is not valid.
        """
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
        if method not in ("GET", "POST"):
            raise ValueError("method must be 'GET' or 'POST'")
        if safety not in ("read", "idempotent", "write"):
            raise ValueError("safety must be 'read', 'idempotent' or 'write'")
        name = required("call", call)
        if not all(part.replace("_", "").isalnum() and part.isascii() for part in name.split(".")):
            raise ValueError("call must be a name such as 'group.verb'")
        return await self.send(Call(name=name, method=method, params=params, safety=safety, result=dict))

    def start_upload(
        self,
        input: str,
        *,
        fid: str | None = None,
        rid: str | None = None,
        type: str | None = None,
        on_cancel: OnCancel = "abort",
        poll: PollPolicy | None = None,
    ) -> StartingUpload:
        """
        Start an upload from a URL. Await the result for the job, or enter it: then leaving the block early counts too.

        If the start is cancelled while its request is in flight, the request is let finish and the upload it made is
        aborted, under ``"detach"`` too, for nobody has its id yet. A job that nobody waits for, in a block or
        otherwise, runs on when it is forgotten or the client is closed. Source: ``POST asset.upload_from_url.json``.

        Args:
            input: The http(s) URL that Cincopa fetches.
            fid: The gallery to put the asset into.
            rid: The asset to attach the file to, in place of making a new one; needs `type`.
            type: What is attached: ``thumb``, ``subtitle-en``, …
            on_cancel: What cancelling, timing out or leaving the block early does to the upload: ``"abort"`` ends it,
                ``"detach"`` leaves it running, to be taken up by :meth:`resume_upload`.
            poll: How the job asks how far it is; None is the client's own way.

        Raises:
            ValueError: An argument is wrong. Nothing was sent.
            APIError: Cincopa says no.
            TransportError: No answer came; `maybe_applied` says whether an upload may be running.
        """
        if on_cancel not in ("abort", "detach"):
            raise ValueError("on_cancel must be 'abort' or 'detach'")
        call = describe_upload_from_url(input, fid=fid, rid=rid, type=type)
        return StartingUpload(self, call, functools.partial(self.resume_upload, on_cancel=on_cancel, poll=poll))

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

    async def upload_from_url(
        self,
        input: str,
        *,
        fid: str | None = None,
        rid: str | None = None,
        type: str | None = None,
        timeout: float | None = None,
        poll: PollPolicy | None = None,
    ) -> UploadResult:
        """
        Upload from a URL and return when it has completed. Cancelling it aborts the upload.

        For an upload that outlives who waits for it, use :meth:`start_upload`, which tells its id.
        Source: ``POST asset.upload_from_url.json``, then ``GET asset.upload_from_url_get_status.json``.

        Args:
            input: The http(s) URL that Cincopa fetches.
            fid: The gallery to put the asset into.
            rid: The asset to attach the file to, in place of making a new one; needs `type`.
            type: What is attached: ``thumb``, ``subtitle-en``, …
            timeout: Seconds from the start's answer to the end, after which it is aborted; None leaves it to the
                deadlines of `poll`.
            poll: How it asks how far the upload is; None is the client's own way.

        Raises:
            UploadFailedError: Cincopa says it failed.
            UploadAbortedError: Somebody else aborted it.
            UploadTimeoutError: It took too long, and was aborted.
            APIError: Cincopa says no to the start, or refuses the token later; `maybe_applied` tells the two apart.
            TransportError: No answer to the start came; `maybe_applied` says whether an upload may be running.
            ResponseDecodeError: It completed, and Cincopa does not say as which asset.
            ClientClosedError: The client was closed meanwhile.
        """
        at_least(0, "timeout", timeout)
        job = await self.start_upload(input, fid=fid, rid=rid, type=type, poll=poll)
        return await job.wait(timeout=timeout)

    async def ensure_gallery(
        self, *, name: str, description: str | None = None, template: str | None = None
    ) -> Gallery:
        """
        Return the gallery of that name, and make it if there is none, so that a script can run twice.

        Of several of that name it is the first. One that is there is left as it is. Tasks that ask for it at once make
        one between them; two processes may make two. Source: ``GET gallery.list.json``, ``POST gallery.create.json``.

        Args:
            name: What it is called, letter by letter.
            description: A short text for a new one.
            template: How a new one looks, as Cincopa names it.

        Raises:
            APIError: Cincopa says no.
            TransportError: No answer came; `maybe_applied` says whether one may have been made. Ask again to know.
        """
        return await _ensure.gallery(self, name, description=description, template=template)

    async def ensure_webhook(
        self, hook_url: str, *, events: Sequence[WebhookEventName], security_key: str | None = None
    ) -> Webhook:
        """
        Have a URL called for these events and no others, and send nothing if it is so already.

        Source: ``GET webhook.list.json``, ``POST webhook.set.json``.

        Args:
            hook_url: The http(s) URL that Cincopa calls.
            events: What for: names such as ``asset.uploaded``, or ``asset.*``; at least one.
            security_key: What Cincopa shall show with each call. Where it does not tell the key of a hook, the hook is
                set again.

        Raises:
            APIError: Cincopa says no.
            TransportError: No answer came. Ask again to know what became of it.
        """
        return await _ensure.webhook(self, hook_url, events=events, security_key=security_key)

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
        call = describe_iframe(fid=fid, rrid=rrid, token=token)
        return f"{api_url(base_url)}{call.name}?{call.query()}&api_token={quote(token, safe='')}"

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
