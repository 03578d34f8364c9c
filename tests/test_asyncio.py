"""What is asyncio's own: its tasks, timeouts and groups, the end of asyncio.run, pytest-asyncio, uvloop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio
import respx

from cincopa_async import CincopaClient, UploadState
from cincopa_async.testing import FakeCincopa
from tests.conftest import QUICK_POLLS, QUICK_RETRIES, TOKEN
from tests.remote import COMPLETED, RUNNING, SOURCE, STARTED, Held, Remote
from tests.sockets.helpers import until


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


@pytest_asyncio.fixture
async def cincopa() -> AsyncIterator[CincopaClient]:
    """A client as a fixture of pytest-asyncio makes it: it may be left in another task than it was entered in."""
    async with CincopaClient(TOKEN, poll=QUICK_POLLS, retry=QUICK_RETRIES) as client:
        yield client


@pytest.mark.asyncio
async def test_client_of_an_async_fixture_uploads(cincopa: CincopaClient, remote: Remote) -> None:
    """A test of pytest-asyncio uses a client that its fixture has made."""
    remote.starts()
    remote.says(RUNNING, COMPLETED)

    assert (await cincopa.upload_from_url(SOURCE)).rid == "R1"


@pytest.mark.asyncio
async def test_start_works_as_any_coroutine(cincopa: CincopaClient, remote: Remote) -> None:
    """create_task, wait_for, gather and a TaskGroup take a start as they take a coroutine."""
    start = remote.starts()
    task = asyncio.create_task(cincopa.start_upload(SOURCE))
    jobs = [await task, await asyncio.wait_for(cincopa.start_upload(SOURCE), 5)]
    jobs += await asyncio.gather(cincopa.start_upload(SOURCE), cincopa.start_upload(SOURCE))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(cincopa.start_upload(SOURCE))
    jobs.append(task.result())

    assert [job.status_id for job in jobs] == ["42"] * 5
    assert start.count == 5


@pytest.mark.asyncio
async def test_wait_for_aborts_the_upload_it_gives_up(cincopa: CincopaClient, remote: Remote) -> None:
    """TimeoutError comes when the upload is aborted."""
    remote.starts()
    remote.says(RUNNING)
    abort = remote.aborts()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cincopa.upload_from_url(SOURCE), 0.05)

    assert abort.count == 1


@pytest.mark.asyncio
async def test_wait_for_aborts_the_upload_whose_start_it_gives_up(cincopa: CincopaClient, remote: Remote) -> None:
    """The start is let finish first: without its answer nobody would know what to abort."""
    held = Held(STARTED)
    remote.starts(held)
    remote.says(RUNNING)
    abort = remote.aborts()

    async def let_go() -> None:
        await held.asked.wait()
        await asyncio.sleep(0.05)
        held.let_go.set()

    releasing = asyncio.create_task(let_go())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cincopa.start_upload(SOURCE), 0.02)
    await releasing

    assert abort.count == 1


@pytest.mark.asyncio
async def test_timeout_around_a_block_aborts_its_upload(cincopa: CincopaClient, remote: Remote) -> None:
    """asyncio.timeout cancels natively: the block is left by that, and its upload aborted."""
    remote.starts()
    remote.says(RUNNING)
    abort = remote.aborts()

    async def follow(seen: list[UploadState]) -> None:
        async with asyncio.timeout(0.05), cincopa.start_upload(SOURCE) as job:
            async for status in job.watch():
                seen.append(status.state)  # noqa: PERF401 - what came before the timeout counts

    seen: list[UploadState] = []
    with pytest.raises(TimeoutError):
        await follow(seen)

    assert seen == [UploadState.IN_PROGRESS]
    assert abort.count == 1


@pytest.mark.asyncio
async def test_sibling_that_fails_aborts_the_upload_beside_it(cincopa: CincopaClient, remote: Remote) -> None:
    """The TaskGroup is left when the upload is aborted, with the sibling's error alone."""
    remote.starts()
    polls = remote.says(RUNNING)
    abort = remote.aborts()

    async def fail() -> None:
        await polls.asked(1)
        raise LookupError

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(cincopa.upload_from_url(SOURCE))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup) as caught:
        await both()

    assert [type(error) for error in caught.value.exceptions] == [LookupError]
    assert abort.count == 1


