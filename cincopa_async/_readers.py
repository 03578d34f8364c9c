"""
How a JSON value becomes a field: tolerant readers of numbers, sizes, words and dates, hung into a cattrs converter.

A value that cannot be read leaves the field None and stays in `extra`; only what the call is for must be there.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, get_origin

from attrs import NOTHING, Attribute, fields, has, resolve_types
from cattrs import Converter

from .models import Page, TagList, UploadState
from .models._wire import wire_names

Hook: TypeAlias = Callable[[Any, Any], Any]

_ENVELOPE = frozenset({"success", "runtime"})
_UNREADABLE = object()
# No number of the API comes near it; beyond some thousand digits Python can neither divide an int nor write it.
_MOST = 10**30
_NUMBER = re.compile(r"\s*([+-]?\d{1,18})(?:\.\d*)?\s*(?:bytes?)?\s*", re.IGNORECASE)
_WORDS_OF_STATE = {
    "completed": UploadState.COMPLETED,
    "failed": UploadState.FAILED,
    "aborted": UploadState.ABORTED,
}


class MissingFieldError(Exception):
    """The answer lacks what the call is for."""


def whole_number(value: object, _: object = None) -> Any:
    """Read ``62``, ``"62"`` and ``"62 byte"`` as 62, and ``-1``, which stands for unknown, as None."""
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
        value = int(match[1]) if match else _UNREADABLE
    if isinstance(value, float) and math.isfinite(value):
        value = int(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST:
        return _UNREADABLE
    return None if value < 0 else value


def number(value: object, _: object = None) -> Any:
    """Read a number, or a string that is one."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _UNREADABLE
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _UNREADABLE
    try:
        real = float(value)
    except OverflowError:
        return _UNREADABLE
    return real if math.isfinite(real) else _UNREADABLE


def text(value: object, _: object = None) -> Any:
    """Read a string, or a number that was sent in its place."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value) if abs(value) <= _MOST or isinstance(value, float) else _UNREADABLE
    return _UNREADABLE


def date(value: object, _: object = None) -> Any:
    """Read an ISO 8601 date, with or without an offset, with any number of digits of a second."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        return _UNREADABLE
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        return _UNREADABLE


def word_list(value: object, _: object = None) -> Any:
    """Read a comma list, or a list, as a tuple of words."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        return _UNREADABLE
    return tuple([stripped for word in value if (stripped := word.strip())])


def counts(value: object, _: object = None) -> Any:
    """Read a map of words to counts; a count that cannot be read is None."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return _UNREADABLE
    numbers = {word: whole_number(count) for word, count in value.items()}
    return {word: None if count is _UNREADABLE else count for word, count in numbers.items()}


