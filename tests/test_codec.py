"""What an answer means: the model it holds, or the error it amounts to."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import NoneType
from typing import Any
from urllib.parse import quote

import pytest
from attrs import evolve

from cincopa_async import (
    Account,
    APIError,
    Asset,
    AssetPage,
    AuthenticationError,
    CincopaError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ServerError,
    StartedUpload,
    TagList,
    TemporaryToken,
    UploadState,
    UploadStatus,
    UploadURL,
)
from cincopa_async._calls import Call, Safety
from cincopa_async._codec import Reply, decode
from tests.conftest import CANARIES, TOKEN
from tests.described import ANY_CALL, CALLS, DOCUMENTED, SIGNED_INPUT, describing_functions, example_of, reply

PING, LIST, TAGS, DELETE, START = (
    CALLS[name] for name in ("ping", "asset.list", "asset.get_tags", "asset.delete", "asset.upload_from_url")
)
STATUS = CALLS["asset.upload_from_url_get_status"]
UPLOAD_URL, GET_TEMP = CALLS["asset.get_upload_url"], CALLS["token.get_temp"]
HTML = b"<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def refused(call: Call[Any], answer: Reply) -> APIError:
    with pytest.raises(APIError) as caught:
        decode(call, answer)
    return caught.value


def undecodable(call: Call[Any], answer: Reply) -> ResponseDecodeError:
    with pytest.raises(ResponseDecodeError) as caught:
        decode(call, answer)
    return caught.value


def status_of(**fields: Any) -> UploadStatus:
    status: UploadStatus = decode(STATUS, reply({"success": True, "runtime": 1, **fields}))
    return status


def asset_of(**fields: Any) -> Asset:
    page: AssetPage = decode(LIST, reply({"success": True, "items": [fields]}))
    return page.items[0]


@pytest.mark.parametrize("name", describing_functions())
def test_every_call_of_the_groups_is_among_those_tested(name: str) -> None:
    """A call that is added is decoded by the tables here too."""
    source = Path(__file__).with_name("described.py").read_text(encoding="utf-8")

    assert f"{'.'.join(name.split('.')[-2:])}(" in source


def test_documented_list_is_an_empty_page() -> None:
    """An empty page is an answer like any other, with its numbers."""
    page = decode(LIST, reply(DOCUMENTED["asset.list"]))

    assert page == AssetPage(items=(), page=1, items_per_page=50, items_count=0, pages_count=1, extra={})


def test_documented_upload_url_is_kept_byte_for_byte() -> None:
    """Modifying its structure may make the upload fail; it is not shown."""
    url = decode(UPLOAD_URL, reply(DOCUMENTED["asset.get_upload_url"]))

    assert url == UploadURL(
        upload_url="https://mediaupload.cincopa.com/post.jpg?uid={UID}&d=AAAAcAAJFOAAAAAAAAtAURG&hash={HAASH}"
        "&addtofid={FID}&addtorid={ADD_TO_RID}:thumb"
    )
    assert "mediaupload" not in repr(url)


def test_documented_start_gives_the_status_id() -> None:
    """The only handle of the upload."""
    started = decode(START, reply(DOCUMENTED["asset.upload_from_url"]))

    assert started == StartedUpload(status_id="4dfdfdc39-2dfd-4df3c-82d7-b76sdfdcf2677")


def test_documented_status_is_in_progress_though_it_has_a_resid() -> None:
    """A resid proves nothing, "62 byte" is 62, and the input that the debug line tells is not kept."""
    status = decode(STATUS, reply(DOCUMENTED["asset.upload_from_url_get_status"]))

    assert status == UploadStatus(
        state=UploadState.IN_PROGRESS,
        status="inprogress",
        progress_bytes=0,
        file_size_bytes=62,
        progress=1.0,
        rid="AAAAcAAJFOAAAAAAAAtAURG",
        reason=None,
    )
    assert status.fraction == 0.0
    assert status.raw["debug"].endswith("_bytesSendTotal=0 url=[url]")
    assert status.raw["more"] == "string"


@pytest.mark.parametrize("name", ["asset.set_meta", "asset.resync", "asset.delete", "asset.upload_from_url_abort"])
def test_call_that_answers_success_gives_nothing(name: str) -> None:
    """What a change answers beyond success is not kept."""
    assert CALLS[name].result is NoneType
    assert decode(CALLS[name], reply({"success": True, "status_id": "42", "new": 1})) is None
    assert decode(CALLS[name], reply({})) is None


def test_account_is_read_and_knows_what_it_may_do() -> None:
    """Numbers may come as strings; what is new is kept."""
    account = decode(PING, reply({**example_of(PING), "plan": {"name": "pro"}}))

    assert account == Account(
        ping="pong",
        accid="A4IA",
        accid_num=421,
        accemail="account@example.com",
        userid="U4IA",
        userid_num=422,
        useremail="user@example.com",
        permissions="|asset.*|gallery.list|",
        ip="192.0.2.7",
        extra={"plan": {"name": "pro"}},
    )


@pytest.mark.parametrize(
    ("permissions", "call", "allowed"),
    [
        ("|asset.*|gallery.list|", "asset.delete", True),
        ("|asset.*|gallery.list|", "gallery.list", True),
        ("|asset.*|gallery.list|", "gallery.create", False),
        ("asset | portal", "asset.list", True),
        ("*", "asset.list", True),
        ("|*.*|", "asset.list", True),
        ("", "asset.list", False),
        (None, "asset.list", None),
    ],
)
def test_permissions_say_what_is_allowed(permissions: str | None, call: str, allowed: bool | None) -> None:
    """By call, by group, or all; None where Cincopa does not tell them."""
    assert Account(permissions=permissions).allows(call) is allowed


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (62, 62),
        ("62", 62),
        (" 62 ", 62),
        ("62 byte", 62),
        ("62 Bytes", 62),
        ("62bytes", 62),
        ("62.0", 62),
        (62.9, 62),
        (0, 0),
        ("+7", 7),
        (-1, None),
        ("-1", None),
        (-1.0, None),
        (None, None),
        (10**30, 10**30),
    ],
)
def test_size_is_read_in_every_spelling(sent: object, read: int | None) -> None:
    """As a number, a string or with its unit; -1 stands for unknown."""
    asset = asset_of(filesize=sent)

    assert asset.filesize == read
    assert type(asset.filesize) is type(read)
    assert asset.extra == {}


@pytest.mark.parametrize(
    "sent", ["", "big", "62 KB", "1e3", "0x10", True, [62], {"bytes": 62}, 10**31, -(10**31), 1e300]
)
def test_size_that_cannot_be_read_is_kept_as_it_is(sent: object) -> None:
    """The field is None, what was sent stands in `extra`."""
    asset = asset_of(filesize=sent)

    assert asset.filesize is None
    assert asset.extra == {"filesize": sent}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (1, 1.0),
        (99.5, 99.5),
        ("12.5", 12.5),
        (" 3 ", 3.0),
        (-1, -1.0),
        (None, None),
        ("half", None),
        ("nan", None),
        ("inf", None),
        (True, None),
        ([1], None),
        (10**400, None),
    ],
)
def test_progress_is_a_number_or_none(sent: object, read: float | None) -> None:
    """It has no documented scale, so it is given as it comes."""
    assert status_of(progress=sent).progress == read


def test_infinity_and_nan_are_no_progress() -> None:
    """Python's JSON reads words that JSON does not have."""
    status = decode(STATUS, reply(b'{"status": "inprogress", "progress": Infinity, "progress_bytes": NaN}'))

    assert status.progress is None
    assert status.progress_bytes is None
    assert asset_of(caption=float("nan")).caption == "nan"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2025-02-24T09:16:14.8562610-06:00", datetime(2025, 2, 24, 9, 16, 14, 856261, timezone(timedelta(hours=-6)))),
        ("2025-02-24T09:16:14Z", datetime(2025, 2, 24, 9, 16, 14, tzinfo=UTC)),
        ("2025-02-24T09:16:14.5", datetime(2025, 2, 24, 9, 16, 14, 500_000)),  # noqa: DTZ001 - none is sent
        (" 2025-02-24 09:16 ", datetime(2025, 2, 24, 9, 16)),  # noqa: DTZ001
        ("2025-02-24", datetime(2025, 2, 24)),  # noqa: DTZ001
        ("", None),
        (None, None),
    ],
)
def test_date_is_read_with_and_without_an_offset(sent: object, read: datetime | None) -> None:
    """Seven digits of a second are one too many for Python; without a time zone there is none made up."""
    asset = asset_of(uploaded=sent)

    assert asset.uploaded == read
    assert asset.uploaded is None or read is None or asset.uploaded.tzinfo == read.tzinfo
    assert asset.extra == {}


