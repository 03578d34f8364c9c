"""The commands and their options, as typer reads them."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cincopa_async.cli import INTERRUPTED

app = typer.Typer(
    help=(
        "Upload to Cincopa, and see what is there. The token is taken from the environment: CINCOPA_API_TOKEN. "
        "Without an account: watch a demo, or serve a fake Cincopa to test against."
    ),
    no_args_is_help=True,
    add_completion=False,
    # Plain tracebacks: the pretty ones print the local variables, and a token may be one of them.
    pretty_exceptions_enable=False,
)


BaseUrl = Annotated[
    str | None, typer.Option(envvar="CINCOPA_BASE_URL", help="Where the API is, if not at Cincopa's own.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, an object a line.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many.")]


@app.command()
def upload(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="URLs, files, patterns such as 'films/**/*.mp4'; - is a list on standard input: on each line a URL, a "
            "file, or an item as a JSON object.",
            show_default=False,
        ),
    ] = None,
    *,
    csv: Annotated[
        Path | None,
        typer.Option(help="A table with a head; - for standard input."),
    ] = None,
    column: Annotated[str, typer.Option(help="The column of the table with the URL or the file.")] = "url",
    fid: Annotated[str | None, typer.Option(help="The gallery for items that name none.")] = None,
    max_active: Annotated[int, typer.Option(min=1, help="How many are under way at once.")] = 64,
    store: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Remember in this file what became of each, for --resume.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the store's earlier run; same inputs.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="The same, and upload again what had failed.")
    ] = False,
    restart_unknown: Annotated[
        bool,
        typer.Option("--restart-unknown", help="The same, and upload again what may have been begun: twice, perhaps."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; send and write nothing.")] = False,
    report: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write a CSV file with a line for each item.")
    ] = None,
    json: AsJson = False,
    base_url: BaseUrl = None,
) -> None:
    """
    Upload URLs and local files, and report what became of each.

    The exit code is 0 only if all ended well. Ctrl-C begins nothing new, and aborts what is under way; with a store it
    runs on, for --resume. A second Ctrl-C leaves at once.
    """
    from cincopa_async.cli._runs import Memory
    from cincopa_async.cli.upload import Plan, run_upload

    plan = Plan(
        arguments=inputs or [],
        table=csv,
        column=column,
        fid=fid,
        max_active=max_active,
        memory=Memory(path=store, resume=resume, retry_failed=retry_failed, restart_unknown=restart_unknown),
        report=report,
        base_url=base_url,
    )
    leave(lambda: run_upload(plan, dry_run=dry_run, as_json=json))


@app.command()
def status(
    status_id: Annotated[str, typer.Argument(help="What the start of the upload answered.")],
    *,
    json: AsJson = False,
    base_url: BaseUrl = None,
) -> None:
    """Say how far an upload from a URL is."""
    from cincopa_async.cli.status import run_status

    leave(lambda: run_status(base_url, status_id, as_json=json))


@app.command()
def abort(
    status_id: Annotated[str, typer.Argument(help="What the start of the upload answered.")],
    *,
    json: AsJson = False,
    base_url: BaseUrl = None,
) -> None:
    """Abort an upload from a URL. The exit code is 0 only if it did not end before."""
    from cincopa_async.cli.abort import run_abort

    leave(lambda: run_abort(base_url, status_id, as_json=json))


@app.command()
def assets(
    *,
    search: Annotated[str | None, typer.Option(help="Words in the texts of the assets.")] = None,
    type: Annotated[str | None, typer.Option(help="video, image, audio or other.")] = None,
    tag: Annotated[str | None, typer.Option(help="A tag that they carry.")] = None,
    limit: Limit = None,
    json: AsJson = False,
    base_url: BaseUrl = None,
) -> None:
    """List assets: rid, type, bytes, file name and title, with tabs between them."""
    from cincopa_async.cli.assets import run_assets

    leave(lambda: run_assets(base_url, search=search, type=type, tag=tag, limit=limit, as_json=json))


@app.command()
def galleries(
    *,
    search: Annotated[str | None, typer.Option(help="Words to look for.")] = None,
    tag: Annotated[str | None, typer.Option(help="A tag that they carry.")] = None,
    limit: Limit = None,
    json: AsJson = False,
    base_url: BaseUrl = None,
) -> None:
    """List galleries: fid, name and description, with tabs between them."""
    from cincopa_async.cli.galleries import run_galleries

    leave(lambda: run_galleries(base_url, search=search, tag=tag, limit=limit, as_json=json))


@app.command()
def ping(*, json: AsJson = False, base_url: BaseUrl = None) -> None:
    """Check the token, and say whose it is and what it may do."""
    from cincopa_async.cli.ping import run_ping

    leave(lambda: run_ping(base_url, as_json=json))


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


@app.command()
def contract(
    *,
    source: Annotated[
        str | None, typer.Option(help="The URL of a small file that Cincopa can fetch.", show_default=False)
    ] = None,
    hook_url: Annotated[
        str | None, typer.Option(help="The URL by which Cincopa reaches --hook-port.", show_default=False)
    ] = None,
    hook_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Where to listen for webhooks meanwhile.", show_default=False)
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Make only calls that change nothing.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be sent; send nothing.")] = False,
    json: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write what was found to this file, for FakeCincopa.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Keep the answers in this new file, for a bug report.")
    ] = None,
    base_url: BaseUrl = None,
) -> None:
    """
    Try, in your account, what this package believes of Cincopa: fact, verdict, what was seen, and how.

    What it makes is small and marked, and it is deleted again, Ctrl-C or not; it changes nothing else. The exit code is
    1 if a fact is refuted.
    """
    from cincopa_async.cli.contract import Trying, run_contract

    trying = Trying(
        source=source,
        hook_url=hook_url,
        hook_port=hook_port,
        read_only=read_only,
        report=json,
        recording=record,
        base_url=base_url,
    )
    leave(lambda: run_contract(trying, plan=plan))


def leave(command: Callable[[], int]) -> None:
    """
    Run a command and end with its exit code.

    Ctrl-C is an end like others, and so is an output that cannot be written; left to typer they would be errors.
    """
    # A shell without job control has what is in the background ignore SIGINT; whoever sends it one still means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        try:
            code = command()
        except* OSError as errors:
            code = unwritable(errors)
    except KeyboardInterrupt:
        code = INTERRUPTED
    raise typer.Exit(code)


def unwritable(errors: BaseExceptionGroup[OSError]) -> int:
    """Give the exit code for what cannot be printed; a pipe that nobody reads is nothing to speak of."""
    from cincopa_async.cli._remote import complain
    from cincopa_async.cli._signals import UNREAD, lost_output

    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, OSError)  # noqa: S101 - for the type checkers
    _, code = lost_output(first)
    if code != UNREAD:
        complain(str(first))
    return code
