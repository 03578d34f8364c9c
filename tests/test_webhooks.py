"""The receiver of webhooks: what it takes, what it refuses, and what becomes of an accepted event."""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import random
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import AsyncMock

import anyio
import anyio.to_thread
import httpx
import pytest
from anyio import wait_all_tasks_blocked
from anyio.lowlevel import checkpoint
from starlette.applications import Starlette
from starlette.routing import Mount
from trio.testing import MockClock

from cincopa_async import WebhookDroppedError, WebhookEvent, WebhookReceiver
from tests.cancelling import HOWS, Cancellable, How
from tests.posting import DISCONNECT, KEY, PATH, SECRET, Answer, post, receiver, request

pytestmark = pytest.mark.anyio
UPLOADED = {"event": "asset.uploaded", "drid": "A4", "filename": "cat.mp4"}
ON_VIRTUAL_TIME = pytest.mark.parametrize(
    "anyio_backend", [pytest.param(("trio", {"clock": MockClock(autojump_threshold=0)}), id="virtual time")]
)

Told = list[tuple[WebhookEvent, Exception]]


class Kept:
    """A handler that remembers events, and ends when it is let go."""

    def __init__(self, *, held: bool = False) -> None:
        self.events: list[WebhookEvent] = []
        self.ended = 0
        self.let_go = anyio.Event()
        if not held:
            self.let_go.set()

    async def __call__(self, event: WebhookEvent) -> None:
        self.events.append(event)
        await self.let_go.wait()
        self.ended += 1

    @property
    def names(self) -> list[str | None]:
        return [event.event for event in self.events]


def noting(told: Told) -> Callable[[WebhookEvent, Exception], None]:
    return lambda event, error: told.append((event, error))


async def test_event_reaches_the_handlers_that_match_its_name() -> None:
    """By its whole name, by its group, or by the star; handlers of other events are left alone."""
    hooks = receiver()
    named, group, every, other = (Kept() for _ in range(4))
    for pattern, handler in (("asset.uploaded", named), ("asset.*", group), ("*", every), ("gallery.*", other)):
        assert hooks.on(pattern)(handler) is handler
    async with hooks:
        answers = [await post(hooks, body) for body in (UPLOADED, {"event": "asset.new"}, {"fid": "F4"})]

    assert [(answer.status, answer.text) for answer in answers] == [(200, "OK\n")] * 3
    assert named.names == ["asset.uploaded"]
    assert group.names == ["asset.uploaded", "asset.new"]
    assert every.names == ["asset.uploaded", "asset.new", None]
    assert other.names == []
    assert (named.events[0].rid, named.events[0].asset) == ("A4", every.events[0].asset)


async def test_answer_does_not_wait_for_the_handlers() -> None:
    """A sender that waits too long would send the event again."""
    hooks = receiver()
    slow, other = Kept(held=True), Kept(held=True)
    hooks.on("*")(slow)
    hooks.on("*")(other)
    async with hooks:
        answer = await post(hooks, UPLOADED)
        await wait_all_tasks_blocked()
        began = (slow.names, other.names, slow.ended)
        shown = repr(hooks)
        slow.let_go.set()
        other.let_go.set()

    assert answer.status == 200
    assert began == (["asset.uploaded"], ["asset.uploaded"], 0)
    assert shown == "<WebhookReceiver open, 2 handlers at work>"
    assert repr(hooks) == "<WebhookReceiver closed, 0 handlers at work>"


async def test_handler_that_fails_leaves_the_others_alone_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Its traceback is logged, `on_error` gets the event and the error, and the next event is taken as ever."""
    told: Told = []
    hooks = receiver(on_error=noting(told))
    well = Kept()

    @hooks.on("asset.uploaded")
    async def fails(event: WebhookEvent) -> None:
        await checkpoint()
        raise LookupError("no such cat")

    hooks.on("*")(well)
    async with hooks:
        for _ in range(2):
            assert (await post(hooks, UPLOADED)).status == 200
            await wait_all_tasks_blocked()

    assert well.ended == 2
    assert [(event.rid, repr(error)) for event, error in told] == [("A4", "LookupError('no such cat')")] * 2
    (record, _) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.getMessage() == "a handler of webhook event 'asset.uploaded' failed"
    assert "in fails" in caplog.text


async def test_handler_that_fails_is_logged_without_an_on_error(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing has to be set up to learn of it."""
    hooks = receiver()
    hooks.on("*")(AsyncMock(side_effect=ValueError("no such cat")))
    async with hooks:
        assert (await post(hooks, UPLOADED)).status == 200

    assert "a handler of webhook event 'asset.uploaded' failed" in caplog.text
    assert "no such cat" in caplog.text


