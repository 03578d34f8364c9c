"""Direct uploads over real sockets: exact to the byte, cancelled at every turn, broken off at every place."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from cincopa_async import APIError, CincopaClient, ClientClosedError, RetryPolicy, TransportError
from cincopa_async._filesource import PIECE
from cincopa_async.testing import FakeServer, MisbehavingServer
from tests.conftest import QUICK_RETRIES, TOKEN
from tests.sockets.helpers import nothing_runs, quick_client, until
from tests.sockets.turns import HOWS, How, Turns, run_turns
from tests.sockets.uploads import RawHost, raw_host
from tests.test_secrets import chain, shows_nothing, sings
from tests.uploading import open_files

MEBIBYTE = 1024 * 1024
BYTES = os.urandom(16 * MEBIBYTE + 1)
ODD = "/post{1}.jpg?uid=1&q=<\">&d={a:b}&hash=CANARY-CAPABILITY%2fx%3Ay+z'&e=%7B&addtorid=R1:thumb&&f"


def assets(server: FakeServer) -> int:
    return len(server.fake._account.assets)


async def from_disk(cincopa: CincopaClient, path: Path) -> Any:
    return await cincopa.upload_file(path, chunk_size=100)


async def from_a_stream(cincopa: CincopaClient, path: Path) -> Any:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(3):
            await anyio.lowlevel.checkpoint()
            yield b"x" * 50

    return await cincopa.upload_file(stream(), name="cat.mp4", size=150, chunk_size=100)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("upload", [from_disk, from_a_stream])
def test_upload_cancelled_at_any_turn_leaves_no_asset(
    busy_server: FakeServer, how: How, upload: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever it is cancelled there is no asset, no open file and no open socket, and the client goes on."""
    monkeypatch.setattr("cincopa_async.files.PIECE", 40)
    path = tmp_path / "cat.mp4"
    path.write_bytes(b"x" * 150)

    async def scenario(turns: Turns) -> None:
        async with quick_client(busy_server, max_concurrency=2) as cincopa:
            before, open_before = assets(busy_server), open_files()
            done = await turns.cancelled_here(lambda: upload(cincopa, path))
            assert assets(busy_server) == before + (done is not None)
            assert open_files() <= open_before
            await cincopa.ping()
        await nothing_runs(busy_server)

    assert run_turns(how, scenario) > 10


@pytest.mark.parametrize("how", HOWS)
def test_closing_at_any_turn_of_an_upload_leaves_it_whole_or_undone(
    busy_server: FakeServer, how: How, tmp_path: Path
) -> None:
    """A program that is cancelled around its client leaves no asset that it was not told of."""
    path = tmp_path / "cat.mp4"
    path.write_bytes(b"x" * 150)

    async def program() -> Any:
        async with quick_client(busy_server) as cincopa:
            return await from_disk(cincopa, path)

    async def scenario(turns: Turns) -> None:
        before, open_before = assets(busy_server), open_files()
        done = await turns.cancelled_here(program)
        # A cancel while the client is closed loses the value, as of any block that is left so.
        assert assets(busy_server) in ({before + 1} if done is not None else {before, before + 1})
        assert open_files() <= open_before
        await nothing_runs(busy_server)

    assert run_turns(how, scenario) > 10


pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cat.mp4"
    path.write_bytes(BYTES)
    return path


@asynccontextmanager
async def client_of(host: RawHost, **options: Any) -> AsyncIterator[CincopaClient]:
    async with CincopaClient(TOKEN, **{"base_url": host.base_url, "retry": QUICK_RETRIES, **options}) as cincopa:
        yield cincopa


