"""The example apps do what they say."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import anyio.lowlevel
import pytest

from cincopa_async.testing import FakeCincopa, FakeServer
from tests.docs.apps import browser
from tests.docs.conftest import ROOT

EXAMPLES = ROOT / "examples"
CAT = "https://example.com/cat.mp4"
DOG = "https://example.com/dog.mp4"
MISSING = "https://example.com/missing.mp4"

pytestmark = pytest.mark.anyio

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="its processes get no signals")


def loaded(name: str) -> ModuleType:
    """The example as a module, without running it as a program."""
    spec = importlib.util.spec_from_file_location(f"examples.{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def running(name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The example as a process; its output, both streams as one, is read line by line."""
    command = [sys.executable, "-u", str(EXAMPLES / f"{name}.py"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], word: str) -> str:
    """What it has printed, up to the first line with the word in it."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if word in line:
            return "".join(lines)
    raise AssertionError(f"it never said {word!r}: {lines}")


def rest_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what else it has printed."""
    output, _ = process.communicate(timeout=30)
    return process.returncode, output


def test_script_tells_how_each_upload_ended(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    """All uploads run at once; one that fails leaves the others alone and makes the exit code 1."""
    code = asyncio.run(loaded("script").main([CAT, MISSING, "no-url", DOG]))

    said = capsys.readouterr()
    assert code == 1
    assert "cat.mp4: is asset" in said.out
    assert "dog.mp4: completed, 270000 of 270000 bytes" in said.out
    assert "missing.mp4: upload" in said.err
    assert "the input answered HTTP 404" in said.err
    assert "no-url: input must be an http:// or https:// URL" in said.err
    assert (server.fake.counts.uploads_completed, server.fake.counts.uploads_failed) == (2, 1)


def test_script_ends_well_if_all_uploads_complete(server: FakeServer) -> None:
    """The exit code is 0."""
    assert asyncio.run(loaded("script").main([CAT, DOG])) == 0


@needs_posix
def test_script_aborts_its_uploads_at_ctrl_c(server: FakeServer) -> None:
    """Ctrl-C ends every upload, then the script, with a shell's exit code and without a traceback."""
    server.fake.hold()
    with running("script", CAT, DOG) as process:
        before = read_until(process, "in progress") + read_until(process, "in progress")
        process.send_signal(signal.SIGINT)
        code, after = rest_of(process)

    assert code == 130
    assert "Traceback" not in before + after
    assert (server.fake.counts.uploads_aborted, server.fake.counts.uploads_running) == (2, 0)


async def test_web_app_starts_an_upload_and_shows_its_end(server: FakeServer) -> None:
    """POST answers the status_id at once, GET how far the upload is, and the asset in the end."""
    async with browser(loaded("webapp").app) as http:
        with server.fake.held(after_bytes=100_000):
            started = await http.post("/videos", json={"url": CAT})
            path = f"/videos/{started.json()['status_id']}"
            running = (await http.get(path)).json()
        while (shown := (await http.get(path)).json())["state"] == "in progress":
            await anyio.lowlevel.checkpoint()

    assert started.status_code == 202
    assert (running["state"], running["rid"]) == ("in progress", None)
    assert (shown["state"], shown["fraction"]) == ("completed", 1.0)
    assert server.fake.stored(shown["rid"]) == CAT.encode() * 10_000


async def test_web_app_aborts_an_upload(server: FakeServer) -> None:
    """DELETE ends the upload and says so."""
    server.fake.hold()
    async with browser(loaded("webapp").app) as http:
        status_id = (await http.post("/videos", json={"url": CAT})).json()["status_id"]
        aborted = await http.delete(f"/videos/{status_id}")

    assert aborted.json()["state"] == "aborted"
    assert server.fake.counts.uploads_aborted == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"url": 1}', b'{"url": "ftp://example.com/cat.mp4"}'])
