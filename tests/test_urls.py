"""An upload URL goes over the wire byte for byte, and is not seen on the way."""

from __future__ import annotations

import httpx
import pytest

from cincopa_async._urls import ExactURL


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://h/post.jpg?uid=1&d={2}&hash=a%2fb", b"/post.jpg?uid=1&d={2}&hash=a%2fb"),
        ("http://h:8080/p%3A'x'?a=1:2&b=%3A&c=+|^", b"/p%3A'x'?a=1:2&b=%3A&c=+|^"),
        ("https://h/p?a=b?c=/d", b"/p?a=b?c=/d"),
        ("https://h/a//b/../c/%2e%2E?", b"/a//b/../c/%2e%2E?"),
        ("https://h", b"/"),
        ("https://h?a=1", b"/?a=1"),
        ("https://h/p?a=1#part", b"/p?a=1"),
        ("https://h/%zz?%", b"/%zz?%"),
    ],
)
def test_target_is_sent_as_it_was_given(url: str, target: bytes) -> None:
    """Nothing is encoded, decoded, put in order or left out; a fragment is no part of what is sent."""
    exact = ExactURL(url)

    assert exact.raw_path == target
    assert exact.query == target.partition(b"?")[2]


def test_query_is_not_shown() -> None:
    """Neither as text nor in the repr, of a request either."""
    url = ExactURL("https://h/post.jpg?hash=CANARY-CAPABILITY")
    request = httpx.Request("POST", "https://h")
    request.url = url

    assert "CANARY" not in f"{url} {url!r} {request!r} {request.url}"
    assert str(url) == "https://h/post.jpg"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "post.jpg?a=1",
        "ftp://h/p",
        "https://h/a b",
        "https://h/p?a=\n",
        "https://h/é",
        "https://user:password@h/p",
        "https:///p",
        "https://h:port/p",
        "https://[h/p",
        "https://" + "h" * 70_000,
    ],
)
def test_what_cannot_be_sent_as_it_is_is_refused(url: str) -> None:
    """The error does not repeat it, and leads to none that does."""
    with pytest.raises(ValueError, match="url must be") as caught:
        ExactURL(url)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
