"""The end of a client: what is refused, what is waited for, and what is never left running."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import respx

from cincopa_async import (
    CincopaClient,
    ClientClosedError,
    PollPolicy,
    RetryPolicy,
    UploadJob,
    UploadState,
)
from cincopa_async.testing import FakeCincopa, FakeServer, MisbehavingServer
from tests.conftest import QUICK_POLLS, QUICK_RETRIES, TOKEN
from tests.remote import COMPLETED, RUNNING, SOURCE, STARTED, Held, Remote
from tests.sockets.helpers import until

pytestmark = pytest.mark.anyio
ASLEEP = PollPolicy(first=3600, ceiling=3600)
SUCCESS = {"success": True}


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


async def start_upload(client: CincopaClient) -> object:
    return await client.start_upload(SOURCE)


async def enter(client: CincopaClient) -> None:
    async with client:
        pytest.fail("entered")


async def iterate(client: CincopaClient) -> None:
    async for _ in client.asset.iter():
        pytest.fail("got an asset")


async def watch(client: CincopaClient) -> None:
    async for _ in client.resume_upload("42").watch():
        pytest.fail("got a status")


@pytest.mark.parametrize(
    "use",
    [
        CincopaClient.ping,
        start_upload,
        enter,
        iterate,
        watch,
        lambda client: client.call("x.y"),
        lambda client: client.asset.delete("R1"),
        lambda client: client.upload_from_url(SOURCE),
        lambda client: client.resume_upload("42").refresh(),
        lambda client: client.resume_upload("42").wait(),
        lambda client: client.resume_upload("42").abort(),
    ],
    ids=["ping", "start", "enter", "iter", "watch", "call", "delete", "upload", "refresh", "wait", "abort"],
)
async def test_closed_client_says_that_it_is_closed(use: Callable[[CincopaClient], Awaitable[object]]) -> None:
    """Whatever is asked of it, the error is the same sentence, which says what to do."""
    client = CincopaClient(TOKEN, poll=QUICK_POLLS)
    await client.aclose()
    with pytest.raises(ClientClosedError, match=r"^this CincopaClient is closed; make a new one, or keep it open"):
        await use(client)


async def test_client_is_closed_when_its_block_is_left(remote: Remote) -> None:
    """The client's repr says in which state it is, and nothing else."""
    remote.route("GET", "ping", (SUCCESS,))
    async with CincopaClient(TOKEN) as client:
        await client.ping()
        within = repr(client)

    assert within == "<CincopaClient open>"
    assert repr(client) == "<CincopaClient closed>"
    with pytest.raises(ClientClosedError):
        await client.ping()


async def test_entering_is_optional(remote: Remote) -> None:
    """A client is used as it is made, and closed by aclose()."""
    remote.route("GET", "ping", (SUCCESS,))
    client = CincopaClient(TOKEN)
    await client.ping()
    await client.aclose()

    assert repr(client) == "<CincopaClient closed>"


async def test_closing_again_is_harmless(remote: Remote) -> None:
    """However often, and also if it was never used."""
    client = CincopaClient(TOKEN)
    for _ in range(3):
        await client.aclose()

    assert repr(client) == "<CincopaClient closed>"


async def test_closing_from_several_tasks_ends_for_all_at_once(remote: Remote) -> None:
    """Whoever comes second waits until the first is through."""
    held = Held(SUCCESS)
    remote.route("GET", "ping", (held,))
    client = CincopaClient(TOKEN)
    states: list[str] = []

    async def close() -> None:
        await client.aclose()
        states.append(repr(client))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.ping)
        await held.asked.wait()
        for _ in range(5):
            tasks.start_soon(close)
        await anyio.wait_all_tasks_blocked()
        assert states == []
        held.let_go.set()

    assert states == ["<CincopaClient closed>"] * 5


async def test_client_is_entered_in_one_task_and_left_in_another(remote: Remote) -> None:
    """As async fixtures do: nothing is bound to the task that entered."""
    remote.route("GET", "ping", (SUCCESS,))
    client = CincopaClient(TOKEN)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.__aenter__)
    await client.ping()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.__aexit__, None, None, None)

    assert repr(client) == "<CincopaClient closed>"


