"""`cincopa upload`, stopped in the midst of it: by Ctrl-C, once or twice, by SIGTERM, by a kill."""

import csv
import json
import signal
import subprocess
from pathlib import Path

import pytest

from cincopa_async.testing import FakeCincopa
from tests.cli.processes import Start, of_kind, read_events, read_until

LINKS = [f"https://media.example/{number}.mp4" for number in range(4)]


@pytest.fixture(autouse=True)
def sources(fake: FakeCincopa) -> None:
    for link in LINKS:
        fake.add_source(link, b"0123456789" * 10, content_type="video/mp4")


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_first_signal_aborts_what_is_under_way(
    start: Start, fake: FakeCincopa, tmp_path: Path, stop: signal.Signals, code: int
) -> None:
    """Nothing new is begun, nothing is left running, and the report tells which ones it was."""
    report = tmp_path / "report.csv"
    fake.hold()
    process = start("upload", *LINKS, "--json", "--max-active", "2", "--report", str(report))
    read_until(process, "started", 2)

    process.send_signal(stop)
    out, err = process.communicate(timeout=60)

    events = read_events(out)
    assert (process.returncode, err) == (code, "")
    assert of_kind(events, "stopping") == [{"event": "stopping", "reason": "uploads under way are aborted"}]
    assert events[-1]["stopped"] == "interrupted"
    assert events[-1]["counts"] == {"aborted": 2}
    assert (fake.counts.uploads_started, fake.counts.uploads_aborted, fake.counts.uploads_running) == (2, 2, 0)
    with report.open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["state"] for row in rows] == ["aborted", "aborted"]
    assert all(row["status_id"] for row in rows)


