"""The file server of the demo."""

import socket
import struct
from pathlib import Path

import httpx
import pytest

from cincopa_async import UploadState
from cincopa_async.cli._fileserver import FileServer
from cincopa_async.cli._sources import Source, collect_sources

FAST = 10_000_000


def test_a_file_comes_whole(tmp_path: Path) -> None:
    """Its name may need quoting; its size is told first."""
    (tmp_path / "ein Bild?.png").write_bytes(b"picture" * 100_000)
    source = Source("ein Bild?.png", tmp_path / "ein Bild?.png", FAST)

    with FileServer([source]) as files:
        response = httpx.get(files.url(source), trust_env=False)

    assert response.content == b"picture" * 100_000
    assert response.headers["content-length"] == "700000"


@pytest.mark.parametrize("path", ["/", "/1/missing.mp4", "/0/../../secret"])
def test_nothing_else_is_served(tmp_path: Path, path: str) -> None:
    """Paths are compared, never opened."""
    (tmp_path / "a.png").write_bytes(b"a")
    sources = [Source("a.png", tmp_path / "a.png", FAST), Source("missing.mp4", None, FAST)]

    with FileServer(sources) as files:
        root = files.url(sources[0]).removesuffix("/0/a.png")
        assert httpx.get(root + path, trust_env=False).status_code == 404


def test_reader_that_goes_away_disturbs_nobody(tmp_path: Path) -> None:
    """An aborted pull breaks its connection; the next one is served all the same."""
    (tmp_path / "a.wav").write_bytes(bytes(50_000_000))
    slow, fast = (Source("a.wav", tmp_path / "a.wav", pace) for pace in (FAST, 100 * FAST))

    with FileServer([slow, fast]) as files:
        with httpx.stream("GET", files.url(slow), trust_env=False) as response:
            next(response.iter_raw())
        assert len(httpx.get(files.url(fast), trust_env=False).content) == 50_000_000


def test_reset_is_not_spoken_of(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An upload may be aborted before it has read the answer; standard error belongs to the demo."""
    missing = Source("missing.mp4", None, FAST)

    with FileServer([missing]) as files:
        url = httpx.URL(files.url(missing))
        for _ in range(50):
            with socket.create_connection((url.host, url.port or 0)) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(f"GET {url.path} HTTP/1.1\r\nHost: {url.host}\r\n\r\n".encode())

    assert capfd.readouterr().err == ""


def test_file_that_cannot_be_read_breaks_the_connection_off(tmp_path: Path) -> None:
    """One that vanished, for instance."""
    gone = Source("gone.png", tmp_path / "gone.png", FAST)

    with FileServer([gone]) as files, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(files.url(gone), trust_env=False)


def test_closing_does_not_wait_for_slow_files(tmp_path: Path) -> None:
    """A file that would take for ever is broken off."""
    (tmp_path / "a.wav").write_bytes(bytes(1_000_000))
    source = Source("a.wav", tmp_path / "a.wav", 1)

    with httpx.Client(trust_env=False) as http:
        with FileServer([source]) as files:
            request = http.send(http.build_request("GET", files.url(source)), stream=True)
        with pytest.raises(httpx.RemoteProtocolError):
            request.read()


def test_sources_are_the_files_of_a_folder_and_two_more(tmp_path: Path) -> None:
    """Folders and hidden files in it are left out."""
    (tmp_path / "b.mp4").write_bytes(bytes(10_000))
    (tmp_path / "a.mp4").write_bytes(b"")
    (tmp_path / ".hidden").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    scratch = tmp_path / "folder"

    *files, long, missing = collect_sources(tmp_path, scratch, seconds=2)

    assert [source.name for source in files] == ["a.mp4", "b.mp4"]
    assert {source.bytes_per_second for source in files} == {5_000}
    assert {source.expected for source in files} == {UploadState.COMPLETED}
    assert long.expected is UploadState.ABORTED
    assert missing.path is None
    assert missing.expected is UploadState.FAILED


def test_sources_are_made_where_no_folder_is_given(tmp_path: Path) -> None:
    """At high speed if no time is to be taken."""
    *files, _, _ = collect_sources(None, tmp_path, seconds=0)

    assert len(files) == 6
    assert min(source.bytes_per_second for source in files) > 10_000_000
