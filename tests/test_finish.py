"""What must come to its end although its caller was cancelled: on asyncio, natively too, and on trio."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import anyio
import pytest
import trio
from anyio.abc import TaskGroup

from cincopa_async._finish import Finisher
from tests.cancelling import HOWS, Cancellable, How

pytestmark = pytest.mark.anyio


class Work:
    """Work that takes until it is let go, and notes what happens."""

    def __init__(self, result: str | Exception = "done") -> None:
        self._result = result
        self.begun = anyio.Event()
        self.let_go = anyio.Event()
        self.log: list[str] = []

    async def __call__(self) -> str:
        self.log.append("begun")
        self.begun.set()
        await self.let_go.wait()
        if isinstance(self._result, Exception):
            self.log.append("failed")
            raise self._result
        self.log.append("ended")
        return self._result

    async def undo(self, result: str) -> None:
        await anyio.lowlevel.checkpoint()
        self.log.append(f"undone {result}")


class Ends:
    """Told by the finisher each time that something has ended."""

    def __init__(self) -> None:
        self._more = anyio.Event()
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        self._more.set()
        self._more = anyio.Event()

    async def come(self, number: int) -> None:
        with anyio.fail_after(10):
            while self.count < number:
                await self._more.wait()

    async def leave_idle(self, finisher: Finisher) -> None:
        """Return when nothing is under way any more."""
        with anyio.fail_after(10):
            while finisher.busy:
                await self._more.wait()


@pytest.fixture(params=HOWS)
def how(request: pytest.FixtureRequest) -> How:
    chosen: How = request.param
    return chosen


@pytest.fixture
def anyio_backend(how: How) -> str:
    return "trio" if how == "trio scope" else "asyncio"


@pytest.fixture
async def tasks() -> Any:
    async with anyio.create_task_group() as group:
        yield group
        group.cancel_scope.cancel()


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def finisher(ends: Ends) -> Finisher:
    return Finisher(ends)


@pytest.fixture
def start(how: How, tasks: TaskGroup) -> Callable[[Callable[[], Awaitable[object]]], Cancellable]:
    return lambda act: Cancellable(how, tasks, act)


Start = Callable[[Callable[[], Awaitable[object]]], Cancellable]


async def test_undisturbed_work_returns_its_result(finisher: Finisher, ends: Ends) -> None:
    """Nothing is undone, and the finisher knows when something is under way."""
    work = Work()
    work.let_go.set()
    result = await finisher.finish(work, work.undo)

    assert result == "done"
    assert work.log == ["begun", "ended"]
    assert finisher.busy == 0
    assert ends.count >= 1


async def test_work_that_fails_raises_its_error(finisher: Finisher) -> None:
    """The error is the caller's, as if it had awaited the work itself; there is nothing to undo."""
    work = Work(LookupError("of the work"))
    work.let_go.set()
    with pytest.raises(LookupError, match="of the work"):
        await finisher.finish(work, work.undo)

    assert work.log == ["begun", "failed"]
    assert finisher.busy == 0


async def test_cancelled_caller_waits_for_the_end(finisher: Finisher, start: Start) -> None:
    """The work is not disturbed, and only when it is through does the cancellation go on."""
    work = Work()
    caller = start(lambda: finisher.finish(work))
    await work.begun.wait()
    caller.cancel()
    await anyio.wait_all_tasks_blocked()
    meanwhile = (list(work.log), finisher.busy > 0)
    work.let_go.set()
    await caller.over()

    assert meanwhile == (["begun"], True)
    assert work.log == ["begun", "ended"]
    assert finisher.busy == 0


async def test_cancelled_caller_waits_for_the_undoing(finisher: Finisher, start: Start) -> None:
    """What the work brought nobody wants any more: it is undone before the cancellation goes on."""
    work = Work()
    caller = start(lambda: finisher.finish(work, work.undo))
    await work.begun.wait()
    caller.cancel()
    work.let_go.set()
    await caller.over()

    assert work.log == ["begun", "ended", "undone done"]
    assert finisher.busy == 0


async def test_work_that_fails_after_the_cancel_is_not_undone(finisher: Finisher, start: Start) -> None:
    """There is nothing to undo; the cancellation goes on, and Python warns of no error that nobody looked at."""
    work = Work(LookupError())
    caller = start(lambda: finisher.finish(work, work.undo))
    await work.begun.wait()
    caller.cancel()
    work.let_go.set()
    await caller.over()

    assert work.log == ["begun", "failed"]


async def test_work_of_a_caller_that_is_already_cancelled_is_done(finisher: Finisher, start: Start) -> None:
    """An abort after a cancel is just that."""
    work = Work()
    work.let_go.set()

    async def cancelled_then_finish() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            await finisher.finish(work)

    caller = start(cancelled_then_finish)
    await anyio.wait_all_tasks_blocked()
    await caller.cancelled()

    assert work.log == ["begun", "ended"]


async def test_several_pieces_of_work_are_all_counted(finisher: Finisher, ends: Ends, start: Start) -> None:
    """Whoever closes the client must know of each."""
    works = [Work() for _ in range(3)]
    for work in works:
        start(lambda work=work: finisher.finish(work))  # type: ignore[misc]
    await anyio.wait_all_tasks_blocked()
    counts = [finisher.busy]
    for number, work in enumerate(works, start=1):
        work.let_go.set()
        await ends.come(number)
        counts.append(finisher.busy)

    assert counts == [3, 2, 1, 0]


