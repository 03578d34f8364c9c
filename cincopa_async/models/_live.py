"""Live streams. Their calls are not documented: they are known from a third party's schema."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from ._wire import sent_as


@frozen(kw_only=True)
class LiveStream:
    """What Cincopa says of a live stream. Each field may be missing; what has no name here is in `extra`."""

    id: str | None = None
    rid: str | None = None
    name: str | None = None
    description: str | None = None
    status: str | None = None
    extra: dict[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class LiveList:
    """The live streams of an account."""

    streams: tuple[LiveStream, ...] = field(default=(), metadata=sent_as("streams", "live", "items"))
    extra: dict[str, Any] = field(factory=dict, repr=False)
