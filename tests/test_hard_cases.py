"""Cases that were once wrong, or nearly so, and belong to more than one room."""

from __future__ import annotations

import asyncio
import json
import traceback
from typing import Any

import anyio
import httpx
import pytest
import respx
import trio.testing
from anyio.abc import SocketAttribute, SocketStream

from cincopa_async import (
    APIError,
    AuthenticationError,
    CincopaClient,
    ClientClosedError,
    NotFoundError,
    PollPolicy,
    UploadState,
    UploadTimeoutError,
)
from cincopa_async.testing import FakeCincopa
from tests.conftest import QUICK_POLLS, TOKEN
from tests.sockets.helpers import until

SOURCE = "https://example.com/cat.mp4"


@pytest.mark.anyio
async def test_one_job_whose_token_cannot_be_had_does_not_stop_the_aborts_of_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Closing goes through all jobs; where an abort could not be sent, a warning names the upload."""
    fake = FakeCincopa(TOKEN)
    fake.add_source(SOURCE, b"x")
    fake.hold()

    def unreachable() -> str:
        raise OSError("vault unreachable")

    sick = CincopaClient(unreachable, base_url="http://cincopa.test/v2/", transport=httpx.ASGITransport(app=fake))
    async with fake, anyio.create_task_group() as tasks:
        well = fake.client(poll=QUICK_POLLS)

        async def wait(client: CincopaClient, status_id: str) -> None:
            with pytest.raises((ClientClosedError, OSError)):
                await client.resume_upload(status_id, poll=PollPolicy(first=60)).wait()

        job = await well.start_upload(SOURCE)
        tasks.start_soon(wait, well, job.status_id)
        tasks.start_soon(wait, sick, "42")
        await anyio.wait_all_tasks_blocked()
        await sick.aclose()
        await well.aclose()

    assert "upload 42 may still be running" in caplog.text
    assert fake.counts.uploads_aborted == 1


@pytest.mark.anyio
async def test_wait_on_a_closed_client_says_so_at_once(cincopa: CincopaClient) -> None:
    """It does not sleep until a poll would be due."""
    job = cincopa.resume_upload("42", on_cancel="detach", poll=PollPolicy(first=3600))
    await cincopa.aclose()
    with anyio.fail_after(5), pytest.raises(ClientClosedError):
        await job.wait()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_upload_found_completed_when_it_is_given_up_counts_as_completed(
    cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """A deadline that finds the upload completed was not missed."""
    running = {"success": True, "status": "inprogress"}
    completed = {"success": True, "status": "completed", "resid": "R1"}
    api.get("asset.upload_from_url_get_status.json").mock(
        side_effect=[httpx.Response(200, json=running), httpx.Response(200, json=completed)]
    )
    api.post("asset.upload_from_url_abort.json").respond(json={"success": False, "message": "too late"})
    job = cincopa.resume_upload("42", poll=PollPolicy(first=0.001, floor=60, ceiling=60, deadline=0.05))

    result = await job.wait()

    assert result.rid == "R1"
    assert result.status.state is UploadState.COMPLETED


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (403, "Access denied: the api_token is expired"),
        (401, "Access denied: invalid token"),
        (200, "token not found"),
        (200, "api_token does not exist"),
        (400, "Invalid api_token"),
        (404, "the token was not found"),
    ],
)
@pytest.mark.anyio
async def test_text_that_blames_the_token_is_believed(
    cincopa: CincopaClient, api: respx.MockRouter, status: int, text: str
) -> None:
    """Whatever else the text reminds of, and whatever the status."""
    api.get("asset.get_tags.json").respond(status, json={"success": False, "message": text})
    with pytest.raises(AuthenticationError):
        await cincopa.asset.get_tags()


@pytest.mark.anyio
async def test_asset_not_found_for_a_token_is_not_found(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """A text that merely mentions the token blames it for nothing."""
    message = "The asset was not found for this token"
    api.post("asset.delete.json").respond(404, json={"success": False, "message": message})
    with pytest.raises(NotFoundError):
        await cincopa.asset.delete("A4")


@pytest.mark.anyio
async def test_redirect_that_echoes_the_query_is_logged_without_it(
    cincopa: CincopaClient, caplog: pytest.LogCaptureFixture
) -> None:
    """httpcore logs every header of an answer, and a redirect's Location repeats what was asked, token and all."""
    asked: list[bytes] = []

    async def answer(stream: SocketStream) -> None:
        async with stream:
            asked.append(await stream.receive())
            target = asked[0].split()[1]
            await stream.send(b"HTTP/1.1 301 Moved\r\nLocation: https://x" + target + b"\r\nContent-Length: 0\r\n\r\n")

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        port = listener.extra(SocketAttribute.local_port)
        async with CincopaClient(TOKEN, base_url=f"http://127.0.0.1:{port}/v2/") as client:
            with pytest.raises(APIError, match="redirected"):
                await client.asset.list(search="CANARY-SIGNATURE")
        tasks.cancel_scope.cancel()

    assert b"api_token=CANARY" in asked[0]
    assert "Location" in caplog.text


