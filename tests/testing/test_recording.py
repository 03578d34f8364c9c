"""A client's answers in a file: all of them, of no other client, whole lines, and no call is the worse for it."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from cincopa_async import APIError, AuthenticationError, CincopaClient, NotFoundError, ResponseDecodeError
from cincopa_async.testing import FakeCincopa, record
from cincopa_async.testing._scrub import Scrubber
from tests.conftest import CANARIES, QUICK_RETRIES, TOKEN

pytestmark = pytest.mark.anyio


def lines(path: Path) -> list[dict[str, Any]]:
    text = text_of(path)
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def text_of(path: Path) -> str:
    return path.read_text(encoding="ascii")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.jsonl"


@pytest.fixture
def fake() -> FakeCincopa:
    return FakeCincopa(TOKEN)


async def test_each_answer_is_a_line(fake: FakeCincopa, path: Path) -> None:
    """What was asked for, what came back, and what the client makes of it."""
    rid = fake.add_asset(b"0123", name="holiday.mp4")
    async with fake, fake.client() as cincopa:
        with record(cincopa, path):
            page = await cincopa.asset.list()
            with pytest.raises(NotFoundError):
                await cincopa.asset.resync("A4KANh__rQ_m")
        first, second = lines(path)
        uploaded = first["body"]["items"][0].pop("uploaded")

    assert page.items[0].rid == rid
    assert uploaded == first["body"]["items"][0].pop("modified")
    assert isinstance(first["body"].pop("runtime"), int)
    assert isinstance(second["body"].pop("runtime"), int)
    alias = first["body"]["items"][0].pop("rid")
    assert alias != rid
    assert len(alias) == len(rid)
    assert first == {
        "call": "asset.list",
        "method": "GET",
        "safety": "read",
        "status": 200,
        "content_type": "application/json",
        "retry_after": None,
        "expects": "AssetPage",
        "body": {
            "success": True,
            "items": [
                {
                    "id": 1000002,
                    "type": "video",
                    "filename": "xxxxxxx.xx9",
                    "filesize": 4,
                    "uploaded_by": "user1@example.com",
                    "syncstatus": "synced",
                    "storage": "cincopa",
                }
            ],
            "items_data": {"page": 1, "items_per_page": 50, "items_count": 1, "pages_count": 1},
        },
    }
    assert second == {
        **first,
        "call": "asset.resync",
        "method": "POST",
        "safety": "idempotent",
        "expects": "NotFoundError",
        "body": {"success": False, "message": "The rid does not exist"},
    }


async def test_each_attempt_is_a_line(path: Path, cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Passing faults, the token that is asked about, and the wait that was asked for."""
    page = "<html><h1>502 Bad Gateway</h1></html>"
    api.get("asset.list.json").side_effect = [
        httpx.Response(502, html=page),
        httpx.Response(429, headers={"Retry-After": "0"}, json={"success": False}),
        httpx.ConnectError,
        httpx.Response(200, text='{"success": tr'),
    ]
    with record(cincopa, path), pytest.raises(ResponseDecodeError):
        await cincopa.asset.list()
    told = [(line["status"], line["retry_after"], line["expects"], line["body"]) for line in lines(path)]

    assert told == [
        (502, None, "ServerError", page),
        (429, 0.0, "RateLimitError", {"success": False}),
        (200, None, "ResponseDecodeError", '{"success": xx'),
    ]


async def test_replies_to_chunks_are_kept(fake: FakeCincopa, path: Path) -> None:
    """Under the name that a direct upload has, and with the ids of the answers before."""
    async with fake, fake.client(retry=QUICK_RETRIES) as cincopa:
        fake.quirk("upload_rejected", nth=3)
        with record(cincopa, path):
            fid = (await cincopa.gallery.create(name="Cats")).fid
            await cincopa.upload_file(stream(), name="cat.mp4", size=8, chunk_size=5, fid=fid)
            await cincopa.gallery.get_items(fid)
            with pytest.raises(APIError):
                await cincopa.upload_file(stream(), name="cat.mp4", size=8)
    created, asked, *chunks, listed, _, refused = lines(path)

    assert [(chunk["call"], chunk["expects"], chunk["body"]) for chunk in chunks] == [
        ("post.jpg", "NoneType", "ok"),
        ("post.jpg", "str", f"new resource id 1000002 {listed['body']['items'][0]['rid']}"),
    ]
    assert asked["body"]["upload_url"].endswith(f"&addtofid={created['body']['fid']}")
    assert listed["body"]["items"][0]["id"] == 1000002
    assert (refused["expects"], refused["body"]) == ("APIError", "error: the upload is rejected")
    assert refused["content_type"] == "text/plain; charset=utf-8"


