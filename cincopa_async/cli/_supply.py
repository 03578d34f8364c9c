"""How the lists of an upload reach its loop: read in a thread, one entry when one is asked for."""

import threading
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import suppress
from queue import SimpleQueue

import anyio
import anyio.from_thread
import anyio.lowlevel
from anyio.lowlevel import EventLoopToken
from attrs import define, field

from cincopa_async.cli._inputs import Entry


def read_text(path: str) -> Iterator[str]:
    """
    Read a file's lines as they come; ``-`` is standard input, a pipe for instance that goes on for days.

    Names of files need not be UTF-8, and tables from a spreadsheet begin with a mark.
    """
    # Not `sys.stdin`: a thread that waits inside of it makes the interpreter crash at its end.
    with open(0 if path == "-" else path, encoding="utf-8-sig", errors="surrogateescape", closefd=path != "-") as file:
        yield from file


class UnreadableError(Exception):
    """A list cannot be read, or not to its end; the text says why."""


def readable(entries: Iterable[Entry]) -> Iterator[Entry]:
    """
    Give entries as they are asked for.

    Raises:
        UnreadableError: Something went wrong, whatever it is: somebody waits for the next entry.
    """
    try:
        yield from entries
    except Exception as error:  # noqa: BLE001 - of a codec, a table, the memory: none may leave them waiting
        # The text of others may quote what stands in the list, and that may be a signed link.
        why = str(error) if isinstance(error, OSError) else type(error).__name__
        raise UnreadableError(f"the list cannot be read: {why}") from None


async def supplied(entries: Iterable[Entry]) -> AsyncGenerator[Entry, None]:
    """
    Give entries as they are asked for; none is read before.

    Raises:
        UnreadableError: They cannot be read.
    """
    requests: SimpleQueue[_Request | None] = SimpleQueue()
    # A daemon, for it may wait for a pipe that says nothing when everything else has ended.
    threading.Thread(
        target=_serve,
        args=(readable(entries), requests, anyio.lowlevel.current_token()),
        name="cincopa inputs",
        daemon=True,
    ).start()
    try:
        while True:
            request = _Request()
            requests.put(request)
            await request.served.wait()
            if request.error is not None:
                raise request.error
            if request.entry is None:
                return
            yield request.entry
    finally:
        requests.put(None)


@define
class _Request:
    """Somebody who waits for the next entry, and what comes of it: neither an entry nor an error at the end."""

    served: anyio.Event = field(factory=anyio.Event)
    entry: Entry | None = None
    error: UnreadableError | None = None


def _serve(entries: Iterator[Entry], requests: "SimpleQueue[_Request | None]", loop: EventLoopToken) -> None:
    while (request := requests.get()) is not None:
        try:
            request.entry = next(entries, None)
        except UnreadableError as error:
            request.error = error
        with suppress(RuntimeError):  # The event loop has ended meanwhile, and there is nobody to tell.
            anyio.from_thread.run_sync(request.served.set, token=loop)
