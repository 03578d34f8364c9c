"""Calls ``live.*``: live streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cincopa_async._calls import Call, Param, Safety, optional
from cincopa_async.models import LiveList, LiveStream

if TYPE_CHECKING:
    from cincopa_async._base import BaseClient

T = TypeVar("T")


def live(verb: str, result: type[T], params: dict[str, Param], *, safety: Safety = "write") -> Call[T]:
    """Describe a call ``live.*``: a GET all the same, though all but the list change something."""
    return Call(name=f"live.{verb}", method="GET", params=params, safety=safety, result=result)


class LiveGroup:
    """
    Calls ``live.*``, none of which is documented.

    They are known from a third party's schema, which tells no more than their names, and the parameters of `create`.
    Everything else goes through as it is given, and no argument is required. What an answer says beyond the fields of
    :class:`LiveStream` is in its `extra`. Each method raises APIError where Cincopa says no, and TransportError where
    no answer came.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    async def list(self, /, **params: Param) -> LiveList:
        """
        Return the live streams of the account.

        Source: ``GET live.list.json`` (not documented; known from a third party's schema).
        """
        return await self._client.send(live("list", LiveList, params, safety="read"))

    async def create(
        self, /, *, name: str | None = None, description: str | None = None, **params: Param
    ) -> LiveStream:
        """
        Make a live stream.

        Source: ``GET live.create.json`` (not documented; known from a third party's schema).
        """
        return await self._client.send(
            live("create", LiveStream, {"name": optional("name", name), "description": description, **params})
        )

    async def start(self, /, rid: str | None = None, **params: Param) -> LiveStream:
        """
        Start a live stream.

        Source: ``GET live.start.json`` (not documented; known from a third party's schema).
        """
        return await self._client.send(live("start", LiveStream, {"rid": optional("rid", rid), **params}))

    async def stop(self, /, rid: str | None = None, **params: Param) -> LiveStream:
        """
        Stop a live stream.

        Source: ``GET live.stop.json`` (not documented; known from a third party's schema).
        """
        return await self._client.send(live("stop", LiveStream, {"rid": optional("rid", rid), **params}))

    async def reset(self, /, rid: str | None = None, **params: Param) -> LiveStream:
        """
        Reset a live stream.

        Source: ``GET live.reset.json`` (not documented; known from a third party's schema).
        """
        return await self._client.send(live("reset", LiveStream, {"rid": optional("rid", rid), **params}))

    async def delete(self, /, rid: str | None = None, **params: Param) -> LiveStream:
        """
        Delete a live stream.

        Source: ``GET live.delete.json`` (not documented; known from a third party's schema).
        """
        return await self._client.send(live("delete", LiveStream, {"rid": optional("rid", rid), **params}))
