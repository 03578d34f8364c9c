"""Calls ``webhook.*``: where Cincopa says that something has happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from cincopa_async._calls import Call, http_url, optional, words
from cincopa_async.models import WebhookList

if TYPE_CHECKING:
    from cincopa_async._base import BaseClient

WebhookEventName: TypeAlias = (
    Literal[
        "gallery.created",
        "gallery.updated",
        "gallery.deleted",
        "gallery.claim",
        "gallery.sync",
        "gallery.synced",
        "asset.uploaded",
        "asset.synced",
        "asset.updated",
        "asset.deleted",
        "gallery.*",
        "asset.*",
        "account.*",
        "analytics.*",
        "leads.*",
    ]
    | str
)
"""What clients are seen to ask for; a new word is let through."""


def list_webhooks() -> Call[WebhookList]:
    """Describe ``webhook.list``."""
    return Call(name="webhook.list", method="GET", params={}, safety="read", result=WebhookList)


def set_webhook(hook_url: str, *, events: Sequence[str] | None, security_key: str | None) -> Call[None]:
    """Describe ``webhook.set``: a write, for nothing says that a second time changes the hook that the first made."""
    params = {
        "hook_url": http_url("hook_url", hook_url),
        "events": _names(events),
        "security_key": optional("security_key", security_key),
    }
    return Call(name="webhook.set", method="POST", params=params, safety="write", result=type(None))


def set_slack(hook_url: str, *, events: Sequence[str] | None) -> Call[None]:
    """Describe ``webhook.set_slack``."""
    params = {"hook_url": http_url("hook_url", hook_url), "events": _names(events)}
    return Call(name="webhook.set_slack", method="POST", params=params, safety="write", result=type(None))


def delete(hook_url: str) -> Call[None]:
    """Describe ``webhook.delete``, which the documentation spells ``webhhook.delete``, and client code does not."""
    return Call(
        name="webhook.delete",
        method="POST",
        params={"hook_url": http_url("hook_url", hook_url)},
        safety="idempotent",
        result=type(None),
        vanishes=True,
    )


def _names(events: Sequence[str] | None) -> str | None:
    names = words("events", events)
    if names == "":
        raise ValueError("events must name at least one event, such as 'asset.uploaded'")
    return names


class WebhookGroup:
    """
    Calls ``webhook.*``. To receive what Cincopa then sends, see :class:`WebhookReceiver`.

    Each method raises APIError where Cincopa says no, TransportError where no answer came, and ValueError for a wrong
    argument before anything is sent.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    async def list(self) -> WebhookList:
        """
        Return the webhooks of the account.

        Source: ``GET webhook.list.json`` (documented; its answer is not).
        """
        return await self._client.send(list_webhooks())

    async def set(
        self, hook_url: str, *, events: Sequence[WebhookEventName] | None = None, security_key: str | None = None
    ) -> None:
        """
        Have a URL called when something happens, or change for what it is called.

        To do so only where it is not so already, use :meth:`CincopaClient.ensure_webhook`.
        Source: ``POST webhook.set.json`` (documented; its parameters are seen in clients).

        Args:
            hook_url: The http(s) URL that Cincopa calls.
            events: What for: names such as ``asset.uploaded``, or ``asset.*``.
            security_key: What Cincopa shall show with each call, so that the receiver knows it.
        """
        await self._client.send(set_webhook(hook_url, events=events, security_key=security_key))

    async def set_slack(self, hook_url: str, *, events: Sequence[WebhookEventName] | None = None) -> None:
        """
        Have what happens told in a channel of Slack.

        Source: ``POST webhook.set_slack.json`` (documented; its parameters are not).

        Args:
            hook_url: The URL that Slack gives for the channel.
            events: What for: names such as ``asset.uploaded``, or ``asset.*``.
        """
        await self._client.send(set_slack(hook_url, events=events))

    async def delete(self, hook_url: str) -> None:
        """
        Have a URL called no more.

        Source: ``POST webhook.delete.json`` (documented, by another spelling; this one and its parameter are seen in
        clients).

        Raises:
            NotFoundError: Cincopa knows no such hook.
        """
        await self._client.send(delete(hook_url))
