"""What an account holds besides its media: portals, live streams and hooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(slots=True)
class Portal:
    """A subdomain."""

    name: str
    active: bool = True
    meta: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Stream:
    """A live stream."""

    rid: str
    name: str
    description: str
    status: str = "idle"


@dataclass(slots=True, eq=False)
class Hook:
    """Where events are sent to."""

    hook_url: str = field(repr=False)
    slack: bool = False
    events: str = "*"
    """Names and patterns of events, by comma."""
    security_key: str = field(default="", repr=False)
    key_place: str = "body"
    """Where its key is sent: in the ``body``, the ``query``, or ``nowhere``."""
    names_asset_events: bool = True
    """Whether the body tells which event of an asset it is about."""

    def wants(self, event: str) -> bool:
        """Say whether an event is sent to it."""
        return any(fnmatchcase(event, pattern.strip()) for pattern in self.events.split(","))
