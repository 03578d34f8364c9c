"""The contract: what a fake can be told of the service, and that it then is so."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import anyio
import httpx
import pytest
import trio
import trio.testing

from cincopa_async import CincopaClient, PermissionDeniedError
from cincopa_async.cli import contract as cli
from cincopa_async.resources._asset_calls import AssetDetail
from cincopa_async.resources.webhook import WebhookEventName
from cincopa_async.testing import Contract, Fact, FakeCincopa, Finding
from cincopa_async.testing._clock import Instant
from cincopa_async.testing._contract import Value, facts
from cincopa_async.testing._trials import Verdict
from tests.testing.helpers import Asker, until
from tests.testing.shown import LOOKS, URL, Bench, bench, said

pytestmark = pytest.mark.anyio

FACTS = list(facts().values())
BEHAVIOURS = [fact for fact in FACTS if fact.kind == "behaviour" and (fact.untried is None or fact.id in LOOKS)]
SHOWN = [pytest.param(fact, value, id=f"{fact.id}={value}") for fact in BEHAVIOURS for value in fact.shown]
ENVELOPE = {"success", "runtime"}
# What holds of all calls alike is no matter of the event loop, and takes a thousand calls.
ONE_LOOP = pytest.mark.parametrize("anyio_backend", ["asyncio"])

HOOK = "https://hooks.test/"
# What the calls that answer something are given; the names in braces are those of what is in the account.
ASKED: dict[str, dict[str, object]] = {
    "gallery.create": {"name": "Dogs"},
    "gallery.get_items": {"fid": "{fid}"},
    "asset.upload_from_url": {"input": URL},
    "asset.upload_from_url_get_status": {"status_id": "{status_id}"},
    "asset.upload_from_url_abort": {"status_id": "{status_id}"},
}
# What each parameter that a call takes is given, beside what the call cannot do without.
GIVEN: dict[str, object] = {
    "name": "dogs",
    "subdomain": "dogs",
    "description": "of dogs",
    "caption": "Dogs",
    "long_description": "all of dogs",
    "related_link_text": "dogs",
    "related_link_url": "https://dogs.test/",
    "template": "A4",
    "master": "{fid}",
    "copy_items": "yes",
    "delete_assets": "yes",
    "delete_asset": "yes",
    "insert_position": "top",
    "search": "dogs",
    "tag": "dogs",
    "tags": "dogs",
    "page": 2,
    "items_per_page": 1,
    "details": "caption",
    "type": "image",
    "reference_id": "mine",
    "video_thumb_sec": 1,
    "thumb_attached_rid": "rid:{thumb}",
    "sourceip": "192.0.2.1",
    "ttl": 5,
    "permissions": "|asset.*|",
    "fid": "{fid}",
    "rid": "{rid}",
    "rrid": "mine",
    "hook_url": HOOK,
    "events": "asset.*",
    "security_key": "KEY",
}
BESIDE: dict[str, dict[str, object]] = {
    "gallery.create.takes.copy_items": {"master": "{fid}"},
    "gallery.set_meta": {"fid": "{fid}"},
    "gallery.delete": {"fid": "{fid}"},
    "gallery.add_item": {"fid": "{fid}", "rid": "{rid}"},
    "gallery.remove_item": {"fid": "{fid}", "rid": "{rid}"},
    "gallery.get_items": {"fid": "{fid}"},
    "asset.set_meta": {"rid": "{rid}"},
    "asset.get_upload_url.takes.rid": {"type": "thumb"},
    "asset.get_upload_url.takes.type": {"rid": "{rid}"},
    "asset.upload_from_url": {"input": URL},
    "asset.upload_from_url.takes.rid": {"input": URL, "type": "thumb"},
    "asset.upload_from_url.takes.type": {"input": URL, "rid": "{rid}"},
    "webhook.set": {"hook_url": HOOK},
    "webhook.set_slack.takes.events": {"hook_url": HOOK},
    **{f"live.{verb}": {"id": "{stream}"} for verb in ("start", "stop", "reset", "delete")},
}
# Those that nothing keeps: a gallery's settings are not told, and a portal is known by either word.
WITHOUT_TRACE = {"gallery.create.takes.copy_args"}


@dataclasses.dataclass(frozen=True)
class Filled:
    """A fake with something of everything in it."""

    at: Bench
    names: Mapping[str, str]

    def params(self, given: Mapping[str, object]) -> dict[str, object]:
        return {name: str(value).format(**self.names) for name, value in given.items()}

    async def answer(self, call: str, given: Mapping[str, object]) -> Any:
        params = self.params({"api_token": self.at.ask.token, **given})
        path = call if call == "upload.iframe" else f"{call}.json"
        answer = await self.at.ask.http.request(str(facts()[f"{call}.method"].value), path, params=params)
        return {"page": answer.text} if answer.headers["content-type"].startswith("text/html") else answer.json()


@asynccontextmanager
async def filled(told: Mapping[str, Value]) -> AsyncIterator[Filled]:
    async with bench() as at:
        fid = await at.gallery(name="Cats", tags="cat")
        await at.gallery(name="Birds")
        first, second = at.asset(fid=fid), at.asset(fid=fid)
        thumb = (await at.ask.status(await at.upload(rid=second, type="thumb")))["resid"]
        await at.ask.post("portal.set", name="cats")
        await at.ask.post("webhook.set", hook_url="https://hooks.test/first", events="account.*")
        stream = (await at.ask.get("live.create"))["rid"]
        at.fake.hold()
        names = {"status_id": await at.upload(held=True), "fid": fid, "first": first, "rid": second, "thumb": thumb}
        at.fake._quirks._contract = Contract(told)  # Not from the beginning: bent, it could not be filled.
        yield Filled(at, {**names, "stream": stream})


def test_every_fact_that_is_tried_is_looked_at() -> None:
    """The table says for each value that the fake can show what is then seen, and no two look alike."""
    tried = {fact.id for fact in FACTS if fact.kind == "behaviour" and fact.untried is None}

    assert tried <= LOOKS.keys() <= facts().keys()
    for fact in BEHAVIOURS:
        _, seen = LOOKS[fact.id]
        assert seen.keys() <= set(fact.shown)
        looks = [seen.get(value, value) for value in fact.shown]
        assert all(looks.count(look) == 1 for look in looks), fact.id


@pytest.mark.parametrize(("fact", "value"), SHOWN)
async def test_fake_is_as_its_contract_says(fact: Fact, value: Value) -> None:
    """Each value of each fact can be given, and is what the fake then shows."""
    look, seen = LOOKS[fact.id]
    async with bench(contract={fact.id: value}) as at:
        assert await look(at) == seen.get(value, value)


@ONE_LOOP
@pytest.mark.parametrize("call", [fact.call for fact in FACTS if fact.kind == "method"])
async def test_method_of_a_call(call: str) -> None:
    """A call goes by the one method that the contract has for it."""
    fact = facts()[f"{call}.method"]
    for value in fact.shown:
        async with bench(contract={fact.id: value}) as at:
            suffix = "" if call == "upload.iframe" else ".json"
            answers = {
                method: (await at.ask.http.request(method, f"{call}{suffix}")).status_code for method in ("GET", "POST")
            }
        assert [method for method, status in answers.items() if status != 405] == [value]


@ONE_LOOP
@pytest.mark.parametrize("fact", [fact for fact in FACTS if fact.kind == "needs"], ids=lambda fact: fact.id)
async def test_parameter_that_a_call_needs(fact: Fact) -> None:
    """Without it the call is refused, or, told so, says success and does nothing."""
    assert fact.call is not None
    results = {}
    for value in fact.shown:
        async with filled({fact.id: value}) as account:
            answer = await account.answer(fact.call, {})
            results[value] = answer["success"], answer.keys() - ENVELOPE

    assert results == {"refused": (False, {"message"}), "answered": (True, set())}


@ONE_LOOP
@pytest.mark.parametrize("fact", [fact for fact in FACTS if fact.kind == "answers"], ids=lambda fact: fact.id)
async def test_field_that_a_call_answers(fact: Fact) -> None:
    """It is there, or, told so, is not, and nothing else is missing."""
    assert fact.call is not None
    answers = {}
    for value in fact.shown:
        async with filled({fact.id: value}) as account:
            answers[value] = await account.answer(fact.call, ASKED.get(fact.call, {}))

    whole, cut = paths(answers["there"]), paths(answers["missing"])
    assert {path for path in whole if path == fact.name or path.startswith(f"{fact.name}.")} == whole - cut
    assert fact.name in whole
    assert cut < whole


async def test_field_is_missing_with_the_one_that_holds_it() -> None:
    """Facts about a list and about what is in it can be told together."""
    told: dict[str, Value] = {"asset.list.answers.items": "missing", "asset.list.answers.items.rid": "missing"}
    async with bench(contract=told) as at:
        at.asset()
        answer = await at.ask.get("asset.list")

    assert answer.keys() - ENVELOPE == {"items_data"}


@ONE_LOOP
@pytest.mark.parametrize(
    "fact", [fact for fact in FACTS if fact.kind == "takes" and fact.id not in WITHOUT_TRACE], ids=lambda fact: fact.id
)
async def test_parameter_that_a_call_takes(fact: Fact) -> None:
    """It makes a difference, or, told so, is as if it had not been given."""
    given = {fact.name: GIVEN[fact.name]}
    taken = await outcome(fact, given, {})
    without = await outcome(fact, {}, {})
    ignored = await outcome(fact, given, {fact.id: "ignored"})

    assert taken != without
    assert ignored == without


async def outcome(fact: Fact, given: Mapping[str, object], told: Mapping[str, Value]) -> object:
    """What a call answers, and what the account is afterwards."""
    assert fact.call is not None
    async with filled(told) as account:
        beside = BESIDE.get(fact.id, BESIDE.get(fact.call, {}))
        answer = await account.answer(fact.call, {**beside, **given})
        return timeless(answer), account_of(account.at.fake)


def account_of(fake: FakeCincopa) -> object:
    """What is in a fake's account, for nothing that it answers tells all of it."""
    account = fake._account
    held = (
        account.assets,
        account.galleries,
        account.uploads,
        account.tokens,
        account.portals,
        account.streams,
        account.hooks,
        account.capabilities,
    )
    return [[(key, timeless(_plain(thing))) for key, thing in things.items()] for things in held]


