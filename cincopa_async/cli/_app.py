"""The commands and their options, as typer reads them."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cincopa_async.cli import INTERRUPTED

app = typer.Typer(
    help="Cincopa without an account: watch the client at work, or serve a fake Cincopa to test against.",
    no_args_is_help=True,
    add_completion=False,
    # Plain tracebacks: the pretty ones print the local variables, and a token may be one of them.
    pretty_exceptions_enable=False,
)


@app.command()
def demo(
    *,
    files: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Upload the files of this folder, in the place of made ones."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON line per event.")] = False,
    seconds: Annotated[float, typer.Option(min=0, help="About how long the largest file takes.")] = 4.0,
) -> None:
    """
    Upload media files to a fake Cincopa, all at once, and check what it stored.

    One upload is aborted and one fails, on purpose. The exit code is 0 if everything went as it should.
    """
    from cincopa_async.cli.demo import run_demo

    leave(lambda: run_demo(files, as_json=json, seconds=seconds))


@app.command()
def fake(
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default is not reached from outside.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    allow_remote: Annotated[bool, typer.Option("--allow-remote", help="Let other machines in.")] = False,
    api_token: Annotated[str | None, typer.Option(help="The token it accepts; otherwise it makes one.")] = None,
) -> None:
    """Serve a fake Cincopa until it is stopped, and print its URL and token."""
    from cincopa_async.cli.fake import run_fake

    leave(lambda: run_fake(host, port, api_token, allow_remote=allow_remote))


def leave(command: Callable[[], int]) -> None:
    """Run a command and end with its exit code. Ctrl-C is an end like others; left to typer it would be an error."""
    # A shell without job control has what is in the background ignore SIGINT; whoever sends it one still means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = command()
    except KeyboardInterrupt:
        code = INTERRUPTED
    raise typer.Exit(code)
