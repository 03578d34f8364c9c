"""Calls that belong to no group of things: ping, temporary tokens, and any call by its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

import pytest
import respx

from cincopa_async import (
    Account,
    APIError,
    CincopaClient,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RenewingToken,
    ResponseDecodeError,
    RetryPolicy,
    ServerError,
    TemporaryToken,
    TransportError,
)
from cincopa_async.testing import FakeCincopa, FakeServer
from tests.conftest import QUICK_RETRIES, TOKEN
from tests.described import EXAMPLES

pytestmark = pytest.mark.anyio
SECRET = f"api_token={quote(TOKEN, safe='')}"


async def test_ping_says_whose_token_it_is(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """A GET with nothing but the token."""
    route = api.get("ping.json").respond(json=EXAMPLES["ping"])

    account = await cincopa.ping()

    assert isinstance(account, Account)
    assert account.useremail == "user@example.com"
    assert account.allows("asset.delete")
    assert route.calls.last.request.url.query.decode() == SECRET


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, ""),
        ({"ttl": 600}, "ttl=600&"),
        ({"permissions": "|asset.*|"}, "permissions=%7Casset.%2A%7C&"),
        ({"ttl": 1, "permissions": "|ping|"}, "ttl=1&permissions=%7Cping%7C&"),
    ],
)
async def test_temporary_token_is_asked_for(
    arguments: dict[str, Any], query: str, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Its life and permissions are Cincopa's to choose where they are not given."""
    route = api.get("token.get_temp.json").respond(json={"success": True, "token": "temporary"})

    token = await cincopa.token.get_temp(**arguments)

    assert token == TemporaryToken(value="temporary")
    assert route.calls.last.request.url.query.decode() == query + SECRET


@pytest.mark.parametrize("arguments", [{"ttl": 0}, {"ttl": -5}, {"ttl": float("nan")}, {"permissions": ""}])
async def test_wrong_arguments_of_a_temporary_token_are_refused(
    arguments: dict[str, Any], cincopa: CincopaClient
) -> None:
    """By name, before anything is sent."""
    with pytest.raises((ValueError, TypeError), match=rf"^{next(iter(arguments))} must "):
        await cincopa.token.get_temp(**arguments)


