"""What time it is, in virtual time too."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import anyio
import anyio.lowlevel

# The documentation's example of a date is written at this offset.
_ZONE = timezone(timedelta(hours=-6))
_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "seven digits and an offset": lambda text: text,
    "an offset": lambda text: datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="seconds"),
    "no offset": lambda text: f"{datetime.fromisoformat(text):%Y-%m-%dT%H:%M:%S}",
    "month first": lambda text: f"{datetime.fromisoformat(text):%m/%d/%Y %I:%M %p}",
}


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment from which time is counted."""

    monotonic: float
    loop: object
    loop_time: float

    @classmethod
    def now(cls) -> Instant:
        """Say what time it is: of the event loop where one runs, whose clock may be a virtual one."""
        loop = _running_loop()
        return cls(time.monotonic(), loop, anyio.current_time() if loop is not None else 0.0)

    def elapsed(self) -> float:
        """
        Say how many seconds have gone by since.

        Seen from another loop, or from outside of any (a test sets the fake up, its server runs in a thread), the two
        clocks have nothing to do with each other: then it is the machine's clock that tells.
        """
        now = Instant.now()
        if now.loop is not None and now.loop is self.loop:
            return now.loop_time - self.loop_time
        return now.monotonic - self.monotonic


class Meter:
    """Says whether there are more calls than so many a second; a second's worth may come at once."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._left = max(1.0, per_second)
        self._since = Instant.now()

    def takes_one(self) -> bool:
        """Count a call, and say whether it is within the limit; a call that is not counts for nothing."""
        most = max(1.0, self._per_second)
        self._left = min(most, self._left + self._per_second * max(0.0, self._since.elapsed()))
        self._since = Instant.now()
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def date() -> str:
    """Write the present date as the documentation's example has it, with seven digits of a second."""
    now = datetime.now(_ZONE)
    return f"{now:%Y-%m-%dT%H:%M:%S.%f}0{now.isoformat()[-6:]}"


def dated(text: str, form: str) -> str:
    """Write a date that :func:`date` has written in another form that the contract names."""
    return _FORMS[form](text)


def _running_loop() -> object | None:
    try:
        return anyio.lowlevel.current_token().native_token
    except RuntimeError:  # Called from no loop at all.
        return None
