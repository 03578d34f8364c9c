"""How answers that hold lists are read: pages of galleries, lists of portals, hooks and live streams."""

from __future__ import annotations

from typing import Any

import pytest

from cincopa_async import (
    Asset,
    AssetPage,
    Gallery,
    GalleryArchive,
    GalleryPage,
    LiveList,
    LiveStream,
    Portal,
    PortalList,
    ResponseDecodeError,
    UploadToken,
    Webhook,
    WebhookList,
)
from cincopa_async._codec import decode
from tests.described import CALLS, PAGE, example_of, reply

NUMBERS = {"page": 1, "items_per_page": 50, "items_count": 1, "pages_count": 1}


def read(name: str, answer: dict[str, Any]) -> Any:
    return decode(CALLS[name], reply({"success": True, "runtime": 3, **answer}))


def test_page_of_galleries_is_read() -> None:
    """Its galleries, its numbers, and what else stands in it."""
    page = decode(CALLS["gallery.list"], reply(example_of(CALLS["gallery.list"])))

    assert isinstance(page, GalleryPage)
    (gallery,) = page.items
    assert (gallery.fid, gallery.name, gallery.tags) == ("A4IAt0vEoO", "Cats", ("pet", "big cat"))
    assert "CANARY" not in repr(page)
    assert (page.page, page.items_count, page.workspace) == (1, 1, "W1")
    assert page.tag_cloud == {"pet": 1, "big cat": 2}
    assert page.extra == {}


@pytest.mark.parametrize(
    ("answer", "page"),
    [
        ({}, GalleryPage()),
        ({"galleries": None}, GalleryPage()),
        ({"items": [{"fid": "F1"}]}, GalleryPage(items=(Gallery(fid="F1"),))),
        ({"tag_cloud": {"a": "many"}, "new": 1}, GalleryPage(tag_cloud={"a": None}, extra={"new": 1})),
        ({"tag_cloud": ["a"], "workspace": {}}, GalleryPage(extra={"tag_cloud": ["a"], "workspace": {}})),
        ({"galleries": [{"name": 5, "new": [1]}]}, GalleryPage(items=(Gallery(name="5", extra={"new": [1]}),))),
    ],
)
def test_page_of_galleries_is_read_with_tolerance(answer: dict[str, Any], page: GalleryPage) -> None:
    """Nothing is required; what cannot be read is kept."""
    assert read("gallery.list", answer) == page


@pytest.mark.parametrize(
    ("answer", "page"),
    [
        ({"items": [{"rid": "R1"}]}, AssetPage(items=(Asset(rid="R1"),))),
        ({"folder": {"items": [{"rid": "R1"}]}}, AssetPage(items=(Asset(rid="R1"),), extra={"folder": {}})),
        (
            {"folder": {"items": [{"rid": "R1"}], "fid": "F1"}, "items_data": NUMBERS},
            AssetPage(items=(Asset(rid="R1"),), extra={"folder": {"fid": "F1"}}, **NUMBERS),
        ),
        (
            {"items": None, "folder": {"items": [{"rid": "R1"}]}},
            AssetPage(items=(Asset(rid="R1"),), extra={"folder": {}}),
        ),
        ({"folder": "F1"}, AssetPage(extra={"folder": "F1"})),
        ({"folder": {"fid": "F1"}}, AssetPage(extra={"folder": {"fid": "F1"}})),
        ({}, AssetPage()),
    ],
)
def test_items_of_a_gallery_are_read_wherever_they_stand(answer: dict[str, Any], page: AssetPage) -> None:
    """At the top, or in a folder, whose other fields are kept."""
    answer = {key: value for key, value in answer.items() if value is not None}

    assert read("gallery.get_items", answer) == page


def test_reading_leaves_the_answer_as_it_was() -> None:
    """It may be an answer that somebody else holds too."""
    answer = {"success": True, "folder": {"items": [{"rid": "R1"}], "fid": "F1"}, "items_data": dict(NUMBERS)}
    before = repr(answer)
    decode(CALLS["gallery.get_items"], reply(answer))

    assert repr(answer) == before


