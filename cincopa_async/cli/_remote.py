"""What the commands have in common that speak to Cincopa: the client, and what is said and printed."""

import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import anyio
from attrs import Attribute, asdict

from cincopa_async import CincopaClient, CincopaError

USAGE = 2
"""The exit code of what cannot be begun, as typer has it too."""


class UsageError(Exception):
    """The command cannot begin as it was called; the text says why."""


def run_with_client(base_url: str | None, command: Callable[[CincopaClient], Awaitable[int]]) -> int:
    """Run a command with a client, whose token is the environment's, and give its exit code: 1 for Cincopa's errors."""
    try:
        client = CincopaClient(base_url=base_url)
    except ValueError as error:
        complain(str(error))
        return USAGE
    return anyio.run(_run, client, command)


async def _run(client: CincopaClient, command: Callable[[CincopaClient], Awaitable[int]]) -> int:
    async with client:
        try:
            return await command(client)
        except (UsageError, ValueError) as error:  # Of an argument, before anything is sent.
            complain(str(error))
            return USAGE
        except CincopaError as error:
            complain(str(error))
            return 1


def complain(text: str) -> None:
    """Say to people what is wrong, if they are still there."""
    with suppress(BrokenPipeError):
        print(f"cincopa: {printable(text)}", file=sys.stderr)  # noqa: T201  # printing is what a command is for


def say(text: str) -> None:
    """Print a line; what is read by another program comes at once."""
    print(text, flush=True)  # noqa: T201


def say_json(fields: dict[str, Any]) -> None:
    """Print a JSON object as a line."""
    say(json.dumps(fields, default=datetime.isoformat))


def say_fields(fields: dict[str, Any]) -> None:
    """Print a line for each field that there is."""
    for name, value in fields.items():
        if value is not None:
            say(f"{name}: {printable(str(value))}")


def say_row(*cells: object) -> None:
    """Print values with tabs between them, and nothing for None."""
    say("\t".join("" if cell is None else printable(str(cell)) for cell in cells))


def fields_of(model: Any) -> dict[str, Any]:
    """Give the fields of an answer that its repr shows: the others are secrets, and whatever else Cincopa has sent."""
    return asdict(model, recurse=False, filter=_shown)


def printable(text: str) -> str:
    """Give the text with escapes for what a terminal would obey, and for what cannot be encoded."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _shown(attribute: "Attribute[Any]", _: object) -> bool:
    return attribute.repr is not False
