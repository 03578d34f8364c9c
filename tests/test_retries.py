"""What is sent again and what never is: reads, idempotent calls and writes, after each fault."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

import anyio
import httpx
import pytest
import respx
from trio.testing import MockClock

from cincopa_async import (
    APIError,
    AuthenticationError,
    CincopaClient,
    CincopaError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    TransportError,
)
from cincopa_async.testing import FakeCincopa, FakeServer, MisbehavingServer
from tests.conftest import QUICK_POLLS, QUICK_RETRIES, TOKEN
from tests.remote import SOURCE, STARTED, UNKNOWN, Remote, Script
from tests.sockets.helpers import until

pytestmark = pytest.mark.anyio
Safety = Literal["read", "idempotent", "write"]
SUCCESS = {"success": True}
ATTEMPTS = QUICK_RETRIES.attempts


def answer(status: int, text: str | None = None, **headers: str) -> httpx.Response:
    body = {"success": False} if text is None else {"success": False, "message": text}
    return httpx.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()}, json=body)


NEVER_SENT: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
    )
}
NOT_ACTED_ON: dict[str, Any] = {
    "429": answer(429),
    "429 with Retry-After": answer(429, Retry_After="0"),
    "503 with Retry-After": answer(503, Retry_After="0"),
    "503 with a date": answer(503, Retry_After="Mon, 01 Jan 2024 00:00:00 GMT"),
}
MAYBE_ACTED_ON: dict[str, Any] = {
    **{
        kind.__name__: kind
        for kind in (
            httpx.ReadError,
            httpx.ReadTimeout,
            httpx.WriteError,
            httpx.WriteTimeout,
            httpx.CloseError,
            httpx.RemoteProtocolError,
            httpx.LocalProtocolError,
            httpx.DecodingError,
        )
    },
    **{str(status): answer(status) for status in (500, 501, 502, 503, 504, 520, 599)},
    "503 with a Retry-After that says nothing": answer(503, Retry_After="soon"),
}
REFUSALS: dict[str, Any] = {
    **{str(status): answer(status) for status in (400, 404, 409, 418, 422)},
    "401": answer(401, "Invalid api_token"),
    "403": answer(403, "Invalid api_token"),
    "403 for want of rights": answer(403, "The permissions do not allow this"),
    "success false": answer(200, "No room left"),
    "success false without a text": answer(200),
    "not found": answer(200, "rid not found"),
}
UNREADABLE: dict[str, Any] = {
    "half of the JSON": httpx.Response(200, text='{"success": true, "sta'),
    "an HTML page": httpx.Response(200, html="<html>"),
    "nothing": httpx.Response(200),
    "no object": httpx.Response(200, json=[1]),
}
REDIRECTS: dict[str, Any] = {
    str(status): httpx.Response(status, headers={"Location": "https://elsewhere.test/"})
    for status in (301, 302, 303, 307)
}


@pytest.fixture
def remote(api: respx.MockRouter) -> Remote:
    return Remote(api)


async def call(cincopa: CincopaClient, safety: Safety) -> Any:
    return await cincopa.call("x.y", method="POST", safety=safety)


async def failing_call(cincopa: CincopaClient, safety: Safety) -> CincopaError:
    with pytest.raises(CincopaError) as caught:
        await call(cincopa, safety)
    return caught.value


def answers(remote: Remote, *script: Any) -> Script:
    return remote.route("POST", "x.y", script)


@pytest.mark.parametrize("safety", ["read", "idempotent", "write"])
@pytest.mark.parametrize("fault", {**NEVER_SENT, **NOT_ACTED_ON}.values(), ids={**NEVER_SENT, **NOT_ACTED_ON}.keys())
async def test_what_was_certainly_not_done_is_sent_again(
    cincopa: CincopaClient, remote: Remote, fault: Any, safety: Safety
) -> None:
    """Any call, writes too: up to the policy's attempts, and then the error says that nothing was done."""
    requests = answers(remote, fault, fault, SUCCESS, fault)
    result = await call(cincopa, safety)
    tries = requests.count
    error = await failing_call(cincopa, safety)

    assert result == SUCCESS
    assert tries == 3
    assert requests.count == 3 + ATTEMPTS
    assert not error.maybe_applied


@pytest.mark.parametrize("safety", ["read", "idempotent"])
@pytest.mark.parametrize("fault", MAYBE_ACTED_ON.values(), ids=MAYBE_ACTED_ON.keys())
async def test_what_may_have_been_done_is_sent_again_where_that_does_no_harm(
    cincopa: CincopaClient, remote: Remote, fault: Any, safety: Safety
) -> None:
    """Reads and idempotent calls; of a read the error never says that something may have been done."""
    requests = answers(remote, fault, fault, SUCCESS, fault)
    result = await call(cincopa, safety)
    tries = requests.count
    error = await failing_call(cincopa, safety)

    assert result == SUCCESS
    assert tries == 3
    assert requests.count == 3 + ATTEMPTS
    assert error.maybe_applied == (safety == "idempotent")