@pytest.mark.parametrize("how", ["task.cancel()"])
async def test_caller_that_is_cancelled_twice_leaves_at_once(
    finisher: Finisher, ends: Ends, start: Start, how: How
) -> None:
    """The work goes on without it, and is undone, and still counted."""
    work = Work()
    caller = start(lambda: finisher.finish(work, work.undo))
    await work.begun.wait()
    caller.cancel()
    await anyio.wait_all_tasks_blocked()
    await caller.cancelled()
    meanwhile = (list(work.log), finisher.busy > 0)
    work.let_go.set()
    await ends.leave_idle(finisher)

    assert meanwhile == (["begun"], True)
    assert work.log == ["begun", "ended", "undone done"]


async def test_work_is_told_that_its_caller_was_cancelled(finisher: Finisher, start: Start) -> None:
    """So it can break off what has not got far; its result is undone as ever."""
    work = Work()
    told: list[str] = []

    def left() -> None:
        told.append("left")
        work.let_go.set()

    caller = start(lambda: finisher.finish(work, work.undo, left=left))
    await work.begun.wait()
    await caller.cancelled()

    assert told == ["left"]
    assert work.log == ["begun", "ended", "undone done"]
    assert finisher.busy == 0


async def test_work_whose_caller_stays_is_told_nothing(finisher: Finisher) -> None:
    """Neither at its end, nor when it fails."""
    told: list[str] = []
    for result in ("done", LookupError("of the work")):
        work = Work(result)
        work.let_go.set()
        with nullcontext() if result == "done" else pytest.raises(LookupError):
            await finisher.finish(work, work.undo, left=lambda: told.append("left"))

    assert told == []


async def test_caller_that_was_cancelled_before_breaks_off_at_once(finisher: Finisher) -> None:
    """The work begins, and is told. (A native cancel comes at the next await: it is one that comes meanwhile.)"""
    work = Work()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await finisher.finish(work, work.undo, left=work.let_go.set)

    assert scope.cancelled_caught
    assert work.log == ["begun", "ended", "undone done"]


@pytest.mark.parametrize("how", ["task.cancel()", "asyncio scope"])
async def test_impatient_caller_leaves_at_once(finisher: Finisher, ends: Ends, start: Start, how: How) -> None:
    """On asyncio a task of its own goes on; on trio there is none, and the caller waits as any."""
    work = Work()
    caller = start(lambda: finisher.finish(work, patient=False))
    await work.begun.wait()
    await caller.cancelled()
    meanwhile = list(work.log)
    work.let_go.set()
    await ends.leave_idle(finisher)

    assert meanwhile == ["begun"]
    assert work.log == ["begun", "ended"]


@pytest.mark.parametrize("how", ["task.cancel()", "asyncio scope"])
async def test_undoing_that_fails_leaves_no_warning(finisher: Finisher, start: Start, how: How) -> None:
    """The cancellation goes on, and Python warns of no error that nobody looked at."""

    async def undo(_: str) -> None:
        raise LookupError

    work = Work()
    caller = start(lambda: finisher.finish(work, undo))
    await work.begun.wait()
    caller.cancel()
    work.let_go.set()
    await caller.over()

    assert finisher.busy == 0


@pytest.mark.parametrize("how", ["task.cancel()"])
async def test_asyncio_timeout_is_held_up_until_the_end(finisher: Finisher, how: How) -> None:
    """TimeoutError comes when the work is through, and from asyncio.timeout itself."""
    work = Work()
    work.let_go.set()

    async def slow() -> str:
        await asyncio.sleep(0.02)
        return await work()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await finisher.finish(slow, work.undo)

    assert work.log == ["begun", "ended", "undone done"]


@pytest.mark.parametrize("how", ["task.cancel()"])
async def test_task_group_is_held_up_until_the_end(finisher: Finisher, how: How) -> None:
    """A sibling that fails cancels the caller; the group is left when the work is undone."""
    work = Work()

    async def fail() -> None:
        await work.begun.wait()
        work.let_go.set()
        raise LookupError

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(finisher.finish(work, work.undo))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup) as caught:
        await both()

    assert caught.group_contains(LookupError)
    assert work.log == ["begun", "ended", "undone done"]


def test_asyncio_run_waits_for_what_is_under_way() -> None:
    """At the end of main every task is cancelled, ours is let go on: the work is done and undone."""
    finisher = Finisher(lambda: None)
    log: list[str] = []

    async def work() -> str:
        log.append("begun")
        with anyio.move_on_after(0.01):  # A scope within may still cancel: it is the task's own.
            await anyio.sleep_forever()
        log.append("ended")
        return "done"

    async def undo(result: str) -> None:
        await asyncio.sleep(0.01)
        log.append(f"undone {result}")

    async def main() -> None:
        _ = asyncio.create_task(finisher.finish(work, undo))  # noqa: RUF006 - forgotten on purpose
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(main())

    assert log == ["begun", "ended", "undone done"]


def test_trio_as_a_guest_of_asyncio_is_trio() -> None:
    """Where trio runs on the loop of asyncio, a cancel scope is what shields."""
    log: list[str] = []

    async def work() -> str:
        await trio.sleep(0.01)
        log.append("ended")
        return "done"

    async def undo(result: str) -> None:
        log.append(f"undone {result}")

    async def guest() -> None:
        with trio.move_on_after(0):
            await Finisher(lambda: None).finish(work, undo)

    async def host() -> None:
        done = asyncio.get_running_loop().create_future()
        trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=asyncio.get_running_loop().call_soon_threadsafe,
            done_callback=done.set_result,
        )
        (await done).unwrap()

    asyncio.run(host())

    assert log == ["ended", "undone done"]


def test_on_trio_alone_asyncio_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that runs on trio may never have imported it."""
    monkeypatch.delitem(sys.modules, "asyncio")

    async def work() -> str:
        await anyio.lowlevel.checkpoint()
        return "done"

    assert trio.run(Finisher(lambda: None).finish, work) == "done"
    assert "asyncio" not in sys.modules
