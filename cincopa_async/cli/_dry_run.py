"""`cincopa upload --dry-run`: what would be done with each item. Nothing is sent and nothing written."""

from collections.abc import Iterable

import anyio

from cincopa_async.cli._inputs import Entry
from cincopa_async.cli._remote import printable, say, say_json
from cincopa_async.cli._runs import Memory, end_of, may_retry, open_store
from cincopa_async.cli._shown import key_of, shown
from cincopa_async.stores import UploadRecord


def run_dry(entries: Iterable[Entry], memory: Memory, *, as_json: bool) -> int:
    """Say it for each item; exit code 1 if there is something in the lists that is none."""
    known = anyio.run(_read_store, memory)
    refused = 0
    for entry in entries:
        if entry.item is None:
            refused += 1
            name, key, plan = entry.where, None, "refuse"
        else:
            name, key = shown(entry.item), key_of(entry.item)
            plan = planned(known.get(key), memory)
        reason = printable(entry.error) if entry.error else None
        if as_json:
            say_json({"event": "planned", "plan": plan, "input": name, "key": key, "reason": reason})
        else:
            say(f"{plan:>11}  {name}{f': {reason}' if reason else ''}")
    return 1 if refused else 0


def planned(record: UploadRecord | None, memory: Memory) -> str:
    """Say in a word what becomes of an item that the store knows, or does not."""
    if record is None:
        return "upload"
    if record.state == "reserved":
        return "upload" if memory.restart_unknown else "unknown"
    if record.state != "ended":
        return "go on"
    if memory.retry_failed and may_retry(record):
        return "upload"
    end = end_of(record)
    return "done" if end == "completed" else end


async def _read_store(memory: Memory) -> dict[str, UploadRecord]:
    # A store that is not there is not made. All of it is in memory here, for a store is not asked for one key.
    if memory.path is None or not await anyio.Path(memory.path).exists():
        return {}
    async with open_store(memory) as store:
        return {} if store is None else {record.key: record async for record in store.records()}
