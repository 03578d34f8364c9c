"""The api_token: a string, or something that is asked for one, once for all who need it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio

import cincopa_async

TokenSource: TypeAlias = Callable[[], str | Awaitable[str]]
"""A callable, plain or async, that gives an api_token."""


class SecretStr(str):
    """A string that does not show itself where the variables of a frame are shown, as crash reporters do."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Token:
    """The token in use. Its repr does not show it."""

    def __init__(self, given: str | TokenSource) -> None:
        self._source = None if isinstance(given, str) else given
        self._value = checked_token(given, "api_token") if isinstance(given, str) else None
        self._asking: anyio.Lock | None = None
        self._rounds = 0
        self._failure: Exception | None = None

    def forget_loop(self) -> None:
        """Drop what belongs to an event loop that is gone."""
        self._asking = None

    @property
    def at_hand(self) -> bool:
        """Whether there is one that nobody needs to be asked for."""
        return self._value is not None

    def raised(self, error: Exception) -> bool:
        """Say whether it is the callable that raised `error` when it was asked last."""
        return error is self._failure

    async def get(self) -> SecretStr:
        """Return the token, asking for it at first."""
        return self._value if self._value is not None else await self._ask(None)

    async def renew(self, refused: str) -> bool:
        """
        Get another token than the one that was refused.

        Of many who were refused at once one asks, the others wait for what it gets, be it the same or an error.

        Returns:
            Whether there is another one now.
        """
        if self._source is None:
            return False
        return await self._ask(refused) != refused

    async def _ask(self, refused: str | None) -> SecretStr:
        if self._asking is None:
            self._asking = anyio.Lock()
        rounds = self._rounds
        async with self._asking:
            somebody_asked = self._rounds != rounds
            if somebody_asked and self._failure is not None:
                # Shared, or thousands who wait would ask in vain one after another.
                raise self._failure.with_traceback(None)
            if self._value is None or (self._value == refused and not somebody_asked):
                try:
                    self._value = await self._answer()
                except Exception as error:
                    self._failure = error
                    self._rounds += 1
                    raise
                self._failure = None
                self._rounds += 1
            return self._value

    async def _answer(self) -> SecretStr:
        answer = self._source() if self._source is not None else ""
        value = await answer if inspect.isawaitable(answer) else answer
        return checked_token(value, "what the api_token callable returns")


class RenewingToken:
    """
    Temporary tokens of an account, a new one each time the last is refused.

    Give it to a second client as its ``api_token``: code that only sees that client never meets the account's own.
    Source: ``GET token.get_temp.json``.

    Args:
        client: A client that holds the account's token. It must stay open as long as this is used.
        ttl: Life of each token in seconds; None leaves it to Cincopa.
        permissions: What the tokens may do, in Cincopa's form (``|asset.*|``); None leaves it to Cincopa.
    """

    def __init__(
        self, client: cincopa_async.CincopaClient, *, ttl: int | None = None, permissions: str | None = None
    ) -> None:
        self._client = client
        self._ttl = ttl
        self._permissions = permissions

    async def __call__(self) -> str:
        """
        Return a new temporary token.

        Raises:
            CincopaError: What :meth:`TokenGroup.get_temp` raises.
        """
        token = await self._client.token.get_temp(ttl=self._ttl, permissions=self._permissions)
        return token.value


def given_token(api_token: str | TokenSource | None) -> str | TokenSource:
    """Return what was given as `api_token`, or the environment's."""
    if api_token is not None:
        if not isinstance(api_token, str) and not callable(api_token):
            raise TypeError(f"api_token must be a str or a callable, not {type(api_token).__name__}")
        return api_token
    from_environment = os.environ.get("CINCOPA_API_TOKEN")
    if not from_environment:
        raise ValueError("api_token is missing: pass it to CincopaClient, or set CINCOPA_API_TOKEN in the environment")
    return from_environment


def checked_token(value: object, name: str) -> SecretStr:
    """Return a token that hides its value, or say that the argument `name` is none."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not value or any(character.isspace() or not character.isprintable() for character in value):
        raise ValueError(f"{name} must be a token: not empty, no spaces, no control characters")
    return SecretStr(value)
