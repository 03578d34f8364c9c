"""What trials make in an account is gone when they end, cancelled or not; or when the next run has begun."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import anyio
import anyio.lowlevel
import httpx
import pytest
from trio.testing import MockClock

from cincopa_async import CincopaClient
from cincopa_async.cli._contract_plan import HastyLoop
from cincopa_async.testing import FakeCincopa, Finding, check_contract
from cincopa_async.testing._trials._marks import HOME, MARK, Maker, Name, Notes
from cincopa_async.testing._trials._stage import Stage

SOURCE = "https://source.example/clip.mp4"
LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Both in virtual time."""
    if request.param == "trio":
        return ("trio", {"clock": MockClock(autojump_threshold=0)})
    return ("asyncio", {"loop_factory": HastyLoop})


@pytest.fixture
def fake() -> FakeCincopa:
    fake = FakeCincopa()
    fake.add_source(SOURCE, b"0123456789", content_type="video/mp4", seconds=2)
    return fake


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes another run is dead."""
    monkeypatch.setattr(Maker, "is_gone", lambda *_: True)


@pytest.fixture(scope="session")
def dead_pid() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


class Until(httpx.ASGITransport):
    """The way to a fake: at the request of a number something happens, before it is sent."""

    def __init__(self, fake: FakeCincopa, number: int, act: Callable[[], object]) -> None:
        super().__init__(app=fake)
        self._number = number
        self._act = act
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.requests == self._number:
            self._act()
        return await super().handle_async_request(request)


class CancelledOnItsWay(httpx.ASGITransport):
    """The first request of a call arrives, and what is cancelled does not hear the answer."""

    def __init__(self, fake: FakeCincopa, call: str, act: Callable[[], object]) -> None:
        super().__init__(app=fake)
        self._fake = fake
        self._call = call
        self._act = act

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if request.url.path.endswith(f"/{self._call}.json") and self._fake.counts.requests[self._call] == 1:
            self._act()
            await anyio.lowlevel.checkpoint()
        return response


class Killed(Until):
    """From the request of that number on nothing arrives, nor is an answer heard to that one."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request) if self.requests < self._number else None
        if response is None or self.requests == self._number:
            raise httpx.ConnectError("killed")
        return response


def client_over(fake: FakeCincopa, transport: httpx.AsyncBaseTransport) -> CincopaClient:
    return CincopaClient(fake.api_token, base_url="http://cincopa.test/v2/", transport=transport)


async def there(fake: FakeCincopa) -> list[str | None]:
    """What is in the account: the names of galleries and files, and the URLs of hooks."""
    async with fake.client() as client:
        galleries = [gallery.name async for gallery in client.gallery.iter()]
        files = [asset.filename async for asset in client.asset.iter()]
        return [*galleries, *files, *(hook.hook_url for hook in (await client.webhook.list()).webhooks)]


async def begin(fake: FakeCincopa) -> None:
    """Make a run that does no more than to begin and to end."""
    async with fake.client() as client:
        stage = Stage(client)
        await stage.begin()
        await stage.tidy()


async def test_run_to_its_end_leaves_nothing(fake: FakeCincopa) -> None:
    """And of what the user has, nothing has gone."""
    rid = fake.add_asset(b"0123456789", name="cat.mp4")
    async with fake, fake.client() as client:
        await check_contract(client, source=SOURCE)

        assert await there(fake) == ["cat.mp4"]
    assert fake.stored(rid) == b"0123456789"
    assert fake.counts.uploads_running == 0


async def test_run_cancelled_amid_the_start_of_an_upload_aborts_it(fake: FakeCincopa) -> None:
    """Nobody has heard its status_id: whoever sent it does what is to be done."""
    async with fake:
        with anyio.CancelScope() as scope:
            async with client_over(fake, CancelledOnItsWay(fake, "asset.upload_from_url", scope.cancel)) as client:
                await check_contract(client, source=SOURCE)

        assert scope.cancelled_caught
        assert fake.counts.requests["asset.upload_from_url_abort"] == 1
        assert await there(fake) == []
    assert fake.counts.uploads_running == 0


@pytest.mark.parametrize("number", range(22, 340, 23))
async def test_cancelled_run_leaves_nothing(fake: FakeCincopa, number: int) -> None:
    """A cancel by an anyio scope, whichever request is under way."""
    async with fake:
        with anyio.CancelScope() as scope:
            async with client_over(fake, Until(fake, number, scope.cancel)) as client:
                await check_contract(client, source=SOURCE)

        assert scope.cancelled_caught
        assert await there(fake) == []
    assert fake.counts.uploads_running == 0


async def test_gallery_that_was_being_made_is_removed(fake: FakeCincopa) -> None:
    """The first that a run makes: cancelled, it does not hear which it is, and finds it by its name."""
    async with fake:
        with anyio.CancelScope() as scope:
            async with client_over(fake, CancelledOnItsWay(fake, "gallery.create", scope.cancel)) as client:
                stage = Stage(client)
                try:
                    await stage.begin()
                finally:
                    await stage.tidy()

        assert scope.cancelled_caught
        assert fake.counts.requests["gallery.create"] == 1
        assert await there(fake) == []


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": HastyLoop})], ids=["asyncio"])
@pytest.mark.parametrize("number", range(30, 340, 41))
async def test_run_cancelled_natively_leaves_nothing(fake: FakeCincopa, number: int) -> None:
    """A ``task.cancel()``, which no shield of anyio's holds off."""
    async with fake:

        async def run() -> None:
            task = asyncio.current_task()
            assert task is not None
            async with client_over(fake, Until(fake, number, task.cancel)) as client:
                await check_contract(client, source=SOURCE)

        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(run())

        assert await there(fake) == []
    assert fake.counts.uploads_running == 0