async def test_temporary_token_is_a_write(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Though it is a GET, each one makes a token: it is not sent again after a fault."""
    route = api.get("token.get_temp.json").respond(500)

    with pytest.raises(ServerError) as caught:
        await cincopa.token.get_temp()

    assert route.call_count == 1
    assert caught.value.maybe_applied


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_call_by_name_sends_what_it_is_given(method: Any, cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Yes and no, comma lists, nothing for None; the answer comes back as it is."""
    answer = {"success": True, "runtime": 3, "portals": [{"name": "cats"}]}
    route = api.request(method, "portal.list.json").respond(json=answer)

    result = await cincopa.call("portal.list", method=method, a=True, b=["x", "y z"], c=None, d=1.5, call="x y&z")

    assert result == answer
    assert route.calls.last.request.url.query.decode() == f"a=yes&b=x%2Cy%20z&d=1.5&call=x%20y%26z&{SECRET}"
    assert route.calls.last.request.content == b""


async def test_call_by_name_is_a_get_without_parameters(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Where nothing else is said."""
    route = api.get("gallery.list.json").respond(json={"success": True})

    await cincopa.call("gallery.list")

    assert route.calls.last.request.url.query.decode() == SECRET


async def test_call_of_a_page_goes_to_its_own_name(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """`upload.iframe` has no ``.json``; the page that it answers is no JSON."""
    api.get("upload.iframe").respond(html="<html></html>")

    with pytest.raises(ResponseDecodeError, match=r"upload\.iframe: the answer is not a JSON object"):
        await cincopa.call("upload.iframe", safety="read")


@pytest.mark.parametrize(
    ("safety", "status", "sent"),
    [
        ("read", 500, 4),
        ("idempotent", 500, 4),
        ("write", 500, 1),
        ("write", 429, 4),
        ("read", 404, 1),
    ],
)
async def test_safety_of_a_call_says_whether_it_is_sent_again(
    safety: Any, status: int, sent: int, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """It belongs to the call, never to the HTTP method."""
    route = api.get("live.start.json").respond(status)

    with pytest.raises(APIError) as caught:
        await cincopa.call("live.start", safety=safety)

    assert route.call_count == sent
    assert caught.value.maybe_applied is (status == 500 and safety != "read")


async def test_call_is_a_write_where_nothing_is_said(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """The careful choice."""
    route = api.get("live.start.json").respond(502)

    with pytest.raises(ServerError):
        await cincopa.call("live.start")

    assert route.call_count == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 1994 08:49:37 -0000", 0.0),
        ("9" * 400, float("inf")),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        (None, None),
    ],
)
async def test_retry_after_is_read_as_seconds_or_as_a_date(
    header: str | None, seconds: float | None, api: respx.MockRouter
) -> None:
    """A date that is over means now; what is neither says nothing, and breaks nothing."""
    api.get("ping.json").respond(503, headers={} if header is None else {"Retry-After": header})
    async with CincopaClient(TOKEN, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(ServerError) as caught:
            await client.ping()

    assert caught.value.retry_after == seconds


async def test_retry_after_may_be_a_date_to_come(api: respx.MockRouter) -> None:
    """It is turned into seconds by the clock of this machine."""
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    api.get("ping.json").respond(429, headers={"Retry-After": later})
    async with CincopaClient(TOKEN, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(RateLimitError) as caught:
            await client.ping()

    assert caught.value.retry_after == pytest.approx(300, abs=30)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"method": "PUT"}, "method"),
        ({"method": "get"}, "method"),
        ({"safety": "safe"}, "safety"),
        ({"api_token": "CANARY/token"}, "api_token"),
        ({"field": "\ud800"}, "field"),
    ],
)
async def test_wrong_arguments_of_a_call_by_name_are_refused(
    arguments: dict[str, Any], name: str, cincopa: CincopaClient
) -> None:
    """By name, before anything is sent."""
    with pytest.raises(ValueError, match=rf"^{name} "):
        await cincopa.call("x.y", **arguments)


@pytest.mark.parametrize(
    "call", ["", " ", "x y", "x/y", "../x", "x..y", ".x", "x.", "x.y?a=b", "x.y#", "é.y", "https://evil.example"]
)
async def test_name_that_is_none_is_refused(call: str, cincopa: CincopaClient) -> None:
    """It must not lead out of the API."""
    with pytest.raises(ValueError, match=r"^call must "):
        await cincopa.call(call)


async def test_ping_works(server: FakeServer) -> None:
    """On a socket."""
    async with server.client() as client:
        account = await client.ping()

    assert account.ping == "pong"
    assert account.allows("asset.delete")
    assert server.fake.counts.requests == {"ping": 1}


@pytest.mark.parametrize("field", ["api_token", "token", "temp_token"])
async def test_temporary_token_works_under_each_name_of_its_field(field: str, server: FakeServer) -> None:
    """On a socket: it opens what its permissions cover, and no more."""
    server.fake.quirk("token_field", field=field)
    async with server.client() as client:
        token = await client.token.get_temp(ttl=600, permissions="|asset.list|")
    async with CincopaClient(token.value, base_url=server.base_url) as limited:
        assert (await limited.ping()).permissions == "|asset.list|"
        assert (await limited.asset.list()).items == ()
        with pytest.raises(PermissionDeniedError, match="do not allow"):
            await limited.asset.get_tags()


async def test_renewing_token_outlives_its_tokens(server: FakeServer) -> None:
    """On a socket: an ended token is replaced, and the call that met it goes on."""
    used = []

    async def token() -> str:
        used.append(await renewing())
        return used[-1]

    async with server.client() as owner, CincopaClient(token, base_url=server.base_url) as client:
        renewing = RenewingToken(owner, ttl=600)
        await client.ping()
        server.fake.expire_token(used[0])
        await client.ping()

    assert len(set(used)) == 2
    assert server.fake.counts.requests == {"ping": 3, "token.get_temp": 2}


async def test_call_by_name_reaches_galleries(server: FakeServer) -> None:
    """On a socket: what has no method here yet works as well."""
    async with server.client() as client:
        fid = (await client.call("gallery.create", method="POST", name="Cats & dogs", tags=["a", "b"]))["fid"]
        galleries = (await client.call("gallery.list", safety="read", search="cats"))["galleries"]
        with pytest.raises(NotFoundError):
            await client.call("gallery.delete", method="POST", fid="unknown", delete_assets=False)

    assert [(gallery["fid"], gallery["name"], gallery["tags"]) for gallery in galleries] == [
        (fid, "Cats & dogs", "a, b")
    ]


async def test_unknown_call_is_not_found(server: FakeServer) -> None:
    """On a socket: a misspelt name is told from a fault."""
    async with server.client() as client:
        with pytest.raises(NotFoundError, match=r"gallery\.make"):
            await client.call("gallery.make")


async def test_no_server_at_all_is_a_transport_error() -> None:
    """Nothing was sent, so nothing was done."""
    async with FakeCincopa(TOKEN).serve() as server:
        pass
    async with CincopaClient(TOKEN, base_url=server.base_url, retry=QUICK_RETRIES) as client:
        with pytest.raises(TransportError, match="no connection") as caught:
            await client.call("x.y")

    assert not caught.value.maybe_applied
