"""Every Python block of the README and of docs/ is a program of its own, and runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from cincopa_async.testing import FakeServer
from tests.docs.apps import browser
from tests.docs.conftest import ROOT, SOURCES

DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
pytestmark = pytest.mark.anyio

SYBIL = Sybil(parsers=[PythonCodeBlockParser()])


def blocks() -> list[Example]:
    return [example for path in DOCUMENTS for example in SYBIL.parse(path)]


def name_of(example: Example) -> str:
    return f"{Path(example.path).name}:{example.line}"


def is_tests(example: Example) -> bool:
    return "def test_" in example.parsed


PROGRAMS = [example for example in blocks() if not is_tests(example)]
TESTS = [example for example in blocks() if is_tests(example)]


@pytest.mark.parametrize("block", PROGRAMS, ids=name_of)
def test_block_runs(server: FakeServer, block: Example) -> None:
    """A reader who copies a block alone has a program that runs, and that leaves no upload running."""
    block.namespace.clear()
    block.evaluate()

    assert server.fake.counts.uploads_running == 0


@pytest.mark.parametrize("block", TESTS, ids=name_of)
def test_block_of_tests_passes(block: Example, tmp_path: Path) -> None:
    """A reader who copies a block of tests into a file has tests that pass, with pytest and anyio's plugin alone."""
    file = tmp_path / "test_block.py"
    file.write_text(block.parsed, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "anyio.pytest_plugin", str(file)]
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=50, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"\d+ passed", ran.stdout)


async def test_web_app_of_the_readme_uploads(server: FakeServer) -> None:
    """The app that the README shows starts an upload at once and tells how it ends."""
    async with browser(app_in("README.md", "/videos")) as http:
        started = await http.post("/videos", json={"url": "https://example.com/cat.mp4"})
        path = f"/videos/{started.json()['status_id']}"
        while (shown := await shown_at(http, path))["state"] == "in progress":
            pass

    assert started.status_code == 202
    assert (shown["state"], shown["fraction"]) == ("completed", 1.0)
    assert shown["rid"]


@pytest.mark.parametrize(("document", "name"), [("README.md", "asset.synced"), ("webhooks.md", "asset.uploaded")])
async def test_web_app_of_a_document_takes_events(
    server: FakeServer, document: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The app that it shows takes an event with the secret, and none without."""
    async with browser(app_in(document, "/hooks/cincopa")) as http:
        event = {"event": name, "drid": "A4", "filename": "cat.mp4"}
        answers = [await http.post(f"/hooks/cincopa/{secret}", json=event) for secret in ("own-secret", "wrong")]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert capsys.readouterr().out == "A4 cat.mp4\n"


def app_in(document: str, path: str) -> Any:
    """The web app that a block of a document defines, which has that path."""
    shown = [block for block in PROGRAMS if Path(block.path).name == document and "app = Starlette(" in block.parsed]
    (block,) = [block for block in shown if f'"{path}"' in block.parsed]
    names: dict[str, object] = {}
    exec(compile(block.parsed, block.path, "exec"), names)
    return names["app"]


async def shown_at(http: httpx.AsyncClient, path: str) -> dict[str, object]:
    answer: dict[str, object] = (await http.get(path)).json()
    return answer


def test_no_input_of_the_documents_is_fetched_from_the_internet() -> None:
    """Each input URL that a block names is served from memory; a hook's is one that nothing is sent to."""
    named = {
        url for block in blocks() for url in re.findall(r"https?://[^\"'\s]+", block.parsed) if "/hooks/" not in url
    }

    assert named == set(SOURCES)


def test_every_document_has_been_found() -> None:
    """The glob meets the documents; each language of a block is told, so that no Python goes untested."""
    assert [path.name for path in DOCUMENTS] == [
        "README.md",
        "architecture.md",
        "bulk.md",
        "cancellation.md",
        "checking.md",
        "cli.md",
        "contract.md",
        "endpoints.md",
        "errors.md",
        "files.md",
        "polling.md",
        "recordings.md",
        "stores.md",
        "testing.md",
        "transports.md",
        "webhooks.md",
    ]
    for path in DOCUMENTS:
        fences = re.findall(r"^```(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(fences[::2]) <= {"python", "sh", "text"}
        assert set(fences[1::2]) <= {""}
