"""Who goes next where one goes at a time: polls and others by time of arrival, but never many polls running."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeAlias, TypeVar

import anyio
from attrs import define, field

POLLS_RUNNING = 1
"""
How many polls go one after the other at most while another call waits, however long they have been due.

One: where turns are scarce each upload takes a start and a poll, and further polls would tell of little.
"""


@define(eq=False)
class Waiter:
    """Somebody who waits for a turn."""

    woken: anyio.Event = field(factory=anyio.Event)
    left: bool = False


W = TypeVar("W", bound=Waiter)

# Rank, number, and who it is. A tuple, for thousands may wait: its comparison is Python's own. No two have one number.
Place: TypeAlias = tuple[float, int, W]


class Polls(Generic[W]):
    """Polls that wait. Groups of jobs, such as a batch, take turns: ten jobs do not wait behind ten thousand."""

    def __init__(self) -> None:
        self._heaps: dict[object, list[Place[W]]] = {}
        self._groups: deque[object] = deque()

    def push(self, group: object, place: Place[W]) -> None:
        """Add a place, of one of a group."""
        if group not in self._heaps:
            self._heaps[group] = []
            self._groups.append(group)
        heapq.heappush(self._heaps[group], place)

    def first(self) -> Place[W] | None:
        """Return the place whose turn it is, which stays."""
        while self._groups:
            place = self._heaps[self._groups[0]][0]
            if not place[2].left:
                return place
            self.pop()
        return None

    def pop(self) -> None:
        """Drop the one whose turn it is; the next group is on."""
        group = self._groups.popleft()
        heapq.heappop(self._heaps[group])
        if self._heaps[group]:
            self._groups.append(group)
        else:
            del self._heaps[group]

    def __iter__(self) -> Iterator[Place[W]]:
        return itertools.chain.from_iterable(self._heaps.values())


class Line:
    """Lets one in at a time, until that one leaves."""

    def __init__(self) -> None:
        self._calls: deque[Place[Waiter]] = deque()
        self._polls: Polls[Waiter] = Polls()
        self._running = 0
        self._numbers = itertools.count()
        self._taken = False

    async def enter(self, *, poll: bool, group: object) -> None:
        """Wait until it is one's turn; whoever is cancelled here is not in."""
        if not self._taken:
            self._taken = True
            return
        waiter = Waiter()
        place = (anyio.current_time(), next(self._numbers), waiter)
        if poll:
            self._polls.push(group, place)
        else:
            self._calls.append(place)
        try:
            await waiter.woken.wait()
        except BaseException:
            waiter.left = True
            if waiter.woken.is_set():
                self.leave()
            raise

    def leave(self) -> None:
        """Let the next one in."""
        poll, call = self._polls.first(), self._first_call()
        if poll is not None and (call is None or (poll < call and self._running < POLLS_RUNNING)):
            self._polls.pop()
            self._running += 1
            poll[2].woken.set()
        elif call is not None:
            self._calls.popleft()
            self._running = 0
            call[2].woken.set()
        else:
            self._taken = False

    def _first_call(self) -> Place[Waiter] | None:
        while self._calls and self._calls[0][2].left:
            self._calls.popleft()
        return self._calls[0] if self._calls else None
