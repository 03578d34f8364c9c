"""Keeps what a client is answered, for a bug report or a test, with nothing of the user's in it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cincopa_async import CincopaClient, CincopaError
from cincopa_async._calls import Call
from cincopa_async._codec import Reply

from ._scrub import Scrubber

_log = logging.getLogger("cincopa_async")


@contextmanager
def record(client: CincopaClient, path: str | os.PathLike[str]) -> Iterator[None]:
    """
    Keep every answer that a client gets in this block, scrubbed, one JSON object a line.

    A line names the call, tells the HTTP status, the Content-Type, the Retry-After in seconds and the body, and what
    the client makes of it: the name of a model or an error, as `expects`. Chunks of files are the call ``post.jpg``.
    What is sent is not kept, and of what is answered nothing but shapes and words that services speak in: see
    ``docs/recordings.md``.

    Each line is written before the caller has its answer, by the event loop's thread: thousands of threads' turns would
    cost more than a short line to a local file. No call fails because of the recording.

    Args:
        client: Whose answers; other clients are not recorded.
        path: The file to be made, readable by its owner alone.

    Raises:
        TypeError: `client` is no CincopaClient.
        FileExistsError: There is such a file; nothing is overwritten.
        OSError: The file cannot be made; or, at the end of the block, it could not be written to. It holds what was
            answered before.
        RuntimeError: At the end of the block: an answer could not be scrubbed, which is a bug here.
    """
    if not isinstance(client, CincopaClient):
        raise TypeError(f"client must be a CincopaClient, not {type(client).__name__}")
    recording = _Recording(Path(path))
    listeners = client._life.listeners
    listeners.append(recording.hear)
    try:
        yield
    finally:
        listeners.remove(recording.hear)
        recording.close()
    if recording.fault is not None:
        raise recording.fault


class _Recording:
    """A file of answers."""

    def __init__(self, path: Path) -> None:
        # Each line is one write, so that a process that is killed leaves whole lines; a system may cut a very long one.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o600)
        self._path = path
        self._whole = 0
        self._scrubber = Scrubber()
        self.fault: Exception | None = None
        """Why nothing is kept any more: new and plain, for the error that was met has seen the answer."""

    def hear(self, call: Call[Any], reply: Reply, read: Callable[[Reply], object]) -> None:
        """Keep an answer."""
        if self.fault is not None:
            return
        try:
            self._write(json.dumps(self._entry(call, reply, read)).encode("ascii") + b"\n")
        except OSError as error:
            self.fault = OSError(error.errno, error.strerror, str(self._path))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not cost the caller the answer
            self.fault = RuntimeError(f"an answer to {call.name} could not be recorded: {type(error).__name__}")
        if self.fault is not None:
            _log.warning("the recording %s ends here: %s", self._path, self.fault)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _entry(self, call: Call[Any], reply: Reply, read: Callable[[Reply], object]) -> dict[str, Any]:
        scrubber = self._scrubber
        for secret in (reply.token, call.params.get("security_key")):
            if isinstance(secret, str):
                scrubber.hide(secret)
        scrubber.learn({name: value for name, value in call.params.items() if isinstance(value, str)})
        sent_type = next((value for name, value in reply.headers if name.lower() == b"content-type"), None)
        return {
            "call": scrubber.name(call.name),
            "method": call.method,
            "safety": call.safety,
            "status": reply.status_code,
            "content_type": scrubber.content_type(None if sent_type is None else sent_type.decode("latin-1")),
            "retry_after": reply.retry_after,
            "expects": _outcome(reply, read),
            "body": scrubber.body(reply.body),
        }

    def _write(self, line: bytes) -> None:
        rest = line
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            with suppress(OSError):  # A full disk takes half a line.
                os.ftruncate(self._file, self._whole)
            raise
        self._whole += len(line)


def _outcome(reply: Reply, read: Callable[[Reply], object]) -> str | None:
    """Return the name of what the client makes of an answer, None if it fails: then that is the bug to be reported."""
    try:
        return type(read(reply)).__name__
    except CincopaError as error:
        return type(error).__name__
    except Exception:  # noqa: BLE001 - the caller gets it
        return None
