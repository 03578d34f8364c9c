"""How an item is called that was given no key, and what of its input is written down."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cincopa_async.stores._keys import derive_key, without_signature
from tests.stores.signatures import SIGNATURES, signature_of

CAT = "https://example.com/a/cat.mp4"


@pytest.mark.parametrize("vendor", SIGNATURES)
@pytest.mark.parametrize("others", ["", "v=1&lang=en"])
def test_link_that_is_signed_anew_is_the_same_item(vendor: str, others: str) -> None:
    """However often it is signed, and nothing of a signature is written down."""
    signature = signature_of(vendor)
    plain = f"{CAT}?{others}" if others else CAT
    signed = [
        f"{CAT}?{others}&{signature}",
        f"{CAT}?{signature}&{others}",
        f"{plain}{'&' if others else '?'}{signature}",
    ]

    assert {key(url) for url in signed} == {key(plain)}
    assert {without_signature(url) for url in signed} == {plain}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTPS://EXAMPLE.com/a/cat.mp4", CAT),
        ("https://example.com:443/a/cat.mp4", CAT),
        ("https://user:CANARY-SIGNATURE@example.com/a/cat.mp4", CAT),
        (f"{CAT}#t=5", CAT),
        (f"{CAT}?", CAT),
        ("https://example.com", "https://example.com/"),
    ],
)
def test_what_makes_no_other_file_makes_no_other_item(one: str, other: str) -> None:
    """The server sees no difference, or only who asks."""
    assert key(one) == key(other)
    assert without_signature(one) == without_signature(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (CAT, "http://example.com/a/cat.mp4"),
        (CAT, "https://example.com:8443/a/cat.mp4"),
        (CAT, "https://www.example.com/a/cat.mp4"),
        (CAT, "https://example.com/A/cat.mp4"),
        (f"{CAT}?v=1", f"{CAT}?v=2"),
        (f"{CAT}?a=1&b=2", f"{CAT}?b=2&a=1"),
        (f"{CAT}?st=1", f"{CAT}?st=2"),
        (f"{CAT}?exp=1&keyname=a&secure=1", f"{CAT}?exp=2&keyname=a&secure=1"),
        (f"{CAT}?keyname=1", f"{CAT}?keyname=2"),
        (f"{CAT}?secure=0", f"{CAT}?secure=1"),
        (f"{CAT}?t=1", f"{CAT}?t=2"),
        (f"{CAT}?timestamp=1&token=x", f"{CAT}?timestamp=2&token=x"),
        (f"{CAT}?e=1", f"{CAT}?e=2"),
        (f"{CAT}?id=1&md5=x&expires=1", f"{CAT}?id=2&md5=x&expires=1"),
        (f"{CAT}?file=a&sign=x", f"{CAT}?file=b&sign=x"),
        (f"{CAT}?version=1&auth=x", f"{CAT}?version=2&auth=x"),
        (f"{CAT}?author=1&design=1", f"{CAT}?author=2&design=1"),
        (f"{CAT}?x-oss-process=video/snapshot&Signature=x", f"{CAT}?x-oss-process=image/info&Signature=x"),
        (f"{CAT}?versionId=1&Signature=x", f"{CAT}?versionId=2&Signature=x"),
        ("https://[::1]/cat.mp4", "https://[::2]/cat.mp4"),
    ],
)
def test_different_files_are_different_items(one: str, other: str) -> None:
    """What says which file it is stays; short words are a signature's only beside one."""
    assert key(one) != key(other)
    assert without_signature(one) != without_signature(other)


def test_where_it_goes_is_part_of_an_item() -> None:
    """One file may be uploaded into two galleries, or be attached to an asset."""
    keys = {
        derive_key(CAT, fid=fid, rid=rid, type=type)
        for fid in (None, "A")
        for rid in (None, "A")
        for type in (None, "A", "video")
    }

    assert len(keys) == 12


def test_file_is_known_by_its_whole_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From wherever a run is started; its name stands before the hash for a reader."""
    path = tmp_path / "my cat.mp4"
    monkeypatch.chdir(tmp_path)

    assert key(path) == key(Path("my cat.mp4")) == key(tmp_path / "x" / ".." / "my cat.mp4")
    assert key(path).startswith("my_cat.mp4-")
    assert key(path) != key("https://example.com/my_cat.mp4")
    assert without_signature(Path("my cat.mp4")) == str(path)


def test_file_whose_name_is_no_text_has_a_key() -> None:
    """Linux allows any bytes in a name; what is written down is text all the same."""
    odd, other = PurePosixPath("/a/\udc80.mp4"), PurePosixPath("/a/\udc81.mp4")

    assert key(odd) != key(other)
    assert without_signature(odd) == "/a/\\udc80.mp4"


@pytest.mark.parametrize("input", ["cat.mp4", "/a/cat.mp4", "ftp://example.com/CANARY", "https://", "https://h:CANARY"])
def test_text_that_is_no_url_is_refused(input: str) -> None:
    """A file is named by a path, so that the two are never mistaken; the text does not repeat the input."""
    for act in (key, without_signature):
        with pytest.raises(ValueError, match=r"^input must be") as caught:
            act(input)
        assert "CANARY" not in str(caught.value)


@given(
    host=st.from_regex(r"[a-z]{1,10}\.example", fullmatch=True),
    path=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="?#[]\\"), max_size=60),
    query=st.lists(st.from_regex(r"[a-zA-Z0-9_.-]{1,12}=[a-zA-Z0-9%+_-]{0,12}", fullmatch=True), max_size=4),
)
def test_what_is_written_down_leads_to_the_same_key(host: str, path: str, query: list[str]) -> None:
    """For any URL, and taking signatures out twice takes out nothing more."""
    url = f"https://{host}/{path}?{'&'.join(query)}"
    stored = without_signature(url)

    assert key(stored) == key(url)
    assert without_signature(stored) == stored
    assert key(url).isascii()


def key(input: str | Path | PurePosixPath) -> str:
    return derive_key(input, fid=None, rid=None, type=None)
