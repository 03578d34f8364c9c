"""What the demo shows: bars on a terminal, lines where there is none, JSON lines for machines."""

from collections.abc import Sequence
from typing import Protocol

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from cincopa_async import Asset, UploadState, UploadStatus
from cincopa_async.cli._console import JSONEvents
from cincopa_async.cli._sources import Source

STYLES = {
    UploadState.IN_PROGRESS: "cyan",
    UploadState.COMPLETED: "green",
    UploadState.FAILED: "red",
    UploadState.ABORTED: "yellow",
}


class Display(Protocol):
    """What the demo tells, in the order in which it happens."""

    def began(self, server: str, sources: Sequence[Source]) -> None: ...
    def moved(self, source: Source, status_id: str, status: UploadStatus) -> None: ...
    def broke(self, source: Source, error: str) -> None: ...
    def listed(self, assets: Sequence[Asset]) -> None: ...
    def verified(self, source: Source, sha256: str, *, equal: bool) -> None: ...
    def interrupted(self, *, aborted: int, running: int) -> None: ...
    def finished(self, problems: Sequence[str]) -> None: ...


class JSONLines(JSONEvents):
    """An event for each step of an upload, of the list and of the comparison."""

    def began(self, server: str, sources: Sequence[Source]) -> None:
        self._say("began", server=server, names=[source.name for source in sources])

    def moved(self, source: Source, status_id: str, status: UploadStatus) -> None:
        fields: dict[str, object] = {
            "name": source.name,
            "status_id": status_id,
            "progress_bytes": status.progress_bytes,
            "file_size_bytes": status.file_size_bytes,
            "fraction": status.fraction,
        }
        if status.state.is_final:
            fields |= {"rid": status.rid, "reason": status.reason}
        self._say(status.state.value if status.state.is_final else "progress", **fields)

    def broke(self, source: Source, error: str) -> None:
        self._say("broke", name=source.name, error=error)

    def listed(self, assets: Sequence[Asset]) -> None:
        for asset in assets:
            self._say("asset", rid=asset.rid, type=asset.type, filename=asset.filename, filesize=asset.filesize)

    def verified(self, source: Source, sha256: str, *, equal: bool) -> None:
        self._say("verified", name=source.name, sha256=sha256, equal=equal)

    def interrupted(self, *, aborted: int, running: int) -> None:
        self._say("interrupted", aborted=aborted, running=running)

    def finished(self, problems: Sequence[str]) -> None:
        self._say("finished", ok=not problems, problems=list(problems))


class Lines:
    """A line where something begins or ends; for files, pipes and continuous integration."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def began(self, server: str, sources: Sequence[Source]) -> None:
        self._console.print(f"A fake Cincopa listens on {server}; {len(sources)} uploads begin at once.")

    def moved(self, source: Source, status_id: str, status: UploadStatus) -> None:
        if not status.state.is_final:
            return
        reason = f": {status.reason}" if status.reason else ""
        moved = f"{status.progress_bytes or 0:,} bytes"
        self._print_state(status.state, f"{source.name} (upload {status_id}, {moved}){reason}")

    def broke(self, source: Source, error: str) -> None:
        self._print_state(UploadState.FAILED, f"{source.name}: {error}")

    def listed(self, assets: Sequence[Asset]) -> None:
        table = Table("rid", "type", "filename", title="The assets that Cincopa has now", title_justify="left")
        table.add_column("bytes", justify="right")
        for asset in assets:
            size = "" if asset.filesize is None else f"{asset.filesize:,}"
            table.add_row(*(escape(text or "") for text in (asset.rid, asset.type, asset.filename)), size)
        self._console.print(table)

    def verified(self, source: Source, sha256: str, *, equal: bool) -> None:
        verdict = "[green]same bytes[/]" if equal else "[red]other bytes[/]"
        self._console.print(f"{verdict}  {sha256[:16]}...  {escape(source.name)}")

    def interrupted(self, *, aborted: int, running: int) -> None:
        self._console.print(f"Interrupted. Uploads aborted on the server: {aborted}; still running: {running}.")

    def finished(self, problems: Sequence[str]) -> None:
        for problem in problems:
            self._console.print(f"[red]not as it should be[/]  {escape(problem)}")
        if not problems:
            self._console.print("Every upload ended as it should, and what is stored is what was sent.")

    def _print_state(self, state: UploadState, text: str) -> None:
        self._console.print(f"[{STYLES[state]}]{state.value:>11}[/]  {escape(text)}", soft_wrap=True)


class Bars(Lines):
    """A live bar for each upload, above the lines of :class:`Lines`."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._bars: dict[Source, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[moved]}", justify="right"),
            TextColumn("{task.fields[state]}"),
            console=console,
        )

    def began(self, server: str, sources: Sequence[Source]) -> None:
        super().began(server, sources)
        for source in sources:
            self._bars[source] = self._progress.add_task(escape(source.name), total=None, moved="", state="")
        self._progress.start()

    def moved(self, source: Source, status_id: str, status: UploadStatus) -> None:
        reason = f": {escape(status.reason)}" if status.reason else ""
        self._progress.update(
            self._bars[source],
            # A bar without a total moves to and fro; an upload that failed before its first byte shall not.
            total=status.file_size_bytes or (1 if status.state.is_final else None),
            completed=status.progress_bytes or 0,
            moved=decimal(status.progress_bytes or 0),
            state=f"[{STYLES[status.state]}]{status.state.value}{reason}[/]",
        )

    def broke(self, source: Source, error: str) -> None:
        self._progress.update(self._bars[source], total=1, state=f"[red]{escape(error)}[/]")

    def listed(self, assets: Sequence[Asset]) -> None:
        self.stop()
        super().listed(assets)

    def interrupted(self, *, aborted: int, running: int) -> None:
        self.stop()
        super().interrupted(aborted=aborted, running=running)

    def stop(self) -> None:
        self._progress.stop()