async def test_calls_under_way_end_and_calls_in_the_queue_do_not_begin(remote: Remote) -> None:
    """What was sent gets its answer; what was not is refused at once, and never sent."""
    held = Held({"success": True, "ping": "pong"})
    pings = remote.route("GET", "ping", (held,))
    client = CincopaClient(TOKEN, max_concurrency=1)
    ends: list[object] = []

    async def ping() -> None:
        try:
            ends.append((await client.ping()).ping)
        except ClientClosedError:
            ends.append("closed")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ping)
        await held.asked.wait()
        for _ in range(3):
            tasks.start_soon(ping)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(client.aclose)
        await anyio.wait_all_tasks_blocked()
        assert ends == ["closed"] * 3
        held.let_go.set()

    assert ends == ["closed"] * 3 + ["pong"]
    assert pings.count == 1


async def test_call_between_its_tries_is_not_sent_again_once_the_client_is_closed(remote: Remote) -> None:
    """A fault that would have been met by another attempt ends in ClientClosedError."""
    pings = remote.route("GET", "ping", (httpx.ReadError,))
    client = CincopaClient(TOKEN, retry=RetryPolicy(attempts=1000, base_delay=0.05, max_delay=0.05))
    errors: list[ClientClosedError] = []

    async def ping() -> None:
        with pytest.raises(ClientClosedError) as caught:
            await client.ping()
        errors.append(caught.value)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ping)
        await pings.asked(1)
        await client.aclose()

    assert len(errors) == 1


@pytest.mark.parametrize(("on_cancel", "aborts"), [("abort", 1), ("detach", 0)])
async def test_closing_wakes_every_wait_and_its_policy_acts(remote: Remote, on_cancel: Any, aborts: int) -> None:
    """All who wait for a job get ClientClosedError, and the upload is aborted, or left to whoever resumes it."""
    script = None
    if aborts:
        remote.says(RUNNING)
        script = remote.aborts()
    client = CincopaClient(TOKEN, poll=ASLEEP)
    job = client.resume_upload("42", on_cancel=on_cancel)
    ends: list[str] = []

    async def wait(act: Callable[[], Awaitable[object]]) -> None:
        with pytest.raises(ClientClosedError):
            await act()
        ends.append("closed")

    async def watch_job() -> None:
        async for _ in job.watch():
            pass

    async with anyio.create_task_group() as tasks:
        for act in (job.wait, job.wait, watch_job):
            tasks.start_soon(wait, act)
        await anyio.wait_all_tasks_blocked()
        await client.aclose()

    assert ends == ["closed"] * 3
    assert (script.count if script else 0) == aborts


async def test_wait_that_the_closing_woke_stays_closed(remote: Remote) -> None:
    """Asked again the job says the same, though its status tells that it was aborted."""
    remote.says(RUNNING)
    remote.aborts()
    client = CincopaClient(TOKEN, poll=ASLEEP)
    async with client.resume_upload("42") as job:
        await client.aclose()
        with pytest.raises(ClientClosedError):
            await job.wait()

    assert job.status is not None
    assert job.status.state is UploadState.ABORTED


async def test_closing_leaves_uploads_alone_that_nobody_waits_for(remote: Remote) -> None:
    """A script that only starts uploads, and ends, is not what aborting is for."""
    starts = remote.starts()
    async with CincopaClient(TOKEN) as client:
        job = await client.start_upload(SOURCE)

    assert job.status_id == "42"
    assert starts.count == 1


async def test_closing_leaves_uploads_alone_that_nobody_waits_for_any_more(remote: Remote) -> None:
    """Whoever left the loop over the statuses by a break has not asked for an abort, and does not wait."""
    polls = remote.says(RUNNING)
    async with CincopaClient(TOKEN, poll=QUICK_POLLS) as client:
        job = client.resume_upload("42")
        async for _ in job.watch():
            break

    assert polls.count == 1


