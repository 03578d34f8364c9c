"""The fake's invitation pages, and the tokens that open them."""

from __future__ import annotations

import httpx
import pytest

from cincopa_async.testing import FakeCincopa
from tests.testing.helpers import Asker

pytestmark = pytest.mark.anyio


async def made(ask: Asker, **params: object) -> str:
    return str((await ask.post("gallery.create", **params))["fid"])


async def page(ask: Asker, **params: str) -> httpx.Response:
    return await ask.http.get("upload.iframe", params={"api_token": ask.token, **params})


async def upload_token(ask: Asker, fid: str) -> str:
    return str((await ask.get("upload.get_upload_token", fid=fid))["upload_token"])


async def test_page_is_html_titled_after_its_gallery(ask: Asker) -> None:
    """A browser gets a page; what stands in its title is text, and the token stands nowhere."""
    fid = await made(ask, name="Cats & <Dogs>")

    response = await page(ask, fid=fid)

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "<title>Cats &amp; &lt;Dogs&gt;</title>" in response.text
    assert ask.token not in response.text


async def test_gallery_without_a_name_is_titled_by_its_id(ask: Asker) -> None:
    """A page always has a title."""
    fid = await made(ask)

    assert f"<title>{fid}</title>" in (await page(ask, fid=fid)).text


async def test_path_of_the_page_is_without_json(ask: Asker) -> None:
    """The page is no JSON, and other calls are: neither is found by the other's path."""
    fid = await made(ask)

    assert (await ask.respond("GET", "upload.iframe", fid=fid)).status_code == 404
    assert (await ask.http.get("gallery.list", params={"api_token": ask.token})).status_code == 404
    assert (await ask.http.post("upload.iframe", params={"api_token": ask.token, "fid": fid})).status_code == 405


async def test_upload_token_opens_the_page_of_its_gallery(ask: Asker) -> None:
    """And no other one's, whether named by fid or by the caller's own key."""
    mine, other = await made(ask, name="Mine", rrid="key-of-mine"), await made(ask, rrid="key-of-other")
    ask.token = await upload_token(ask, mine)

    opened = [(await page(ask, fid=mine)), (await page(ask, rrid="key-of-mine"))]
    refused = [
        *(await page(ask, fid=other), await page(ask, fid="A4nobody")),
        *(await page(ask, rrid="key-of-other"), await page(ask, rrid="new-key")),
    ]

    assert [response.status_code for response in opened] == [200, 200]
    assert all("<title>Mine</title>" in response.text for response in opened)
    assert [response.status_code for response in refused] == [403, 403, 403, 403]


@pytest.mark.parametrize(
    "call", ["ping", "gallery.list", "asset.list", "asset.get_upload_url", "token.get_temp", "upload.get_upload_token"]
)
async def test_upload_token_does_nothing_else(ask: Asker, call: str) -> None:
    """It is no token of the account."""
    fid = await made(ask)
    ask.token = await upload_token(ask, fid)

    assert (await ask.respond("GET", call, fid=fid)).status_code == 403


async def test_upload_token_ends_with_its_gallery(fake: FakeCincopa, ask: Asker) -> None:
    """A gallery that is gone has no page; a token that was revoked opens none."""
    gone, kept = await made(ask), await made(ask)
    tokens = [await upload_token(ask, gone), await upload_token(ask, kept)]
    await ask.post("gallery.delete", fid=gone)

    fake.revoke_token(tokens[1])

    ask.token = tokens[0]
    assert (await page(ask, fid=gone)).json()["success"] is False
    ask.token = tokens[1]
    assert (await page(ask, fid=kept)).status_code == 403


async def test_temporary_token_needs_the_permission(fake: FakeCincopa, ask: Asker) -> None:
    """A token of the account opens every page if its permissions say so."""
    fid = await made(ask)
    ask.token = fake.issue_token("|upload.iframe|", ttl=60)
    assert (await page(ask, fid=fid)).status_code == 200

    ask.token = fake.issue_token("|gallery.*|")

    assert (await page(ask, fid=fid)).status_code == 403


@pytest.mark.parametrize("token", ["", "nobody"])
async def test_page_without_a_token_is_refused(ask: Asker, token: str) -> None:
    """As every call."""
    fid = await made(ask)
    ask.token = token

    assert (await page(ask, fid=fid)).status_code == 403


async def test_key_of_the_caller_finds_a_gallery(ask: Asker) -> None:
    """`rrid` is the caller's own name for a gallery, set as what else is known of it."""
    fid = await made(ask, name="Cats")
    await ask.post("gallery.set_meta", fid=fid, rrid="user-7")

    assert "<title>Cats</title>" in (await page(ask, rrid="user-7")).text
    assert await ask.galleries() == 1


async def test_key_that_is_new_makes_a_gallery(ask: Asker) -> None:
    """Once: from then on the key is known."""
    for _ in range(2):
        assert (await page(ask, rrid="user-7")).status_code == 200

    [gallery] = (await ask.get("gallery.list"))["galleries"]
    assert gallery["name"] == "user-7"


async def test_page_must_be_of_a_gallery(ask: Asker) -> None:
    """An unknown fid is refused, and neither fid nor rrid."""
    unknown, none = (await page(ask, fid="A4nobody")).json(), (await page(ask)).json()

    assert (unknown["success"], unknown["message"]) == (False, "The fid does not exist")
    assert (none["success"], none["message"]) == (False, "The parameter fid or rrid is required")


@pytest.mark.parametrize("params", [{}, {"fid": "A4nobody"}])
async def test_upload_token_is_for_a_gallery(ask: Asker, params: dict[str, str]) -> None:
    """Nobody is invited to nowhere."""
    assert (await ask.get("upload.get_upload_token", **params))["success"] is False


async def test_upload_token_may_have_the_name_of_others(fake: FakeCincopa, ask: Asker) -> None:
    """A quirk names its field as temporary tokens' may be named."""
    fid = await made(ask)
    fake.quirk("token_field", call="upload.get_upload_token")

    answer = await ask.get("upload.get_upload_token", fid=fid)

    assert "upload_token" not in answer
    ask.token = answer["token"]
    assert (await page(ask, fid=fid)).status_code == 200


async def test_page_has_quirks_too(fake: FakeCincopa, ask: Asker) -> None:
    """What is out of the ordinary concerns a page as any answer."""
    fid = await made(ask)
    fake.quirk("server_error", call="upload.iframe")

    assert (await page(ask, fid=fid)).status_code == 500
    assert fake.counts.requests["upload.iframe"] == 1
