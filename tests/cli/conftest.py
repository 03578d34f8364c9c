"""Fixtures of the command line."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from tests.cli.processes import Start, start_command


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `python -m cincopa_async` with arguments; what is still running at the end of the test is killed."""
    with ExitStack() as processes:

        def start(*arguments: str, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
            process = processes.enter_context(start_command(*arguments, prefix=prefix))
            processes.callback(process.kill)
            return process

        yield start
