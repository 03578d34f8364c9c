"""Where the bytes of an upload come from: its input URL, or a source of that name kept in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import anyio
import httpx

from ._fetch import Fetcher, SourceError

_PIECE = 64 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_REDIRECTS = 10


class Body(Protocol):
    """What an input answered."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, by names in lower case."""
        ...

    async def receive(self) -> bytes:
        """Return the next bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """What a URL answers without a socket."""

    content: bytes = field(repr=False)
    status: int
    headers: Mapping[str, str]
    seconds: float


class Sources:
    """Opens inputs."""

    def __init__(self, *, timeout: float) -> None:
        self._in_memory: dict[str, Source] = {}
        self._fetcher = Fetcher(timeout)

    def add(self, url: str, source: Source) -> None:
        """Serve `source` whenever `url` is asked for."""
        self._in_memory[url] = source

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Body]:
        """Open a URL, its redirects followed."""
        for _ in range(_MAX_REDIRECTS + 1):
            source = self._in_memory.get(url)
            if source is not None:
                body: Body = _MemoryBody(source)
                location = _redirect(body)
                if location is None:
                    yield body
                    return
            else:
                async with self._fetcher.open(_parsed(url)) as body:
                    location = _redirect(body)
                    if location is None:
                        yield body
                        return
            url = str(_parsed(url).join(location))
        raise SourceError("the input redirects too often")


class _MemoryBody:
    """Hands out a source in pieces over its time, so that progress is seen to be made."""

    def __init__(self, source: Source) -> None:
        self._left = memoryview(source.content)
        self._seconds_a_piece = source.seconds / max(1, -(-len(source.content) // _PIECE))
        self._ended = False
        self.status = source.status
        self.headers = source.headers

    async def receive(self) -> bytes:
        if self._ended:
            return b""
        await anyio.sleep(self._seconds_a_piece)
        piece, self._left = bytes(self._left[:_PIECE]), self._left[_PIECE:]
        self._ended = not self._left
        return piece


def _redirect(body: Body) -> str | None:
    return body.headers.get("location") if body.status in _REDIRECTS else None


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise SourceError("the input is no URL") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise SourceError("the input is no http or https URL")
    return parsed
