"""The command line in a process of its own, and the events that it prints."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

Event = dict[str, Any]
Start = Callable[..., subprocess.Popen[str]]


def start_command(*arguments: str, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "cincopa_async", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_events(lines: str) -> list[Event]:
    return [json.loads(line) for line in lines.splitlines()]