@pytest.mark.parametrize("number", range(30, 340, 27))
@pytest.mark.usefixtures("dead")
async def test_next_run_removes_what_a_killed_one_has_left(fake: FakeCincopa, number: int) -> None:
    """Killed at whichever request: what was uploaded and not marked yet is removed too, and what was being pulled."""
    async with fake:
        async with client_over(fake, Killed(fake, number, lambda: None)) as client:
            await check_contract(client, source=SOURCE)
        left = await there(fake)

        await begin(fake)
        await anyio.sleep(100)

        assert left
        assert await there(fake) == []
    assert fake.counts.uploads_running == 0


class Left:
    """What another run has in an account: a gallery that tells of it, one more, and a hook."""

    def __init__(self, fake: FakeCincopa, client: CincopaClient, begun: datetime, process: str = "") -> None:
        self._fake = fake
        self._client = client
        self._begun = begun
        self._process = process
        self.pulls = ""
        """The gallery that ``clip.mp4`` was pulled into."""

    async def make(self) -> None:
        """Make them."""
        await self._client.gallery.create(name=self.name(HOME), description=str(Notes(process=self._process)))
        pulls = await self._client.gallery.create(name=self.name("pulls"), description=str(Notes(pulls="clip.mp4")))
        self.pulls = pulls.fid
        await self._client.webhook.set(f"https://hook.invalid/?{urlencode({MARK: self.name('hook')})}")

    async def put(self, name: str, *, fid: str | None = None, **meta: Any) -> str:
        """Put a file into the account."""
        rid = self._fake.add_asset(b"0123456789", name=name, fid=fid)
        if meta:
            await self._client.asset.set_meta(rid, **meta)
        return rid

    def name(self, about: str) -> str:
        return str(Name(self._begun, "0123abcd", about))


@pytest.mark.usefixtures("dead")
async def test_only_what_carries_the_mark_is_removed(fake: FakeCincopa) -> None:
    """What is named almost alike, speaks of the mark, or was put into a gallery of trials by the user, stays."""
    async with fake, fake.client() as client:
        left = Left(fake, client, LONG_AGO)
        await left.make()
        name, fid = left.name("picture.png"), left.pulls
        removed = [
            await left.put("clip.mp4", fid=fid),  # Pulled into it, and not marked yet.
            await left.put(name, fid=fid),
            await left.put(name),
            await left.put("marked.mp4", fid=fid, reference_id=MARK),
            await left.put("marked.mp4", reference_id=MARK),
        ]
        kept = [
            await left.put("clip.mp4"),
            await left.put("wedding.mp4", fid=fid, reference_id="wedding-1"),
            await left.put("holiday.mp4", fid=fid, caption=name),
            await left.put("caption.mp4", caption=MARK),
            await left.put("description.mp4", description=name),
            await left.put("tags.mp4", tags=[MARK]),
            await left.put("other.mp4", reference_id=f"{MARK}-2"),
            await left.put(f"{MARK}.mp4"),
            await left.put(f"copy of {name}"),
        ]
        almost = [f"{MARK} films", f"{left.name(HOME)}, a copy!", f"My {left.name(HOME)}", left.name(HOME).upper()]
        for gallery in almost:
            await client.gallery.create(name=gallery, description=str(Notes(pulls="clip.mp4")))
        hooks = [
            f"https://user.invalid/{MARK}",
            f"https://user.invalid/?about={MARK}",
            f"https://user.invalid/?{MARK}=1",
        ]
        for hook_url in hooks:
            await client.webhook.set(hook_url)

        await begin(fake)

        assert removed
        assert {asset.rid async for asset in client.asset.iter()} == set(kept)
        assert [gallery.name async for gallery in client.gallery.iter()] == almost
        assert [hook.hook_url for hook in (await client.webhook.list()).webhooks] == hooks


@pytest.mark.parametrize(
    ("minutes", "process", "over"),
    [
        (1, "gone", True),
        (1, "here", False),
        (1, "elsewhere", False),
        (29, "elsewhere", False),
        (31, "elsewhere", True),
        (31, "here", True),
    ],
)
async def test_run_under_way_is_left_alone(
    fake: FakeCincopa, minutes: int, process: str, over: bool, dead_pid: int
) -> None:
    """One whose process has gone from this machine is over at once; any other when it must have ended long ago."""
    here = str(Maker())
    processes = {"here": here, "gone": f"{here.partition('-')[0]}-{dead_pid}-1", "elsewhere": "0123456789ab-1-1"}
    async with fake, fake.client() as client:
        left = Left(fake, client, datetime.now(UTC) - timedelta(minutes=minutes), processes[process])
        await left.make()
        await left.put("marked.mp4", fid=left.pulls, reference_id=MARK)
        await left.put("clip.mp4", fid=left.pulls)
        await left.put(left.name("alone.txt"))
        await left.put("marked.mp4", reference_id=MARK)

        await begin(fake)

        assert len(await there(fake)) == (0 if over else 7)


async def test_two_runs_at_once_do_each_other_no_harm(fake: FakeCincopa) -> None:
    """Neither removes what the other looks at: nothing is refuted, and nothing is left."""
    found: list[Finding] = []

    async def run() -> None:
        async with fake.client() as client:
            found.extend(await check_contract(client, source=SOURCE))

    async with fake:
        async with anyio.create_task_group() as runs:
            runs.start_soon(run)
            runs.start_soon(run)

        assert await there(fake) == []
    assert [each.fact.id for each in found if each.verdict == "refuted"] == []