async def test_on_error_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It ends no handler and no receiver."""

    def fails(event: WebhookEvent, error: Exception) -> None:
        raise LookupError("no such log")

    hooks = receiver(on_error=fails)
    hooks.on("*")(AsyncMock(side_effect=ValueError("no such cat")))
    async with hooks:
        assert (await post(hooks, UPLOADED)).status == 200
        await wait_all_tasks_blocked()
        assert (await post(hooks, UPLOADED)).status == 200

    assert "no such cat" in caplog.text
    assert "on_error itself failed for webhook event 'asset.uploaded'" in caplog.text
    assert "no such log" in caplog.text


async def test_handler_of_several_patterns_runs_once() -> None:
    """Decorators may be stacked without a thought of what they have in common."""
    hooks = receiver()
    kept = Kept()
    hooks.on("asset.uploaded")(hooks.on("asset.*")(kept))
    async with hooks:
        await post(hooks, UPLOADED)

    assert kept.names == ["asset.uploaded"]


async def test_event_without_a_handler_is_accepted_and_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A name with a line break in it begins no line of the log, and a long one fills none."""
    hooks = receiver()
    async with hooks:
        answer = await post(hooks, {"event": "a\nCRITICAL forged \x1b[31m" + "x" * 10_000})
        await post(hooks, {"fid": "F4"})

    assert answer.status == 200
    said = [record.getMessage() for record in caplog.records if record.name == "cincopa_async"]
    assert said[0].startswith(r"webhook event 'a\nCRITICAL forged \x1b[31mxxx")
    assert len(said[0]) < 200
    assert said[1] == "webhook event without a name has no handler"


@pytest.mark.parametrize("handler", [print, lambda event: None, functools.partial(print), 5, None])
def test_handler_that_is_not_async_is_refused(handler: Any) -> None:
    """At its decorator, and not when the first event comes."""
    with pytest.raises(TypeError, match="async function"):
        receiver().on("*")(handler)


async def test_whatever_is_async_may_be_a_handler() -> None:
    """Methods, partials, objects with an async ``__call__``, mocks."""
    kept, mock = Kept(), AsyncMock()
    hooks = receiver()

    async def with_more(more: list[str], event: WebhookEvent) -> None:
        more.append(str(event.event))

    noted: list[str] = []
    for handler in (kept, kept.__call__, mock, functools.partial(with_more, noted)):
        hooks.on("*")(handler)
    async with hooks:
        await post(hooks, UPLOADED)

    assert kept.names == ["asset.uploaded"] * 2
    mock.assert_awaited_once()
    assert noted == ["asset.uploaded"]


@pytest.mark.parametrize("pattern", ["", "asset*", "*.uploaded"])
def test_pattern_that_matches_nothing_is_refused(pattern: str) -> None:
    """The star stands alone or at the end of a group."""
    with pytest.raises(ValueError, match="pattern must"):
        receiver().on(pattern)


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({}, ValueError, "security_key or secret must be given"),
        ({"secret": ""}, ValueError, "secret must not be empty"),
        ({"security_key": " "}, ValueError, "security_key must not be empty"),
        ({"secret": b"x"}, TypeError, "secret must be a str"),
        ({"security_key": 5}, TypeError, "security_key must be a str"),
        ({"secret": "a/b"}, ValueError, "secret must have no '/'"),
        ({"secret": "x", "max_body_bytes": 0}, ValueError, "max_body_bytes must be 1 or more"),
        ({"secret": "x", "max_body_bytes": 1.5}, TypeError, "max_body_bytes must be an int"),
        ({"secret": "x", "max_pending": 0}, ValueError, "max_pending must be 1 or more"),
        ({"secret": "x", "max_pending": True}, TypeError, "max_pending must be an int"),
        ({"secret": "x", "on_error": 5}, TypeError, "on_error must be a plain function"),
        ({"secret": "x", "on_error": AsyncMock()}, TypeError, "on_error must be a plain function"),
    ],
)
def test_wrong_argument_is_named(options: dict[str, Any], kind: type[Exception], text: str) -> None:
    """Above all one is told that without a secret anybody could send events."""
    with pytest.raises(kind, match=text):
        WebhookReceiver(**options)