def test_with_a_store_they_run_on_and_are_taken_up(start: Start, fake: FakeCincopa, tmp_path: Path) -> None:
    """Ctrl-C leaves them, and a rerun with --resume brings all to their end, each started once."""
    arguments = ["upload", *LINKS, "--json", "--max-active", "2", "--store", str(tmp_path / "runs.db")]
    with fake.held():
        process = start(*arguments)
        read_until(process, "started", 2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert fake.counts.uploads_running == 2
    told = of_kind(read_events(out), "ended")
    again = start(*arguments, "--resume")
    events = read_events(again.communicate(timeout=60)[0])

    assert (process.returncode, err) == (130, "")
    assert "--resume" in of_kind(read_events(out), "stopping")[0]["reason"]
    assert [(row["state"], bool(row["status_id"])) for row in told] == [("running", True)] * 2
    assert again.returncode == 0
    assert events[-1]["counts"] == {"completed": 4}
    assert fake.counts.inputs == dict.fromkeys(LINKS, 1)


def test_report_tells_what_is_known_of_each(start: Start, fake: FakeCincopa, tmp_path: Path) -> None:
    """Aborted, there without its texts, perhaps sent, or not sent at all: each is told as it is."""
    aborted, undescribed, lost, _ = LINKS
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    fake.hold(aborted)
    fake.quirk("latency", call="asset.set_meta", seconds=6)
    fake.quirk("latency", call="asset.get_upload_url", seconds=6)
    lines = [aborted, json.dumps({"input": undescribed, "meta": {"caption": "A cat"}}), str(film)]
    process = start("upload", "-", "--json", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write("\n".join(lines) + "\n")
    process.stdin.flush()
    read_until(process, "started", 3)
    while not (fake.counts.requests["asset.set_meta"] and fake.counts.requests["asset.get_upload_url"]):
        assert process.poll() is None
    fake.quirk("latency_after", call="asset.upload_from_url", seconds=1)
    fake.quirk("server_error_after", call="asset.upload_from_url")
    process.stdin.write(f"{lost}\n")
    process.stdin.flush()
    while fake.counts.uploads_started < 3:
        assert process.poll() is None

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    rows = {row["input"]: row for row in of_kind(read_events(out), "ended")}

    assert process.returncode == 130
    assert "may have been acted on" in err
    assert "Traceback" not in err
    assert {name: row["state"] for name, row in rows.items()} == {
        aborted: "aborted",
        undescribed: "undescribed",
        lost: "unknown",
        str(film): "unstarted",
    }
    assert rows[aborted]["status_id"]
    assert fake.stored(rows[undescribed]["rid"])


def test_halt_tells_what_is_known_of_each(start: Start, fake: FakeCincopa) -> None:
    """The item that met the refusal was not sent; where the abort is refused too, the upload may run on."""
    fake.hold()
    process = start("upload", "-", "--json", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(f"{LINKS[0]}\n")
    process.stdin.flush()
    read_until(process, "started")
    for call in ("asset.upload_from_url", "asset.upload_from_url_abort", "ping"):
        fake.quirk("success_false", call=call, message="Invalid api_token")
    process.stdin.write(f"{LINKS[1]}\n")
    process.stdin.flush()
    out, _ = process.communicate(timeout=60)
    rows = {row["input"]: row for row in of_kind(read_events(out), "ended")}

    assert process.returncode == 1
    assert "the token is refused" in read_events(out)[-1]["stopped"]
    assert (rows[LINKS[0]]["state"], bool(rows[LINKS[0]]["status_id"])) == ("unknown", True)
    assert (rows[LINKS[1]]["state"], rows[LINKS[1]]["status_id"]) == ("unstarted", None)


def test_second_signal_leaves_at_once(start: Start, fake: FakeCincopa) -> None:
    """It waits for no answer any more, and tells nothing more."""
    fake.hold()
    fake.quirk("latency", call="asset.upload_from_url_abort", seconds=8)
    process = start("upload", *LINKS[:2], "--json")
    read_until(process, "started", 2)

    process.send_signal(signal.SIGINT)
    read_until(process, "stopping")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (130, "", "")
    assert fake.counts.uploads_aborted == 0


def test_list_that_says_nothing_holds_nobody_up(start: Start) -> None:
    """Ctrl-C ends it while it waits for a line of a pipe."""
    process = start("upload", "-", "--json", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(f"{LINKS[0]}\n")
    process.stdin.flush()
    read_until(process, "ended")

    process.send_signal(signal.SIGINT)
    code = process.wait(timeout=60)

    assert process.stderr is not None
    assert (code, process.stderr.read()) == (130, "")


def test_kill_and_resume_upload_each_once(start: Start, fake: FakeCincopa, tmp_path: Path) -> None:
    """A process that is killed has written down what it had begun; the next one goes on with it."""
    arguments = ["upload", *LINKS, "--json", "--max-active", "3", "--store", str(tmp_path / "runs.db")]
    with fake.held():
        process = start(*arguments)
        read_until(process, "started", 3)
        process.kill()
        process.communicate()
    again = start(*arguments, "--resume")
    events = read_events(again.communicate(timeout=60)[0])

    assert again.returncode == 0
    assert events[-1]["counts"] == {"completed": 4}
    assert fake.counts.inputs == dict.fromkeys(LINKS, 1)


def test_start_whose_answer_died_with_the_process_is_unknown(start: Start, fake: FakeCincopa, tmp_path: Path) -> None:
    """That is told, never guessed; --restart-unknown takes the risk."""
    arguments = ["upload", LINKS[0], "--json", "--store", str(tmp_path / "runs.db")]
    fake.quirk("latency_after", call="asset.upload_from_url", seconds=20, times=1)
    process = start(*arguments, stdin=subprocess.PIPE)
    while not fake.counts.uploads_started:
        assert process.poll() is None
    process.kill()
    process.communicate()
    dry = start(*arguments, "--resume", "--dry-run")
    resumed = start(*arguments, "--resume")
    runs = [read_events(each.communicate(timeout=60)[0]) for each in (dry, resumed)]
    restarted = start(*arguments, "--restart-unknown")
    runs.append(read_events(restarted.communicate(timeout=60)[0]))

    assert [each.returncode for each in (dry, resumed, restarted)] == [0, 1, 0]
    assert runs[0][0]["plan"] == "unknown"
    assert runs[1][-1]["counts"] == {"unknown": 1}
    assert runs[2][-1]["counts"] == {"completed": 1}
    assert fake.counts.inputs == {LINKS[0]: 2}
