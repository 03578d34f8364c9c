"""What the methods of the groups send, but for `asset`, which has a file of its own: verb, path, parameters."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx
import pytest
import respx

from cincopa_async import (
    APIError,
    AssetPage,
    CincopaClient,
    CreatedGallery,
    GalleryArchive,
    GalleryPage,
    LiveList,
    LiveStream,
    NotFoundError,
    Pages,
    Portal,
    PortalList,
    UploadToken,
    WebhookList,
)
from tests.conftest import TOKEN
from tests.described import EXAMPLES

pytestmark = pytest.mark.anyio

SECRET = f"api_token={quote(TOKEN, safe='')}"
HOOK = "https://app.example.com/hooks/cincopa?secret=CANARY-SIGNATURE"
HOOK_SENT = "https%3A%2F%2Fapp.example.com%2Fhooks%2Fcincopa%3Fsecret%3DCANARY-SIGNATURE"

# The method, its arguments, what goes over the wire, and what comes back: each parameter of the reference stands here.
Row: TypeAlias = tuple[str, tuple[Any, ...], dict[str, Any], str]
SENT: list[Row] = [
    ("gallery.create", (), {}, ""),
    ("gallery.create", (), {"name": "Cats & co"}, "name=Cats%20%26%20co"),
    ("gallery.create", (), {"description": ""}, "description="),
    ("gallery.create", (), {"template": "A4HAc"}, "template=A4HAc"),
    ("gallery.create", (), {"master": "A4", "copy_items": True}, "master=A4&copy_items=yes"),
    ("gallery.create", (), {"copy_args": False}, "copy_args=no"),
    ("gallery.create", (), {"copy_args": "all"}, "copy_args=all"),
    ("gallery.set_meta", ("A4",), {"name": "Cats"}, "fid=A4&name=Cats"),
    ("gallery.set_meta", ("A4",), {"description": ""}, "fid=A4&description="),
    ("gallery.set_meta", ("A4",), {"tags": ["a", "b c"]}, "fid=A4&tags=a%2C%20b%20c"),
    ("gallery.set_meta", ("A4",), {"tags": []}, "fid=A4&tags="),
    ("gallery.set_meta", ("A4",), {"template": "A4HAc"}, "fid=A4&template=A4HAc"),
    ("gallery.set_meta", ("A4",), {"my_property": True, "n": 5}, "fid=A4&my_property=yes&n=5"),
    ("gallery.delete", ("A4/?&",), {}, "fid=A4%2F%3F%26"),
    ("gallery.delete", ("A4",), {"delete_assets": True}, "fid=A4&delete_assets=yes"),
    ("gallery.delete", ("A4",), {"delete_assets": False}, "fid=A4&delete_assets=no"),
    ("gallery.add_item", ("A4", "R1"), {}, "fid=A4&rid=R1"),
    ("gallery.add_item", ("A4", ["R1", "R2"]), {}, "fid=A4&rid=R1%2CR2"),
    ("gallery.add_item", ("A4", "R1"), {"insert_position": "top"}, "fid=A4&rid=R1&insert_position=top"),
    ("gallery.add_item", ("A4", "R1"), {"insert_position": "bottom"}, "fid=A4&rid=R1&insert_position=bottom"),
    ("gallery.remove_item", ("A4", "R1"), {}, "fid=A4&rid=R1"),
    ("gallery.remove_item", ("A4", ("R1", "R2")), {"delete_asset": True}, "fid=A4&rid=R1%2CR2&delete_asset=yes"),
    ("gallery.list", (), {}, ""),
    ("gallery.list", (), {"search": "caption=Cats"}, "search=caption%3DCats"),
    ("gallery.list", (), {"tag": "a"}, "tag=a"),
    ("gallery.list", (), {"page": 2, "items_per_page": 100}, "page=2&items_per_page=100"),
    ("gallery.get_items", ("A4",), {}, "fid=A4"),
    ("gallery.get_items", ("A4",), {"details": ["caption", "tags"]}, "fid=A4&details=caption%2Ctags"),
    ("gallery.get_items", ("A4",), {"page": 2, "items_per_page": 1}, "fid=A4&page=2&items_per_page=1"),
    ("gallery.set_master", ("A4",), {"master": "R1"}, "fid=A4&master=R1"),
    ("gallery.download", ("A4",), {}, "fid=A4"),
    ("upload.get_upload_token", ("A4",), {}, "fid=A4"),
    *(
        row
        for verb in ("check", "cease", "rename", "remove", "set")
        for row in (
            (f"portal.{verb}", (), {}, ""),
            (f"portal.{verb}", (), {"name": "cats"}, "name=cats"),
            (f"portal.{verb}", (), {"subdomain": "cats"}, "subdomain=cats"),
            (f"portal.{verb}", (), {"name": "a", "new_name": "b", "visible": True}, "name=a&new_name=b&visible=yes"),
        )
    ),
    ("portal.list", (), {}, ""),
    ("portal.list", (), {"page": 2}, "page=2"),
    ("webhook.list", (), {}, ""),
    ("webhook.set", (HOOK,), {}, f"hook_url={HOOK_SENT}"),
    (
        "webhook.set",
        (HOOK,),
        {"events": ["asset.uploaded", "gallery.*"], "security_key": "CANARY-CAPABILITY"},
        f"hook_url={HOOK_SENT}&events=asset.uploaded%2Cgallery.%2A&security_key=CANARY-CAPABILITY",
    ),
    ("webhook.set_slack", (HOOK,), {}, f"hook_url={HOOK_SENT}"),
    ("webhook.set_slack", (HOOK,), {"events": ["a.b"]}, f"hook_url={HOOK_SENT}&events=a.b"),
    ("webhook.delete", (HOOK,), {}, f"hook_url={HOOK_SENT}"),
    ("live.list", (), {}, ""),
    ("live.list", (), {"page": 2}, "page=2"),
    ("live.create", (), {}, ""),
    ("live.create", (), {"name": "a", "description": "", "low_latency": True}, "name=a&description=&low_latency=yes"),
    *(
        row
        for verb in ("start", "stop", "reset", "delete")
        for row in (
            (f"live.{verb}", (), {}, ""),
            (f"live.{verb}", ("R1",), {}, "rid=R1"),
            (f"live.{verb}", (), {"rid": "R1", "hard": False}, "rid=R1&hard=no"),
        )
    ),
]
GETS = {
    *("gallery.list", "gallery.get_items", "gallery.download", "upload.get_upload_token"),
    *("portal.check", "portal.list", "webhook.list"),
    *(f"live.{verb}" for verb in ("list", "create", "start", "stop", "reset", "delete")),
}
ANSWERS: dict[str, type] = {
    "gallery.create": CreatedGallery,
    "gallery.list": GalleryPage,
    "gallery.get_items": AssetPage,
    "gallery.download": GalleryArchive,
    "upload.get_upload_token": UploadToken,
    **{f"portal.{verb}": Portal for verb in ("check", "cease", "rename", "remove", "set")},
    "portal.list": PortalList,
    "webhook.list": WebhookList,
    **{f"live.{verb}": LiveStream for verb in ("create", "start", "stop", "reset", "delete")},
    "live.list": LiveList,
}
GROUPS = ("gallery", "upload", "portal", "webhook", "live")


def method(client: CincopaClient, name: str) -> Callable[..., Any]:
    group, _, verb = name.partition(".")
    found: Callable[..., Any] = getattr(getattr(client, group), verb)
    return found


def test_every_method_is_in_the_table() -> None:
    """A method that is added is tested here too, but for those that go through all pages, and for the page."""
    client = CincopaClient(TOKEN)
    methods = {
        f"{group}.{name}" for group in GROUPS for name in vars(type(getattr(client, group))) if not name.startswith("_")
    }

    assert methods - {"gallery.iter", "gallery.iter_items", "upload.iframe"} == {name for name, *_ in SENT}


@pytest.mark.parametrize("row", SENT, ids=lambda row: f"{row[0]} {' '.join(row[2])}")
async def test_method_sends_its_call(row: Row, cincopa: CincopaClient, api: respx.MockRouter) -> None:
    """The verb, the path and the query are exactly the reference's, the token comes last, and there is no body."""
    name, args, kwargs, query = row
    answer = EXAMPLES.get(name, {"success": True})
    route = api.request("GET" if name in GETS else "POST", f"{name}.json").respond(json=answer)

    result = await method(cincopa, name)(*args, **kwargs)

    request = route.calls.last.request
    assert route.call_count == 1
    assert request.url.path == f"/v2/{name}.json"
    assert request.url.query.decode() == f"{query}&{SECRET}".removeprefix("&")
    assert request.content == b""
    assert isinstance(result, ANSWERS.get(name, type(None)))