OWN = {"secret": SECRET}
VENDORS = {"security_key": KEY}
BOTH = OWN | VENDORS
WITH_KEY = UPLOADED | {"security_key": KEY}
CLEAN = "/hooks/cincopa"


@pytest.mark.parametrize(
    ("secrets", "path", "query", "body", "status"),
    [
        (OWN, f"/{SECRET}", "", UPLOADED, 200),
        (OWN, PATH, "", UPLOADED, 200),
        (OWN, f"{PATH}/", "", UPLOADED, 200),
        (OWN, CLEAN, f"secret={SECRET}", UPLOADED, 200),
        (OWN, CLEAN, f"secret=wrong&secret={SECRET}", UPLOADED, 200),
        (OWN, "/", "", UPLOADED, 403),
        (OWN, "", "", UPLOADED, 403),
        (OWN, CLEAN, "", UPLOADED, 403),
        (OWN, f"{PATH}/x", "", UPLOADED, 403),
        (OWN, f"/x{SECRET}", "", UPLOADED, 403),
        (OWN, f"/{SECRET[:-1]}", "", UPLOADED, 403),
        (OWN, f"/{SECRET}\udcff", "", UPLOADED, 403),
        (OWN, CLEAN, f"Secret={SECRET}", UPLOADED, 403),
        (OWN, CLEAN, f"security_key={SECRET}", UPLOADED, 403),
        (OWN, CLEAN, "secret=", UPLOADED, 403),
        (OWN, CLEAN, "secret", UPLOADED, 403),
        (OWN, CLEAN, f"{'a=1&' * 200}secret={SECRET}", UPLOADED, 403),
        (OWN, CLEAN, "", UPLOADED | {"secret": SECRET}, 403),
        (OWN, CLEAN, "", UPLOADED | {"security_key": SECRET}, 403),
        (VENDORS, CLEAN, "", WITH_KEY, 200),
        (VENDORS, CLEAN, f"security_key={KEY}", UPLOADED, 200),
        (VENDORS, CLEAN, f"security_key={KEY}", UPLOADED | {"security_key": "wrong"}, 200),
        (VENDORS, CLEAN, "security_key=wrong", UPLOADED, 403),
        (VENDORS, CLEAN, "", UPLOADED, 403),
        (VENDORS, f"/{KEY}", "", UPLOADED, 403),
        (VENDORS, CLEAN, f"secret={KEY}", UPLOADED, 403),
        (VENDORS, CLEAN, "", UPLOADED | {"security_key": KEY.lower()}, 403),
        (VENDORS, CLEAN, "", UPLOADED | {"security_key": [KEY]}, 403),
        (VENDORS, CLEAN, "", UPLOADED | {"security_key": "\ud800"}, 403),
        (VENDORS, CLEAN, "", UPLOADED | {"security_key": None}, 403),
        (BOTH, PATH, "", UPLOADED, 200),
        (BOTH, CLEAN, "", WITH_KEY, 200),
        (BOTH, CLEAN, f"security_key={KEY}", UPLOADED, 200),
        (BOTH, CLEAN, "", UPLOADED, 403),
    ],
)
async def test_event_counts_only_with_a_secret(
    secrets: dict[str, str], path: str, query: str, body: dict[str, Any], status: int
) -> None:
    """Of the two either is enough: one's own in path or query, Cincopa's in query or body, none in another's place."""
    hooks = WebhookReceiver(**secrets)
    kept = Kept()
    hooks.on("*")(kept)
    async with hooks:
        answer = await post(hooks, body, path=path, query=query)

    assert answer.status == status
    assert len(kept.events) == (status == 200)
    assert not any("security_key" in event.raw for event in kept.events)


async def test_key_comes_in_a_form_too() -> None:
    """As a field beside the others, or beside the one that holds JSON."""
    hooks = WebhookReceiver(security_key=KEY)
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    async with hooks:
        answers = [
            await post(hooks, body, headers=form)
            for body in (
                f"event=asset.synced&security_key={KEY}".encode(),
                f"payload=%7B%22event%22:1%7D&security_key={KEY}".encode(),
                b'payload={"event":1,"security_key":"%s"}' % KEY.encode(),
                b"event=asset.synced&security_key=wrong",
            )
        ]

    assert [answer.status for answer in answers] == [200, 200, 200, 403]


