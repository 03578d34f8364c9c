"""How answers look on the wire, the quirks' answers too."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any, Final

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from ._account import SYNCED
from ._contract import Value
from ._quirks import Active, Quirk

_SIZES = ("file_size_bytes", "filesize")
_RUNTIME = "runtime"

# How the facts of the contract have what is in an answer written.
_SUCCESSES: Final[Mapping[Value, dict[str, Any]]] = {"true": {"success": True}, "missing": {}}
_RUNTIMES: Final[Mapping[Value, Callable[[int], dict[str, Any]]]] = {
    "number": lambda milliseconds: {_RUNTIME: milliseconds},
    "number as text": lambda milliseconds: {_RUNTIME: str(milliseconds)},
    "missing": lambda _: {},
}
_NUMBERS: Final[Mapping[Value, str]] = {"texts": "{}", "words": "no. {}"}
_WRITTEN_SIZES: Final[Mapping[Value, Callable[[int], int | str]]] = {
    "byte texts": lambda size: size if size < 0 else f"{size} byte",
    "unknown": lambda _: -1,
    "kilobytes": lambda size: size if size < 0 else f"{-(-size // 1024)} KB",
}
_REJECTIONS: Final[Mapping[Value, tuple[int, str]]] = {
    "error": (200, "error: {}"),
    "status": (400, "rejected"),
    "neither": (200, "rejected"),
}


class Answers:
    """Writes what one request is answered."""

    def __init__(self, quirks: Active, missing: Iterable[str] = ()) -> None:
        self._quirks = quirks
        self._missing = missing
        self._started = time.perf_counter()

    def success(self, body: Mapping[str, Any] | str | None) -> Response:
        """Write an answer of success: JSON, a page, or nothing at all."""
        if body is None:
            return Response(media_type="application/json")
        if isinstance(body, str):
            return HTMLResponse(body)
        said = _SUCCESSES[self._quirks.fact("answers.success")]
        return self._json({**without(dict(body), self._missing), **said}, 200)

    def failure(self, text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """Write a failure, its text where the contract or a quirk wants it."""
        success = status == 200 and self._quirks.fact("failure.success") == "true"
        return self._json({"success": success, str(self._quirks.fact("failure.text")): text}, status, headers)

    def instead_of_acting(self, quirk: Quirk) -> Response:
        """Answer without having acted."""
        options = quirk.options
        match quirk.name:
            case "retry_after":
                headers = {"retry-after": _retry_after(options["seconds"], as_date=options["as_date"])}
                return self.failure("Too many requests", options["status"], headers)
            case "success_false":
                return self.failure(options["message"], 200)
            case "html_502":
                return _proxy_page(options["status"])
            case _:
                return self.failure("Internal server error", options["status"])

    def instead_of_answer(self, quirk: Quirk, answer: Response) -> Response:
        """Answer something else than the call did, which has acted."""
        match quirk.name:
            case "html_502_after":
                return _proxy_page(quirk.options["status"])
            case "empty_body":
                return Response(status_code=200, media_type=answer.media_type)
            case "truncated_json":
                body = bytes(answer.body)
                return Response(body[: len(body) // 2], status_code=answer.status_code, media_type=answer.media_type)
            case _:
                return self.failure("Internal server error", quirk.options["status"])

    def _json(self, body: dict[str, Any], status: int, headers: Mapping[str, str] | None = None) -> Response:
        bent = _bent({**body, **self._runtime()}, self._quirks)
        return Response(json.dumps(bent), status_code=status, headers=headers, media_type="application/json")

    def _runtime(self) -> dict[str, Any]:
        return _RUNTIMES[self._quirks.fact("answers.runtime")](round(1000 * (time.perf_counter() - self._started)))


class TextAnswers(Answers):
    """Writes what a direct upload is answered: plain text, with the word `error` in a failure."""

    def text(self, text: str) -> Response:
        """Write an answer of success."""
        return PlainTextResponse(text)

    def failure(self, text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """Write a failure."""
        return PlainTextResponse(f"error: {text}", status, headers)

    def rejection(self, text: str) -> Response:
        """Write that a file is not taken."""
        status, form = _REJECTIONS[self._quirks.fact("direct.error")]
        return PlainTextResponse(form.format(text), self._quirks.get("failure_status", "status", status))


def _proxy_page(status: int) -> Response:
    """Answer as the proxy in front of the service does when the service is away."""
    return HTMLResponse(f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>", status)


def _bent(body: dict[str, Any], quirks: Active) -> dict[str, Any]:
    if "missing" in quirks:
        gone = quirks.get("missing", "field", ())
        gone = {gone} if isinstance(gone, str) else set(gone)
        body = _each_object(body, lambda name, value: {} if name in gone else {name: value})
    # What is as believed is not gone through for it: a fake may answer thousands of calls a second.
    if written := _WRITTEN_SIZES.get(quirks.fact("answers.sizes")):
        body = _each_object(body, lambda name, value: {name: written(value) if name in _SIZES else value})
    for quirk in quirks.among({"unknown_sync_word"}):
        state, word = quirk.options["state"], quirk.options["word"]
        body = _each_object(body, partial(_reworded, "syncstatus", state, word))
    if (synced := str(quirks.fact("asset.sync"))) != SYNCED:
        body = _each_object(body, partial(_reworded, "syncstatus", SYNCED, synced))
    form = _NUMBERS.get(quirks.fact("answers.numbers"))
    if form is None:
        return body
    return {name: value if name == _RUNTIME else _with_numbers(value, form) for name, value in body.items()}


def without(body: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Leave fields out, named by their paths: ``items.rid`` is the `rid` of each of the `items`."""
    for path in paths:
        name, _, rest = path.partition(".")
        value = body.get(name)
        if not rest:
            body = {key: kept for key, kept in body.items() if key != name}
        elif isinstance(value, dict):
            body = {**body, name: without(value, [rest])}
        elif isinstance(value, list):
            body = {**body, name: [without(entry, [rest]) for entry in value]}
    return body


def _each_object(value: Any, field: Callable[[str, Any], dict[str, Any]]) -> Any:
    """Rewrite each field of each object within."""
    match value:
        case dict():
            return {
                name: inner
                for old_name, old in value.items()
                for name, inner in field(old_name, _each_object(old, field)).items()
            }
        case list():
            return [_each_object(item, field) for item in value]
        case _:
            return value


def _reworded(field: str, state: str, word: str, name: str, value: Any) -> dict[str, Any]:
    return {name: word if (name, value) == (field, state) else value}


def _with_numbers(value: Any, form: str) -> Any:
    match value:
        case dict():
            return {name: _with_numbers(inner, form) for name, inner in value.items()}
        case list():
            return [_with_numbers(item, form) for item in value]
        case int() | float() if not isinstance(value, bool):
            return form.format(value)
        case _:
            return value


def _retry_after(seconds: int, *, as_date: bool) -> str:
    if not as_date:
        return str(seconds)
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