async def test_web_app_refuses_what_is_no_url(server: FakeServer, body: bytes) -> None:
    """A body without an http(s) URL is the browser's fault: 400, and nothing is sent."""
    async with browser(loaded("webapp").app) as http:
        answer = await http.post("/videos", content=body)

    assert answer.status_code == 400
    assert server.fake.counts.requests.total() == 0


async def test_web_app_says_that_it_knows_no_such_upload(server: FakeServer) -> None:
    """An unknown status_id is 404."""
    async with browser(loaded("webapp").app) as http:
        assert (await http.get("/videos/unknown")).status_code == 404


async def test_web_app_says_that_cincopa_is_at_fault(server: FakeServer) -> None:
    """What Cincopa answers wrongly is 502, in words that hold no secret."""
    server.fake.quirk("success_false", message="out of order")
    async with browser(loaded("webapp").app) as http:
        answer = await http.post("/videos", json={"url": CAT})

    assert answer.status_code == 502
    assert answer.json() == {"error": "asset.upload_from_url: out of order (HTTP 200)"}


async def test_web_app_leaves_uploads_running_when_it_stops(server: FakeServer) -> None:
    """Nobody waits for them in the app, so they are not ended with it: the next app shows them."""
    with server.fake.held():
        async with browser(loaded("webapp").app) as http:
            status_id = (await http.post("/videos", json={"url": CAT})).json()["status_id"]
        assert server.fake.counts.uploads_running == 1
        async with browser(loaded("webapp").app) as http:
            shown = await http.get(f"/videos/{status_id}")

    assert shown.json()["state"] == "in progress"


@needs_posix
def test_worker_takes_up_after_sigterm_what_it_left_running(server: FakeServer, tmp_path: Path) -> None:
    """SIGTERM ends the worker and no upload; started again it waits for the same uploads, and starts none twice."""
    notes = tmp_path / "uploads.json"
    with server.fake.held():
        with running("worker", str(notes), CAT, DOG) as process:
            read_until(process, "started")
            read_until(process, "started")
            process.send_signal(signal.SIGTERM)
            first = rest_of(process)
        assert server.fake.counts.uploads_running == 2
    with running("worker", str(notes), CAT, DOG) as process:
        second = rest_of(process)
    with running("worker", str(notes), CAT, DOG) as process:
        third = rest_of(process)

    assert first == (0, "worker: stopping; uploads run on\n")
    assert second[0] == 0
    assert second[1].count("taken up") == second[1].count("is asset") == 2
    assert third == (0, "")
    assert (server.fake.counts.uploads_started, server.fake.counts.uploads_completed) == (2, 2)
    assert {*json.loads(notes.read_bytes())} == {CAT, DOG}


async def test_worker_forgets_what_failed(server: FakeServer, tmp_path: Path) -> None:
    """An upload that failed is started anew by the next run; the others are not touched by it."""
    notes = tmp_path / "uploads.json"
    worker = loaded("worker")
    await worker.work(notes, [CAT, MISSING, "no-url"])
    server.fake.add_source(MISSING, b"found")
    await worker.work(notes, [CAT, MISSING])

    assert server.fake.counts.inputs == {CAT: 1, MISSING: 2}
    assert server.fake.counts.uploads_completed == 2


async def test_worker_keeps_what_it_cannot_ask_about(fake: FakeCincopa, server: FakeServer, tmp_path: Path) -> None:
    """While the token is refused nothing is known of an upload, so its note stays for the next run."""
    notes = tmp_path / "uploads.json"
    status_id = await server_side_upload(server)
    notes.write_text(json.dumps({CAT: {"status_id": status_id}}), encoding="utf-8")
    worker = loaded("worker")
    fake.quirk("success_false", message="the token is invalid", call="*", times=1)
    await worker.work(notes, [])

    assert json.loads(notes.read_bytes()) == {CAT: {"status_id": status_id}}
    await worker.work(notes, [])
    assert "rid" in json.loads(notes.read_bytes())[CAT]


async def server_side_upload(server: FakeServer) -> str:
    async with server.client() as cincopa:
        return await cincopa.asset.upload_from_url(CAT)
