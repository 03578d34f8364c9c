"""
Who may send next.

A slot is the right to one exchange at a time; on our own transports it is a connection too. No request ever queues
inside of a connection pool, whose cost grows with those who wait: they queue here, by time of arrival. A poll comes
when it is due, so that the one which is longest due is sent first.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import anyio
from attrs import define

from ._calls import URGENT, Turn
from ._connections import Connection
from ._line import Place, Polls, Waiter
from .errors import ClientClosedError

IDLE_LIMIT = 4.0
"""Seconds after which an idle connection is not used again: servers and proxies start to close theirs at about five."""
WRITE_IDLE_LIMIT = 1.0
"""The same for a write, for which a connection that turns out dead leaves open whether it was done."""

POLLS = 0.75
"""The part of all slots that polls may hold: beside ten thousand jobs another call waits no longer than a few calls."""

# In seconds of arrival. Strict classes would starve the polls beside callers that never pause. The clock of an abort
# runs from its slot on, so the question how it went must not queue behind thousands of other aborts.
_HANDICAP: dict[Turn, float] = {"next": -math.inf, "first": -1e9, "normal": 0.0, "later": 1.0}


@define(eq=False)
class Slot:
    """The right to one exchange at a time, with the connection it goes over."""

    connection: Connection
    idle_since: float = math.inf
    """When it was last used; infinity for a connection that never was."""
    polls: bool = False
    """Whether it is a poll that it is used for."""


@define(eq=False, kw_only=True)
class _Waiter(Waiter):
    urgent: bool
    slot: Slot | None = None


_Place: TypeAlias = Place[_Waiter]


class Pool:
    """At most `size` slots, the last used first, handed to those who wait in the order of their coming."""

    def __init__(self, size: int, connect: Callable[[], Connection], ended: Callable[[], None]) -> None:
        self._size = size
        self._connect = connect
        self._ended = ended
        self._idle: deque[Slot] = deque()
        self._in_use: set[Slot] = set()
        self._waiting: list[_Place] = []
        self._polls: Polls[_Waiter] = Polls()
        self._polling = 0
        self._numbers = itertools.count()
        self._closing = False

    @property
    def busy(self) -> int:
        """How many exchanges are under way."""
        return len(self._in_use)

    async def acquire(self, turn: Turn, *, fresh: bool, group: object = None) -> Slot:
        """
        Return a slot as soon as there is one; `fresh` is for a write, which takes no connection that may be dead.

        `group` is whose poll it is, where it is one.

        Raises:
            ClientClosedError: The pool is closing, and this is not urgent.
        """
        await self._close_one_expired()
        if self._closing and turn not in URGENT:
            raise ClientClosedError
        polls = turn == "later"
        if len(self._in_use) < self._size and (not polls or self._may_poll()):
            slot = self._idle.pop() if self._idle else Slot(self._connect())
            self._in_use.add(slot)
            self._use(slot, polls=polls)
        else:
            slot = await self._wait(turn, group)
        if self._expired(slot, WRITE_IDLE_LIMIT if fresh else IDLE_LIMIT):
            await self._renew(slot)
        return slot

    def release(self, slot: Slot) -> None:
        """Take back a slot whose exchange ended well. Not async: no cancel may come between an answer and its use."""
        slot.idle_since = anyio.current_time()
        self._pass_on(slot)

    def give_back(self, slot: Slot) -> None:
        """Take back a slot as it was given: nothing went over its connection, which is no fresher for that."""
        self._pass_on(slot)

    async def discard(self, slot: Slot) -> None:
        """Take back a slot whose exchange broke off: its connection may be dead for ever, so it gets a new one."""
        broken = self._replace_connection(slot)
        self._pass_on(slot)
        with anyio.CancelScope(shield=True):
            await broken.aclose()

    def refuse(self) -> None:
        """From now on serve what is urgent alone; whoever else waits gets a ClientClosedError."""
        self._closing = True
        for _, _, waiter in [*self._waiting, *self._polls]:
            if not waiter.urgent:
                waiter.left = True
                waiter.woken.set()

    async def aclose(self) -> None:
        """Close all connections, those in use too."""
        for slot in [*self._idle, *self._in_use]:
            await slot.connection.aclose()
        self._idle.clear()

    def forget(self) -> None:
        """Drop the connections of an event loop that is gone: nobody can close them any more."""
        self._idle.clear()

    async def _close_one_expired(self) -> None:
        # httpcore closes none by itself. One at each call, from the far end, keeps pace with what a burst has left.
        if self._idle and self._expired(self._idle[0], IDLE_LIMIT):
            await self._idle.popleft().connection.aclose()

    async def _renew(self, slot: Slot) -> None:
        old = self._replace_connection(slot)
        try:
            await old.aclose()
        except BaseException:
            self._pass_on(slot)
            raise

    async def _wait(self, turn: Turn, group: object) -> Slot:
        waiter = _Waiter(urgent=turn in URGENT)
        place = (anyio.current_time() + _HANDICAP[turn], next(self._numbers), waiter)
        if turn == "later":
            self._polls.push(group, place)
        else:
            heapq.heappush(self._waiting, place)
        try:
            await waiter.woken.wait()
        except BaseException:
            waiter.left = True
            if waiter.slot is not None:
                self._pass_on(waiter.slot)
            raise
        if waiter.slot is None:
            raise ClientClosedError
        return waiter.slot

    def _pass_on(self, slot: Slot) -> None:
        self._use(slot, polls=False)
        poll = self._polls.first() if self._may_poll() else None
        other = self._first_but_polls()
        if poll is not None and (other is None or poll < other):
            self._polls.pop()
            self._use(slot, polls=True)
            self._hand(slot, poll)
        elif other is not None:
            heapq.heappop(self._waiting)
            self._hand(slot, other)
        else:
            # Nobody waits who may have it: only now is a slot free, so that who finds one free has jumped no queue.
            self._in_use.discard(slot)
            self._idle.append(slot)
            self._ended()

    def _first_but_polls(self) -> _Place | None:
        while self._waiting and self._waiting[0][2].left:
            heapq.heappop(self._waiting)
        return self._waiting[0] if self._waiting else None

    def _hand(self, slot: Slot, place: _Place) -> None:
        waiter = place[2]
        waiter.slot = slot
        waiter.woken.set()

    def _may_poll(self) -> bool:
        return self._polling < max(1, int(POLLS * self._size))

    def _use(self, slot: Slot, *, polls: bool) -> None:
        self._polling += polls - slot.polls
        slot.polls = polls

    def _replace_connection(self, slot: Slot) -> Connection:
        old, slot.connection = slot.connection, self._connect()
        slot.idle_since = math.inf
        return old

    def _expired(self, slot: Slot, limit: float) -> bool:
        return anyio.current_time() - slot.idle_since > limit
