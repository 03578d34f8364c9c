"""What is taken out of texts before they are shown."""

from __future__ import annotations

import functools
import html
import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cincopa_async._redact import (
    _URL,
    URL_MARK,
    _without_urls,
    hidden_in,
    without_capability,
    without_secrets,
    without_secrets_in_body,
)

TOKEN = "CANARY/token+with=odd&chars"
PIECES = ["https", "s3", "ſ", "K", "İ", "x", "9", "+", ".", "-", ":", "%3a", "%3A", "/", "\\/", "%2F", "//", "://"]
PIECES += [" ", "?", "&", "=", "\\u0026", "&a=", '"', "é", "%", "\n"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing to hide: 3/4, a@b.example, C:\\x", "nothing to hide: 3/4, a@b.example, C:\\x"),
        ("could not fetch https://x.example/a.mp4?sig=CANARY: 404", "could not fetch [url] 404"),
        ("url=https://x.example/?a=CANARY _bytes=0", "url=[url] _bytes=0"),
        ("HTTPS://X.EXAMPLE/CANARY", "[url]"),
        ("s3+v4.1-x://bucket/CANARY and ftp://x/CANARY", "[url] and [url]"),
        ("x1https://x/CANARY", "[url]"),
        ("?input=https%3A%2F%2Fx.example%2F%3Fsig%3DCANARY", "?input=[url]"),
        ("input%3Dhttps%3a%2f%2fx.example%2fCANARY end", "input%[url] end"),
        ("https://x.example/don't.mp4?sig=CANARY", "[url]"),
        ('https://x.example/a"b<c>d\\e.mp4?sig=CANARY', "[url]"),
        ("(https://x.example/猫?sig=CANARY) next", "([url] next"),
        ("https://x.example/my cat.mp4?X-Sig=CANARY was too large", "[url] was too large"),
        ('https://x/?cd=a; filename="my cat.mp4"&X-Sig=CANARY&n=1: no', "[url] no"),
        ("https://x/a failed. What now? retry=3", "[url] failed. What now? retry=3"),
    ],
)
def test_url_is_taken_out_of_a_plain_text(text: str, shown: str) -> None:
    """To its very end, quotes included, and also where a service shows it decoded, with spaces in it."""
    assert without_secrets(text, TOKEN) == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"url":"https://x/a?s=CANARY","n":1}', '{"url":"[url]","n":1}'),
        ('{"url":"https:\\/\\/x\\/a?s=1\\u0026sig=CANARY","n":1}', '{"url":"[url]","n":1}'),
        ('{"m":"no: https://x/don\'t?s=CANARY, sorry"}', '{"m":"no: [url] sorry"}'),
        ('{"m":"https://x/\\"a b\\"\\u0026s=CANARY no"}', '{"m":"[url] no"}'),
        ('{"m":"https://x/a b?s=CANARY no","n":"a&b=c"}', '{"m":"[url] no","n":"a&b=c"}'),
        ('{"m":"https:\\/\\/x\\/a?s=CANARY', '{"m":"[url]'),
        ('{"api_token": "CANARY", "temp_token":"CANARY","token":""}', None),
        ('\ufeff\n {"token" : "CANARY\\"CANARY', None),
        ('{"security_key": "CANARY", "streamKey":"CANARY\\"CANARY"}', '{"security_key": "[key]", "streamKey":"[key]"}'),
        ('[{"security_key":"CANARY","temp_token":"CANARY","hook_url":"https://x/CANARY"}]', None),
        ('<p>https://x/?cd="a b"&s=CANARY</p>', "<p>[url]"),
        ('["https://x/?s=CANARY"]', '["[url]'),
    ],
)
def test_body_is_shown_without_urls_and_tokens(body: str, shown: str | None) -> None:
    """In JSON, whole or cut off, a URL ends with its string; a token is one whatever it is."""
    redacted = without_secrets_in_body(body, TOKEN)

    assert "CANARY" not in redacted
    if shown is not None:
        assert redacted == shown


@pytest.mark.parametrize(
    "spelling",
    [
        TOKEN,
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="").lower(),
        quote(TOKEN),
        html.escape(TOKEN),
        TOKEN.replace("&", "&#38;").replace("/", "&#x2F;"),
        json.dumps(TOKEN).strip('"').replace("/", "\\/"),
        TOKEN.replace("&", "\\u0026").replace("+", "\\u002B"),
    ],
)
@pytest.mark.parametrize("redact", [without_secrets, without_secrets_in_body])
def test_token_is_taken_out_however_it_is_spelled(spelling: str, redact: Any) -> None:
    """Percent-encoded in either case, and as HTML and JSON escape it."""
    assert redact(f"bad token '{spelling}'!", TOKEN) == "bad token '[api_token]'!"
    assert redact(f'{{"error":"{spelling}"}}', TOKEN) == '{"error":"[api_token]"}'


def test_token_that_means_something_in_a_pattern_is_only_a_text() -> None:
    """Nothing but the token itself is taken out."""
    assert without_secrets("a.c abc (a.c)", "a.c") == "[api_token] abc ([api_token])"
    assert without_secrets("tokén tok%c3%a9n", "tokén") == "[api_token] [api_token]"


def test_every_text_of_a_json_value_is_cleaned() -> None:
    """Keys and inner values too; numbers stay."""
    value = {"https://x/CANARY": ["https://x/CANARY", {"a": TOKEN, "b": [1, 1.5, None, True]}]}

    assert hidden_in(value, functools.partial(without_secrets, token=TOKEN)) == {
        "[url]": ["[url]", {"a": "[api_token]", "b": [1, 1.5, None, True]}]
    }


@pytest.mark.parametrize(
    "garbage",
    ["a" * 100_000, "a-" * 50_000, "a:" * 50_000, "a://b " * 10_000, '"' * 100_000, "https:" * 20_000, "\\" * 100_000],
)
@pytest.mark.parametrize("redact", [without_secrets, without_secrets_in_body])
def test_garbage_does_not_hold_up_the_loop(garbage: str, redact: Any) -> None:
    """A long word, or many URLs, take a time that grows with their length and no faster."""
    started = time.perf_counter()
    redact(garbage, TOKEN)
    redact(f"{{{garbage}", TOKEN)

    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hash=CANARY/1+2==", "hash=[url]"),
        ("canary%2F1%2b2%3d%3D, CANARY/1 2==", "[url], [url]"),
        ('{"hash": "CANARY\\/1\\u002b2=="}', '{"hash": "[url]"}'),
        ("at https://x.example/post.jpg?a=1 no", "at [url] no"),
        ("standing-alone, short: a=1", "[url], short: a=1"),
    ],
)
def test_capability_of_an_upload_url_is_taken_out(text: str, shown: str) -> None:
    """What stands in its query, however it is written; flags are left."""
    assert without_capability(text, "https://x/post.jpg?a=1&hash=CANARY%2f1+2==&standing-alone&b=#part") == shown


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_urls_are_found_wherever_they_stand(text: str) -> None:
    """To look only where one can begin finds the same as to look everywhere."""
    assert _without_urls(text) == _URL.sub(URL_MARK, text)
