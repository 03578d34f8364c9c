"""Many tasks at once, cancelled in the ways that programs are cancelled, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import pytest

from cincopa_async import (
    CincopaClient,
    ClientClosedError,
    PollPolicy,
    TransportError,
    UploadJob,
    UploadTimeoutError,
)
from cincopa_async.testing import FakeServer
from tests.sockets.helpers import BRIEF, HELD, nothing_runs, quick_client, until

WAITS = int(os.environ.get("STORM_WAITS", "1000"))
SLOW_POLLS = PollPolicy(first=0.2, floor=1, ceiling=30)


@pytest.fixture
async def cincopa(busy_server: FakeServer) -> AsyncIterator[CincopaClient]:
    async with quick_client(busy_server) as client:
        yield client
    await nothing_runs(busy_server)


async def polled_once(job: UploadJob) -> None:
    await until(lambda: job.status is not None, lambda: "no poll came")


@pytest.mark.asyncio
async def test_asyncio_timeout_aborts_the_upload_it_cuts_off(busy_server: FakeServer) -> None:
    """Under asyncio.timeout the upload is aborted by the time that TimeoutError is raised."""
    async with quick_client(busy_server) as cincopa:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await cincopa.upload_from_url(HELD)

        assert busy_server.fake.counts.uploads_running == 0
        assert busy_server.fake.counts.uploads_aborted == 1
    await nothing_runs(busy_server)


@pytest.mark.asyncio
async def test_failing_sibling_in_a_task_group_aborts_the_uploads_beside_it(busy_server: FakeServer) -> None:
    """When one task of an asyncio.TaskGroup fails, the uploads of the others are aborted before the group is left."""
    async with quick_client(busy_server) as cincopa:

        async def fail_when_all_run() -> None:
            await until(lambda: busy_server.fake.counts.uploads_running == 5, lambda: "uploads did not start")
            raise LookupError

        async def upload_beside_a_failure() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(cincopa.upload_from_url(HELD))
                group.create_task(fail_when_all_run())

        with pytest.raises(ExceptionGroup) as caught:
            await upload_beside_a_failure()

        assert caught.group_contains(LookupError)
        assert busy_server.fake.counts.uploads_aborted == 5
    await nothing_runs(busy_server)


@pytest.mark.asyncio
async def test_cancel_in_the_instant_of_the_post_aborts_what_it_made(busy_server: FakeServer) -> None:
    """A task cancelled when the server has acted and its answer is on the way waits for the id, and aborts."""
    busy_server.fake.quirk("latency_after", call="asset.upload_from_url", seconds=0.1)
    async with quick_client(busy_server) as cincopa:
        task = asyncio.create_task(cincopa.upload_from_url(HELD))
        await until(lambda: busy_server.fake.counts.uploads_started == 1, lambda: "the POST did not arrive")
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        assert busy_server.fake.counts.uploads_running == 0
    await nothing_runs(busy_server)


@pytest.mark.asyncio
async def test_second_cancel_leaves_at_once_and_the_abort_goes_on(busy_server: FakeServer) -> None:
    """Who cancels twice is let go at once; the client keeps the work, and closing it waits for that."""
    busy_server.fake.quirk("latency_after", call="asset.upload_from_url", seconds=0.3)
    async with quick_client(busy_server) as cincopa:
        task = asyncio.create_task(cincopa.upload_from_url(HELD))
        await until(lambda: busy_server.fake.counts.uploads_started == 1, lambda: "the POST did not arrive")
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        left_at_once = busy_server.fake.counts.uploads_running == 1
    assert left_at_once
    assert busy_server.fake.counts.uploads_running == 0
    await nothing_runs(busy_server)


@pytest.mark.asyncio
async def test_second_cancel_of_a_wait_leaves_at_once_and_the_abort_goes_on(busy_server: FakeServer) -> None:
    """The same while an upload that was polled is aborted: the second cancel leaves, the abort goes through."""
    busy_server.fake.quirk("latency", call="asset.upload_from_url_abort", seconds=0.3)
    async with quick_client(busy_server) as cincopa:
        job = await cincopa.start_upload(HELD)
        task = asyncio.create_task(job.wait())
        await polled_once(job)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        left_at_once = busy_server.fake.counts.uploads_running == 1
    assert left_at_once
    assert busy_server.fake.counts.uploads_running == 0
    await nothing_runs(busy_server)


@pytest.mark.asyncio
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_asyncio_run_that_ends_with_an_open_client_leaves_no_upload(busy_server: FakeServer) -> None:
    """asyncio.run cancels what is left when main returns: the uploads of a client that nobody closed are aborted."""
    busy_server.fake.quirk("latency_after", call="asset.upload_from_url", seconds=0.1)

    async def main() -> None:
        cincopa = quick_client(busy_server)
        asyncio.create_task(cincopa.upload_from_url(HELD))  # noqa: RUF006 - forgotten on purpose
        await until(lambda: busy_server.fake.counts.uploads_started == 1, lambda: "the POST did not arrive")

    await asyncio.to_thread(asyncio.run, main())
    gc.collect()  # Here, and not in a later test, Python warns of the sockets that nobody closed.

    assert busy_server.fake.counts.uploads_running == 0


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["reset", "reset_after", "server_error", "html_502", "truncated_json", "empty_body"])
async def test_abort_that_meets_a_fault_is_sent_again(
    cincopa: CincopaClient, busy_server: FakeServer, fault: str
) -> None:
    """A wait that times out aborts its upload although the first abort meets a fault that passes."""
    busy_server.fake.quirk(fault, call="asset.upload_from_url_abort", nth=1)
    job = await cincopa.start_upload(HELD)
    with pytest.raises(UploadTimeoutError) as caught:
        await job.wait(timeout=0.05)

    assert busy_server.fake.counts.uploads_running == 0
    assert caught.value.status is not None
    assert caught.value.status.state.value == "aborted"


@pytest.mark.anyio
async def test_closing_right_after_a_cancel_waits_for_the_abort(busy_server: FakeServer) -> None:
    """Whoever closes the client in the turn of a cancel finds no upload running when it is closed."""
    cincopa = quick_client(busy_server)

    async def wait() -> None:
        with suppress(ClientClosedError):  # Of the two that come at once it may see this one first.
            await job.wait()

    async with anyio.create_task_group() as tasks:
        job = await cincopa.start_upload(HELD)
        tasks.start_soon(wait)
        await polled_once(job)
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await cincopa.aclose()
    assert busy_server.fake.counts.uploads_running == 0
    await nothing_runs(busy_server)


@pytest.mark.anyio
async def test_closing_aborts_all_that_is_waited_for(busy_server: FakeServer) -> None:
    """Closing the client wakes every wait, whose upload is aborted, and each learns that the client is closed."""
    cincopa = quick_client(busy_server, poll=SLOW_POLLS)
    ends: list[str] = []

    async def wait(job: UploadJob) -> None:
        try:
            await job.wait()
        except ClientClosedError:
            ends.append("closed")

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(wait, await cincopa.start_upload(HELD))
        await cincopa.aclose()
    assert ends == ["closed"] * 50
    assert busy_server.fake.counts.uploads_running == 0
    await nothing_runs(busy_server)


@pytest.mark.anyio
@pytest.mark.parametrize(("anyio_backend", "many"), [("asyncio", WAITS), ("trio", WAITS // 2)])  # Trio takes its time.
@pytest.mark.timeout(180)
async def test_thousands_of_waits_cancelled_at_once_leave_none_running(
    cincopa: CincopaClient, busy_server: FakeServer, caplog: pytest.LogCaptureFixture, many: int
) -> None:
    """When thousands of waits are cancelled in one instant, each upload is aborted before the cancellation goes on."""
    caplog.set_level(logging.INFO, "httpcore")  # Its 200,000 records would take most of the time.
    jobs: list[UploadJob] = []
    limit = anyio.CapacityLimiter(200)

    async def start() -> None:
        async with limit:
            jobs.append(await cincopa.start_upload(HELD, poll=PollPolicy(first=600, ceiling=600)))

    async with anyio.create_task_group() as tasks:
        for _ in range(many):
            tasks.start_soon(start)
    async with anyio.create_task_group() as tasks:
        for job in jobs:
            tasks.start_soon(job.wait)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()

    assert busy_server.fake.counts.uploads_started == many
    assert busy_server.fake.counts.uploads_running == 0
    assert busy_server.fake.counts.uploads_aborted == many


@pytest.mark.anyio
async def test_polls_go_on_beside_tasks_that_call_without_pause(busy_server: FakeServer) -> None:
    """A job's polls are not starved by 200 tasks that call without ever pausing, nor do they starve those."""
    async with quick_client(busy_server, max_concurrency=8) as cincopa:
        job = await cincopa.start_upload(HELD, poll=PollPolicy(first=0.01, floor=0.01, ceiling=0.01))
        polls = 0

        async def call() -> None:
            while True:
                await cincopa.ping()

        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(call)
            with anyio.fail_after(30):
                while polls < 3:
                    await job.refresh()
                    polls += 1
            tasks.cancel_scope.cancel()
        await job.abort()

    assert busy_server.fake.counts.requests["ping"] > 200
    await nothing_runs(busy_server)


