"""What docs/cli.md and the README say of the command line is so, and its commands run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from attrs import fields
from typer.main import get_command

from cincopa_async import AssetMeta
from cincopa_async.cli._app import app
from cincopa_async.cli._inputs import FIELDS
from cincopa_async.cli._report import COLUMNS, State
from cincopa_async.testing import FakeServer
from tests.docs.conftest import ROOT

TEXT = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
OPTIONS = {
    option
    for command in ("upload", "contract")
    for parameter in COMMANDS[command].params
    for option in parameter.opts
    if option.startswith("--")
}


def blocks_of(text: str) -> list[str]:
    return [block for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) if "cincopa " in block]


@pytest.mark.parametrize("text", [TEXT, README[README.index("## By the thousand") :]], ids=["cli.md", "README.md"])
def test_commands_run(server: FakeServer, tmp_path: Path, text: str) -> None:
    """A reader who has such files and copies them, one block after the other, ends with exit code 0."""
    (tmp_path / "films/more").mkdir(parents=True)
    for name in ("a b.mp4", "more/c.mp4"):
        (tmp_path / "films" / name).write_bytes(name.encode())
    command = shlex.join([sys.executable, "-m", "cincopa_async"])
    script = "\n".join(["set -e", f'cincopa() {{ {command} "$@"; }}', *blocks_of(text)])
    ran = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert server.fake.counts.uploads_running == 0
    assert server.fake.counts.uploads_failed == 0


def test_every_command_and_option_is_told() -> None:
    """And none that is not there."""
    told = set(re.findall(r"`cincopa (\w+)", TEXT))
    options = set(re.findall(r"--[a-z][a-z-]+", TEXT))

    assert told == set(COMMANDS)
    assert options == OPTIONS | {"--help"}


def test_fields_columns_and_states_are_told() -> None:
    """Each by its name."""
    rows = re.findall(r"^\| (`.*?) \|", TEXT[TEXT.index("| Column |") :], re.MULTILINE)
    states = re.search(r"^\| `state` \| (.*) \|$", TEXT, re.MULTILINE)

    assert re.findall(r"`(\w+)`", " ".join(rows)) == [*COLUMNS]
    assert states is not None
    assert set(re.findall(r"`(\w+)`", states[1])) == set(get_args(State))
    for name in (*FIELDS, *(field.name for field in fields(AssetMeta))):
        assert f"`{name}`" in TEXT
