"""Portals: subdomains that show an account's media. What their calls answer is not documented."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from ._wire import sent_as


@frozen(kw_only=True)
class Portal:
    """What Cincopa says of a portal. Each field may be missing; what has no name here is in `extra`."""

    id: str | None = None
    name: str | None = None
    subdomain: str | None = None
    url: str | None = None
    status: str | None = None
    extra: dict[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class PortalList:
    """The portals of an account."""

    portals: tuple[Portal, ...] = field(default=(), metadata=sent_as("portals", "items"))
    extra: dict[str, Any] = field(factory=dict, repr=False)
