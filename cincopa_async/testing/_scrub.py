"""
An answer without anything of the user's in it. Pure: no I/O.

What is not known to be harmless is not kept: so a field that is new today is safe, and a spelling of a secret that
nobody thought of is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from ipaddress import IPv6Address
from typing import Any

from cincopa_async._codec import as_text, is_deep, json_object
from cincopa_async._redact import spellings

from ._shapes import Aliases, Numbered, address4, address6, masked
from ._vocabulary import (
    DATES,
    NUMBERS,
    OWN,
    PROSE,
    STATES,
    TAGS,
    WORDS,
    is_field,
    is_id,
    is_word_of_state,
    made_of_words,
)

_SHORT = 6
"""Characters below which a secret is looked for as a word alone: within others it would make holes anywhere."""
_FEW_DIGITS = 10**6
_IN_WORDS = 4
"""Digits that a number in a sentence may have: an HTTP status, a year. More may be an id."""

_WORD = r"\w(?:[\w-]*\w)?"
_OTHER = r"[^\x00-\x7f]"
_PART = re.compile(rf"{_WORD}|{_OTHER}")
_DATE = (
    r"(?<!\w)[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,7})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?(?!\w)"
)
_TEXT = re.compile(
    # Scheme and name are matched possessively and from their start on, or a long word would take quadratic time.
    r"(?P<url>(?<![A-Za-z0-9+.-])[A-Za-z0-9+.-]++(?::|%3[Aa])(?:\\?/|%2[Ff]){2}[^\s\"'<>]*)"
    r"|(?P<email>(?<![^\s@<>\"'(),;:\\/|=&?])[^\s@<>\"'(),;:\\/|=&?]++@[^\s@<>\"'(),;:\\/|=&?]+\.[A-Za-z]{2,})"
    rf"|(?P<date>{_DATE})"
    r"|(?P<ip4>(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.\w))"
    r"|(?P<ip6>(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:]))"
    r"|(?P<percent>%[0-9A-Fa-f]{2})"
    # Numbers in a row are a telephone's, or letters in some code.
    r"|(?P<row>(?<!\w)[0-9]+(?:[^\w\"'<>]{1,3}[0-9]+){2,}(?!\w))"
    rf"|(?P<word>{_WORD})|(?P<other>{_OTHER})"
)
_URL = re.compile(
    r"(?P<scheme>[^:]+)://(?:(?P<user>[^/?#\\@]*)@)?(?P<host>[^/?#\\]*?)(?P<port>:[0-9]{1,5})?(?P<rest>[/?#\\].*)?",
    re.DOTALL,
)
_SCHEMES = ("http", "https", "ftp", "rtmp", "s3", "ws", "wss")
_IN_URL = re.compile(rf"(?P<percent>%[0-9A-Fa-f]{{2}})|(?P<name>(?<=[?&])[\w.-]+(?==))|(?P<word>{_WORD}|{_OTHER})")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?\s*(?:bytes?)?", re.IGNORECASE)
_KEY_IN_JSON = re.compile(r"(?<=\")([\w-]+)(?=\"\s*:)")
_LITERALS = frozenset({"true", "false", "null"})
_MEASURE = re.compile(r"[0-9]{1,4}(?:s|ms|h|min|kb|mb|gb|px|x|st|nd|rd|th)", re.IGNORECASE)
# What decides which error a text is (`_codec.py`) stands there within longer words too.
_TELLING = re.compile(
    r"(permission|token|not|allowed|access|denied|found|exist|invalid|incorrect|unknown|^(?:rid|fid|resource|status))",
    re.IGNORECASE,
)
_IDS_IN_TEXT = re.compile(
    r"\b[rf]id\W{1,3}([\w-]*[0-9][\w-]*)|\bresource id\s+([0-9]+)(?:\s+([\w-]*\w))?", re.IGNORECASE
)
_PUNCTUATION = frozenset(b"/:?#&=+% \"',;@~-._")
_MEDIA_TYPE = re.compile(
    r"(?:application|text)/(?:json|html|plain|xml|javascript|octet-stream|problem\+json)"
    r"(?:;\s*charset=\"?(?:utf-?8|iso-8859-1|us-ascii|windows-1252)\"?)?",
    re.IGNORECASE,
)


class Scrubber:
    """
    Takes out of answers what is the user's, each id, e-mail, host and address replaced in the same way each time.

    Which placeholder stands for what is known to this object alone, and told to nobody.

    Args:
        secrets: What must not stay in any case, be it a word that could.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: dict[str, re.Pattern[str]] = {}
        self._aliases = Aliases()
        self._hosts = Numbered("host{}.example".format)
        self._stand_ins: Mapping[str | None, Callable[[str], str]] = {
            "url": self._url,
            "email": Numbered("user{}@example.com".format).of,
            "ip4": Numbered(address4).of,
            "ip6": Numbered(address6).of,
            "percent": _percent,
        }
        for secret in secrets:
            self.hide(secret)

    def hide(self, secret: str) -> None:
        """Take a secret out too, from now on."""
        if secret and secret not in self._secrets:
            alone = len(secret) < _SHORT or secret.lower() in WORDS
            self._secrets[secret] = re.compile(rf"(?<!\w){re.escape(secret)}(?!\w)") if alone else spellings(secret)

    def learn(self, value: Mapping[str, Any] | Sequence[Any], field: str = "") -> None:
        """Note the ids in a JSON value, or in the parameters of a call, so that they are known in its texts too."""
        pairs = value.items() if isinstance(value, Mapping) else ((field, inner) for inner in value)
        for name, inner in pairs:
            if isinstance(inner, Mapping | list):
                self.learn(inner, name)
            elif is_id(name) and isinstance(inner, str | int):
                self._ids(str(inner))

    def body(self, body: bytes) -> Any:
        """Return a body: as JSON if it is an object or an array, else as a text."""
        text = as_text(body)
        value = _parsed(text)
        if value is None:
            return self._plain(text)
        self.learn(value)
        return self._value("", value)

    def name(self, call: str) -> str:
        """Return the name of a call, as it is unless somebody made it up."""
        return ".".join(part if self._may_stay(part) else self._aliases.of(part) for part in call.split("."))

    def content_type(self, text: str | None) -> str | None:
        """Return a Content-Type."""
        return text if text is None or _MEDIA_TYPE.fullmatch(text) else masked(text)

    def _plain(self, text: str) -> str:
        scrubbed = self._torn(text) if text.lstrip().startswith(("{", "[")) else self._prose(text)
        # JSON with a fault may have lost it with its letters: what could not be read must not be readable now.
        return scrubbed[:-1] if json_object(scrubbed.encode("utf-8", "replace")) is not None else scrubbed

    def _torn(self, text: str) -> str:
        """Scrub what was JSON: nobody knows which text in it is whose."""
        pieces = _KEY_IN_JSON.split(self._without_secrets(text))
        for at, piece in enumerate(pieces):
            is_key = at % 2 == 1
            if not (is_key and is_field(piece)):
                pieces[at] = _TEXT.sub(self._shaped, piece)
        return "".join(pieces)

    def _value(self, field: str, value: Any) -> Any:
        match value:
            case dict():
                return {self._key(field, name): self._value(_within(field, name), value[name]) for name in value}
            case list():
                return [self._value(field, inner) for inner in value]
            case str():
                return self._string(field, value)
            case bool() | None:
                return value
            case _:
                return self._number(field, value)

    def _key(self, field: str, name: str) -> str:
        # A map of tags has words of the user's in the place of fields' names.
        kept = field not in TAGS and is_field(name) and not self._is_secret(name)
        return name if kept else self._tag(name)

    def _number(self, field: str, number: float) -> int | float:
        text = repr(number)
        if not any(digit in text for digit in "123456789"):
            return number  # Zero, or none.
        tells_nothing = field in NUMBERS or (isinstance(number, int) and abs(number) < _FEW_DIGITS)
        if tells_nothing and not (is_id(field) or field in OWN or self._is_secret(text)):
            return number
        if isinstance(number, int):
            alias = int(self._aliases.of(str(abs(number))))
            return -alias if number < 0 else alias
        mantissa, exponent, power = text.partition("e")
        return float(re.sub(r"[1-9]", "1", mantissa) + exponent + power)  # Higher digits might make it infinite.

    def _string(self, field: str, text: str) -> str:
        text = self._without_secrets(text)
        if field in STATES and is_word_of_state(text):
            return text
        if is_id(field) and text.strip().lower() not in ("yes", "no"):
            return self._ids(text)
        if field in TAGS:
            return ",".join(map(self._tag, text.split(",")))
        if field in PROSE:
            return self._prose(text)
        if field not in OWN and _is_harmless(field, text):
            return text
        return _TEXT.sub(self._shaped, text)

    def _ids(self, text: str) -> str:
        return _PART.sub(lambda match: match[0] if match[0] == "rid" else self._aliases.of(match[0]), text)

    def _tag(self, text: str) -> str:
        tag = text.strip()
        return text.replace(tag, self._aliases.of(tag)) if tag else text

    def _prose(self, text: str) -> str:
        """Scrub a text of the service's, which has words of its own in it."""
        text = self._without_secrets(text)
        for found in _IDS_IN_TEXT.finditer(text):
            for part in filter(None, found.groups()):
                self._ids(part)
        return _TEXT.sub(lambda match: match[0] if match["date"] else self._found(match, self._word_in_prose), text)

    def _shaped(self, match: re.Match[str]) -> str:
        return self._found(match, self._word_of_user)

    def _found(self, match: re.Match[str], word: Callable[[str], str]) -> str:
        text, kind = match[0], match.lastgroup
        if kind == "word":
            return word(text)
        if kind == "ip6" and not _is_ipv6(text):  # A time, or what else has colons in it.
            return _PART.sub(lambda part: word(part[0]), text)
        return self._stand_ins.get(kind, masked)(text)

    def _word_in_prose(self, word: str) -> str:
        if self._may_stay(word):
            return word
        if alias := self._aliases.known(word):
            return alias
        if _MEASURE.fullmatch(word) or (word.isascii() and word.isdecimal() and len(word) <= _IN_WORDS):
            return word
        if _looks_like_id(word):
            return self._aliases.of(word)
        return "".join(part if _TELLING.fullmatch(part) else masked(part) for part in _TELLING.split(word))

    def _word_of_user(self, word: str) -> str:
        return word if word in _LITERALS else self._aliases.known(word) or masked(word)

    def _url(self, url: str) -> str:
        match = _URL.fullmatch(url)
        if match is None:  # Escaped in some way: of the same shape all the same.
            return self._in_url(url)
        scheme = match["scheme"] if match["scheme"].lower() in _SCHEMES else masked(match["scheme"])
        user = f"{masked(match['user'])}@" if match["user"] is not None else ""
        host = self._hosts.of(match["host"]) if match["host"] else ""
        path, mark, query = (match["rest"] or "").partition("?")
        return f"{scheme}://{user}{host}{match['port'] or ''}{self._in_url(path)}{self._in_url(mark + query)}"

    def _in_url(self, text: str) -> str:
        is_query = text.startswith("?")

        def part(match: re.Match[str]) -> str:
            word = match[0]
            if match["percent"]:
                return _percent(word)
            if match["name"]:
                return word if len(word) <= 2 or self._may_stay(word) else masked(word)
            if not is_query and self._may_stay(word):
                return word
            return self._aliases.of(word) if _looks_like_id(word) else self._word_of_user(word)

        return _IN_URL.sub(part, text)

    def _may_stay(self, word: str) -> bool:
        return made_of_words(word) and not self._is_secret(word)

    def _is_secret(self, text: str) -> bool:
        return any(pattern.search(text) for pattern in self._secrets.values())

    def _without_secrets(self, text: str) -> str:
        for pattern in self._secrets.values():
            text = pattern.sub(lambda match: masked(match[0]), text)
        return text


