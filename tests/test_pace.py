"""How many calls a second a client sends."""

from __future__ import annotations

import asyncio
import functools
import math
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import respx
from trio.testing import MockClock

from cincopa_async import CincopaClient, RateLimitError, RetryPolicy
from cincopa_async._calls import Turn
from cincopa_async._line import Line
from cincopa_async._pace import Pace
from cincopa_async._pool import Pool, Slot
from tests.conftest import TOKEN

pytestmark = pytest.mark.anyio
LATENCY = 0.05


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Seconds in no time."""
    return "trio", {"clock": MockClock(autojump_threshold=0)}


class Service:
    """Takes so many calls a second, some at once, and refuses the others."""

    def __init__(self, allowed: float, *, retry_after: float | None = 1.0) -> None:
        self.allowed = allowed
        self.taken: list[float] = []
        self.refused = 0
        self._retry_after = retry_after
        self._tokens = allowed
        self._filled = 0.0

    def takes(self) -> bool:
        now = anyio.current_time()
        self._tokens = min(self.allowed, self._tokens + self.allowed * (now - self._filled))
        self._filled = now
        if self._tokens < 1:
            self.refused += 1
            return False
        self._tokens -= 1
        self.taken.append(now)
        return True

    async def call(self, pace: Pace) -> bool:
        """Call it as a client does, and tell the pace how that went."""
        await pace.turn(urgent=False)
        await anyio.sleep(LATENCY / 2)
        taken = self.takes()
        await anyio.sleep(LATENCY / 2)
        if taken:
            pace.taken(anyio.current_time())
        else:
            pace.refused(anyio.current_time(), self._retry_after)
        return taken

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a client's request."""
        await anyio.sleep(LATENCY)
        if self.takes():
            return httpx.Response(200, json={"success": True})
        return httpx.Response(429, headers={"Retry-After": f"{self._retry_after:g}"}, json={"success": False})

    def on(self, api: respx.MockRouter) -> Service:
        api.get("ping.json").mock(side_effect=self.answer)
        api.post("asset.upload_from_url_abort.json").mock(side_effect=self.answer)
        return self


@pytest.fixture
def api() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url="https://api.cincopa.com/v2/", assert_all_called=False) as router:
        yield router


async def calls(service: Service, pace: Pace, count: int, *, tasks: int = 64) -> float:
    """Call until so many calls are taken, from so many tasks; give the seconds that took."""
    left = iter(range(count))
    began = anyio.current_time()

    async def task() -> None:
        for _ in left:
            while not await service.call(pace):  # noqa: ASYNC110 - the service tells by no event
                await anyio.sleep(0.5)

    async with anyio.create_task_group() as group:
        for _ in range(tasks):
            group.start_soon(task)
    return anyio.current_time() - began


@pytest.mark.parametrize("limit", [0.5, 5, 100])
async def test_no_more_calls_are_sent_than_the_limit_allows(limit: float) -> None:
    """Over all tasks, in any second, but for two that make up for a pause; and not many fewer."""
    service = Service(1_000)
    count = int(20 * limit)
    took = await calls(service, Pace(limit), count)

    assert 0.95 * (count - 3) / limit <= took <= 1.05 * count / limit + LATENCY
    for start in service.taken:
        assert sum(start <= at < start + 1 for at in service.taken) <= limit + 3


async def test_pause_is_not_made_up_for() -> None:
    """A client that was idle has two calls to spare, not all that it might have sent."""
    service, pace = Service(1_000), Pace(1)
    await calls(service, pace, 1)
    await anyio.sleep(1000)
    service.taken.clear()
    await calls(service, pace, 10)

    assert sum(at < service.taken[0] + 1 for at in service.taken) <= 4


