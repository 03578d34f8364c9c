"""What every store does: items are claimed once, pass from owner to owner, and are there when it is opened again."""

from __future__ import annotations

import re
from contextlib import suppress

import anyio
import pytest

from cincopa_async import LeaseLostError, StoredError, UploadRecord, UploadStore
from cincopa_async.stores._protocol import STATES
from tests.stores.homes import Home

pytestmark = pytest.mark.anyio

URL = "https://example.com/cat.mp4"
ERROR = StoredError(
    kind="UploadFailedError",
    message="upload 42 failed: not found",
    status_id="42",
    status="failed",
    reason="not found",
    status_code=200,
    call="asset.upload_from_url",
    maybe_applied=True,
)


async def test_new_item_is_reserved_for_whoever_claims_it(home: Home) -> None:
    """What is claimed for the first time is noted before anything is sent."""
    async with home.store() as store:
        claim, record = await store.claim("cat", input=URL, fingerprint="62-1")

        assert claim == "mine"
        assert record == UploadRecord(key="cat", state="reserved", input=URL, fingerprint="62-1")
        assert [record async for record in store.records()] == [record]


async def test_item_is_noted_on_its_way(home: Home) -> None:
    """Each state is there for whoever asks, with the upload and the asset."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.started("cat", "42")
        seen = [record async for record in store.records()]
        await store.completed("cat", "A4")
        seen += [record async for record in store.records()]
        await store.described("cat")
        seen += [record async for record in store.records()]
        await store.ended("cat")
        seen += [record async for record in store.records()]

    assert seen == [
        UploadRecord(key="cat", state="started", input=URL, status_id="42"),
        UploadRecord(key="cat", state="completed", input=URL, status_id="42", rid="A4"),
        UploadRecord(key="cat", state="described", input=URL, status_id="42", rid="A4"),
        UploadRecord(key="cat", state="ended", input=URL, status_id="42", rid="A4"),
    ]


@pytest.mark.parametrize(
    ("rid", "error"), [("A4", None), (None, ERROR), (None, StoredError(kind="ServerError", message="x"))]
)
async def test_item_that_ended_tells_how(home: Home, rid: str | None, error: StoredError | None) -> None:
    """A run that is done again gets the same outcome, from an item that is nobody's."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.ended("cat", rid=rid, error=error)
    async with home.store() as store:
        claim, record = await store.claim("cat", input="another")

    assert claim == "ended"
    assert record == UploadRecord(key="cat", state="ended", input=URL, rid=rid, error=error)


async def test_item_that_is_under_way_is_busy_for_all_others(home: Home) -> None:
    """Another batch cannot have it, whether it uses the same store or one of its own."""
    async with home.store() as store, home.store() as other:
        await store.claim("cat", input=URL)
        claims = [(await one.claim("cat", input=URL))[0] for one in (store, other)]
        await store.started("cat", "42")
        claims += [(await one.claim("cat", input=URL))[0] for one in (store, other)]

    assert claims == ["busy"] * 4


async def test_item_that_was_started_passes_on_when_its_owner_lets_go(home: Home) -> None:
    """Whoever claims it then goes on with it where it stands."""
    async with home.store() as store, home.store() as other:
        await store.claim("cat", input=URL)
        await store.started("cat", "42")
        await store.release("cat")
        claim, record = await other.claim("cat", input=URL)
        await other.completed("cat", "A4")

    assert claim == "mine"
    assert (record.state, record.status_id) == ("started", "42")


async def test_item_that_is_about_to_be_aborted_is_told_so_to_whoever_has_it_next(home: Home) -> None:
    """With its upload: it may have been aborted, or run on, or have been quicker. It is never begun anew unclaimed."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.started("cat", "42")
        await store.aborting("cat")
        with pytest.raises(LeaseLostError):
            await store.aborting("dog")
        busy, _ = await store.claim("cat", input=URL)
    async with home.store() as store:
        with pytest.raises(LeaseLostError):
            await store.restart("cat", attempts=1)
        claim, record = await store.claim("cat", input=URL)
        counts = await store.counts()
        await store.completed("cat", "A4")
        completed = [record async for record in store.records()]

    assert (busy, claim) == ("busy", "mine")
    assert record == UploadRecord(key="cat", state="aborting", input=URL, status_id="42")
    assert counts == dict.fromkeys(STATES, 0) | {"aborting": 1}
    assert completed == [UploadRecord(key="cat", state="completed", input=URL, status_id="42", rid="A4")]


async def test_reservation_that_is_released_is_forgotten(home: Home) -> None:
    """Nothing was sent, so it is as if the item had never been seen."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.release("cat")
        records = [record async for record in store.records()]
        claim, _ = await store.claim("cat", input=URL)

    assert records == []
    assert claim == "mine"


