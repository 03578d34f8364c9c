"""What a command does when what it prints cannot be written, or nobody reads it any more, as after `| head`."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cincopa_async.testing import FakeCincopa
from tests.cli.processes import Start, of_kind, read_events

LINKS = [f"https://media.example/{number}.mp4" for number in range(4)]
UNREAD = 141


@pytest.fixture(autouse=True)
def sources(fake: FakeCincopa) -> None:
    for link in LINKS:
        fake.add_source(link, b"0123456789" * 10, content_type="video/mp4")


def run_unread(start: Start, *arguments: str, errors: bool = True, text: str = "") -> tuple[int, str]:
    """Run a command whose reader has gone, of its errors too unless these are wanted: its exit code, and they."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        stderr = subprocess.PIPE if errors else writing
        process = start(*arguments, stdin=subprocess.PIPE, stdout=writing, stderr=stderr)
    finally:
        os.close(writing)
    _, err = process.communicate(text, timeout=60)
    return process.returncode, err or ""


@pytest.mark.parametrize("how", [["--json"], []], ids=["json", "lines"])
def test_uploads_are_stopped_as_by_ctrl_c(start: Start, fake: FakeCincopa, how: list[str]) -> None:
    """What is under way is aborted, nothing new is begun, and a sentence says why."""
    fake.hold()
    lines = [*LINKS[:2], "{this has to be told", *LINKS[2:]]
    code, err = run_unread(start, "upload", "-", "--max-active", "3", *how, text="\n".join(lines))

    assert (code, err) == (UNREAD, "cincopa: nobody reads the output any more: uploads under way are aborted\n")
    assert fake.counts.uploads_running == 0
    assert fake.counts.uploads_aborted == fake.counts.uploads_started <= 2


def test_with_a_store_uploads_run_on(start: Start, fake: FakeCincopa, tmp_path: Path) -> None:
    """And a rerun takes them up; the report is written to its end."""
    arguments = ["upload", *LINKS, "--json", "--max-active", "2", "--store", str(tmp_path / "runs.db")]
    with fake.held():
        code, err = run_unread(start, *arguments, "--report", str(tmp_path / "report.csv"))
        assert fake.counts.uploads_running == fake.counts.uploads_started > 0
    again = start(*arguments, "--resume")
    events = read_events(again.communicate(timeout=60)[0])

    assert (code, err) == (
        UNREAD,
        "cincopa: nobody reads the output any more: uploads under way run on, for --resume\n",
    )
    assert of_kind(events, "finished")[0]["counts"] == {"completed": 4}
    assert fake.counts.inputs == dict.fromkeys(LINKS, 1)
    assert len((tmp_path / "report.csv").read_text(encoding="utf-8").splitlines()) > 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["assets"],
        ["assets", "--json"],
        ["galleries"],
        ["ping"],
        ["upload", *LINKS, "--dry-run"],
        ["demo", "--seconds", "0.2"],
        ["demo", "--seconds", "0.2", "--json"],
    ],
    ids=" ".join,
)
def test_other_commands_end_in_silence(start: Start, fake: FakeCincopa, arguments: list[str]) -> None:
    """As programs do that a broken pipe ends."""
    fake.add_asset(b"cat", name="cat.mp4")
    code, err = run_unread(start, *arguments)

    assert (code, err) == (0 if arguments == ["galleries"] else UNREAD, "")


def test_nobody_left_at_all_is_no_reason_to_leave_uploads_running(start: Start, fake: FakeCincopa) -> None:
    """Standard error may end in the same pipe."""
    fake.hold()
    code, _ = run_unread(start, "upload", *LINKS, "--json", errors=False)

    assert code == UNREAD
    assert fake.counts.uploads_running == 0


@pytest.fixture
def full() -> Iterator[int]:
    """A disk without room."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has none")
    with Path("/dev/full").open("wb") as file:
        yield file.fileno()


@pytest.mark.parametrize("arguments", [["assets"], ["upload", *LINKS, "--dry-run"], ["demo", "--seconds", "0.2"]])
def test_full_disk_is_a_sentence(start: Start, fake: FakeCincopa, full: int, arguments: list[str]) -> None:
    """And exit code 1."""
    fake.add_asset(b"cat", name="cat.mp4")
    process = start(*arguments, stdout=full)
    _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (1, "cincopa: [Errno 28] No space left on device\n")


def test_uploads_are_stopped_when_the_disk_is_full(start: Start, fake: FakeCincopa, full: int) -> None:
    """For nobody would know what became of them."""
    fake.hold()
    process = start("upload", *LINKS, "--json", stdout=full)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert err == ("cincopa: the output cannot be written: No space left on device: uploads under way are aborted\n")
    assert fake.counts.uploads_running == 0


def test_report_on_a_full_disk_is_a_usage_error(start: Start, fake: FakeCincopa, full: int) -> None:
    """Nothing has been sent by then."""
    process = start("upload", *LINKS, "--report", "/dev/full")
    _, err = process.communicate(timeout=60)

    assert process.returncode == 2
    assert err.startswith("cincopa: the report cannot be written: ")
    assert fake.counts.requests.total() == 0


def test_closed_output_is_nobody_s_fault(start: Start, fake: FakeCincopa) -> None:
    """As of a service without one: what is done counts."""
    shell = ["sh", "-c", 'exec "$@" >&-', "sh"]
    process = start("upload", *LINKS, "--json", prefix=shell)
    _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert fake.counts.uploads_completed == 4


def test_closed_input_is_a_usage_error(start: Start, fake: FakeCincopa) -> None:
    """Its number belongs to another file by then, which must not be taken for a list."""
    process = start("upload", "-", prefix=["sh", "-c", 'exec "$@" <&-', "sh"])
    _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (2, "cincopa: standard input is closed\n")