@pytest.mark.asyncio
async def test_task_that_is_cancelled_twice_leaves_at_once_and_closing_waits(remote: Remote) -> None:
    """The abort belongs to the client from then on: aclose() returns when it is through."""
    held = Held(STARTED)
    remote.says(RUNNING)
    abort = remote.aborts(held)
    cincopa = CincopaClient(TOKEN, poll=QUICK_POLLS)
    job = cincopa.resume_upload("42")
    waiter = asyncio.create_task(job.wait())
    await remote.polls.asked(1)
    waiter.cancel()
    await held.asked.wait()
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    closing = asyncio.create_task(cincopa.aclose())
    await asyncio.sleep(0)
    before = closing.done()
    held.let_go.set()
    await closing

    assert not before
    assert abort.count == 1
    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


def start_and_forget(cincopa: CincopaClient, held: Held) -> Callable[[], object]:
    async def main() -> None:
        _ = asyncio.create_task(cincopa.upload_from_url(SOURCE))  # noqa: RUF006 - forgotten on purpose
        await held.asked.wait()
        asyncio.get_running_loop().call_later(0.02, held.let_go.set)

    return lambda: asyncio.run(main())


def wait_and_forget(cincopa: CincopaClient, held: Held) -> Callable[[], object]:
    async def main() -> None:
        held.let_go.set()
        upload = asyncio.create_task(cincopa.upload_from_url(SOURCE))
        await asyncio.wait([upload], timeout=0.05)

    return lambda: asyncio.run(main())


@pytest.mark.parametrize("program", [start_and_forget, wait_and_forget])
def test_end_of_asyncio_run_aborts_what_a_client_that_nobody_closed_is_at(
    remote: Remote, program: Callable[[CincopaClient, Held], Callable[[], object]]
) -> None:
    """A program that forgets its client and its tasks leaves no upload behind."""
    held = Held(STARTED)
    remote.starts(held)
    remote.says(RUNNING)
    abort = remote.aborts()
    program(CincopaClient(TOKEN, poll=QUICK_POLLS), held)()

    assert abort.count == 1


def test_debug_mode_of_asyncio_finds_nothing_to_complain_about(
    remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    """No coroutine is forgotten, no call comes from a wrong thread, no step takes long enough to be told."""
    remote.starts()
    remote.says(RUNNING, COMPLETED)

    async def main() -> str:
        asyncio.get_running_loop().slow_callback_duration = 5
        async with CincopaClient(TOKEN, poll=QUICK_POLLS) as cincopa:
            return (await cincopa.upload_from_url(SOURCE)).rid

    assert asyncio.run(main(), debug=True) == "R1"
    assert not [record for record in caplog.records if record.name == "asyncio" and record.levelname != "DEBUG"]


@pytest.fixture
def uvloop_runner() -> Iterator[asyncio.Runner]:
    uvloop = pytest.importorskip("uvloop", reason="there is no uvloop for this platform")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop for Windows")
def test_upload_completes_and_is_aborted_on_uvloop(uvloop_runner: asyncio.Runner) -> None:
    """Over sockets: one upload completes, one is cancelled, and all connections are closed."""

    async def main() -> tuple[UploadState, int, int]:
        fake = FakeCincopa(TOKEN)
        held = SOURCE.replace("cat", "held")
        fake.add_source(SOURCE, b"c" * 100)
        fake.add_source(held, b"c" * 100)
        fake.hold(held)
        async with fake.serve() as server:
            async with server.client(poll=QUICK_POLLS) as cincopa:
                result = await cincopa.upload_from_url(SOURCE)
                task = asyncio.create_task(cincopa.upload_from_url(held))
                await until(lambda: fake.counts.uploads_running == 1, lambda: "it did not start")
                task.cancel()
                await asyncio.wait([task])
            await until(lambda: server.open_connections == 0, lambda: "a connection is open")
        return result.status.state, fake.counts.uploads_aborted, fake.counts.uploads_running

    assert uvloop_runner.run(main()) == (UploadState.COMPLETED, 1, 0)
