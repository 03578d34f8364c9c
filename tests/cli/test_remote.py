"""`cincopa ping`, `status`, `abort`, `assets`, `galleries`: what they print, and their exit codes."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
from typer.testing import CliRunner

from cincopa_async import CincopaClient
from cincopa_async.cli._app import app
from cincopa_async.cli._remote import printable
from cincopa_async.testing import FakeCincopa
from tests.conftest import TOKEN

LINK = "https://media.example/cat.mp4?X-Amz-Signature=CANARY-SIGNATURE"


def run(*arguments: str) -> tuple[int, str]:
    """The exit code of a command, and what it has printed."""
    result = CliRunner().invoke(app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "CANARY" not in result.output
    return result.exit_code, result.output


@pytest.fixture
def link(fake: FakeCincopa) -> str:
    fake.add_source(LINK, b"0123456789", content_type="video/mp4")
    return LINK


@contextmanager
def held_upload(fake: FakeCincopa, link: str) -> Iterator[str]:
    """The status_id of an upload that stays under way within the block."""

    async def start() -> str:
        async with CincopaClient() as cincopa:
            return await cincopa.asset.upload_from_url(link)

    with fake.held(after_bytes=5):
        yield anyio.run(start)


def test_ping_says_whose_token_it_is(fake: FakeCincopa) -> None:
    """A line for each thing that Cincopa tells."""
    code, out = run("ping")

    assert code == 0
    assert "accemail: account@example.com\n" in out
    assert "permissions: |asset.*|" in out


def test_ping_as_json(fake: FakeCincopa) -> None:
    """One object."""
    assert json.loads(run("ping", "--json")[1])["ping"] == "pong"


def test_refused_token_is_a_sentence(fake: FakeCincopa, monkeypatch: pytest.MonkeyPatch) -> None:
    """And exit code 1."""
    monkeypatch.setenv("CINCOPA_API_TOKEN", "another")
    code, out = run("ping")

    assert code == 1
    assert out.startswith("cincopa: ping: ")
    assert out.count("\n") == 1


def test_token_is_taken_from_the_environment_alone(fake: FakeCincopa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one nothing is sent, and what to do is told."""
    monkeypatch.delenv("CINCOPA_API_TOKEN")
    code, out = run("ping")

    assert code == 2
    assert "CINCOPA_API_TOKEN" in out
    assert run("ping", "--api-token", TOKEN[-8:])[0] == 2
    assert fake.counts.requests.total() == 0


def test_base_url_of_the_command_line_goes_before_the_environment(
    fake: FakeCincopa, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both name where the API is."""
    url = os.environ["CINCOPA_BASE_URL"]
    monkeypatch.setenv("CINCOPA_BASE_URL", "http://127.0.0.1:9/")

    assert run("ping", "--base-url", url)[0] == 0


def test_status_and_abort_of_an_upload(fake: FakeCincopa, link: str) -> None:
    """Status changes nothing, whatever it says; abort ends it, and says so."""
    with held_upload(fake, link) as status_id:
        asked = run("status", status_id)
        running = fake.counts.uploads_running
        aborted = run("abort", status_id)
        asked_again = run("status", status_id, "--json")

    assert asked[0] == aborted[0] == asked_again[0] == 0
    assert "state: in progress\n" in asked[1]
    assert "file_size_bytes: 10\n" in asked[1]
    assert running == 1
    assert "state: aborted\n" in aborted[1]
    assert fake.counts.uploads_aborted == 1
    assert json.loads(asked_again[1])["rid"] is None


def test_abort_that_comes_too_late_says_so(fake: FakeCincopa, link: str) -> None:
    """The exit code is 1, and the asset is named."""
    with held_upload(fake, link) as status_id:
        fake.release()
        while "in progress" in run("status", status_id)[1]:
            pass
        code, out = run("abort", status_id, "--json")

    assert code == 1
    assert json.loads(out)["state"] == "completed"
    assert json.loads(out)["rid"]


def test_unknown_upload_is_a_sentence(fake: FakeCincopa) -> None:
    """So is an id that cannot be one."""
    assert run("status", "unknown")[0] == 1
    assert run("status", " ") == (2, "cincopa: status_id must not be empty\n")


def test_assets_are_lines_or_objects(fake: FakeCincopa) -> None:
    """As many as are wanted; no name of a file breaks a line."""
    fake.add_asset(b"cat", name="ca\tt\n.mp4")
    rid = fake.add_asset(b"dogs", name="dog.png")

    code, out = run("assets")
    lines = out.splitlines()
    first = json.loads(run("assets", "--json", "--limit", "1")[1])

    assert code == 0
    assert len(lines) == 2
    assert lines[0].split("\t")[3] == r"ca\tt\n.mp4"
    assert lines[1].split("\t")[:4] == [rid, "image", "4", "dog.png"]
    assert first["filename"] == "ca\tt\n.mp4"
    assert first["uploaded"][10] == "T"
    assert run("assets", "--type", "image", "--search", "dog")[1] == f"{lines[1]}\n"


def test_galleries_are_lines_or_objects(fake: FakeCincopa) -> None:
    """An object shows no URL that takes files: whoever has it can upload."""

    async def create() -> str:
        async with CincopaClient() as cincopa:
            return (await cincopa.gallery.create(name="Cats", description="All of them")).fid

    fid = anyio.run(create)
    shown = json.loads(run("galleries", "--json")[1])

    assert run("galleries") == (0, f"{fid}\tCats\tAll of them\n")
    assert shown["fid"] == fid
    assert shown.keys().isdisjoint({"upload_url", "extra"})


@pytest.mark.parametrize(
    ("text", "printed"),
    [("Käse 🧀", "Käse 🧀"), ("a\x1b[2Jb", r"a\x1b[2Jb"), ("a\nb\t", r"a\nb\t"), ("b\udcff", r"b\udcff")],
)
def test_nothing_printed_gives_a_terminal_orders(text: str, printed: str) -> None:
    """Control characters, and what cannot be encoded, are shown as escapes."""
    assert printable(text) == printed
