"""Chunks of a file, their headers, and what a reply to one says: functions of values."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cincopa_async import APIError, AuthenticationError, NotFoundError, RateLimitError, ResponseDecodeError, ServerError
from cincopa_async._chunks import Chunk, Target, chunks, has_expired
from cincopa_async._codec import Reply

URL = "https://mediaupload.example.com/post.jpg?uid=1234567&d=2&hash=CANARY-CAPABILITY%2B1"
TARGET = Target(url=URL, file_name="cat.mp4", unique_id="U1")
FIRST, LAST = Chunk(start=0, end=4, size=10), Chunk(start=4, end=10, size=10)


def reply(text: str, status: int = 200, *, retry_after: float | None = None) -> Reply:
    return Reply(status_code=status, body=text.encode(), token="?", retry_after=retry_after)


@given(size=st.integers(1, 10_000), chunk_size=st.integers(1, 3_000))
def test_chunks_are_the_file_in_order(size: int, chunk_size: int) -> None:
    """Each begins where the one before ended, none is too large, and only the last is the last."""
    parts = list(chunks(size, chunk_size))

    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == size
    assert all(0 < part.end - part.start <= chunk_size for part in parts)
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]


def test_headers_say_which_chunk_of_which_file_it_is() -> None:
    """The end of a range is the first byte that is not sent, as the vendor's own uploader writes it."""
    assert TARGET.headers(LAST) == {
        "Content-Length": "6",
        "Content-Type": "application/octet-stream",
        "X-FILE-NAME": "cat.mp4",
        "Content-Range": "bytes 4-10/10",
        "unique-id": "U1",
    }


@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_name_goes_into_a_header(name: str) -> None:
    """It is percent-encoded, so it is ASCII without spaces, quotes and line breaks, and can be had back."""
    told = Target(url=URL, file_name=name, unique_id="U1").headers(FIRST)["X-FILE-NAME"]

    assert told.isascii()
    assert not set(told) & set(" '\"\r\n\t,;")
    assert unquote(told) == name


@pytest.mark.parametrize(
    ("text", "rid"),
    [
        ("new resource id 17 A4cAZbPDkR", "A4cAZbPDkR"),
        ("new resource id 17 A4-error", "A4-error"),
        ("ok\r\nNew Resource ID 17 A4_b\r\n", "A4_b"),
        ("new resource id 17 A4\nno error", "A4"),
    ],
)
def test_last_reply_names_the_asset(text: str, rid: str) -> None:
    """Whatever else it says, the word "error" in it included."""
    assert TARGET.read(reply(text), LAST, complete=True) == rid


@pytest.mark.parametrize("text", ["", "ok", "4 bytes", "terrors and mirrors"])
def test_earlier_reply_need_not_say_anything(text: str) -> None:
    """Nor does a word that holds the word "error" refuse it."""
    assert TARGET.read(reply(text), FIRST, complete=False) is None


@pytest.mark.parametrize("chunk", [FIRST, LAST])
@pytest.mark.parametrize("text", ["error: the file is too large", "Error", '{"error": "x"}', "<p>An ERROR.</p>"])
def test_word_error_refuses_a_chunk(text: str, chunk: Chunk) -> None:
    """With HTTP 200, too; nothing was made then."""
    with pytest.raises(APIError) as caught:
        TARGET.read(reply(text), chunk, complete=True)

    assert caught.value.status_code == 200
    assert caught.value.call == "upload_file"
    assert not caught.value.maybe_applied


@pytest.mark.parametrize(
    "text",
    ["error: no new resource id was made", "error: the new resource id is not available", "Error: new resource id"],
)
def test_words_about_an_asset_that_was_not_made_name_none(text: str) -> None:
    """A file that is lost must not pass for one that is there, as an asset that a sentence seems to name."""
    with pytest.raises(APIError, match="resource id") as caught:
        TARGET.read(reply(text), LAST, complete=True)

    assert not caught.value.maybe_applied


@pytest.mark.parametrize("text", ["", "ok", "new resource id", "<html>Welcome</html>"])
@pytest.mark.parametrize("complete", [True, False])
def test_last_reply_without_an_asset_cannot_be_read(text: str, complete: bool) -> None:
    """There may be one, if the whole file was sent."""
    with pytest.raises(ResponseDecodeError, match="names no new asset") as caught:
        TARGET.read(reply(text), LAST, complete=complete)

    assert caught.value.maybe_applied is complete


