"""What stays of an answer in a recording, and what stands in for the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cincopa_async.testing._scrub import Scrubber

RID = "A4KANh__rQ_m"
STATUS_ID = "4dfdfdc3-2dfd-4df3-82d7-b760fdcf2677"


def scrubbed(value: Any, *secrets: str) -> Any:
    return Scrubber(secrets).body(json.dumps(value).encode())


def text(message: str, *secrets: str) -> str:
    return str(scrubbed({"message": message}, *secrets)["message"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("success", True),
        ("success", "false"),
        ("runtime", 77.25),
        ("ping", "pong"),
        ("status", "inprogress"),
        ("status", "In-Progress"),
        ("status", "transcoding"),
        ("syncstatus", "synced"),
        ("type", "subtitle-en-us"),
        ("storage", "cincopa"),
        ("uploaded", "2025-02-24T09:16:14.8562610-06:00"),
        ("modified", "2025-02-24 09:16:14"),
        ("modified", ""),
        ("published", "2025-02-24"),
        ("filesize", "62 byte"),
        ("filesize", 1073741824),
        ("file_size_bytes", -1),
        ("progress_bytes", "1073741824"),
        ("progress", 12.5),
        ("width", "1920"),
        ("bit_rate", None),
        ("items", []),
        ("secure", "yes"),
        ("valid", "no"),
        ("permissions", "|asset.*|gallery.list|"),
        ("events", "asset.*,gallery.created"),
        ("message", "The source answered 404"),
        ("error", "Unauthorized: the api_token is missing, unknown or expired"),
        ("more", "no whole answer within 30s"),
        ("debug", "2025-02-24T09:16:14.8562610-06:00 started... _bytesRecievedTotal=0 _bytesSendTotal=0"),
    ],
)
def test_what_is_the_services_own_stays(field: str, value: Any) -> None:
    """Dates, numbers, sizes, known words and texts of failures."""
    assert scrubbed({field: value}) == {field: value}


@pytest.mark.parametrize(
    ("field", "value", "shape"),
    [
        ("caption", "My cat, 2024!", "Xx xxx, 9999!"),
        ("caption", "ready", "xxxxx"),
        ("caption", 1999, 1001),
        ("filename", "don't.mp4", "xxx'x.xx9"),
        ("description", "Größe\tнет 字 ٣ é\u0301 ☎ 🎈", "Xxééx\tжжж 字 9 é\u0301 ☺ 😀"),
        ("description", "\u200b\U000e0043\U000e0041\ud800", "\u200b\U000e0020\U000e0020\ud83d"),
        ("name", "2025-02-24", "9999-99-99"),
        ("uploaded", "2025-13-45", "9999-99-99"),
        ("api_token", "AAAAtAURG", "XXXXxXXXX"),
        ("syncstatus", "borked", "xxxxxx"),
        ("bit_rate", "8675309421", "9999999999"),
        ("latitude", 48.8583, 11.1111),
        ("latitude", "48.8583", "99.9999"),
        ("latitude", -1.5e300, -1.1e300),
        ("unheard", 8675309421, 1000000001),
        ("unheard", "My own", "Xx xxx"),
        ("message", "The file holiday is larger", "The file xxxxxxx is larger"),
        ("message", "a tokenizer was notified", "a tokenxxxx was notxxxxx"),
        ("message", "the file %62%6f%62%30%31.mp4", "the file %78%78%78%78%78.mp4"),
        ("message", "call +1 555 123 4567", "call +9 999 999 9999"),
        ("message", "IMG_0815 is no video", "XXX_0001 is no video"),
        ("ip", "10.1.2.3", "192.0.2.1"),
        ("ip", "fe80::17", "2001:db8::1"),
        (
            "more",
            "from 10.1.2.3, ::1 and 10.1.2.3 at 09:16:14",
            "from 192.0.2.1, 2001:db8::1 and 192.0.2.1 at 09:16:14",
        ),
        ("useremail", "bob.builder@corp.example.org", "user1@example.com"),
        (
            "error",
            "bob@corp.org, eve@corp.org, Bob@corp.org",
            "user1@example.com, user2@example.com, user1@example.com",
        ),
    ],
)
def test_all_else_keeps_its_shape_alone(field: str, value: Any, shape: Any) -> None:
    """Its length, letters and digits, and letters of other scripts: enough to see a fault of encoding."""
    shown = scrubbed({field: value})

    assert list(shown.values()) == [shape]


@pytest.mark.parametrize(
    ("url", "shape"),
    [
        (
            "https://mediaupload.cincopa.com/post.jpg?uid=421&d=AAAA&hash=Ax%2fB7~z&addtorid=R:thumb",
            "https://host1.example/post.jpg?uid=999&d=XXXX&hash=Xx%2fX1~x&addtorid=X:xxxxx",
        ),
        (
            "http://bob:pw@10.0.0.1:8080/bobs%20file/%43%c3%a9%e4%b8%ad%f0%9f%8e%88/video.mp4#part",
            "http://xxx:xx@host1.example:8080/xxxx%20file/%78%c3%a9%e3%a9%a9%f3%a9%a9%a9/video.mp4#part",
        ),
        ("https://a.example", "https://host1.example"),
        ("https:///cat", "https:///xxx"),
        ("mycap://a.example/x?bob=1", "xxxxx://host1.example/x?xxx=9"),
        ("https%3A%2F%2Fa.example%2Fcat", "https%3A%2F%2Fa.example%2Fxxx"),
        (r"https:\/\/bobs.example\/cat", r"https:\/\/xxxx.example\/xxx"),
    ],
)
def test_url_keeps_its_structure(url: str, shape: str) -> None:
    """The names of parameters, and what is punctuation: no host, no value, no path of the user's."""
    assert scrubbed({"upload_url": url}) == {"upload_url": shape}
    assert text(f"from {url} or") == f"from {shape} or"


