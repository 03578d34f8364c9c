"""`cincopa contract`: what it says and writes, its exit codes, and what it never shows."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from anyio.from_thread import start_blocking_portal
from rich.console import Console

from cincopa_async import __version__
from cincopa_async.cli._contract_display import Screen
from cincopa_async.cli._contract_plan import HastyLoop
from cincopa_async.cli.contract import Trying, run_contract
from cincopa_async.testing import FakeCincopa, FakeServer
from cincopa_async.testing._contract import facts
from tests.cli.processes import Start
from tests.conftest import CANARIES, TOKEN

SOURCE = "https://source.example/clip.mp4?signature=CANARY-SIGNATURE"
EMAILS = ("account@example.com", "user@example.com")


def trying(**changes: object) -> Trying:
    """What the command line has unless told otherwise: reads alone, for they take no time."""
    usual: dict[str, object] = {
        "source": None,
        "hook_url": None,
        "hook_port": None,
        "read_only": True,
        "report": None,
        "recording": None,
        "base_url": None,
    }
    return Trying(**{**usual, **changes})  # type: ignore[arg-type]


@contextmanager
def serving(fake: FakeCincopa, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve a fake where the commands find it."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(fake.serve()) as server:
        monkeypatch.setenv("CINCOPA_BASE_URL", server.base_url)
        monkeypatch.setenv("CINCOPA_API_TOKEN", server.api_token)
        yield


def rows_of(out: str) -> dict[str, list[str]]:
    return {row[0]: row for row in (line.split("\t") for line in out.splitlines())}


def test_each_fact_has_a_row(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Its id, the verdict, what was seen and how, in the order of the contract; the sums are for people."""
    code = run_contract(trying(), plan=False)

    out, err = capsys.readouterr()
    rows = rows_of(out)
    assert code == 0
    assert [*rows] == [*facts()]
    assert rows["ping.method"] == ["ping.method", "confirmed", "GET", "HTTP 200"]
    assert rows["status.fresh"][1:3] == ["not testable", ""]
    assert rows["asset.delete.does"][1:3] == ["not testable", ""]
    assert rows["live.create.method"][3] == "a live stream may be charged for"
    confirmed = sum(row[1] == "confirmed" for row in rows.values())
    assert err == f"{confirmed} confirmed, 0 refuted, {len(rows) - confirmed} not testable\n"
    assert set(server.fake.counts.requests) <= {
        *("ping", "webhook.list", "gallery.list", "gallery.get_items", "gallery.download", "portal.list"),
        *("portal.check", "live.list", "asset.list", "asset.get_tags", "asset.get_upload_url"),
        "asset.upload_from_url_get_status",
    }