async def stream() -> Any:
    yield b"01234567"


async def test_no_secret_is_in_the_file(path: Path, cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """Not the token, not a hook's key, not an input, though the service repeats them."""
    sent = f"{TOKEN} https://x.example/?X-Amz-Signature=CANARY-SIGNATURE key CANARY-CAPABILITY"
    api.post("webhook.set.json").respond(
        403, json={"success": False, "message": sent, TOKEN: sent}, headers={"Content-Type": f"text/{TOKEN}"}
    )
    api.get("ping.json").respond(403, text=sent)
    api.get(f"{'CANARY-SIGNATURE'.replace('-', '_')}.json").respond(404, text=sent)
    with record(cincopa, path):
        with pytest.raises(AuthenticationError):
            await cincopa.webhook.set("https://app.example.com/", security_key="CANARY-CAPABILITY")
        with pytest.raises(APIError):
            await cincopa.call("CANARY_SIGNATURE")
    text = text_of(path)

    assert len(lines(path)) == 3
    assert not any(canary in text for canary in (*CANARIES, "CANARY"))


async def test_id_that_was_asked_for_is_known_in_the_answer(
    path: Path, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Though it looks like a word there."""
    api.post("asset.resync.json").side_effect = [
        httpx.Response(200, json={"success": False, "message": f"The rid {rid} does not exist"})
        for rid in ("Abcdef", "Abcdeg", "Abcdef")
    ]
    with record(cincopa, path):
        for rid in ("Abcdef", "Abcdeg", "Abcdef"):
            with pytest.raises(NotFoundError):
                await cincopa.asset.resync(rid)
    rids = [line["body"]["message"].split()[2] for line in lines(path)]

    assert rids == ["Xxxxxb", "Xxxxxc", "Xxxxxb"]


async def test_secret_of_known_words_is_not_in_the_file(path: Path, api: respx.MockRouter) -> None:
    """A token or a key may be made of words that could stay."""
    api.post("webhook.set.json").respond(json={"success": True, "message": "token invalid-secret, key webhook-key"})
    async with CincopaClient("invalid-secret") as cincopa:
        with record(cincopa, path):
            await cincopa.webhook.set("https://app.example.com/", security_key="webhook-key")

    assert lines(path)[0]["body"]["message"] == "token xxxxxxx-xxxxxx, key xxxxxxx-xxx"


async def test_lines_are_there_at_once_and_for_their_owner_alone(fake: FakeCincopa, path: Path) -> None:
    """A program that never comes to its end has a recording of what came before."""
    async with fake, fake.client() as cincopa:
        with record(cincopa, path):
            assert lines(path) == []
            for count in (1, 2):
                await cincopa.ping()

                assert len(lines(path)) == count
            if sys.platform != "win32":
                assert stat.S_IMODE(os.stat(path).st_mode) == 0o600  # noqa: PTH116


async def test_answers_outside_the_block_and_of_others_are_not_kept(fake: FakeCincopa, path: Path) -> None:
    """The client goes on as before."""
    async with fake, fake.client() as cincopa, fake.client() as other:
        await cincopa.ping()
        with pytest.raises(ZeroDivisionError), record(cincopa, str(path)):  # noqa: PT012 - the block is the matter
            await other.ping()
            await cincopa.asset.get_tags()
            1 / 0  # noqa: B018
        await cincopa.ping()

        assert [line["call"] for line in lines(path)] == ["asset.get_tags"]
        assert cincopa._life.listeners == []


async def test_recordings_of_one_client_do_not_disturb_each_other(fake: FakeCincopa, tmp_path: Path) -> None:
    """Nested, and left in any order; each has placeholders of its own."""
    names = [tmp_path / name for name in ("outer", "inner", "other")]
    async with fake, fake.client() as cincopa:
        outer, inner, other = (record(cincopa, name) for name in names)
        with outer:
            await cincopa.gallery.create(name="Cats")
            with inner:
                await cincopa.gallery.list()
            other.__enter__()
            await cincopa.ping()
        await cincopa.asset.list()
        other.__exit__(None, None, None)

    calls = [[line["call"] for line in lines(name)] for name in names]
    assert calls == [["gallery.create", "gallery.list", "ping"], ["gallery.list"], ["ping", "asset.list"]]


async def test_nothing_is_overwritten(fake: FakeCincopa, path: Path) -> None:
    """A recording that is there may be the only one of its bug."""
    with open(path, "x") as file:  # noqa: ASYNC230, PTH123
        file.write("before")
    async with fake, fake.client() as cincopa:
        with pytest.raises(FileExistsError, match=r"answers\.jsonl"), record(cincopa, path):
            pytest.fail("the block has begun")
        await cincopa.ping()

    assert text_of(path) == "before"


async def test_what_is_no_client_is_refused(fake: FakeCincopa, path: Path) -> None:
    """Before a file is made."""
    with pytest.raises(TypeError, match="client must be a CincopaClient, not FakeCincopa"), record(fake, path):  # type: ignore[arg-type]
        pytest.fail("the block has begun")

    assert not os.path.exists(path)  # noqa: ASYNC240, PTH110


async def test_full_disk_costs_no_answer(fake: FakeCincopa, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls go on; the file holds the whole lines from before, and the block's end tells."""
    write, taken = os.write, []

    def write_until_full(file: int, data: bytes) -> int:
        taken.append(data)
        if len(taken) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:40] if len(taken) == 2 else data)

    async with fake, fake.client() as cincopa:
        recording = record(cincopa, path)
        recording.__enter__()
        await cincopa.ping()
        with monkeypatch.context() as full:
            full.setattr(os, "write", write_until_full)
            taken.append(b"")
            assert await cincopa.ping()
            assert await cincopa.ping()
        with pytest.raises(OSError, match=r"No space left on device: .*answers\.jsonl") as caught:
            recording.__exit__(None, None, None)

    assert [line["call"] for line in lines(path)] == ["ping"]
    assert caught.value.__context__ is None


