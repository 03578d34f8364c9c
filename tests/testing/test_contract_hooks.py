"""Where trials receive events: a listener on a socket, and what it reads of what came."""

from __future__ import annotations

import socket

import anyio
import httpx
import pytest

from cincopa_async.testing import FakeCincopa, check_contract
from cincopa_async.testing._contract import Value
from cincopa_async.testing._trials import webhooks
from cincopa_async.testing._trials._listener import Hook
from cincopa_async.testing._trials._unseen import UnseenError

pytestmark = pytest.mark.anyio


@pytest.fixture
def hook() -> Hook:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    return Hook(f"http://127.0.0.1:{port}/hook", port)


async def test_listener_keeps_what_comes(hook: Hook) -> None:
    """Each with its target, its headers and its body; what is too large is refused, and so is what is no POST."""
    async with hook.listening() as came, httpx.AsyncClient() as http:
        taken = await http.post(f"{hook.url}?a=b", content=b"{}", headers={"x-key": "c"})
        read = await http.get(hook.url)
        async with await anyio.connect_tcp("127.0.0.1", hook.port) as stream:
            await stream.send(b"POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n")
            large = await stream.receive()

    assert (taken.status_code, read.status_code) == (200, 501)
    assert large.startswith(b"HTTP/1.0 413 ")
    (request,) = came
    assert (request.target, request.body) == ("/hook?a=b", b"{}")
    assert ("x-key", "c") in request.headers
    assert "hook" not in repr(request)


async def test_port_is_free_again(hook: Hook) -> None:
    """Whoever left in the midst of a request is no fault, nor is one who says nothing."""
    for _ in range(2):
        async with hook.listening() as came, await anyio.connect_tcp("127.0.0.1", hook.port) as stream:
            await stream.send(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab")

    assert came == []


async def test_listener_is_reached_from_this_machine_alone(hook: Hook) -> None:
    """A tunnel or a proxy leads there: no other address of this machine does."""
    async with hook.listening():
        with pytest.raises(OSError, match=r"127\.0\.0\.2|attempts failed"):
            await anyio.connect_tcp("127.0.0.2", hook.port)


async def test_port_in_use_is_told_before_anything_is_sent(hook: Hook) -> None:
    """And a run of reads alone, which listens to nothing, does not mind."""
    async with FakeCincopa().serve() as server, server.client() as client, hook.listening():
        with pytest.raises(OSError, match="in use"):
            await check_contract(client, hook_url=hook.url, hook_port=hook.port)
        assert server.fake.counts.requests.total() == 0
        await check_contract(client, read_only=True, hook_url=hook.url, hook_port=hook.port)


async def test_port_that_is_taken_meanwhile_is_why_no_event_was_seen(hook: Hook) -> None:
    """What else was found is not lost."""
    async with hook.listening():
        with pytest.raises(UnseenError, match="hook_port"):
            async with hook.listening():
                pass


@pytest.mark.parametrize(
    ("told", "id", "seen"),
    [
        ({}, "webhook.key", "body"),
        ({"webhook.key": "query"}, "webhook.key", "query"),
        ({"webhook.wildcards": "not taken"}, "webhook.wildcards", "not taken"),
        ({"webhook.body": "form"}, "webhook.body", "form"),
    ],
)
async def test_events_are_received_over_a_socket(
    hook: Hook, monkeypatch: pytest.MonkeyPatch, told: dict[str, Value], id: str, seen: Value
) -> None:
    """And what they show of the service is seen."""
    monkeypatch.setattr("cincopa_async.testing._trials.webhooks._EVENTS_SECONDS", 2.0)
    monkeypatch.setattr("cincopa_async.testing._trials._run._WRITING", (webhooks.declared, webhooks.told))
    async with FakeCincopa(contract=told).serve() as server, server.client() as client:
        findings = await check_contract(client, hook_url=hook.url, hook_port=hook.port)

    found = {finding.fact.id: finding for finding in findings}
    assert found[id].seen == seen
    assert all(each.verdict != "refuted" for each in findings if each.fact.id != id)
    assert hook.url not in repr(findings)
