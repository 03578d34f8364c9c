"""
Answers that were recorded, a file each recording: what is dropped here is decoded by the tests.

`python -m tests.recordings` writes anew those of FakeCincopa: every call, and every quirk that an answer can have.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

import anyio
import httpx
from attrs import frozen

from cincopa_async import CincopaClient, CincopaError, PollPolicy, RetryPolicy
from cincopa_async.testing import FakeCincopa, record
from cincopa_async.testing._answers import Answers
from cincopa_async.testing._quirks import QuirkName

FOLDER = Path(__file__).parent
FAKE = FOLDER / "fake.jsonl"
_TOKEN = "token-of-the-recordings"
_CLIP, _GONE, _LONG = (
    f"https://media.example.com/{name}.mp4?sig=CANARY-SIGNATURE" for name in ("clip", "gone", "long")
)
_UNKNOWN = "AAAAunknown1"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9:]{5}")

_Quirk: TypeAlias = tuple[QuirkName, dict[str, Any]]


def _quirk(name: QuirkName, **options: Any) -> _Quirk:
    return name, options


# Each alone, so that it can be seen what it does; those that stand in the place of an answer for a call of each kind.
QUIRKS: list[list[_Quirk]] = [
    [],
    [_quirk("numbers_as_strings")],
    [_quirk("size_words")],
    [_quirk("unknown_sizes")],
    [_quirk("size_words"), _quirk("numbers_as_strings")],
    [_quirk("missing", field=("fid", "rid", "resid", "status_id", "upload_url", "api_token", "upload_token", "url"))],
    [_quirk("missing", field=("items", "galleries", "items_data", "portals", "streams", "webhooks", "tags"))],
    [_quirk("missing", field=("status", "success"))],
    [_quirk("failure_key", key="error")],
    [_quirk("failure_key", key="more")],
    [_quirk("failure_status", status=404)],
    [_quirk("permission_status", status=200)],
    [_quirk("unknown_status_word")],
    [_quirk("unknown_status_word", word="ready", state="completed")],
    [_quirk("fresh_id_unknown", polls=1)],
    [_quirk("completed_without_resid")],
    [_quirk("early_resid")],
    [_quirk("abort_leaves", state="failed")],
    [_quirk("abort_leaves", state="unknown")],
    [_quirk("upload_rejected", status=403)],
    [_quirk("unknown_sync_word", state="synced")],
    [_quirk("sync_ends", state="failed")],
    [_quirk("sync_ends", state="syncing")],
    [_quirk("tag_counts")],
    [_quirk("token_field", field="token"), _quirk("token_field", field="token", call="upload.get_upload_token")],
    [_quirk("token_field", field="temp_token")],
    [_quirk("download_field", field="download_url")],
    [_quirk("download_field", field="link")],
    [_quirk("folder_items")],
    [_quirk("cease_creates")],
    *(
        [
            _quirk(name, call=call, **options)
            for call in ("asset.list", "asset.upload_from_url", "upload.iframe", "post.jpg")
        ]
        for name, options in (
            ("html_502", {}),
            ("html_502", {"status": 504}),
            ("html_502_after", {}),
            ("retry_after", {}),
            ("retry_after", {"status": 503, "seconds": 7}),
            ("server_error", {}),
            ("server_error_after", {"status": 503}),
            ("success_false", {}),
            ("empty_body", {}),
            ("truncated_json", {}),
        )
    ),
]


@frozen
class _Known:
    """What is in the account before anything is recorded."""

    fid: str
    rid: str
    running: str
    completed: str
    failed: str


def recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    """All answers of the folder, with where each stands."""
    for path in sorted(FOLDER.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), start=1):
            yield f"{path.name}:{number}", json.loads(line)


async def of_the_fake() -> str:
    """Record FakeCincopa; the same each time."""
    lines: dict[str, None] = {}
    for quirks in QUIRKS:
        with tempfile.TemporaryDirectory() as folder:
            # Of one length: answers are cut in the middle.
            with patch.object(Answers, "_runtime", return_value={"runtime": 77}):
                await _run(Path(folder), quirks)
            for path in sorted(Path(folder).iterdir()):  # noqa: ASYNC240 - nothing else is under way
                text = _DATE.sub("2025-02-24T09:16:14.8562610-06:00", path.read_text(encoding="ascii"))
                lines |= dict.fromkeys(text.splitlines(keepends=True))
    return "".join(lines)


async def _run(folder: Path, quirks: list[_Quirk]) -> None:
    async with FakeCincopa(_TOKEN, seed=7) as fake, _client(fake, _TOKEN) as setting_up:
        known = await _set_up(fake, setting_up)
        for name, options in quirks:
            fake.quirk(name, **options)
        async with _client(fake, _TOKEN) as cincopa:
            with record(cincopa, folder / "1"):
                for call in _calls(
                    cincopa, known, fake, is_unknown_at_once=("fresh_id_unknown", {"polls": 1}) in quirks
                ):
                    with suppress(CincopaError):
                        await call()
        if not quirks or quirks[0][0] in ("failure_key", "permission_status"):
            async with (
                _client(fake, "a-token-of-nobody") as nobody,
                _client(fake, fake.issue_token("|live.*|")) as limited,
            ):
                with record(nobody, folder / "2"), record(limited, folder / "3"):
                    for client in (nobody, limited):
                        with suppress(CincopaError):
                            await client.asset.list()


def _client(fake: FakeCincopa, token: str) -> CincopaClient:
    return CincopaClient(
        token,
        base_url="http://cincopa.test/v2/",
        transport=httpx.ASGITransport(app=fake),
        retry=RetryPolicy(attempts=1),
        poll=PollPolicy(first=0.001, floor=0.001, ceiling=0.01),
    )


async def _set_up(fake: FakeCincopa, cincopa: CincopaClient) -> _Known:
    fake.add_source(_CLIP, b"0123456789", content_type="video/mp4")
    fake.add_source(_GONE, b"", status=404)
    fake.add_source(_LONG, bytes(200_000), content_type="video/mp4")
    fid = (await cincopa.gallery.create(name="Holidays", description="Größe: 中")).fid
    await cincopa.gallery.set_meta(fid, tags=["sea", "big cats"])
    rid = fake.add_asset(b"0123456789", name="IMG_0815 été.jpg", fid=fid)
    await cincopa.asset.set_meta(rid, caption="Our 1st été", tags=["sea", "sun"], reference_id="B-17", bobs_field="x")
    completed, failed = [await _ended(cincopa, url) for url in (_CLIP, _GONE)]
    fake.hold(_LONG, after_bytes=1)
    running = await cincopa.asset.upload_from_url(_LONG, fid=fid)
    with anyio.fail_after(10):
        while (await cincopa.asset.upload_from_url_get_status(running)).progress_bytes == 0:  # noqa: ASYNC110 - it tells by no event
            await anyio.sleep(0.001)
    return _Known(fid, rid, running, completed, failed)


async def _ended(cincopa: CincopaClient, url: str) -> str:
    job = await cincopa.start_upload(url)
    with suppress(CincopaError):
        await job.wait(timeout=10)
    return job.status_id


def _calls(
    cincopa: CincopaClient, known: _Known, fake: FakeCincopa, *, is_unknown_at_once: bool
) -> list[Callable[[], Awaitable[object]]]:
    """Every call, the last ones those that take away what the others need."""
    asset, gallery, portal, webhook, live = (
        cincopa.asset,
        cincopa.gallery,
        cincopa.portal,
        cincopa.webhook,
        cincopa.live,
    )
    details = ("caption", "description", "tags", "reference_id", "bobs_field")
    hook = "https://hooks.example.com/cincopa?secret=CANARY-SIGNATURE"
    streams = {"rid": _UNKNOWN}

    async def started() -> None:
        status_id = await asset.upload_from_url(_LONG)
        if is_unknown_at_once:  # Else it says how far it is, which is another thing each time.
            await asset.upload_from_url_get_status(status_id)

    async def made() -> None:
        streams["rid"] = (await live.create(name="Bob live", description="")).rid or _UNKNOWN

    return [
        cincopa.ping,
        lambda: cincopa.token.get_temp(ttl=60, permissions="|asset.*|"),
        lambda: asset.list(details=details),
        lambda: asset.list(rid=_UNKNOWN, page=3),
        asset.get_tags,
        lambda: asset.set_meta(known.rid, caption="Ours"),
        lambda: asset.set_meta(known.rid, thumb_attached_rid=f"rid:{_UNKNOWN}"),
        lambda: asset.resync(known.rid),
        lambda: asset.resync(_UNKNOWN),
        lambda: asset.get_upload_url(fid=known.fid),
        lambda: asset.get_upload_url(rid=known.rid, type="subtitle-en", ttl=60),
        started,
        *(
            lambda status_id=status_id: asset.upload_from_url_get_status(status_id)
            for status_id in (known.running, known.completed, known.failed, _UNKNOWN)
        ),
        lambda: asset.upload_from_url_abort(known.running),
        lambda: asset.upload_from_url_abort(_UNKNOWN),
        lambda: asset.upload_from_url_get_status(known.running),
        lambda: cincopa.upload_file(_stream(), name="clip.mp4", size=6, chunk_size=4, fid=known.fid),
        lambda: gallery.create(name="Cats"),
        lambda: gallery.set_meta(known.fid, name="Cats"),
        lambda: gallery.add_item(known.fid, known.rid),
        gallery.list,
        lambda: gallery.get_items(known.fid, details=details),
        lambda: gallery.get_items(_UNKNOWN),
        lambda: gallery.set_master(known.fid, master=known.fid),
        lambda: gallery.download(known.fid),
        lambda: gallery.remove_item(known.fid, known.rid),
        lambda: cincopa.upload.get_upload_token(known.fid),
        lambda: cincopa.upload.iframe(fid=known.fid, token=fake.issue_token("|upload.*|")),
        lambda: portal.set(name="bobs-cats", theme="dark"),
        lambda: portal.check(name="bobs-cats"),
        lambda: portal.rename(name="bobs-cats", new_name="cats-of-bob"),
        lambda: portal.cease(name="cats-of-bob"),
        lambda: portal.cease(name="free-name"),
        portal.list,
        lambda: portal.remove(name="cats-of-bob"),
        lambda: webhook.set(hook, events=["asset.uploaded", "gallery.*"], security_key="CANARY-CAPABILITY"),
        lambda: webhook.set_slack("https://hooks.slack.example/T0/B0"),
        webhook.list,
        lambda: webhook.delete(hook),
        lambda: webhook.delete(hook),
        made,
        live.list,
        lambda: live.start(streams["rid"]),
        lambda: live.stop(streams["rid"]),
        lambda: live.reset(streams["rid"]),
        lambda: live.delete(streams["rid"]),
        lambda: cincopa.call("asset.nothing"),
        lambda: cincopa.call("asset.list"),
        lambda: cincopa.call("asset.list", method="POST"),
        lambda: asset.list(details=details),
        lambda: asset.delete(known.rid),
        lambda: gallery.delete(known.fid, delete_assets=True),
    ]


async def _stream() -> AsyncIterator[bytes]:
    yield b"012345"