@pytest.mark.parametrize("fault", MAYBE_ACTED_ON.values(), ids=MAYBE_ACTED_ON.keys())
async def test_write_that_may_have_been_done_is_never_sent_again(
    cincopa: CincopaClient, remote: Remote, fault: Any
) -> None:
    """Sent once, and the error says that it may have been done."""
    requests = answers(remote, fault)
    error = await failing_call(cincopa, "write")

    assert requests.count == 1
    assert error.maybe_applied


@pytest.mark.parametrize("safety", ["read", "idempotent", "write"])
@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
async def test_refusal_is_final_and_nothing_was_done(
    cincopa: CincopaClient, remote: Remote, refusal: Any, safety: Safety
) -> None:
    """What Cincopa refuses it refuses again: one request, an APIError, and nothing was done."""
    requests = answers(remote, refusal)
    error = await failing_call(cincopa, safety)

    assert isinstance(error, APIError)
    assert requests.count == 1
    assert not error.maybe_applied


@pytest.mark.parametrize("safety", ["read", "idempotent", "write"])
@pytest.mark.parametrize("unreadable", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_success_that_cannot_be_read_may_have_been_done(
    cincopa: CincopaClient, remote: Remote, unreadable: Any, safety: Safety
) -> None:
    """Cincopa has acted, and the answer says nothing: it is not sent again."""
    requests = answers(remote, unreadable)
    error = await failing_call(cincopa, safety)

    assert isinstance(error, ResponseDecodeError)
    assert requests.count == 1
    assert error.maybe_applied == (safety != "read")


@pytest.mark.parametrize("safety", ["read", "idempotent", "write"])
@pytest.mark.parametrize("redirect", REDIRECTS.values(), ids=REDIRECTS.keys())
async def test_redirect_is_not_followed_and_may_have_been_done(
    cincopa: CincopaClient, remote: Remote, redirect: Any, safety: Safety
) -> None:
    """A service may redirect to the result of what it has done: one request, and no more is known."""
    requests = answers(remote, redirect)
    error = await failing_call(cincopa, safety)

    assert isinstance(error, APIError)
    assert requests.count == 1
    assert error.maybe_applied == (safety != "read")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (httpx.ConnectTimeout, RequestTimeoutError),
        (httpx.ReadTimeout, RequestTimeoutError),
        (httpx.ReadError, TransportError),
        (answer(429), RateLimitError),
        (answer(500), ServerError),
        (answer(403, "Invalid api_token"), AuthenticationError),
        (answer(403, "The permissions do not allow this"), PermissionDeniedError),
        (answer(404), NotFoundError),
        (answer(409), APIError),
    ],
)
async def test_fault_is_told_by_its_kind(cincopa: CincopaClient, remote: Remote, fault: Any, kind: type) -> None:
    """After the last attempt the error is that of the last attempt, and holds nothing of httpx."""
    answers(remote, fault)
    error = await failing_call(cincopa, "read")

    assert type(error) is kind
    assert error.__cause__ is None
    assert error.__context__ is None


async def test_call_is_a_write_unless_it_is_said_to_be_safe(cincopa: CincopaClient, remote: Remote) -> None:
    """Nobody knows what an unknown call does: a GET may have effects, as those of live.* do."""
    requests = remote.route("GET", "live.start", (httpx.ReadError,))
    with pytest.raises(TransportError) as caught:
        await cincopa.call("live.start")

    assert requests.count == 1
    assert caught.value.maybe_applied


async def test_one_attempt_is_no_retry(remote: Remote) -> None:
    """RetryPolicy(attempts=1) switches resending off, for reads too."""
    requests = answers(remote, httpx.ConnectError)
    async with CincopaClient(TOKEN, retry=RetryPolicy(attempts=1)) as cincopa:
        await failing_call(cincopa, "read")

    assert requests.count == 1


async def test_what_an_earlier_attempt_may_have_done_is_not_forgotten(cincopa: CincopaClient, remote: Remote) -> None:
    """The first was lost on its way back, the last could not even be sent: something may have been done."""
    answers(remote, httpx.ReadError, httpx.ConnectError)
    unsent = await failing_call(cincopa, "idempotent")
    answers(remote, httpx.ReadError, answer(400))
    refused = await failing_call(cincopa, "idempotent")

    assert unsent.maybe_applied
    assert refused.maybe_applied


