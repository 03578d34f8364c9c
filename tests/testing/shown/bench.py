"""The fake that is looked at, and how what is seen of it is noted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx

from cincopa_async.testing import FakeCincopa
from tests.testing.helpers import Asker, until
from tests.testing.receiver import Receiver, receiving, told

URL = "https://media.test/cat.mp4"
MISSING = "https://media.test/missing.mp4"
CONTENT = b"0123456789"
REFUSED = "The request could not be processed"


@dataclass(frozen=True)
class Bench:
    """A fake with a contract of its own, and who asks it."""

    fake: FakeCincopa
    ask: Asker

    async def rids(self) -> list[str]:
        return [item["rid"] for item in (await self.ask.get("asset.list"))["items"]]

    async def gallery(self, **params: object) -> str:
        return str((await self.ask.post("gallery.create", **params))["fid"])

    def asset(self, **params: str) -> str:
        return self.fake.add_asset(CONTENT, name="cat.mp4", **params)

    async def items(self, fid: str) -> list[str]:
        return [item["rid"] for item in (await self.ask.get("gallery.get_items", fid=fid))["items"]]

    async def upload(self, input: str = URL, *, held: bool = False, **params: object) -> str:
        """Start an upload and, unless it is held, let it come to its end; returns its status_id."""
        status_id = await self.ask.start(input, **params)
        if not held:
            await until(lambda: self.fake.counts.uploads_running == 0)
        return status_id

    async def status_of(self, input: str = URL, *, held: bool = False) -> Any:
        return await self.ask.status(await self.upload(input, held=held))

    async def upload_url(self) -> str:
        return str((await self.ask.get("asset.get_upload_url"))["upload_url"])

    async def post_file(self, *, url: str = "", content: bytes = CONTENT, **headers: str) -> httpx.Response:
        """Post a body to an upload URL; underscores in the headers' names are dashes."""
        url = url or await self.upload_url()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask.http.post(url, content=content, headers=named)

    async def hooked(self, **params: object) -> Receiver:
        """Upload a file and tell a hook of it; returns the hook, which is gone."""
        async with receiving() as receiver:
            await self.ask.post("webhook.set", hook_url=receiver.base_url, **{"events": "asset.uploaded", **params})
            await self.upload()
            await told(self.fake)
            return receiver


Look: TypeAlias = Callable[[Bench], Awaitable[object]]
LOOKS: dict[str, tuple[Look, Mapping[object, object]]] = {}
"""By the id of a fact: how it is looked at, and what is seen for each value; the value itself where none is named."""


@asynccontextmanager
async def bench(**kwargs: Any) -> AsyncIterator[Bench]:
    async with FakeCincopa(**kwargs) as fake:
        fake.add_source(URL, CONTENT)
        fake.add_source(MISSING, b"", status=404)
        transport = httpx.ASGITransport(app=fake)
        async with httpx.AsyncClient(transport=transport, base_url="http://x.test/v2/") as http:
            yield Bench(fake, Asker(http, fake.api_token))


def shows(*facts: str, seen: Mapping[object, object] | None = None) -> Callable[[Look], Look]:
    def keep(look: Look) -> Look:
        LOOKS.update({fact: (look, seen or {}) for fact in facts})
        return look

    return keep


def said(answer: Mapping[str, Any]) -> object:
    """What a call came to: the text of a refusal, or True."""
    return True if answer["success"] else answer["message"]


def only_field(answer: Mapping[str, Any]) -> str:
    [name] = answer.keys() - {"success", "runtime"}
    return str(name)
