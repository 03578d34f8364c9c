"""What is made only where it is not there yet, so that a script can run twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ._calls import required, words
from .models import Gallery, Webhook
from .resources._gallery_calls import create
from .resources.webhook import set_webhook

if TYPE_CHECKING:
    from ._base import BaseClient

MOST_A_PAGE = 100
"""How many galleries ``gallery.list`` puts on a page at most."""


async def gallery(client: BaseClient, name: str, *, description: str | None, template: str | None) -> Gallery:
    """Return the first gallery of exactly that name, or a new one."""
    required("name", name)
    call = create(name=name, description=description, template=template, master=None, copy_args=None, copy_items=None)
    client._life.enter()
    async with client._life.ensuring:
        # All are looked through: how the service's own search reads a name is not documented, and what it misses would
        # be made a second time.
        async for there in client.gallery.iter(items_per_page=MOST_A_PAGE):
            if there.name == name and there.fid:
                return there
        created = await client.send(call)
    return Gallery(fid=created.fid, name=name, description=description, extra=created.extra)


async def webhook(client: BaseClient, hook_url: str, *, events: Sequence[str], security_key: str | None) -> Webhook:
    """Have `hook_url` called for exactly these events."""
    call = set_webhook(hook_url, events=events, security_key=security_key)
    wanted = required("events", words("events", events) or "").split(",")
    client._life.enter()
    async with client._life.ensuring:
        for there in (await client.webhook.list()).webhooks:
            same = there.hook_url == hook_url and set(there.events or ()) == set(wanted)
            if same and security_key in (None, there.security_key):
                return there
        await client.send(call)
    return Webhook(hook_url=hook_url, events=tuple(wanted), security_key=security_key)