@pytest.mark.parametrize("sent", ["yesterday", "2025-13-01", 1740388574, True, {}, "\ud800"])
def test_date_that_cannot_be_read_is_kept_as_it_is(sent: object) -> None:
    """The field is None, what was sent stands in `extra`."""
    asset = asset_of(uploaded=sent)

    assert asset.uploaded is None
    assert asset.extra == {"uploaded": sent}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("car, recentlaunch,imported car", ("car", "recentlaunch", "imported car")),
        (["car ", "new"], ("car", "new")),
        ("", ()),
        (" , ,", ()),
        ([], ()),
        (None, None),
    ],
)
def test_tags_of_an_asset_are_read_as_words(sent: object, read: tuple[str, ...] | None) -> None:
    """They are written with comma and space, or as a list."""
    assert asset_of(tags=sent).tags == read


@pytest.mark.parametrize("sent", [5, {"car": 1}, ["car", 1], True])
def test_tags_that_cannot_be_read_are_kept_as_they_are(sent: object) -> None:
    """The field is None, what was sent stands in `extra`."""
    asset = asset_of(tags=sent)

    assert asset.tags is None
    assert asset.extra == {"tags": sent}


@pytest.mark.parametrize(
    ("sent", "read"),
    [("Cat", "Cat"), ("", ""), (42, "42"), (4.5, "4.5"), (12345678901234567890, "12345678901234567890"), (None, None)],
)
def test_text_may_come_as_a_number(sent: object, read: str | None) -> None:
    """An empty text is a text, not a missing one."""
    assert asset_of(caption=sent).caption == read