@pytest.mark.parametrize("retry_after", [None, 1.0])
@pytest.mark.parametrize(("allowed", "tasks"), [(20, 64), (20, 3), (5, 64), (100, 64)])
async def test_client_that_is_told_too_many_finds_the_rate_that_is_allowed(
    allowed: float, tasks: int, retry_after: float | None
) -> None:
    """Nearly all of it is used, and few calls are refused."""
    service = Service(allowed, retry_after=retry_after)
    count = int(allowed * 60)
    took = await calls(service, Pace(None), count, tasks=tasks)

    assert count / took >= 0.8 * min(allowed, tasks / LATENCY)
    assert service.refused <= 64 + 0.1 * count


async def test_rate_is_found_anew_when_more_is_allowed() -> None:
    """A service that was slow for a while does not make the client slow for ever."""
    service, pace = Service(20), Pace(None)
    await calls(service, pace, 20 * 30)
    assert pace.rate < 25
    service.allowed = 100_000
    await calls(service, pace, 20 * 150)

    assert pace.rate == math.inf


async def test_limit_that_was_given_is_found_again() -> None:
    """And never exceeded."""
    service, pace = Service(20), Pace(50)
    await calls(service, pace, 20 * 30)
    service.allowed = 1_000
    await calls(service, pace, 50 * 80)

    assert pace.rate == 50


async def test_thousands_of_calls_at_once_are_told_by_the_first_that_is_refused(api: respx.MockRouter) -> None:
    """Those that stand in the queue for a connection are held back too; none fails, nearly all of the rate is used."""
    service = Service(20).on(api)
    failures: list[Exception] = []
    began = anyio.current_time()

    async def ping_once() -> None:
        try:
            await cincopa.ping()
        except RateLimitError as error:
            failures.append(error)

    async with CincopaClient(TOKEN) as cincopa, anyio.create_task_group() as group:
        for _ in range(1_000):
            group.start_soon(ping_once)
    took = anyio.current_time() - began

    assert failures == []
    assert service.refused <= 64 + 50
    assert len(service.taken) / took >= 0.8 * 20


