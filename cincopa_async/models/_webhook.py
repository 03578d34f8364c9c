"""Webhooks: the URLs that Cincopa calls when something happens."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from ._wire import sent_as


@frozen(kw_only=True)
class Webhook:
    """A URL that Cincopa calls, and for what."""

    hook_url: str | None = field(default=None, repr=False, metadata=sent_as("hook_url", "url"))
    """The URL, which may carry a secret of the receiver's; not in the repr."""
    events: tuple[str, ...] | None = None
    """The events that it is called for: ``asset.uploaded``, ``gallery.*``, …"""
    security_key: str | None = field(default=None, repr=False)
    """What Cincopa shows the receiver, where it tells it; not in the repr."""
    extra: dict[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class WebhookList:
    """The webhooks of an account."""

    webhooks: tuple[Webhook, ...] = field(default=(), metadata=sent_as("webhooks", "hooks", "items"))
    extra: dict[str, Any] = field(factory=dict, repr=False)
