"""Ctrl-C in the midst of uploads: the first one ends cleanly, the second one at once."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import anyio
from attrs import define, field

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SHOW_CURSOR = b"\x1b[?25h\n"


@define
class Interruption:
    """Whether a signal has come, and the scope that is cancelled then."""

    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    signal: int | None = None

    @property
    def exit_code(self) -> int:
        """What shells expect of what a signal has ended; 0 if none came."""
        return 0 if self.signal is None else 128 + self.signal


@contextmanager
def interruptible(notice: Callable[[], None]) -> Iterator[Interruption]:
    """
    Have the first signal cancel the scope of what this gives, after a `notice`, and the second end the process.

    It belongs to asyncio: handlers of anyio's are not called while the loop is busy, and are not there on Windows.
    """
    loop = asyncio.get_running_loop()
    interruption = Interruption()

    def stop() -> None:
        notice()
        interruption.scope.cancel()

    def interrupted(number: int, _: FrameType | None) -> None:
        if interruption.signal is None:
            interruption.signal = number
            # Not here: this may be the midst of anything.
            loop.call_soon_threadsafe(stop)
        else:
            leave_now(128 + number)

    before = {number: signal.signal(number, interrupted) for number in SIGNALS}
    try:
        yield interruption
    finally:
        # Once a signal has come the process is on its way out, and the next one is to be obeyed up to its last step.
        if interruption.signal is None:
            for number, handler in before.items():
                signal.signal(number, handler)


def leave_now(code: int) -> None:
    """End the process with nothing said to Cincopa: what is written in a store by now is all that a rerun needs."""
    if sys.stdout.isatty():
        os.write(sys.stdout.fileno(), SHOW_CURSOR)  # Bars hide it. Written so, for `print` may be under way.
    os._exit(code)