def _plain(thing: Any) -> dict[str, Any]:
    return {
        field.name: getattr(thing, field.name)
        for field in dataclasses.fields(thing)
        if not isinstance(getattr(thing, field.name, None), Instant) and field.name != "cancel"
    }


def timeless(value: Any) -> Any:
    """The same without dates and durations."""
    match value:
        case dict():
            dates = {"runtime", "uploaded", "modified", "started_on", "debug"}
            return {name: timeless(inner) for name, inner in value.items() if name not in dates}
        case list():
            return [timeless(inner) for inner in value]
        case _:
            return value


def paths(answer: Any, prefix: str = "") -> set[str]:
    """The fields of an answer, those within others as `items.rid`."""
    match answer:
        case dict():
            inner = [{f"{prefix}{name}"} | paths(value, f"{prefix}{name}.") for name, value in answer.items()]
            return set().union(*inner)
        case list():
            return set().union(*(paths(entry, prefix) for entry in answer))
        case _:
            return set()


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"asset.list.takes.colour": "ignored"}, "contract: there is no fact 'asset.list.takes.colour'"),
        ({"ping.method": "PUT"}, "contract: the fact 'ping.method' may be 'GET', 'POST', not 'PUT'"),
        ({"failure.token": "403"}, "contract: the fact 'failure.token' may be 403, 401, 500, not '403'"),
    ],
)
def test_what_is_no_fact_or_no_value_is_refused(told: Mapping[str, Value], says: str) -> None:
    """The error names the fact, and what it may be."""
    with pytest.raises(ValueError, match=r"^contract: ") as caught:
        FakeCincopa(contract=told)

    assert str(caught.value) == says


