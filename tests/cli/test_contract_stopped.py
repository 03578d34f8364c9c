"""`cincopa contract`, stopped in the midst of it: what it has made is removed, by itself or by the next run."""

from __future__ import annotations

import signal
import subprocess
import time

import anyio
import pytest

from cincopa_async import CincopaClient
from cincopa_async.testing import FakeCincopa, FakeServer
from cincopa_async.testing._trials._marks import MARK
from cincopa_async.testing._trials._stage import Stage
from tests.cli.processes import Start

SOURCE = "https://source.example/clip.mp4?signature=CANARY-SIGNATURE"


@pytest.fixture(autouse=True)
def account(fake: FakeCincopa) -> None:
    """An account in use, and what can be pulled into it."""
    fake.add_source(SOURCE, b"0123456789", content_type="video/mp4", seconds=1)
    fake.add_asset(b"0123456789", name="clip.mp4")
    fake.add_asset(b"0123456789", name=f"{MARK}.mp4")


def there(server: FakeServer) -> list[str | None]:
    """The names of what is in the account, galleries first."""

    async def names() -> list[str | None]:
        async with server.client() as cincopa:
            galleries = [gallery.name async for gallery in cincopa.gallery.iter()]
            return galleries + [asset.filename async for asset in cincopa.asset.iter()]

    return anyio.run(names)


def begin(server: FakeServer) -> None:
    """Make a run that does no more than to begin and to end."""

    async def run(cincopa: CincopaClient) -> None:
        async with cincopa:
            stage = Stage(cincopa)
            await stage.begin()
            await stage.tidy()

    anyio.run(run, server.client())


def wait_for(fake: FakeCincopa, requests: int, process: subprocess.Popen[str]) -> None:
    """Return when that many requests have come."""
    while fake.counts.requests.total() < requests:
        assert process.poll() is None
        time.sleep(0.005)


@pytest.mark.parametrize("requests", [25, 190])
def test_next_run_removes_what_a_killed_one_has_left(
    start: Start, server: FakeServer, fake: FakeCincopa, requests: int
) -> None:
    """A ``kill -9`` at any point: all that carries the mark is gone after the next run, and nothing else is."""
    process = start("contract", "--source", SOURCE)
    wait_for(fake, requests, process)
    process.kill()
    process.communicate()
    left = there(server)
    begin(server)

    assert len(left) > 2
    assert there(server) == ["clip.mp4", f"{MARK}.mp4"]
    assert fake.counts.uploads_running == 0


def test_whole_run_after_a_kill_finds_nothing_amiss(start: Start, server: FakeServer, fake: FakeCincopa) -> None:
    """It removes what the other has left, tries all, and leaves nothing of its own."""
    process = start("contract")
    wait_for(fake, 150, process)
    process.kill()
    process.communicate()
    again = start("contract", "--source", SOURCE)
    out, err = again.communicate(timeout=90)

    assert (again.returncode, out.count("\trefuted\t")) == (0, 0)
    assert " 0 refuted, " in err
    assert there(server) == ["clip.mp4", f"{MARK}.mp4"]


@pytest.mark.parametrize(("stop", "requests"), [(signal.SIGINT, 3), (signal.SIGTERM, 60), (signal.SIGINT, 200)])
def test_first_signal_removes_what_was_made(
    start: Start, server: FakeServer, fake: FakeCincopa, stop: signal.Signals, requests: int
) -> None:
    """It says so, and ends with the code that shells expect."""
    process = start("contract", "--source", SOURCE)
    wait_for(fake, requests, process)
    process.send_signal(stop)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (128 + stop, "")
    assert "interrupted" in err
    assert there(server) == ["clip.mp4", f"{MARK}.mp4"]
    assert fake.counts.uploads_running == 0


def test_second_signal_leaves_at_once(start: Start, server: FakeServer, fake: FakeCincopa) -> None:
    """What was made is left to the next run then."""
    fake.quirk("latency", call="asset.delete", seconds=20, nth=range(20))
    process = start("contract", "--source", SOURCE)
    wait_for(fake, 60, process)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=15)
    fake.clear_quirks()
    left = there(server)
    begin(server)

    assert process.returncode == 130
    assert len(left) > 2
