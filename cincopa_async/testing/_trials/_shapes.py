"""Which form a value has: of numbers, sizes and dates the service has several. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_COUNTS: Final = ("accid_num", "userid_num", "items_data.page", "items_data.items_count", "items_data.pages_count")
_DATES: Final = ("uploaded", "modified")
_LISTS: Final = ("items", "galleries")

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_BYTES: Final = re.compile(r"\d+ bytes?", re.IGNORECASE)
_LARGER: Final = re.compile(r"\d+([.,]\d+)? ?[kmgt]i?b", re.IGNORECASE)
_MONTH_FIRST: Final = re.compile(r"\d{1,2}/\d{1,2}/\d{4}\b.*")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.(?P<digits>\d+))?)?(?P<offset>Z|[+-]\d\d:?\d\d)?")


def shapes(body: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Find what an answer shows of the forms of values: the id of a fact, what it is, and the field that shows it."""
    for path in _COUNTS:
        value = field_at(body, path)
        if value is not None:
            yield "answers.numbers", number_shape(value), path
    for item in (item for name in _LISTS if isinstance(body.get(name), list) for item in body[name]):
        for name, value in item.items() if isinstance(item, Mapping) else ():
            if name == "filesize":
                yield "answers.sizes", size_shape(value), name
            elif name in _DATES and value:
                yield "answers.dates", date_shape(value), name


def number_shape(value: object) -> str:
    """Say which form a number has."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "numbers"
    return "texts" if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else "words"


def size_shape(value: object) -> str:
    """Say which form a size has, -1 being one that is not known."""
    text = str(value).strip()
    if text == "-1":
        return "unknown"
    if _BYTES.fullmatch(text):
        return "byte texts"
    if _LARGER.fullmatch(text):
        return "kilobytes"
    return "bytes" if number_shape(value) != "words" else "words"


def date_shape(value: object) -> str:
    """Say which form a date has."""
    text = str(value).strip()
    if match := _ISO.fullmatch(text):
        if match["offset"] is None:
            return "no offset"
        return "seven digits and an offset" if len(match["digits"] or "") == 7 else "an offset"
    return "month first" if _MONTH_FIRST.fullmatch(text) else "another form"


def runtime_shape(value: object) -> str:
    """Say which form the `runtime` of an answer has."""
    if value is None:
        return "missing"
    return {"numbers": "number", "texts": "number as text", "words": "words"}[number_shape(value)]


def field_at(body: Mapping[str, Any], path: str) -> Any:
    """Return a field by its path, such as ``items_data.page``; None where it is not there."""
    value: Any = body
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
