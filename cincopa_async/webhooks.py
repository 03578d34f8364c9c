"""The receiver of Cincopa's webhooks: an ASGI app that hands each event to handlers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeAlias, TypeVar
from weakref import WeakSet

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from attrs import frozen

import cincopa_async

from ._asgi import Receive, Scope, Send, answer, declares_more_than, header, read_body
from ._events import WebhookEvent, checked_pattern, event_of, fields_of, name_matches
from ._hook_secrets import Secrets
from .errors import WebhookDecodeError, WebhookDroppedError

WebhookHandler: TypeAlias = Callable[[WebhookEvent], Awaitable[object]]
"""What takes an event: an async function."""
OnWebhookError: TypeAlias = Callable[[WebhookEvent, Exception], object]
"""What is told of an event that a handler did not come to an end with: a plain function."""
HandlerT = TypeVar("HandlerT", bound=WebhookHandler)

GRACE = 10.0
"""Seconds that handlers at work get when the receiver is left."""
_COME_AGAIN = b"10"
_SHOWN = 100
"""How many characters of an event's name, which a stranger may have chosen, the log shows."""

_log = logging.getLogger("cincopa_async")


class WebhookReceiver:
    """
    An ASGI app that takes Cincopa's webhooks, and hands each event to the handlers that match its name.

    Mount it in an app, whose lifespan enters it (``async with receiver``), or serve it alone: then the server's
    lifespan does. Entering and leaving happen in one task, and requests come in the same event loop. It answers 200 as
    soon as an event is accepted; handlers run on, each in a task of its own. An accepted event is never lost in
    silence: a handler that fails, or is cancelled, is logged and told to `on_error`.

    Either secret is enough where both are given, for it is not known for sure how Cincopa sends its own.

    Args:
        security_key: The key that ``webhook.set`` was given: expected as ``security_key`` in the body or in the query.
        secret: One of your own, as the last segment of the hook's path or as ``secret`` in its query.
        max_body_bytes: Bytes that a body may have.
        max_pending: How many handlers may be at work before events are refused for now.
        on_error: Called with an event and the error of its handler; WebhookDroppedError if that was cancelled. It is a
            plain function, and may be called while the program is being cancelled.

    Raises:
        ValueError: An argument is wrong, or neither `security_key` nor `secret` is given.
    """

    def __init__(
        self,
        *,
        security_key: str | None = None,
        secret: str | None = None,
        max_body_bytes: int = 1024 * 1024,
        max_pending: int = 1_000,
        on_error: OnWebhookError | None = None,
    ) -> None:
        self._secrets = Secrets(security_key, secret)
        self._max_body_bytes = _count("max_body_bytes", max_body_bytes)
        self._max_pending = _count("max_pending", max_pending)
        if on_error is not None and (not callable(on_error) or _is_async(on_error)):
            raise TypeError("on_error must be a plain function: it is called while the program may be cancelled")
        self._on_error = on_error
        self._handlers: list[tuple[str, WebhookHandler]] = []
        self._clients: WeakSet[cincopa_async.CincopaClient] = WeakSet()
        self._pending: set[_Delivery] = set()
        self._group: TaskGroup | None = None
        self._open = False
        self._loop: object = None
        self._block: AbstractAsyncContextManager[None] | None = None

    def __repr__(self) -> str:
        return f"<WebhookReceiver {'open' if self._open else 'closed'}, {len(self._pending)} handlers at work>"

    def on(self, pattern: str) -> Callable[[HandlerT], HandlerT]:
        """
        Register the async function below for events: ``@receiver.on("asset.uploaded")``.

        All that match run, at once, each on its own; one that is registered for several patterns runs once.

        Args:
            pattern: An event's name, a group such as ``asset.*``, or ``*`` for any event, one without a name too.

        Raises:
            ValueError: `pattern` has its star elsewhere.
            TypeError: The function is not async.
        """
        checked_pattern(pattern)

        def register(handler: HandlerT) -> HandlerT:
            if not _is_async(handler):
                raise TypeError("a handler must be an async function")
            self._handlers.append((pattern, handler))
            return handler

        return register

    def wakes(self, client: cincopa_async.CincopaClient) -> None:
        """
        Let events of assets wake the jobs of `client` that somebody waits for: they poll at once.

        The poll stays the truth: an event by itself ends no job. Polls keep the `floor` of their policy between them,
        and those of many jobs come one after the other. An event of an asset that is known to be another upload's
        wakes no job. The client lives in the receiver's event loop.
        """
        self._clients.add(client)

    async def __aenter__(self) -> Self:
        """Take events from now on."""
        if self._group is not None:
            raise RuntimeError("this WebhookReceiver is entered already")
        block = self._running()
        await block.__aenter__()
        self._block = block
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        """Take no more events, and let handlers at work come to their end: for 10 seconds, then they are cancelled."""
        block, self._block = self._block, None
        assert block is not None  # noqa: S101 - for the type checkers
        return await block.__aexit__(kind, error, traceback)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the life of the server."""
        kind = scope["type"]
        if kind == "http":
            status = await self._status(scope, receive)
            if status is not None:
                _log_refusal(status)
                await answer(send, status, _HEADERS.get(status, []))
        elif kind == "lifespan":
            await self._lifespan(receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            raise RuntimeError(f"a WebhookReceiver does not serve {kind!r}")

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        failure: Exception | None = None
        try:
            async with anyio.create_task_group() as group:
                self._group = group
                self._loop = anyio.lowlevel.current_token()
                self._open = True
                try:
                    yield
                except Exception as error:  # noqa: BLE001 - raised below: not wrapped in a group, and after the grace
                    failure = error
                finally:
                    self._open = False
                group.cancel_scope.deadline = anyio.current_time() + GRACE
        finally:
            self._group = None
            # asyncio.run cancels whatever is left when main returns: a task that had no first step yet never ran.
            for delivery in list(self._pending):
                self._dropped(delivery)
        if failure is not None:
            raise failure

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        if self._group is not None:  # Told, not raised: servers take an error here for an app without a lifespan.
            await send({"type": "lifespan.startup.failed", "message": "the WebhookReceiver is entered already"})
            return
        async with self:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _status(self, scope: Scope, receive: Receive) -> HTTPStatus | None:
        """Take what a request brings, and return what it is answered; None if the sender has left."""
        by_url = self._secrets.are_in_url(scope)
        refusal = self._refusal_before_its_body(scope, by_url=by_url)
        if refusal is not None:
            return refusal
        body = await read_body(receive, self._max_body_bytes)
        if body is None:
            return None
        if len(body) > self._max_body_bytes:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return self._status_of(scope, body, by_url=by_url)

    def _refusal_before_its_body(self, scope: Scope, *, by_url: bool) -> HTTPStatus | None:
        if scope["method"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        if not by_url and not self._secrets.may_be_in_a_body:
            return HTTPStatus.FORBIDDEN
        if declares_more_than(scope, self._max_body_bytes):
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return None if self._has_room() else HTTPStatus.SERVICE_UNAVAILABLE

    def _status_of(self, scope: Scope, body: bytes, *, by_url: bool) -> HTTPStatus:
        try:
            fields = fields_of(body, header(scope, b"content-type"))
        except WebhookDecodeError as error:
            if not by_url:
                return HTTPStatus.FORBIDDEN  # A stranger learns nothing of what would be read.
            _log.info("a webhook brought no event: %s", error)
            return HTTPStatus.BAD_REQUEST
        if not by_url and not self._secrets.are_in(fields):
            return HTTPStatus.FORBIDDEN
        if not self._has_room():  # No more: the body took its time.
            return HTTPStatus.SERVICE_UNAVAILABLE
        self._accept(event_of(fields))
        return HTTPStatus.OK

    def _has_room(self) -> bool:
        if self._open and self._loop != anyio.lowlevel.current_token():
            raise RuntimeError("this WebhookReceiver was entered in another event loop")
        return self._open and len(self._pending) < self._max_pending

    def _accept(self, event: WebhookEvent) -> None:
        """Hand an event on. Nothing is awaited, so there is no point at which it could get lost."""
        assert self._group is not None  # noqa: S101 - for the type checkers
        if event.asset is not None:
            for client in list(self._clients):
                client._life.wake(event.rid)
        matching: list[WebhookHandler] = []
        for pattern, handler in self._handlers:
            if name_matches(pattern, event.event) and handler not in matching:
                matching.append(handler)
        for handler in matching:
            delivery = _Delivery(event, handler)
            self._pending.add(delivery)
            self._group.start_soon(self._deliver, delivery)
        if not matching and not self._clients:
            _log.info("webhook event %s has no handler", _shown(event))

    async def _deliver(self, delivery: _Delivery) -> None:
        try:
            await delivery.handler(delivery.event)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other handlers go on
            _log.error("a handler of webhook event %s failed", _shown(delivery.event), exc_info=error)
            self._tell(delivery.event, error)
        except asyncio.CancelledError:
            # Not raised again: it may be that of a task which the handler waited for, and would end the whole receiver.
            self._dropped(delivery)
        except BaseException:
            self._dropped(delivery)
            raise
        finally:
            self._pending.discard(delivery)

    def _dropped(self, delivery: _Delivery) -> None:
        self._pending.discard(delivery)
        error = WebhookDroppedError(delivery.event.event, delivery.event.rid)
        _log.error("webhook event %s was accepted, and is dropped: %s", _shown(delivery.event), error)
        self._tell(delivery.event, error)

    def _tell(self, event: WebhookEvent, error: Exception) -> None:
        if self._on_error is None:
            return
        try:
            self._on_error(event, error)
        except Exception:  # noqa: BLE001 - likewise
            _log.exception("on_error itself failed for webhook event %s", _shown(event))


_HEADERS = {
    HTTPStatus.METHOD_NOT_ALLOWED: [(b"allow", b"POST")],
    HTTPStatus.SERVICE_UNAVAILABLE: [(b"retry-after", _COME_AGAIN)],
}
_WHY = {
    HTTPStatus.BAD_REQUEST: "its body is no event",
    HTTPStatus.FORBIDDEN: "its secret is missing or wrong",
    HTTPStatus.METHOD_NOT_ALLOWED: "it is no POST",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "its body is above max_body_bytes",
    HTTPStatus.SERVICE_UNAVAILABLE: "the receiver is not entered, is being left, or max_pending handlers are at work",
}


@frozen(eq=False)
class _Delivery:
    """An event on its way to one of its handlers."""

    event: WebhookEvent
    handler: WebhookHandler


def _log_refusal(status: HTTPStatus) -> None:
    if status in _WHY:
        # What anybody can bring about is no warning.
        level = logging.WARNING if status is HTTPStatus.SERVICE_UNAVAILABLE else logging.INFO
        _log.log(level, "a webhook is refused with %d: %s", status, _WHY[status])


def _count(name: str, value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be 1 or more")
    return value


def _is_async(function: object) -> bool:
    # Also an object whose `__call__` is async.
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 - not whether it can be called, but how
    )


def _shown(event: WebhookEvent) -> str:
    """Return an event's name for the log: bounded, and unable to begin a line of its own."""
    return "without a name" if event.event is None else ascii(event.event[:_SHOWN])