@pytest.mark.parametrize("sent", [True, ["Cat"], {"text": "Cat"}, 10**31])
def test_text_that_cannot_be_read_is_kept_as_it_is(sent: object) -> None:
    """The field is None, what was sent stands in `extra`."""
    asset = asset_of(caption=sent)

    assert asset.caption is None
    assert asset.extra == {"caption": sent}


def test_asset_without_any_field_is_an_asset() -> None:
    """Missing optional fields are None, new ones are kept."""
    assert asset_of() == Asset()
    assert asset_of(rid="A4", codec="h264") == Asset(rid="A4", extra={"codec": "h264"})


def test_listed_asset_has_its_fields() -> None:
    """Every field of the reference stands under its own name, in the type it is promised."""
    asset = decode(LIST, reply(example_of(LIST))).items[0]

    assert (asset.id, asset.rid, asset.type, asset.filename) == (1000001, "A4KANh__rQ_m", "video", "cat.mp4")
    assert (asset.caption, asset.description, asset.filesize) == ("Cat", "A cat", 62)
    assert asset.tags == ("car", "recentlaunch")
    assert (asset.uploaded_by, asset.syncstatus, asset.storage) == ("user@example.com", "synced", "cincopa")
    assert asset.modified == datetime(2025, 2, 24, 9, 16, 14)  # noqa: DTZ001 - none is sent
    assert asset.extra == {}


@pytest.mark.parametrize(
    ("sent", "page"),
    [
        ({"items_data": {"page": "2", "pages_count": "7", "items_count": -1}}, AssetPage(page=2, pages_count=7)),
        ({"items": None}, AssetPage()),
        ({}, AssetPage()),
        ({"items_data": {"page": 1, "next": "x"}}, AssetPage(page=1, extra={"items_data": {"next": "x"}})),
        ({"items_data": {"page": [1]}}, AssetPage(extra={"items_data": {"page": [1]}})),
        ({"items_data": [1]}, AssetPage(extra={"items_data": [1]})),
        ({"items_data": None}, AssetPage()),
        ({"folder": "x", "runtime": 5, "success": True}, AssetPage(extra={"folder": "x"})),
    ],
)
def test_numbers_of_a_page_are_read_with_tolerance(sent: dict[str, Any], page: AssetPage) -> None:
    """What is missing is None, what is new or cannot be read is kept."""
    assert decode(LIST, reply(sent)) == page


@pytest.mark.parametrize("items", [{}, "none", 0, ["A4"], [{}, None], [[]]])
def test_page_whose_items_are_no_objects_cannot_be_decoded(items: object) -> None:
    """An empty page in its place would be a wrong answer."""
    error = undecodable(LIST, reply({"success": True, "items": items}))

    assert "items" in error.message
    assert not error.maybe_applied


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_empty_answer_to_a_search_by_reference_id_is_an_empty_page(body: bytes) -> None:
    """The documentation says that it may stand for a reference_id that does not exist."""
    assert decode(CALLS["asset.list by reference_id"], reply(body)) == AssetPage()


