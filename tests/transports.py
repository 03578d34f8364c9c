"""What can be given in the place of a client's own connections, and the whole suite over one of them: `--transport`."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import httpx2
import httpx_aiohttp
import pytest

from cincopa_async import CincopaClient
from cincopa_async._base import BaseClient

SOCKETS = re.compile(r"\b(server|busy_server|front)\b|MisbehavingServer\(|\.serve\(|raw_host\(")
"""What the source of a test over sockets has in it, beside what all tests in their folder do."""
OWN = "own connections"
AIOHTTP = "aiohttp"


@functools.cache
def no_certificates() -> ssl.SSLContext:
    """Each client would read the certificates anew, which takes longer than most tests."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


GIVEN: dict[str, tuple[str, Callable[[], Any]]] = {
    "httpx client": ("http_client", lambda: httpx.AsyncClient(verify=no_certificates())),
    "httpx transport": ("transport", lambda: httpx.AsyncHTTPTransport(verify=no_certificates())),
    "httpx2 client": ("http_client", lambda: httpx2.AsyncClient(verify=no_certificates())),
    "httpx2 transport": ("transport", lambda: httpx2.AsyncHTTPTransport(verify=no_certificates())),
    AIOHTTP: ("transport", lambda: httpx_aiohttp.AiohttpTransport(verify=no_certificates())),
}
"""The argument it is given as, and how it is made."""


@asynccontextmanager
async def given(kind: str) -> AsyncIterator[dict[str, Any]]:
    """The arguments for a client of this kind; what is given is closed at the end."""
    if kind == OWN:
        yield {}
        return
    name, make = GIVEN[kind]
    async with make() as thing:
        yield {name: thing}


def chosen(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--transport`` run what goes over sockets and is not about our own connections."""
    kind = config.getoption("--transport")
    if kind == OWN:
        return
    kept = [item for item in items if _goes_over_sockets(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
    if kind == AIOHTTP:
        for item in items:
            if "trio" in item.name:
                item.add_marker(pytest.mark.skip(reason="aiohttp runs on asyncio alone"))


def _goes_over_sockets(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or "testing" in item.path.parts or "cli" in item.path.parts:
        return False  # The fake's own, and those in processes of their own.
    if {"api", "make"} & set(item.fixturenames) or item.get_closest_marker("own_connections"):
        return False  # Over a mock, or over each kind anyhow.
    return "sockets" in item.path.parts or SOCKETS.search(inspect.getsource(item.function)) is not None


def needs_asyncio(kind: str, backend: object) -> None:
    """Skip what cannot be."""
    if kind == AIOHTTP and "trio" in str(backend):
        pytest.skip("aiohttp runs on asyncio alone")


def give_to_all(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every client that is given nothing take this, and close it when it is closed itself."""
    name, make = GIVEN[kind]
    init, aclose = BaseClient.__init__, BaseClient.aclose

    def give(self: BaseClient, *args: Any, **options: Any) -> None:
        if options.get("http_client") is None and options.get("transport") is None:
            options[name] = self.__dict__["_given_by_tests"] = make()
        init(self, *args, **options)

    async def close_both(self: BaseClient) -> None:
        try:
            await aclose(self)
        finally:
            thing = self.__dict__.pop("_given_by_tests", None)
            if thing is not None and self._life.state == "closed":
                await _closed_although_cancelled(thing)

    monkeypatch.setattr(CincopaClient, "__init__", give)
    monkeypatch.setattr(BaseClient, "aclose", close_both)


async def _closed_although_cancelled(thing: Any) -> None:
    with anyio.CancelScope(shield=True):
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # On trio, whose cancels the scope holds off.
            await thing.aclose()
            return
        task = loop.create_task(thing.aclose())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await task
            raise
