"""gallery.download: a link to an archive of the gallery's files."""

from __future__ import annotations

import io
import zipfile
from urllib.parse import quote

import pytest

from cincopa_async.testing import FakeCincopa, FakeServer
from tests.testing.helpers import Asker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def fid(ask: Asker) -> str:
    return str((await ask.post("gallery.create"))["fid"])


async def put(ask: Asker, fid: str, *files: tuple[str, bytes]) -> None:
    url = (await ask.get("asset.get_upload_url", fid=fid))["upload_url"]
    for name, content in files:
        await ask.http.post(url, content=content, headers={"x-file-name": quote(name, safe="")})


async def link(ask: Asker, fid: str) -> str:
    return str((await ask.get("gallery.download", fid=fid))["url"])


async def archived(ask: Asker, url: str) -> list[tuple[str, bytes]]:
    """Fetch an archive; returns names and contents in its order."""
    answer = await ask.http.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return [(name, archive.read(name)) for name in archive.namelist()]


async def test_archive_holds_the_files(server: FakeServer, fake: FakeCincopa, ask: Asker, fid: str) -> None:
    """All files of the gallery in its order, however they were uploaded; other files are not in it."""
    files = [("grüße.mp4", bytes(100_000)), ("dog.png", b"dog")]
    await put(ask, fid, *files)
    fake.add_source("https://media.test/bird.wav", b"bird")
    await ask.uploaded("https://media.test/bird.wav", fid=fid)
    await ask.uploaded("https://media.test/bird.wav")

    url = await link(ask, fid)

    assert url.startswith(server.base_url.removesuffix("v2/"))
    assert await archived(ask, url) == [*files, ("bird.wav", b"bird")]


async def test_names_in_the_archive(ask: Asker, fid: str) -> None:
    """Files of one name are told apart, and none would leave the folder where the archive is unpacked."""
    await put(ask, fid, *[(name, b"x") for name in ("a.mp4", "a.mp4", "b/a.mp4", "..\\..\\a", "/", "noname")])

    names = [name for name, _ in await archived(ask, await link(ask, fid))]

    assert names == ["a.mp4", "a (2).mp4", "a (3).mp4", "a", "file", "noname"]


async def test_empty_gallery(ask: Asker, fid: str) -> None:
    """An archive of nothing is an archive."""
    assert await archived(ask, await link(ask, fid)) == []


async def test_link_is_a_capability(ask: Asker, fid: str) -> None:
    """A link that was not issued, or whose gallery is gone, leads nowhere; nor does an upload URL."""
    url = await link(ask, fid)
    upload_url = (await ask.get("asset.get_upload_url", fid=fid))["upload_url"]
    for other in (url[:-1], url.partition("?")[0], upload_url.replace("/post.jpg", "/archive/post.jpg")):
        assert (await ask.http.get(other)).status_code == 404
    assert "error" in (await ask.http.post(url.replace(f"/archive/{fid}.zip", "/post.jpg"), content=b"x")).text

    await ask.post("gallery.delete", fid=fid)

    assert (await ask.http.get(url)).status_code == 404
    assert (await ask.get("gallery.download", fid=fid))["success"] is False


async def test_link_may_stand_elsewhere(fake: FakeCincopa, ask: Asker, fid: str) -> None:
    """The name of its field is not documented: a quirk lets it be another."""
    fake.quirk("download_field")

    answer = await ask.get("gallery.download", fid=fid)

    assert "url" not in answer
    assert await archived(ask, answer["download_url"]) == []
