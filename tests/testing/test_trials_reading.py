"""What can be seen of an account without changing anything in it."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import httpx
import pytest
import trio
from trio.testing import MockClock

from cincopa_async import CincopaClient
from cincopa_async.testing import FakeCincopa
from cincopa_async.testing._contract import Value, facts
from cincopa_async.testing._trials import Finding, check_contract

Owner: TypeAlias = Callable[[FakeCincopa, CincopaClient], Awaitable[None]]

SEEN_BY_READING = {
    "answers.dates",
    "answers.numbers",
    "answers.sizes",
    "asset.get_tags.shape",
    "asset.list.answers.items.rid",
    "asset.list.beyond",
    "asset.list.rid_exact",
    "asset.list.tag_any",
    "asset.list.takes.details",
    "asset.list.takes.page",
    "asset.list.takes.search",
    "asset.list.takes.tag",
    "asset.list.takes.type",
    "asset.list.unknown_reference_id",
    "asset.sync",
    "failure.success",
    "failure.token",
    "failure.unknown_fid",
    "gallery.get_items.place",
    "gallery.get_items.takes.page",
    "gallery.list.most",
    "gallery.list.takes.search",
    "gallery.list.takes.tag",
    "live.list.answers.streams",
    "permissions.form",
    "portal.list.method",
}


async def _lived_in(fake: FakeCincopa, client: CincopaClient) -> None:
    """Put things into an account, as its owner does."""
    holidays = (await client.gallery.create(name="Holidays")).fid
    await client.gallery.set_meta(holidays, tags=["sun"])
    await client.gallery.create(name="Work")
    rids = [fake.add_asset(b"media", name=name, fid=holidays) for name in ("beach.mp4", "cat.png", "song.mp3")]
    await client.asset.set_meta(rids[0], tags=["sea", "sun"], description="waves")


async def _monotonous(fake: FakeCincopa, client: CincopaClient) -> None:
    """Put things into an account that do not differ."""
    for number in range(2):
        await client.gallery.create(name="Holidays")
        fake.add_asset(b"media", name=f"beach {number}.mp4")


async def _empty(fake: FakeCincopa, client: CincopaClient) -> None:
    """Put nothing into an account."""


def read(
    contract: Mapping[str, Value] | None = None, *, owner: Owner = _lived_in
) -> tuple[dict[str, Finding], list[str]]:
    """Read an account; returns what was found, and the methods and calls that were sent."""
    fake, sent = FakeCincopa(contract=contract), []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        sent.append(f"{scope['method']} {scope['path'].rpartition('/')[2].removesuffix('.json')}")
        await fake(scope, receive, send)

    async def run() -> list[Finding]:
        async with fake, fake.client() as client:
            await owner(fake, client)
            before = _account(fake)
            async with CincopaClient(
                fake.api_token, base_url="http://cincopa.test/v2/", transport=httpx.ASGITransport(app)
            ) as reading:
                findings = await check_contract(reading, read_only=True)
            assert _account(fake) == before
            return findings

    return {finding.fact.id: finding for finding in trio.run(run, clock=MockClock(autojump_threshold=0))}, sent


def _account(fake: FakeCincopa) -> Any:
    account = fake._account
    held = (account.assets, account.galleries, account.uploads, account.portals, account.streams, account.hooks)
    return copy.deepcopy((*held, list(account.tokens)))


def test_reading_sends_reads_alone() -> None:
    """With ``read_only`` nothing is sent but GETs that have no effect, and the account is as it was."""
    _, sent = read()

    assert {call.partition(" ")[0] for call in sent} == {"GET"}
    assert {call.partition(" ")[2] for call in sent} == {
        "ping",
        "asset.list",
        "asset.get_tags",
        # Of an asset that nobody has.
        "asset.get_upload_url",
        "asset.upload_from_url_get_status",
        "gallery.list",
        "gallery.get_items",
        "gallery.download",
        "portal.list",
        "portal.check",
        "live.list",
        "webhook.list",
    }


def test_reading_shows_what_is_in_the_account_already() -> None:
    """What an account holds is enough to see most of what lists do, and no fact is said to be refuted."""
    findings, _ = read()

    assert {id for id in SEEN_BY_READING if findings[id].verdict != "confirmed"} == set()
    assert [id for id, finding in findings.items() if finding.verdict == "refuted"] == []


def test_an_empty_account_refutes_nothing() -> None:
    """Where there is nothing to look at, nothing is said but that."""
    findings, _ = read(owner=_empty)

    assert [id for id, finding in findings.items() if finding.verdict == "refuted"] == []
    assert findings["asset.list.takes.search"].evidence == "there is no asset in the account"


def test_one_asset_is_not_enough_to_tell_a_filter() -> None:
    """What is found tells nothing where there is nothing that must not be found."""

    async def owner(fake: FakeCincopa, client: CincopaClient) -> None:
        fake.add_asset(b"media", name="beach.mp4")

    findings, _ = read(owner=owner)

    assert findings["asset.list.takes.search"].evidence == "there are no two assets in the account that differ"


@pytest.mark.parametrize(
    ("id", "reason"),
    [
        ("asset.list.takes.tag", "there are no two assets of which one has tags"),
        ("asset.list.tag_any", "there are no two assets of which one has tags"),
        ("asset.list.takes.type", "there are assets of one type alone"),
        ("gallery.list.takes.search", "there are no two galleries in the account that differ in it"),
        ("gallery.get_items.takes.page", "none of the first galleries of the account has items"),
    ],
)
def test_an_account_of_things_that_do_not_differ_says_so(id: str, reason: str) -> None:
    """What would look alike whether or not a parameter is taken is not said to be confirmed."""
    findings, _ = read(owner=_monotonous)

    assert (findings[id].verdict, findings[id].evidence) == ("not testable", reason)


def test_details_that_nobody_sees_may_be_in_no_asset() -> None:
    """Assets that tell no more when asked for it may have no more to tell: that refutes nothing."""
    findings, _ = read({"asset.list.takes.details": "ignored"})

    assert findings["asset.list.takes.details"].verdict == "not testable"


@pytest.mark.parametrize("id", sorted(SEEN_BY_READING - {"asset.list.takes.details"}))
def test_reading_refutes_what_is_bent(id: str) -> None:
    """What can be seen by reading is refuted by reading, and alone."""
    for value in facts()[id].bent:
        findings, _ = read({id: value})

        assert {id: finding.seen for id, finding in findings.items() if finding.verdict == "refuted"} == {id: value}
