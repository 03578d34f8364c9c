"""Steps an asyncio or trio program turn by turn of its event loop, to cancel it at each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import anyio
import trio

How = Literal["task.cancel", "anyio scope", "trio scope"]
HOWS: tuple[How, ...] = ("task.cancel", "anyio scope", "trio scope")
Scenario = Callable[["Turns"], Awaitable[None]]


class Turns:
    """Cancels what runs in `cancelled_here` at a given turn, counted from its start."""

    def __init__(self, how: How, turn: int) -> None:
        self._how = how
        self._left: int | None = None
        self._turn = turn
        self._cancel: Callable[[], object] = lambda: None
        self.came = False
        """Whether the turn came at all; if not, the call has ended by itself before."""

    async def cancelled_here(self, act: Callable[[], Awaitable[object]]) -> Any:
        """Run `act` until it ends or is cancelled at the turn; the result is None then."""
        if self._how == "task.cancel":
            return await self._in_a_task(act)
        with anyio.CancelScope() as scope:
            self._start(scope.cancel)
            try:
                return await act()
            finally:
                self._left = None
        return None

    def tick(self) -> None:
        """Take notice that a turn begins."""
        if self._left is None:
            return
        if self._left == 0:
            self._left = None
            self.came = True
            self._cancel()
        else:
            self._left -= 1

    async def _in_a_task(self, act: Callable[[], Awaitable[object]]) -> Any:
        async def run() -> object:
            self._start(task.cancel)  # Not before: a task that is cancelled before its first step never runs at all.
            return await act()

        task = asyncio.get_running_loop().create_task(run())
        try:
            return await task
        except asyncio.CancelledError:
            assert self.came, "it was cancelled by somebody else"
            return None
        finally:
            self._left = None

    def _start(self, cancel: Callable[[], object]) -> None:
        self._cancel = cancel
        self._left = self._turn


def run_turns(how: How, scenario: Scenario, *, most: int = 400) -> int:
    """Run `scenario` once for each turn at which what it does can be cancelled; return how many turns that took."""
    for turn in range(most):
        turns = Turns(how, turn)
        if how == "trio scope":
            trio.run(scenario, turns, instruments=[_Instrument(turns)])
        else:
            with asyncio.Runner(loop_factory=lambda turns=turns: _Loop(turns)) as runner:
                runner.run(_as_coroutine(scenario, turns))
        if not turns.came:
            return turn
    raise AssertionError(f"it did not end by itself within {most} turns")


async def _as_coroutine(scenario: Scenario, turns: Turns) -> None:
    await scenario(turns)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns

    def _run_once(self) -> None:
        self._turns.tick()
        super()._run_once()  # type: ignore[misc]  # Where a turn begins is nowhere to be asked in public.


class _Instrument(trio.abc.Instrument):
    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    # Not before_io_wait: trio has decided by then how long to wait, and would sleep through the cancel.
    def after_io_wait(self, timeout: float) -> None:
        self._turns.tick()