async def test_stranger_is_refused_before_the_body_is_read() -> None:
    """Where the secret can only be in the URL, a body without it costs nothing."""
    hooks = receiver()
    async with hooks:
        answer = await post(hooks, UPLOADED, path="/wrong")

    assert (answer.status, answer.taken) == (403, 0)


async def test_stranger_is_not_told_what_would_be_read() -> None:
    """A body that is no event is 403 too, as long as nothing shows who sends it."""
    hooks = WebhookReceiver(security_key=KEY)
    async with hooks:
        answer = await post(hooks, b"no event", path="/")

    assert (answer.status, answer.text) == (403, "Forbidden\n")


async def test_body_that_is_no_event_is_a_bad_request(caplog: pytest.LogCaptureFixture) -> None:
    """The log says why, and does not quote it."""
    hooks = receiver()
    async with hooks:
        answer = await post(hooks, b'{"event": "CANARY')

    assert (answer.status, answer.text) == (400, "Bad Request\n")
    assert "a webhook brought no event: the body is no JSON object" in caplog.text
    assert "CANARY" not in caplog.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post"])
async def test_only_post_is_taken(method: str) -> None:
    """Anything else is told so."""
    hooks = receiver()
    async with hooks:
        answer = await post(hooks, UPLOADED, method=method)

    assert (answer.status, answer.headers["allow"], answer.taken) == (405, "POST", 0)


@pytest.mark.parametrize(("size", "status"), [(100, 200), (101, 413)])
@pytest.mark.parametrize("length", ["told", "not told", "not a number"])
async def test_body_is_bounded(size: int, status: int, length: str) -> None:
    """By what the sender says of its length, before it is read; else while it is read."""
    hooks = receiver(max_body_bytes=100)
    body = b'{"event": "%s"}' % (b"x" * (size - 13))
    headers = {"told": [("Content-Length", str(size))], "not told": [], "not a number": [("Content-Length", "x")]}
    messages = request(*(body[index : index + 10] for index in range(0, size, 10)), b"")
    async with hooks:
        answer = await post(hooks, headers=headers[length], messages=messages)

    assert len(body) == size
    assert answer.status == status
    if status == 413:
        assert answer.taken == (0 if length == "told" else 11)


async def test_length_of_a_thousand_digits_is_too_long() -> None:
    """It is no reason to fail."""
    hooks = receiver()
    async with hooks:
        answer = await post(hooks, UPLOADED, headers=[("Content-Length", "9" * 10_000)])

    assert (answer.status, answer.taken) == (413, 0)


async def test_endless_body_is_not_read_to_its_end() -> None:
    """Reading stops with the first byte too many."""
    hooks = receiver(max_body_bytes=100)
    endless = [{"type": "http.request", "body": b"x" * 60, "more_body": True}] * 100
    async with hooks:
        answer = await post(hooks, messages=endless)

    assert (answer.status, answer.taken) == (413, 2)


async def test_sender_that_leaves_in_the_middle_has_sent_nothing() -> None:
    """Half a body is no event, be it that it could be read as one."""
    hooks = receiver()
    kept = Kept()
    hooks.on("*")(kept)
    whole = request(b'{"event": "asset.uploaded"}', b"")
    async with hooks:
        answer = await post(hooks, messages=[whole[0], DISCONNECT])

    assert answer == Answer(None, taken=2)
    assert kept.events == []


async def test_message_without_a_body_is_an_empty_one() -> None:
    """ASGI lets a server leave out both fields."""
    hooks = receiver()
    async with hooks:
        answer = await post(hooks, messages=[{"type": "http.request"}])

    assert answer.status == 400


async def test_receiver_that_is_not_entered_asks_to_come_again(caplog: pytest.LogCaptureFixture) -> None:
    """Before and after: an event that nobody could handle is not accepted, so that the sender tries again."""
    hooks = receiver()
    before = await post(hooks, UPLOADED)
    async with hooks:
        inside = await post(hooks, UPLOADED)
    after = await post(hooks, UPLOADED)
    async with hooks:
        again = await post(hooks, UPLOADED)

    assert [answer.status for answer in (before, inside, after, again)] == [503, 200, 503, 200]
    assert int(before.headers["retry-after"]) > 0
    assert "refused with 503: the receiver is not entered" in caplog.text