@pytest.mark.parametrize(
    "told", [{"permissions.form": "commas"}, {"failure.token": 500, "webhook.list.method": "POST"}]
)
def test_refuted_facts_are_an_exit_code_and_a_file_that_a_fake_takes(
    told: dict[str, str | int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fake that is told the file is as the service was seen to be: tried again, it is found to be the same."""
    report, again = tmp_path / "report.json", tmp_path / "again.json"
    report.write_text("what an earlier run has found")
    for contract, path in ((told, report), (report, again)):
        with serving(FakeCincopa(TOKEN, contract=contract), monkeypatch):  # type: ignore[arg-type]
            code = run_contract(trying(report=path), plan=False)
            out = capsys.readouterr().out
        assert code == 1
        assert {id: row[2] for id, row in rows_of(out).items() if row[1] == "refuted"} == {
            id: str(value) for id, value in told.items()
        }

    first, second = (json.loads(path.read_text()) for path in (report, again))
    assert first["facts"] == second["facts"]
    assert first["cincopa_async"] == __version__
    assert datetime.fromisoformat(first["made"]) <= datetime.now(UTC)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.json", "report.json"]


def test_without_a_token_it_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent, and the exit code is that of a wrong usage."""
    monkeypatch.delenv("CINCOPA_API_TOKEN", raising=False)

    code = run_contract(trying(), plan=False)

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert "CINCOPA_API_TOKEN" in err
    assert "--plan" in err


def test_refused_token_is_no_finding(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing could be tried: it ends with that, and with 1."""
    server.fake.expire_token(TOKEN)

    code = run_contract(trying(), plan=False)

    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert err.startswith("cincopa: ping: Unauthorized")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"source": "clip.mp4"}, "source"),
        ({"hook_url": "https://hook.invalid/"}, "hook_port"),
        ({"hook_port": 9911}, "hook_url"),
        ({"hook_url": "ftp://hook.invalid/", "hook_port": 9911}, "hook_url"),
        ({"report": Path("/nowhere/report.json")}, "report"),
        ({"recording": Path("/nowhere/recording.jsonl")}, "recording"),
    ],
)
def test_what_cannot_be_begun_is_a_usage_error(
    server: FakeServer, capsys: pytest.CaptureFixture[str], changes: dict[str, object], word: str
) -> None:
    """It says which argument it is; nothing in the account is touched."""
    code = run_contract(trying(**changes), plan=False)

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert word in err
    assert set(server.fake.counts.requests) <= {"ping"}


def test_port_in_use_is_a_usage_error(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told before anything is tried."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code = run_contract(trying(read_only=False, hook_url="https://hook.invalid/", hook_port=port), plan=False)

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert "--hook-port cannot be listened on: Address already in use" in err
    assert set(server.fake.counts.requests) == {"ping"}


def test_report_that_cannot_be_written_is_an_error(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was found is shown all the same."""

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "replace", fail)

    code = run_contract(trying(report=tmp_path / "report.json"), plan=False)

    out, err = capsys.readouterr()
    assert code == 1
    assert "the report cannot be written: the disk is full" in err
    assert [*rows_of(out)] == [*facts()]
    assert [*tmp_path.iterdir()] == []


def test_answer_of_ping_is_a_fact_like_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service that refuses ping for another reason than the token is tried all the same."""
    with serving(FakeCincopa(TOKEN, contract={"ping.method": "POST"}), monkeypatch):
        code = run_contract(trying(), plan=False)

    assert code == 1
    assert rows_of(capsys.readouterr().out)["ping.method"][1:3] == ["refuted", "POST"]


def test_terminal_says_that_it_is_interrupted() -> None:
    """In the place of the word that it takes its time."""
    shown = io.StringIO()
    screen = Screen(Console(file=shown, force_terminal=True, width=160))
    screen.began()
    screen.stopping()
    screen.stop()

    assert "what was made is being removed" in shown.getvalue()


@pytest.mark.parametrize("options", [[], ["--read-only"], ["--source", SOURCE, "--hook-url", "https://user.example/"]])
def test_plan_says_what_would_be_sent(
    start: Start, monkeypatch: pytest.MonkeyPatch, fake: FakeCincopa, options: list[str]
) -> None:
    """Verb, call and parameters, each time the same; nothing is sent, no token is needed, nothing given is shown."""
    monkeypatch.delenv("CINCOPA_API_TOKEN")
    runs = [start("contract", "--plan", *options) for _ in range(2)]
    plan, again = (run.communicate(timeout=60)[0] for run in runs)

    assert [run.returncode for run in runs] == [0, 0]
    assert plan == again
    assert plan.startswith("GET\tping\t")
    assert ("POST\tgallery.create\tname=cincopa-async-contract TIME RUN home" in plan) is ("--read-only" not in options)
    assert ("hook_url=https://hook.example.invalid/" in plan) is ("--hook-url" in options)
    assert "signature" not in plan
    assert "user.example" not in plan
    assert fake.counts.requests.total() == 0


def test_hasty_loop_waits_for_threads_alone() -> None:
    """An hour of sleep takes no time in it, and a thread takes the time that it takes."""
    done = threading.Event()

    async def run() -> float:
        began = anyio.current_time()
        await anyio.sleep(3600)
        await anyio.to_thread.run_sync(done.set)
        return anyio.current_time() - began

    seconds = anyio.run(run, backend_options={"loop_factory": HastyLoop})

    assert done.is_set()
    assert seconds >= 3600


def test_nothing_secret_is_shown_or_written(start: Start, fake: FakeCincopa, tmp_path: Path) -> None:
    """A whole run, with a signed source, a hook, a report and a recording."""
    fake.add_source(SOURCE, b"0123456789", content_type="video/mp4", seconds=0.3)
    report, recording = tmp_path / "report.json", tmp_path / "recording.jsonl"
    port = free_port()
    hook = ["--hook-url", f"http://127.0.0.1:{port}/CANARY-CAPABILITY", "--hook-port", str(port)]
    process = start("contract", "--source", SOURCE, *hook, "--json", str(report), "--record", str(recording))
    out, err = process.communicate(timeout=100)

    shown = {"out": out, "err": err, "report": report.read_text(), "recording": recording.read_text()}
    rows = rows_of(out)
    assert process.returncode == 0
    assert [id for id, row in rows.items() if row[1] != "confirmed" and facts()[id].untried is None] == []
    for secret in (*CANARIES, *EMAILS, "cincopa-async-contract-key", "127.0.0.1"):
        assert [name for name, text in shown.items() if secret in text] == [], secret
    assert not any("hash=" in shown[name] or "://" in shown[name] for name in ("out", "err", "report"))
    assert {row[0]: row[2] for row in rows.values() if row[2]} == {
        id: str(fact["seen"]) for id, fact in json.loads(shown["report"])["facts"].items() if fact["seen"] is not None
    }


def test_terminal_shows_a_table_and_what_is_refuted_below_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words, where it has not scrolled away; then the sums."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    with serving(FakeCincopa(TOKEN, contract={"permissions.form": "commas"}), monkeypatch):
        code = run_contract(trying(), plan=False)

    out, err = capsys.readouterr()
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out).splitlines()
    assert (code, err) == (1, "")
    assert any(line.strip("│ ").startswith("ping.method") for line in lines)
    assert lines[-2] == (
        "refuted: ping tells what a token may do as patterns of calls between bars. What was seen: commas (of ping)."
    )
    assert re.fullmatch(r"\d+ confirmed, 1 refuted, \d+ not testable", lines[-1])


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
