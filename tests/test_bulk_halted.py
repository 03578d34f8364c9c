"""What concerns the account halts a batch: nothing is marked failed, and a rerun ends all, none twice."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cincopa_async import (
    AssetMeta,
    AssetNotDescribedError,
    BatchHaltedError,
    CincopaError,
    UploadItem,
    UploadOutcome,
    UploadUnknownError,
)
from cincopa_async.stores import Claim, MemoryStore, UploadRecord
from tests.batches import Account, account, client_with, outcomes_of, until_started
from tests.quick import link, links

pytestmark = pytest.mark.anyio
START = "asset.upload_from_url"
STATUS = "asset.upload_from_url_get_status"


async def halted(acc: Account, items: Any, **options: Any) -> tuple[list[UploadOutcome], BatchHaltedError]:
    """What a batch that is halted has given until then, and how it says so."""
    outcomes: list[UploadOutcome] = []
    try:
        async with acc.cincopa.upload_many(items, **options) as batch:
            async for outcome in batch:
                outcomes.append(outcome)  # noqa: PERF401 - what came before the error counts
    except BatchHaltedError as error:
        return outcomes, error
    raise AssertionError("it was not halted")


async def test_revoked_token_halts_and_a_rerun_ends_all_none_twice() -> None:
    """The reason is told; what ran is taken up with the next token, what ended is known, what was open is started."""
    store = MemoryStore()
    async with account(60, seconds=0.005) as acc:
        token = acc.fake.issue_token()
        async with client_with(acc.fake, token) as cincopa:
            acc_of_token = Account(acc.fake, cincopa)

            async def revoke() -> None:
                await until_started(acc, 20)
                acc.fake.revoke_token(token)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(revoke)
                before, error = await halted(acc_of_token, links(60), max_active=8, store=store)

        assert "the token is refused" in error.reason
        assert all(outcome.ok for outcome in before)
        async with store:
            counts = await store.counts()
            assert not [record async for record in store.records(states=["ended"]) if record.error is not None]
        assert len(before) <= counts["ended"] < 60  # One may have been left when its end had just been written down.

        again = await acc.upload(links(60), max_active=8, store=store)

        assert sum(outcome.from_store for outcome in again) == counts["ended"]
        assert len(again) == 60
        assert all(outcome.ok for outcome in again)
        assert set(acc.fake.counts.inputs.values()) == {1}


@pytest.mark.parametrize(
    ("quirk", "says"),
    [
        ({"name": "success_false", "message": "The storage quota is exceeded"}, "the account takes no more"),
        ({"name": "success_false", "message": "Invalid api_token"}, "the token is refused"),
    ],
)
async def test_start_that_is_refused_for_all_halts(quirk: dict[str, Any], says: str) -> None:
    """Each further start would be refused too: none is sent, no item is blamed."""
    async with account(50) as acc:
        acc.fake.quirk(call=START, **quirk)
        outcomes, error = await halted(acc, links(50), max_active=3)

        assert outcomes == []
        assert says in error.reason
        assert says in str(error)
        assert acc.fake.counts.requests[START] <= 6
        assert acc.fake.counts.uploads_started == 0


async def test_token_that_may_not_upload_halts(tmp_path: Path) -> None:
    """A file is no other matter: to ask where to send it is not allowed either."""
    file = tmp_path / "cat.mp4"
    file.write_bytes(b"c")
    async with account(1) as acc:
        token = acc.fake.issue_token("|gallery.*|")
        for item in (link(0), file):
            async with client_with(acc.fake, token) as cincopa:
                _, error = await halted(Account(acc.fake, cincopa), [item])

            assert "the token may not do this" in error.reason


async def test_quota_that_ends_in_mid_upload_leaves_the_item_open() -> None:
    """The upload failed for the account's sake: a rerun starts it anew."""
    store = MemoryStore()
    async with account(1) as acc:
        acc.fake.quirk("unknown_status_word", word="failed", state="completed")
        acc.fake._account.fail_upload = _full(acc.fake._account.fail_upload)  # type: ignore[method-assign]
        acc.fake.add_source(link(0), b"", status=404)
        _, error = await halted(acc, [link(0)], store=store)
        acc.fake.clear_quirks()
        acc.fake.add_source(link(0), b"cat")
        (outcome,) = await acc.upload([link(0)], store=store)

        assert "the account takes no more" in error.reason
        assert outcome.ok
        assert not outcome.from_store