async def test_receiver_that_has_its_hands_full_asks_to_come_again() -> None:
    """`max_pending` handlers are at work; when one has ended, the next event is taken."""
    hooks = receiver(max_pending=2)
    kept = Kept(held=True)
    hooks.on("*")(kept)
    async with hooks:
        full = [await post(hooks, UPLOADED) for _ in range(3)]
        kept.let_go.set()
        await wait_all_tasks_blocked()
        freed = await post(hooks, UPLOADED)

    assert [(answer.status, answer.taken) for answer in full] == [(200, 1), (200, 1), (503, 0)]
    assert freed.status == 200


async def test_room_may_be_gone_when_the_body_has_come() -> None:
    """A body that takes its time is accepted only if there is room at its end."""
    hooks = receiver()
    kept = Kept()
    hooks.on("*")(kept)
    left = anyio.Event()
    answers: list[Answer] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def late() -> Any:
            await left.wait()
            return await receive()

        await hooks(scope, late, send)

    async def slow() -> None:
        answers.append(await post(app, UPLOADED))

    async with anyio.create_task_group() as tasks:
        async with hooks:
            tasks.start_soon(slow)
            await wait_all_tasks_blocked()
        left.set()

    assert [answer.status for answer in answers] == [503]
    assert kept.events == []


async def test_leaving_waits_for_the_handlers() -> None:
    """Meanwhile no event is taken."""
    hooks = receiver()
    kept = Kept(held=True)
    hooks.on("*")(kept)
    late: list[Answer] = []

    async def later() -> None:
        await wait_all_tasks_blocked()
        late.append(await post(hooks, UPLOADED))
        kept.let_go.set()

    async with anyio.create_task_group() as tasks:
        async with hooks:
            await post(hooks, UPLOADED)
            tasks.start_soon(later)
        ended = kept.ended

    assert ended == 1
    assert [answer.status for answer in late] == [503]


@ON_VIRTUAL_TIME
async def test_leaving_gives_handlers_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    """One that takes longer is cancelled, and its event told: in the log and to `on_error`."""
    told: Told = []
    hooks = receiver(on_error=noting(told))
    ended: list[float] = []

    @hooks.on("*")
    async def sleeps(event: WebhookEvent) -> None:
        await anyio.sleep(float(event.raw["seconds"]))
        ended.append(event.raw["seconds"])

    async with hooks:
        for seconds in (9, 11):
            await post(hooks, UPLOADED | {"seconds": seconds})
        begin = anyio.current_time()
    took = anyio.current_time() - begin

    assert ended == [9]
    assert took == pytest.approx(10, abs=0.1)
    ((event, error),) = told
    assert event.raw["seconds"] == 11
    assert isinstance(error, WebhookDroppedError)
    assert (error.event, error.rid) == ("asset.uploaded", "A4")
    assert "webhook event 'asset.uploaded' was accepted, and is dropped: the handler was cancelled" in caplog.text


async def test_error_in_the_block_is_raised_as_it_is() -> None:
    """Not in a group, and after the handlers have come to their end."""
    hooks = receiver()
    kept = Kept()
    hooks.on("*")(kept)

    async def fails() -> None:
        async with hooks:
            await post(hooks, UPLOADED)
            raise LookupError("of the app")

    with pytest.raises(LookupError, match="of the app") as caught:
        await fails()

    assert type(caught.value) is LookupError
    assert kept.ended == 1


@pytest.mark.parametrize(
    ("how", "anyio_backend"), [(how, "trio" if how == "trio scope" else "asyncio") for how in HOWS]
)
@pytest.mark.parametrize("at", ["in the block", "while it is left"])
async def test_cancelled_block_cancels_its_handlers_and_tells(how: How, at: str) -> None:
    """Nobody waits for ten seconds then; the cancellation goes on."""
    told: Told = []
    hooks = receiver(on_error=noting(told))
    stuck = Kept(held=True)
    hooks.on("*")(stuck)

    async def act() -> None:
        async with hooks:
            for _ in range(2):
                await post(hooks, UPLOADED)
            if at == "in the block":
                await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        block = Cancellable(how, tasks, act)
        await wait_all_tasks_blocked()
        await block.cancelled()

    assert len(stuck.events) == 2
    assert stuck.ended == 0
    assert [type(error) for _, error in told] == [WebhookDroppedError] * 2
    assert repr(hooks) == "<WebhookReceiver closed, 0 handlers at work>"


