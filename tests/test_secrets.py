"""The token, signed inputs and upload URLs are seen by nobody but the service."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import quote

import aiohttp
import attrs
import httpx
import httpx2
import httpx_aiohttp
import pytest
import respx

from cincopa_async import (
    APIError,
    CincopaClient,
    CincopaError,
    RenewingToken,
    RequestTimeoutError,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    TransportError,
    UploadFailedError,
)
from cincopa_async.testing import FakeCincopa, FakeServer, MisbehavingServer
from tests.conftest import CANARIES, QUICK_POLLS, QUICK_RETRIES, TOKEN
from tests.transports import AIOHTTP, GIVEN, OWN, needs_asyncio, no_certificates

pytestmark = pytest.mark.anyio

INPUT = "https://media.example.com/don't.mp4?X-Amz-Signature=CANARY-SIGNATURE"
UPLOAD_URL = "https://mediaupload.example.com/post.jpg?uid=1&hash=CANARY-CAPABILITY"
ECHO = f"bad request {INPUT} by {TOKEN}, asked as ?api_token={quote(TOKEN, safe='')}&input={quote(INPUT, safe='')}"
HTML = f"<html><h1>500</h1><p>{ECHO}</p></html>".encode()


class Recorder:
    """What an instrument for tracing sees, at each place where one is put."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def request(self, request: httpx.Request) -> None:
        self.seen.append(f"{request.url} {request.url!r} {request!r} {request.headers!r} {request.headers.raw!r}")

    async def response(self, response: httpx.Response) -> None:
        self.seen.append(f"{response!r} {response.url} {response.url!r} {response.request!r}")


def traced_transport(library: Any, recorder: Recorder) -> Any:
    """A transport of the user's that records what it is given, and what goes wrong; of httpx or of httpx2."""

    class TracedTransport(library.AsyncBaseTransport):
        def __init__(self) -> None:
            self._transport = library.AsyncHTTPTransport(verify=no_certificates())

        async def handle_async_request(self, request: Any) -> Any:
            await recorder.request(request)
            try:
                return await self._transport.handle_async_request(request)
            except Exception as error:
                recorder.seen.append("".join(traceback.format_exception(error)) + repr(vars(error)))
                raise

        async def aclose(self) -> None:
            await self._transport.aclose()

    return TracedTransport()


