"""Real processes, killed for real at random moments: run again, every item ends once, and none is started twice."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from cincopa_async import LeaseLostError, UploadOutcome, UploadUnknownError
from cincopa_async.stores import SqliteStore, UploadStore
from cincopa_async.testing import FakeServer
from tests.batches import Account, fake_with
from tests.quick import links
from tests.sockets.helpers import quick_client

# `nox -s kills` asks for more of each.
ITEMS = int(os.environ.get("KILLS_ITEMS", "40"))
KILLS = int(os.environ.get("KILLS", "3"))
SEED = int(os.environ.get("KILLS_SEED", "0")) or random.randrange(1, 1_000_000)
LONGEST = float(os.environ.get("KILLS_SECONDS", "0.3"))
SIGNATURES = "".join(chr(ord("a") + number % 26) for number in range(KILLS + 1))
SLOTS = 4
"""How many starts a process can have in flight."""
pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]


@pytest.fixture(params=[pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio")])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def slow_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """An account on a socket, whose uploads take a while and whose answers some time."""
    fake = fake_with(ITEMS, seconds=0.05, signatures="".join(sorted(set(SIGNATURES))))
    fake.quirk("latency", call="asset.upload_from_url", seconds=0.01)
    fake.quirk("latency_after", call="asset.upload_from_url", seconds=0.01)
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(fake.serve()) as server:
        monkeypatch.setenv("CINCOPA_BASE_URL", server.base_url)
        monkeypatch.setenv("CINCOPA_API_TOKEN", server.api_token)
        yield server


def begin(place: str, signature: str, slots: int) -> subprocess.Popen[str]:
    script = Path(__file__).with_name("killed.py")
    command = [sys.executable, str(script), place, str(ITEMS), signature, str(slots)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def begun(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def starts(server: FakeServer) -> Counter[str]:
    """How often each item was started, by its number: its link is another one in each run."""
    counted: Counter[str] = Counter()
    for url, count in server.fake.counts.inputs.items():
        counted[number_of(url)] += count
    return counted


def number_of(url: object) -> str:
    found = re.search(r"/(\d+)\.mp4", str(url))
    assert found is not None
    return found[1]


def every_item_ended_once(server: FakeServer, outcomes: list[UploadOutcome], *, in_flight: int) -> None:
    """
    Each item has an outcome, and was started once.

    But for those that are told as unknown: at most as many as starts can have been in flight when there was a kill.
    """
    counted = starts(server)
    unknown = 0
    assert sorted(number_of(outcome.item.input) for outcome in outcomes) == sorted(str(item) for item in range(ITEMS))
    for outcome in outcomes:
        number = number_of(outcome.item.input)
        if outcome.result is not None:
            assert counted[number] == 1, f"item {number} with seed {SEED}"
            assert f"/{number}.mp4".encode() in server.fake.stored(outcome.result.rid)
        else:
            unknown += 1
            assert isinstance(outcome.error, UploadUnknownError), outcome
            assert counted[number] <= 1, f"item {number} with seed {SEED}"
    assert unknown <= in_flight, f"with seed {SEED}"
    assert server.fake.counts.uploads_running <= unknown
    print(f"{ITEMS} items: none lost, none started twice, {unknown} unknown of {in_flight} that might be; seed {SEED}")


@pytest.mark.parametrize("signatures", ["a" * len(SIGNATURES), SIGNATURES], ids=["the same links", "signed anew"])
async def test_batch_that_is_killed_again_and_again_uploads_each_item_once(
    slow_server: FakeServer, tmp_path: Path, signatures: str
) -> None:
    """Be the links signed anew at each run. The one instant that cannot be known is told as such."""
    dice = random.Random(SEED)
    place = str(tmp_path / "runs.db")
    for signature in signatures[:KILLS]:
        process = begin(place, signature, SLOTS)
        await anyio.to_thread.run_sync(begun, process)
        await anyio.sleep(dice.uniform(0, LONGEST))
        await anyio.to_thread.run_sync(kill, process)
    store: UploadStore = SqliteStore(place)
    async with quick_client(slow_server) as cincopa:
        outcomes = await Account(slow_server.fake, cincopa).upload(links(ITEMS, signatures[-1]), store=store)

    every_item_ended_once(slow_server, outcomes, in_flight=SLOTS * KILLS)


async def test_workers_on_one_file_never_run_one_item(slow_server: FakeServer, tmp_path: Path) -> None:
    """Three processes with the same items and store, one of them killed: each item is started once."""
    place = str(tmp_path / "runs.db")
    workers = [begin(place, "a", SLOTS) for _ in range(3)]
    for process in workers:
        await anyio.to_thread.run_sync(begun, process)
    await anyio.sleep(random.Random(SEED).uniform(0, LONGEST))
    await anyio.to_thread.run_sync(kill, workers[0])
    for process in workers[1:]:
        assert await anyio.to_thread.run_sync(process.wait) == 0
        assert process.stdout is not None
        process.stdout.close()
    async with quick_client(slow_server) as cincopa:
        outcomes = await Account(slow_server.fake, cincopa).upload(links(ITEMS, "b"), store=SqliteStore(place))

    assert not any(isinstance(outcome.error, LeaseLostError) for outcome in outcomes)
    every_item_ended_once(slow_server, outcomes, in_flight=SLOTS)
