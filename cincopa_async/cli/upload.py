"""`cincopa upload`: URLs and files by the thousand, a report of each, and an end that can be relied on."""

import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain
from pathlib import Path
from sqlite3 import Error as SqliteError

import anyio
from attrs import define, field, frozen

from cincopa_async import (
    BatchEvent,
    BatchEvents,
    BatchHaltedError,
    CincopaClient,
    UploadBatch,
    UploadItem,
    UploadOutcome,
)
from cincopa_async.cli._console import choose_display
from cincopa_async.cli._dry_run import run_dry
from cincopa_async.cli._inputs import Entry, read_arguments, read_csv, read_lines
from cincopa_async.cli._left import left_row
from cincopa_async.cli._remote import USAGE, UsageError, complain, run_with_client
from cincopa_async.cli._report import Report, Row, Sums, open_report, refused_row, row_of
from cincopa_async.cli._runs import Memory, open_store
from cincopa_async.cli._signals import Interruption, interruptible
from cincopa_async.cli._supply import UnreadableError, read_text, supplied
from cincopa_async.cli._upload_display import Bars, Display, JSONLines, Lines

TICK_SECONDS = 0.25
STDIN = "-"


@frozen(kw_only=True)
class Plan:
    """What is to be uploaded and how, as the command line has it."""

    arguments: list[str]
    table: Path | None
    column: str
    fid: str | None
    max_active: int
    memory: Memory
    report: Path | None
    base_url: str | None


@frozen(kw_only=True)
class Inputs:
    """What is to be uploaded: what the arguments name, then what lists name."""

    items: list[UploadItem]
    lists: Iterable[Entry] | None
    """Read as it is asked for; None where there is no list."""

    def entries(self) -> Iterator[Entry]:
        """Give all of them, one after the other."""
        arguments = (Entry(where="arguments", item=item) for item in self.items)
        return chain(arguments, self.lists or ())


def run_upload(plan: Plan, *, dry_run: bool, as_json: bool) -> int:
    """Upload, and give the exit code: 0 if all ended well, 1 if not, 2 if nothing was begun, or a signal's."""
    try:
        plan.memory.check()
        inputs = find_inputs(plan)
        if dry_run:
            return run_dry(inputs.entries(), plan.memory, as_json=as_json)
    except UsageError as error:
        complain(str(error))
        return USAGE
    showing: AbstractContextManager[Display] = choose_display(as_json=as_json, json=JSONLines, bars=Bars, lines=Lines)
    with showing as display:
        return run_with_client(plan.base_url, partial(upload, inputs=inputs, plan=plan, display=display))


def find_inputs(plan: Plan) -> Inputs:
    """
    Look at what was given.

    Raises:
        UsageError: There is nothing, or something of it does not exist.
    """
    if not plan.arguments and plan.table is None:
        raise UsageError("there is nothing to upload: give URLs, files, '-' for a list on standard input, or --csv")
    table = None if plan.table is None else str(plan.table)
    if [*plan.arguments, table].count(STDIN) > 1:
        raise UsageError("standard input can be read once: give one '-'")
    if STDIN in (*plan.arguments, table) and sys.stdin is None:
        # Its number is given to whatever is opened next.
        raise UsageError("standard input is closed")
    items = read_arguments([argument for argument in plan.arguments if argument != STDIN], plan.fid)
    lists: list[Iterable[Entry]] = []
    if STDIN in plan.arguments:
        lists.append(read_lines(read_text(STDIN), "standard input", plan.fid))
    if table is not None:
        if table != STDIN and not Path(table).is_file():
            raise UsageError(f"there is no file {table}")
        name = "standard input" if table == STDIN else Path(table).name
        lists.append(read_csv(read_text(table), name, plan.column, plan.fid))
    return Inputs(items=items, lists=chain.from_iterable(lists) if lists else None)


async def upload(cincopa: CincopaClient, inputs: Inputs, plan: Plan, display: Display) -> int:
    """Upload all, and give the exit code."""
    kept = plan.memory.path is not None
    notice = "uploads under way run on, for --resume" if kept else "uploads under way are aborted"

    def lost(reason: str) -> None:
        complain(f"{reason}: {notice}")

    with interruptible(partial(display.stopping, notice), lost) as interruption:
        async with open_report(plan.report) as report, open_store(plan.memory) as store:
            run = Run(display, report, interruption)
            with interruption.scope:
                batch = cincopa.upload_many(
                    run.handed(inputs),
                    max_active=plan.max_active,
                    store=store,
                    on_cancel="detach" if kept else "abort",
                    unknown="restart" if plan.memory.restart_unknown else "report",
                )
                await run.follow(batch)
            run.stopped = interruption.reason or run.stopped
            await run.tell_open()
        interruption.tell(display.finished, run.sums, run.stopped)
    return interruption.exit_code or (0 if run.sums.all_well and run.stopped is None else 1)