def traced_aiohttp(recorder: Recorder) -> Any:
    """A transport over a session of aiohttp with a TraceConfig, as OpenTelemetry puts one there."""

    async def record(_: object, __: object, params: Any) -> None:
        shown = [repr(params), *(f"{value} {value!r}" for value in attrs.asdict(params, recurse=False).values())]
        error = getattr(params, "exception", None)
        if error is not None:
            shown.append("".join(traceback.format_exception(error)) + repr(vars(error)))
        recorder.seen.extend(shown)

    def session() -> aiohttp.ClientSession:
        tracing = aiohttp.TraceConfig()
        for name in dir(tracing):
            # What is sent and what comes back is theirs to see; docs/transports.md says so.
            if name.startswith("on_") and name not in ("on_request_headers_sent", "on_response_chunk_received"):
                getattr(tracing, name).append(record)
        return aiohttp.ClientSession(trace_configs=[tracing])

    return httpx_aiohttp.AiohttpTransport(client=session)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """An instrument around httpx's own transport, as OpenTelemetry puts one there; it never sees a secret."""
    recorder = Recorder()
    handle = httpx.AsyncHTTPTransport.handle_async_request

    async def traced(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        await recorder.request(request)
        try:
            return await handle(self, request)
        except Exception as error:
            recorder.seen.append("".join(traceback.format_exception(error)))
            raise

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", traced)
    yield recorder
    assert [seen for seen in recorder.seen if sings(seen)] == []


Make: TypeAlias = Callable[..., Any]


@pytest.fixture(params=[OWN, *GIVEN])
def kind(request: pytest.FixtureRequest, anyio_backend: Any) -> Any:
    """What the client goes over."""
    needs_asyncio(request.param, anyio_backend)
    return request.param


@pytest.fixture
def make(kind: str, recorder: Recorder) -> Make:
    """Make a client of that kind, with an instrument wherever one can be put."""
    hooks: Any = {"request": [recorder.request], "response": [recorder.response]}
    given: dict[str, Callable[[], Any]] = {
        "httpx client": lambda: httpx.AsyncClient(event_hooks=hooks, verify=no_certificates()),
        "httpx transport": lambda: traced_transport(httpx, recorder),
        "httpx2 client": lambda: httpx2.AsyncClient(event_hooks=hooks, verify=no_certificates()),
        "httpx2 transport": lambda: traced_transport(httpx2, recorder),
        AIOHTTP: lambda: traced_aiohttp(recorder),
    }

    @asynccontextmanager
    async def client(base_url: str, **more: Any) -> AsyncIterator[CincopaClient]:
        options: dict[str, Any] = {"base_url": base_url, "retry": QUICK_RETRIES, "poll": QUICK_POLLS, **more}
        async with AsyncExitStack() as stack:
            if kind != OWN:
                options[GIVEN[kind][0]] = await stack.enter_async_context(given[kind]())
            yield await stack.enter_async_context(CincopaClient(TOKEN, **options))

    return client


def sings(shown: object) -> bool:
    return any(canary in str(shown) for canary in CANARIES)


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that Python or a reporter of errors finds from it."""
    todo, found = [error], set[int]()
    while todo:
        one = todo.pop()
        if id(one) not in found:
            found.add(id(one))
            yield one
            group = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
            todo += [other for other in (one.__cause__, one.__context__, *group) if other is not None]


def shows_nothing(error: CincopaError) -> None:
    """Assert that no secret is found from an error, by any of the ways that lead from it."""
    for one in chain(error):
        assert isinstance(one, CincopaError), f"{type(one)} in the chain, which may hold a request"
        held = [
            str(one),
            repr(one),
            repr(one.args),
            repr(vars(one)),
            repr([vars(value) for value in vars(one).values() if hasattr(value, "__dict__")]),
            repr([getattr(value, "raw", None) for value in vars(one).values()]),
            repr(pickle.dumps(one)),
            repr(pickle.dumps(one, 0)),
            "".join(traceback.format_exception(one)),
            repr(getattr(one, "__notes__", None)),
        ]
        assert [text for text in held if sings(text)] == []


CALLS: dict[str, Callable[[CincopaClient], Any]] = {
    "read": lambda client: client.asset.list(search=INPUT),
    "write": lambda client: client.asset.upload_from_url(INPUT),
    "idempotent": lambda client: client.asset.set_meta("A4", related_link_url=INPUT),
    "upload_url": lambda client: client.asset.get_upload_url(ttl=60),
    "token": lambda client: client.token.get_temp(),
    "job": lambda client: client.upload_from_url(INPUT),
    "named": lambda client: client.call("x.y", input=INPUT),
}


async def test_refused_connection_shows_nothing(make: Make) -> None:
    """The address is all that there is to say."""
    async with FakeCincopa(TOKEN).serve() as server:
        pass
    async with make(server.base_url) as client:
        for call in CALLS.values():
            with pytest.raises(TransportError, match="no connection") as caught:
                await call(client)

            shows_nothing(caught.value)
            assert not caught.value.maybe_applied


@pytest.mark.parametrize(
    "fault", ["reset_on_accept", "reset", "reset_after", "reset_in_body", "half_answer", "garbage"]
)
async def test_broken_connection_shows_nothing(fault: Any, make: Make) -> None:
    """Whenever it breaks; httpx's own error holds the request, and the request holds the token."""
    async with MisbehavingServer() as server:
        server.script(ECHO.encode())
        server.fault(fault)
        async with make(server.base_url) as client:
            for call in CALLS.values():
                with pytest.raises(TransportError) as caught:
                    await call(client)

                shows_nothing(caught.value)


@pytest.mark.parametrize("fault", ["silence_before", "silence"])
async def test_timeout_shows_nothing(fault: Any, make: Make) -> None:
    """What was waited for is told by the name of the call."""
    async with MisbehavingServer() as server:
        server.fault(fault)
        async with make(server.base_url, timeout=0.02, retry=RetryPolicy(attempts=1)) as client:
            for call in CALLS.values():
                with pytest.raises(RequestTimeoutError, match=r"no whole answer within 0\.02 s") as caught:
                    await call(client)

                shows_nothing(caught.value)


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 418, 429, 500, 503])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(HTML, id="a page"),
        pytest.param(json.dumps({"success": False, "message": ECHO, "url": UPLOAD_URL}).encode(), id="JSON"),
        pytest.param(json.dumps({"success": False, "more": ECHO}).replace("/", "\\/").encode(), id="JSON with escapes"),
        pytest.param(json.dumps({"success": False, "error": ECHO, UPLOAD_URL: TOKEN}).encode()[:-1], id="half of it"),
    ],
)
async def test_refusal_that_echoes_everything_shows_nothing(
    body: bytes, status: int, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Not in the message, not in the body."""
    api.route().respond(status, content=body)

    for call in CALLS.values():
        with pytest.raises((APIError, ResponseDecodeError)) as caught:
            await call(cincopa)

        shows_nothing(caught.value)


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("padding", ["", f"https://x/{'a' * 7_642}"])  # The excerpt would end within the key.
async def test_key_of_a_webhook_is_not_shown(
    padding: str, status: int, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Neither where a refusal repeats the one that was sent, nor where a list that cannot be read tells one."""
    key, hook = "CANARY-CAPABILITY/" * 19, {"security_key": "CANARY-CAPABILITY", "hook_url": UPLOAD_URL}
    echo = {"padding": padding, "success": False, "message": f"The key {key} is too weak", "said": [key, key]}
    api.post("webhook.set.json").respond(status, json=echo)
    api.get("webhook.list.json").respond(status, json=[hook])

    with pytest.raises(APIError) as refused:
        await cincopa.webhook.set("https://app.example.com/", security_key=key)
    with pytest.raises((APIError, ResponseDecodeError)) as unread:
        await cincopa.webhook.list()

    assert str(refused.value) == f"webhook.set: The key [key] is too weak (HTTP {status})"
    assert "CANARY" not in f"{refused.value.body}"
    shows_nothing(refused.value)
    shows_nothing(unread.value)


@pytest.mark.parametrize("status", [200, 403, 500])
async def test_answer_over_a_socket_shows_nothing(status: int, make: Make, kind: str, caplog: Any) -> None:
    """Nor in the logs of httpx and httpcore, which are there to be read."""
    async with MisbehavingServer() as server:
        server.script({"success": False, "message": ECHO, "upload_url": UPLOAD_URL}, status=status)
        async with make(server.base_url) as client:
            for call in CALLS.values():
                with pytest.raises(APIError) as caught:
                    await call(client)

                shows_nothing(caught.value)

    loggers = {record.name for record in caplog.records}
    assert ("httpcore.http11" in loggers) is (kind in (OWN, "httpx client", "httpx transport"))
    assert ("httpcore2.http11" in loggers) is kind.startswith("httpx2")
    assert ("httpx" in loggers, "httpx2" in loggers) == (kind == "httpx client", kind == "httpx2 client")
    assert not sings(caplog.text)


async def test_calls_that_go_well_show_nothing(
    make: Make, kind: str, server: FakeServer, recorder: Recorder, caplog: Any
) -> None:
    """A whole job, a list, a temporary token, an upload URL: no log line and no span has a secret in it."""
    server.fake.add_source(INPUT, b"x" * 62)
    async with make(server.base_url) as client:
        done = await client.upload_from_url(INPUT)
        await client.asset.list(search=INPUT)
        await client.asset.set_meta(done.rid, related_link_url=INPUT)
        url = await client.asset.get_upload_url()
        token = await client.token.get_temp()
        assert [asset.rid async for asset in client.asset.iter()] == [done.rid]

    assert recorder.seen
    assert not sings(repr((done, done.status.raw, url, token)))
    assert token.value not in caplog.text
    assert url.upload_url not in caplog.text
    assert caplog.records or kind == AIOHTTP  # Which logs nothing where all goes well.


async def test_query_is_sent_though_nobody_sees_it(make: Make, server: FakeServer) -> None:
    """What the instruments do not see the service does, byte for byte."""
    source = "https://media.example.com/%61%2F b.mp4?a=+&b=%2B'\"".replace(" ", "%20").replace('"', "%22")
    server.fake.add_source(source, b"x")
    async with make(server.base_url) as client:
        await client.upload_from_url(source)

    assert server.fake.counts.inputs == {source: 1}


async def test_cancelled_and_failed_jobs_show_nothing(make: Make, server: FakeServer, caplog: Any) -> None:
    """The reason of a failure may hold the input, the debug line of a status does."""
    server.fake.add_source(INPUT, b"gone", status=404)
    async with make(server.base_url) as client:
        job = await client.start_upload(INPUT)
        with pytest.raises(UploadFailedError) as caught:
            await job.wait()

    shows_nothing(caught.value)
    assert not sings(repr((job, job.status, job.status.raw if job.status else None)))
    assert caught.value.status is not None
    assert caught.value.status.raw["debug"].endswith("url=[url]")
    assert not sings(caplog.text)


async def test_reason_that_repeats_the_input_is_shown_without_it(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """The rest of it is what a user needs to know."""
    status = {"success": True, "status": "failed", "more": f"could not fetch {INPUT} 404 (by {TOKEN})", "debug": ECHO}
    api.post("asset.upload_from_url.json").respond(json={"success": True, "status_id": "42"})
    api.get("asset.upload_from_url_get_status.json").respond(json=status)

    with pytest.raises(UploadFailedError, match=r"could not fetch \[url\] 404 \(by \[api_token\]\)") as caught:
        await cincopa.upload_from_url(INPUT)

    shows_nothing(caught.value)


async def test_nothing_of_the_client_shows_a_secret(api: respx.MockRouter) -> None:
    """Reprs of all that a user can hold, while it is in use."""
    api.post("asset.upload_from_url.json").respond(json={"success": True, "status_id": "42", "url": INPUT})
    api.get("asset.upload_from_url_get_status.json").respond(json={"status": "completed", "resid": "A4", "debug": ECHO})
    api.get("asset.get_upload_url.json").respond(json={"success": True, "upload_url": UPLOAD_URL, "other": UPLOAD_URL})
    api.get("token.get_temp.json").respond(json={"success": True, "temp_token": TOKEN, "other": TOKEN})
    api.get("ping.json").respond(json={"success": True, "api_token": TOKEN})
    api.get("asset.list.json").respond(json={"success": True, "items": [{"rid": "A4", "api_token": TOKEN}]})

    async with CincopaClient(TOKEN, poll=QUICK_POLLS) as client:
        starting = client.start_upload(INPUT)
        held: list[object] = [client, client.asset, client.token, RenewingToken(client), starting]
        job = await starting
        watch = job.watch()
        held += [job, watch, await job.refresh(), job.status, await job.wait(), watch]
        held += [await client.asset.get_upload_url(), await client.token.get_temp(), await client.ping()]
        pages = client.asset.iter(search=INPUT)
        held += [pages, [asset async for asset in pages], await client.asset.list(search=INPUT)]

    assert [thing for thing in held if sings(repr(thing)) or sings(str(thing))] == []


async def test_retries_and_failed_polls_are_logged_without_secrets(
    cincopa: CincopaClient, api: respx.MockRouter, caplog: Any
) -> None:
    """The client's own log says what happened, by the names of calls and uploads."""
    statuses: list[httpx.Response | Exception] = [
        httpx.Response(500, json={"success": False, "message": ECHO}),
        httpx.Response(200, json={"success": False, "message": ECHO}),
        httpx.Response(200, content=HTML),
        httpx.ReadError(ECHO),
        httpx.Response(200, json={"success": True, "status": "completed", "resid": "A4"}),
    ]
    api.post("asset.upload_from_url.json").respond(json={"success": True, "status_id": "42"})
    api.get("asset.upload_from_url_get_status.json").mock(side_effect=statuses)
    await cincopa.upload_from_url(INPUT)

    ours = [record for record in caplog.records if record.name == "cincopa_async"]
    assert len(ours) >= 4
    assert all(record.levelno >= logging.DEBUG for record in ours)
    assert not sings(caplog.text)


async def test_error_of_a_given_transport_is_not_repeated(api: respx.MockRouter, cincopa: CincopaClient) -> None:
    """Its words may quote what was sent."""
    for error in (httpx.ReadError(ECHO), httpx.ConnectError(ECHO), httpx.PoolTimeout(ECHO), httpx.DecodingError(ECHO)):
        api.get("ping.json").side_effect = error
        with pytest.raises(TransportError) as caught:
            await cincopa.ping()

        shows_nothing(caught.value)


async def test_server_that_says_nothing_of_a_secret_is_asked_for_nothing_else(
    cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """The token goes in the query, as the service wants it, and nowhere else."""
    route = api.get("ping.json").respond(500)
    with pytest.raises(ServerError):
        await cincopa.ping()

    request = route.calls.last.request
    assert not sings(repr(request.headers.raw))
    assert quote(TOKEN, safe="") in request.url.query.decode()
