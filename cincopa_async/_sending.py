"""The one way that every call goes: the token, a slot from the pool, the exchange, the retries."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.lowlevel

from ._calls import URGENT, Call
from ._codec import blames_token, decode
from ._life import Life
from ._pool import Slot
from ._retry import RetryPolicy
from ._token import Token
from ._transport import Transport
from .errors import (
    AuthenticationError,
    CincopaError,
    ClientClosedError,
    NotFoundError,
    PermissionDeniedError,
)

if TYPE_CHECKING:
    from ._base import BaseClient

T = TypeVar("T")

_log = logging.getLogger("cincopa_async")


class Sender:
    """Sends the calls of a client."""

    def __init__(self, client: BaseClient, life: Life, transport: Transport, token: Token, retry: RetryPolicy) -> None:
        self._client = client
        self._life = life
        self._transport = transport
        self._token = token
        self._retry = retry

    async def send(self, call: Call[T], holding: Callable[[], None] | None) -> T:
        """Send a call, again where that is safe, and return its decoded answer: see :meth:`CincopaClient.send`."""
        attempt = 0
        maybe_applied = False
        while True:
            attempt += 1
            try:
                return await self._attempt(call, holding)
            except NotFoundError as error:
                if not (call.vanishes and maybe_applied):
                    error.maybe_applied = maybe_applied
                    raise
                _log.debug("%s: gone on attempt %d, so an earlier one did it (%s)", call.name, attempt, error)
                return None  # type: ignore[return-value]  # What vanishes answers nothing: its result is NoneType.
            except CincopaError as error:
                # The last attempt's error speaks of the earlier ones too.
                maybe_applied = error.maybe_applied = maybe_applied or error.maybe_applied
                pause = self._retry.pause(attempt, call.safety, error)
                if pause is None:
                    raise
                _log.info("%s; attempt %d of %d follows in %.2f s", error, attempt + 1, self._retry.attempts, pause)
            await anyio.sleep(pause)

    async def _attempt(self, call: Call[T], holding: Callable[[], None] | None) -> T:
        if call.token is not None:
            self._life.enter(call.turn)
            return await self._send_once(call, call.token, holding)
        token = await self._token_for(call, holding)
        try:
            return await self._send_once(call, token, holding)
        except AuthenticationError as error:
            refusal = error
        if await self._token.renew(token):
            token = await self._token.get()
            try:
                return await self._send_once(call, token, holding)
            except AuthenticationError as error:
                refusal = error
        raise await self._explained(call, refusal, token)

    async def _token_for(self, call: Call[Any], holding: Callable[[], None] | None) -> str:
        self._life.enter(call.turn)
        if holding is not None and not self._token.at_hand:
            holding()  # A callable may take its time, which counts as the call's own.
        return await self._token.get()

    async def _send_once(self, call: Call[T], token: str, holding: Callable[[], None] | None) -> T:
        # A free slot is no checkpoint, and what is kept hides from a cancel: it is looked for here.
        await anyio.lowlevel.checkpoint_if_cancelled()
        slot = await self._slot(call)
        if holding is not None:
            holding()
        exchange = functools.partial(self._exchange, slot, call, token)
        if call.around is not None:
            exchange = functools.partial(call.around, exchange)
        if call.undo is not None:
            undo = functools.partial(call.undo, self._client)
            result = await self._life.finisher.finish(exchange, undo)
            return await self._unless_closing(result, undo)
        if not self._transport.is_ours:
            return await self._life.finisher.finish(exchange, patient=False)
        return await exchange()

    async def _slot(self, call: Call[Any]) -> Slot:
        if call.behind is None:
            return await self._next_slot(call)
        async with call.behind:
            return await self._next_slot(call)

    async def _next_slot(self, call: Call[Any]) -> Slot:
        pace, pool = self._life.pace, self._life.pool
        while True:
            counted = await pace.turn(urgent=call.turn in URGENT, poll=call.turn == "later", group=call.group)
            slot = await pool.acquire(call.turn, fresh=call.safety == "write", group=call.group)
            if counted or pace.rate == math.inf:
                return slot
            pool.give_back(slot)  # Thousands may have stood there when the first of them was refused.

    async def _exchange(self, slot: Slot, call: Call[T], token: str) -> T:
        exchange = functools.partial(self._transport.exchange, call=call, token=token)
        reply = await self._life.over(self._life.pool, slot, exchange)
        if reply.status_code == 429:
            self._life.pace.refused(anyio.current_time(), reply.retry_after)
        else:
            self._life.pace.taken(anyio.current_time())
        for told in self._life.listeners:
            told(call, reply, functools.partial(decode, call))
        return decode(call, reply)

    async def _unless_closing(self, result: T, undo: Callable[[T], Coroutine[Any, Any, None]]) -> T:
        if self._life.state == "open":
            return result
        await self._life.finisher.finish(lambda: undo(result))
        raise ClientClosedError(maybe_applied=True)

    async def _explained(self, call: Call[Any], refusal: AuthenticationError, token: str) -> CincopaError:
        """Tell a refused token from a valid one that may not do this: ``ping`` needs no permission."""
        if call.name == "ping" or blames_token(refusal.message):
            return refusal
        from .resources.general import ping

        try:
            account = await self._send_once(ping(), token, None)
        except CincopaError:
            return refusal
        return PermissionDeniedError(
            refusal.status_code,
            f"{refusal.message}; the token is valid, its permissions are {account.permissions or 'not told'}",
            refusal.call,
            refusal.body,
        )