WRONG: list[Row] = [
    ("gallery.create", (), {"name": ""}, "name"),
    ("gallery.create", (), {"template": " "}, "template"),
    ("gallery.create", (), {"master": ""}, "master"),
    ("gallery.set_meta", ("",), {"name": "x"}, "fid"),
    ("gallery.set_meta", ("A4",), {}, "set_meta"),
    ("gallery.set_meta", ("A4",), {"tags": ["a,b"]}, "tags"),
    ("gallery.set_meta", ("A4",), {"api_token": "CANARY/token"}, "api_token"),
    ("gallery.delete", ("",), {}, "fid"),
    ("gallery.add_item", ("", "R1"), {}, "fid"),
    ("gallery.add_item", ("A4", ""), {}, "rid"),
    ("gallery.add_item", ("A4", []), {}, "rid"),
    ("gallery.add_item", ("A4", "R1,R2"), {}, "rid"),
    ("gallery.add_item", ("A4", "R1"), {"insert_position": "middle"}, "insert_position"),
    ("gallery.remove_item", ("A4", []), {}, "rid"),
    ("gallery.list", (), {"search": ""}, "search"),
    ("gallery.list", (), {"tag": ""}, "tag"),
    ("gallery.list", (), {"page": 0}, "page"),
    ("gallery.list", (), {"items_per_page": 0}, "items_per_page"),
    ("gallery.list", (), {"items_per_page": 101}, "items_per_page"),
    ("gallery.get_items", ("",), {}, "fid"),
    ("gallery.get_items", ("A4",), {"items_per_page": 101}, "items_per_page"),
    ("gallery.get_items", ("A4",), {"details": [""]}, "details"),
    ("gallery.set_master", ("A4",), {"master": ""}, "master"),
    ("gallery.set_master", ("",), {"master": "R1"}, "fid"),
    ("gallery.download", ("",), {}, "fid"),
    ("upload.get_upload_token", ("",), {}, "fid"),
    ("upload.iframe", (), {"token": "t"}, "fid"),
    ("upload.iframe", (), {"token": "t", "fid": "A4", "rrid": "mine"}, "fid"),
    ("upload.iframe", (), {"token": "t", "fid": ""}, "fid"),
    ("upload.iframe", (), {"token": "t", "rrid": ""}, "rrid"),
    ("upload.iframe", (), {"token": "", "fid": "A4"}, "token"),
    ("portal.check", (), {"name": ""}, "name"),
    ("portal.set", (), {"subdomain": " "}, "subdomain"),
    ("portal.set", (), {"api_token": "CANARY/token"}, "api_token"),
    ("webhook.set", ("app.example.com",), {}, "hook_url"),
    ("webhook.set", ("https://x/?s=CANARY-SIGNATURE \n",), {}, "hook_url"),
    ("webhook.set", (HOOK,), {"events": ["a,b"]}, "events"),
    ("webhook.set", (HOOK,), {"events": []}, "events"),
    ("webhook.set_slack", (HOOK,), {"events": ()}, "events"),
    ("webhook.set", (HOOK,), {"security_key": ""}, "security_key"),
    ("webhook.set_slack", ("ftp://x",), {}, "hook_url"),
    ("webhook.set_slack", (HOOK,), {"events": [""]}, "events"),
    ("webhook.delete", ("",), {}, "hook_url"),
    ("live.create", (), {"name": ""}, "name"),
    ("live.start", ("",), {}, "rid"),
    ("live.list", (), {"api_token": "CANARY/token"}, "api_token"),
]


