"""The api_token: given, found in the environment, or asked for once for all."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
import respx
from anyio.lowlevel import checkpoint

from cincopa_async import (
    AuthenticationError,
    CincopaClient,
    ClientClosedError,
    PermissionDeniedError,
    RenewingToken,
    RetryPolicy,
    ServerError,
)
from cincopa_async._token import Token
from tests.conftest import QUICK_RETRIES, TOKEN

anyio_tests = pytest.mark.anyio
REFUSAL = "Unauthorized: the api_token is unknown"
PONG = {"success": True, "ping": "pong", "permissions": "|gallery.*|"}


class Account:
    """A service that knows one token at a time, and a source that gives the next."""

    def __init__(self, router: respx.MockRouter, *, message: str = REFUSAL) -> None:
        self.good = "token-2"
        self.message = message
        self.seen: list[str] = []
        self.asked = 0
        self.give = ["token-1", "token-2", "token-3"]
        self.open: anyio.Event | None = None
        router.get("asset.get_tags.json").side_effect = self.answer

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request.url.params["api_token"])
        if self.seen[-1] == self.good:
            return httpx.Response(200, json={"success": True, "tags": ["car"]})
        return httpx.Response(403, json={"success": False, "message": self.message})

    def next_token(self) -> str:
        self.asked += 1
        return self.give[min(self.asked, len(self.give)) - 1]

    async def later(self) -> str:
        await (self.open.wait() if self.open else checkpoint())
        return self.next_token()


def client_of(source: Any, **more: Any) -> CincopaClient:
    return CincopaClient(source, retry=QUICK_RETRIES, **more)


async def outcomes(client: CincopaClient, count: int) -> list[Any]:
    """What comes of so many calls at once."""
    ended: list[Any] = []

    async def call() -> None:
        try:
            ended.append(await client.asset.get_tags())
        except Exception as error:  # noqa: BLE001 - what is raised is looked at
            ended.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(call)
    return ended


def test_missing_token_is_an_error_that_names_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first thing a new user may meet."""
    monkeypatch.delenv("CINCOPA_API_TOKEN", raising=False)

    with pytest.raises(ValueError, match=r"^api_token is missing: pass it to CincopaClient, or set CINCOPA_API_TOKEN"):
        CincopaClient()


def test_empty_environment_variable_is_a_missing_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells leave it."""
    monkeypatch.setenv("CINCOPA_API_TOKEN", "")

    with pytest.raises(ValueError, match=r"^api_token is missing"):
        CincopaClient()


@anyio_tests
async def test_token_and_address_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as they are not passed."""
    monkeypatch.setenv("CINCOPA_API_TOKEN", "from-the-environment")
    monkeypatch.setenv("CINCOPA_BASE_URL", "https://other.example/api")
    with respx.mock as router:
        other = router.get("https://other.example/api/ping.json").respond(json=PONG)
        own = router.get("https://api.cincopa.com/v2/ping.json").respond(json=PONG)
        async with CincopaClient() as client:
            await client.ping()
        async with CincopaClient("passed", base_url="https://api.cincopa.com/v2") as client:
            await client.ping()

    assert other.calls.last.request.url.params["api_token"] == "from-the-environment"
    assert own.calls.last.request.url.params["api_token"] == "passed"


@pytest.mark.parametrize("token", ["", " ", "a b", "token\n", "tok\0en", "tok\x7fen", "CANARY\u2028", "CANARY\ud800"])
def test_token_that_cannot_be_one_is_refused_without_being_shown(token: str) -> None:
    """A newline from a file is the usual case."""
    with pytest.raises(ValueError, match=r"^api_token must be a token: not empty, no spaces") as caught:
        CincopaClient(token)

    assert "CANARY" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("token", [5, b"token", ["token"], object()])
def test_token_of_a_wrong_type_is_refused_by_type(token: Any) -> None:
    """Bytes are no token."""
    with pytest.raises(TypeError, match=rf"^api_token must be a str or a callable, not {type(token).__name__}$"):
        CincopaClient(token)


