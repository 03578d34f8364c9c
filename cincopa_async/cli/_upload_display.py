"""What an upload shows: bars on a terminal, lines where there is none, JSON lines for machines."""

from collections.abc import Sequence
from typing import Protocol

from attrs import asdict
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from cincopa_async import BatchEvent, BatchProgress, UploadItem
from cincopa_async.cli._console import JSONEvents
from cincopa_async.cli._report import Row, Sums
from cincopa_async.cli._shown import key_of, short_name, shown

MOST_BARS = 8
"""How many of the items under way have a bar: a terminal has few lines."""
MOST_TROUBLES = 20
"""How many are told again at the end, where they cannot have scrolled away; the report has them all."""

STYLES = {"completed": "green", **dict.fromkeys(("aborted", "running", "unstarted", "busy"), "yellow")}


class Display(Protocol):
    """What an upload tells, in the order in which it happens."""

    def moved(self, event: BatchEvent) -> None: ...
    def counted(self, progress: BatchProgress) -> None: ...
    def ended(self, item: UploadItem | None, row: Row, *, known: bool) -> None: ...
    def stopping(self, what: str) -> None: ...
    def finished(self, sums: Sums, stopped: str | None) -> None: ...


class JSONLines(JSONEvents):
    """An event for each step of an item."""

    def moved(self, event: BatchEvent) -> None:
        fields: dict[str, object] = {
            "input": shown(event.item),
            "key": key_of(event.item),
            "status_id": event.status_id,
        }
        if event.status is not None:
            fields |= {
                "progress_bytes": event.status.progress_bytes,
                "file_size_bytes": event.status.file_size_bytes,
                "fraction": event.status.fraction,
            }
        self._say(event.kind, **fields)

    def counted(self, progress: BatchProgress) -> None:
        """Say nothing: whoever reads this can count."""

    def ended(self, item: UploadItem | None, row: Row, *, known: bool) -> None:
        self._say("ended", **{name: value or None for name, value in asdict(row).items()}, known=known)

    def stopping(self, what: str) -> None:
        self._say("stopping", reason=what)

    def finished(self, sums: Sums, stopped: str | None) -> None:
        ok = sums.all_well and stopped is None
        self._say("finished", ok=ok, counts=sums.states, known=sums.known, stopped=stopped)


class Lines:
    """A line for each end, and the sums; for files, pipes and continuous integration."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._troubles: list[Row] = []

    def moved(self, event: BatchEvent) -> None:
        """Say nothing: lines are for what has ended."""

    def counted(self, progress: BatchProgress) -> None:
        """Say nothing."""

    def ended(self, item: UploadItem | None, row: Row, *, known: bool) -> None:
        self._print_row(row, " (in an earlier run)" if known else "")
        if row.state != "completed" and len(self._troubles) < MOST_TROUBLES:
            self._troubles.append(row)

    def stopping(self, what: str) -> None:
        self._console.print(f"[yellow]stopping[/]: {what}. Ctrl-C again leaves at once.", soft_wrap=True)

    def finished(self, sums: Sums, stopped: str | None) -> None:
        self._console.rule("report", align="left", characters="-")
        self._tell_again(sums)
        for state, count in sums.states.items():
            self._console.print(f"[{STYLES.get(state, 'red')}]{state:>11}[/]  {count:,}")
        if sums.known:
            self._console.print(f"{sums.known:,} of these had ended in an earlier run.")
        if stopped is not None:
            self._console.print(f"[red]stopped[/]: {escape(stopped)}", soft_wrap=True)
        elif not sums.states:
            self._console.print("There was nothing to upload.")

    def _tell_again(self, sums: Sums) -> None:
        for row in self._troubles:
            self._print_row(row)
        if more := sums.states.total() - sums.states["completed"] - len(self._troubles):
            self._console.print(f"... and {more:,} more; `--report` writes them all to a file")

    def _print_row(self, row: Row, note: str = "") -> None:
        rid = f" is asset {row.rid}" if row.rid else ""
        upload = f" (upload {row.status_id})" if row.status_id and not row.rid else ""
        reason = f": {row.reason}" if row.reason else ""
        text = escape(f"{row.input}{rid}{upload}{reason}{note}")
        self._console.print(f"[{STYLES.get(row.state, 'red')}]{row.state:>11}[/]  {text}", soft_wrap=True)


class Bars(Lines):
    """A live bar for all, and one for each of some that are under way, below the lines of :class:`Lines`."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._bars: dict[int, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            console=console,
            transient=True,
        )
        self._all = self._progress.add_task("all", total=None, told="")
        self._progress.start()

    def moved(self, event: BatchEvent) -> None:
        bar = self._bars.get(id(event.item))
        if bar is None:
            if len(self._bars) == MOST_BARS:
                return
            bar = self._bars[id(event.item)] = self._progress.add_task(
                escape(short_name(event.item)), total=None, told=""
            )
        if event.status is not None:
            sent, size = event.status.progress_bytes or 0, event.status.file_size_bytes
            told = decimal(sent) if size is None else f"{decimal(sent)} of {decimal(size)}"
            self._progress.update(bar, total=size or None, completed=sent, told=told)

    def counted(self, progress: BatchProgress) -> None:
        told = ", ".join(_counts(progress))
        self._progress.update(self._all, total=progress.items_total, completed=progress.ended, told=told)

    def ended(self, item: UploadItem | None, row: Row, *, known: bool) -> None:
        bar = self._bars.pop(id(item), None)
        if bar is not None:
            self._progress.remove_task(bar)
        super().ended(item, row, known=known)

    def finished(self, sums: Sums, stopped: str | None) -> None:
        self.stop()
        super().finished(sums, stopped)

    def stop(self) -> None:
        self._progress.stop()


def _counts(progress: BatchProgress) -> Sequence[str]:
    total = "" if progress.items_total is None else f"/{progress.items_total:,}"
    told = [f"{progress.ended:,}{total} ended", f"{progress.active:,} under way"]
    if progress.failed:
        told.append(f"[red]{progress.failed:,} failed[/]")
    if progress.bytes_sent:
        told.append(f"{decimal(progress.bytes_sent)} at {decimal(int(progress.rate))}/s")
    if progress.seconds_left is not None and progress.active:
        told.append(f"{_span(progress.seconds_left)} left")
    return told


def _span(seconds: float) -> str:
    """Give a time in hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