def status_fields(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an UploadStatus, which has no hook: its texts are still to be cleaned."""
    word = _readable(text, answer.get("status"))
    rid = _readable(text, answer.get("resid")) or None
    moved = _readable(whole_number, answer.get("progress_bytes"))
    size = _readable(whole_number, answer.get("file_size_bytes"))
    state = _state(word, rid, moved, size)
    return {
        "state": state,
        "status": word,
        "progress_bytes": moved,
        "file_size_bytes": size,
        "progress": _readable(number, answer.get("progress")),
        "rid": rid,
        "reason": _reason(answer) if state is UploadState.FAILED else None,
    }


def _reason(answer: Mapping[str, Any]) -> str | None:
    reasons = (_readable(text, answer.get(key)) for key in ("more", "error", "message"))
    return next((reason for reason in reasons if reason), None)


def structure_hook(model: type) -> Hook:
    """Return the function that makes a `model` of a JSON object; it raises :class:`MissingFieldError`."""
    return _converter().get_structure_hook(model)


def _model_hook(model: type) -> Hook:
    resolve_types(model)
    read_fields = _fields_hook([attribute for attribute in fields(model) if attribute.name != "extra"])

    def structure(answer: Any, _: object) -> Any:
        return model(**read_fields(answer))

    return structure


def _fields_hook(attributes: Sequence[Attribute[Any]]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Make the function that reads these fields of an answer, and `extra`, which is what none of them takes."""
    plan = [
        (
            attribute.name,
            wire_names(attribute.name, attribute.metadata),
            hook := _converter().get_structure_hook(attribute.type),
            str if hook is text else None,
            attribute.default is NOTHING,
        )
        for attribute in attributes
    ]
    known = _ENVELOPE.union(*(keys for _, keys, *_ in plan))

    def read_fields(answer: Mapping[str, Any]) -> dict[str, Any]:
        extra = {key: value for key, value in answer.items() if key not in known}
        values: dict[str, Any] = {"extra": extra}
        for name, keys, read, as_it_is, needed in plan:
            key = keys[0] if len(keys) == 1 else _first_sent(keys, answer)
            value = answer.get(key)
            # Pages have thousands of fields, most of them absent, or strings as they are.
            if value is not None and value.__class__ is not as_it_is:
                value = read(value, None)
                if value is _UNREADABLE:
                    extra[key] = answer[key]
                    value = None
            if needed and not (value and value.strip()):
                raise MissingFieldError(f"the answer has no {' or '.join(keys)}")
            if value is not None:
                values[name] = value
        return values

    return read_fields


def _first_sent(keys: Sequence[str], answer: Mapping[str, Any]) -> str:
    return next((key for key in keys if answer.get(key)), keys[0])


def _is_page(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Page)


def _page_hook(page: type) -> Hook:
    """Make the hook of a page: its numbers stand in ``items_data``, its items beside it."""
    resolve_types(page)
    places = wire_names("items", fields(page).items.metadata)
    read = _converter().get_structure_hook(fields(page).items.type.__args__[0])
    of_every_page = {attribute.name for attribute in fields(Page)}
    read_fields = _fields_hook([attribute for attribute in fields(page) if attribute.name not in of_every_page])

    def structure(answer: Any, _: object) -> Any:
        items, rest = _taken(answer, places)
        if not isinstance(items, list) or not all(isinstance(entry, dict) for entry in items):
            raise MissingFieldError("the answer's items are not a list of objects")
        sent = rest.pop("items_data", None)
        values = read_fields(rest)
        numbers = _page_numbers(sent, values["extra"])
        return page(items=tuple(read(entry, None) for entry in items), **numbers, **values)

    return structure


def _taken(answer: Mapping[str, Any], places: Iterable[str]) -> tuple[Any, dict[str, Any]]:
    """Take what stands at the first of `places` that is there out of an answer: it, and the rest. None is no items."""
    rest = dict(answer)
    for place in places:
        outer, _, inner = place.rpartition(".")
        holder = rest.get(outer) if outer else rest
        if isinstance(holder, dict) and holder.get(inner) is not None:
            if outer:
                holder = rest[outer] = dict(holder)
            return holder.pop(inner), rest
    return [], {key: value for key, value in rest.items() if key not in places}


def _page_numbers(sent: Any, extra: dict[str, Any]) -> dict[str, int | None]:
    numbers: dict[str, int | None] = {}
    if not isinstance(sent, Mapping):
        if sent is not None:
            extra["items_data"] = sent
        return numbers
    rest = dict(sent)
    for name in ("page", "items_per_page", "items_count", "pages_count"):
        value = whole_number(sent.get(name))
        if value is not _UNREADABLE:
            numbers[name] = value
            rest.pop(name, None)
    if rest:
        extra["items_data"] = rest
    return numbers


def _readable(read: Hook, value: object) -> Any:
    found = read(value, None)
    return None if found is _UNREADABLE else found


def _state(word: str | None, rid: str | None, moved: int | None, size: int | None) -> UploadState:
    """Say what a status word means; one that nobody knows means "not ended yet"."""
    plain = (word or "").lower()
    if not plain.isalpha():
        plain = re.sub(r"[\s_-]", "", plain)
    if plain == "ready" and rid and (size is None or (moved is not None and moved >= size)):
        return UploadState.COMPLETED  # One schema lists it in the place of `completed`.
    return _WORDS_OF_STATE.get(plain, UploadState.IN_PROGRESS)


def _tags_hook(_: type) -> Hook:
    """The shape of ``get_tags`` is not documented: a list of words, or a map of each to its count."""

    def structure(answer: Any, _: object) -> TagList:
        sent = answer.get("tags")
        extra = {key: value for key, value in answer.items() if key not in _ENVELOPE | {"tags"}}
        tags = counts(sent)
        if tags is _UNREADABLE:
            listed = word_list(sent)
            if listed is _UNREADABLE:
                raise MissingFieldError("the answer's tags are neither words nor a map of words to counts")
            tags = dict.fromkeys(listed)
        return TagList(tags=tags or {}, extra=extra)

    return structure


def _models_hook(kind: Any) -> Hook:
    """Make the hook of a list of models."""
    read = _converter().get_structure_hook(kind.__args__[0])

    def structure(sent: Any, _: object) -> Any:
        if not isinstance(sent, list) or not all(isinstance(entry, dict) for entry in sent):
            return _UNREADABLE
        return tuple(read(entry, None) for entry in sent)

    return structure


def _is_models(kind: Any) -> bool:
    return get_origin(kind) is tuple and has(kind.__args__[0])


@functools.cache
def _converter() -> Converter:
    # Made when it is needed first: an import that is never followed by a call is not to pay for it.
    converter = Converter()
    converter.register_structure_hook(str, text)
    converter.register_structure_hook_func(lambda kind: kind == str | None, text)
    converter.register_structure_hook_func(lambda kind: kind == int | None, whole_number)
    converter.register_structure_hook_func(lambda kind: kind == float | None, number)
    converter.register_structure_hook_func(lambda kind: kind == datetime | None, date)
    converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...] | None, word_list)
    converter.register_structure_hook_func(lambda kind: kind == dict[str, int | None] | None, counts)
    converter.register_structure_hook_factory(has, _model_hook)
    converter.register_structure_hook_factory(_is_models, _models_hook)
    converter.register_structure_hook_factory(_is_page, _page_hook)
    converter.register_structure_hook_factory(lambda kind: kind is TagList, _tags_hook)
    return converter