async def test_handler_may_bound_its_own_time() -> None:
    """A timeout of its own is an error like any other; the receiver goes on."""
    told: Told = []
    hooks = receiver(on_error=noting(told))

    @hooks.on("*")
    async def gives_up(event: WebhookEvent) -> None:
        with anyio.fail_after(0):
            await anyio.sleep_forever()

    async with hooks:
        for _ in range(2):
            assert (await post(hooks, UPLOADED)).status == 200
            await wait_all_tasks_blocked()

    assert [type(error) for _, error in told] == [TimeoutError] * 2


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("itself", [False, True])
async def test_handler_that_is_cancelled_leaves_the_others_alone_and_is_told(itself: bool) -> None:
    """It waited for a task that somebody cancelled, or was cancelled by its own: no reason to end the app with it."""
    told: Told = []
    hooks = receiver(on_error=noting(told))
    kept = Kept(held=True)
    hooks.on("asset.*")(kept)

    @hooks.on("asset.uploaded")
    async def waits_in_vain(event: WebhookEvent) -> None:
        task = asyncio.current_task() if itself else asyncio.ensure_future(anyio.sleep_forever())
        assert task is not None
        task.cancel()
        await (anyio.sleep_forever() if itself else task)

    async with hooks:
        for event in (UPLOADED, {"event": "asset.deleted"}):
            assert (await post(hooks, event)).status == 200
            await wait_all_tasks_blocked()
        kept.let_go.set()

    assert (kept.names, kept.ended) == (["asset.uploaded", "asset.deleted"], 2)
    assert [(event.event, type(error)) for event, error in told] == [("asset.uploaded", WebhookDroppedError)]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # Which is the very case.
async def test_handler_whose_task_never_began_is_told() -> None:
    """asyncio.run cancels what is left when main returns, also a task that has had no first step."""
    told: Told = []
    hooks = receiver(on_error=noting(told))
    kept = Kept()
    hooks.on("*")(kept)
    before = asyncio.all_tasks()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def cut_off(message: Any) -> None:
            for task in asyncio.all_tasks() - before:
                task.cancel()
            await send(message)

        await hooks(scope, receive, cut_off)

    async with hooks:
        assert (await post(app, UPLOADED)).status == 200
    gc.collect()

    assert kept.events == []
    assert [type(error) for _, error in told] == [WebhookDroppedError]


class Storm:
    """Events whose handlers end in every way, in requests of which some are cancelled."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.told: Told = []
        self.hooks = receiver(on_error=noting(self.told))
        self.hooks.on("*")(self._handle)
        self.accepted: set[int] = set()
        self.handled: set[int] = set()

    async def send(self, number: int) -> None:
        with anyio.CancelScope() as scope:
            if self._dice.random() < 0.3:
                scope.deadline = anyio.current_time() + self._dice.choice([0, 0, 0.001])
            if (await post(self.hooks, UPLOADED | {"number": number})).status == 200:
                self.accepted.add(number)

    async def _handle(self, event: WebhookEvent) -> None:
        for _ in range(self._dice.randrange(5)):
            await checkpoint()
        how = self._dice.random()
        if how < 0.2:
            raise LookupError
        if how < 0.4:
            await anyio.sleep_forever()
        self.handled.add(event.raw["number"])


@pytest.mark.parametrize("seed", range(5))
async def test_no_accepted_event_is_lost_in_silence(seed: int) -> None:
    """However handlers end, whenever requests and the receiver are cancelled: each is handled, or told."""
    storm = Storm(seed)
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as block:
            async with storm.hooks:
                for number in range(300):
                    tasks.start_soon(storm.send, number)
                    if number % 10 == 0:
                        await checkpoint()
                    if number == 200:
                        block.cancel()

    told = {event.raw["number"] for event, _ in storm.told}
    assert len(storm.accepted) > 50
    assert any(isinstance(error, WebhookDroppedError) for _, error in storm.told)
    assert storm.accepted <= storm.handled | told
    assert not storm.handled & told


async def test_what_no_program_handles_ends_the_receiver() -> None:
    """An error that is no Exception is no business of `on_error` alone: it is raised by the block."""
    told: Told = []
    hooks = receiver(on_error=noting(told))

    class Halt(BaseException):
        pass

    hooks.on("*")(AsyncMock(side_effect=Halt))

    async def runs() -> None:
        async with hooks:
            await post(hooks, UPLOADED)
            await anyio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as caught:
        await runs()

    assert caught.group_contains(Halt)
    assert [type(error) for _, error in told] == [WebhookDroppedError]
    assert (await post(hooks, UPLOADED)).status == 503


async def test_receiver_is_entered_once_at_a_time() -> None:
    """Two owners would end each other's handlers."""
    hooks = receiver()
    async with hooks:
        with pytest.raises(RuntimeError, match="entered already"):
            await hooks.__aenter__()
        assert (await post(hooks, UPLOADED)).status == 200


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_request_in_another_event_loop_is_refused() -> None:
    """A task group belongs to one."""
    hooks = receiver()
    async with hooks:
        with pytest.raises(RuntimeError, match="another event loop"):
            await anyio.to_thread.run_sync(lambda: anyio.run(post, hooks, UPLOADED))