@pytest.mark.anyio
async def test_two_hundred_uploads_at_once_all_complete(cincopa: CincopaClient, busy_server: FakeServer) -> None:
    """200 uploads of one client at once end with an asset each, no two with the same."""
    rids: set[str] = set()

    async def upload() -> None:
        rids.add((await cincopa.upload_from_url(BRIEF)).rid)

    async with anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(upload)

    assert len(rids) == 200
    assert busy_server.fake.counts.uploads_started == 200
    assert {asset.rid async for asset in cincopa.asset.iter(items_per_page=30)} == rids


@pytest.mark.anyio
@pytest.mark.parametrize(
    "fault", ["reset_after", "html_502_after", "server_error_after", "truncated_json", "empty_body"]
)
async def test_start_whose_answer_is_lost_is_never_sent_twice(
    cincopa: CincopaClient, busy_server: FakeServer, fault: str
) -> None:
    """Where the server acted and its answer was lost, the error says so, and no source is started twice."""
    busy_server.fake.quirk(fault, call="asset.upload_from_url", every=2)
    errors: list[Exception] = []
    for number in range(10):
        url = BRIEF.replace("brief", f"brief-{number}")
        busy_server.fake.add_source(url, b"x")
        try:
            await cincopa.upload_from_url(url)
        except Exception as error:  # noqa: BLE001 - looked at below
            errors.append(error)

    assert len(errors) == 5
    assert all(getattr(error, "maybe_applied", None) is True for error in errors)
    assert isinstance(errors[0], TransportError) == (fault == "reset_after")
    assert set(busy_server.fake.counts.inputs.values()) == {1}


@pytest.mark.anyio
async def test_random_cancels_cost_no_connection(busy_server: FakeServer) -> None:
    """After 2,000 calls cancelled at random moments, 64 calls at once succeed on 64 connections."""
    async with quick_client(busy_server, max_concurrency=64) as cincopa:

        async def cancelled_soon(after: float) -> None:
            with anyio.move_on_after(after):
                await cincopa.ping()

        for batch in range(10):
            async with anyio.create_task_group() as tasks:
                for number in range(200):
                    tasks.start_soon(cancelled_soon, 0.0003 * ((number * 37 + batch) % 200))
        # None is answered before all are sent, even on a busy machine.
        busy_server.fake.quirk("latency", call="ping", seconds=2)
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                for _ in range(64):
                    tasks.start_soon(cincopa.ping)
                await until(lambda: busy_server.open_connections >= 64, lambda: "not 64 connections")
    await nothing_runs(busy_server)
