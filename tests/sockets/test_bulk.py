"""Batches over sockets: thousands at once, and an account that is closed to them in the middle."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest

from cincopa_async import BatchHaltedError, CincopaClient, PollPolicy
from cincopa_async.stores import SqliteStore
from cincopa_async.testing import FakeCincopa, FakeServer
from tests.batches import Account, fake_with
from tests.conftest import TOKEN
from tests.quick import QUICK_POLLS, QUICK_RETRIES, links
from tests.sockets.helpers import nothing_runs, quick_client, until

# `nox -s storm` asks for more.
STORM = int(os.environ.get("STORM_ITEMS", "300"))
REVOKED = int(os.environ.get("REVOKED_ITEMS", "200"))
pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]
SOURCE = "https://media.example/cat.mp4"


@pytest.fixture
def bulk_server() -> Iterator[FakeServer]:
    fake = fake_with(REVOKED, seconds=0.01)
    fake.add_source(SOURCE, b"cat")
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(fake.serve()) as server:
        yield server


@pytest.mark.skipif(sys.platform == "win32", reason="a process does not tell there how much memory it has had")
async def test_thousands_end_and_the_client_stays_small(
    bulk_server: FakeServer, anyio_backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All end, none fails for want of a connection, and the client's process grows by little."""
    name, options = anyio_backend
    monkeypatch.setenv("CINCOPA_BASE_URL", bulk_server.base_url)
    monkeypatch.setenv("CINCOPA_API_TOKEN", bulk_server.api_token)
    script = Path(__file__).with_name("storm.py")
    ran = await anyio.run_process(
        [sys.executable, str(script), name, json.dumps(options), SOURCE, str(STORM)], stderr=None
    )
    told = json.loads(ran.stdout)

    assert told["errors"] == []
    assert told["ended"] == STORM
    assert told["growth"] < 64 * 1024 * 1024
    assert bulk_server.fake.counts.uploads_completed == STORM
    await nothing_runs(bulk_server)


async def test_storm_of_refusals_ends_all_at_a_rate_that_falls_and_climbs() -> None:
    """A service that takes 20 calls a second refuses few of them, fails no item, and is not asked in vain."""
    count = 100
    fake = fake_with(count, rate_limit=20)
    poll = PollPolicy(first=0.05, floor=0.05, ceiling=1)
    async with fake.serve() as server:
        async with server.client(poll=poll) as cincopa, cincopa.upload_many(links(count), max_active=80) as batch:
            rates = [cincopa._life.pace.rate]
            async for outcome in batch:
                assert outcome.ok, outcome.error
                rates.append(cincopa._life.pace.rate)
        await nothing_runs(server)
    polls = sum(upload.polls for upload in fake._account.uploads.values())
    refused = fake.counts.requests.total() - count - polls
    falls = [number for number, (before, after) in enumerate(pairwise(rates), 1) if after < before]

    assert fake.counts.inputs == dict.fromkeys(links(count), 1)
    assert len(rates) == 1 + count
    assert polls <= 1.2 * count
    assert 0 < refused <= 64 + 0.1 * (count + polls)
    assert falls
    assert any(after > before for before, after in pairwise(rates[falls[0] :]))


async def test_token_revoked_in_the_middle_halts_and_a_rerun_ends_all(bulk_server: FakeServer, tmp_path: Path) -> None:
    """Nothing is marked failed and none is uploaded twice, for all that the first run had under way."""
    fake: FakeCincopa = bulk_server.fake
    store = SqliteStore(tmp_path / "runs.db")
    token = fake.issue_token()
    reason = ""
    ended = 0
    async with (
        CincopaClient(token, base_url=bulk_server.base_url, poll=QUICK_POLLS, retry=QUICK_RETRIES) as cincopa,
        anyio.create_task_group() as tasks,
    ):

        async def revoke() -> None:
            await until(lambda: fake.counts.uploads_completed >= REVOKED // 2, lambda: "uploads did not go on")
            fake.revoke_token(token)

        tasks.start_soon(revoke)
        try:
            async with cincopa.upload_many(links(REVOKED), store=store, max_active=16) as batch:
                async for outcome in batch:
                    assert outcome.ok
                    ended += 1
        except BatchHaltedError as error:
            reason = error.reason
    async with quick_client(bulk_server) as cincopa:
        outcomes = await Account(fake, cincopa).upload(links(REVOKED), store=store, max_active=16)

    assert "the token is refused" in reason
    assert 0 < ended < REVOKED
    assert len(outcomes) == REVOKED
    assert all(outcome.ok for outcome in outcomes)
    assert sum(outcome.from_store for outcome in outcomes) == ended
    assert set(fake.counts.inputs.values()) == {1}
    assert token != TOKEN