@pytest.mark.parametrize("anyio_backend", [("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)})])
@pytest.mark.anyio
async def test_abort_with_a_token_that_takes_an_hour_ends_in_its_bound() -> None:
    """The clock of an abort runs while its token is asked for, or nothing would ever end it."""

    async def slow() -> str:
        await anyio.sleep(3600)
        return TOKEN

    client = CincopaClient(slow)
    start = anyio.current_time()
    with pytest.raises(UploadTimeoutError):
        await client.resume_upload("42").abort()

    assert anyio.current_time() - start == 10


@pytest.mark.anyio
async def test_token_that_cannot_be_had_for_a_moment_ends_no_job(
    api: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """A vault that is down while a token is renewed is a passing fault of the poll."""
    answers: list[str | OSError] = ["token-1", OSError("vault unreachable"), "token-2"]

    def vault() -> str:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    status = api.get("asset.upload_from_url_get_status.json")
    completed = {"success": True, "status": "completed", "resid": "R1"}
    status.mock(side_effect=[httpx.Response(401), httpx.Response(401), httpx.Response(200, json=completed)])
    async with CincopaClient(vault, poll=QUICK_POLLS) as client:
        result = await client.resume_upload("42").wait()

    assert result.rid == "R1"
    assert "the callable that gives it failed (OSError)" in caplog.text


@pytest.mark.anyio
async def test_bug_of_a_transport_ends_the_wait(cincopa: CincopaClient) -> None:
    """What is no fault of the network is not polled away."""

    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise LookupError("a bug")

    async with CincopaClient(TOKEN, transport=Broken(), poll=QUICK_POLLS) as client:
        with pytest.raises(LookupError, match="a bug"):
            await client.resume_upload("42", on_cancel="detach").wait()


@pytest.mark.anyio
async def test_items_without_a_key_and_pages_without_numbers_end(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """A list of which nothing is known is not read for ever."""
    api.get("asset.list.json").respond(json={"success": True, "items": [{"caption": "no rid"}]})

    items = [asset async for asset in cincopa.asset.iter()]

    assert [asset.caption for asset in items] == ["no rid"]


@pytest.mark.anyio
async def test_empty_page_ends_a_list_of_a_million_million_pages(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """The number of pages is a claim; an empty page is a fact."""
    api.get("asset.list.json").respond(json={"success": True, "items": [], "items_data": {"pages_count": 10**12}})

    assert [asset async for asset in cincopa.asset.iter()] == []


@pytest.mark.parametrize("base_url", ["https://api.cincopa.com/v2?x=1", "https://api.cincopa.com/v2/#top"])
def test_base_url_with_more_than_a_path_is_refused(base_url: str) -> None:
    """Its path would be lost."""
    with pytest.raises(ValueError, match=r"^base_url must have no query"):
        CincopaClient(TOKEN, base_url=base_url)


@pytest.mark.anyio
async def test_token_is_not_in_the_variables_of_a_traceback(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Crash reporters keep the variables of each frame."""
    api.get("asset.get_tags.json").respond(400, json={"success": False, "message": "no"})
    with pytest.raises(APIError) as caught:
        await cincopa.asset.get_tags()

    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)

    assert TOKEN not in "".join(shown.format())


@pytest.mark.anyio
async def test_hook_of_a_given_client_that_raises_shows_no_token(server: Any) -> None:
    """httpx's documentation has a hook that raises for a status; its error holds the request."""

    async def raise_for_status(response: httpx.Response) -> None:
        response.raise_for_status()

    async with (
        httpx.AsyncClient(event_hooks={"response": [raise_for_status]}) as http_client,
        CincopaClient("WRONG-TOKEN", base_url=server.base_url, http_client=http_client) as client,
    ):
        with pytest.raises(Exception, match="HTTPStatusError") as caught:
            await client.asset.set_meta("A4", caption="x")

    assert "WRONG-TOKEN" not in json.dumps([repr(caught.value), repr(vars(caught.value))])
    assert caught.value.__context__ is None


@pytest.mark.asyncio
async def test_timeout_within_a_given_transport_acts(api: respx.MockRouter) -> None:
    """What runs where no cancel from outside reaches may still cancel itself."""

    class Impatient(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                async with asyncio.timeout(0.01):
                    await asyncio.Event().wait()
            except TimeoutError:
                return httpx.Response(200, json={"success": True, "ping": "timed out"})
            raise AssertionError

    async with CincopaClient(TOKEN, transport=Impatient()) as client:
        with anyio.fail_after(10):
            account = await client.ping()

    assert account.ping == "timed out"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_start_whose_answer_is_lost_after_its_caller_left_is_told(
    caplog: pytest.LogCaptureFixture, server: Any
) -> None:
    """Nobody is there any more to get the error, so a warning says that an upload may run."""
    server.fake.add_source(SOURCE, b"x")
    server.fake.quirk("latency_after", call="asset.upload_from_url", seconds=0.1)
    server.fake.quirk("reset_after", call="asset.upload_from_url")
    async with server.client() as client:
        task = asyncio.create_task(client.asset.upload_from_url(SOURCE))
        await until(lambda: server.fake.counts.uploads_started == 1, lambda: "the POST did not arrive")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert "may have been acted on, and could not be undone" in caplog.text
