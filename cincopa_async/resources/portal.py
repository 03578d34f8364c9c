"""Calls ``portal.*``: subdomains that show an account's media."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeVar

from cincopa_async._calls import Call, Param, Safety, optional
from cincopa_async.models import Portal, PortalList

if TYPE_CHECKING:
    from cincopa_async._base import BaseClient

T = TypeVar("T")


def portal(verb: str, result: type[T], params: dict[str, Param], *, method: Literal["GET", "POST"] = "POST") -> Call[T]:
    """Describe a call ``portal.*``: one that changes something is a write, for nobody says what it does twice."""
    safety: Safety = "read" if method == "GET" else "write"
    return Call(name=f"portal.{verb}", method=method, params=params, safety=safety, result=result)


def _named(name: str | None, subdomain: str | None, params: Mapping[str, Param]) -> dict[str, Param]:
    return {"name": optional("name", name), "subdomain": optional("subdomain", subdomain), **params}


class PortalGroup:
    """
    Calls ``portal.*``.

    The calls are documented, their parameters and answers are not: `name` and `subdomain` are likely, everything else
    goes through as it is given, and no argument is required. What an answer says beyond the fields of :class:`Portal`
    is in its `extra`. Each method raises APIError where Cincopa says no, and TransportError where no answer came.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    async def check(self, /, *, name: str | None = None, subdomain: str | None = None, **params: Param) -> Portal:
        """
        Say whether there is such a portal, and how it stands.

        Source: ``GET portal.check.json`` (documented; its parameters are not).
        """
        return await self._client.send(portal("check", Portal, _named(name, subdomain, params), method="GET"))

    async def cease(self, /, *, name: str | None = None, subdomain: str | None = None, **params: Param) -> Portal:
        """
        Call ``portal.cease``, of which the documentation says two things.

        Its table calls it "create subdomain if available", its text says that it deactivates a portal without deleting
        it. Try it on a portal that nobody needs.

        Source: ``POST portal.cease.json`` (documented, in two ways that exclude each other; its parameters are not).
        """
        return await self._client.send(portal("cease", Portal, _named(name, subdomain, params)))

    async def rename(self, /, *, name: str | None = None, subdomain: str | None = None, **params: Param) -> Portal:
        """
        Give a portal another name.

        Source: ``POST portal.rename.json`` (documented; its parameters are not).
        """
        return await self._client.send(portal("rename", Portal, _named(name, subdomain, params)))

    async def remove(self, /, *, name: str | None = None, subdomain: str | None = None, **params: Param) -> Portal:
        """
        Delete a portal for good.

        Source: ``POST portal.remove.json`` (documented; its parameters are not).
        """
        return await self._client.send(portal("remove", Portal, _named(name, subdomain, params)))

    async def set(self, /, *, name: str | None = None, subdomain: str | None = None, **params: Param) -> Portal:
        """
        Make a portal, or change the settings of one.

        Source: ``POST portal.set.json`` (documented; its parameters are not).
        """
        return await self._client.send(portal("set", Portal, _named(name, subdomain, params)))

    async def list(self, /, **params: Param) -> PortalList:
        """
        Return the portals of the account.

        Source: ``GET portal.list.json`` (documented; its parameters are not).
        """
        return await self._client.send(portal("list", PortalList, params, method="GET"))