class Server:
    """The side of a server in the lifespan of an app."""

    def __init__(self) -> None:
        self.started = anyio.Event()
        self.stop = anyio.Event()
        self.said: list[dict[str, Any]] = []
        self._messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive(self) -> dict[str, Any]:
        kind = next(self._messages)
        if kind == "lifespan.shutdown":
            await self.stop.wait()
        return {"type": kind}

    async def send(self, message: Any) -> None:
        await checkpoint()
        self.said.append(dict(message))
        self.started.set()


async def test_receiver_served_alone_lives_as_long_as_its_server() -> None:
    """It is entered at startup, and at shutdown its handlers come to their end before it says so."""
    hooks = receiver()
    kept = Kept()
    hooks.on("*")(kept)
    server = Server()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hooks, {"type": "lifespan"}, server.receive, server.send)
        await server.started.wait()
        answer = await post(hooks, UPLOADED)
        server.stop.set()
    after = await post(hooks, UPLOADED)

    assert [message["type"] for message in server.said] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert (answer.status, kept.ended, after.status) == (200, 1, 503)


async def test_receiver_that_is_entered_already_fails_to_start() -> None:
    """A server that is told so stops; an error it would take for an app without a lifespan."""
    hooks = receiver()
    server = Server()
    async with hooks:
        await hooks({"type": "lifespan"}, server.receive, server.send)

    assert server.said == [
        {"type": "lifespan.startup.failed", "message": "the WebhookReceiver is entered already"},
    ]


async def test_websocket_is_refused() -> None:
    """It is closed before it is open, which a server answers with 403."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await checkpoint()
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        await checkpoint()
        sent.append(message)

    await receiver()({"type": "websocket", "path": PATH}, receive, send)

    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_unknown_protocol_is_an_error() -> None:
    """As ASGI asks of an app."""
    with pytest.raises(RuntimeError, match="does not serve 'gopher'"):
        await receiver()({"type": "gopher"}, AsyncMock(), AsyncMock())


@pytest.mark.parametrize(("path", "status"), [("/own-secret", 200), ("/?secret=own-secret", 200), ("/wrong", 403)])
async def test_receiver_is_mounted_in_an_app(path: str, status: int) -> None:
    """Under any path; the app's lifespan enters it."""
    hooks = WebhookReceiver(secret="own-secret")
    kept = Kept()
    hooks.on("asset.*")(kept)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        async with hooks:
            yield

    app = Starlette(routes=[Mount("/hooks/cincopa", hooks)], lifespan=lifespan)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app.test") as http,
    ):
        answer = await http.post(f"/hooks/cincopa{path}", json=UPLOADED)

    assert answer.status_code == status
    assert len(kept.events) == (status == 200)


def test_secrets_are_not_kept() -> None:
    """Only digests are: no repr, and no traceback that shows variables, gives them away."""
    hooks = receiver(security_key=KEY)
    held = [hooks, vars(hooks)]
    held += [vars(value) for value in vars(hooks).values() if hasattr(value, "__dict__")]

    assert "CANARY" not in repr(held)
