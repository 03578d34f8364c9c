"""What the documents say of the code is so: calls, tests, commands, errors, names and numbers."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from cincopa_async import CincopaClient, PollPolicy, RetryPolicy, WebhookReceiver, errors
from cincopa_async._abort import BOUND
from cincopa_async._calls import CHUNK_SIZE
from cincopa_async._filesource import PIECE
from cincopa_async._life import PATIENCE, WAKES_APART
from cincopa_async._pool import IDLE_LIMIT, WRITE_IDLE_LIMIT
from cincopa_async._predict import REACH, SHARE
from cincopa_async.files import RENEWALS
from cincopa_async.polling import SLOW, SLOWER
from cincopa_async.testing import MisbehavingServer, Quirk
from cincopa_async.testing._faults import FaultName
from cincopa_async.testing._quirks import QuirkName
from cincopa_async.webhooks import GRACE
from tests.docs.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(heading: str, text: str = README) -> str:
    """The text under a heading, up to the next."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def rows(table: str) -> Iterator[list[str]]:
    """The cells of each row of the tables in a text, without the heads."""
    for line in re.findall(r"^\| .*\|$", table, re.MULTILINE):
        yield [cell.strip() for cell in line.strip("|").split(" |")]


def as_words(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())


def test_each_property_names_tests_that_exist() -> None:
    """The properties that are built are all told, each with the tests that hold it."""
    told = {number: tests for number, _, tests in rows(section("What holds always")) if number.isdigit()}

    assert told.keys() == {str(number) for number in range(1, 11)}
    for number, tests in told.items():
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)
        assert named, number
        for file, name in named:
            assert name in functions(ROOT / file), f"{file}::{name}"


def functions(file: Path) -> set[str]:
    """The functions at the top of a file."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_commands_are_sessions_of_nox() -> None:
    """The commands of the README are there to be run."""
    sessions = {session for named in re.findall(r"python -m nox -s ([\w ]+)", README) for session in named.split()}

    assert sessions == {"bench", "demo", "lint", "links", "tests", "types"}
    assert sessions <= functions(ROOT / "noxfile.py")


def test_options_of_the_demo_are_those_of_the_command() -> None:
    """What the README gives the demo, it takes."""
    app = (ROOT / "cincopa_async/cli/_app.py").read_text(encoding="utf-8")

    for option in ("files", "json"):
        assert f"--{option}" in section("See it run")
        assert re.search(rf"^    {option}: Annotated", app, re.MULTILINE)


def test_tree_of_errors_is_that_of_the_code() -> None:
    """The classes stand in the README as in the module's docstring, which is tested against the code."""
    drawn = section("Errors").partition("```text\n")[2].partition("\n```")[0]
    known = inspect.cleandoc(errors.__doc__ or "").partition("::\n\n")[2].partition("\n\n")[0]

    assert without_attributes(drawn) == without_attributes(inspect.cleandoc(known))


def without_attributes(tree: str) -> list[str]:
    """The lines of a tree without what stands in parentheses."""
    return [re.sub(r" \([^()]*\)$", "", line) for line in tree.splitlines()]


def test_every_error_is_explained() -> None:
    """docs/errors.md has a row for each, bases without a meaning of their own aside."""
    text = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    told = {error.strip("`") for error, *_ in rows(section("Which error means what", text))} - {"Error"}

    assert told == set(errors.__all__) - {"CincopaError", "UploadError"}


def test_quirks_and_faults_are_told_by_name() -> None:
    """docs/testing.md lists each, and nothing else."""
    text = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
    quirks = re.search(r"Before the call acts: .*?`folder_items`", section("Quirks", text), re.DOTALL)
    faults = re.search(r"Its faults take .*?close_idle`", section("A server that misbehaves", text), re.DOTALL)

    assert quirks is not None
    assert faults is not None
    assert sorted(re.findall(r"`(\w+)`", quirks[0])) == sorted(get_args(QuirkName))
    assert sorted(re.findall(r"`(\w+)`", faults[0])) == sorted(get_args(FaultName))
    for name in get_args(QuirkName):
        assert name in (Quirk.__doc__ or "")
    for name in get_args(FaultName):
        assert name in (MisbehavingServer.fault.__doc__ or "")


def test_rooms_are_told_by_name() -> None:
    """docs/architecture.md has a row for each file and package of the client."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    told = {name for cell, _ in rows(section("The one path", text)) for name in re.findall(r"`([\w/.]+)`", cell)}
    there = {path.name for path in (ROOT / "cincopa_async").glob("*.py")}
    there |= {f"{path.parent.name}/" for path in (ROOT / "cincopa_async").glob("*/__init__.py")}

    assert told == there - {"__init__.py", "__main__.py", "_version.py"}


def test_numbers_are_those_of_the_code() -> None:
    """The bounds and defaults that the documents tell are in force."""
    said = as_words(README + "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md")))
    client = inspect.signature(CincopaClient).parameters
    hooks = inspect.signature(WebhookReceiver).parameters
    poll, retry = PollPolicy(), RetryPolicy()

    assert "at most 10 seconds from its turn on a connection" in said
    assert BOUND == 10
    assert "nothing has ended for 10 seconds" in said
    assert PATIENCE == 10
    assert "`timeout` (30 seconds)" in said
    assert client["timeout"].default == 30
    assert "`max_concurrency` (64)" in said
    assert client["max_concurrency"].default == 64
    assert "`deadline` (6 hours)" in said
    assert poll.deadline == 6 * 3600
    assert "`stall_timeout` (15 minutes)" in said
    assert poll.stall_timeout == 15 * 60
    assert "after `first` (0.3 seconds)" in said
    assert "closer than `floor` (0.5 seconds)" in said
    assert "the last than `ceiling` (60 seconds)" in said
    assert "up to a minute apart" in said
    assert "up to a tenth longer or shorter at random (`jitter`)" in said
    assert (poll.first, poll.floor, poll.ceiling, poll.jitter) == (0.3, 0.5, 60, 0.1)
    assert "four fifths where the rate has been steady" in said
    assert "over more than six times as long as bytes have been watched" in said
    assert (SHARE, REACH) == (0.8, 6)
    assert "double up to 2.5 seconds. From then on each is 0.05 seconds longer" in said
    assert (SLOW, SLOWER) == (2.5, 0.05)
    assert "`RetryPolicy`: 4 attempts" in said
    assert retry.attempts == 4
    assert "handlers at work get 10 seconds" in said
    assert GRACE == 10
    assert "`max_body_bytes` (1 MiB)" in said
    assert "`max_pending` (1,000)" in said
    assert (hooks["max_body_bytes"].default, hooks["max_pending"].default) == (1024 * 1024, 1_000)
    assert "one after the other, 50 a second" in said
    assert WAKES_APART == 1 / 50
    assert "which is obeyed up to a minute" in said
    assert retry.max_retry_after == 60
    assert "idle for over 4 seconds is not used again, and for a write the limit is one second" in said
    assert (IDLE_LIMIT, WRITE_IDLE_LIMIT) == (4, 1)
    assert "chunks of `chunk_size` bytes (8 MiB)" in said
    assert CHUNK_SIZE == 8 * 1024 * 1024
    assert "in worker threads, 256 KiB at a time" in said
    assert PIECE == 256 * 1024
    assert "sent from its start, three times at most" in said
    assert RENEWALS == 3
    assert "is deleted again, within 10 seconds from its turn on" in said
