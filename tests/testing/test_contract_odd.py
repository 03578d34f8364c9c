"""Uploads and hooks tried against a service that is odd: what cannot be seen is told so, and is no refutation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httpx
import pytest
from trio.testing import MockClock

from cincopa_async import CincopaClient
from cincopa_async.testing import FakeCincopa, Finding, check_contract
from cincopa_async.testing._trials import direct, targets, uploads, webhooks

SOURCE = "https://source.example/clip.mp4"
NO = {"success": False, "message": "Not now"}
Say = Callable[[httpx.Request], Any]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> Any:
    """In virtual time."""
    return ("trio", {"clock": MockClock(autojump_threshold=0)})


@pytest.fixture
def fake() -> FakeCincopa:
    fake = FakeCincopa()
    fake.add_source(SOURCE, b"0123456789", content_type="video/mp4", seconds=1)
    return fake


class Odd(httpx.ASGITransport):
    """The way to a fake, on which some calls are answered otherwise: by JSON, by a text, or late."""

    def __init__(self, fake: FakeCincopa, answers: Mapping[str, Say | dict[str, Any] | str]) -> None:
        super().__init__(app=fake)
        self._answers = answers

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._answers.get(request.url.path.rpartition("/")[2].removesuffix(".json"))
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, float):
            await anyio.sleep(answer)
            answer = None
        if answer is None:
            return await super().handle_async_request(request)
        return httpx.Response(200, content=answer if isinstance(answer, str) else json.dumps(answer))


async def found(
    monkeypatch: pytest.MonkeyPatch,
    fake: FakeCincopa,
    trials: tuple[Any, ...],
    answers: Mapping[str, Any] | None = None,
    *,
    source: str | None = SOURCE,
) -> dict[str, Finding]:
    """Make these trials alone."""
    monkeypatch.setattr("cincopa_async.testing._trials._run._WRITING", trials)
    transport = Odd(fake, answers or {})
    async with fake, CincopaClient(fake.api_token, base_url="http://cincopa.test/v2/", transport=transport) as client:
        findings = await check_contract(client, source=source)
    return {finding.fact.id: finding for finding in findings}


def status(**fields: Any) -> dict[str, Any]:
    return {"success": True, "runtime": 1, **fields}


STATUS = "asset.upload_from_url_get_status"
ABORT = "asset.upload_from_url_abort"
URL = "asset.get_upload_url"


@pytest.mark.parametrize(
    ("trial", "answers", "id", "reason"),
    [
        (uploads.aborted, {ABORT: NO}, "abort.leaves", "the abort was refused"),
        (uploads.pulled, {ABORT: NO}, "abort.drops", "the abort was refused"),
        (uploads.pulled, {ABORT: lambda _: 5.0}, "abort.drops", "it had always completed"),
        (uploads.pulled, {STATUS: NO}, "status.completed", "not known after two minutes"),
        (uploads.pulled, {STATUS: status(status="inprogress")}, "status.progress", "neither 1 nor 100"),
        (uploads.aborted, {STATUS: status(status="failed")}, "abort.leaves", "had ended at once"),
        (uploads.aborted, {STATUS: status(status="failed", more="x")}, "abort.leaves", "had failed at once"),
        (uploads.failing, {STATUS: status(status="inprogress")}, "status.failed", "did not fail within minutes"),
        (
            uploads.attached,
            {"asset.upload_from_url": NO},
            "upload_from_url.needs_type",
            "refused although it has a type",
        ),
        (direct.whole, {"post.jpg": "error"}, "direct.whole", "no file can be uploaded"),
        (direct.whole, {"post.jpg": "new resource id 1 R1"}, "direct.name", "listed by neither name"),
        (direct.chunks, {"post.jpg": "error"}, "direct.range", "however their ranges ended"),
        (
            direct.chunks,
            {"post.jpg": "new resource id 1 R1"},
            "direct.range",
            "a part of a file was taken for the whole",
        ),
        (direct.rejections, {"post.jpg": "error"}, "direct.exact", "was not taken either"),
        (
            direct.rejections,
            {"post.jpg": "new resource id 1 R1"},
            "direct.error",
            "a URL without its capability was taken",
        ),
        (direct.rejections, {"post.jpg": ""}, "direct.error", "was answered with nothing"),
        (direct.rejections, {URL: status(upload_url="http://x.test/post.jpg?a")}, "direct.exact", "has no order"),
        (
            targets.targets,
            {
                URL: lambda request: (
                    status(upload_url="http://x.test/post.jpg?a") if "rid" in request.url.params else None
                )
            },
            f"{URL}.takes.rid",
            "the file is not listed",
        ),
        (targets.targets, {"post.jpg": "error"}, f"{URL}.takes.ttl", "was not taken either"),
        (targets.targets, {"post.jpg": "error"}, f"{URL}.takes.sourceip", "was not taken either"),
        (targets.targets, {"post.jpg": "error"}, f"{URL}.takes.fid", "the file was not taken"),
        (targets.targets, {"gallery.get_items": status(items=[])}, f"{URL}.takes.fid", "does not list"),
        (
            uploads.pulled,
            {"gallery.get_items": status(items=[{"rid": "R9", "filename": "other.mp4"}])},
            "asset.upload_from_url.takes.fid",
            "does not list",
        ),
        (uploads.pulled, {"gallery.create": status()}, "status.completed", "no gallery can be made"),
        (webhooks.declared, {"webhook.set": NO}, "webhook.set.takes.events", "a hook could not be set"),
        (webhooks.declared, {"webhook.list": status(webhooks=[])}, "webhook.set.takes.events", "is not listed"),
        (webhooks.declared, {"webhook.list": status(webhooks=[])}, "webhook.set_slack.takes.events", "is not listed"),
        (
            webhooks.declared,
            {"webhook.set_slack": lambda request: NO if "hook_url" in request.url.params else None},
            "webhook.set_slack.takes.hook_url",
            "leads nowhere is refused",
        ),
        (
            webhooks.declared,
            {"webhook.delete": NO, "webhhook.delete": status()},
            "webhook.delete.does",
            "refused, by either spelling",
        ),
    ],
)
async def test_what_cannot_be_seen_is_not_refuted(  # noqa: PLR0917 - pytest's fixtures and a row of the table
    monkeypatch: pytest.MonkeyPatch, fake: FakeCincopa, trial: Any, answers: dict[str, Any], id: str, reason: str
) -> None:
    """It is not testable, and why is told."""
    told = {**answers, **({"gallery.list": status(galleries=[])} if "gallery.create" in answers else {})}
    finding = (await found(monkeypatch, fake, (trial,), told))[id]

    assert finding.verdict == "not testable"
    assert reason in finding.evidence


async def test_last_chunk_that_is_answered_with_nothing_is_none_of_another_form(
    monkeypatch: pytest.MonkeyPatch, fake: FakeCincopa
) -> None:
    """Its file is there, so that the ranges were right: an answer that was lost on its way looks so."""
    fake.quirk("empty_body", call="post.jpg")

    findings = await found(monkeypatch, fake, (direct.chunks,))

    assert findings["direct.reply"].evidence == "the last chunk was answered with nothing"
    assert findings["direct.range"].verdict == "confirmed"


async def test_any_word_tells_that_an_upload_is_under_way(monkeypatch: pytest.MonkeyPatch, fake: FakeCincopa) -> None:
    """One that nobody knows is none of an end."""
    fake.quirk("unknown_status_word", word="transcoding")

    finding = (await found(monkeypatch, fake, (uploads.aborted,)))["status.inprogress"]

    assert (finding.verdict, finding.seen) == ("confirmed", "inprogress")


@pytest.mark.parametrize(
    ("source", "answers", "reason"),
    [
        ("https://source.example/", {}, "without the name of a file"),
        (None, {"gallery.download": NO}, "there is no archive to pull"),
        ("https://source.example/nobody.mp4", {}, "is it one that the service can fetch?"),
    ],
)
async def test_source_that_cannot_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch, fake: FakeCincopa, source: str | None, answers: dict[str, Any], reason: str
) -> None:
    """What takes a source is not testable then."""
    fake.add_source("https://source.example/nobody.mp4", b"", status=404)

    finding = (await found(monkeypatch, fake, (uploads.pulled,), answers, source=source))["status.completed"]

    assert finding.verdict == "not testable"
    assert reason in finding.evidence


@pytest.mark.parametrize(("assets", "seen"), [(1, "ignored"), (100, None)])
async def test_pulled_asset_is_known_beside_those_of_its_name(
    monkeypatch: pytest.MonkeyPatch, assets: int, seen: str | None
) -> None:
    """Where it is in no gallery, and not too many are named like it; none of those is touched."""
    fake = FakeCincopa(contract={"asset.upload_from_url.takes.fid": "ignored"})
    fake.add_source(SOURCE, b"0123456789", content_type="video/mp4", seconds=1)
    rids = {fake.add_asset(b"0123456789", name="clip.mp4") for _ in range(assets)}

    finding = (await found(monkeypatch, fake, (uploads.pulled,)))["asset.upload_from_url.takes.fid"]

    assert finding.seen == seen
    async with fake.client() as client:
        there = {asset.rid async for asset in client.asset.iter()}
    assert there >= rids


@pytest.mark.parametrize("port", [0, 70_000, True, "9911"])
async def test_port_that_is_none_is_refused(fake: FakeCincopa, port: Any) -> None:
    """Before anything is sent."""
    async with fake.client() as client:
        with pytest.raises(ValueError, match="hook_port"):
            await check_contract(client, hook_url="https://user.example/", hook_port=port)

    assert fake.counts.requests.total() == 0
