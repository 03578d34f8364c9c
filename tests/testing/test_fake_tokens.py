"""Who the fake lets in, and what for."""

from __future__ import annotations

import anyio
import httpx
import pytest

from cincopa_async.testing import FakeCincopa
from tests.testing.helpers import Asker, until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("token", ["", "nobody", "AAAAtAURG"])
async def test_token_that_is_none_is_refused(ask: Asker, token: str) -> None:
    """A missing or unknown token is 403 with a JSON failure; the documentation's own token is none."""
    ask.token = token

    response = await ask.respond("GET", "asset.list")

    assert response.status_code == 403
    assert response.json()["success"] is False


async def test_no_token_at_all_is_refused(ask: Asker) -> None:
    """The parameter may be absent too."""
    assert (await ask.http.get("ping.json")).status_code == 403


async def test_ping_tells_whose_token_it_is(ask: Asker) -> None:
    """ping answers pong, the account, the user, and the token's permissions between bars."""
    answer = await ask.get("ping")

    assert (answer["ping"], answer["ip"]) == ("pong", "127.0.0.1")
    assert answer["permissions"].startswith("|asset.*|gallery.*|")
    assert {"accid", "accid_num", "accemail", "userid", "userid_num", "useremail"} <= set(answer)


async def test_token_of_ones_own_choice() -> None:
    """The account's token may be given, with any characters in it."""
    fake = FakeCincopa("to/ken+&=ü")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=fake), base_url="http://x.test/v2/") as http:
        assert (await Asker(http, "to/ken+&=ü").get("ping"))["ping"] == "pong"
        assert fake.api_token == "to/ken+&=ü"


async def test_permissions_bound_what_a_token_does(fake: FakeCincopa, ask: Asker) -> None:
    """A call that no pattern of the token allows is 403, and its text speaks of permissions; ping is always allowed."""
    ask.token = fake.issue_token("|asset.list|gallery.*|")

    refused = await ask.respond("GET", "asset.get_tags")

    assert refused.status_code == 403
    assert "permissions" in refused.json()["message"]
    assert (await ask.get("asset.list"))["success"] is True
    assert (await ask.get("gallery.list"))["success"] is True
    assert (await ask.get("ping"))["permissions"] == "|asset.list|gallery.*|"


async def test_temporary_token_can_do_no_more_than_its_maker(fake: FakeCincopa, ask: Asker) -> None:
    """The permissions of both must allow a call."""
    ask.token = fake.issue_token("|asset.*|token.*|")
    ask.token = (await ask.get("token.get_temp", permissions="|asset.list|gallery.*|"))["api_token"]

    assert (await ask.get("asset.list"))["success"] is True
    assert (await ask.respond("GET", "asset.get_tags")).status_code == 403
    assert (await ask.respond("GET", "gallery.list")).status_code == 403


@pytest.mark.parametrize("in_process", [True, False])
async def test_token_ends(fake: FakeCincopa, ask: Asker, ask_in_process: Asker, in_process: bool) -> None:
    """A token with a ttl is refused once that time has gone by, be the server's loop and clock others or the same."""
    ask = ask_in_process if in_process else ask
    ask.token = fake.issue_token(ttl=0.05)
    statuses: list[int] = []

    with anyio.fail_after(10):
        while 403 not in statuses:
            statuses.append((await ask.respond("GET", "ping")).status_code)

    assert set(statuses) <= {200, 403}


async def test_temporary_token_has_ten_minutes_unless_told(ask: Asker) -> None:
    """A ttl below 1 is refused; without one there is a token all the same."""
    assert (await ask.get("token.get_temp", ttl=0))["success"] is False
    assert (await ask.get("token.get_temp"))["api_token"] != ask.token


async def test_expired_and_revoked(fake: FakeCincopa, ask: Asker) -> None:
    """A test may end a token at once, in either way."""
    for end in (fake.expire_token, fake.revoke_token):
        ask.token = fake.issue_token()
        assert (await ask.get("ping"))["ping"] == "pong"

        end(ask.token)

        assert (await ask.respond("GET", "ping")).status_code == 403


@pytest.mark.parametrize(("method", "call"), [("POST", "asset.list"), ("GET", "asset.delete"), ("DELETE", "ping")])
async def test_wrong_verb_is_405(ask: Asker, method: str, call: str) -> None:
    """Each call has one verb, which the refusal names."""
    response = await ask.respond(method, call)

    assert response.status_code == 405
    assert response.headers["allow"] == ("POST" if call == "asset.delete" else "GET")
    assert response.json()["success"] is False


@pytest.mark.parametrize("path", ["asset.lists.json", "asset.list", "nothing.json"])
async def test_unknown_call_is_404(ask: Asker, path: str) -> None:
    """A call that the reference does not know, or without .json, does not exist."""
    response = await ask.http.get(path, params={"api_token": ask.token})

    assert response.status_code == 404
    assert response.json()["success"] is False


async def test_outside_of_the_api_there_is_nothing(ask: Asker) -> None:
    """Other paths are 404 too."""
    assert (await ask.http.get("/other")).status_code == 404
    assert (await ask.http.get("/media/A4nobody")).status_code == 404


async def test_parameters_of_a_post_are_in_its_query(fake: FakeCincopa, ask: Asker) -> None:
    """A body is not read: what stands in it is missing."""
    response = await ask.http.post("asset.delete.json", data={"api_token": ask.token})

    assert response.status_code == 403
    await until(lambda: fake.counts.requests == {"asset.delete": 1})
