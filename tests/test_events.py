"""A webhook's body to an event: tables of bytes."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import traceback
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cincopa_async import Asset, WebhookDecodeError, WebhookEvent, parse_event

FORM = "application/x-www-form-urlencoded"
JSON = "application/json; charset=utf-8"
UPLOADED = {
    "event": "asset.uploaded",
    "drid": "A4KANh__rQ_m",
    "id": "1000001",
    "filename": "cat.mp4",
    "type": "video",
    "caption": "Cat",
    "filesize": "62 byte",
    "tags": "car, new",
    "modified": "2025-02-24T09:16:14Z",
    "security_key": "CANARY-SIGNATURE",
    "colour": {"of": ["the", "cat"]},
}


def parsed(fields: object, content_type: str | None = JSON) -> WebhookEvent:
    return parse_event(json.dumps(fields).encode(), content_type)


def test_event_of_an_asset_holds_the_asset() -> None:
    """Fields are read as those of an answer are; what is not known is kept, the security key is not."""
    event = parsed(UPLOADED)

    assert (event.event, event.rid, event.fid) == ("asset.uploaded", "A4KANh__rQ_m", None)
    assert event.asset == Asset(
        rid="A4KANh__rQ_m",
        id=1000001,
        filename="cat.mp4",
        type="video",
        caption="Cat",
        filesize=62,
        tags=("car", "new"),
        modified=datetime(2025, 2, 24, 9, 16, 14, tzinfo=UTC),
        extra={"colour": {"of": ["the", "cat"]}},
    )
    assert event.raw == {key: value for key, value in UPLOADED.items() if key != "security_key"}


def test_security_key_is_nowhere_in_an_event() -> None:
    """Whoever logs an event, or stores it, gives nothing away."""
    event = parsed(UPLOADED)

    assert "CANARY" not in repr((event, event.raw, event.asset and event.asset.extra))


@pytest.mark.parametrize(
    ("fields", "rid"),
    [
        ({"event": "asset.synced", "drid": "D", "rid": "R"}, "D"),
        ({"event": "asset.synced", "drid": "", "rid": "R"}, "R"),
        ({"event": "asset.synced", "rid": 7}, "7"),
        ({"event": "asset.synced", "drid": ["D"]}, None),
        ({"event": "asset.synced", "id": 1}, None),
    ],
)
def test_rid_is_told_under_either_name(fields: dict[str, Any], rid: str | None) -> None:
    """What cannot be read is None."""
    event = parsed(fields)

    assert event.rid == rid
    assert event.asset is not None
    assert event.asset.rid == rid


@pytest.mark.parametrize(
    ("fields", "name", "has_asset"),
    [
        ({"event": "gallery.updated", "fid": "F4"}, "gallery.updated", False),
        ({"event": "gallery.synced", "fid": "F4", "rid": "A4"}, "gallery.synced", False),
        ({"event": "asset.frobnicated", "rid": "A4"}, "asset.frobnicated", True),
        ({"event": " asset.updated "}, "asset.updated", True),
        ({"event": "leads.new", "mail": "a@example.com"}, "leads.new", False),
        ({"event": 7, "mail": "a@example.com"}, "7", False),
        ({"event": None, "id": 1, "filename": "cat.mp4", "modified": "2025-02-24"}, None, True),
        ({"drid": "A4"}, None, True),
        ({"event": {"name": "asset.updated"}, "mail": "a@example.com"}, None, False),
        ({"event": "", "mail": "a@example.com"}, None, False),
    ],
)
def test_unknown_events_are_events(fields: dict[str, Any], name: str | None, *, has_asset: bool) -> None:
    """A word that is new, a name that is missing: the body is kept, and an asset is read where there is one."""
    event = parsed(fields)

    assert event.event == name
    assert (event.asset is not None) is has_asset
    assert event.fid == fields.get("fid")
    assert event.raw == fields


@pytest.mark.parametrize("content_type", [JSON, "text/plain", FORM, "", None])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b" \r\n\t"])
def test_json_is_read_whatever_the_content_type_says(content_type: str | None, before: bytes) -> None:
    """A byte order mark and blanks in front do no harm."""
    assert parse_event(before + b'{"event": "asset.synced"}', content_type).event == "asset.synced"


@pytest.mark.parametrize("content_type", [FORM, "Application/X-WWW-Form-Urlencoded ; charset=UTF-8"])
@pytest.mark.parametrize(
    "body",
    [
        urlencode({"event": "asset.uploaded", "drid": "A4", "caption": "Ça & là", "description": ""}),
        urlencode({"payload": json.dumps({"event": "asset.uploaded", "drid": "A4", "caption": "Ça & là"})}),
        urlencode({"p": '{"event": "asset.uploaded", "drid": "A4", "caption": "Ça & là"}', "security_key": "K"}),
        urlencode({'{"event": "asset.uploaded", "drid": "A4", "caption": "Ça & là"}': ""}),
    ],
)
def test_form_is_read_as_its_fields_or_as_the_json_in_its_only_one(content_type: str, body: str) -> None:
    """How the body is laid out is not documented, so all that was thought of is taken."""
    event = parse_event(body.encode(), content_type)

    assert (event.event, event.rid) == ("asset.uploaded", "A4")
    assert event.asset is not None
    assert event.asset.caption == "Ça & là"
    assert "security_key" not in event.raw


def test_form_with_one_plain_field_is_an_event() -> None:
    """It is no JSON, and need not be."""
    assert parse_event(b"event=asset.synced", FORM).raw == {"event": "asset.synced"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", JSON),
        (b"", FORM),
        (b"", None),
        (b"{}", JSON),
        (b'{"security_key": "CANARY-SIGNATURE"}', JSON),
        (b"security_key=CANARY-SIGNATURE", FORM),
        (b"payload=%7B%7D", FORM),
        (b"[1]", JSON),
        (b'"CANARY-SIGNATURE"', JSON),
        (b'{"event": "CANARY-SIGNATURE', JSON),
        (b'{"a": CANARY-SIGNATURE}', FORM),
        (b"event=asset.synced", "multipart/form-data; boundary=x"),
        (b"event=asset.synced", None),
        (b"<html>CANARY-SIGNATURE</html>", "text/html"),
        (b'{"a":' * 100_000, JSON),
        (b'{"a":' + b"[" * 60 + b"]" * 60 + b"}", JSON),
        (b'{"a":' + b"9" * 10_000 + b"}", JSON),
        (b"&".join(b"a%d=1" % number for number in range(1_001)), FORM),
        (b"payload=" + b"%7B%22a%22:" * 10_000, FORM),
        (b"\xff\xfe{\x00}\x00", JSON),
    ],
)
def test_body_that_is_no_event_is_an_error_that_does_not_quote_it(body: bytes, content_type: str | None) -> None:
    """Nor does its chain: what a stranger sends comes into no log."""
    with pytest.raises(WebhookDecodeError) as caught:
        parse_event(body, content_type)

    assert "CANARY" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert caught.value.message == str(caught.value)


def test_form_of_many_fields_is_read() -> None:
    """Up to a thousand."""
    body = b"&".join(b"a%d=1" % number for number in range(1_000))

    assert len(parse_event(body, FORM).raw) == 1_000


@given(st.binary(max_size=200), st.sampled_from([JSON, FORM, None]))
def test_garbage_is_an_event_or_an_error(body: bytes, content_type: str | None) -> None:
    """Nothing else is raised."""
    with contextlib.suppress(WebhookDecodeError):
        assert parse_event(body, content_type).raw


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({"fid": _VALUES}, optional=dict.fromkeys(UPLOADED, _VALUES)))
def test_field_of_any_shape_is_taken(fields: dict[str, Any]) -> None:
    """A field that cannot be read stays where all fields are."""
    event = parsed(fields)

    assert event.raw == {key: value for key, value in fields.items() if key != "security_key"}


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("asset.uploaded", "asset.uploaded", True),
        ("asset.uploaded", "asset.updated", False),
        ("asset.uploaded", None, False),
        ("asset.*", "asset.uploaded", True),
        ("asset.*", "asset.a.b", True),
        ("asset.*", "assets.uploaded", False),
        ("asset.*", "asset", False),
        ("asset.*", None, False),
        ("*", "asset.uploaded", True),
        ("*", "word", True),
        ("*", None, True),
    ],
)
def test_pattern_is_a_name_a_group_or_all(pattern: str, name: str | None, *, matches: bool) -> None:
    """As ``webhook.set`` has them; an event without a name is met by the star alone."""
    assert WebhookEvent(event=name).matches(pattern) is matches


@pytest.mark.parametrize("pattern", ["", " ", "asset*", "*.uploaded", "**", "a.*.*"])
def test_star_elsewhere_is_refused(pattern: str) -> None:
    """It would match nothing, and nobody would know."""
    with pytest.raises(ValueError, match="pattern must"):
        WebhookEvent().matches(pattern)


@pytest.mark.parametrize(
    ("arguments", "name"), [(("{}", None), "body"), ((None, None), "body"), ((b"{}", b"x"), "content_type")]
)
def test_wrong_type_is_named(arguments: tuple[Any, Any], name: str) -> None:
    """A str is not the body as it came."""
    with pytest.raises(TypeError, match=f"{name} must be"):
        parse_event(*arguments)


def test_event_survives_copies() -> None:
    """It may go to another process: into a queue of tasks, for one."""
    event = parsed(UPLOADED)

    assert pickle.loads(pickle.dumps(event)) == copy.deepcopy(event) == event