@pytest.mark.parametrize("name", [name for name in CALLS if name != "asset.list by reference_id"])
def test_any_other_empty_answer_cannot_be_decoded(name: str) -> None:
    """Nothing is not success: a proxy may have answered."""
    error = undecodable(CALLS[name], reply(b""))

    assert error.call == CALLS[name].name
    assert error.maybe_applied is (CALLS[name].safety != "read")


@pytest.mark.parametrize(
    ("sent", "tags"),
    [
        ({"tags": ["car ", "new", ""]}, {"car": None, "new": None}),
        ({"tags": "car, new"}, {"car": None, "new": None}),
        ({"tags": {"car": 2, "new": "3", "odd": "many", "off": None}}, {"car": 2, "new": 3, "odd": None, "off": None}),
        ({"tags": []}, {}),
        ({"tags": {}}, {}),
        ({"tags": None}, {}),
        ({}, {}),
    ],
)
def test_tags_of_the_account_are_read_in_both_shapes(sent: dict[str, Any], tags: dict[str, int | None]) -> None:
    """A list of words, or a map of each to its count: the shape is not documented."""
    assert decode(TAGS, reply({"success": True, **sent})) == TagList(tags=tags)


def test_what_else_comes_with_the_tags_is_kept() -> None:
    """As with every model."""
    assert decode(TAGS, reply({"tags": ["car"], "cloud": 1})) == TagList(tags={"car": None}, extra={"cloud": 1})


@pytest.mark.parametrize("tags", [5, [1], [["car"]], True])
def test_tags_of_the_account_that_cannot_be_read_are_an_error(tags: object) -> None:
    """They are what the call is for."""
    assert "tags" in undecodable(TAGS, reply({"tags": tags})).message


@pytest.mark.parametrize(
    "sent",
    [
        {"api_token": "CANARY-TEMPORARY"},
        {"token": "CANARY-TEMPORARY"},
        {"temp_token": "CANARY-TEMPORARY"},
        {"api_token": "", "token": None, "temp_token": "CANARY-TEMPORARY"},
        {"api_token": "CANARY-TEMPORARY", "token": "another", "temp_token": "a third"},
    ],
)
def test_temporary_token_is_found_under_each_of_its_names(sent: dict[str, Any]) -> None:
    """The field's name is not documented; the first that is there counts, and none of them is shown."""
    token = decode(GET_TEMP, reply({"success": True, **sent, "ttl": 600}))

    assert token == TemporaryToken(value="CANARY-TEMPORARY", extra={"ttl": 600})
    assert "CANARY" not in repr(token)


@pytest.mark.parametrize(
    ("call", "field"),
    [(START, "status_id"), (UPLOAD_URL, "upload_url"), (GET_TEMP, "api_token or token or temp_token")],
)
@pytest.mark.parametrize("value", [None, "", "  ", [], {}, True, "absent"])
def test_answer_without_what_the_call_is_for_cannot_be_decoded(call: Call[Any], field: str, value: object) -> None:
    """The error names the field, and says that a write may have been done."""
    answer = {"success": True, "runtime": 5} | ({} if value == "absent" else {field.partition(" ")[0]: value})
    error = undecodable(call, reply(answer))

    assert error.message == f"the answer has no {field}"
    assert error.call == call.name
    assert error.maybe_applied is (call.safety == "write")


def test_start_without_status_id_shows_what_was_answered() -> None:
    """The body may tell what came of the upload, without the input and the token."""
    error = undecodable(START, reply({"success": True, "runtime": 5, "id": 42, "url": SIGNED_INPUT, "by": TOKEN}))

    assert error.body == '{"success": true, "runtime": 5, "id": 42, "url": "[url]", "by": "[api_token]"}'
    assert error.status_id is None
    assert str(error) == "asset.upload_from_url: the answer has no status_id"