@pytest.mark.parametrize("wrong", ["F1", {"F1": {}}, ["F1"], 5])
@pytest.mark.parametrize(("name", "key"), [("gallery.list", "galleries"), ("gallery.get_items", "items")])
def test_page_whose_items_are_no_list_of_objects_cannot_be_read(name: str, key: str, wrong: object) -> None:
    """They are what the call is for."""
    with pytest.raises(ResponseDecodeError, match="items are not a list of objects"):
        read(name, {key: wrong})


@pytest.mark.parametrize(
    ("name", "key", "result"),
    [
        ("portal.list", "portals", PortalList(portals=(Portal(name="a", extra={"new": 1}),))),
        ("portal.list", "items", PortalList(portals=(Portal(name="a", extra={"new": 1}),))),
        ("webhook.list", "webhooks", WebhookList(webhooks=(Webhook(extra={"name": "a", "new": 1}),))),
        ("webhook.list", "hooks", WebhookList(webhooks=(Webhook(extra={"name": "a", "new": 1}),))),
        ("live.list", "streams", LiveList(streams=(LiveStream(name="a", extra={"new": 1}),))),
        ("live.list", "live", LiveList(streams=(LiveStream(name="a", extra={"new": 1}),))),
    ],
)
def test_list_is_read_under_each_name_that_it_may_have(name: str, key: str, result: Any) -> None:
    """Where nobody knows for sure."""
    assert read(name, {key: [{"name": "a", "new": 1}]}) == result
    assert read(name, {key: []}) == type(result)()
    assert read(name, {"elsewhere": [1]}) == type(result)(extra={"elsewhere": [1]})


@pytest.mark.parametrize("wrong", ["a", {"a": {}}, ["a"], [{}, 5]])
@pytest.mark.parametrize(("name", "key"), [("portal.list", "portals"), ("live.list", "streams")])
def test_list_that_cannot_be_read_is_kept(name: str, key: str, wrong: object) -> None:
    """Its shape is not documented."""
    assert read(name, {key: wrong}).extra == {key: wrong}


@pytest.mark.parametrize("events", ["asset.*, gallery.created", ["asset.*", "gallery.created"]])
def test_events_of_a_hook_are_a_comma_list_or_a_list(events: object) -> None:
    """And its URL stands under one of two names."""
    hooks = [{"hook_url": "https://a/", "events": events}, {"url": "https://b/", "events": events}]
    wanted = ("asset.*", "gallery.created")

    assert [(hook.hook_url, hook.events) for hook in read("webhook.list", {"webhooks": hooks}).webhooks] == [
        ("https://a/", wanted),
        ("https://b/", wanted),
    ]


@pytest.mark.parametrize("key", ["url", "download_url", "link"])
def test_archive_is_read_under_each_name_that_it_may_have(key: str) -> None:
    """Where nobody knows for sure."""
    assert read("gallery.download", {key: "https://a/"}) == GalleryArchive(url="https://a/")


@pytest.mark.parametrize("key", ["upload_token", "token", "api_token"])
def test_upload_token_is_read_under_each_name_that_it_may_have(key: str) -> None:
    """Where nobody knows for sure."""
    assert read("upload.get_upload_token", {key: "t"}) == UploadToken(value="t")


@pytest.mark.parametrize(
    ("name", "lack"),
    [
        ("gallery.create", "no fid"),
        ("gallery.download", "no url or download_url or link"),
        ("upload.get_upload_token", "no upload_token or token or api_token"),
    ],
)
def test_answer_without_what_the_call_is_for_cannot_be_read(name: str, lack: str) -> None:
    """The error says what is missing; where the answer might hold a secret it is not shown."""
    with pytest.raises(ResponseDecodeError, match=lack) as caught:
        read(name, {"somewhere": "CANARY-CAPABILITY"})

    assert (caught.value.body is None) is (name != "gallery.create")


def test_page_that_was_asked_for_is_text() -> None:
    """Whatever bytes it is of; a JSON object in its place is none."""
    assert decode(PAGE, reply(b"<html>\xff</html>")) == "<html>\ufffd</html>"
    assert decode(PAGE, reply(b"")) == ""
    with pytest.raises(ResponseDecodeError, match="where a page was asked for"):
        decode(PAGE, reply({"success": True}))