@pytest.mark.parametrize("gone", [UNKNOWN, answer(404), answer(200, "rid not found")], ids=["text", "404", "rid"])
@pytest.mark.parametrize("lost", [httpx.ReadError, answer(500), answer(502)], ids=["reset", "500", "502"])
async def test_deletion_that_finds_nothing_on_a_resend_has_succeeded(
    cincopa: CincopaClient, remote: Remote, lost: Any, gone: Any
) -> None:
    """The first attempt did it and its answer was lost: what is gone is gone."""
    deletes = remote.route("POST", "asset.delete", (lost, gone))
    aborts = remote.route("POST", "asset.upload_from_url_abort", (lost, gone))
    await cincopa.asset.delete("R1")
    await cincopa.asset.upload_from_url_abort("42")

    assert (deletes.count, aborts.count) == (2, 2)


@pytest.mark.parametrize("before", [None, httpx.ConnectError, answer(429)], ids=["at first", "after no sending", "429"])
async def test_deletion_that_finds_nothing_says_so(cincopa: CincopaClient, remote: Remote, before: Any) -> None:
    """If no earlier attempt can have done it, there never was such an asset."""
    remote.route("POST", "asset.delete", (answer(404),) if before is None else (before, answer(404)))
    with pytest.raises(NotFoundError):
        await cincopa.asset.delete("R1")


async def test_change_that_finds_nothing_on_a_resend_says_so(cincopa: CincopaClient, remote: Remote) -> None:
    """Changing an asset does not make it vanish: not found is no success."""
    remote.route("POST", "asset.set_meta", (httpx.ReadError, answer(404)))
    with pytest.raises(NotFoundError) as caught:
        await cincopa.asset.set_meta("R1", caption="Cat")

    assert caught.value.maybe_applied


class TestPauses:
    """How long it is waited between attempts, in virtual time."""

    @pytest.fixture
    def anyio_backend(self) -> tuple[str, dict[str, Any]]:
        return "trio", {"clock": MockClock(autojump_threshold=0)}

    @pytest.fixture
    async def cincopa(self) -> AsyncIterator[CincopaClient]:
        async with CincopaClient(TOKEN) as client:
            yield client

    @pytest.mark.parametrize("status", [429, 503, 500])
    async def test_retry_after_in_seconds_is_obeyed(self, cincopa: CincopaClient, remote: Remote, status: int) -> None:
        """At least as long as asked for, and a little more, so that not all come at once."""
        requests = answers(remote, *[answer(status, Retry_After="7"), SUCCESS] * 10)
        for _ in range(10):
            await call(cincopa, "read")
        waited = pauses(requests)[::2]

        assert 7 <= min(waited) < max(waited) <= 7.5

    async def test_retry_after_as_a_date_is_obeyed(self, cincopa: CincopaClient, remote: Remote) -> None:
        """The date is compared with this machine's."""
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
        requests = answers(remote, answer(429, Retry_After=date), SUCCESS)
        await call(cincopa, "write")

        assert 15 <= pauses(requests)[0] <= 20.5

    async def test_retry_after_beyond_reason_is_capped(self, cincopa: CincopaClient, remote: Remote) -> None:
        """A service that says tomorrow is asked again in a minute."""
        requests = answers(remote, answer(429, Retry_After="86400"), SUCCESS)
        await call(cincopa, "read")

        assert 60 <= pauses(requests)[0] <= 60.5

    @pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "Mon, 99 Foo 2024 00:00:00 GMT"])
    async def test_retry_after_that_says_nothing_is_as_none(
        self, cincopa: CincopaClient, remote: Remote, value: str
    ) -> None:
        """Then the pauses are our own."""
        requests = answers(remote, answer(429, Retry_After=value), SUCCESS)
        await call(cincopa, "read")

        assert pauses(requests)[0] <= 0.5

    async def test_pauses_grow_and_are_drawn_at_random(self, cincopa: CincopaClient, remote: Remote) -> None:
        """Full jitter: anything from nothing to half a second, a second, two seconds."""
        requests = answers(remote, httpx.ConnectError)
        drawn = []
        for _ in range(50):
            requests.times.clear()
            await failing_call(cincopa, "read")
            drawn.append(pauses(requests))
        first, second, third = zip(*drawn, strict=True)

        assert (max(first) <= 0.5, max(second) <= 1.0, max(third) <= 2.0) == (True, True, True)
        assert (max(first) > 0.3, max(second) > 0.6, max(third) > 1.2) == (True, True, True)
        assert (min(first) < 0.2, min(second) < 0.4, min(third) < 0.8) == (True, True, True)


def pauses(requests: Script) -> list[float]:
    return [after - before for before, after in itertools.pairwise(requests.times)]


@pytest.fixture
async def front() -> AsyncIterator[MisbehavingServer]:
    """What misbehaves in front of a Cincopa on a socket."""
    fake = FakeCincopa(TOKEN)
    fake.add_source(SOURCE, b"c" * 100)
    async with fake.serve() as server, MisbehavingServer(server.base_url) as front:
        front.server = server  # type: ignore[attr-defined]
        yield front


