"""What trials make of answers that nobody thought of: they say why nothing was seen, and refute nothing by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cincopa_async.testing._contract import Value
from tests.testing.contracts import Change, tried

Body = dict[str, Any]
Params = Mapping[str, str]
REFUSED = {"success": False, "message": "Come again later"}
DETAILS = "caption,description,long_description,related_link_text,related_link_url,reference_id,tags"


def test_a_word_that_may_be_a_secret_is_not_told() -> None:
    """A service that writes a URL where a word is expected: the finding says that it was another text."""

    def signed(params: Params, body: Body) -> object:
        return {**body, "status": f"{body['status']} https://example.com/?key=CANARY"} if "status" in body else body

    findings = tried(change=of("asset.upload_from_url_get_status", signed))

    assert "another text" in {finding.seen for finding in findings.values()}
    assert "CANARY" not in repr(findings).upper()


def of(call: str, change: Callable[[Params, Body], object]) -> Change:
    """Change the answers of one call."""
    return lambda name, params, body: change(params, body) if name == call else body


def items(change: Callable[[Params, Body], Body | None]) -> Callable[[Params, Body], object]:
    """Change what is on a list, item by item; None leaves one out."""

    def changed(params: Params, body: Body) -> Body:
        listed = [change(params, item) for item in body.get("items", [])]
        return {**body, "items": [item for item in listed if item]} if "items" in body else body

    return changed


def first_page_of_one(params: Params, body: Body) -> Body:
    return {**body, "items": []} if (params.get("page"), params.get("items_per_page")) == ("1", "1") else body


def every_caption_search_finds_all() -> Change:
    """Remember the run's galleries, and list them all where a search looks in the name."""
    known: dict[str, Body] = {}

    def change(call: str, params: Params, body: Body) -> object:
        if call == "gallery.list":
            known.update({entry["fid"]: entry for entry in body.get("galleries", [])})
            if params.get("search", "").startswith("caption=word"):
                return {**body, "galleries": list(known.values())}
        return body

    return change


def another_where_there_is_none() -> Change:
    """List some other asset where a rid is not found."""
    known: list[Body] = []

    def change(call: str, params: Params, body: Body) -> object:
        if call == "asset.list" and body.get("items"):
            known[:] = [{**body["items"][0], "rid": "another"}]
        return {**body, "items": known} if call == "asset.list" and "rid" in params and not body["items"] else body

    return change


def forgets_galleries(call: str, params: Params, body: Body) -> object:
    if call == "gallery.create":
        return {name: value for name, value in body.items() if name != "fid"}
    return {**body, "galleries": []} if call == "gallery.list" and "galleries" in body else body


def misnames_galleries(call: str, params: Params, body: Body) -> object:
    if call == "gallery.list" and "galleries" in body:
        return {**body, "galleries": [{**entry, "name": "another"} for entry in body["galleries"]]}
    return forgets_galleries(call, params, body)


def forgets_all_but_home(call: str, params: Params, body: Body) -> object:
    if call == "gallery.list" and "galleries" in body:
        return {**body, "galleries": [entry for entry in body["galleries"] if entry["name"].endswith(" home")]}
    return forgets_galleries(call, params, body)


def without_note_at_the_top(params: Params, body: Body) -> Body:
    first, *rest = body.get("items") or [{}]
    return {**body, "items": rest} if first.get("filename", "").endswith("note.txt") else body


def bare(params: Params, body: Body) -> Body:
    return {"success": body["success"], "runtime": body["runtime"]}


def nameless(params: Params, item: Body) -> Body:
    return {name: value for name, value in item.items() if name != "rid"}


