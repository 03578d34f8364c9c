"""What an account holds besides its media: portals, live streams and hooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from ._contract import Value

ALL_EVENTS: Final = "*"
HOOK_FACTS: Final = (
    "webhook.body",
    "webhook.key",
    "webhook.event",
    "webhook.rid",
    "webhook.wildcards",
    "webhook.uploaded",
    "answers.dates",
)
"""The facts of the contract that say which events a hook is told, and how."""


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
    events: str = ALL_EVENTS
    """Names and patterns of events, by comma."""
    security_key: str = field(default="", repr=False)
    facts: Mapping[str, Value] = field(default_factory=dict, repr=False)
    """How it is told of events: facts of the contract by their ids, as they were when it was set."""

    def wants(self, event: str) -> bool:
        """Say whether an event is sent to it."""
        if event == "asset.uploaded" and self.facts["webhook.uploaded"] != event:
            return False
        patterns = [pattern.strip() for pattern in self.events.split(",")]
        if self.facts["webhook.wildcards"] == "taken":
            return any(fnmatchcase(event, pattern) for pattern in patterns)
        return event in patterns or self.events == ALL_EVENTS