@pytest.mark.parametrize(("chunk", "complete"), [(FIRST, False), (LAST, False)])
def test_part_that_was_taken_for_the_file_is_no_success(chunk: Chunk, complete: bool) -> None:
    """The error names the asset, for whoever wants to delete it."""
    with pytest.raises(ResponseDecodeError, match=r"a part of the file was taken for the whole.*A4") as caught:
        TARGET.read(reply("new resource id 17 A4"), chunk, complete=complete)

    assert caught.value.maybe_applied


@pytest.mark.parametrize(
    ("status", "retry_after", "kind", "applied"),
    [
        (301, None, APIError, True),
        (400, None, APIError, False),
        (401, None, APIError, False),
        (403, None, APIError, False),
        (404, None, APIError, False),
        (413, None, APIError, False),
        (429, 3.0, RateLimitError, False),
        (499, None, APIError, False),
        (500, None, ServerError, True),
        (503, None, ServerError, True),
        (503, 3.0, ServerError, False),
    ],
)
@pytest.mark.parametrize("complete", [True, False])
def test_status_says_what_kind_of_refusal_it_is(
    status: int, retry_after: float | None, kind: type[APIError], applied: bool, complete: bool
) -> None:
    """Never a bad token or an unknown id, for no token went along; an unfinished file has become nothing."""
    with pytest.raises(kind) as caught:
        TARGET.read(reply("new resource id 17 A4", status, retry_after=retry_after), LAST, complete=complete)

    assert not isinstance(caught.value, AuthenticationError | NotFoundError)
    assert caught.value.maybe_applied is (applied and complete)
    assert getattr(caught.value, "retry_after", None) == retry_after


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("error: too\r\nlarge", 200, "error: too large"),
        ("<html>error</html>", 200, "refused, and no reason is given"),
        ("<html>x</html>", 403, "Forbidden"),
        ("", 404, "Not Found"),
        ("", 499, "refused"),
        ("", 302, "redirected, which is not followed: whoever is shown the upload URL could use it"),
        (f"error: {URL} is bad", 200, "error: [url] is bad"),
        ("error: /post.jpg?uid=1234567&hash=canary-capability+1", 200, "error: /post.jpg?uid=[url]&hash=[url]"),
        ("error: CANARY-CAPABILITY%2b1.", 200, "error: [url]."),
    ],
)
def test_message_is_what_the_host_says_without_the_url(text: str, status: int, message: str) -> None:
    """Pages are left out, and so is all that lets others upload."""
    with pytest.raises(APIError) as caught:
        TARGET.read(reply(text, status), LAST, complete=True)

    assert caught.value.message == message
    assert "CANARY" not in f"{caught.value!r} {caught.value.body}".upper()


def test_long_reply_is_cut() -> None:
    """Half a secret at the cut is none that is shown."""
    with pytest.raises(APIError) as caught:
        TARGET.read(reply("error " + "x" * 1_990 + " hash=CANARY-CAPABILITY%2B1" + "x" * 10_000), LAST, complete=True)

    assert len(caught.value.message) <= 300
    assert len(caught.value.body or "") <= 2_000
    assert "CANARY" not in (caught.value.body or "")


def test_url_without_long_values_leaves_texts_alone() -> None:
    """Flags are no secrets."""
    with pytest.raises(APIError, match="error 1 of 2"):
        Target(url="https://x/post?a=1&b=2", file_name="c", unique_id="U").read(
            reply("error 1 of 2"), LAST, complete=True
        )


@pytest.mark.parametrize(
    ("status", "text", "age", "ttl", "expired"),
    [
        (403, "", 60.0, 60, True),
        (401, "", 61.0, 60, True),
        (404, "", 61.0, 60, True),
        (410, "", 61.0, 60, True),
        (200, "error", 61.0, 60, True),
        (403, "", 59.0, 60, False),
        (403, "", 1e9, None, False),
        (200, "error: the URL has expired", 1.0, None, True),
        (400, "link expired", 1.0, 60, True),
        (400, "bad range", 61.0, 60, False),
        (413, "expired", 61.0, 60, False),
        (500, "expired", 61.0, 60, False),
        (429, "expired", 61.0, 60, False),
        (302, "expired", 61.0, 60, False),
    ],
)
def test_refusal_of_an_old_url_is_its_end(status: int, text: str, age: float, ttl: float | None, expired: bool) -> None:
    """Its age says so, or the text."""
    assert has_expired(APIError(status, text, "upload_file"), age=age, ttl=ttl) is expired


def test_nothing_shows_the_url() -> None:
    """Whoever has it can upload."""
    assert "CANARY" not in repr(TARGET)
