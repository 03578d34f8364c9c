"""The command line in a process of its own, and the events that it prints."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

Event = dict[str, Any]
Start = Callable[..., subprocess.Popen[str]]


def start_command(
    *arguments: str,
    prefix: Sequence[str] = (),
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "cincopa_async", *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        text=True,
    )


def read_events(lines: str) -> list[Event]:
    return [json.loads(line) for line in lines.splitlines()]


def read_until(process: subprocess.Popen[str], kind: str, count: int = 1) -> list[Event]:
    """The events up to that many of a kind, as they come."""
    assert process.stdout is not None
    events: list[Event] = []
    for line in process.stdout:
        events.append(json.loads(line))
        if sum(event["event"] == kind for event in events) == count:
            return events
    raise AssertionError(f"it ended too early: {events}")


def of_kind(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["event"] == kind]
