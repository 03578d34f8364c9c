"""An event wakes the jobs that somebody waits for: when they poll, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from itertools import pairwise
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
import respx
from anyio import wait_all_tasks_blocked
from trio.testing import MockClock

from cincopa_async import CincopaClient, PollPolicy, UploadJob, UploadResult, WebhookReceiver
from tests.conftest import TOKEN
from tests.posting import post, receiver
from tests.remote import COMPLETED, RUNNING, Held, Remote, Script, status

pytestmark = pytest.mark.anyio
HOURLY = PollPolicy(first=0.3, floor=2, ceiling=3600, growth=10, jitter=0, stall_timeout=6 * 3600)
"""Polls after 0.3, 2.3, 22 and 222 seconds, then half an hour later, then hourly."""
SETTLED = [RUNNING] * 4
UPLOADED = {"event": "asset.uploaded", "drid": "R1"}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "trio", {"clock": MockClock(autojump_threshold=0)}


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


@pytest.fixture
async def cincopa() -> AsyncIterator[CincopaClient]:
    async with CincopaClient(TOKEN, poll=HOURLY) as client:
        yield client


@pytest.fixture
async def hooks(cincopa: CincopaClient) -> AsyncIterator[WebhookReceiver]:
    hooks = receiver()
    hooks.wakes(cincopa)
    async with hooks:
        yield hooks


async def settled(polls: Script) -> float:
    """Return when jobs have polled four times each, and the time then: the next poll is half an hour away."""
    await anyio.sleep(300)
    assert polls.count % 4 == 0
    return anyio.current_time()


async def test_job_that_would_poll_in_half_an_hour_ends_at_once(
    cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver
) -> None:
    """The event makes it poll, and the poll says that the upload has completed."""
    polls = remote.says(*SETTLED, COMPLETED)
    results: list[UploadResult] = []

    async def wait() -> None:
        results.append(await cincopa.resume_upload("42").wait())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        begin = await settled(polls)
        assert (await post(hooks, UPLOADED)).status == 200
    took = anyio.current_time() - begin

    assert [result.rid for result in results] == ["R1"]
    assert polls.count == 5
    assert took < 0.1


async def test_poll_stays_the_truth(cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver) -> None:
    """An event by itself ends nothing; the job polls on as it would have, from that poll on."""
    polls = remote.says(*SETTLED, RUNNING, COMPLETED)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cincopa.resume_upload("42").wait)
        begin = await settled(polls)
        await post(hooks, UPLOADED)

    assert [time - begin for time in polls.times[4:]] == pytest.approx([0, 3600], abs=0.1)


async def test_events_wake_no_job_sooner_than_its_floor(
    cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver
) -> None:
    """A hundred events within ten seconds are no more than a poll every two seconds."""
    polls = remote.says(RUNNING)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cincopa.resume_upload("42", on_cancel="detach").wait)
        await settled(polls)
        for _ in range(100):
            await post(hooks, UPLOADED)
            await anyio.sleep(0.1)
        tasks.cancel_scope.cancel()

    woken = polls.times[4:]
    assert len(woken) == 6
    assert all(after - before >= 2 for before, after in pairwise(woken))


async def test_event_while_a_poll_is_under_way_has_another_follow(
    cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver
) -> None:
    """The answer on its way may be older than the news."""
    held = Held(RUNNING)
    polls = remote.says(*SETTLED, held, COMPLETED)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cincopa.resume_upload("42").wait)
        await settled(polls)
        await post(hooks, UPLOADED)
        await held.asked.wait()
        await post(hooks, UPLOADED)
        held.let_go.set()

    assert polls.times[5] - polls.times[4] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("event", "woken"),
    [
        (UPLOADED, True),
        (UPLOADED | {"event": "asset.synced"}, True),
        ({"drid": "R1"}, True),
        ({"event": "asset.uploaded", "filename": "cat.mp4"}, True),
        (UPLOADED | {"drid": "R2"}, False),
        ({"event": "gallery.updated", "fid": "F4", "rid": "R1"}, False),
        ({"event": "leads.new"}, False),
    ],
)
async def test_event_wakes_the_jobs_that_it_may_concern(
    cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver, event: dict[str, Any], *, woken: bool
) -> None:
    """Once a job's rid is known, events of other assets leave it alone; those of no asset always do."""
    polls = remote.says(*[status("inprogress", resid="R1")] * 4, COMPLETED)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cincopa.resume_upload("42").wait)
        begin = await settled(polls)
        await post(hooks, event)
    took = anyio.current_time() - begin

    assert took < 1 if woken else took > 1000


async def test_event_of_an_unknown_asset_wakes_a_job_that_does_not_know_its_own(
    cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver
) -> None:
    """Which of the uploads under way it is about nobody can say."""
    polls = remote.says(*SETTLED, COMPLETED)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cincopa.resume_upload("42").wait)
        begin = await settled(polls)
        await post(hooks, UPLOADED | {"drid": "R7"})

    assert anyio.current_time() - begin < 1