@define
class UnderWay:
    """An item that the batch has taken, and its upload, once there is one."""

    item: UploadItem
    status_id: str | None = None
    last: BatchEvent | None = None
    """What the batch said of it when it left it, or of an end that nobody asked for any more."""

    def learns(self, event: BatchEvent) -> None:
        """Keep what an event tells."""
        self.status_id = event.status_id or self.status_id
        if event.kind in ("left", "ended"):
            self.last = event


@define
class Run:
    """One run: who is told, what has come of it so far, and what is under way."""

    display: Display
    report: Report
    interruption: Interruption
    sums: Sums = field(factory=Sums)
    stopped: str | None = None
    """Why it ended before its time."""
    _under_way: dict[int, UnderWay] = field(factory=dict)
    """By the identity of the item: two may be equal."""
    _events: BatchEvents | None = None

    def handed(self, inputs: Inputs) -> "Counted | AsyncGenerator[UploadItem, None]":
        """Give the items to the batch, and know which it has taken."""
        return Counted(inputs.items, self._take) if inputs.lists is None else self._streamed(inputs)

    async def follow(self, batch: UploadBatch) -> None:
        """Tell what happens, to the end or a halt."""
        self._events = batch.events()
        async with batch, anyio.create_task_group() as shows:
            shows.start_soon(self._show, self._events)
            shows.start_soon(self._count, batch)
            try:
                async for outcome in batch:
                    await self._ended(outcome)
            except BatchHaltedError as halted:
                self.stopped = halted.reason
            except (
                UnreadableError,
                OSError,
                SqliteError,
            ) as error:  # Of a list, the report or the store: none can go on without.
                self.stopped = str(error)
            shows.cancel_scope.cancel()

    async def tell_open(self) -> None:
        """Tell what was under way when all was stopped."""
        if self._events is not None:
            async for event in self._events:  # The last there are: what became of each while it was stopped.
                self._learn(event)
        for open_ in self._under_way.values():
            try:
                await self._tell(open_.item, left_row(open_.item, open_.last, open_.status_id))
            except OSError as error:  # Of the report. It is told, and the others are told without it.
                self.stopped = f"{self.stopped}; {error}"

    def _take(self, item: UploadItem) -> UploadItem:
        self._under_way[id(item)] = UnderWay(item)
        return item

    async def _streamed(self, inputs: Inputs) -> AsyncGenerator[UploadItem, None]:
        async for entry in supplied(inputs.entries()):
            if entry.item is not None:
                yield self._take(entry.item)
                continue
            await self._tell(None, refused_row(entry))

    async def _ended(self, outcome: UploadOutcome) -> None:
        under_way = self._under_way.pop(id(outcome.item))
        await self._tell(outcome.item, row_of(outcome, under_way.status_id), known=outcome.from_store)

    async def _tell(self, item: UploadItem | None, row: Row, *, known: bool = False) -> None:
        self.sums.add(row, known=known)
        self.interruption.tell(self.display.ended, item, row, known=known)
        await self.report.add(row)

    async def _show(self, events: BatchEvents) -> None:
        async for event in events:
            if self._learn(event) and event.kind in ("started", "progress"):
                self.interruption.tell(self.display.moved, event)

    def _learn(self, event: BatchEvent) -> bool:
        """Keep what an event tells, if its item is still under way: outcomes tell the end, and none of them is lost."""
        under_way = self._under_way.get(id(event.item))
        if under_way is not None:
            under_way.learns(event)
        return under_way is not None

    async def _count(self, batch: UploadBatch) -> None:
        while True:
            self.interruption.tell(self.display.counted, batch.progress)
            await anyio.sleep(TICK_SECONDS)


@frozen
class Counted:
    """Items whose number is known, so that the batch can tell how much is left."""

    _items: list[UploadItem]
    _take: Callable[[UploadItem], UploadItem]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[UploadItem]:
        return map(self._take, self._items)
