"""What all stores have in common: whose an item is, and what may be said of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, TypeAlias

from ._protocol import STATES, Claim, RecordState, UploadRecord

Hold: TypeAlias = Literal["held", "lapsed", "loose"]
"""An owner's grip on an item: it is alive, it has not renewed its lease, or it is dead or has let go."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

NOT_OPEN = "the store is not open: use it inside of `async with store:`"


def verdict(state: RecordState, hold: Hold) -> Claim:
    """Say what becomes of a claim on an item that is there already."""
    if state == "ended":
        return "ended"
    if state == "reserved":
        # Who is only late may be about to send it: nothing but its death makes it anything else than busy.
        return "unknown" if hold == "loose" else "busy"
    return "busy" if hold == "held" else "mine"


def may_restart(state: RecordState, hold: Hold, *, mine: bool) -> bool:
    """Say whether an item may be reserved once more."""
    return mine or verdict(state, hold) in ("ended", "unknown")


def restarted(record: UploadRecord, fingerprint: str | None) -> UploadRecord:
    """Return the record of an item that is reserved once more."""
    return UploadRecord(
        key=record.key,
        state="reserved",
        input=record.input,
        fingerprint=fingerprint,
        attempts=record.attempts + 1,
    )


def checked_key(key: str) -> str:
    """Return `key` if a store can keep it."""
    if not isinstance(key, str):
        raise TypeError(f"key must be a str, not {type(key).__name__}")
    if not key:
        raise ValueError("key must not be empty")
    if _LONE_SURROGATE.search(key):
        raise ValueError("key must be text that can be encoded as UTF-8")
    return key


def checked_states(states: Collection[RecordState] | None) -> Collection[RecordState]:
    """Return `states` as they are asked for; None stands for all."""
    if states is None:
        return STATES
    if isinstance(states, str) or not set(states) <= set(STATES):
        raise ValueError(f"states must be a collection of some of {', '.join(STATES)}")
    return states


def checked_lease(lease: float) -> float:
    """Return `lease` if it is a time to live."""
    if not 1.0 <= lease <= 86_400.0:
        raise ValueError("lease must be from 1 second to 86400 (a day)")
    return float(lease)
