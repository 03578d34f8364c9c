"""What stops uploads in the midst of them: Ctrl-C, cleanly and then at once, and a reader of the output who leaves."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ParamSpec

import anyio
from attrs import define, field

P = ParamSpec("P")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
UNREAD = 128 + 13
"""The exit code that shells expect of what SIGPIPE has ended. Python ignores it, and Windows does not have it."""
SHOW_CURSOR = b"\x1b[?25h\n"


@define
class Interruption:
    """What has stopped it, and the scope that is cancelled then."""

    lost: Callable[[str], None]
    """Called with what is wrong if what is shown cannot be."""
    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    reason: str | None = None
    """None as long as nothing has."""
    exit_code: int = 0
    """What shells expect of what has ended so."""

    def tell(self, show: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Show something. If that cannot be, as when nobody reads it any more, it is as good as a signal."""
        try:
            show(*args, **kwargs)
        except OSError as error:
            text, code = lost_output(error)
            self.lost(text)
            self.set(text, code)
            self.scope.cancel()

    def set(self, reason: str, exit_code: int) -> None:
        """Note what has stopped it, unless something had."""
        if self.reason is None:
            self.reason, self.exit_code = reason, exit_code


@contextmanager
def interruptible(stopping: Callable[[], None], lost: Callable[[str], None]) -> Iterator[Interruption]:
    """
    Have the first signal cancel the scope of what this gives, and the second end the process.

    The first one is told by `stopping`; that nothing can be shown with :meth:`Interruption.tell`, by `lost`.

    It belongs to asyncio: handlers of anyio's are not called while the loop is busy, and are not there on Windows.
    """
    loop = asyncio.get_running_loop()
    interruption = Interruption(lost)

    def stop() -> None:
        interruption.tell(stopping)
        interruption.scope.cancel()

    def interrupted(number: int, _: FrameType | None) -> None:
        if interruption.reason is None:
            interruption.set("interrupted", 128 + number)
            # Not here: this may be the midst of anything.
            loop.call_soon_threadsafe(stop)
        else:
            leave_now(128 + number)

    before = {number: signal.signal(number, interrupted) for number in SIGNALS}
    try:
        yield interruption
    finally:
        # Once a signal has come the process is on its way out, and the next one is to be obeyed up to its last step.
        if interruption.reason is None:
            for number, handler in before.items():
                signal.signal(number, handler)


def lost_output(error: OSError) -> tuple[str, int]:
    """
    Say what is wrong when something cannot be printed, and the exit code for that.

    What is printed from now on goes nowhere, also at the end of the interpreter, which would complain.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    if isinstance(error, BrokenPipeError):
        return "nobody reads the output any more", UNREAD
    return f"the output cannot be written: {error.strerror}", 1


def leave_now(code: int) -> None:
    """End the process with nothing said to Cincopa: what is written in a store by now is all that a rerun needs."""
    if sys.stdout is not None and sys.stdout.isatty():  # It is None after `>&-`.
        os.write(sys.stdout.fileno(), SHOW_CURSOR)  # Bars hide it. Written so, for `print` may be under way.
    os._exit(code)