def test_contract_shows_what_it_was_told() -> None:
    """Its repr is what makes it differ from the list."""
    assert repr(Contract({"failure.token": 401})) == "<Contract {'failure.token': 401}>"


def written(path: Path, **verdicts: object) -> Path:
    path.write_text(json.dumps({"facts": verdicts}), encoding="utf-8")
    return path


async def test_file_of_an_account_is_loaded(tmp_path: Path) -> None:
    """What was seen there is what the fake is like; what could not be tested stays as it stands in the list."""
    seen = {
        "permissions.status": {"verdict": "confirmed", "seen": 200, "evidence": "HTTP 200"},
        "asset.delete.does": {"verdict": "refuted", "seen": "nothing"},
        "asset.get_tags.shape": {"verdict": "not testable", "seen": None},
    }
    path = written(tmp_path / "contract.json", **seen)

    for told in (path, str(path), Contract.read(path)):
        async with bench(contract=told) as at:
            rid = at.asset()
            await at.ask.post("asset.set_meta", rid=rid, tags="cat")
            await at.ask.post("asset.delete", rid=rid)
            answer = await at.ask.respond("GET", "asset.list", api_token=at.fake.issue_token("|gallery.*|"))
            assert (answer.status_code, await at.rids()) == (200, [rid])
            assert (await at.ask.get("asset.get_tags"))["tags"] == ["cat"]


