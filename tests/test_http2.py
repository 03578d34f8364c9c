"""HTTP/2, over a client or a transport that is given: the same calls, and as little of them in the logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import h2.config
import h2.connection
import h2.events
import httpx
import httpx2
import pytest
from anyio.abc import SocketStream

from cincopa_async import RetryPolicy
from tests.answering import PING, calling
from tests.conftest import TOKEN
from tests.transports import no_certificates

pytestmark = [pytest.mark.anyio, pytest.mark.own_connections]

# Without HTTP/1.1 it needs no TLS to be agreed on.
OPTIONS: dict[str, Any] = {"http1": False, "http2": True, "verify": no_certificates()}
GIVEN: dict[str, tuple[str, Callable[[], Any]]] = {
    "httpx client": ("http_client", lambda: httpx.AsyncClient(**OPTIONS)),
    "httpx transport": ("transport", lambda: httpx.AsyncHTTPTransport(**OPTIONS)),
    "httpx2 client": ("http_client", lambda: httpx2.AsyncClient(**OPTIONS)),
    "httpx2 transport": ("transport", lambda: httpx2.AsyncHTTPTransport(**OPTIONS)),
}


@pytest.mark.parametrize("kind", GIVEN)
async def test_calls_go_over_http2_and_are_not_logged(kind: str) -> None:
    """What packs the headers logs each of them, and there the path is one: the token must not be seen."""
    paths: list[bytes] = []

    async def serve(stream: SocketStream) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        async with stream:
            await stream.send(connection.data_to_send())
            async for received in stream:
                for event in connection.receive_data(received):
                    if isinstance(event, h2.events.RequestReceived):
                        paths.append(dict(event.headers or [])[b":path"])
                        connection.send_headers(event.stream_id or 0, [(b":status", b"200")])
                        connection.send_data(event.stream_id or 0, PING, end_stream=True)
                await stream.send(connection.data_to_send())

    name, make = GIVEN[kind]
    async with make() as given, calling(serve, retry=RetryPolicy(attempts=1), **{name: given}) as client:
        accounts = [await client.ping() for _ in range(2)]

    assert [account.permissions for account in accounts] == ["asset.read"] * 2
    assert paths == [f"/v2/ping.json?api_token={quote(TOKEN, safe='')}".encode()] * 2