def test_error_about_an_upload_names_it() -> None:
    """A status that cannot be decoded is one of a certain upload."""
    error = undecodable(STATUS, reply(b"{"))

    assert error.status_id == "42"
    assert str(error) == "asset.upload_from_url_get_status: the answer is not a JSON object (upload 42)"


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("completed", UploadState.COMPLETED),
        ("Completed", UploadState.COMPLETED),
        ("COM-PLETED", UploadState.COMPLETED),
        ("failed", UploadState.FAILED),
        ("FAILED ", UploadState.FAILED),
        ("aborted", UploadState.ABORTED),
        ("inprogress", UploadState.IN_PROGRESS),
        ("in_progress", UploadState.IN_PROGRESS),
        ("In-Progress", UploadState.IN_PROGRESS),
        ("pending", UploadState.IN_PROGRESS),
        ("transcoding", UploadState.IN_PROGRESS),
        ("not completed", UploadState.IN_PROGRESS),
        ("", UploadState.IN_PROGRESS),
        (None, UploadState.IN_PROGRESS),
        (3, UploadState.IN_PROGRESS),
        (True, UploadState.IN_PROGRESS),
    ],
)
def test_status_word_is_read_with_tolerance(word: object, state: UploadState) -> None:
    """Without case, dashes, underscores and blanks; a word that nobody knows means "not ended yet"."""
    status = status_of(status=word, resid="A4", progress_bytes=62, file_size_bytes=62)

    assert status.state is state
    assert status.state.is_final is (state is not UploadState.IN_PROGRESS)
    assert status.raw["status"] == word


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"resid": "A4", "progress_bytes": 62, "file_size_bytes": 62}, UploadState.COMPLETED),
        ({"resid": "A4", "progress_bytes": "63", "file_size_bytes": "62 byte"}, UploadState.COMPLETED),
        ({"resid": "A4", "file_size_bytes": -1}, UploadState.COMPLETED),
        ({"resid": "A4"}, UploadState.COMPLETED),
        ({"resid": "A4", "progress_bytes": 61, "file_size_bytes": 62}, UploadState.IN_PROGRESS),
        ({"resid": "A4", "file_size_bytes": 62}, UploadState.IN_PROGRESS),
        ({"resid": "", "progress_bytes": 62, "file_size_bytes": 62}, UploadState.IN_PROGRESS),
        ({"progress_bytes": 62, "file_size_bytes": 62}, UploadState.IN_PROGRESS),
    ],
)
@pytest.mark.parametrize("word", ["ready", "READY"])
def test_ready_is_completed_when_there_is_a_resid_and_no_byte_is_missing(
    word: str, fields: dict[str, Any], state: UploadState
) -> None:
    """One schema lists it in the place of completed; alone it could mean ready to begin."""
    assert status_of(status=word, **fields).state is state


@pytest.mark.parametrize("success", [False, "false", "No"])
def test_status_wins_over_success_false(success: object) -> None:
    """The call tells of an upload that failed, so the upload's failure is the answer."""
    status = decode(
        STATUS, reply({"success": success, "status": "failed", "more": "404 from the input", "message": "other"})
    )

    assert status.state is UploadState.FAILED
    assert status.reason == "404 from the input"


@pytest.mark.parametrize("fields", [{}, {"status": None}, {"progress_bytes": 5}])
def test_success_false_without_status_is_an_error(fields: dict[str, Any]) -> None:
    """It says nothing of the upload: a fault in passing."""
    error = refused(STATUS, reply({"success": False, **fields}))

    assert type(error) is APIError
    assert not error.maybe_applied


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"more": "too large", "error": "x", "message": "y"}, "too large"),
        ({"more": "", "error": "x", "message": "y"}, "x"),
        ({"message": "y"}, "y"),
        ({"more": 404}, "404"),
        ({"more": ["x"]}, None),
        ({}, None),
    ],
)
def test_reason_of_a_failure_is_read(fields: dict[str, Any], reason: str | None) -> None:
    """It stands in `more`; where it does not, in the fields that other failures use."""
    assert status_of(status="failed", **fields).reason == reason


@pytest.mark.parametrize("word", ["inprogress", "completed", "aborted", "ready"])
def test_what_did_not_fail_has_no_reason(word: str) -> None:
    """`more` holds all sorts of notes."""
    assert status_of(status=word, more="string").reason is None


@pytest.mark.parametrize(
    ("fields", "fraction"),
    [
        ({"progress_bytes": 31, "file_size_bytes": 62, "progress": 99}, 0.5),
        ({"progress_bytes": 0, "file_size_bytes": 62, "progress": 99}, 0.0),
        ({"progress_bytes": 70, "file_size_bytes": 62}, 1.0),
        ({"progress_bytes": 31, "file_size_bytes": -1, "progress": 40}, 0.4),
        ({"progress": 140}, 1.0),
        ({"progress": -1}, 0.0),
        ({"progress_bytes": 0, "file_size_bytes": 0, "progress": 40}, None),
        ({"progress_bytes": 31}, None),
        ({}, None),
        ({"status": "completed", "progress": 3}, 1.0),
        ({"progress_bytes": 10**30, "file_size_bytes": 1}, 1.0),
        ({"progress_bytes": 10**4000, "file_size_bytes": 1}, None),
    ],
)
def test_fraction_trusts_bytes_first(fields: dict[str, Any], fraction: float | None) -> None:
    """Then the percentage; None where nothing tells; never outside of 0 to 1."""
    assert status_of(**fields).fraction == fraction


