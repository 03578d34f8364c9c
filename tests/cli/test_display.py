"""What the demo shows, told once to each display."""

import io
import json

import pytest
from rich.console import Console

from cincopa_async import Asset, UploadState, UploadStatus
from cincopa_async.cli._display import Bars, Display, JSONLines, Lines
from cincopa_async.cli._sources import Source

CAT = Source("cat [1].mp4", None, 1)


def test_lines_name_what_ended() -> None:
    """Progress makes no line; square brackets in names are no markup."""
    console = Console(file=io.StringIO(), width=120)

    out = tell(Lines(console), console)

    assert "in progress" not in out
    assert "failed  cat [1].mp4 (upload 42, 3 bytes): the input answered HTTP 404" in out
    assert "failed  cat [1].mp4: it broke" in out
    assert "still running: 0" in out
    assert "not as it should be  cat [1].mp4 is not" in out


def test_bars_say_the_same() -> None:
    """With the reason beside the bar."""
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    bars = Bars(console)

    out = tell(bars, console)

    assert "cat [1].mp4" in out
    assert "it broke" in out
    assert "still running: 0" in out


def test_json_lines_are_one_object_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Progress too; the end has the reason."""
    tell(JSONLines(), Console(file=io.StringIO()))

    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == [
        *("began", "progress", "failed", "broke", "asset", "verified", "interrupted", "finished"),
    ]
    assert events[1]["fraction"] == 0.25
    assert events[2]["reason"] == "the input answered HTTP 404"


def tell(display: Display, console: Console) -> str:
    display.began("http://127.0.0.1:1/v2/", [CAT])
    display.moved(CAT, "42", UploadStatus(progress_bytes=1, file_size_bytes=4))
    reason = "the input answered HTTP 404"
    display.moved(CAT, "42", UploadStatus(state=UploadState.FAILED, progress_bytes=3, reason=reason))
    display.broke(CAT, "it broke")
    display.listed([Asset(rid="A1")])
    display.verified(CAT, "e3b0c442", equal=False)
    display.interrupted(aborted=1, running=0)
    display.finished(["cat [1].mp4 is not"])
    return console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
