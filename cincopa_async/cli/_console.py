"""Where what a command shows goes to: a terminal, a file or pipe, another program."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from rich.console import Console

from cincopa_async.cli._remote import say_json

D = TypeVar("D")


class Live(Protocol):
    """What draws on a terminal until it is stopped."""

    def stop(self) -> None:
        """Leave the terminal as it was found."""
        ...


B = TypeVar("B", bound=Live)


class TextConsole(Console):
    """A console that prints others' text as it is, and tells of the end of a pipe as any other output does."""

    def __init__(self) -> None:
        super().__init__(highlight=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Raise what rich has caught: it would end the process here and now, with uploads under way."""
        raise BrokenPipeError


@contextmanager
def choose_display(
    *, as_json: bool, json: Callable[[], D], bars: Callable[[Console], B], lines: Callable[[Console], D]
) -> Iterator[D | B]:
    """Give the display that suits where the output goes; bars leave a terminal as they found it."""
    console = TextConsole()
    if as_json:
        yield json()
    elif console.is_terminal:
        drawn = bars(console)
        try:
            yield drawn
        finally:
            drawn.stop()
    else:
        yield lines(console)


class JSONEvents:
    """One JSON object per event and line, and nothing else."""

    def _say(self, event: str, **fields: object) -> None:
        say_json({"event": event, **fields})