async def test_reservation_that_is_released_as_unknown_is_unknown_to_all(home: Home) -> None:
    """Also to those who share the opened store, and until one of them begins it anew."""
    async with home.store() as store, home.store() as other:
        await store.claim("cat", input=URL)
        await store.release("cat", unknown=True)
        claims = [(await one.claim("cat", input=URL))[0] for one in (store, other, store)]
        again = await store.restart("cat", attempts=1)
        claims.append((await other.claim("cat", input=URL))[0])
        with pytest.raises(LeaseLostError):
            await other.restart("cat", attempts=1)

    assert claims == ["unknown", "unknown", "unknown", "busy"]
    assert again == UploadRecord(key="cat", state="reserved", input=URL, attempts=2)


async def test_what_was_started_passes_on_also_when_it_is_released_as_unknown(home: Home) -> None:
    """That is of a reservation alone: what was noted since tells where it stands."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.started("cat", None)
        await store.release("cat", unknown=True)
        claim, record = await store.claim("cat", input=URL)

    assert (claim, record.state) == ("mine", "started")


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("key", ["dog", "cat"])
async def test_releasing_what_is_not_ones_own_does_nothing(home: Home, key: str, unknown: bool) -> None:
    """It may have been lost, or have ended."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.ended("cat", rid="A4")
        await store.release(key, unknown=unknown)

        assert (await store.counts())["ended"] == 1


@pytest.mark.parametrize("unknown", [False, True])
async def test_releasing_what_another_has_does_nothing(durable: Home, unknown: bool) -> None:
    """It may be sending it this very moment."""
    async with durable.store() as store, durable.store() as other:
        await store.claim("cat", input=URL)
        await other.release("cat", unknown=unknown)
        claim, _ = await other.claim("cat", input=URL)

    assert claim == "busy"


async def test_what_a_closed_store_leaves_reserved_is_unknown(home: Home) -> None:
    """Nobody will tell any more whether it was sent, and it remains so."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
    async with home.store() as store:
        claims = [(await store.claim("cat", input=URL))[0] for _ in range(2)]
    async with home.store() as store:
        claims.append((await store.claim("cat", input=URL))[0])

    assert claims == ["unknown"] * 3


async def test_what_a_closed_store_leaves_started_is_free(home: Home) -> None:
    """It is gone on with at once, by its status_id."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.started("cat", "42")
    async with home.store() as store:
        claim, record = await store.claim("cat", input=URL)

    assert claim == "mine"
    assert record.status_id == "42"


async def test_unknown_item_is_reserved_again_by_a_restart(home: Home) -> None:
    """From then on it is an item as any other, with one attempt more."""
    async with home.store() as store:
        await store.claim("cat", input=URL, fingerprint="62-1")
    async with home.store() as store:
        _, record = await store.claim("cat", input=URL)
        again = await store.restart("cat", attempts=record.attempts, fingerprint="62-2")
        claim, _ = await store.claim("cat", input=URL)
        await store.started("cat", "43")

    assert again == UploadRecord(key="cat", state="reserved", input=URL, fingerprint="62-2", attempts=2)
    assert claim == "busy"


async def test_restart_forgets_what_the_item_had_come_to(home: Home) -> None:
    """One's own that failed, and one that ended, are sent again as new ones."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.started("cat", "42")
        second = await store.restart("cat", attempts=1)
        await store.ended("cat", rid="A4", error=ERROR)
        third = await store.restart("cat", attempts=2)

    assert second == UploadRecord(key="cat", state="reserved", input=URL, attempts=2)
    assert third == UploadRecord(key="cat", state="reserved", input=URL, attempts=3)


async def test_of_two_who_saw_the_same_one_restarts_it(home: Home) -> None:
    """Even if the first one's attempt is over when the second one begins: it is never sent twice."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.ended("cat", error=ERROR)
        _, seen = await store.claim("cat", input=URL)
        await store.restart("cat", attempts=seen.attempts)
        await store.ended("cat", error=ERROR)

        with pytest.raises(LeaseLostError):
            await store.restart("cat", attempts=seen.attempts)
        assert (await store.counts())["ended"] == 1