def _parsed(text: str) -> Any:
    """Return the object or array that a text is, None for all else and for one that is nested too deeply."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) and not is_deep(value) else None


def _within(field: str, name: str) -> str:
    """Return what a value is looked at as: in a map of tags no key says anything."""
    return "" if field in TAGS else name


def _is_harmless(field: str, text: str) -> bool:
    """Say whether a value tells nothing of anybody: a date, a number, a size, yes, no, or another known word."""
    if _NUMBER.fullmatch(text.strip()):
        # Fractions may be coordinates.
        return field in NUMBERS or ("." not in text and sum(map(str.isdigit, text)) < len(str(_FEW_DIGITS)))
    if field in DATES or re.fullmatch(_DATE, text):
        return _is_date(text.strip())
    return made_of_words(text)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _looks_like_id(word: str) -> bool:
    has_digit = any(map(str.isdigit, word))
    return has_digit and (len(word) > _IN_WORDS or any(map(str.isalpha, word)))


def _percent(triple: str) -> str:
    """Return what stands in for an escaped byte: itself if it is punctuation, else one of the same kind."""
    byte = int(triple[1:], 16)
    if byte in _PUNCTUATION:
        return triple
    # Letters of ASCII, continuations, and what begins two, three and four bytes of UTF-8.
    kinds = ((0x80, "%78"), (0xC0, "%a9"), (0xE0, "%c3"), (0xF0, "%e3"), (0x100, "%f3"))
    return next(stand_in for above, stand_in in kinds if byte < above)