@pytest.mark.parametrize(
    "text",
    [
        f"could not fetch {SIGNED_INPUT}: 404",
        "could not fetch https://media.example.com/my cat.mp4?X-Amz-Signature=CANARY-SIGNATURE: 404",
        f"{TOKEN} may not",
        f"{quote(TOKEN, safe='')} may not",
        quote(SIGNED_INPUT, safe=""),
        "post to https://mediaupload.example/post.jpg?hash=CANARY-CAPABILITY",
    ],
)
def test_status_holds_neither_input_nor_token(text: str) -> None:
    """The debug line contains the input's URL, which may be signed, and errors hold statuses."""
    status = status_of(status="failed", more=text, debug=f"url={text}", deep={"list": [text]}, **{text: 1})

    assert not any(canary in repr((status, status.raw, status.reason)) for canary in CANARIES)


@pytest.mark.parametrize("token", ["s", "e", "1", "completed", "status", '"', "TOKEN", "A4"])
def test_short_token_does_not_change_what_a_status_says(token: str) -> None:
    """Tests use tokens such as "x", which occur in any answer."""
    answer = {"success": True, "status": "completed", "resid": "A4", "progress_bytes": 11, "file_size_bytes": "11 byte"}
    status = decode(STATUS, reply(answer, token=token))

    assert (status.state, status.rid) == (UploadState.COMPLETED, "A4")
    assert (status.progress_bytes, status.file_size_bytes) == (11, 11)


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf", b"\r\n "])
def test_json_may_begin_with_a_mark_or_blanks(prefix: bytes) -> None:
    """A byte order mark is .NET's habit."""
    assert decode(ANY_CALL, reply(prefix + b'{"success": true, "a": "\xff"}')) == {"success": True, "a": "\ufffd"}


def test_call_without_a_model_gives_the_answer_as_it_is() -> None:
    """URLs and all: it is what was asked for."""
    answer = {"success": True, "runtime": 3, "link": SIGNED_INPUT, "n": [1, None]}

    assert decode(ANY_CALL, reply(answer)) == answer


@pytest.mark.parametrize(
    "body",
    [
        HTML,
        b"null",
        b"[]",
        b'"ok"',
        b"42",
        b"OK",
        b'{"success": true, "items": [{"rid": "A4"',
        b'{"success": true} {"success": true}',
        b"\x1f\x8b\x08\x00garbage",
        b"\xff\xfe{\x00}\x00",
        b'{"n": ' + b"9" * 5000 + b"}",
        b'{"deep": ' + b"[" * 51 + b"]" * 51 + b"}",
        b'{"deep": ' + b'{"a":' * 200_000,
    ],
)
def test_success_that_is_no_json_object_cannot_be_decoded(body: bytes) -> None:
    """Whatever the proxy in front of the service says with 200; a write may have been done."""
    for call in [*CALLS.values(), ANY_CALL]:
        error = undecodable(call, reply(body))

        assert error.message == "the answer is not a JSON object", call.name
        assert error.maybe_applied is (call.safety != "read"), call.name
        assert error.__context__ is None, call.name