@pytest.mark.parametrize("given", ["nothing", "http_client", "transport"])
async def test_url_is_sent_byte_for_byte(path: Path, given: str) -> None:
    """Whatever connections were given, and nothing of theirs goes along: cookies, headers, authentication."""
    async with (
        raw_host() as host,
        httpx.AsyncClient(cookies={"session": "CANARY-SIGNATURE"}, auth=("me", "CANARY-SIGNATURE")) as http_client,
        httpx.AsyncHTTPTransport() as transport,
    ):
        host.upload_url = f"http://127.0.0.1:{host.port}{ODD}"
        options: dict[str, Any] = {} if given == "nothing" else {given: locals()[given]}
        async with client_of(host, **options) as cincopa:
            done = await cincopa.upload_file(path)

    assert done.rid == "A4"
    assert host.targets[1:] == [ODD.encode()] * 3
    assert b"".join(host.bodies) == BYTES
    assert not any(word in b"".join(host.heads[1:]).lower() for word in (b"cookie", b"authorization", b"api_token"))
    assert all(b"Content-Range: bytes " in head and b"X-FILE-NAME: cat.mp4" in head for head in host.heads[1:])


@pytest.mark.own_connections
async def test_proxy_of_the_environment_gets_the_url_byte_for_byte(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And hosts that need none are reached without it."""
    async with raw_host() as proxy, raw_host() as host:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", f"127.0.0.1:{host.port}")
        proxy.upload_url = f"http://mediaupload.test{ODD}"
        async with client_of(host, base_url="http://api.test/v2/") as cincopa:
            await cincopa.upload_file(path, chunk_size=50_000_000)
            proxy.upload_url = f"http://127.0.0.1:{host.port}{ODD}"
            await cincopa.upload_file(path, chunk_size=50_000_000)

    assert f"http://mediaupload.test{ODD}".encode() in proxy.targets
    assert host.targets == [ODD.encode()]


async def test_chunks_share_a_connection(path: Path) -> None:
    """One is made for the API, one for the upload host, which the next file uses too."""
    async with raw_host() as host, client_of(host) as cincopa:
        await cincopa.upload_file(path, chunk_size=MEBIBYTE)
        await cincopa.upload_file(path, chunk_size=MEBIBYTE)

    assert len(host.bodies) == 34
    assert host.connections == 2


@pytest.mark.parametrize("taken", [0, 100_000, 3 * MEBIBYTE])
@pytest.mark.parametrize("chunk_size", [8 * MEBIBYTE, 50_000_000])
async def test_connection_that_is_reset_in_mid_chunk_is_made_anew(path: Path, taken: int, chunk_size: int) -> None:
    """Of the last chunk too: its last bytes had not been handed out."""
    async with raw_host() as host, client_of(host) as cincopa:
        host.resets = [taken]
        done = await cincopa.upload_file(path, chunk_size=chunk_size)

    assert done.rid == "A4"
    assert b"".join(host.bodies) == BYTES


async def test_refusal_that_comes_early_is_heard(path: Path) -> None:
    """A host that answers before it has read the body is understood all the same."""
    async with raw_host() as host, client_of(host) as cincopa:
        host.early = 1
        host.answers = [b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"]
        with pytest.raises(APIError) as caught:
            await cincopa.upload_file(path)

    assert caught.value.status_code == 413
    assert not caught.value.maybe_applied


async def test_redirect_that_repeats_the_url_is_not_logged(path: Path, caplog: Any) -> None:
    """httpcore logs all headers: what is secret in them is taken out, for this exchange alone."""
    async with raw_host() as host, client_of(host) as cincopa:
        host.upload_url = f"http://127.0.0.1:{host.port}{ODD}"
        there = ODD.encode() + b"\r\nX-Hash: canary-capability/x:y z'\r\nX-Seen: d={a:b}"
        host.answers = [b"HTTP/1.1 302 Found\r\nLocation: http://h" + there + b"\r\nContent-Length: 0\r\n\r\n"]
        with pytest.raises(APIError, match="redirected") as caught:
            await cincopa.upload_file(path, chunk_size=50_000_000)

    shows_nothing(caught.value)
    assert "receive_response_headers.complete" in caplog.text
    assert not sings(caplog.text.upper())


@pytest.mark.parametrize(
    "fault", ["reset_on_accept", "reset", "reset_after", "reset_in_body", "half_answer", "garbage", "silence"]
)
async def test_file_over_a_bad_line_is_one_asset_at_most(tmp_path: Path, server: FakeServer, fault: Any) -> None:
    """It is one asset, or an error that says truly whether there may be one; no fault shows the URL."""
    path = tmp_path / "cat.mp4"
    path.write_bytes(os.urandom(3 * PIECE))
    async with MisbehavingServer(server.base_url) as between:
        for nth in range(1, 5):
            before = assets(server)
            between.clear_faults()
            between.fault(fault, call="*" if fault == "reset_on_accept" else "post.jpg", nth=nth)
            options: dict[str, Any] = {"timeout": 0.3} if fault == "silence" else {}
            async with CincopaClient(TOKEN, base_url=between.base_url, retry=QUICK_RETRIES, **options) as cincopa:
                error = None
                try:
                    done = await cincopa.upload_file(path, chunk_size=PIECE)
                except TransportError as raised:
                    error = raised
            if error is None:
                assert assets(server) == before + 1
                assert server.fake.stored(done.rid) == path.read_bytes()
            else:
                assert error.maybe_applied
                assert assets(server) in {before, before + 1}
                assert [one for one in chain(error) if not isinstance(one, TransportError)] == []
                shows_nothing(error)


async def test_answer_that_is_lost_is_not_sent_for_again(tmp_path: Path, server: FakeServer) -> None:
    """The asset is there once; told to send again, it is there twice."""
    path = tmp_path / "cat.mp4"
    path.write_bytes(b"x" * 1_000)
    server.fake.quirk("reset_after", call="post.jpg", nth=[1, 2])
    async with quick_client(server) as cincopa:
        with pytest.raises(TransportError) as caught:
            await cincopa.upload_file(path)
        assert caught.value.maybe_applied
        assert assets(server) == 1
        await cincopa.upload_file(path, resend_last=True)

    assert assets(server) == 3


async def test_url_that_expires_in_mid_file_is_replaced(tmp_path: Path, server: FakeServer) -> None:
    """The fake forgets its upload URLs as Cincopa does; the file is one asset in the end."""
    path = tmp_path / "cat.mp4"
    path.write_bytes(os.urandom(1_000))
    expired = 0

    def expire(sent: int, total: int) -> None:
        nonlocal expired
        if sent == 400 and not expired:
            expired += 1
            for capability in server.fake._account.capabilities.values():
                capability.ttl = 0.0

    async with quick_client(server) as cincopa:
        done = await cincopa.upload_file(path, chunk_size=200, ttl=600, progress=expire)

    assert expired == 1
    assert server.fake.stored(done.rid) == path.read_bytes()
    assert server.fake.counts.requests["asset.get_upload_url"] == 2
    assert assets(server) == 1


async def test_hundreds_of_files_at_once_are_all_there(tmp_path: Path, server: FakeServer) -> None:
    """Of each there is one asset, over no more connections than calls may have."""
    path = tmp_path / "cat.mp4"
    path.write_bytes(b"x" * 3_000)
    async with quick_client(server, max_concurrency=8) as cincopa:
        async with anyio.create_task_group() as tasks:
            for number in range(300):
                tasks.start_soon(lambda number=number: cincopa.upload_file(path, name=f"{number}", chunk_size=1_000))
        assert server.open_connections <= 16

    assert {asset.filename for asset in server.fake._account.assets.values()} == {str(n) for n in range(300)}
    await nothing_runs(server)


async def test_closing_that_gives_up_breaks_an_upload_off(
    tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that never answers does not hold a program up for ever; what may have come of it is said."""
    monkeypatch.setattr("cincopa_async._life.PATIENCE", 0.1)
    path = tmp_path / "cat.mp4"
    path.write_bytes(b"x" * 1_000)
    server.fake.quirk("latency", call="post.jpg", seconds=60)
    ends: list[ClientClosedError] = []

    async def upload() -> None:
        with pytest.raises(ClientClosedError) as caught:
            await cincopa.upload_file(path)
        ends.append(caught.value)

    async with anyio.create_task_group() as tasks, quick_client(server, retry=RetryPolicy(attempts=1)) as cincopa:
        tasks.start_soon(upload)
        await until(lambda: server.fake.counts.requests["post.jpg"] == 1, lambda: "nothing came")

    assert [error.maybe_applied for error in ends] == [True]
