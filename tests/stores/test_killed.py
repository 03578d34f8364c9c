"""Processes that are killed in the middle of their work, and what the next ones find."""

from __future__ import annotations

import collections
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cincopa_async import UploadRecord, UploadStore
from tests.stores.homes import File, Redis

WORKER = Path(__file__).parent / "worker.py"
ITEMS = 120

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("workers", "kills"), [(1, 3), (4, 2)])
async def test_killed_workers_start_each_item_once(
    durable: File | Redis, workers: int, kills: int, tmp_path: Path
) -> None:
    """
    Killed at random moments and run again, by one process or four at once: each item is started exactly once, but for
    those that are reported unknown, and each one that was started comes to its end.
    """
    place = durable.path if isinstance(durable, File) else durable.url
    prefix = "" if isinstance(durable, File) else durable.prefix
    log = tmp_path / "log"
    for _ in range(kills):
        kill_at_random([start(place, prefix, log) for _ in range(workers)], log)
    for worker in [start(place, prefix, log) for _ in range(workers)]:
        assert worker.wait(60) == 0

    records = await all_of(durable.store())
    starts = collections.Counter(line.split()[1] for line in lines(log) if line.startswith("start "))
    assert len(records) == ITEMS
    assert set(starts.values()) <= {1}
    assert {record.state for record in records} <= {"ended", "reserved"}
    # An unknown one may have been killed on either side of its request; none of the others may.
    assert {record.key for record in records if record.state == "ended"} <= set(starts)
    assert len(starts) >= ITEMS - sum(record.state == "reserved" for record in records)
    assert all(record.rid == f"rid of {record.status_id}" for record in records if record.state == "ended")


def start(place: str | Path, prefix: str, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(WORKER), str(place), prefix, str(log), str(ITEMS)]
    return subprocess.Popen(command)


def kill_at_random(workers: list[subprocess.Popen[bytes]], log: Path) -> None:
    """Kill them when they have done some more deeds, wherever they are then."""
    deeds = len(lines(log)) + random.randint(0, 20 * len(workers))
    deadline = time.monotonic() + 60
    while len(lines(log)) < deeds and any(worker.poll() is None for worker in workers):
        assert time.monotonic() < deadline, "the workers do nothing"
        time.sleep(random.uniform(0, 0.002))
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.wait(60)


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


async def all_of(store: UploadStore) -> list[UploadRecord]:
    async with store:
        return [record async for record in store.records()]
