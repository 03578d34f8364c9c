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
SIGPIPE = 13
"""What ends a program whose output nobody reads any more. Python ignores it, and Windows does not have it."""
UNREAD = 128 + SIGPIPE
"""The exit code that shells expect then."""
SHOW_CURSOR = b"\x1b[?25h\n"


@define
class Interruption:
    """Whether a signal has come, and the scope that is cancelled then."""

    unread: Callable[[], None]
    """Called if nobody reads the output any more."""
    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    signal: int | None = None

    @property
    def exit_code(self) -> int:
        """What shells expect of what a signal has ended; 0 if none came."""
        return 0 if self.signal is None else 128 + self.signal

    def tell(self, show: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Show something. If nobody reads it any more, as after `| head`, that is as good as a signal."""
        try:
            show(*args, **kwargs)
        except BrokenPipeError:
            discard_output()
            self.unread()
            self.signal = self.signal or SIGPIPE
            self.scope.cancel()


@contextmanager
def interruptible(stopping: Callable[[], None], unread: Callable[[], None]) -> Iterator[Interruption]:
    """
    Have the first signal cancel the scope of what this gives, and the second end the process.

    The first one is told by `stopping`; that nobody reads what is shown with :meth:`Interruption.tell`, by `unread`.

    It belongs to asyncio: handlers of anyio's are not called while the loop is busy, and are not there on Windows.
    """
    loop = asyncio.get_running_loop()
    interruption = Interruption(unread)

    def stop() -> None:
        interruption.tell(stopping)
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


def discard_output() -> None:
    """Have what is printed from now on go nowhere, also at the end of the interpreter, which would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def leave_now(code: int) -> None:
    """End the process with nothing said to Cincopa: what is written in a store by now is all that a rerun needs."""
    if sys.stdout.isatty():
        os.write(sys.stdout.fileno(), SHOW_CURSOR)  # Bars hide it. Written so, for `print` may be under way.
    os._exit(code)