async def test_slot_is_as_old_as_before_when_a_refusal_came_between_the_turn_and_the_slot(
    api: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call waits for another turn, and nothing was sent: the connection is not taken for one just used."""
    Service(1_000).on(api)
    used: list[float] = []
    acquire = Pool.acquire

    async def acquired(self: Pool, turn: Turn, *, fresh: bool, group: object = None) -> Slot:
        slot = await acquire(self, turn, fresh=fresh, group=group)
        used.append(slot.idle_since)
        if len(used) == 2:
            cincopa._life.pace.refused(anyio.current_time(), None)
        return slot

    monkeypatch.setattr(Pool, "acquire", acquired)
    async with CincopaClient(TOKEN) as cincopa:
        await cincopa.ping()
        pinged_at = anyio.current_time()
        await anyio.sleep(2)
        await cincopa.ping()

    assert used[1:] == [pinged_at, pinged_at]


async def test_abort_does_not_wait_for_its_turn(api: respx.MockRouter) -> None:
    """It ends what costs; but it counts."""
    service = Service(1_000).on(api)
    async with CincopaClient(TOKEN, rate_limit=0.01) as cincopa:
        await cincopa.ping()
        began = anyio.current_time()
        for _ in range(5):
            await cincopa.asset.upload_from_url_abort("42")

        assert anyio.current_time() - began < 1
        await cincopa.ping()
        assert anyio.current_time() - began > 300
    assert len(service.taken) == 7


async def test_cancelled_while_it_waits_a_call_takes_no_turn(api: respx.MockRouter) -> None:
    """A thousand that gave up do not hold up the next."""
    Service(1_000).on(api)
    async with CincopaClient(TOKEN, rate_limit=1) as cincopa:
        for _ in range(3):
            await cincopa.ping()
        async with anyio.create_task_group() as group:
            for _ in range(1000):
                group.start_soon(cincopa.ping)
            await anyio.sleep(5)
            group.cancel_scope.cancel()
        began = anyio.current_time()
        await cincopa.ping()

    assert anyio.current_time() - began <= 1 + LATENCY


async def test_retry_after_holds_up_all_calls(api: respx.MockRouter) -> None:
    """None of them is sent to be refused; but for ten seconds at most, and a call that was told waits for itself."""
    service = Service(1, retry_after=7).on(api)
    async with CincopaClient(TOKEN, retry=RetryPolicy(attempts=1)) as cincopa:
        await cincopa.ping()
        with pytest.raises(RateLimitError):
            await cincopa.ping()
        service.allowed = 1_000
        began = anyio.current_time()
        await cincopa.ping()

    assert 6.8 <= anyio.current_time() - began <= 7.2


async def test_call_beside_thousands_of_polls_waits_for_a_few_of_them() -> None:
    """However long they have been due; and polls are not starved by calls that came after them."""
    pace, went, before = Pace(20), [], 0

    async def call(name: str, **whose: Any) -> None:
        await pace.turn(urgent=False, **whose)
        went.append(name)

    async with anyio.create_task_group() as group:
        for _ in range(3_000):
            group.start_soon(functools.partial(call, "poll", poll=True))
        await anyio.sleep(10)
        before = len(went)
        for _ in range(5):
            group.start_soon(call, "call")
        await anyio.sleep(10)
        group.cancel_scope.cancel()

    assert went[before:].index("call") <= 4
    assert went.count("call") == 5
    assert went[before : before + 20].count("poll") >= 10


async def test_groups_of_polls_take_turns_when_calls_are_bounded() -> None:
    """A few jobs do not wait behind the many of another batch."""
    pace, went = Pace(20), []

    async def poll(name: str) -> None:
        await pace.turn(urgent=False, poll=True, group=name)
        went.append(name)

    async with anyio.create_task_group() as group:
        for name, count in (("large", 1_000), ("small", 5)):
            for _ in range(count):
                group.start_soon(poll, name)
            await anyio.sleep(1)
        await anyio.sleep(2)
        group.cancel_scope.cancel()

    assert went.count("small") == 5


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # A scope of anyio's cancels nobody who was woken.
async def test_call_that_is_cancelled_with_its_turn_in_hand_passes_it_on(anyio_backend: str) -> None:
    """The turn was given and the cancel came before it was taken: the next in line has it."""
    line = Line()
    await line.enter(poll=False, group=None)
    first, second = (asyncio.create_task(line.enter(poll=False, group=None)) for _ in range(2))
    await asyncio.sleep(0)
    line.leave()
    first.cancel()

    with pytest.raises(asyncio.CancelledError):
        await first
    await asyncio.wait_for(second, 5)


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf")])
def test_limit_must_be_above_zero(limit: float) -> None:
    """And finite: None is for none."""
    with pytest.raises(ValueError, match="rate_limit"):
        CincopaClient(TOKEN, rate_limit=limit)


def test_limit_holds_in_the_next_event_loop_too() -> None:
    """Its clock may be another one."""
    with respx.mock(base_url="https://api.cincopa.com/v2/") as api:
        api.get("ping.json").respond(json={"success": True})
        cincopa = CincopaClient(TOKEN, rate_limit=1_000)
        for _ in range(2):
            asyncio.run(ping(cincopa))
            anyio.run(ping, cincopa, backend="trio")


async def ping(cincopa: CincopaClient) -> None:
    for _ in range(3):
        await cincopa.ping()


async def test_service_that_refuses_everything_brings_no_standstill() -> None:
    """A slower pace would be refused as well: when it takes calls again they go on."""
    service, pace = Service(0), Pace(None)
    for _ in range(600):
        await service.call(pace)
        await anyio.sleep(0.5)
    service.allowed = 1_000
    await calls(service, pace, 100)

    assert pace.rate > 10


@pytest.mark.parametrize(("limit", "slowest"), [(None, 1.0), (0.2, 0.2)])
def test_pace_has_a_lowest_limit(limit: float | None, slowest: float) -> None:
    """However often it is cut."""
    pace = Pace(limit)
    for second in range(1_000):
        pace.refused(2.0 * second, None)
        pace.taken(2.0 * second + 0.1)

    assert pace.rate >= slowest
