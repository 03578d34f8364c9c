"""`cincopa upload`: what it does, what it tells, and how it ends, as a process that speaks to a Cincopa on a socket."""

import csv
import json
import os
import subprocess
import threading
from pathlib import Path

import anyio
import pytest
from typer.testing import CliRunner

from cincopa_async import BatchEvent, UploadItem
from cincopa_async.cli._app import app
from cincopa_async.cli._report import Report
from cincopa_async.cli._signals import Interruption
from cincopa_async.cli._upload_display import JSONLines
from cincopa_async.cli.upload import Inputs, Run
from cincopa_async.testing import FakeCincopa, FakeServer
from tests.cli.processes import Event, Start, of_kind, read_events, read_until
from tests.conftest import CANARIES


def link(name: str, signature: int = 1) -> str:
    return f"https://media.example/{name}?X-Amz-Signature=CANARY-SIGNATURE{signature}"


def add(fake: FakeCincopa, *links: str, status: int = 200) -> None:
    for url in links:
        fake.add_source(url, b"0123456789" * 10, status=status, content_type="video/mp4")


def run(start: Start, *arguments: str, text: str | None = None) -> tuple[int, str, str]:
    """Run a command to its end: its exit code, and what it has printed."""
    process = start("upload", *arguments, stdin=subprocess.DEVNULL if text is None else subprocess.PIPE)
    out, err = process.communicate(text, timeout=60)
    assert not any(canary in out + err for canary in CANARIES)
    assert "Traceback" not in err
    return process.returncode, out, err


def run_json(start: Start, *arguments: str, text: str | None = None) -> tuple[int, list[Event]]:
    code, out, err = run(start, *arguments, "--json", text=text)
    assert err == ""
    return code, read_events(out)


def rows_of(report: Path) -> dict[str, dict[str, str]]:
    with report.open(encoding="utf-8", newline="") as file:
        return {row["input"]: row for row in csv.DictReader(file)}


def test_urls_files_and_lists_are_uploaded(start: Start, fake: FakeCincopa, tmp_path: Path) -> None:
    """All at once; the report has a line for each, with the link's signature left out, and the exit code is 0."""
    add(fake, link("cat.mp4"), link("dog.mp4"), link("cow.mp4"))
    (tmp_path / "own.mp4").write_bytes(b"own")
    table = tmp_path / "table.csv"
    table.write_text(f"url,caption\n{link('cow.mp4')},A cow\n", encoding="utf-8")
    items = json.dumps({"input": link("dog.mp4"), "key": "dog", "meta": {"caption": "A dog"}})
    report = tmp_path / "report.csv"

    arguments = [link("cat.mp4"), str(tmp_path / "*.mp4"), "-", "--csv", str(table), "--report", str(report)]
    code, events = run_json(start, *arguments, text=f"{items}\n")

    rows = rows_of(report)
    assert code == 0
    assert {*rows} == {
        *(f"https://media.example/{name}.mp4" for name in ("cat", "dog", "cow")),
        str(tmp_path / "own.mp4"),
    }
    assert {row["state"] for row in rows.values()} == {"completed"}
    assert fake.stored(rows[str(tmp_path / "own.mp4")]["rid"]) == b"own"
    assert rows["https://media.example/dog.mp4"]["key"] == "dog"
    assert rows["https://media.example/cat.mp4"]["key"].startswith("cat.mp4-")
    assert len(of_kind(events, "started")) == len(of_kind(events, "ended")) == 4
    assert events[-1] == {"event": "finished", "ok": True, "counts": {"completed": 4}, "known": 0, "stopped": None}
    assert fake.counts.requests["asset.set_meta"] == 2