async def test_fault_of_the_recording_costs_no_answer(
    fake: FakeCincopa, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And tells nothing of the answer; an error of the block's own goes before."""

    def broken(self: Scrubber, body: bytes) -> object:
        raise KeyError("CANARY-SIGNATURE")

    monkeypatch.setattr(Scrubber, "body", broken)
    async with fake, fake.client() as cincopa:
        with (
            pytest.raises(RuntimeError, match="an answer to ping could not be recorded: KeyError") as caught,
            record(cincopa, path),
        ):
            assert await cincopa.ping()
        with pytest.raises(ZeroDivisionError), record(cincopa, path.with_name("other")):  # noqa: PT012 - as above
            await cincopa.ping()
            1 / 0  # noqa: B018

    assert "CANARY" not in "".join(traceback.format_exception(caught.value))
    assert lines(path) == []


async def test_error_of_pythons_own_that_decoding_raises_is_no_expectation(
    fake: FakeCincopa, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of the client's is what a recording is made for: it is kept, without a class that would be expected."""

    def broken(call: object, reply: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr("cincopa_async._sending.decode", broken)
    async with fake, fake.client() as cincopa:
        with record(cincopa, path), pytest.raises(ZeroDivisionError):
            await cincopa.ping()

    assert [(line["call"], line["expects"]) for line in lines(path)] == [("ping", None)]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_process_leaves_whole_lines(tmp_path: Path) -> None:
    """At any moment: each line is written with its answer."""
    code = """
import anyio, os, signal, sys
from cincopa_async.testing import FakeCincopa, record
async def main():
    async with FakeCincopa() as fake, fake.client() as cincopa:
        with record(cincopa, "answers.jsonl"):
            for number in range(25):
                await cincopa.ping()
            os.kill(os.getpid(), signal.SIGKILL)
anyio.run(main)
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=60, check=False)

    assert ran.returncode == -signal.SIGKILL
    assert len(lines(tmp_path / "answers.jsonl")) == 25
