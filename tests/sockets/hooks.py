"""A receiver of webhooks in an app that uvicorn serves."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from cincopa_async import WebhookEvent, WebhookReceiver
from cincopa_async.testing import FakeServer
from tests.sockets.helpers import until


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve an app in this event loop, with its lifespan, and give its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None, access_log=False))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.serve, [listener])
            await until(lambda: running.started, lambda: "uvicorn has not started")
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                running.should_exit = True


def mounted(hooks: WebhookReceiver) -> Starlette:
    """An app that has the receiver below a path, and enters it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with hooks:
            yield

    return Starlette(routes=[Mount("/hooks/cincopa", hooks)], lifespan=lifespan)


def kept(hooks: WebhookReceiver) -> list[WebhookEvent]:
    """What comes from now on."""
    events: list[WebhookEvent] = []

    @hooks.on("*")
    async def keep(event: WebhookEvent) -> None:
        events.append(event)

    return events


async def delivered(server: FakeServer) -> None:
    """Wait until the fake has sent what there is to send, and see that all was taken."""
    deliveries = server.fake.deliveries
    await until(
        lambda: all(delivery.delivered is not None for delivery in server.fake.deliveries),
        lambda: f"not delivered: {server.fake.deliveries}",
    )
    assert deliveries
    assert all(delivery.delivered for delivery in server.fake.deliveries)
