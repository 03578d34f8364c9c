"""The base of all errors."""

from __future__ import annotations


class CincopaError(Exception):
    """Base of all errors that this library raises, but for wrong arguments (ValueError, TypeError)."""

    maybe_applied: bool = False
    """For a call that writes: False only when Cincopa certainly did not act on it."""

    def __init__(self, *args: object) -> None:
        # OSError, a base of the timeouts, gives two arguments a meaning of its own and drops the fourth:
        # it gets none, and `args` is set by hand. pickle and copy rebuild from it.
        super().__init__()
        self.args = args
