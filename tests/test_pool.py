"""Who may send next, and over which connection."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import httpx
import pytest
from trio.testing import MockClock

from cincopa_async import ClientClosedError
from cincopa_async._calls import Turn
from cincopa_async._pool import Pool, Slot

pytestmark = pytest.mark.anyio


class Connection:
    """Notes whether it was closed; closing may be held up."""

    def __init__(self) -> None:
        self.closed = False
        self.closing_is_held = False

    async def handle(self, request: httpx.Request) -> httpx.Response:
        raise NotImplementedError

    async def aclose(self) -> None:
        self.closed = True
        if self.closing_is_held:
            await anyio.sleep_forever()


class Office:
    """A pool with a record of its connections and of who was served."""

    def __init__(self, size: int) -> None:
        self.connections: list[Connection] = []
        self.served: list[str] = []
        self.ended = 0
        self.pool = Pool(size, self._connect, self._something_ended)

    async def queue(self, name: str, turn: Turn = "normal", group: object = None) -> None:
        """Wait for a slot, and give it back at once."""
        try:
            slot = await self.pool.acquire(turn, fresh=False, group=group)
        except ClientClosedError:
            self.served.append(f"{name} refused")
        else:
            self.served.append(name)
            self.pool.release(slot)

    def _connect(self) -> Connection:
        self.connections.append(Connection())
        return self.connections[-1]

    def _something_ended(self) -> None:
        self.ended += 1


async def taken(pool: Pool, number: int = 1) -> list[Slot]:
    return [await pool.acquire("normal", fresh=False) for _ in range(number)]


async def test_slots_are_granted_at_once_up_to_the_size() -> None:
    """Beyond that a caller waits until one is given back."""
    office = Office(3)
    slots = await taken(office.pool, 3)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(office.queue, "fourth")
        await anyio.wait_all_tasks_blocked()
        meanwhile = list(office.served)
        office.pool.release(slots[1])

    assert meanwhile == []
    assert office.served == ["fourth"]
    assert office.pool.busy == 2


async def test_connection_is_made_for_a_slot_that_is_needed_only() -> None:
    """A program that calls one at a time has one connection, whatever the size."""
    office = Office(64)
    for _ in range(5):
        await office.queue("call")

    assert len(office.connections) == 1


async def test_last_used_connection_is_used_first() -> None:
    """So those that a burst has left grow old, and can be closed."""
    office = Office(3)
    slots = await taken(office.pool, 3)
    for slot in slots:
        office.pool.release(slot)
    again = await taken(office.pool, 2)

    assert [slot.connection for slot in again] == [office.connections[2], office.connections[1]]


async def test_callers_are_served_in_the_order_of_their_coming() -> None:
    """Nobody who comes later finds a free slot before those who wait."""
    office = Office(1)
    [slot] = await taken(office.pool)
    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(office.queue, str(number))
            await anyio.wait_all_tasks_blocked()
        office.pool.release(slot)

    assert office.served == ["0", "1", "2", "3", "4"]


async def test_aborts_go_first_and_the_questions_how_they_went_before_them() -> None:
    """However long others have waited: what ends an upload does not stand in line."""
    office = Office(1)
    [slot] = await taken(office.pool)
    turns: list[tuple[str, Turn]] = [
        ("call", "normal"),
        ("abort 1", "first"),
        ("abort 2", "first"),
        ("poll", "later"),
        ("question", "next"),
    ]
    async with anyio.create_task_group() as tasks:
        for name, turn in turns:
            tasks.start_soon(office.queue, name, turn)
            await anyio.wait_all_tasks_blocked()
        office.pool.release(slot)

    assert office.served == ["question", "abort 1", "abort 2", "call", "poll"]


async def polling(pool: Pool, number: int) -> list[Slot]:
    return [await pool.acquire("later", fresh=False) for _ in range(number)]


@pytest.mark.parametrize(("size", "most"), [(1, 1), (2, 1), (4, 3), (64, 48)])
async def test_polls_leave_connections_to_other_calls(size: int, most: int) -> None:
    """However many are due, a call finds one; a poll that ends makes room for the next."""
    office = Office(size)
    slots = await polling(office.pool, most)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(office.queue, "poll", "later")
        await anyio.wait_all_tasks_blocked()
        for slot in await taken(office.pool, size - most):
            office.pool.release(slot)
        assert office.served == []
        office.pool.release(slots.pop())

    assert office.served == ["poll"]
    assert office.pool.busy == most - 1


async def test_poll_that_broke_off_or_was_given_up_makes_room_too() -> None:
    """None of them is lost to those who wait."""
    office = Office(4)
    slots = await polling(office.pool, 3)
    with anyio.move_on_after(0):
        await office.queue("given up", "later")
    async with anyio.create_task_group() as tasks:
        async with anyio.create_task_group() as those_who_leave:
            those_who_leave.start_soon(office.queue, "given up", "later")
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(office.queue, "poll", "later")
            await anyio.wait_all_tasks_blocked()
            those_who_leave.cancel_scope.cancel()
        await office.pool.discard(slots[0])

    assert office.served == ["poll"]
    assert len(await polling(office.pool, 1)) == 1


async def test_groups_of_polls_take_turns() -> None:
    """A small batch is asked about as often as a large one that was there before."""
    office = Office(1)
    [slot] = await taken(office.pool)
    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(office.queue, f"large {number}", "later", "large")
            await anyio.wait_all_tasks_blocked()
        for number in range(2):
            tasks.start_soon(office.queue, f"small {number}", "later", "small")
            await anyio.wait_all_tasks_blocked()
        office.pool.release(slot)

    assert office.served == ["large 0", "small 0", "large 1", "small 1", "large 2", "large 3"]


async def test_polls_come_after_calls_that_came_within_a_second() -> None:
    """And before those that came later: neither starves the other."""
    office = Office(1)
    [slot] = await taken(office.pool)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(office.queue, "poll", "later")
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(office.queue, "call")
        await anyio.wait_all_tasks_blocked()
        office.pool.release(slot)

    assert office.served == ["call", "poll"]


async def test_call_beside_ten_thousand_polls_waits_for_none_of_them() -> None:
    """It has its turn when the next connection is free that is not kept for polls."""
    office = Office(8)
    async with anyio.create_task_group() as tasks:
        slots = await polling(office.pool, 6)
        for number in range(10_000):
            tasks.start_soon(office.queue, f"poll {number}", "later")
        await anyio.wait_all_tasks_blocked()
        await office.queue("call")
        assert office.served == ["call"]
        tasks.cancel_scope.cancel()

    assert len(slots) == 6


async def test_slot_of_a_broken_exchange_gets_another_connection() -> None:
    """The old one is closed, for it may be dead for ever; whoever waits gets the slot with the new one."""
    office = Office(1)
    [slot] = await taken(office.pool)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(office.queue, "next")
        await anyio.wait_all_tasks_blocked()
        await office.pool.discard(slot)

    assert office.served == ["next"]
    assert [connection.closed for connection in office.connections] == [True, False]
    assert office.pool.busy == 0


async def test_connection_is_closed_although_the_caller_is_cancelled() -> None:
    """A cancel is what breaks most exchanges off."""
    office = Office(1)
    [slot] = await taken(office.pool)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await office.pool.discard(slot)

    assert office.connections[0].closed
    assert office.pool.busy == 0


async def test_waiter_that_is_cancelled_is_passed_over() -> None:
    """The next in line gets the slot."""
    office = Office(1)
    [slot] = await taken(office.pool)
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as cancelled:
                cancelled.start_soon(office.queue, "cancelled")
                await anyio.wait_all_tasks_blocked()
                tasks.start_soon(office.queue, "next")
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        office.pool.release(slot)

    assert office.served == ["next"]
    assert office.pool.busy == 0


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_waiter_that_is_cancelled_with_the_slot_in_hand_passes_it_on(anyio_backend: str) -> None:
    """The slot was given and the cancel came in the same turn: the next in line gets it."""
    office = Office(1)
    [slot] = await taken(office.pool)
    first = asyncio.create_task(office.queue("first"))
    await anyio.wait_all_tasks_blocked()
    second = asyncio.create_task(office.queue("second"))
    await anyio.wait_all_tasks_blocked()
    office.pool.release(slot)
    first.cancel()
    await asyncio.wait([first, second])

    assert first.cancelled()
    assert office.served == ["second"]
    assert office.pool.busy == 0


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_last_waiter_that_is_cancelled_with_the_slot_in_hand_gives_it_back(anyio_backend: str) -> None:
    """Nobody else waits: the slot is free again, and the end is told."""
    office = Office(1)
    [slot] = await taken(office.pool)
    waiter = asyncio.create_task(office.queue("waiter"))
    await anyio.wait_all_tasks_blocked()
    office.pool.release(slot)
    waiter.cancel()
    await asyncio.wait([waiter])

    assert (office.served, office.pool.busy, office.ended) == ([], 0, 1)
    await office.queue("next")
    assert office.served == ["next"]


async def test_closing_pool_refuses_all_but_what_is_urgent() -> None:
    """Those who wait learn of it at once, those who come later too; aborts are served as before."""
    office = Office(1)
    [slot] = await taken(office.pool)
    turns: list[Turn] = ["normal", "later", "first", "next"]
    async with anyio.create_task_group() as tasks:
        for turn in turns:
            tasks.start_soon(office.queue, turn, turn)
            await anyio.wait_all_tasks_blocked()
        office.pool.refuse()
        await anyio.wait_all_tasks_blocked()
        refused = sorted(office.served)
        for turn in turns:
            tasks.start_soon(office.queue, f"late {turn}", turn)
            await anyio.wait_all_tasks_blocked()
        office.pool.release(slot)

    assert refused == ["later refused", "normal refused"]
    assert sorted(office.served[2:]) == [
        "first",
        "late first",
        "late later refused",
        "late next",
        "late normal refused",
        "next",
    ]
    assert office.pool.busy == 0


async def test_closed_pool_has_closed_every_connection() -> None:
    """Those in use as well: whoever uses them sees them break."""
    office = Office(3)
    slots = await taken(office.pool, 3)
    office.pool.release(slots[0])
    await office.pool.aclose()

    assert [connection.closed for connection in office.connections] == [True] * 3


async def test_connections_of_a_loop_that_is_gone_are_dropped() -> None:
    """Nobody can close them any more; new ones are made."""
    office = Office(3)
    await office.queue("before")
    office.pool.forget()
    await office.queue("after")

    assert [connection.closed for connection in office.connections] == [False, False]


async def test_end_is_told_when_a_slot_falls_idle() -> None:
    """Not when it goes on to the next in line: then as much is under way as before."""
    office = Office(1)
    [slot] = await taken(office.pool)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(office.queue, "next")
        await anyio.wait_all_tasks_blocked()
        office.pool.release(slot)
        told_when_passed_on = office.ended

    assert (told_when_passed_on, office.ended) == (0, 1)


class TestInTime:
    """What depends on the clock, in virtual time."""

    @pytest.fixture
    def anyio_backend(self) -> tuple[str, dict[str, Any]]:
        return "trio", {"clock": MockClock(autojump_threshold=0)}

    @pytest.mark.parametrize(
        ("came", "order"), [(0.9, ["call", "poll"]), (1.1, ["poll", "call"])], ids=["within a second", "after it"]
    )
    async def test_poll_stands_in_line_as_if_it_came_a_second_later(self, came: float, order: list[str]) -> None:
        """Calls go before it, but not for ever: callers that never pause cannot starve the polls."""
        office = Office(1)
        [slot] = await taken(office.pool)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(office.queue, "poll", "later")
            await anyio.sleep(came)
            tasks.start_soon(office.queue, "call")
            await anyio.wait_all_tasks_blocked()
            office.pool.release(slot)

        assert office.served == order

    @pytest.mark.parametrize(("fresh", "limit"), [(False, 4.0), (True, 1.0)], ids=["read", "write"])
    async def test_idle_connection_is_used_up_to_its_limit(self, *, fresh: bool, limit: float) -> None:
        """After 4 seconds, for a write after one, a connection may be dead: it is closed, and a new one made."""
        office = Office(1)
        for idle in (limit - 0.1, limit + 0.1):
            await office.queue("before")
            await anyio.sleep(idle)
            office.pool.release(await office.pool.acquire("normal", fresh=fresh))

        assert [connection.closed for connection in office.connections] == [True, False]

    async def test_slot_that_was_not_used_goes_back_as_old_as_it_was(self) -> None:
        """A write does not take its connection for one that was used within the last second."""
        office = Office(1)
        await office.queue("before")
        await anyio.sleep(0.9)
        office.pool.give_back(await office.pool.acquire("normal", fresh=False))
        await anyio.sleep(0.2)
        office.pool.release(await office.pool.acquire("normal", fresh=True))

        assert [connection.closed for connection in office.connections] == [True, False]

    async def test_connection_that_was_never_used_is_not_too_old(self) -> None:
        """A slot that waited for its first use has a connection as good as new."""
        office = Office(1)
        [slot] = await taken(office.pool)
        await office.pool.discard(slot)
        await anyio.sleep(100)
        await office.pool.acquire("normal", fresh=True)

        assert [connection.closed for connection in office.connections] == [True, False]

    async def test_slot_that_changes_hands_is_not_idle(self) -> None:
        """Under load connections are kept, however long the line."""
        office = Office(1)
        [slot] = await taken(office.pool)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(office.queue, "next")
            await anyio.sleep(100)
            office.pool.release(slot)

        assert [connection.closed for connection in office.connections] == [False]

    async def test_old_connections_are_closed_one_a_call(self) -> None:
        """What a burst has left goes away again, from the far end, while a few calls go on."""
        office = Office(4)
        for slot in await taken(office.pool, 4):
            office.pool.release(slot)
        await anyio.sleep(3)
        await office.queue("uses the last")
        await anyio.sleep(2)
        counts = []
        for _ in range(4):
            await office.queue("call")
            counts.append(sum(connection.closed for connection in office.connections))

        assert counts == [1, 2, 3, 3]
        assert not office.connections[3].closed

    async def test_cancel_while_an_old_connection_is_replaced_costs_no_slot(self) -> None:
        """The slot is there for the next, with the new connection."""
        office = Office(1)
        await office.queue("before")
        office.connections[0].closing_is_held = True
        await anyio.sleep(2)
        with anyio.move_on_after(1) as scope:
            await office.pool.acquire("normal", fresh=True)

        assert scope.cancelled_caught
        assert office.pool.busy == 0
        await office.queue("next")
        assert [connection.closed for connection in office.connections] == [True, False]

    async def test_cancel_while_an_old_connection_is_closed_costs_no_slot(self) -> None:
        """The connection is gone, and a new one is made when it is needed."""
        office = Office(1)
        await office.queue("before")
        office.connections[0].closing_is_held = True
        await anyio.sleep(5)
        with anyio.move_on_after(1):
            await office.pool.acquire("normal", fresh=False)
        await office.queue("next")

        assert office.served == ["before", "next"]
        assert [connection.closed for connection in office.connections] == [True, False]
