"""The contract, the client's methods and the fake speak of the same calls, parameters and fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_args

import attrs
import pytest

from cincopa_async import CincopaClient
from cincopa_async._calls import Call
from cincopa_async.models import (
    AssetPage,
    GalleryArchive,
    LiveStream,
    Page,
    Portal,
    TemporaryToken,
    UploadStatus,
    UploadToken,
)
from cincopa_async.models._wire import wire_names
from cincopa_async.resources._asset_calls import AssetDetail
from cincopa_async.testing import Fact
from cincopa_async.testing._contract import Kind, calls, facts
from cincopa_async.testing._groups import ENDPOINTS
from tests.docs.endpoints import how_sure

pytestmark = pytest.mark.anyio

# What is no parameter of the API: the token that opens a page is sent in the place of the client's own.
NO_PARAMETERS = {"upload.iframe": {"token"}}
# What a method asks for although the contract does not say that the call cannot do without it.
ASKED_FOR = {
    "webhook.set_slack": {"hook_url"},  # Nobody says what the call needs; without it the method has no sense.
}
PHRASES = {
    "D": "",
    "C": "its parameters are seen in clients",
    "T": "its parameters are known from a third party's schema",
    "U": "its parameters are not",
}
# Calls whose `sure` is a sentence of its own, with the reason.
OWN_WORDS = {
    "webhook.delete": "the documentation spells it otherwise",
    "portal.list": "what it takes goes through as it is given",
    "upload.get_upload_token": "its answer is not known either",
    "portal.cease": "the documentation says two things of it",
}
# Models whose fields nobody says: each may be missing.
GUESSED = {Portal, LiveStream}
# Fields that are read and are no fact of a call, with the reason.
READ_ELSEWHERE = {
    "gallery.get_items": ("items",),  # Where they stand is a fact of its own, and what they are is asset.list's.
    "asset.list": tuple(f"items.{detail}" for detail in get_args(get_args(AssetDetail)[0])),  # Sent if asked for.
    "webhook.list": ("webhooks.security_key",),  # Read where a service tells it, which nobody says.
    "asset.upload_from_url_get_status": ("resid",),  # Facts of their own say when it is there.
}
# Fields that the contract has and no model reads, with the reason.
NOT_READ = {
    "asset.upload_from_url_get_status": {"debug"},  # It holds the input's URL: kept in `raw`, cleaned.
    "asset.upload_from_url_abort": {"status_id"},  # Whoever aborts has it.
}
_VALUES: dict[str, object] = {
    "input": "https://example.com/cat.mp4",
    "hook_url": "https://example.com/hook",
    "insert_position": "top",
    "page": 1,
    "items_per_page": 1,
    "ttl": 1,
    "video_thumb_sec": 1,
    "copy_items": True,
    "delete_assets": True,
    "delete_asset": True,
}


def test_calls_are_those_of_the_fake_and_of_the_client() -> None:
    """No call is believed in that the fake does not answer, none has a method and is no fact, nor the other way."""
    methods = {f"{fact.value} {fact.call}" for fact in facts().values() if fact.kind == "method"}

    assert set(calls()) == ENDPOINTS.keys()
    assert methods == how_sure().keys()


def test_docstrings_say_how_sure_a_call_is() -> None:
    """In the very words of the contract."""
    believed = {f"{fact.value} {fact.call}": fact.sure for fact in facts().values() if fact.kind == "method"}

    assert how_sure() == believed


@pytest.mark.parametrize("call", calls())
def test_how_sure_a_call_is_follows_from_its_sources(call: str) -> None:
    """A call is documented where the documentation has it, and its parameters are as sure as the surest of them."""
    fact = facts()[f"{call}.method"]
    assert fact.sure is not None
    if fact.source == "T":
        assert fact.sure == "not documented; known from a third party's schema"
        return
    assert fact.sure.startswith("documented")
    assert fact.source == "D" or call == "webhook.delete"
    if call not in OWN_WORDS:
        sources = {other.source for other in of_call(call, "needs", "takes")}
        phrase = PHRASES[min(sources, key="DCTU".index, default="D")]
        said = [part for part in fact.sure.split("; ") if part.startswith("its parameters")]
        assert said == [phrase] * bool(phrase)


@pytest.mark.parametrize("call", calls())
async def test_parameters_are_those_that_the_method_sends(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each parameter of a method is a fact, each such fact is a parameter, and what a call needs has no default."""
    believed = {fact.name for fact in of_call(call, "needs", "takes")}
    needed = {fact.name for fact in of_call(call, "needs")}
    client, sent = CincopaClient("TOKEN"), list[Call[Any]]()
    monkeypatch.setattr(client, "send", recorder(sent))
    method = method_of(client, call)
    parameters = own_parameters(method)
    asked = {name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty}

    for given in arguments(call, parameters):
        with pytest.raises(NotSentError):
            await method(**given)

    names = {name for each in sent for name, value in each.params.items() if value is not None}
    assert names == believed == parameters.keys() - NO_PARAMETERS.get(call, set())
    assert asked - NO_PARAMETERS.get(call, set()) == needed | ASKED_FOR.get(call, set())