async def test_closing_leaves_an_upload_alone_that_has_ended(remote: Remote) -> None:
    """A block that holds a completed job has nothing to abort; its result is there after the close."""
    remote.says(COMPLETED)
    client = CincopaClient(TOKEN, poll=QUICK_POLLS)
    async with client.resume_upload("42") as job:
        await job.wait()
        await client.aclose()

    assert (await job.wait()).rid == "R1"


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
async def test_start_in_flight_when_the_client_closes_is_aborted(remote: Remote, on_cancel: Any) -> None:
    """Its answer is waited for, its upload aborted, and the caller told that the client is closed."""
    held = Held(STARTED)
    remote.starts(held)
    remote.says(RUNNING)
    abort = remote.aborts()
    client = CincopaClient(TOKEN, poll=QUICK_POLLS)
    errors: list[ClientClosedError] = []

    async def upload() -> None:
        with pytest.raises(ClientClosedError) as caught:
            await client.start_upload(SOURCE, on_cancel=on_cancel)
        errors.append(caught.value)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(upload)
        await held.asked.wait()
        tasks.start_soon(client.aclose)
        await anyio.wait_all_tasks_blocked()
        held.let_go.set()

    assert [error.maybe_applied for error in errors] == [True]
    assert abort.count == 1
    assert repr(client) == "<CincopaClient closed>"


async def test_abort_is_admitted_while_the_client_closes(remote: Remote) -> None:
    """What ends an upload is let through as long as connections are open."""
    held = Held(SUCCESS)
    remote.route("GET", "ping", (held,))
    remote.says(RUNNING)
    remote.aborts()
    client = CincopaClient(TOKEN)
    job = client.resume_upload("42")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.ping)
        await held.asked.wait()
        tasks.start_soon(client.aclose)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(ClientClosedError):
            await job.refresh()
        last = await job.abort()
        held.let_go.set()

    assert last.state is UploadState.ABORTED


async def test_wait_that_begins_while_the_client_closes_is_told_at_once(remote: Remote) -> None:
    """It gets ClientClosedError and its policy acts, as if it had begun before."""
    held = Held(SUCCESS)
    remote.route("GET", "ping", (held,))
    remote.says(RUNNING)
    abort = remote.aborts()
    client = CincopaClient(TOKEN, poll=ASLEEP)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.ping)
        await held.asked.wait()
        tasks.start_soon(client.aclose)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(ClientClosedError):
            await client.resume_upload("42").wait()
        held.let_go.set()

    assert abort.count == 1


async def test_cancelled_closing_is_not_cut_short(remote: Remote) -> None:
    """Leaving a program by a cancel aborts what its client was at, all the same."""
    held = Held(STARTED)
    remote.says(RUNNING)
    abort = remote.aborts(held)
    client = CincopaClient(TOKEN, poll=ASLEEP)

    async def wait(job: UploadJob) -> None:
        with pytest.raises(ClientClosedError):
            await job.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, client.resume_upload("42"))
        await anyio.wait_all_tasks_blocked()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as inner:
                inner.start_soon(client.aclose)
                await held.asked.wait()
                scope.cancel()
                held.let_go.set()

    assert abort.count == 1
    assert repr(client) == "<CincopaClient closed>"


@pytest.mark.parametrize("kind", ["own connections", "given transport"])
async def test_closing_at_any_turn_of_an_upload_leaves_none_running(kind: str) -> None:
    """Whenever the client is closed, be it in the very turn between a start and its wait, no upload is left."""
    for turns in range(80):
        fake = FakeCincopa(TOKEN)
        fake.add_source(SOURCE, b"c" * 100)
        fake.hold(SOURCE)
        with respx.mock(base_url="http://fake.test/", assert_all_called=False) as router:
            router.route().mock(side_effect=respx.ASGIHandler(fake))
            client = (
                CincopaClient(TOKEN, base_url="http://fake.test/v2/", poll=QUICK_POLLS, retry=QUICK_RETRIES)
                if kind == "own connections"
                else fake.client(poll=QUICK_POLLS, retry=QUICK_RETRIES)
            )
            async with fake, anyio.create_task_group() as tasks:
                tasks.start_soon(upload_until_closed, client)
                for _ in range(turns):
                    await anyio.lowlevel.checkpoint()
                await client.aclose()

                assert fake.counts.uploads_running == 0, f"closed at turn {turns}"


async def upload_until_closed(client: CincopaClient) -> None:
    with pytest.raises(ClientClosedError):
        await client.upload_from_url(SOURCE)


async def test_closing_closes_every_connection(server: FakeServer) -> None:
    """Own connections are closed, those that are idle too."""
    async with server.client() as client:
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(client.ping)
        opened = server.open_connections
    await until(lambda: server.open_connections == 0, lambda: "a connection is open")

    assert opened > 0


