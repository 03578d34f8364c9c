"""`cincopa upload --dry-run`: what would be done with each item. Nothing is sent and nothing written."""

from collections.abc import Iterable
from pathlib import Path
from sqlite3 import Error as SqliteError

from cincopa_async import UploadItem
from cincopa_async._kept import is_unknown
from cincopa_async.cli._inputs import Entry
from cincopa_async.cli._remote import UsageError, complain, printable, say, say_json
from cincopa_async.cli._runs import Memory, end_of, look_into_store, may_retry
from cincopa_async.cli._shown import key_of, shown
from cincopa_async.cli._supply import UnreadableError, readable
from cincopa_async.stores import Claim, UploadRecord


def run_dry(entries: Iterable[Entry], memory: Memory, *, as_json: bool) -> int:
    """
    Say it for each item; exit code 1 if there is something in the lists that is none.

    Raises:
        UsageError: The store cannot be read.
    """
    refused = 0
    with look_into_store(memory) as store:
        try:
            for entry in readable(entries):
                if entry.item is None:
                    name, key, plan, reason = entry.where, None, "refuse", entry.error
                else:
                    name, key = shown(entry.item), key_of(entry.item)
                    known = store.verdict(key) if store is not None else None
                    plan, reason = planned(entry.item, known, memory)
                refused += plan == "refuse"
                reason = printable(reason) if reason else None
                if as_json:
                    say_json({"event": "planned", "plan": plan, "input": name, "key": key, "reason": reason})
                else:
                    say(f"{plan:>11}  {name}{f': {reason}' if reason else ''}")
        except UnreadableError as error:
            complain(str(error))
            return 1
        except SqliteError as error:
            raise UsageError(f"{memory.path}: {error}") from None
    return 1 if refused else 0


def planned(item: UploadItem, known: tuple[Claim, UploadRecord] | None, memory: Memory) -> tuple[str, str | None]:
    """Say in a word what becomes of an item that the store knows, or does not, and why if it is refused."""
    plan = "upload" if known is None else _planned_again(item, *known, memory)
    if plan == "upload" and isinstance(item.input, Path) and not item.input.is_file():
        return "refuse", "there is no such file"
    return plan, None


def _planned_again(item: UploadItem, claim: Claim, record: UploadRecord, memory: Memory) -> str:
    if claim == "busy":
        return "busy"
    if claim == "ended":
        end = end_of(record)
        return "upload" if memory.retry_failed and may_retry(record) else "done" if end == "completed" else end
    if not is_unknown(claim, record):
        return "go on"
    # Of a file that was not sent to its end nothing is there.
    unsent = isinstance(item.input, Path) and record.state == "reserved"
    return "upload" if unsent or memory.restart_unknown else "unknown"
