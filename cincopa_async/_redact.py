"""Takes out of texts what must not be seen: tokens, keys, and URLs, which may be signed or carry a capability."""

from __future__ import annotations

import functools
import html
import re
import string
import sys
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import unquote, unquote_plus

URL_MARK = "[url]"
TOKEN_MARK = "[api_token]"  # noqa: S105 - a mark, no token
KEY_MARK = "[key]"

_SHORTEST_SECRET = 6


Hide: TypeAlias = Callable[[str], str]

_AFTER_SCHEME = re.compile(r"(?::|%3a)(?:\\?/|%2f){2}", re.IGNORECASE)
# The last four are letters whose small or capital one is among the others, so that a pattern takes them for these.
_IN_SCHEME = f"{string.ascii_letters}{string.digits}+.-\u0130\u0131\u017f\u212a"


def _url(character: str, any_character: str) -> re.Pattern[str]:
    # The scheme is matched possessively and from its start on alone, or a long word would take quadratic time.
    # A service that shows a URL decoded (.NET's `Uri.ToString()` does) shows it with spaces in it: what follows belongs
    # to it as far as there is a `&name=` or `?name=`.
    return re.compile(
        r"(?<![a-z0-9+.-])[a-z0-9+.-]++(?::|%3a)(?:\\?/|%2f){2}"
        rf"{character}*(?:{any_character}{{0,1000}}(?:[?&]|\\u0026)[^\s\"&=]{{1,100}}={character}*)?",
        re.IGNORECASE,
    )


_URL = _url(r"\S", r"[\s\S]")
# In JSON, which need not be whole, a URL ends where its string does; it may hold escapes, such as `\/` and `\u0026`.
_URL_IN_JSON = _url(r"(?:\\.|[^\s\"\\])", r"(?:\\.|[^\"\\])")
_TOKEN_IN_JSON = re.compile(r'("[^"\s]*token"\s*:\s*")(?:\\.|[^"\\])+', re.IGNORECASE)
_KEY_IN_JSON = re.compile(r'("[^"\s]*(?:key|secret)"\s*:\s*")(?:\\.|[^"\\])+', re.IGNORECASE)


def without_secrets(text: str, token: str) -> str:
    """Return a plain `text` with each URL replaced by ``[url]``, and `token` by ``[api_token]``."""
    text = _without_urls(text)
    return _without_token(text, token) if len(text) >= len(token) else text


def without_secrets_in_body(text: str, token: str) -> str:
    """
    Do the same to the body of an answer.

    In JSON the values of fields such as ``"temp_token"`` and ``"security_key"`` are replaced too.
    """
    text = _TOKEN_IN_JSON.sub(rf"\1{TOKEN_MARK}", _KEY_IN_JSON.sub(rf"\1{KEY_MARK}", text))
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return without_secrets(text, token)
    return _without_token(_URL_IN_JSON.sub(URL_MARK, text), token)


def without_key(text: str, key: str) -> str:
    """Return `text` with each `key` in it, one that was sent with the call, replaced by ``[key]``."""
    return spellings(key).sub(KEY_MARK, text)


def hiding(token: str, sent: str) -> Hide:
    """Return what does the same to texts that were read from this JSON, sooner where it does not hold the token."""
    return functools.partial(without_secrets, token=token) if _may_hold(sent, token) else _without_urls


def _may_hold(sent: str, token: str) -> bool:
    """Say whether a text of this JSON may hold the token, looking at all of them at once."""
    if "\\" in sent:
        return True  # Any letter may be escaped.
    if sent.isascii() and "%" not in sent and "&" not in sent:
        return token.lower() in sent.lower()  # All other spellings begin with one of these.
    return spellings(token).search(sent) is not None


def without_capability(text: str, url: str) -> str:
    """Return a plain `text` without URLs, and without what the query of `url` holds: who knows that can upload."""
    return _values_in_query(url).sub(URL_MARK, _URL.sub(URL_MARK, text))


def hidden_in(value: Any, hide: Hide) -> Any:
    """Return a JSON value with all its texts treated by `hide`, the keys too."""
    kind = value.__class__
    if kind is str:
        return hide(value)
    if kind is list:
        return [hidden_in(inner, hide) for inner in value]
    if kind is not dict:
        return value
    hidden = {}
    # Statuses come by the thousand. Their keys are the same in each, and thousands of jobs keep their last one.
    for key, inner in value.items():
        kind = inner.__class__
        hidden[sys.intern(hide(key))] = (
            hide(inner) if kind is str else hidden_in(inner, hide) if kind is dict or kind is list else inner
        )
    return hidden


def _without_urls(text: str) -> str:
    # Statuses come by the thousand, and most of their texts are too plain to hold anything.
    if "/" not in text and "%" not in text:
        return text
    found = _AFTER_SCHEME.search(text)
    if found is None:
        return text
    # Where no URL can begin, none is looked for: that takes longer than all the rest.
    begin = len(text[: found.start()].rstrip(_IN_SCHEME))
    return text[:begin] + _URL.sub(URL_MARK, text[begin:])


def _without_token(text: str, token: str) -> str:
    return spellings(token).sub(TOKEN_MARK, text)


@functools.lru_cache(maxsize=8)
def spellings(token: str) -> re.Pattern[str]:
    """Return a pattern for a secret as it is, percent-encoded, and as JSON and HTML write it."""
    return re.compile("".join(map(_spelled, token)), re.IGNORECASE)


@functools.lru_cache(maxsize=8)
def _values_in_query(url: str) -> re.Pattern[str]:
    pairs = url.partition("#")[0].partition("?")[2].split("&")
    values = {decode(pair.partition("=")[2] or pair) for pair in pairs for decode in (unquote, unquote_plus)}
    # Short ones are flags and counters, and would make holes in texts that have nothing to do with them.
    secret = sorted((value for value in values if len(value) >= _SHORTEST_SECRET), key=len, reverse=True)
    return re.compile("|".join("".join(map(_spelled, value)) for value in secret) or r"(?!)", re.IGNORECASE)


def _spelled(character: str) -> str:
    """Return a pattern for a character as it is, percent-encoded, and as JSON and HTML write it."""
    if character.isascii() and character.isalnum():
        return character
    plain = re.escape(character)
    percent = "".join(f"%{byte:02x}" for byte in character.encode())
    entity = re.escape(html.escape(character))
    return rf"(?:\\?{plain}|{percent}|\\u{ord(character):04x}|{entity}|&#(?:0*{ord(character)}|x0*{ord(character):x});)"