def test_words_that_types_name_have_a_fact_each() -> None:
    """What an editor completes is believed of the service."""
    details, events = (get_args(get_args(names)[0]) for names in (AssetDetail, WebhookEventName))
    known = {"asset.uploaded": "webhook.uploaded", "asset.*": "webhook.wildcards"}

    assert {f"asset.list.details.{word}" for word in details} <= facts().keys()
    assert {known.get(name, f"webhook.events.{name}") for name in events} <= facts().keys()


def test_every_value_of_every_fact_goes_through_a_file(tmp_path: Path) -> None:
    """What `--json` writes of a fact is what a fake that reads it is like."""
    for fact in FACTS:
        for value in fact.shown:
            verdict: Verdict = "confirmed" if value in fact.accepts else "refuted"
            path = tmp_path / "contract.json"
            found = Finding(fact=fact, verdict=verdict, seen=value, evidence="")
            path.write_text(cli.written([found], datetime.now(UTC)), encoding="utf-8")

            assert Contract.read(path)[fact.id] == value


def test_what_the_fake_cannot_show_is_warned_of(tmp_path: Path) -> None:
    """A service may be like nobody thought, or the list newer than the fake: the rest of it counts all the same."""
    seen = {
        "failure.token": {"verdict": "refuted", "seen": 418},
        "asset.list.takes.search": {"verdict": "refuted", "seen": None},
        "failure.status": {"verdict": "confirmed", "seen": 404.0},
        "failure.text": {"verdict": "refuted", "seen": ["error"]},
        "some.new_fact": {"verdict": "confirmed", "seen": "so"},
        "ping.method": {"verdict": "refuted", "seen": "POST"},
    }
    path = written(tmp_path / "contract.json", **seen)

    with pytest.warns(
        UserWarning, match="search, failure.status, failure.text, failure.token, some.new_fact"
    ) as warned:
        contract = Contract.read(path)

    assert (contract["failure.token"], contract["ping.method"]) == (403, "POST")
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning, match="cannot show") as warned:
        FakeCincopa(contract=path)
    assert warned[0].filename == __file__


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"{}", b'{"facts": []}', b'{"facts": {"ping.method": 1}}', b'{"facts": {"ping.method": {}}}'),
        *(b"\xff\xfe", b"[" * 100_000),
    ],
    ids=lambda content: content[:30].decode("latin-1"),
)
def test_file_that_is_no_contract_is_refused(tmp_path: Path, content: bytes) -> None:
    """The error names the file, and what writes one."""
    path = tmp_path / "other.json"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"other\.json is no file that `cincopa contract --json` has written"):
        FakeCincopa(contract=path)