@anyio_tests
@pytest.mark.parametrize("token", ["simple", TOKEN, "a%2Fb", "né", "&api_token=other"])
async def test_token_is_sent_as_it_is(token: str, api: respx.MockRouter) -> None:
    """Percent-encoded, so that what has a meaning in a query has none."""
    api.get("ping.json").respond(json=PONG)
    async with client_of(token) as client:
        await client.ping()

    assert api.calls.last.request.url.params.get_list("api_token") == [token]


@anyio_tests
@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_callable_is_asked_before_the_first_call_and_not_again(kind: str, api: respx.MockRouter) -> None:
    """What it gives is used until it is refused."""
    account = Account(api)
    account.give = ["token-2"]
    async with client_of(account.next_token if kind == "plain" else account.later) as client:
        assert account.asked == 0
        await client.asset.get_tags()
        await client.asset.get_tags()

    assert account.asked == 1
    assert account.seen == ["token-2", "token-2"]


@anyio_tests
@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_refused_token_is_asked_for_again_and_the_call_goes_on(kind: str, api: respx.MockRouter) -> None:
    """The caller sees nothing of it, with retries switched off too."""
    account = Account(api)
    source = account.next_token if kind == "plain" else account.later
    async with client_of(source) as client:
        tags = await client.asset.get_tags()

    assert list(tags.tags) == ["car"]
    assert account.seen == ["token-1", "token-2"]
    assert account.asked == 2


@anyio_tests
async def test_many_refused_at_once_ask_once(api: respx.MockRouter) -> None:
    """One task asks for all; each call is sent again with what it got."""
    account = Account(api)
    async with client_of(account.later) as client:
        ended = await outcomes(client, 50)

    assert account.asked == 2
    assert not [error for error in ended if isinstance(error, Exception)]
    assert sorted(account.seen) == ["token-1"] * 50 + ["token-2"] * 50


@anyio_tests
async def test_many_who_get_the_refused_token_again_ask_once(api: respx.MockRouter) -> None:
    """A source that has no better one is not asked by each of them."""
    account = Account(api)
    account.give = ["token-1"]
    async with client_of(account.later) as client:
        ended = await outcomes(client, 50)

    assert account.asked == 2
    assert {type(error) for error in ended} == {AuthenticationError}
    assert account.seen == ["token-1"] * 50


@anyio_tests
async def test_many_share_the_error_of_a_source_that_fails(api: respx.MockRouter) -> None:
    """Or the last of thousands would wait as long as thousands of attempts take; the next call asks again."""
    asked = 0
    account = Account(api)

    async def source() -> str:
        nonlocal asked
        asked += 1
        await checkpoint()
        if asked == 1:
            raise RuntimeError("the vault is sealed")
        return "token-2"

    async with client_of(source) as client:
        ended = await outcomes(client, 50)
        assert asked == 1
        await client.asset.get_tags()

    assert [str(error) for error in ended] == ["the vault is sealed"] * 50
    assert account.seen == ["token-2"]
    assert asked == 2


@anyio_tests
async def test_error_of_a_source_that_failed_once_is_not_kept(api: respx.MockRouter) -> None:
    """It is for those who waited then, not for those who wait when all is well again."""
    account = Account(api)
    tokens: list[Any] = [RuntimeError("the vault is sealed"), "token-1", "token-2"]

    async def source() -> str:
        await checkpoint()
        token = tokens.pop(0)
        if isinstance(token, Exception):
            raise token
        return str(token)

    async with client_of(source) as client:
        with pytest.raises(RuntimeError, match="sealed"):
            await client.asset.get_tags()
        ended = await outcomes(client, 20)

    assert not [error for error in ended if isinstance(error, Exception)]
    assert sorted(account.seen) == ["token-1"] * 20 + ["token-2"] * 20


@anyio_tests
async def test_token_refused_again_is_an_authentication_error(api: respx.MockRouter) -> None:
    """It is asked for once more, not for ever."""
    account = Account(api)
    account.good = "none"
    async with client_of(account.next_token) as client:
        with pytest.raises(AuthenticationError, match="the api_token is unknown") as caught:
            await client.asset.get_tags()

    assert account.seen == ["token-1", "token-2"]
    assert caught.value.status_code == 403
    assert not caught.value.maybe_applied


