"""The demo: what a new user sees first, and what it would notice."""

import json
import re
import signal
from pathlib import Path

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from cincopa_async import UploadStatus
from cincopa_async.cli._display import JSONLines
from cincopa_async.cli._fileserver import FileServer
from cincopa_async.cli._sources import Source, collect_sources
from cincopa_async.cli.demo import Demo, run_demo
from cincopa_async.testing import FakeCincopa
from tests.cli.processes import Start, of_kind, read_events

NAMES = {"beep.wav", "dot.png", "dunes.png", "hum.wav", "ripples.gif", "sunset.png"}


def test_every_upload_ends_as_it_should(capsys: pytest.CaptureFixture[str]) -> None:
    """All made files are stored byte for byte, one upload is aborted, one fails with its reason."""
    code = run_demo(None, as_json=True, seconds=0.3)

    events = read_events(capsys.readouterr().out)
    assert code == 0
    assert {event["name"] for event in of_kind(events, "completed")} == NAMES
    assert {event["name"] for event in of_kind(events, "verified") if event["equal"]} == NAMES
    assert {event["filename"] for event in of_kind(events, "asset")} == NAMES
    assert [event["name"] for event in of_kind(events, "aborted")] == ["long-film.wav"]
    [failed] = of_kind(events, "failed")
    assert failed["name"] == "not-there.mp4"
    assert "404" in failed["reason"]
    assert events[-1] == {"event": "finished", "ok": True, "problems": []}


def test_progress_is_seen_on_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    """A large file is reported again and again, never less than before."""
    run_demo(None, as_json=True, seconds=1.5)

    events = read_events(capsys.readouterr().out)
    moved = [event["progress_bytes"] for event in of_kind(events, "progress") if event["name"] == "dunes.png"]
    assert len(set(moved)) > 3
    assert moved == sorted(moved)


def test_files_of_a_folder_are_uploaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the place of the made ones."""
    (tmp_path / "my holiday.mp4").write_bytes(b"sand" * 5_000)
    (tmp_path / "empty.txt").touch()

    code = run_demo(tmp_path, as_json=True, seconds=0)

    events = read_events(capsys.readouterr().out)
    assert code == 0
    assert {event["name"] for event in of_kind(events, "verified")} == {"my holiday.mp4", "empty.txt"}


def test_lines_tell_the_same_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each end, then the table, then the comparison."""
    code = run_demo(None, as_json=False, seconds=0)

    out = capsys.readouterr().out
    assert code == 0
    assert re.search(r"failed +not-there\.mp4 .*404", out)
    assert re.search(r"aborted +long-film\.wav", out)
    assert len(re.findall(r"^same bytes", out, re.MULTILINE)) == len(NAMES)
    assert "\x1b" not in out


def test_bars_are_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A bar for each upload, with the reason beside the one that failed."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")

    code = run_demo(None, as_json=False, seconds=0.3)

    out = capsys.readouterr().out
    assert code == 0
    assert "━━━" in out
    assert re.search(r"not-there\.mp4.*failed.*404", out)


def test_stored_bytes_that_differ_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    """One wrong byte in one file, and the demo fails."""
    code = run_demo(None, as_json=True, seconds=0, fake=Corrupting(b"RIFF", b"RIFE"))

    events = read_events(capsys.readouterr().out)
    assert code == 1
    assert {event["name"] for event in of_kind(events, "verified") if not event["equal"]} == {"beep.wav", "hum.wav"}
    assert events[-1]["problems"] == [
        "beep.wav: the stored bytes are not those of the file",
        "hum.wav: the stored bytes are not those of the file",
    ]


def test_asset_that_no_upload_made_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    """So is one that was made and is not listed: what is listed must be what was uploaded."""
    code = run_demo(None, as_json=True, seconds=0, fake=Corrupting(b'"rid": "A', b'"rid": "B'))

    problems = read_events(capsys.readouterr().out)[-1]["problems"]
    assert code == 1
    assert len([line for line in problems if re.fullmatch(r"asset A\w+ was made, but it is not listed", line)]) == 6
    assert len([line for line in problems if re.fullmatch(r"asset B\w+ is listed, but no upload made it", line)]) == 6


@pytest.mark.parametrize("as_json", [True, False])
def test_error_of_one_upload_is_told_and_the_others_go_on(*, as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """A start that Cincopa refuses is no reason to stop, but the demo does not end well."""
    fake = FakeCincopa()
    fake.quirk("success_false", call="asset.upload_from_url", nth=1, message="not today")

    code = run_demo(None, as_json=as_json, seconds=0, fake=fake)

    assert code == 1
    assert "not today" in capsys.readouterr().out
    assert fake.counts.uploads_completed >= 5


def test_cancelled_demo_leaves_nothing_running(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Uploads under way are aborted, those that are being started too, and it says so."""
    sources = collect_sources(None, tmp_path, seconds=60)
    fake = FakeCincopa()
    fake.quirk("latency_after", call="asset.upload_from_url", nth=len(sources), seconds=1)

    async def run_and_cancel() -> None:
        with anyio.CancelScope() as scope:
            await Demo(fake, files, CancelAtFirstProgress(scope)).run(sources)
        assert scope.cancelled_caught

    with FileServer(sources) as files:
        anyio.run(run_and_cancel)

    events = read_events(capsys.readouterr().out)
    assert events[-1] == {"event": "interrupted", "aborted": fake.counts.uploads_aborted, "running": 0}
    assert fake.counts.uploads_started == len(sources)


# The second is how a shell without job control starts what is in the background.
@pytest.mark.parametrize("prefix", [(), ("sh", "-c", 'trap "" INT; exec "$@"', "sh")], ids=["handled", "ignored"])
def test_interrupt_aborts_every_running_upload(start: Start, prefix: tuple[str, ...]) -> None:
    """Ctrl-C in the midst of it: nothing is left running on the server, and no traceback frightens the user."""
    process = start("demo", "--json", "--seconds", "60", prefix=prefix)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "progress":
            break

    process.send_signal(signal.SIGINT)
    out, err = process.communicate()

    events = read_events(out)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert events[-1]["event"] == "interrupted"
    assert events[-1]["aborted"] >= 3
    assert events[-1]["running"] == 0


class Corrupting(FakeCincopa):
    """A Cincopa that answers other bytes than it should."""

    def __init__(self, good: bytes, bad: bytes) -> None:
        super().__init__()
        self._good, self._bad = good, bad

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_other_bytes(message: Message) -> None:
            if "body" in message and not scope["path"].endswith("get_status.json"):
                message["body"] = message["body"].replace(self._good, self._bad)
            await send(message)

        await super().__call__(scope, receive, send_other_bytes)


class CancelAtFirstProgress(JSONLines):
    """Somebody who presses Ctrl-C as soon as something moves."""

    def __init__(self, scope: anyio.CancelScope) -> None:
        self._scope = scope

    def moved(self, source: Source, status_id: str, status: UploadStatus) -> None:
        super().moved(source, status_id, status)
        self._scope.cancel()