async def test_what_another_has_cannot_be_restarted(durable: Home) -> None:
    """Neither what may be sent this very moment nor what is under way."""
    async with durable.store() as store, durable.store() as other:
        await store.claim("cat", input=URL)
        with pytest.raises(LeaseLostError):
            await other.restart("cat", attempts=1)
        await store.started("cat", "42")
        with pytest.raises(LeaseLostError, match="42"):
            await other.restart("cat", attempts=1)
        with pytest.raises(LeaseLostError):
            await other.restart("dog", attempts=1)


async def test_what_is_under_way_and_free_cannot_be_restarted(home: Home) -> None:
    """It is claimed first, and then gone on with: the upload runs."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.started("cat", "42")
        await store.renew()
        await store.release("cat")

        with pytest.raises(LeaseLostError, match="42"):
            await store.restart("cat", attempts=1)


async def test_what_is_not_ones_own_cannot_be_noted(home: Home) -> None:
    """The error names the upload that is nobody's now; no item, no key."""
    async with home.store() as store:
        await store.claim("cat", input=URL)
        await store.started("cat", "42")
        await store.release("cat")

        with pytest.raises(LeaseLostError, match=r"^the store's item is another worker's by now \(upload 42\)$"):
            await store.completed("cat", "A4")
        with pytest.raises(LeaseLostError, match="43"):
            await store.started("cat", "43")
        with pytest.raises(LeaseLostError, match=r"by now$"):
            await store.described("dog")


async def test_started_item_of_an_owner_that_is_late_passes_on(durable: Home) -> None:
    """Who does not renew its lease loses what it has started, and is told so by its next call about it."""
    async with durable.store() as store, durable.store() as other:
        await store.claim("cat", input=URL)
        await store.started("cat", "42")
        durable.lapse()
        claim, record = await other.claim("cat", input=URL)

        assert (claim, record.status_id) == ("mine", "42")
        with pytest.raises(LeaseLostError, match="42"):
            await store.completed("cat", "A4")
        await other.completed("cat", "A4")


async def test_owner_that_renews_its_lease_keeps_what_it_has(durable: Home) -> None:
    """Also after it has been late, if nobody asked meanwhile."""
    async with durable.store() as store, durable.store() as other:
        await store.claim("cat", input=URL)
        await store.started("cat", "42")
        durable.lapse()
        await store.renew()
        claim, _ = await other.claim("cat", input=URL)

    assert claim == "busy"


async def test_late_owner_that_comes_back_resolves_what_seemed_unknown(durable: Home) -> None:
    """It was only paused, its request had been sent, and the answer is what is true."""
    async with durable.store() as store, durable.store() as other:
        await store.claim("cat", input=URL)
        durable.lapse()
        await other.claim("cat", input=URL)
        await store.renew()
        await store.started("cat", "42")
        claim, record = await other.claim("cat", input=URL)

    assert claim == "busy"
    assert record.status_id == "42"


async def test_of_many_who_claim_at_once_one_gets_each_item(durable: Home) -> None:
    """However many tasks and owners there are."""
    keys = [f"cat {number}" for number in range(20)]
    won: list[str] = []

    async def run(store: UploadStore) -> None:
        for key in keys:
            claim, _ = await store.claim(key, input=URL)
            if claim == "mine":
                won.append(key)
                await store.started(key, key)

    async with durable.store() as store, durable.store() as other, anyio.create_task_group() as tasks:
        for one in [store, other] * 5:
            tasks.start_soon(run, one)

    assert sorted(won) == sorted(keys)


async def test_of_many_who_restart_at_once_one_does(durable: Home) -> None:
    """An item that ended badly is sent again once."""
    restarted: list[UploadRecord] = []

    async def run(store: UploadStore) -> None:
        with suppress(LeaseLostError):
            restarted.append(await store.restart("cat", attempts=1))

    async with durable.store() as store, durable.store() as other:
        await store.claim("cat", input=URL)
        await store.ended("cat", error=ERROR)
        async with anyio.create_task_group() as tasks:
            for one in [store, other] * 5:
                tasks.start_soon(run, one)

    assert len(restarted) == 1