UNSEEN: list[tuple[Change, str, str]] = [
    (of("asset.list", first_page_of_one), "asset.list.takes.page", "the first page is empty"),
    (
        of("asset.list", items(lambda _, item: {**dict.fromkeys(DETAILS.split(","), ""), **item})),
        "asset.list.takes.details",
        "all is told without being asked for",
    ),
    (
        of("asset.list", items(lambda params, item: item if params.get("details") != DETAILS else None)),
        "asset.set_meta.takes.caption",
        "a new asset is not found by its rid",
    ),
    (
        of("asset.get_tags", lambda *_: REFUSED),
        "asset.get_tags.shape",
        "asset.get_tags was refused: APIError, HTTP 200",
    ),
    (
        of("asset.get_tags", lambda _, body: {**body, "tags": 7}),
        "asset.get_tags.shape",
        "the tags have a form that nobody thought of",
    ),
    (of("portal.list", lambda *_: "none"), "portal.list.answers.portals", "ResponseDecodeError in the midst of it"),
    (
        of("gallery.get_items", lambda _, body: {**body, "items": []} if "items" in body else body),
        "gallery.add_item.many",
        "one asset alone does not come into a gallery",
    ),
    (
        of("gallery.get_items", without_note_at_the_top),
        "gallery.add_item.takes.insert_position",
        "what was put into a gallery is not in it",
    ),
    (of("gallery.get_items", items(nameless)), "gallery.add_item.position", "gallery.get_items told no rid"),
    (
        of("gallery.download", bare),
        "gallery.download.field",
        "gallery.download answered no link",
    ),
    (every_caption_search_finds_all(), "gallery.list.search_caption", "others were found"),
    (
        forgets_galleries,
        "asset.list.takes.rid",
        "what it is tried on could not be made: no gallery can be made: its fid is not answered, nor is it listed",
    ),
    (
        misnames_galleries,
        "asset.list.takes.rid",
        "what it is tried on could not be made: no gallery can be made: its fid is not answered, nor is it listed",
    ),
    (
        forgets_all_but_home,
        "gallery.create.takes.name",
        "what it is tried on could not be made: gallery.create told no fid, and no gallery of that name was found",
    ),
    (
        of("asset.list", lambda params, body: {**body, "items": []} if "rid" in params else body),
        "asset.delete.does",
        "an asset that is there is not found by its rid",
    ),
    (another_where_there_is_none(), "asset.list.rid_exact", "others were found than the rid begins"),
    (
        of("gallery.get_items", lambda _, body: {**body, "items": "none"} if "items" in body else body),
        "gallery.add_item.position",
        "gallery.get_items answered no list",
    ),
    (
        of("ping", lambda params, body: REFUSED if params["api_token"].startswith("AAAA") else body),
        "token.get_temp.takes.ttl",
        "a new token is not taken",
    ),
    (
        of("webhook.set", lambda params, body: REFUSED if params.get("events") == "asset.uploaded" else body),
        "webhook.key",
        "a hook could not be set",
    ),
    (of("token.get_temp", bare), "token.get_temp.field", "token.get_temp answered no token"),
    (
        of("upload.iframe", lambda params, body: REFUSED if "fid" in params else body),
        "upload.iframe.takes.fid",
        "upload.iframe refuses a gallery that there is",
    ),
]


@pytest.mark.parametrize(("change", "id", "reason"), UNSEEN)
def test_an_odd_answer_is_told_and_refutes_nothing_but_itself(change: Change, id: str, reason: str) -> None:
    """Where the service answers what nobody thought of, the facts that it hides are said not to be seen, and why."""
    findings = tried(change=change)

    assert (findings[id].verdict, findings[id].evidence) == ("not testable", reason)
    # A field that is not answered is a finding of its own.
    assert {id for id, finding in findings.items() if finding.verdict == "refuted"} <= {
        "gallery.create.answers.fid",
        "portal.list.answers.portals",
    }


SEEN: list[tuple[Change, str, Value]] = [
    (
        of("asset.list", lambda params, body: REFUSED if params.get("page") == "1000000" else body),
        "asset.list.beyond",
        "refused",
    ),
    (
        of("gallery.get_items", lambda _, body: body if body["success"] else {"success": False}),
        "failure.unknown_fid",
        "refused",
    ),
]


@pytest.mark.parametrize(("change", "id", "seen"), SEEN)
def test_an_odd_answer_is_what_was_seen(change: Change, id: str, seen: Value) -> None:
    """What a service does that nobody thought of, and that concerns a fact, refutes it."""
    findings = tried(change=change)

    assert {id: finding.seen for id, finding in findings.items() if finding.verdict == "refuted"} == {id: seen}


def test_where_nothing_shows_how_posts_are_read_nothing_is_changed() -> None:
    """With parameters that may not be read from the query, calls would do something else than they are made for."""
    findings = tried({"parameters.query": "body"}, change=of("gallery.list", lambda _, body: {**body, "galleries": []}))

    assert (
        findings["parameters.query"].evidence
        == "a new gallery is neither on the first page of the list nor on the last"
    )
    assert findings["asset.delete.does"].evidence == (
        "a POST's parameters are not read from its query, so nothing was changed"
    )
