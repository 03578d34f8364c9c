"""Calls that belong to no group of things: ``ping`` and ``token.*``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cincopa_async._calls import Call, count, optional
from cincopa_async.models import Account, TemporaryToken

if TYPE_CHECKING:
    from cincopa_async._base import BaseClient


def ping() -> Call[Account]:
    """Describe ``ping``."""
    return Call(name="ping", method="GET", params={}, safety="read", result=Account)


def get_temp(ttl: int | None, permissions: str | None) -> Call[TemporaryToken]:
    """Describe ``token.get_temp``."""
    params = {"ttl": count("ttl", ttl), "permissions": optional("permissions", permissions)}
    return Call(name="token.get_temp", method="GET", params=params, safety="write", result=TemporaryToken)


class TokenGroup:
    """Calls ``token.*``."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    async def get_temp(self, *, ttl: int | None = None, permissions: str | None = None) -> TemporaryToken:
        """
        Get a token that ends by itself, for code that must not hold the account's own, such as a browser's.

        Source: ``GET token.get_temp.json`` (documented; its parameters are seen in clients).

        Args:
            ttl: Its life in seconds; None leaves it to Cincopa.
            permissions: What it may do, in Cincopa's form (``|asset.*|``); None leaves it to Cincopa.

        Returns:
            The token as `value`, which its repr does not show.
        """
        return await self._client.send(get_temp(ttl, permissions))