async def test_call_that_the_closing_gives_up_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that falls silent cannot hold a program up: connections are closed, and calls end at once."""
    monkeypatch.setattr("cincopa_async._life.PATIENCE", 0.1)
    errors: dict[str, ClientClosedError] = {}
    async with MisbehavingServer() as server:
        server.fault("silence")
        client = CincopaClient(TOKEN, base_url=server.base_url)

        async def call(name: str, act: Callable[[], Awaitable[object]]) -> None:
            with pytest.raises(ClientClosedError) as caught:
                await act()
            errors[name] = caught.value

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, "read", client.ping)
            tasks.start_soon(call, "write", lambda: client.call("gallery.create", method="POST"))
            tasks.start_soon(call, "start", lambda: client.start_upload(SOURCE))
            await until(lambda: server.requests.total() == 3, lambda: "not all calls came")
            with anyio.fail_after(5):
                await client.aclose()

    assert {name: error.maybe_applied for name, error in errors.items()} == {
        "read": False,
        "write": True,
        "start": True,
    }


def test_second_event_loop_is_adopted_when_the_first_is_gone() -> None:
    """asyncio.run twice with one client: the second makes connections of its own."""
    fake = FakeCincopa(TOKEN)
    client = fake.client()

    async def main() -> str | None:
        return (await client.ping()).ping

    pongs = [asyncio.run(main()), asyncio.run(main()), anyio.run(main, backend="trio")]
    asyncio.run(client.aclose())

    assert pongs == ["pong"] * 3
    assert repr(client) == "<CincopaClient closed>"


def test_job_of_a_loop_that_is_gone_is_waited_for_in_another(remote: Remote) -> None:
    """A notebook awaits a cell at a time."""
    remote.starts()
    remote.says(RUNNING, COMPLETED)
    client = CincopaClient(TOKEN, poll=QUICK_POLLS)

    async def start() -> UploadJob:
        job = await client.start_upload(SOURCE, on_cancel="detach")
        await job.refresh()
        return job

    async def wait(job: UploadJob) -> str:
        async with client:
            return (await job.wait()).rid

    assert asyncio.run(wait(asyncio.run(start()))) == "R1"


def test_token_that_is_asked_for_is_no_matter_of_the_loop(remote: Remote) -> None:
    """A callable token serves a second loop as well."""
    remote.route("GET", "ping", (SUCCESS,))
    asked: list[str] = []

    async def source() -> str:
        asked.append("asked")
        return TOKEN

    client = CincopaClient(source)
    for _ in range(2):
        asyncio.run(ping(client))
    asyncio.run(client.aclose())

    assert asked == ["asked"]


async def ping(client: CincopaClient) -> None:
    await client.ping()


def test_client_in_use_in_two_loops_at_once_says_what_to_do(remote: Remote) -> None:
    """Connections belong to a loop: the second gets a RuntimeError with the advice, the first goes on."""
    let_go = threading.Event()
    under_way = threading.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        under_way.set()
        await asyncio.to_thread(let_go.wait, 10)
        return httpx.Response(200, json={"success": True, "ping": "pong"})

    client = CincopaClient(TOKEN, transport=httpx.MockTransport(answer))
    pongs: list[str | None] = []

    async def first() -> None:
        pongs.append((await client.ping()).ping)

    thread = threading.Thread(target=lambda: asyncio.run(first()))
    thread.start()
    try:
        assert under_way.wait(10)
        for second in (ping(client), client.__aenter__(), client.aclose()):
            with pytest.raises(RuntimeError, match=r"^this CincopaClient is in use in another event loop; make one"):
                asyncio.run(second)
    finally:
        let_go.set()
        thread.join()

    assert pongs == ["pong"]
    assert repr(client) == "<CincopaClient open>"


@pytest.mark.own_connections
def test_closing_in_a_second_loop_says_nothing_of_the_first() -> None:
    """A client whose loop is gone is closed without an error; that its sockets were left open is Python's to say."""
    with anyio.from_thread.start_blocking_portal() as portal, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        server = FakeCincopa(TOKEN).serve()
        with portal.wrap_async_context_manager(server):
            client = server.client()
            asyncio.run(ping(client))
            asyncio.run(client.aclose())
            gc.collect()

    assert repr(client) == "<CincopaClient closed>"