@anyio_tests
@pytest.mark.parametrize("status", [401, 403])
async def test_fixed_token_that_is_refused_is_an_authentication_error(
    status: int, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """There is nobody to ask for another; nothing is sent again."""
    route = api.get("asset.get_tags.json").respond(status, json={"success": False, "message": REFUSAL})

    with pytest.raises(AuthenticationError, match="Unauthorized"):
        await cincopa.asset.get_tags()

    assert route.call_count == 1


@anyio_tests
async def test_refused_write_is_sent_again_with_another_token(api: respx.MockRouter) -> None:
    """A refused token means that nothing was done."""
    answers = [
        httpx.Response(403, json={"success": False, "message": REFUSAL}),
        httpx.Response(200, json={"success": True, "status_id": "42"}),
    ]
    route = api.post("asset.upload_from_url.json")
    route.side_effect = answers
    tokens = iter(["token-1", "token-2"])
    async with CincopaClient(lambda: next(tokens), retry=RetryPolicy(attempts=1)) as client:
        assert await client.asset.upload_from_url("https://x.example/a.mp4") == "42"

    assert [call.request.url.params["api_token"] for call in route.calls] == ["token-1", "token-2"]


@anyio_tests
@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (5, TypeError, "what the api_token callable returns must be a str, not int"),
        (None, TypeError, "what the api_token callable returns must be a str, not NoneType"),
        ("", ValueError, "what the api_token callable returns must be a token"),
        ("CANARY\n", ValueError, "what the api_token callable returns must be a token"),
    ],
)
async def test_what_a_callable_gives_is_checked(given: Any, kind: type[Exception], message: str) -> None:
    """Its error says where the token came from, and does not show it."""
    async with client_of(lambda: given) as client:
        with pytest.raises(kind, match=message) as caught:
            await client.ping()

    assert "CANARY" not in "".join(traceback.format_exception(caught.value))


@anyio_tests
@pytest.mark.parametrize("who", ["the one who asks", "one who waits"])
async def test_cancelled_task_does_no_harm_to_the_others(who: str, api: respx.MockRouter) -> None:
    """If it was the one who asked, the next asks."""
    account = Account(api)
    account.give = ["token-2"]
    account.open = opened = anyio.Event()
    ended: list[Any] = []
    scopes: list[anyio.CancelScope] = []

    async def call() -> None:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            ended.append(await client.asset.get_tags())

    async with client_of(account.later) as client, anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(call)
            for _ in range(5):
                await checkpoint()
        scopes[0 if who == "the one who asks" else 1].cancel()
        for _ in range(5):
            await checkpoint()
        opened.set()

    assert len(ended) == 2
    assert account.asked == 1
    assert account.seen == ["token-2", "token-2"]


@anyio_tests
@pytest.mark.parametrize("asks", [True, False])
async def test_source_and_token_are_not_shown(asks: bool) -> None:
    """A repr of the client says whether it is open, and no more."""
    async with client_of((lambda: TOKEN) if asks else TOKEN) as client:
        shown = repr(client)

    assert shown == "<CincopaClient open>"
    assert repr(client) == "<CincopaClient closed>"
    assert TOKEN not in repr(Token(TOKEN))