async def test_jobs_that_are_woken_together_are_no_herd(
    cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver
) -> None:
    """They poll one after the other, fifty a second, be it that several events come at once."""
    count = 200
    polls = remote.says(RUNNING)
    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(cincopa.resume_upload(str(number), on_cancel="detach").wait)
        await settled(polls)
        for _ in range(3):
            await post(hooks, UPLOADED)
        await polls.asked(5 * count)
        tasks.cancel_scope.cancel()

    woken = polls.times[4 * count :]
    assert len(woken) == count
    assert woken[-1] - woken[0] == pytest.approx(count / 50, rel=0.1)


async def test_events_that_keep_coming_make_no_herd_either(
    cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver
) -> None:
    """Fifty polls a second are all that events bring about, however many come."""
    count = 200
    polls = remote.says(RUNNING)
    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(cincopa.resume_upload(str(number), on_cancel="detach").wait)
        await settled(polls)
        for _ in range(20):
            await post(hooks, UPLOADED)
            await anyio.sleep(0.5)
        tasks.cancel_scope.cancel()

    woken = polls.times[4 * count :]
    busiest = max(sum(begin <= time < begin + 1 for time in woken) for begin in woken)
    assert len(woken) == pytest.approx(500, rel=0.1)
    assert busiest <= 55


async def test_job_that_nobody_waits_for_is_not_woken(
    cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver
) -> None:
    """Nor one that has ended, or has not begun; nor does whoever waits queue behind those."""
    polls = remote.says(RUNNING)
    idle: list[UploadJob] = []
    for number in range(100):
        job = cincopa.resume_upload(str(number), on_cancel="detach")
        with anyio.move_on_after(0.1):  # Long enough to begin, not to poll.
            await job.wait()
        idle.append(job)
    unbegun = [cincopa.resume_upload(str(number)).watch() for number in range(100)]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cincopa.resume_upload("42", on_cancel="detach").wait)
        begin = await settled(polls)
        await post(hooks, UPLOADED)
        await polls.asked(5)
        tasks.cancel_scope.cancel()

    assert polls.times[4] - begin < 0.01
    assert len(idle) == len(unbegun)
    await wait_all_tasks_blocked()
    assert polls.count == 5


async def test_closed_client_is_not_woken(hooks: WebhookReceiver, cincopa: CincopaClient) -> None:
    """Events go on to the handlers as ever."""
    await cincopa.aclose()

    assert (await post(hooks, UPLOADED)).status == 200


async def test_client_that_is_gone_is_forgotten() -> None:
    """A receiver holds no client."""
    hooks = receiver()
    hooks.wakes(CincopaClient(TOKEN))
    async with hooks:
        assert (await post(hooks, UPLOADED)).status == 200


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_client_of_another_event_loop_is_left_alone(api: respx.MockRouter) -> None:
    """Its jobs cannot be reached from here: they poll as they would."""
    api.get("ping.json").respond(json={"success": True})
    api.get("asset.upload_from_url_get_status.json").mock(
        side_effect=[httpx.Response(200, json=RUNNING), httpx.Response(200, json=COMPLETED)]
    )
    cincopa = CincopaClient(TOKEN, poll=PollPolicy(first=0.001, floor=0.001, ceiling=0.001))
    hooks = receiver()
    hooks.wakes(cincopa)

    async def elsewhere() -> UploadResult:
        await cincopa.ping()
        job = cincopa.resume_upload("42")
        await job.refresh()
        await anyio.to_thread.run_sync(partial(anyio.run, event))
        return await job.wait()

    async def event() -> None:
        async with hooks:
            assert (await post(hooks, UPLOADED)).status == 200

    assert (await elsewhere()).rid == "R1"
    await cincopa.aclose()


def listed(word: str) -> dict[str, Any]:
    return {"success": True, "items": [{"rid": "R1", "syncstatus": word}], "items_data": {"pages_count": 1}}


@pytest.mark.parametrize(
    ("event", "woken"),
    [
        ({"event": "asset.synced", "drid": "R1"}, True),
        ({"event": "asset.synced", "filename": "cat.mp4"}, True),
        ({"event": "asset.synced", "drid": "R2"}, False),
    ],
)
async def test_event_wakes_who_waits_for_an_asset_to_be_ready(
    cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver, event: dict[str, Any], *, woken: bool
) -> None:
    """Its rid is known from the start, so events of other assets leave it alone."""
    polls = remote.route("GET", "asset.list", (*[listed("syncing")] * 4, listed("synced")))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cincopa.asset.wait_ready, "R1")
        await anyio.sleep(300)
        begin = anyio.current_time()
        for _ in range(2):
            await post(hooks, event)
    took = anyio.current_time() - begin

    assert polls.count == 5
    assert took < 1 if woken else took > 1000


async def test_events_ask_for_an_asset_no_sooner_than_the_floor(
    cincopa: CincopaClient, remote: Remote, hooks: WebhookReceiver
) -> None:
    """As of an upload: a hundred events within ten seconds are no more than a poll every two seconds."""
    polls = remote.route("GET", "asset.list", (listed("syncing"),))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cincopa.asset.wait_ready, "R1")
        await anyio.sleep(300)
        before = polls.count
        for _ in range(100):
            await post(hooks, {"event": "asset.updated", "drid": "R1"})
            await anyio.sleep(0.1)
        tasks.cancel_scope.cancel()

    assert polls.count - before == 6