def test_what_goes_wrong_is_told_and_the_rest_is_done(start: Start, fake: FakeCincopa, tmp_path: Path) -> None:
    """One failed upload, or one line that is no item, makes the exit code 1 and stops nobody else."""
    add(fake, link("cat.mp4"))
    add(fake, link("gone.mp4"), status=404)
    report = tmp_path / "report.csv"
    lines = [link("gone.mp4"), "{no json", link("cat.mp4"), str(tmp_path / "missing.mp4")]

    code, out, _ = run(start, "-", "--report", str(report), text="\n".join(lines))

    rows = rows_of(report)
    gone = rows["https://media.example/gone.mp4"]
    assert code == 1
    assert (gone["state"], gone["error"], gone["reason"]) == (
        "failed",
        "UploadFailedError",
        "the input answered HTTP 404",
    )
    assert gone["status_id"]
    assert rows["https://media.example/cat.mp4"]["state"] == "completed"
    assert rows["standard input, line 2"]["state"] == "refused"
    assert rows[str(tmp_path / "missing.mp4")]["error"] == "FileNotFoundError"
    told_again = out.partition("report ---")[2]
    assert "failed  https://media.example/gone.mp4" in told_again
    assert "refused  standard input, line 2: this is no JSON object" in told_again
    assert "is asset" not in told_again


def test_standard_input_is_not_read_to_its_end_first(start: Start, fake: FakeCincopa) -> None:
    """What comes is uploaded while the pipe stays open, and a list is taken no faster than it is done."""
    add(fake, *(link(f"{number}.mp4") for number in range(4)))
    process = start("upload", "-", "--json", "--max-active", "2", stdin=subprocess.PIPE)
    assert process.stdin is not None
    with fake.held():
        process.stdin.writelines(f"{link(f'{number}.mp4')}\n" for number in range(4))
        process.stdin.flush()
        read_until(process, "started", 2)
        assert fake.counts.uploads_started == 2
    read_until(process, "ended", 4)
    process.stdin.close()

    assert json.loads(process.stdout.read().splitlines()[-1])["ok"]  # type: ignore[union-attr]
    assert process.wait() == 0


def test_nothing_in_a_list_is_nothing_to_do(start: Start, server: FakeServer) -> None:
    """That is no error."""
    code, out, _ = run(start, "-", text="\n")

    assert code == 0
    assert "There was nothing to upload." in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "there is nothing to upload"),
        (["-", "-"], "standard input can be read once"),
        (["-", "--csv", "-"], "standard input can be read once"),
        (["missing.mp4"], "argument 1: there is no file missing.mp4"),
        (["--csv", "missing.csv"], "there is no file missing.csv"),
        (["https://media.example/a", "--resume"], "need the --store"),
        (["https://media.example/a", "--report", "/no/such/folder/r.csv"], "the report cannot be written"),
        (["https://media.example/a", "--store", "/no/such/folder/r.db"], "/no/such/folder/r.db: unable to open"),
        (["https://media.example/a", "--base-url", "api"], "base_url must be an http:// or https:// URL"),
    ],
)
def test_what_cannot_be_begun_is_a_usage_error(
    start: Start, fake: FakeCincopa, arguments: list[str], complaint: str
) -> None:
    """A sentence, and exit code 2, before anything is sent."""
    code, out, err = run(start, *arguments)

    assert code == 2
    assert out == ""
    assert err.startswith("cincopa: ")
    assert complaint in err
    assert fake.counts.requests.total() == 0