@anyio_tests
@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("message", ["Forbidden", None])
async def test_ping_tells_missing_permissions_from_a_refused_token(
    status: int, message: str | None, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Where the refusal does not say which it is; the error then lists what the token may do."""
    api.post("asset.delete.json").respond(status, json={"success": False, "message": message})
    ping = api.get("ping.json").respond(json=PONG)

    with pytest.raises(PermissionDeniedError) as caught:
        await cincopa.asset.delete("A4")

    assert ping.call_count == 1
    assert str(caught.value).endswith(f"; the token is valid, its permissions are |gallery.*| (HTTP {status})")
    assert caught.value.call == "asset.delete"
    assert not caught.value.maybe_applied


@anyio_tests
async def test_permissions_that_are_not_told_are_said_to_be_so(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """The answer of ping has no field that must be there."""
    api.post("asset.delete.json").respond(403)
    api.get("ping.json").respond(json={"success": True})

    with pytest.raises(PermissionDeniedError, match="its permissions are not told"):
        await cincopa.asset.delete("A4")


@anyio_tests
@pytest.mark.parametrize("ping", [httpx.Response(403), httpx.Response(500), httpx.ConnectError("refused")])
async def test_token_that_ping_cannot_vouch_for_is_refused(
    ping: Any, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Ping is asked once; the error is that of the call."""
    api.post("asset.delete.json").respond(403, json={"success": False, "message": "Forbidden"})
    route = api.get("ping.json").mock(side_effect=[ping])

    with pytest.raises(AuthenticationError, match=r"asset\.delete: Forbidden") as caught:
        await cincopa.asset.delete("A4")

    assert route.call_count == 1
    assert caught.value.__context__ is None


@anyio_tests
async def test_text_about_permissions_needs_no_ping(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """It shows that the token is valid, and another one is not asked for."""
    tokens = iter(["token-1"])
    route = api.post("asset.delete.json")
    route.respond(403, json={"success": False, "error": "no permission for asset.delete"})
    async with client_of(lambda: next(tokens)) as client:
        with pytest.raises(PermissionDeniedError, match=r"no permission for asset\.delete"):
            await client.asset.delete("A4")

    assert route.call_count == 1


@anyio_tests
async def test_refused_ping_is_not_explained_by_ping(cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """It needs no permission, so the token is not good."""
    route = api.get("ping.json").respond(403)

    with pytest.raises(AuthenticationError, match="ping: Forbidden"):
        await cincopa.ping()

    assert route.call_count == 1


@anyio_tests
async def test_renewing_token_gets_a_temporary_one_and_the_next_when_it_ends(api: respx.MockRouter) -> None:
    """The second client never meets the account's own token."""
    account = Account(api)
    temporary = api.get("token.get_temp.json").mock(
        side_effect=[httpx.Response(200, json={"success": True, "api_token": f"token-{n}"}) for n in (1, 2)]
    )
    async with client_of(TOKEN) as owner, client_of(RenewingToken(owner, ttl=60, permissions="|asset.*|")) as client:
        await client.asset.get_tags()

    assert account.seen == ["token-1", "token-2"]
    assert [dict(call.request.url.params) for call in temporary.calls] == [
        {"ttl": "60", "permissions": "|asset.*|", "api_token": TOKEN}
    ] * 2


@anyio_tests
async def test_renewing_token_raises_what_get_temp_raises(api: respx.MockRouter) -> None:
    """The account's own token may be refused too."""
    api.get("token.get_temp.json").respond(500)
    async with client_of(TOKEN) as owner, client_of(RenewingToken(owner)) as client:
        with pytest.raises(ServerError, match=r"token\.get_temp"):
            await client.ping()


@anyio_tests
async def test_renewing_token_of_a_closed_client_says_so() -> None:
    """The client that holds the account's token must stay open."""
    owner = client_of(TOKEN)
    await owner.aclose()
    async with client_of(RenewingToken(owner)) as client:
        with pytest.raises(ClientClosedError, match="closed"):
            await client.ping()


@pytest.mark.parametrize("second", ["asyncio", "trio"])
def test_token_is_used_from_one_event_loop_after_another(
    api: respx.MockRouter, anyio_backend: str, second: str
) -> None:
    """Scripts call `asyncio.run` more than once; the token stays, its lock does not."""
    account = Account(api)
    client = client_of(account.later)
    for backend in (anyio_backend, second):
        ended = anyio.run(outcomes, client, 5, backend=backend)
        assert not [error for error in ended if isinstance(error, Exception)]
        account.good = "token-3"

    assert account.asked == 3


CHECKS: list[Callable[[CincopaClient], Any]] = [
    lambda client: client.asset.delete(""),
    lambda client: client.asset.upload_from_url("x"),
    lambda client: client.asset.set_meta("A4", caption="\ud800"),
    lambda client: client.call("x.y", api_token="other"),
    lambda client: client.call("x.y", field={"a": 1}),  # type: ignore[arg-type]
    lambda client: client.call("x y"),
]


@anyio_tests
@pytest.mark.parametrize("call", CHECKS)
async def test_wrong_argument_asks_for_no_token(call: Callable[[CincopaClient], Any]) -> None:
    """Nothing at all happens for a call that cannot be made."""
    async with client_of(lambda: pytest.fail("asked for a token")) as client:
        with pytest.raises((ValueError, TypeError)):
            await call(client)
