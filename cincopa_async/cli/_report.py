"""What became of each item of an upload: told in one way for the terminal, JSON and a CSV file."""

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

import anyio
from anyio import AsyncFile
from attrs import asdict, define, field, fields, frozen

from cincopa_async import (
    AssetNotDescribedError,
    CincopaError,
    LeaseLostError,
    ResponseDecodeError,
    UploadError,
    UploadFailedError,
    UploadOutcome,
    UploadState,
)
from cincopa_async.cli._inputs import Entry
from cincopa_async.cli._remote import UsageError, printable
from cincopa_async.cli._shown import key_of, shown

State = Literal["completed", "failed", "aborted", "unknown", "undescribed", "busy", "refused", "running", "unstarted"]


@frozen(kw_only=True)
class Row:
    """One item of the report; its fields are the columns."""

    input: str
    """Without its signature; where the item could not be read, where it stands."""
    key: str = ""
    rid: str = ""
    status_id: str = ""
    state: State
    error: str = ""
    reason: str = ""


COLUMNS = tuple(column.name for column in fields(Row))
ENDS: dict[UploadState, State] = {UploadState.FAILED: "failed", UploadState.ABORTED: "aborted"}
"""What nothing can have come of."""


def row_of(outcome: UploadOutcome, status_id: str | None = None) -> Row:
    """Tell an outcome."""
    error = outcome.error
    if isinstance(error, UploadError | LeaseLostError | ResponseDecodeError):
        status_id = error.status_id or status_id
    return Row(
        input=shown(outcome.item),
        key=key_of(outcome.item),
        rid=_rid(outcome) or "",
        status_id=status_id or "",
        state="completed" if error is None else state_of(error),
        error="" if error is None else type(error).__name__,
        reason="" if error is None else printable(_reason(error)),
    )


def state_of(error: Exception) -> State:
    """Say in a word what an error means for its item; ``failed`` and ``aborted``: nothing can have come of it."""
    if isinstance(error, AssetNotDescribedError):
        return "undescribed"
    if isinstance(error, LeaseLostError):
        return "busy"
    if isinstance(error, UploadError) and error.status is not None and error.status.state in ENDS:
        return ENDS[error.status.state]
    if isinstance(error, ResponseDecodeError) and error.status_id is not None:
        return "unknown"  # It completed, and as which asset was not told.
    return "unknown" if isinstance(error, CincopaError) and error.maybe_applied else "failed"


def refused_row(entry: Entry) -> Row:
    """Tell that something in a list is no item."""
    return Row(input=entry.where, state="refused", error="ValueError", reason=printable(entry.error or ""))


@define
class Sums:
    """How many items came to which end."""

    states: Counter[State] = field(factory=Counter)
    known: int = 0
    """How many of them did in an earlier run."""

    def add(self, row: Row, *, known: bool = False) -> None:
        self.states[row.state] += 1
        self.known += known

    @property
    def all_well(self) -> bool:
        """Whether nothing has come to another end than a good one."""
        return self.states.keys() <= {"completed"}


class Report:
    """A CSV file to which each row goes at once, so that it tells the truth of a run that is killed."""

    def __init__(self, file: AsyncFile[str] | None) -> None:
        self._file = file

    async def add(self, row: Row) -> None:
        """
        Write a row.

        Raises:
            OSError: It cannot be written; after that nothing is, and nothing is said of it again.
        """
        if self._file is None:
            return
        try:
            await _write(self._file, asdict(row).values())
        except OSError:
            self._file = None
            raise


@asynccontextmanager
async def open_report(path: Path | None) -> AsyncIterator[Report]:
    """
    Begin a report in a file, or none.

    Raises:
        UsageError: The file cannot be written.
    """
    if path is None:
        yield Report(None)
        return
    try:
        file = await anyio.open_file(path, "w", encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise _unwritable(error) from None
    try:
        try:
            await _write(file, COLUMNS)
        except OSError as error:
            raise _unwritable(error) from None
        yield Report(file)
    finally:
        with suppress(OSError):  # All has been written by now, or that was told.
            await file.aclose()


def _unwritable(error: OSError) -> UsageError:
    return UsageError(f"the report cannot be written: {error}")


async def _write(file: AsyncFile[str], cells: Iterable[str]) -> None:
    await file.write(csv_line(cells))
    await file.flush()


def csv_line(cells: Iterable[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _rid(outcome: UploadOutcome) -> str | None:
    if outcome.result is not None:
        return outcome.result.rid
    return outcome.error.rid if isinstance(outcome.error, AssetNotDescribedError) else None


def _reason(error: Exception) -> str:
    # The columns beside it tell the rest of what the error's own text says.
    if isinstance(error, UploadFailedError | AssetNotDescribedError):
        return error.reason or ""
    return str(error)
