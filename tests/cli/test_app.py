"""The `cincopa` command: what it offers, and how it ends."""

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cincopa_async import cli
from cincopa_async.cli import _app, demo
from tests.cli.processes import Start


def test_help_names_the_commands(start: Start) -> None:
    """Each with a line about it."""
    process = start("--help")
    out, err = process.communicate()

    assert process.returncode == 0, err
    for name in ("upload", "status", "abort", "assets", "galleries", "ping", "demo", "fake"):
        assert re.search(rf"^.{{0,3}}{name} ", out, re.MULTILINE)


def test_folder_that_is_not_there_is_a_usage_error() -> None:
    """Said before anything begins."""
    result = CliRunner().invoke(_app.app, ["demo", "--files", "/no/such/folder"])

    assert result.exit_code == 2
    assert "--files" in result.output


def test_interrupt_ends_with_the_code_that_shells_expect(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the midst of a command."""

    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run_demo", interrupted)

    assert CliRunner().invoke(_app.app, ["demo"]).exit_code == 130


def test_interrupt_before_a_command_has_begun_is_no_error_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """While packages are still being imported, for instance."""

    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_app, "app", interrupted)

    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 130


@pytest.mark.parametrize("package", ["typer", "rich", "starlette", "uvicorn"])
def test_missing_extra_is_named(package: str) -> None:
    """A plain install has the command, but not what it needs: it says what to install."""
    ran = run_without(package)

    assert ran.returncode == 1
    assert ran.stderr == f'The cincopa command needs {package}: pip install "cincopa-async[cli,testing]"\n'


def test_commands_that_speak_to_cincopa_need_no_fake_one() -> None:
    """The extra `cli` alone is enough for them."""
    ran = run_without("starlette", "upload")

    assert ran.returncode == 2
    assert ran.stderr.startswith("cincopa: there is nothing to upload")


def test_other_missing_module_is_a_bug_and_shown_as_one() -> None:
    """Only the extras get the sentence."""
    ran = run_without("cincopa_async.cli._display")

    assert ran.returncode == 1
    assert "ModuleNotFoundError" in ran.stderr


def run_without(module: str, command: str = "demo") -> subprocess.CompletedProcess[str]:
    """Run a command where a module cannot be imported."""
    script = f"import sys; sys.modules[{module!r}] = None; from cincopa_async.cli import main; main()"
    return subprocess.run([sys.executable, "-c", script, command], capture_output=True, check=False, text=True)
