"""Sends events to the hooks of an account, and keeps a record of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import httpx

from ._account import Account, Asset, Gallery
from ._background import Backgrounds
from ._events import Message, message
from ._fetch import BROKEN, Fetcher, SourceError
from ._records import Hook


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one hook, as far as it has come."""

    event: str
    """Its name: ``asset.uploaded``."""
    hook: str = field(repr=False)
    """The hook's URL without its query; not in the repr, for a path may be a secret too."""
    attempts: int = 0
    """How many requests were begun."""
    delivered: bool | None = None
    """Whether one was answered by a 2xx; None while that is still tried."""


Line = deque[tuple[int, Message]]
"""What waits for one hook, in the order it happened; each with the number of its delivery."""


class Deliverer:
    """
    Sends each event to each hook that wants it, to one hook in order: what fails is tried again before the next goes.

    A line is worked off by a task of the loop in which it came to be, which ends with the line: it waits for nothing.
    """

    def __init__(
        self, account: Account, backgrounds: Backgrounds, *, attempts: int, pause: float, timeout: float
    ) -> None:
        self._account = account
        self._backgrounds = backgrounds
        self._attempts = attempts
        self._pause = pause
        self._timeout = timeout
        self._fetcher = Fetcher(timeout)
        self._lines: dict[Hook, Line] = {}
        self._deliveries: list[Delivery] = []
        account.listeners.append(self._queue)

    @property
    def deliveries(self) -> list[Delivery]:
        """All there have been, in the order of their events; a copy."""
        with self._account.lock:
            return self._deliveries.copy()

    def _queue(self, event: str, about: Asset | Gallery) -> None:
        for hook in self._account.hooks.values():
            if hook.wants(event):
                line = self._lines[hook] if hook in self._lines else self._start(hook)
                line.append((len(self._deliveries), message(hook, event, about)))
                self._deliveries.append(Delivery(event, _without_query(hook.hook_url)))

    def _start(self, hook: Hook) -> Line:
        line = self._lines[hook] = deque()

        def ended() -> None:
            with self._account.lock:
                if self._lines.get(hook) is line:  # The server stops, or its loop does: nobody works on what is left.
                    self._give_up(hook, line)

        self._backgrounds.current().start(lambda: self._work_off(hook, line), ended)
        return line

    async def _work_off(self, hook: Hook, line: Line) -> None:
        while (first := self._first(hook, line)) is not None:
            number, sent = first
            delivered = await self._deliver(hook, number, sent)
            with self._account.lock:
                line.popleft()
                self._note(number, delivered=delivered)

    def _first(self, hook: Hook, line: Line) -> tuple[int, Message] | None:
        """Return what goes next; where there is nothing, the line is gone from that moment on."""
        with self._account.lock:
            if line and self._is_set(hook):
                return line[0]
            self._give_up(hook, line)
            return None

    async def _deliver(self, hook: Hook, number: int, sent: Message) -> bool:
        for attempt in range(1, self._attempts + 1):
            if attempt > 1:
                await anyio.sleep(self._pause * 2 ** (attempt - 2))
                if not self._is_set(hook):
                    break
            self._note(number, attempts=attempt)
            if await self._is_taken(sent):
                return True
        return False

    async def _is_taken(self, sent: Message) -> bool:
        try:
            # Of the whole exchange: a hook that answers byte by byte would never end.
            with anyio.fail_after(self._timeout):
                async with self._fetcher.open(sent.url, sent.content, sent.headers) as answer:
                    return 200 <= answer.status < 300
        except (SourceError, *BROKEN):
            return False

    def _is_set(self, hook: Hook) -> bool:
        return self._account.hooks.get(hook.hook_url) is hook

    def _give_up(self, hook: Hook, line: Line) -> None:
        for number, _ in line:
            self._note(number, delivered=False)
        del self._lines[hook]

    def _note(self, number: int, **changes: Any) -> None:
        with self._account.lock:
            self._deliveries[number] = replace(self._deliveries[number], **changes)


def _without_query(url: str) -> str:
    return str(httpx.URL(url).copy_with(query=None, fragment=None, userinfo=b""))