def test_answer_may_be_nested() -> None:
    """As deep as no API goes, but not so deep that a copy of it fails."""
    body = b'{"deep": ' + b"[" * 49 + b"]" * 49 + b"}"

    assert "deep" in decode(ANY_CALL, reply(body))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The rid was not found", NotFoundError),
        ("NOT FOUND", NotFoundError),
        ("The status_id does not exist", NotFoundError),
        ("gallery doesn't exist", NotFoundError),
        ("invalid rid", NotFoundError),
        ("Invalid fid: A4", NotFoundError),
        ("invalid 'status_id'", NotFoundError),
        ("unknown status id", NotFoundError),
        ("no such resource", NotFoundError),
        ("The status_id is invalid", NotFoundError),
        ("rid: not valid", NotFoundError),
        ("the api_token is missing, unknown or expired", AuthenticationError),
        ("Invalid token", AuthenticationError),
        ("bad API token", AuthenticationError),
        ("token has been revoked", AuthenticationError),
        ("no permission for asset.delete", PermissionDeniedError),
        ("Access denied", PermissionDeniedError),
        ("this call is not allowed", PermissionDeniedError),
        ("internal error", APIError),
        ("grid invalid", APIError),
        ("input is invalid", APIError),
        ("", APIError),
        (None, APIError),
    ],
)
@pytest.mark.parametrize("field", ["message", "error", "more"])
@pytest.mark.parametrize("status", [200, 201])
def test_success_false_means_what_its_text_says(
    text: str | None, kind: type[APIError], field: str, status: int
) -> None:
    """The text stands in one of three fields; the service certainly did not act."""
    error = refused(START, reply({"success": False, field: text, "runtime": 1}, status=status))

    assert type(error) is kind
    assert error.status_code == status
    assert error.message == (text or "success is false, and no reason is given")
    assert error.call == "asset.upload_from_url"
    assert error.maybe_applied is False


@pytest.mark.parametrize("success", [False, "false", "FALSE ", "no", "0"])
def test_success_may_be_a_word(success: object) -> None:
    """Bools come as words elsewhere in the API."""
    assert type(refused(DELETE, reply({"success": success}))) is APIError


@pytest.mark.parametrize("success", [True, "true", "yes", None, 1, "maybe", [], {}])
def test_everything_else_is_success(success: object) -> None:
    """The documentation says that success is always true for 200."""
    assert decode(DELETE, reply({"success": success})) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"message": " first ", "error": "second", "more": "third"}, "first"),
        ({"message": "", "error": "second", "more": "third"}, "second"),
        ({"message": None, "error": ["x"], "more": "third"}, "third"),
    ],
)
def test_first_text_of_a_refusal_counts(answer: dict[str, Any], message: str) -> None:
    """Of the three fields that a reason may stand in."""
    assert refused(DELETE, reply({"success": False, **answer})).message == message


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (301, None, APIError),
        (302, None, APIError),
        (303, None, APIError),
        (307, None, APIError),
        (400, None, APIError),
        (400, "invalid rid", NotFoundError),
        (401, None, AuthenticationError),
        (403, None, AuthenticationError),
        (403, "Unauthorized: the api_token is unknown", AuthenticationError),
        (403, "The permissions of the api_token do not allow asset.delete", PermissionDeniedError),
        (401, "access denied", PermissionDeniedError),
        (403, "rid not found", AuthenticationError),
        (404, None, NotFoundError),
        (404, "There is no such call", NotFoundError),
        (405, "Method not allowed", APIError),
        (408, None, APIError),
        (418, None, APIError),
        (429, None, RateLimitError),
        (429, "rid not found", RateLimitError),
        (500, None, ServerError),
        (500, "invalid token", ServerError),
        (502, None, ServerError),
        (503, None, ServerError),
        (504, None, ServerError),
        (599, None, ServerError),
    ],
)
@pytest.mark.parametrize("as_page", [False, True])
def test_status_code_says_which_error_it_is(status: int, text: str | None, kind: type[APIError], as_page: bool) -> None:
    """With JSON or with a proxy's page; a text tells a refused token from its permissions."""
    body = HTML if as_page and text is None else {"success": False, "message": text}
    error = refused(START, reply(body, status=status))

    assert type(error) is kind
    assert error.status_code == status
    assert text is None or error.message == text


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "Unauthorized"),
        (502, "Bad Gateway"),
        (599, "refused"),
        (302, "redirected, which is not followed: a write could be sent twice, and the token elsewhere"),
    ],
)
def test_refusal_without_a_text_is_put_into_words(status: int, message: str) -> None:
    """A page of HTML is no message; it stands in the body."""
    error = refused(DELETE, reply(HTML, status=status))

    assert error.message == message
    assert error.body == HTML.decode()
    assert str(error) == f"asset.delete: {message} (HTTP {status})"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize("retry_after", [None, 0.0, 7.5])
def test_retry_after_is_carried(status: int, retry_after: float | None) -> None:
    """By the errors after which a call may be sent again."""
    error = refused(PING, reply({}, status=status, retry_after=retry_after))

    assert isinstance(error, RateLimitError | ServerError)
    assert error.retry_after == retry_after


