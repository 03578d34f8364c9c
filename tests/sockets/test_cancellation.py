"""A cancel at any turn of the event loop leaves no upload running and no socket open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import anyio
import pytest

from cincopa_async import CincopaClient, ClientClosedError, UploadAbortedError, UploadJob
from cincopa_async.testing import FakeServer
from tests.sockets.helpers import BRIEF, CLIENTS, HELD, nothing_runs, quick_client, until
from tests.sockets.turns import HOWS, How, Turns, run_turns

MakeClient = Callable[[FakeServer], AbstractAsyncContextManager[CincopaClient]]
Act = Callable[[CincopaClient, UploadJob], Awaitable[object]]


async def watch(_: CincopaClient, job: UploadJob) -> None:
    async for _ in job.watch():
        pass


async def wait(_: CincopaClient, job: UploadJob) -> None:
    await job.wait()


async def abort(_: CincopaClient, job: UploadJob) -> None:
    await job.abort()


async def in_a_block(_: CincopaClient, job: UploadJob) -> None:
    async with job:
        await job.refresh()


@CLIENTS
@pytest.mark.parametrize("how", HOWS)
def test_start_cancelled_at_any_turn_leaves_no_upload(
    busy_server: FakeServer, how: How, make_client: MakeClient
) -> None:
    """Whenever the start is cancelled, the upload it may have made is aborted before the cancellation goes on."""

    async def scenario(turns: Turns) -> None:
        async with make_client(busy_server) as cincopa:
            job = await turns.cancelled_here(lambda: cincopa.start_upload(HELD))
            if job is not None:
                await job.abort()
            assert busy_server.fake.counts.uploads_running == 0
        await nothing_runs(busy_server)

    assert run_turns(how, scenario) > 5


@pytest.mark.parametrize("how", HOWS)
def test_bare_call_cancelled_at_any_turn_leaves_no_upload(busy_server: FakeServer, how: How) -> None:
    """The bare asset.upload_from_url is undone as well: nobody else could know the id of what it started."""

    async def scenario(turns: Turns) -> None:
        async with quick_client(busy_server) as cincopa:
            status_id = await turns.cancelled_here(lambda: cincopa.asset.upload_from_url(HELD))
            if status_id is not None:
                await cincopa.resume_upload(status_id).abort()
            assert busy_server.fake.counts.uploads_running == 0
        await nothing_runs(busy_server)

    assert run_turns(how, scenario) > 5


@CLIENTS
@pytest.mark.parametrize("how", HOWS)
def test_upload_from_url_cancelled_at_any_turn_leaves_no_upload(
    busy_server: FakeServer, how: How, make_client: MakeClient
) -> None:
    """Whenever a whole upload is cancelled, be it while it starts, sleeps or polls, it is aborted."""

    async def scenario(turns: Turns) -> None:
        async with make_client(busy_server) as cincopa:
            await turns.cancelled_here(lambda: cincopa.upload_from_url(BRIEF))
            assert busy_server.fake.counts.uploads_running == 0
        await nothing_runs(busy_server)

    assert run_turns(how, scenario) > 8


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("act", [wait, watch, abort, in_a_block])
def test_job_cancelled_at_any_turn_leaves_no_upload(busy_server: FakeServer, how: How, act: Act) -> None:
    """Whenever the only one who waits for a job is cancelled, the upload is aborted; an abort goes through."""

    async def scenario(turns: Turns) -> None:
        async with quick_client(busy_server) as cincopa:
            job = await cincopa.start_upload(HELD if act is abort else BRIEF)
            await turns.cancelled_here(lambda: act(cincopa, job))
            assert busy_server.fake.counts.uploads_running == 0
        await nothing_runs(busy_server)

    assert run_turns(how, scenario) > 3


@pytest.mark.parametrize("how", HOWS)
def test_closing_cancelled_at_any_turn_leaves_no_upload(busy_server: FakeServer, how: How) -> None:
    """Whenever aclose() is cancelled, the uploads that are waited for are aborted all the same."""

    async def scenario(turns: Turns) -> None:
        cincopa = quick_client(busy_server)
        job = await cincopa.start_upload(HELD)
        ends: list[Exception] = []

        async def wait() -> None:
            try:
                await job.wait()
            except (ClientClosedError, UploadAbortedError) as error:
                ends.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await until(lambda: job.status is not None, lambda: "no poll")
            await turns.cancelled_here(cincopa.aclose)
            await cincopa.aclose()

        assert [type(error) for error in ends] == [ClientClosedError]
        await nothing_runs(busy_server)

    assert run_turns(how, scenario) > 3


@pytest.mark.parametrize("how", HOWS)
def test_leaving_the_client_cancelled_at_any_turn_leaves_no_upload(busy_server: FakeServer, how: How) -> None:
    """A program that is cancelled anywhere between making its client and closing it leaves nothing behind."""

    async def program() -> None:
        async with quick_client(busy_server) as cincopa:
            await cincopa.upload_from_url(BRIEF)

    async def scenario(turns: Turns) -> None:
        await turns.cancelled_here(program)
        await nothing_runs(busy_server)

    assert run_turns(how, scenario) > 8


@pytest.mark.parametrize("how", HOWS)
def test_cold_call_cancelled_at_any_turn_leaves_the_client_able(busy_server: FakeServer, how: How) -> None:
    """A cancel while a connection is made, used or closed costs the client nothing: the next 100 calls succeed."""

    async def scenario(turns: Turns) -> None:
        async with quick_client(busy_server, max_concurrency=4) as cincopa:
            await turns.cancelled_here(cincopa.ping)
            with anyio.fail_after(20):
                async with anyio.create_task_group() as tasks:
                    for _ in range(100):
                        tasks.start_soon(cincopa.ping)
        await nothing_runs(busy_server)

    assert run_turns(how, scenario) > 5