def _full(fail: Any) -> Any:
    return lambda upload, reason: fail(upload, "the account's storage is full")


async def test_outage_halts_after_some_starts_running() -> None:
    """Ten starts that fail with none that succeeds between are the service's fault; the others stay untouched."""
    async with account(100) as acc:
        acc.fake.quirk("server_error", call=START)
        outcomes, error = await halted(acc, links(100), max_active=1)

        assert len(outcomes) == 9
        assert all(isinstance(outcome.error, UploadUnknownError) for outcome in outcomes)
        assert "10 starts running have failed" in error.reason
        assert acc.fake.counts.requests[START] == 10


async def test_failures_between_successes_halt_nothing() -> None:
    """A service that fails now and then is no outage."""
    async with account(60) as acc:
        acc.fake.quirk("server_error", call=START, every=2)
        outcomes = await acc.upload(links(60), max_active=1)

        assert sum(outcome.ok for outcome in outcomes) == 30


@pytest.mark.parametrize("on_cancel", ["abort", "detach"])
async def test_halt_without_a_store_leaves_what_ran_as_it_is_told_to(on_cancel: Any) -> None:
    """Nobody could take it up, so the policy decides, as when the block is left."""
    async with account(6) as acc:
        acc.fake.hold("*/[0-4].mp4*")
        acc.fake.quirk("success_false", call=START, nth=6, message="The storage quota is exceeded")
        _, error = await halted(acc, links(6), on_cancel=on_cancel)

        assert "the account takes no more" in error.reason
        assert acc.fake.counts.uploads_running == (5 if on_cancel == "detach" else 0)
        acc.fake.release()


async def test_halt_with_a_store_leaves_what_ran_to_the_next_run() -> None:
    """Whatever `on_cancel` says: a halt is no wish to end anything."""
    store = MemoryStore()
    async with account(6) as acc:
        acc.fake.hold("*/[0-4].mp4*")
        acc.fake.quirk("success_false", call=START, nth=6, message="The storage quota is exceeded")
        await halted(acc, links(6), store=store)
        assert acc.fake.counts.uploads_running == 5
        acc.fake.release()
        outcomes = await acc.upload(links(6), store=store)

        assert all(outcome.ok and not outcome.from_store for outcome in outcomes)
        assert acc.fake.counts.uploads_started == 6


@pytest.mark.parametrize("message", ["Invalid api_token", "Permission denied"])
async def test_upload_whose_poll_is_refused_is_left_to_the_next_run(message: str) -> None:
    """It is not aborted, though the refusal may have passed by then: it runs on, and is taken up."""
    store = MemoryStore()
    async with account(1) as acc:
        acc.fake.hold()
        acc.fake.quirk("success_false", call=STATUS, nth=1, message=message)
        await halted(acc, links(1), store=store)
        assert acc.fake.counts.uploads_running == 1
        acc.fake.release()
        (outcome,) = await acc.upload(links(1), store=store)

        assert outcome.ok
        assert acc.fake.counts.uploads_started == 1


async def test_start_in_flight_is_kept_when_the_batch_is_halted() -> None:
    """Its answer is waited for and written down: the next run takes it up."""
    store = MemoryStore()
    async with account(2) as acc:
        acc.fake.quirk("latency_after", call=START, nth=1, seconds=0.05)
        acc.fake.quirk("success_false", call=START, nth=2, message="The storage quota is exceeded")
        acc.fake.hold()
        await halted(acc, links(2), store=store)
        async with store:
            assert (await store.counts())["started"] == 1
        acc.fake.release()
        outcomes = await acc.upload(links(2), store=store)

        assert all(outcome.ok for outcome in outcomes)
        assert acc.fake.counts.uploads_started == 2


