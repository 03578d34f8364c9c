"""A batch with a store whose client is closed meanwhile."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
import pytest

from cincopa_async import ClientClosedError
from cincopa_async.stores import MemoryStore
from tests.batches import account, client_with, outcomes_of, until_called
from tests.conftest import TOKEN
from tests.quick import links

pytestmark = pytest.mark.anyio
POLL = "asset.upload_from_url_get_status"


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
@pytest.mark.parametrize("count", range(1, 5))
async def test_items_of_a_batch_whose_client_is_closed_are_left_to_the_next_run(count: int, on_cancel: Any) -> None:
    """What the closing aborts, as `on_cancel` says, is begun anew: that it ended so is our own doing, no item's end."""
    store = MemoryStore()
    async with account(count) as acc, anyio.create_task_group() as tasks:
        acc.fake.hold()

        async def upload() -> None:
            with suppress(ClientClosedError):
                await acc.upload(links(count), store=store, on_cancel=on_cancel)

        tasks.start_soon(upload)
        await until_called(acc, POLL, 2 * count)
        await acc.cincopa.aclose()
        left = acc.fake.counts.uploads_running
        acc.fake.release()
        async with client_with(acc.fake, TOKEN) as cincopa, cincopa.upload_many(links(count), store=store) as batch:
            outcomes = await outcomes_of(batch)

        assert left == (0 if on_cancel == "abort" else count)
        assert [outcome.error for outcome in outcomes] == [None] * count
        assert acc.fake.counts.uploads_completed == count
