"""How answers look on the wire, the quirks' answers too."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from ._quirks import Active, Quirk

_SIZES = ("file_size_bytes", "filesize")


class Answers:
    """Writes what one request is answered."""

    def __init__(self, quirks: Active) -> None:
        self._quirks = quirks
        self._started = time.perf_counter()

    def success(self, body: Mapping[str, Any] | str) -> Response:
        """Write an answer of success, JSON or a page."""
        if isinstance(body, str):
            return HTMLResponse(body)
        return self._json({**body, "success": True, "runtime": self._runtime()}, 200)

    def failure(self, text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """Write a failure, its text where a quirk may want it."""
        key = self._quirks.get("failure_key", "key", "message")
        return self._json({"success": False, key: text, "runtime": self._runtime()}, status, headers)

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
        bent = _bent(body, self._quirks)
        return Response(json.dumps(bent), status_code=status, headers=headers, media_type="application/json")

    def _runtime(self) -> int:
        return round(1000 * (time.perf_counter() - self._started))


class TextAnswers(Answers):
    """Writes what a direct upload is answered: plain text, with the word `error` in a failure."""

    def text(self, text: str) -> Response:
        """Write an answer of success."""
        return PlainTextResponse(text)

    def failure(self, text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """Write a failure."""
        return PlainTextResponse(f"error: {text}", status, headers)


def _proxy_page(status: int) -> Response:
    """Answer as the proxy in front of the service does when the service is away."""
    return HTMLResponse(f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>", status)


def _bent(body: dict[str, Any], quirks: Active) -> Any:
    if "missing" in quirks:
        gone = quirks.get("missing", "field", ())
        gone = {gone} if isinstance(gone, str) else set(gone)
        body = _each_object(body, lambda name, value: {} if name in gone else {name: value})
    if "unknown_sizes" in quirks:
        body = _each_object(body, lambda name, value: {name: -1 if name in _SIZES else value})
    for quirk in quirks.among({"unknown_sync_word"}):
        state, word = quirk.options["state"], quirk.options["word"]
        body = _each_object(body, partial(_reworded, "syncstatus", state, word))
    if "size_words" in quirks:
        body = _each_object(body, lambda name, value: {name: _word(value) if name in _SIZES else value})
    return _numbers_as_strings(body) if "numbers_as_strings" in quirks else body


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


def _numbers_as_strings(value: Any) -> Any:
    match value:
        case dict():
            return {name: _numbers_as_strings(inner) for name, inner in value.items()}
        case list():
            return [_numbers_as_strings(item) for item in value]
        case int() | float() if not isinstance(value, bool):
            return str(value)
        case _:
            return value


def _word(size: int) -> str | int:
    return size if size < 0 else f"{size} byte"


def _retry_after(seconds: int, *, as_date: bool) -> str:
    if not as_date:
        return str(seconds)
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