def test_token_must_be_in_the_environment(start: Start, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's list of processes shows it, for there is no option."""
    monkeypatch.delenv("CINCOPA_API_TOKEN")
    code, _, err = run(start, link("cat.mp4"))

    assert code == 2
    assert "CINCOPA_API_TOKEN" in err


def test_refused_token_halts_all(start: Start, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no item's fault: none is called failed, and it says why it has stopped."""
    monkeypatch.setenv("CINCOPA_API_TOKEN", "another")
    code, events = run_json(start, "-", text="\n".join(link(f"{number}.mp4") for number in range(3)))

    assert code == 1
    assert "the token is refused" in events[-1]["stopped"]
    assert "failed" not in events[-1]["counts"]


def test_rerun_with_a_store_knows_what_has_ended(start: Start, fake: FakeCincopa, tmp_path: Path) -> None:
    """It has to be meant; with links that are signed anew each item is the same, and none is uploaded twice."""
    store = str(tmp_path / "runs.db")
    for signature in (1, 2, 3):
        add(fake, link("cat.mp4", signature))
        add(fake, link("gone.mp4", signature), status=404 if signature < 3 else 200)

    first = run_json(start, link("cat.mp4"), link("gone.mp4"), "--store", store)
    not_meant = run(start, link("cat.mp4"), "--store", store)
    dry = run_json(
        start, link("cat.mp4", 2), link("gone.mp4"), link("new.mp4"), "--store", store, "--resume", "--dry-run"
    )
    resumed = run_json(start, link("cat.mp4", 2), link("gone.mp4", 2), "--store", store, "--resume")
    retried = run_json(start, link("cat.mp4", 3), link("gone.mp4", 3), "--store", store, "--retry-failed")

    assert [code for code, *_ in (first, not_meant, dry, resumed, retried)] == [1, 2, 0, 1, 0]
    assert "knows 2 items of an earlier run: --resume goes on with it" in not_meant[2]
    assert [event["plan"] for event in dry[1]] == ["done", "failed", "upload"]
    assert resumed[1][-1]["known"] == 2
    assert resumed[1][-1]["counts"] == {"completed": 1, "failed": 1}
    assert retried[1][-1]["known"] == 1
    assert fake.counts.inputs == {link("cat.mp4"): 1, link("gone.mp4"): 1, link("gone.mp4", 3): 1}
    assert not any(canary.encode() in Path(store).read_bytes() for canary in CANARIES)


def test_table_may_come_from_standard_input(start: Start, fake: FakeCincopa) -> None:
    """As a list may; rows of empty cells are nothing."""
    add(fake, link("cat.mp4"))
    code, events = run_json(start, "--csv", "-", "--column", "link", text=f"link\n{link('cat.mp4')}\n,\nftp://x\n")

    assert code == 1
    assert events[-1]["counts"] == {"completed": 1, "refused": 1}
    assert [event["input"] for event in of_kind(events, "ended") if event["state"] == "refused"] == [
        "standard input, line 4"
    ]


def test_report_that_cannot_be_written_any_more_stops_all(fake: FakeCincopa, tmp_path: Path) -> None:
    """A disk that is full, for instance: what has become of each would be lost."""
    pipe = tmp_path / "report"
    os.mkfifo(pipe)

    add(fake, link("cat.mp4"), link("dog.mp4"))
    fake.hold()

    def read_the_head() -> None:
        with pipe.open(encoding="utf-8") as report:
            report.readline()
        fake.release()

    reader = threading.Thread(target=read_the_head)
    reader.start()
    result = CliRunner().invoke(app, ["upload", link("cat.mp4"), link("dog.mp4"), "--report", str(pipe), "--json"])
    reader.join()

    last = read_events(result.output)[-1]
    assert result.exit_code == 1
    assert "Broken pipe" in last["stopped"]
    assert last["counts"]["completed"] >= 1  # The other one may have been quicker than the end.
    assert sum(last["counts"].values()) == 2
    assert fake.counts.uploads_running == 0


@pytest.mark.anyio
async def test_event_that_comes_after_the_end_changes_nothing() -> None:
    """Events are read behind the outcomes, and an outcome is the last word."""
    run = Run(JSONLines(), Report(None), Interruption(lambda _: None))
    item = UploadItem(link("cat.mp4"))
    taken = [*run.handed(Inputs(items=[item], lists=None))]

    assert run._learn(BatchEvent(kind="started", item=taken[0], status_id="1"))
    assert not run._learn(BatchEvent(kind="ended", item=UploadItem(link("dog.mp4"))))


@pytest.mark.anyio
async def test_report_that_fails_at_the_end_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So is every item that was under way."""
    (tmp_path / "report.csv").touch()
    async with await anyio.open_file(tmp_path / "report.csv", encoding="utf-8") as unwritable:
        run = Run(JSONLines(), Report(unwritable), Interruption(lambda _: None), stopped="interrupted")
        taken = [*run.handed(Inputs(items=[UploadItem(link("cat.mp4")), UploadItem(link("dog.mp4"))], lists=None))]
        await run.tell_open()

    ended = read_events(capsys.readouterr().out)
    assert len(taken) == 2
    assert [event["input"] for event in ended] == ["https://media.example/cat.mp4", "https://media.example/dog.mp4"]
    assert run.stopped == "interrupted; not writable"
