"""Runs of the trials in accounts and against services that are not as they should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cincopa_async.testing import FakeCincopa, Quirk
from cincopa_async.testing._account import Gallery
from cincopa_async.testing._clock import date
from cincopa_async.testing._contract import Value
from cincopa_async.testing._trials import Finding
from tests.testing.contracts import SOURCE, tried

MOST_CALLS = 500


def full(**kwargs: dict[str, Value]) -> FakeCincopa:
    """An account that has been in use for long: what is new stands on no first page."""
    fake = FakeCincopa(**kwargs)
    galleries, assets = fake._account.galleries, fake._account.assets
    for number in range(150):
        gallery = Gallery(fid=fake._account.new_id(), modified=date(), meta={"name": f"Holidays {number}"})
        galleries[gallery.fid] = gallery
    for number in range(300):
        rid = fake.add_asset(b"media", name=f"beach {number}.mp4", fid=next(iter(galleries)))
        assets[rid].meta["tags"] = "sea" if number % 2 else ""
    return fake


def refuted(findings: dict[str, Finding]) -> dict[str, Value | None]:
    return {id: finding.seen for id, finding in findings.items() if finding.verdict == "refuted"}


def test_a_full_account_shows_every_fact_in_as_many_calls() -> None:
    """With hundreds of others' assets and galleries all is confirmed, they are as before, and few calls are made."""
    fake = full()
    before = {rid: (asset.modified, dict(asset.meta)) for rid, asset in fake._account.assets.items()}

    findings = tried(fake=fake)

    assert {finding.verdict for finding in findings.values() if finding.fact.untried is None} == {"confirmed"}
    assert {rid: (asset.modified, asset.meta) for rid, asset in fake._account.assets.items()} == before
    assert len(fake._account.galleries) == 150
    assert sum(fake.counts.requests.values()) < MOST_CALLS


@pytest.mark.parametrize(
    ("id", "bent"),
    [
        ("asset.list.takes.search", "ignored"),
        ("asset.list.takes.type", "ignored"),
        ("asset.list.takes.rid", "ignored"),
        ("gallery.list.takes.search", "ignored"),
        ("gallery.list.takes.tag", "ignored"),
        ("gallery.create.takes.name", "ignored"),
        ("gallery.set_meta.method", "GET"),
        ("parameters.query", "body"),
    ],
)
def test_a_full_account_shows_what_is_bent(id: str, bent: Value) -> None:
    """What is new can be told from what has long been there although a list is not searched."""
    assert refuted(tried(fake=full(contract={id: bent}))) == {id: bent}


@pytest.mark.parametrize(
    "permissions",
    ["|asset.list|", "|gallery.*|", "|asset.*|", "|token.*|gallery.*|upload.*|", "|asset.[!ul]*|gallery.*|"],
)
def test_a_token_that_may_do_little_refutes_nothing(permissions: str) -> None:
    """What the token may not do is not tried, and that is all that is said of it."""
    fake = FakeCincopa()

    findings = tried(fake=fake, token=fake.issue_token(permissions))

    assert refuted(findings) == {}


@pytest.mark.parametrize(
    "permissions", ["|asset.*|gallery.set_meta|gallery.list|", "|webhook.*|asset.upload_from_url|gallery.set_meta|"]
)
def test_a_token_that_may_make_no_gallery_leaves_nothing(permissions: str) -> None:
    """What is made all the same is removed, although no gallery tells of the run."""
    fake = FakeCincopa()

    tried(fake=fake, token=fake.issue_token(permissions))

    assert (fake._account.assets, fake._account.hooks, fake.counts.uploads_running) == ({}, {}, 0)


def test_what_lists_do_not_tell_is_removed_too() -> None:
    """A file's own answer tells the asset that it became."""
    fake = FakeCincopa(contract={"asset.list.answers.items": "missing"})

    tried(fake=fake)

    assert fake._account.assets == {}


def test_another_asset_of_the_same_name_stays() -> None:
    """Somebody uploads a file of the source's name while the source is pulled: it is not taken for what came of it."""
    fake = FakeCincopa()
    own: list[str] = []

    def meanwhile(call: str, params: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        if call == "asset.upload_from_url" and params.get("input") == SOURCE and not own:
            own.append(fake.add_asset(b"0123456789", name=SOURCE.rpartition("/")[2]))
        return body

    findings = tried(fake=fake, change=meanwhile)

    assert [*fake._account.assets] == own
    assert refuted(findings) == {}


def test_asset_that_nothing_tells_from_others_stays() -> None:
    """In no gallery of the run, and not what the upload says it made: it may be anybody's."""
    fake = FakeCincopa(contract={"asset.upload_from_url.takes.fid": "ignored", "status.resid_same": "another"})

    findings = tried(fake=fake)

    assert {asset.filename for asset in fake._account.assets.values()} == {"clip.mp4"}
    assert findings["status.completed"].verdict == "not testable"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("quirk", ["html_502", "reset_after", "empty_body", "retry_after"])
def test_a_service_in_trouble_refutes_nothing(quirk: str, seed: int) -> None:
    """Where each tenth call is answered by a proxy, or by nobody, less is seen, and nothing is said to be refuted."""
    fake = FakeCincopa(quirks=[Quirk(quirk, rate=0.1, seed=seed)])

    assert refuted(tried(fake=fake)) == {}