def test_id_is_the_same_wherever_it_stands() -> None:
    """In fields, in numbers, in texts, in URLs and in later answers; another one is another."""
    scrubber = Scrubber()
    answer = {
        "more": "The upload of abcdef is gone",
        "items": [{"rid": RID, "id": 1000007}, {"rid": RID[:-1] + "n", "id": 1000008}],
        "thumb_attached_rid": f"rid:{RID}",
        "rids": f"{RID}, B7",
        "message": f"The rid {RID} (1000007) does not exist",
        "upload_url": f"https://x.example/post.jpg?addtorid={RID}:thumb",
        "caption": f"see {RID}",
        "resid": "abcdef",
    }
    shown = scrubber.body(json.dumps(answer).encode())
    rid, number = shown["items"][0]["rid"], shown["items"][0]["id"]

    assert (rid, number) == ("X0XXXx__xX_b", 1000001)
    assert shown["items"][1] == {"rid": "X0XXXx__xX_c", "id": 1000002}
    assert shown["thumb_attached_rid"] == f"rid:{rid}"
    assert shown["rids"] == f"{rid}, X1"
    assert shown["message"] == f"The rid {rid} ({number}) does not exist"
    assert shown["upload_url"] == f"https://host1.example/post.jpg?addtorid={rid}:xxxxx"
    assert shown["caption"] == f"xxx {rid}"
    assert shown["more"] == f"The upload of {shown['resid']} is gone"
    assert scrubber.body(f"new resource id 1000007 {RID}".encode()) == f"new resource id {number} {rid}"
    assert Scrubber().body(f"new resource id 12 {RID}".encode()) == f"new resource id 11 {rid}"


@pytest.mark.parametrize(
    ("name", "value", "alias"),
    [
        ("status_id", STATUS_ID, "0aaaaaa0-0aaa-0aa0-00a0-a000aaaa0001"),
        ("status_id", STATUS_ID.upper(), "0AAAAAA0-0AAA-0AA0-00A0-A000AAAA0001"),
        ("accid_num", "421", "101"),
        ("userid_num", 422, 101),
        ("id", -7, -2),
        ("id", 0, 0),
        ("id", "007", "001"),
        ("id", 12.5, 11.1),
        ("id", True, True),
        ("drid", "---", "---"),
        ("fid", "", ""),
    ],
)
def test_id_keeps_its_look(name: str, value: Any, alias: Any) -> None:
    """A number stays a number, a UUID a UUID, both as long as they were."""
    assert scrubbed({name: value}) == {name: alias}


def test_ids_of_one_look_that_run_out_get_longer() -> None:
    """Two ids are never taken for one, and none is its own placeholder."""
    ids = [str(number) for number in range(1, 10)] + [chr(ord("a") + number) for number in range(26)]
    shown = scrubbed({"ids": ids})["ids"]

    assert len(set(shown)) == len(ids)
    assert all(before != after for before, after in zip(ids, shown, strict=True))


def test_tag_is_the_same_as_a_word_and_as_a_key() -> None:
    """Of lists, of comma lists and of maps, however it is spaced."""
    shown = scrubbed({"tags": "pet,  big cat ,", "tag_cloud": {"big cat": 2, "pet": "1", "": 0}, "music_tags": ["pet"]})

    assert shown == {"tags": "xxb,  xxx xxb ,", "tag_cloud": {"xxx xxb": 2, "xxb": "1", "": 0}, "music_tags": ["xxb"]}


