"""What `cincopa upload` shows on a terminal."""

import io
import signal
import sys

import anyio
import pytest
from rich.console import Console
from typer.testing import CliRunner

from cincopa_async import BatchEvent, BatchProgress, UploadItem, UploadStatus
from cincopa_async.cli import _signals
from cincopa_async.cli._app import app
from cincopa_async.cli._report import Row, Sums
from cincopa_async.cli._upload_display import MOST_BARS, MOST_TROUBLES, Bars, Lines
from cincopa_async.testing import FakeCincopa


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=120, highlight=False)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def progress(**told: float | None) -> BatchProgress:
    usual = {
        "items_total": 1000,
        "items_seen": 70,
        "active": 64,
        "ended": 6,
        "failed": 0,
        "bytes_sent": 0,
        "bytes_total": None,
        "rate": 0.0,
        "seconds_left": None,
    }
    return BatchProgress(**(usual | told))  # type: ignore[arg-type]


def moved(item: UploadItem, sent: int, size: int | None) -> BatchEvent:
    status = UploadStatus(progress_bytes=sent, file_size_bytes=size)
    return BatchEvent(kind="progress", item=item, status_id="1", status=status)


def test_bars_are_drawn_on_a_terminal(fake: FakeCincopa, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it runs; what stays is a line for each end, and the report."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    fake.add_source("https://media.example/:cat:.mp4", b"0123456789", content_type="video/mp4")
    fake.add_source("https://media.example/gone.mp4", b"", status=404)
    result = CliRunner().invoke(app, ["upload", "https://media.example/:cat:.mp4", "https://media.example/gone.mp4"])

    during, _, report = result.output.partition("report ")
    assert result.exit_code == 1
    assert "━━━" in during
    assert "under way" in during
    assert "https://media.example/:cat:.mp4 is asset" in during
    assert "https://media.example/gone.mp4" in report
    assert "━━━" not in report


def test_bar_for_all_says_how_far_it_is() -> None:
    """Items, bytes, pace and the time that is left; what is not known is not told."""
    console = terminal()
    bars = Bars(console)
    bars.counted(progress(failed=2, bytes_sent=5_000_000, rate=1_500_000.0, seconds_left=3725.0))
    bars.stop()
    other = Bars(terminal())
    other.counted(progress(items_total=None, active=0))
    other.stop()

    assert "6/1,000 ended, 64 under way, 2 failed, 5.0 MB at 1.5 MB/s, 1:02:05 left" in text_of(console)
    assert "6 ended, 0 under way" in text_of(other._console)


def test_some_of_those_under_way_have_a_bar() -> None:
    """As many as a terminal has room for, each in its turn; two that look alike have two."""
    console = terminal()
    bars = Bars(console)
    items = [UploadItem(f"https://media.example/{number}[b].mp4") for number in range(MOST_BARS)]
    for item in [*items[:1], *items, UploadItem("https://media.example/late.mp4")]:
        bars.moved(BatchEvent(kind="started", item=item, status_id="1"))
        bars.moved(moved(item, 500, 1000))
    bars.moved(moved(items[0], 700, None))
    before = text_of(console)
    bars.ended(items[0], Row(input="0.mp4", rid="R1", state="completed"), known=False)
    bars.moved(moved(UploadItem("https://media.example/next.mp4"), 500, 1000))
    bars.ended(None, Row(input="list, line 7", state="refused"), known=False)
    bars.finished(Sums(), None)

    drawn = text_of(console)
    assert all(f"{number}[b].mp4" in drawn for number in range(1, MOST_BARS))
    assert "500 bytes of 1.0 kB" in drawn
    assert "late.mp4" not in drawn
    assert "next.mp4" not in before
    assert "next.mp4" in drawn
    assert "completed  0.mp4 is asset R1" in drawn
    assert "refused  list, line 7" in drawn


def test_end_tells_what_went_wrong_again() -> None:
    """The first of them, and how many more there are."""
    console = terminal()
    lines, sums = Lines(console), Sums()
    for number in range(MOST_TROUBLES + 3):
        row = Row(input=f"{number}.mp4", status_id="7", state="failed", error="UploadFailedError", reason="[gone]")
        sums.add(row)
        lines.ended(None, row, known=True)
    sums.add(Row(input="good.mp4", state="completed"), known=True)
    lines.moved(moved(UploadItem("https://media.example/1.mp4"), 1, 2))
    lines.counted(progress())
    lines.stopping("uploads under way are aborted")
    before = len(text_of(console))
    lines.finished(sums, "the token is refused")

    report = text_of(console)[before:]
    assert "stopping: uploads under way are aborted. Ctrl-C again leaves at once." in text_of(console)[:before]
    assert report.count(".mp4 (upload 7): [gone]") == MOST_TROUBLES
    assert "... and 3 more" in report
    assert "failed  23" in report
    assert "1 of these had ended in an earlier run" in report
    assert "stopped: the token is refused" in report


def test_what_was_stopped_before_anything_came_is_not_nothing_to_upload() -> None:
    """A list that was not read to its end may hold anything."""
    stopped, empty = terminal(), terminal()
    Lines(stopped).finished(Sums(), "interrupted")
    Lines(empty).finished(Sums(), None)

    assert "nothing to upload" not in text_of(stopped)
    assert "There was nothing to upload." in text_of(empty)


def test_second_signal_is_obeyed_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the block has been left: the process is on its way out."""
    codes: list[int] = []
    monkeypatch.setattr(_signals, "leave_now", codes.append)
    handlers = {number: signal.getsignal(number) for number in _signals.SIGNALS}
    notices: list[str] = []

    async def interrupted_twice() -> int:
        with _signals.interruptible(
            lambda: notices.append("stopping"), lambda: notices.append("unread")
        ) as interruption:
            with interruption.scope:
                signal.raise_signal(signal.SIGINT)
                await anyio.sleep_forever()
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        return interruption.exit_code

    try:
        assert anyio.run(interrupted_twice) == 130
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert notices == ["stopping"]
    assert codes == [143, 130]


@pytest.mark.anyio
async def test_first_reason_to_stop_is_the_one_that_is_told() -> None:
    """Whoever stops it with Ctrl-C has its reader stopped too."""
    interruption = _signals.Interruption(lambda _: None)
    interruption.set("interrupted", 130)
    interruption.set("nobody reads the output any more", 141)

    assert (interruption.reason, interruption.exit_code) == ("interrupted", 130)


def test_leaving_at_once_gives_the_terminal_its_cursor_back(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Bars hide it; where there is no terminal there is nothing to be given back."""
    codes: list[int] = []
    monkeypatch.setattr(_signals.os, "_exit", codes.append)
    _signals.leave_now(130)
    before = capfd.readouterr().out
    with open(1, "w", closefd=False) as out:
        monkeypatch.setattr(out, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(sys, "stdout", out)
        _signals.leave_now(128 + signal.SIGTERM)

    assert codes == [130, 143]
    assert before == ""
    assert capfd.readouterr().out == "\x1b[?25h\n"