@pytest.mark.parametrize("row", WRONG, ids=lambda row: f"{row[0]} {row[3]}")
async def test_wrong_argument_raises_before_anything_is_sent(
    row: Row, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """A ValueError that names the argument, and does not repeat a secret."""
    name, args, kwargs, argument = row
    with pytest.raises(ValueError, match=rf"^{argument} (must|is not|or rrid must) ") as caught:
        await method(cincopa, name)(*args, **kwargs)

    assert len(api.calls) == 0
    assert "CANARY" not in f"{caught.value!r} {caught.value.__context__!r}"


WRONG_TYPES: list[Row] = [
    ("gallery.create", (), {"copy_items": "yes"}, "copy_items must be True, False or None, not str"),
    ("gallery.delete", ("A4",), {"delete_assets": 0}, "delete_assets must be True, False or None, not int"),
    ("gallery.remove_item", ("A4", "R1"), {"delete_asset": "no"}, "delete_asset must be True, False or None, not str"),
    ("gallery.list", (), {"page": 1.5}, "page must be a whole number, not float"),
    ("gallery.list", (), {"page": True}, "page must be a number, not bool"),
    ("gallery.get_items", ("A4",), {"items_per_page": "7"}, "items_per_page must be a whole number, not str"),
    ("asset.list", (), {"page": 2.0}, "page must be a whole number, not float"),
    ("asset.list", (), {"items_per_page": 0.5}, "items_per_page must be a whole number, not float"),
    ("asset.get_upload_url", (), {"ttl": 1.5}, "ttl must be a whole number, not float"),
    ("token.get_temp", (), {"ttl": "600"}, "ttl must be a whole number, not str"),
]


@pytest.mark.parametrize("row", WRONG_TYPES, ids=lambda row: f"{row[0]} {row[3]}")
async def test_argument_of_a_wrong_type_raises_before_anything_is_sent(row: Row, cincopa: CincopaClient) -> None:
    """It would be sent as something that nobody meant: the assets deleted or not, page one and a half."""
    name, args, kwargs, text = row
    with pytest.raises(TypeError, match=rf"^{text}$"):
        await method(cincopa, name)(*args, **kwargs)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("asset.set_meta", ("R1",)),
        ("gallery.set_meta", ("A4",)),
        *((f"portal.{verb}", ()) for verb in ("check", "cease", "rename", "remove", "set", "list")),
        *((f"live.{verb}", ()) for verb in ("list", "create", "start", "stop", "reset", "delete")),
    ],
)
async def test_parameter_of_any_name_goes_through(
    name: str, args: tuple[Any, ...], cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Whatever the code calls its own."""
    params = {word: word for word in ("self", "method", "call", "verb", "result", "params", "safety", "client", "cls")}
    route = api.request("GET" if name in GETS else "POST", f"{name}.json").respond(json={"success": True})

    await method(cincopa, name)(*args, **params)

    assert params.items() <= dict(route.calls.last.request.url.params).items()


@pytest.mark.parametrize("argument", ["items_per_page", "ahead", "limit"])
@pytest.mark.parametrize("name", ["gallery.iter", "gallery.iter_items", "asset.iter"])
async def test_wrong_argument_of_iter_raises_at_once(name: str, argument: str, cincopa: CincopaClient) -> None:
    """Not at its first step."""
    args = ("A4",) if name == "gallery.iter_items" else ()
    with pytest.raises(ValueError, match=argument):
        method(cincopa, name)(*args, **{argument: 0})


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("gallery.iter", {"search": "s", "tag": "t", "items_per_page": 7}),
        ("gallery.iter_items", {"details": ["tags"], "items_per_page": 7}),
    ],
)
async def test_iter_sends_every_parameter_of_its_list(
    name: str, kwargs: dict[str, Any], cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """The number of the page is its own."""
    call, args = ("gallery.list", ()) if name == "gallery.iter" else ("gallery.get_items", ("A4",))
    route = api.get(f"{call}.json").respond(json={"success": True, "items_data": {"pages_count": 1}})

    pages: Pages[Any] = method(cincopa, name)(*args, **kwargs)
    found = [item async for item in pages]

    sent = dict(route.calls.last.request.url.params)
    del sent["api_token"]
    wanted = {key: value if isinstance(value, str) else str(value) for key, value in kwargs.items()}
    assert found == []
    assert sent == {**wanted, "page": "1", **({"details": "tags", "fid": "A4"} if args else {})}


IDEMPOTENT: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("gallery.set_meta", ("A4",), {"name": "x"}),
    ("gallery.delete", ("A4",), {}),
    ("gallery.remove_item", ("A4", "R1"), {}),
    ("gallery.set_master", ("A4",), {"master": "R1"}),
    ("webhook.delete", (HOOK,), {}),
]
WRITES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("gallery.create", (), {"name": "x"}),
    ("gallery.add_item", ("A4", "R1"), {}),
    ("upload.get_upload_token", ("A4",), {}),
    *((f"portal.{verb}", (), {}) for verb in ("cease", "rename", "remove", "set")),
    ("webhook.set", (HOOK,), {}),
    ("webhook.set_slack", (HOOK,), {}),
    *((f"live.{verb}", (), {}) for verb in ("create", "start", "stop", "reset", "delete")),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), IDEMPOTENT, ids=lambda value: str(value)[:20])
async def test_change_that_does_no_more_when_repeated_is_sent_again(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """After a fault that leaves open whether it was done."""
    route = api.post(f"{name}.json").mock(
        side_effect=[httpx.Response(502), httpx.ReadError("reset"), httpx.Response(200, json={"success": True})]
    )

    await method(cincopa, name)(*args, **kwargs)

    assert route.call_count == 3


@pytest.mark.parametrize(("name", "args", "kwargs"), WRITES, ids=lambda value: str(value)[:20])
async def test_write_is_not_sent_again(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Whatever its HTTP method: it may have been done, and the error says so."""
    route = api.request("GET" if name in GETS else "POST", f"{name}.json").respond(502)

    with pytest.raises(APIError) as caught:
        await method(cincopa, name)(*args, **kwargs)

    assert route.call_count == 1
    assert caught.value.maybe_applied


@pytest.mark.parametrize(
    ("row", "success"),
    [
        (("gallery.delete", ("A4",), {}), True),
        (("gallery.remove_item", ("A4", "R1"), {"delete_asset": True}), True),
        (("webhook.delete", (HOOK,), {}), True),
        (("gallery.remove_item", ("A4", "R1"), {}), False),
        (("gallery.set_master", ("A4",), {"master": "R1"}), False),
        (("gallery.set_meta", ("A4",), {"name": "x"}), False),
    ],
)
async def test_gone_on_a_resend_means_that_it_was_done_where_the_call_makes_something_vanish(
    row: tuple[str, tuple[Any, ...], dict[str, Any]], success: bool, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """The first attempt did it, and its answer was lost; where nothing vanishes "not found" is the truth."""
    name, args, kwargs = row
    gone = httpx.Response(200, json={"success": False, "message": "not found"})
    api.post(f"{name}.json").mock(side_effect=[httpx.ReadError("reset"), gone])

    try:
        await method(cincopa, name)(*args, **kwargs)
    except NotFoundError:
        assert not success
    else:
        assert success


async def test_invitation_page_is_fetched_with_the_token_that_was_given(
    cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """Never with the client's own, which whoever sees the page would see; and it has no ``.json``."""
    route = api.get("upload.iframe").respond(html="<html>é</html>")

    page = await cincopa.upload.iframe(fid="A4", token="temporary&")

    request = route.calls.last.request
    assert page == "<html>é</html>"
    assert request.url.path == "/v2/upload.iframe"
    assert request.url.query.decode() == "fid=A4&api_token=temporary%26"


@pytest.mark.parametrize("status", [200, 403])
async def test_invitation_page_that_is_refused_is_an_error(
    status: int, cincopa: CincopaClient, api: respx.MockRouter
) -> None:
    """With the token's name where it is quoted; the client's own token is not asked for again on its behalf."""
    answer = {"success": False, "message": "Invalid api_token CANARY-CAPABILITY"}
    route = api.get("upload.iframe").respond(status, content=json.dumps(answer).encode())

    with pytest.raises(APIError, match=r"Invalid api_token \[api_token\]"):
        await cincopa.upload.iframe(rrid="mine", token="CANARY-CAPABILITY")

    assert route.call_count == 1


def test_url_of_an_invitation_page_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the token that was given, and nothing is sent."""
    monkeypatch.delenv("CINCOPA_BASE_URL", raising=False)

    url = CincopaClient.url_for_iframe(fid="A4/", token="a&b")
    other = CincopaClient.url_for_iframe(rrid="mine", token="t", base_url="http://127.0.0.1:1/v2")

    assert url == "https://api.cincopa.com/v2/upload.iframe?fid=A4%2F&api_token=a%26b"
    assert other == "http://127.0.0.1:1/v2/upload.iframe?rrid=mine&api_token=t"


@pytest.mark.parametrize(
    "arguments", [{"token": ""}, {"token": "a b"}, {"fid": None}, {"rrid": "both"}, {"base_url": "no url"}]
)
def test_url_of_an_invitation_page_takes_no_wrong_argument(arguments: dict[str, Any]) -> None:
    """It says which."""
    with pytest.raises(ValueError, match=next(iter(arguments))):
        CincopaClient.url_for_iframe(**{"fid": "A4", "token": "t", **arguments})