async def test_halt_while_describing_tells_the_asset() -> None:
    """Without a store nobody else would know that the upload is done."""
    item = UploadItem(link(0), meta=AssetMeta(caption="A cat", reference_id="cat"))
    async with account(1) as acc:
        acc.fake.quirk("success_false", call="asset.set_meta", message="Invalid api_token")
        (outcome,), _ = await halted(acc, [item])

        assert isinstance(outcome.error, AssetNotDescribedError)
        assert acc.fake.stored(outcome.error.rid)

    store = MemoryStore()
    async with account(1) as acc:
        acc.fake.quirk("success_false", call="asset.set_meta", message="Invalid api_token")
        outcomes, _ = await halted(acc, [item], store=store)
        acc.fake.clear_quirks()
        (again,) = await acc.upload([item], store=store)

        assert outcomes == []
        assert again.ok
        assert acc.fake.counts.uploads_started == 1


async def test_halt_while_looking_what_is_there() -> None:
    """The look at the assets is refused: the token is not good."""
    item = UploadItem(link(0), meta=AssetMeta(reference_id="cat"))
    async with account(1) as acc:
        acc.fake.quirk("success_false", call="asset.list", message="Invalid api_token")
        outcomes, error = await halted(acc, [item], if_exists="skip")

        assert outcomes == []
        assert "the token is refused" in error.reason


async def test_store_that_fails_ends_the_batch_with_its_error() -> None:
    """No item can go on without it; an upload that could not be written down is aborted."""

    class Store(MemoryStore):
        async def started(self, key: str, status_id: str | None) -> None:
            raise ConnectionError("the disk is full")

    async with account(5) as acc:
        acc.fake.hold()
        with pytest.raises(ConnectionError, match="the disk is full"):
            await acc.upload(links(5), store=Store(), max_active=2)

        assert acc.fake.counts.uploads_running == 0
        assert acc.fake.counts.uploads_started <= 2
        acc.fake.release()


@pytest.mark.parametrize("turns", range(8))
async def test_item_that_is_taken_in_the_moment_of_a_halt_is_left(turns: int) -> None:
    """However many turns of the event loop lie between the two: the batch does not wait for that item."""
    failing = anyio.Event()

    class Store(MemoryStore):
        async def claim(self, key: str, *, input: str, fingerprint: str | None = None) -> tuple[Claim, UploadRecord]:
            if input != "https://media.example/0.mp4":
                await anyio.sleep_forever()
            await failing.wait()
            raise ConnectionError("the disk is full")

    async def items() -> AsyncIterator[str]:
        yield link(0)
        await anyio.wait_all_tasks_blocked()
        failing.set()
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        yield link(1)

    async with account(2) as acc:
        with anyio.fail_after(5), pytest.raises(ConnectionError, match="the disk is full"):
            await acc.upload(items(), store=Store())


async def test_token_that_cannot_be_had_ends_the_batch() -> None:
    """What its callable raises is the caller's own, and concerns all."""

    async def token() -> str:
        raise LookupError("the vault is sealed")

    async with account(3) as acc, client_with(acc.fake, token) as cincopa:
        with pytest.raises(LookupError, match="sealed"):
            await Account(acc.fake, cincopa).upload(links(3))


async def test_end_of_the_block_tells_of_the_halt_where_nobody_asked() -> None:
    """An error in the block goes before it."""
    async with account(1) as acc:
        acc.fake.quirk("success_false", call=START, message="The storage quota is exceeded")
        batch = acc.cincopa.upload_many(links(1))
        async with batch:
            with pytest.raises(BatchHaltedError) as caught:
                await outcomes_of(batch)
        with pytest.raises(StopAsyncIteration):
            await anext(batch)

        assert isinstance(caught.value, CincopaError)
        assert re.search("storage quota", str(caught.value))