def test_names_of_fields_stay_if_they_are_no_users() -> None:
    """Those that are known, and new ones that are made of such words; a property of the user's own goes."""
    shown = scrubbed(
        {"fid": "", "newVideoURL": 1, "is_default": 2, "bobs_field": 3, "bobs_fields": 4, "folder": {"fid": ""}}
    )

    assert list(shown) == ["fid", "newVideoURL", "is_default", "xxxx_xxxxb", "xxxx_xxxxxb", "folder"]


@pytest.mark.parametrize("secret", ["permission granted", "CANARY/to+ken=1&not", "short", "pong", "7"])
def test_secret_goes_though_its_words_could_stay(secret: str) -> None:
    """The token and any key, in each field, spelled in any way that services spell."""
    shown = scrubbed(
        {
            "message": f"The token {secret} is unknown; {json.dumps(secret)[1:-1]}",
            "status": secret,
            "ping": secret,
            "items": [{secret: secret, "type": secret}],
        },
        secret,
    )

    assert secret not in json.dumps(shown)
    assert shown["message"].startswith("The token ")
    assert " is unknown; " in shown["message"]


def test_number_that_is_the_secret_goes() -> None:
    """A token may be one."""
    assert scrubbed({"progress": 3141592, "page": 1, "modified": "31415926"}, "3141592") == {
        "progress": 1000000 + 1,
        "page": 1,
        "modified": "99999999",
    }


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", ""),
        (b"ok", "ok"),
        (b"error: the upload of bobs.mp4 is rejected", "error: the upload of xxxx.mp4 is rejected"),
        (
            b"<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1></body></html>",
            "<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1></body></html>",
        ),
        (b'\xef\xbb\xbf[1, "bob"]', [1, "xxx"]),
        (b'"bob"', '"xxx"'),
        (b'{"page": 01, "message": "not found", "bob": tru', '{"page": 99, "message": "xxx xxxxx", "xxx": xxx'),
        (
            b'[{"rid": "A4", "tags": {"video": "https://a.com/b',
            '[{"rid": "X9", "tags": {"video": "https://host1.example/x',
        ),
        (b'{"page": false, }', '{"page": false, }'),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 60 + b"]" * 60, "[" * 60 + "]" * 60),
        (b'{"a":' * 60 + b"1" + b"}" * 60, '{"a":' * 60 + "9" + "}" * 60),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_body_that_is_no_json_is_scrubbed_as_a_text(body: bytes, shown: Any) -> None:
    """Half of an answer, a proxy's page, the reply to a chunk; what cannot be read as JSON stays so."""
    assert Scrubber().body(body) == shown


def test_text_does_not_become_json_by_losing_its_letters() -> None:
    """Or a bug report would show an answer that can be read where none could."""
    assert Scrubber().body(b'{"a": 01, "page": 02}') == '{"a": 99, "page": 99'


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, None),
        ("application/json; charset=utf-8", "application/json; charset=utf-8"),
        ("text/bob; x=CANARY", "xxxx/xxx; x=XXXXXX"),
    ],
)
def test_content_type(given: str | None, kept: str | None) -> None:
    """A known one stays."""
    assert Scrubber().content_type(given) == kept


def test_name_of_a_call_stays_unless_it_was_made_up() -> None:
    """`client.call` takes any."""
    scrubber = Scrubber(["rename"])

    assert scrubber.name("asset.upload_from_url_get_status") == "asset.upload_from_url_get_status"
    assert scrubber.name("bobs.rename") == "xxxb.xxxxxb"


def test_addresses_do_not_run_out() -> None:
    """Those that documents use are few."""
    text = " ".join(f"10.0.{number // 250}.{number % 250}" for number in range(763))
    shown = Scrubber().body(text.encode()).split(" ")

    assert (shown[253], shown[254], shown[761], shown[762]) == (
        "192.0.2.254",
        "198.51.100.1",
        "203.0.113.254",
        "192.0.2.1",
    )


def test_long_words_take_no_long_time() -> None:
    """A body of a megabyte without a space in it, which a careless pattern would look at a megabyte of times."""
    for body in (
        b"a" * 10**6,
        b"a@" * 10**5,
        b"a://" * 10**5,
        b"1:" * 10**5,
        b"1." * 10**5,
        b"%41" * 10**5,
        b"1-" * 10**5,
    ):
        assert Scrubber().body(body)
