"""`cincopa contract --plan` lists what a run then sends."""

from __future__ import annotations

import socket
from itertools import groupby

import anyio
import httpx
import pytest

from cincopa_async import CincopaClient
from cincopa_async.cli._contract_plan import FILE, HOOK, SOURCE, HastyLoop, Overheard, planned
from cincopa_async.testing import FakeCincopa, check_contract

Rows = list[tuple[str, ...]]


class OnSockets(Overheard):
    """Files too go by it, for it looks as if it stayed in the process."""

    def __init__(self, fake: FakeCincopa) -> None:
        super().__init__(fake)
        self.way = httpx.AsyncHTTPTransport()

    async def pass_on(self, request: httpx.Request) -> httpx.Response:
        return await self.way.handle_async_request(request)


async def sent(read_only: bool, source: bool, hook: bool) -> Rows:
    """Make a run over a socket, in the time that it takes, and give what it has sent."""
    fake = FakeCincopa()
    fake.add_source(SOURCE, FILE, seconds=1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    here = f"http://127.0.0.1:{port}/HOOK"
    async with fake.serve() as server:
        overheard = OnSockets(fake)
        async with (
            overheard.way,
            CincopaClient(server.api_token, base_url=server.base_url, transport=overheard) as cincopa,
        ):
            await cincopa.ping()
            await check_contract(
                cincopa,
                read_only=read_only,
                source=SOURCE if source else None,
                hook_url=here if hook else None,
                hook_port=port if hook else None,
            )
    return [tuple(cell.replace(here, HOOK) for cell in row) for row in overheard.rows()]


def without_repetition(rows: Rows) -> Rows:
    """The same, for how often an upload is asked for is a matter of time."""
    return [row for row, _ in groupby(rows)]


@pytest.mark.parametrize(("read_only", "source", "hook"), [(True, False, False), (False, True, True)])
def test_run_sends_what_its_plan_lists(read_only: bool, source: bool, hook: bool) -> None:
    """Request by request, in the same order, with the same parameters; to a service that is as believed."""
    plan = anyio.run(planned, read_only, source, hook, backend_options={"loop_factory": HastyLoop})
    run = anyio.run(sent, read_only, source, hook)

    assert without_repetition(run) == without_repetition(plan)


def test_link_to_an_archive_has_a_name() -> None:
    """As ids have: nothing of it is shown, though an id is part of it."""
    plan = anyio.run(planned, False, False, False, backend_options={"loop_factory": HastyLoop})

    inputs = {row[2] for row in plan if row[1] == "asset.upload_from_url" and "input=http" not in row[2]}
    assert any("input=ARCHIVE" in parameters for parameters in inputs)
    assert not any("/archive/" in cell for row in plan for cell in row)