async def test_quirk_wins_over_the_contract() -> None:
    """For the calls that it concerns: the others are as the contract says."""
    async with bench(contract={"failure.text": "more", "failure.status": 422, "failure.success": "true"}) as at:
        at.fake.quirk("failure_key", nth=1)
        at.fake.quirk("failure_status", nth=2, status=400)
        at.fake.quirk("success_false", call="ping")
        answers = [await at.ask.respond("POST", "asset.delete", rid="A1") for _ in range(3)]
        told = await at.ask.get("ping")

    assert [next(name for name in answer.json() if name not in ENVELOPE) for answer in answers] == [
        "error",
        "more",
        "more",
    ]
    assert [answer.status_code for answer in answers] == [422, 400, 422]
    assert told["success"] is False


async def test_quirk_of_a_status_holds_for_files_too() -> None:
    """failure_status is the status of a rejected file, whatever the contract says of rejections."""
    async with bench(contract={"direct.error": "status"}) as at:
        at.fake.quirk("failure_status", call="post.jpg", status=410)
        answer = await at.post_file(url="http://x.test/post.jpg?uid=1")

    assert answer.status_code == 410


async def test_last_byte_of_a_range_that_is_inclusive() -> None:
    """Where a range names its last byte, a file is whole with one that ends a byte before its size."""
    async with bench(contract={"direct.range": "inclusive"}) as at:
        answer = await at.post_file(content_range="bytes 0-9/10", unique_id="a")

    assert answer.text.startswith("new resource id")


async def test_caller_that_leaves_in_the_middle_of_its_parameters(caplog: pytest.LogCaptureFixture) -> None:
    """Where they stand in the body, half of them are none: nothing is done, and nothing goes wrong."""
    async with FakeCincopa(contract={"parameters.query": "body"}).serve() as server:
        url = httpx.URL(server.base_url)
        assert url.port is not None
        target = f"/v2/gallery.create.json?api_token={server.api_token}"
        head = f"POST {target} HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"
        async with await anyio.connect_tcp(url.host, url.port) as stream:
            await stream.send(head.encode() + b"name=")
            await until(lambda: server.fake.counts.requests["gallery.create"] == 1)
        async with httpx.AsyncClient(base_url=server.base_url) as http:
            assert await Asker(http, server.api_token).galleries() == 0

    assert "Exception in ASGI application" not in caplog.text


async def test_hook_without_events_is_told_all_without_wildcards() -> None:
    """Where patterns stand for nothing, naming no event is still no pattern."""
    async with bench(contract={"webhook.wildcards": "not taken"}) as at:
        assert len((await at.hooked(events="")).bodies) == 2


async def test_contract_holds_for_a_client_of_the_fake() -> None:
    """What another package is told goes for its client, which copes with all that confirms a fact."""
    async with FakeCincopa(contract={"permissions.status": 200}) as fake:
        limited = fake.issue_token("|gallery.*|")
        async with CincopaClient(limited, transport=httpx.ASGITransport(fake)) as cincopa:
            with pytest.raises(PermissionDeniedError):
                await cincopa.asset.list()


def test_id_that_is_unknown_for_a_minute_is_known_after_it() -> None:
    """By the clock of the event loop."""

    async def run() -> list[object]:
        async with bench(contract={"status.fresh": "after a minute"}) as at:
            status_id = await at.ask.start(URL)
            seen = []
            for pause in (0, 59, 2):
                await anyio.sleep(pause)
                seen.append(said(await at.ask.status(status_id)))
            return seen

    assert trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0)) == [
        *2 * ["The status_id does not exist"],
        True,
    ]
