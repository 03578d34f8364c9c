"""What stands in for a text in a recording: its shape, or one and the same placeholder wherever it stands."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from ._vocabulary import WORDS

# No vowels: a placeholder is never by chance the name of a field, or a word that means something.
_SMALL = "xbcdfghjklmnpqrstvwz"
_DIGITS = "0123456789"
_HEX = re.compile(r"(?=.*[0-9])(?:[0-9a-f]{16,}|[0-9a-f]+(?:-[0-9a-f]+){3,})", re.IGNORECASE)

# A bug of encoding shows only where what stands in takes as many bytes.
_LETTER_OF_SCRIPT = {
    "LATIN": "é",
    "GREEK": "λ",
    "CYRILLIC": "ж",
    "HEBREW": "ב",
    "ARABIC": "ب",
    "DEVANAGARI": "क",
    "THAI": "ก",
    "HIRAGANA": "あ",
    "KATAKANA": "ア",
    "HANGUL": "한",
    "CJK": "字",
}
_OF_CATEGORY = {"Nd": "9", "Cs": "\ud83d", "Mn": "\u0301", "Mc": "\u0301", "Me": "\u0301"}
_BEYOND_16_BITS = 0x10000


def masked(text: str) -> str:
    """Return the shape of a text: ``x`` and ``X`` for its letters, ``9`` for its digits, punctuation as it is."""
    return "".join(map(_stand_in, text))


class Aliases:
    """Placeholders of the look of what they stand for, the same for the same text; numbered, so that none tells it."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}
        self._taken: set[str] = set()
        self._numbers: Counter[str] = Counter()

    def known(self, text: str) -> str | None:
        """Return the placeholder of a text that has one."""
        return self._made.get(text)

    def of(self, text: str) -> str:
        """
        Return the placeholder of a text, made when it is asked for first.

        It is as long as the text and has letters, digits and capitals where that has them, as long as there are any
        left of that look; then it is longer.
        """
        alias = self._made.get(text)
        if alias is None:
            alias = self._made[text] = self._new(text)
            self._taken.add(alias)
        return alias

    def _new(self, text: str) -> str:
        if text == "0" or (masked(text) == text and not any(map(str.isalnum, text))):
            return text  # There is one number of this look; and what is all punctuation tells nothing.
        alphabets = _alphabets(text)
        while True:
            look = "".join(alphabet[0] for alphabet in alphabets)
            self._numbers[look] += 1
            alias = _written(self._numbers[look], alphabets)
            if alias is None:
                alphabets.append(_DIGITS if text.isascii() and text.isdecimal() else _SMALL)
            elif alias != text and alias not in self._taken and alias.lower() not in WORDS:
                return alias


class Numbered:
    """Placeholders that look all alike but for their number, the same for the same text in any case of letters."""

    def __init__(self, write: Callable[[int], str]) -> None:
        self._write = write
        self._made: dict[str, str] = {}

    def of(self, text: str) -> str:
        """Return the placeholder of a text, made when it is asked for first."""
        return self._made.setdefault(text.lower(), self._write(len(self._made) + 1))


def address4(number: int) -> str:
    """Return an IPv4 address of the networks that documents use; with the 763rd they begin anew."""
    network, host = divmod((number - 1) % 762, 254)
    return f"{('192.0.2', '198.51.100', '203.0.113')[network]}.{host + 1}"


def address6(number: int) -> str:
    """Return an IPv6 address of the network that documents use."""
    return f"2001:db8::{number:x}"


@functools.lru_cache(maxsize=4096)
def _stand_in(character: str) -> str:
    if character.isascii():
        if character.isalpha():
            return "x" if character.islower() else "X"
        return "9" if character.isdigit() else character
    category = unicodedata.category(character)
    if category[0] == "L":
        return _letter(character)
    is_wide = ord(character) >= _BEYOND_16_BITS
    if category[0] in "ZP" or category in ("Cc", "Cf"):
        return "\U000e0020" if is_wide else character  # Beyond 16 bits some spell letters which nobody sees.
    if character == "\ufffd":
        return character  # What decoding leaves of bytes that are no text.
    return _OF_CATEGORY.get(category, "😀" if is_wide else "☺")


def _letter(character: str) -> str:
    script = unicodedata.name(character, "").partition(" ")[0].partition("-")[0]
    letter = _LETTER_OF_SCRIPT.get(script, "x")
    return letter.upper() if character.isupper() else letter


def _alphabets(text: str) -> list[str]:
    """Return what may stand at each place of a placeholder."""
    if text.isascii() and text.isdecimal():
        # A number stays one of as many digits.
        return ["0" if text[0] == "0" else "123456789", *[_DIGITS] * (len(text) - 1)]
    small = "abcdef" if _HEX.fullmatch(text) else _SMALL
    return [_alphabet(character, small) for character in text]


def _alphabet(character: str, small: str) -> str:
    shape = _stand_in(character)
    return {"x": small, "X": small.upper(), "9": _DIGITS}.get(shape, shape)


def _written(number: int, alphabets: Sequence[str]) -> str | None:
    """Write a number with these alphabets, the last for its smallest place; None where it has more places."""
    letters = []
    for alphabet in reversed(alphabets):
        number, place = divmod(number, len(alphabet))
        letters.append(alphabet[place])
    return None if number else "".join(reversed(letters))
