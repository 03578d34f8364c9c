"""`cincopa upload --dry-run`: what would be done, and nothing of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from cincopa_async import UploadItem
from cincopa_async.cli._dry_run import planned, run_dry
from cincopa_async.cli._inputs import Entry
from cincopa_async.cli._remote import UsageError
from cincopa_async.cli._runs import Memory
from cincopa_async.stores import Claim, RecordState, SqliteStore, StoredError, UploadRecord
from cincopa_async.testing import FakeCincopa
from tests.cli.processes import Start

URL = "https://media.example/a"
FAILED = StoredError(kind="APIError", message="no")


def run(start: Start, *arguments: str, text: str = "") -> tuple[int, str, str]:
    process = start("upload", "-", "--dry-run", *arguments, stdin=-1)
    out, err = process.communicate(text, timeout=60)
    return process.returncode, out, err


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_dry_run_sends_and_writes_nothing(start: Start, fake: FakeCincopa, tmp_path: Path) -> None:
    """It tells what would be done, and needs no token for that."""
    store, report = tmp_path / "runs.db", tmp_path / "report.csv"
    lines = "https://media.example/cat.mp4\n{no json\nmissing.mp4\n"
    code, out, _ = run(start, "--store", str(store), "--report", str(report), text=lines)

    assert code == 1
    assert out.splitlines() == [
        "     upload  https://media.example/cat.mp4",
        "     refuse  standard input, line 2: this is no JSON object",
        "     refuse  missing.mp4: there is no such file",
    ]
    assert fake.counts.requests.total() == 0
    assert [*tmp_path.iterdir()] == []


@pytest.mark.anyio
async def test_store_is_as_it_was_and_says_what_a_run_would_find(start: Start, tmp_path: Path) -> None:
    """What another process has is busy while it lives, and unknown when it is dead; nothing of that is changed."""
    path = tmp_path / "runs.db"
    lines = "".join(f'{{"input": "{URL}", "key": "{key}"}}\n' for key in ("reserved", "started", "ended", "new"))
    async with SqliteStore(path) as store:
        for key in ("reserved", "started", "ended"):
            await store.claim(key, input=URL)
        await store.started("started", "1")
        await store.ended("ended", rid="R1")
        alive = run(start, "--store", str(path), "--resume", text=lines)
    before = contents(tmp_path)
    dead = run(start, "--store", str(path), "--resume", text=lines)
    not_meant = run(start, "--store", str(path), text=lines)

    assert [line.split()[0] for line in alive[1].splitlines()] == ["busy", "busy", "done", "upload"]
    assert [line[:11].strip() for line in dead[1].splitlines()] == ["unknown", "go on", "done", "upload"]
    assert (not_meant[0], not_meant[1]) == (2, "")
    assert "knows 3 items of an earlier run" in not_meant[2]
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("claim", "state", "error", "memory", "plan"),
    [
        ("busy", "reserved", None, Memory(restart_unknown=True), "busy"),
        ("busy", "started", None, Memory(), "busy"),
        ("unknown", "reserved", None, Memory(), "unknown"),
        ("unknown", "reserved", None, Memory(restart_unknown=True), "upload"),
        ("mine", "started", None, Memory(), "go on"),
        ("mine", "aborting", None, Memory(), "go on"),
        ("mine", "described", None, Memory(), "go on"),
        ("ended", "ended", FAILED, Memory(), "failed"),
        ("ended", "ended", FAILED, Memory(retry_failed=True), "upload"),
    ],
)
def test_plan_depends_on_what_the_store_knows(
    claim: Claim, state: RecordState, error: StoredError | None, memory: Memory, plan: str
) -> None:
    """And on what is to be made of it."""
    record = UploadRecord(key="k", state=state, input=URL, status_id="1", error=error)

    assert planned(UploadItem(URL), (claim, record), memory) == (plan, None)


def test_file_that_was_not_sent_to_its_end_is_uploaded(tmp_path: Path) -> None:
    """Nothing of it is there; of one that was, nobody knows."""
    file = tmp_path / "cat.mp4"
    file.touch()
    reserved = UploadRecord(key="k", state="reserved", input=str(file))
    sent = UploadRecord(key="k", state="started", input=str(file))

    assert planned(UploadItem(file), ("unknown", reserved), Memory()) == ("upload", None)
    assert planned(UploadItem(file), ("mine", sent), Memory()) == ("unknown", None)


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (b"no database, whatever it is called", "file is not a database"),
        ("CREATE TABLE cats (name)", "this is a database of something else"),
        (f"PRAGMA application_id = {0x43694370}; PRAGMA user_version = 99", "another one made this"),
    ],
)
def test_file_that_is_no_store_is_refused(tmp_path: Path, made: str | bytes, complaint: str) -> None:
    """As a run would refuse it."""
    path = tmp_path / "runs.db"
    if isinstance(made, bytes):
        path.write_bytes(made * 50)
    else:
        with closing(sqlite3.connect(path)) as db:
            db.executescript(made)

    with pytest.raises(UsageError, match=complaint):
        run_dry([], Memory(path=path), as_json=False)


def test_empty_file_is_a_new_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has made it with `mktemp` has no earlier run."""
    path = tmp_path / "runs.db"
    path.touch()

    assert run_dry([Entry(where="1", item=UploadItem(URL))], Memory(path=path), as_json=False) == 0
    assert capsys.readouterr().out == f"     upload  {URL}\n"
    assert path.read_bytes() == b""


def test_store_that_breaks_meanwhile_is_told(tmp_path: Path) -> None:
    """In a sentence."""
    path = tmp_path / "runs.db"

    async def make() -> None:
        async with SqliteStore(path):
            pass

    anyio.run(make)

    def entries() -> Iterator[Entry]:
        with closing(sqlite3.connect(path)) as db:
            db.execute("DROP TABLE uploads")
        yield Entry(where="1", item=UploadItem(URL))

    with pytest.raises(UsageError, match="no such table"):
        run_dry(entries(), Memory(path=path), as_json=False)


def test_list_that_cannot_be_read_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """After what could be; the exit code says that this is not all."""

    def entries() -> Iterator[Entry]:
        yield Entry(where="1", item=UploadItem(URL))
        raise OSError("the disk has gone")

    assert run_dry(entries(), Memory(), as_json=False) == 1
    assert capsys.readouterr() == (f"     upload  {URL}\n", "cincopa: the list cannot be read: the disk has gone\n")