@pytest.mark.parametrize("call", calls())
async def test_fields_are_those_that_the_models_read(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each field of the model of an answer is a fact, and each such fact is read."""
    believed = {fact.name for fact in of_call(call, "answers")}
    client, sent = CincopaClient("TOKEN"), list[Call[Any]]()
    monkeypatch.setattr(client, "send", recorder(sent))
    method = method_of(client, call)
    with pytest.raises(NotSentError):
        await method(**next(arguments(call, own_parameters(method))))
    read = set(fields_read(sent[0].result))
    elsewhere = READ_ELSEWHERE.get(call, ())

    wanted = {path for path in read if not any(path == name or path.startswith(f"{name}.") for name in elsewhere)}
    # A fact may speak of a field with all that is in it.
    whole = {name for name in believed if not any(other.startswith(f"{name}.") for other in believed)}
    facts_read = {next((name for name in whole if path.startswith(f"{name}.")), path) for path in wanted}
    assert facts_read == believed - NOT_READ.get(call, set())


@pytest.mark.parametrize(
    ("fact", "model"),
    [
        ("token.get_temp.field", TemporaryToken),
        ("upload.get_upload_token.field", UploadToken),
        ("gallery.download.field", GalleryArchive),
    ],
)
def test_field_of_many_names_is_looked_for_under_each(fact: str, model: type[attrs.AttrsInstance]) -> None:
    """What confirms the fact is what the client copes with, in the same order, and nothing else."""
    [field] = [field for field in attrs.fields(model) if field.name != "extra"]

    assert facts()[fact].accepts == wire_names(field.name, field.metadata)


def test_items_of_a_gallery_are_looked_for_in_each_place() -> None:
    """As the fact about it has them."""
    [items] = [field for field in attrs.fields(AssetPage) if field.name == "items"]

    assert facts()["gallery.get_items.place"].accepts == wire_names("items", items.metadata)


class NotSentError(Exception):
    """In the place of an answer."""


def recorder(sent: list[Call[Any]]) -> Callable[..., Any]:
    async def send(call: Call[Any], **_: object) -> Any:
        sent.append(call)
        raise NotSentError

    return send


def of_call(call: str, *kinds: Kind) -> list[Fact]:
    return [fact for fact in facts().values() if fact.call == call and fact.kind in kinds]


def method_of(client: CincopaClient, call: str) -> Callable[..., Any]:
    found: Any = client
    for name in call.split("."):
        found = getattr(found, name)
    method: Callable[..., Any] = found
    return method


def own_parameters(method: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters that a method has names for."""
    listed = inspect.signature(method).parameters
    return {name: found for name, found in listed.items() if found.kind is not inspect.Parameter.VAR_KEYWORD}


def arguments(call: str, parameters: dict[str, inspect.Parameter]) -> Iterator[dict[str, object]]:
    """All of them, where they can be given at once."""
    whole = {name: _VALUES.get(name, "x") for name in parameters}
    if call != "upload.iframe":
        yield whole
    else:  # One gallery, by either of its names.
        for left_out in ("fid", "rrid"):
            yield {name: value for name, value in whole.items() if name != left_out}


def fields_read(model: Any) -> Iterator[str]:
    """The fields that a model takes out of an answer, by their first names; those within others as `items.rid`."""
    if model is UploadStatus:
        yield from ("status", "progress", "progress_bytes", "file_size_bytes", "resid", "more")
    if model in {UploadStatus, TemporaryToken, UploadToken, GalleryArchive} | GUESSED or not attrs.has(model):
        return
    attrs.resolve_types(model)
    is_page = issubclass(model, Page)
    numbers = {"page", "items_per_page", "items_count", "pages_count"} if is_page else set[str]()
    for field in attrs.fields(model):
        [name, *_] = wire_names(field.name, field.metadata)
        if field.name in numbers:
            name = f"items_data.{name}"
            yield "items_data"
        if field.name != "extra":
            yield name
            [inner, *_] = get_args(field.type) or [None]
            yield from (f"{name}.{path}" for path in fields_read(inner))