APPLIED: list[tuple[int, float | None, bool]] = [
    (200, None, False),  # with success: false
    *((status, None, True) for status in (301, 302, 303, 307, 308)),
    *((status, None, False) for status in (400, 401, 403, 404, 405, 408, 409, 413, 418, 429)),
    *((status, None, True) for status in (500, 501, 502, 503, 504, 507, 599)),
    (429, 3.0, False),
    (500, 3.0, True),
    (502, 3.0, True),
    (503, 3.0, False),
    (503, 0.0, False),
]


@pytest.mark.parametrize(("status", "retry_after", "applied"), APPLIED)
@pytest.mark.parametrize("safety", ["read", "idempotent", "write"])
def test_error_says_whether_a_write_may_have_been_done(
    status: int, retry_after: float | None, applied: bool, safety: Safety
) -> None:
    """False only where the service certainly did not act: it refused, or says when to come again."""
    call = evolve(ANY_CALL, safety=safety)
    error = refused(call, reply({"success": False}, status=status, retry_after=retry_after))

    assert error.maybe_applied is (applied and safety != "read")


@pytest.mark.parametrize(
    "echo",
    [
        f'{{"success": false, "message": "no: {SIGNED_INPUT} by {TOKEN}", "input": "{SIGNED_INPUT}"}}',
        json.dumps({"success": False, "error": f"bad {TOKEN}", "url": SIGNED_INPUT}).replace("/", "\\/"),
        json.dumps({"success": False, "more": f"?api_token={quote(TOKEN, safe='')}&input={quote(SIGNED_INPUT)}"}),
        f'{{"success": false, "upload_url": "https://up.example/post.jpg?hash=CANARY-CAPABILITY", "more": "{TOKEN}"',
        f"<p>GET /v2/x.json?api_token={quote(TOKEN, safe='')}&amp;input={quote(SIGNED_INPUT, safe='')}</p>",
    ],
)
@pytest.mark.parametrize("status", [200, 302, 403, 404, 429, 500, 503])
def test_no_error_repeats_token_or_urls(status: int, echo: str) -> None:
    """Not in its text, not in its attributes, not in its chain, however the service echoes them, to whatever call."""
    for call in [*CALLS.values(), ANY_CALL]:
        with pytest.raises(CincopaError) as caught:
            decode(call, reply(echo.encode(), status=status))

        error = caught.value
        shown = f"{error} {error!r} {vars(error)!r} {error.args!r}"
        assert not any(canary in shown for canary in CANARIES), call.name
        assert error.__context__ is None, call.name


@pytest.mark.parametrize("call", [UPLOAD_URL, GET_TEMP])
@pytest.mark.parametrize("status", [200, 500])
def test_errors_of_calls_that_ask_for_a_secret_show_no_body(call: Call[Any], status: int) -> None:
    """Whatever its shape, it may hold the secret that was asked for."""
    with pytest.raises(CincopaError) as caught:
        decode(call, reply(b'{"value": "CANARY-CAPABILITY"', status=status))

    assert getattr(caught.value, "body", "") is None


def test_temporary_token_asked_for_by_name_is_not_shown_either() -> None:
    """A call without a method here may ask for a token too, and its answer may come cut off."""
    error = undecodable(ANY_CALL, reply(b'{"success": true, "temp_token": "CANARY-CAPABILITY'))

    assert error.body == '{"success": true, "temp_token": "[api_token]'


def test_body_of_an_error_is_only_the_start() -> None:
    """A megabyte of HTML would fill logs."""
    error = undecodable(ANY_CALL, reply(b"x " * 500_000))

    assert error.body is not None
    assert len(error.body) == 2000


@pytest.mark.parametrize("shown", range(1, 60))
@pytest.mark.parametrize(
    "spelling", [TOKEN, quote(TOKEN, safe=""), TOKEN.replace("/", "&#x2F;").replace("+", "&#x2B;")]
)
def test_token_at_the_edge_of_what_is_read_is_not_shown_in_half(spelling: str, shown: int) -> None:
    """Half a token is not known as one, so what could be one is left out."""
    before = '{"url": "https://x/' + "a" * 7900 + '", "by": "'
    padding = "a" * (8000 - shown - len(before))
    error = undecodable(ANY_CALL, reply(f"{before.replace('/a', f'/{padding}a', 1)}{spelling} and more".encode()))

    assert error.body is not None
    assert "CANARY" not in error.body


def test_reply_does_not_show_itself() -> None:
    """Neither the body nor the token."""
    assert repr(reply(b"CANARY-CAPABILITY")) == "Reply(status_code=200, retry_after=None)"