async def test_store_is_closed_by_the_last_one_out(home: Home) -> None:
    """Several batches share one, each opening it for itself."""
    store = home.store()
    async with store:
        async with store:
            await store.claim("cat", input=URL)
        claim, _ = await store.claim("cat", input=URL)
        await store.started("cat", "42")

    assert claim == "busy"
    with pytest.raises(RuntimeError, match="async with store"):
        await store.counts()


async def test_many_open_one_store_at_once(home: Home) -> None:
    """They are one owner, and each finds it open."""
    store = home.store()

    async def run(key: str) -> None:
        async with store:
            await store.claim(key, input=URL)
            await store.ended(key)

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(run, str(number))
    async with store:
        assert (await store.counts())["ended"] == 10


@pytest.mark.parametrize(
    "method", ["claim", "started", "aborting", "completed", "described", "ended", "restart", "release", "renew"]
)
async def test_closed_store_says_how_to_open_it(home: Home, method: str) -> None:
    """Instead of failing deep inside of what it keeps its items in."""
    arguments = {"started": ["42"], "completed": ["A4"], "renew": []}
    keywords = {"claim": {"input": URL}, "restart": {"attempts": 1}}
    act = getattr(home.store(), method)

    with pytest.raises(RuntimeError, match="async with store"):
        await act(*([] if method == "renew" else ["cat"]), *arguments.get(method, []), **keywords.get(method, {}))


async def test_all_items_are_told_in_the_order_of_their_first_claim(home: Home) -> None:
    """More of them than are asked for at once, all or those in some states."""
    async with home.store() as store:
        for number in range(1_203):
            await store.claim(f"{number}", input=f"{URL}?{number}")
            if number % 400 == 0:
                await store.started(f"{number}", f"upload {number}")
        everything = [record async for record in store.records()]
        started = [record async for record in store.records(states=["started", "ended"])]
        counts = await store.counts()

    assert [record.input for record in everything] == [f"{URL}?{number}" for number in range(1_203)]
    assert [record.status_id for record in started] == ["upload 0", "upload 400", "upload 800", "upload 1200"]
    assert counts == dict.fromkeys(STATES, 0) | {"reserved": 1_199, "started": 4}


async def test_counts_follow_what_happens(home: Home) -> None:
    """Whatever becomes of the items, each is in one state."""
    async with home.store() as store:
        for key in ("a", "b", "c", "d"):
            await store.claim(key, input=URL)
        await store.release("a")
        await store.started("b", "1")
        await store.release("b")
        await store.claim("b", input=URL)
        await store.restart("b", attempts=1)
        await store.ended("c")
        counts = await store.counts()

    assert counts == dict.fromkeys(STATES, 0) | {"reserved": 2, "ended": 1}


@pytest.mark.parametrize("key", ["a b", "Ünïcödé 🐈", "'; DROP TABLE uploads; --", "a\n\tb", "%s:{0}*", "x" * 5_000])
async def test_key_is_any_text(home: Home, key: str) -> None:
    """Callers take what they have: names, paths, ids."""
    async with home.store() as store:
        await store.claim(key, input=URL)
        await store.started(key, "42")
        records = [record async for record in store.records()]

    assert [record.key for record in records] == [key]


@pytest.mark.parametrize(("key", "error"), [("", ValueError), ("\udc80", ValueError), (b"cat", TypeError)])
async def test_key_that_no_store_can_keep_is_refused(home: Home, key: str, error: type[Exception]) -> None:
    """The same for all stores; the text does not repeat the key."""
    async with home.store() as store:
        with pytest.raises(error, match=r"^key must") as caught:
            await store.claim(key, input=URL)

    assert caught.value.__context__ is None


@pytest.mark.parametrize("states", ["ended", ["gone"], ["ended", "gone"]])
async def test_states_that_do_not_exist_are_refused(home: Home, states: list[str]) -> None:
    """The error says which there are."""
    async with home.store() as store:
        with pytest.raises(ValueError, match=re.escape("reserved, started, aborting, completed, described, ended")):
            _ = [record async for record in store.records(states=states)]  # type: ignore[arg-type]


async def test_every_store_keeps_the_protocol(home: Home) -> None:
    """Whoever writes one of their own can see at once that something is missing."""
    assert isinstance(home.store(), UploadStore)