def behind(front: MisbehavingServer) -> FakeServer:
    server: FakeServer = front.server  # type: ignore[attr-defined]
    return server


def client(front: MisbehavingServer, **options: Any) -> CincopaClient:
    options = {"timeout": 1.0, "retry": QUICK_RETRIES, "poll": QUICK_POLLS, **options}
    return CincopaClient(TOKEN, base_url=front.base_url, **options)


@pytest.mark.parametrize("fault", ["half_answer", "reset_in_body", "reset_after", "silence", "garbage"])
async def test_start_whose_answer_is_lost_starts_one_upload(front: MisbehavingServer, fault: Any) -> None:
    """The server has acted: nothing is sent again, and the error says that an upload may be running."""
    front.fault(fault, call="asset.upload_from_url")
    async with client(front, timeout=0.3) as cincopa:
        with pytest.raises(TransportError) as caught:
            await cincopa.upload_from_url(SOURCE)

    assert caught.value.maybe_applied
    assert front.requests["asset.upload_from_url"] == 1
    assert behind(front).fake.counts.inputs == {SOURCE: 1}


@pytest.mark.parametrize("fault", ["reset", "silence_before"])
async def test_start_that_was_lost_on_its_way_is_not_sent_again_either(front: MisbehavingServer, fault: Any) -> None:
    """Nobody can tell from here that the server did not act."""
    front.fault(fault, call="asset.upload_from_url")
    async with client(front, timeout=0.3) as cincopa:
        with pytest.raises(TransportError) as caught:
            await cincopa.upload_from_url(SOURCE)

    assert caught.value.maybe_applied
    assert front.requests["asset.upload_from_url"] == 1
    assert behind(front).fake.counts.uploads_started == 0


@pytest.mark.parametrize("fault", ["reset", "half_answer", "reset_in_body", "reset_after", "silence", "garbage"])
async def test_upload_survives_faults_of_its_polls(front: MisbehavingServer, fault: Any) -> None:
    """Each second poll meets the fault, and the upload completes."""
    front.fault(fault, call="asset.upload_from_url_get_status", nth=(1, 3))
    async with client(front, timeout=0.3) as cincopa:
        result = await cincopa.upload_from_url(SOURCE)

    assert behind(front).fake.stored(result.rid) == b"c" * 100


async def test_many_starts_under_faults_start_no_source_twice(front: MisbehavingServer) -> None:
    """One start in three is reset after the server has acted: of each source there is one upload."""
    sources = [f"https://media.example.com/{number}.mp4" for number in range(60)]
    for source in sources:
        behind(front).fake.add_source(source, b"c")
    front.fault("reset_after", call="asset.upload_from_url", rate=0.33, seed=7)
    errors: list[CincopaError] = []
    async with client(front, timeout=30) as cincopa:

        async def upload(source: str) -> None:
            try:
                await cincopa.upload_from_url(source)
            except CincopaError as error:
                errors.append(error)

        async with anyio.create_task_group() as tasks:
            for source in sources:
                tasks.start_soon(upload, source)

    assert 5 < len(errors) < 40
    assert all(type(error) is TransportError and error.maybe_applied for error in errors)
    assert behind(front).fake.counts.inputs == dict.fromkeys(sources, 1)


async def test_connection_that_the_server_has_closed_is_not_used_for_a_write(front: MisbehavingServer) -> None:
    """A server that hangs up after each answer costs a new connection, and no write."""
    front.fault("close_idle")
    async with client(front) as cincopa:
        for number in range(5):
            await cincopa.asset.upload_from_url(SOURCE)
            await until(lambda: front.open_connections == 0, lambda: "a connection is open")

            assert front.connections == number + 1


@pytest.mark.own_connections
@pytest.mark.parametrize(("safety", "connections"), [("write", 2), ("read", 1)])
async def test_write_takes_no_connection_that_may_be_stale(
    front: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, safety: Safety, connections: int
) -> None:
    """A connection that was idle for long may be dead: a read would be sent again, a write gets a new one."""
    monkeypatch.setattr("cincopa_async._pool.WRITE_IDLE_LIMIT", 0.0)
    async with client(front) as cincopa:
        await cincopa.ping()
        await cincopa.call("ping", safety=safety)

        assert front.connections == connections


async def test_start_is_sent_over_a_connection_that_was_used_just_now(front: MisbehavingServer) -> None:
    """Within a second a connection is as good as new: a write need not pay for another."""
    async with client(front) as cincopa:
        await cincopa.ping()
        status_id = await cincopa.asset.upload_from_url(SOURCE)

    assert status_id != STARTED["status_id"]
    assert front.connections == 1
