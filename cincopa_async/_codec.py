"""Bytes to models, or to the right error. Pure: no I/O, no clock."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import NoneType
from typing import Any, TypeVar, cast

from attrs import field, frozen

from ._calls import Call
from ._readers import MissingFieldError, status_fields, structure_hook
from ._redact import hidden_in, hiding, without_key, without_secrets, without_secrets_in_body
from .errors import (
    APIError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ServerError,
)
from .models import Page, UploadStatus
from .models._wire import HoldsSecret

T = TypeVar("T")

_EXCERPT = 2_000
"""How many characters of an answer an error shows."""
_DEPTH = 50
"""How deep an answer may be nested; pickle and copy fail at some hundreds."""
_NOT_GOOD = r"\b(?:invalid|not valid|bad|wrong|unknown|missing|expired|revoked)\b"
_TOKEN_TEXT = re.compile(
    rf"{_NOT_GOOD}.{{0,20}}token|token.{{0,20}}{_NOT_GOOD}"
    r"|token\s+(?:(?:was|is)\s+)?(?:not found|does ?n[o']t exist)",
    re.IGNORECASE | re.DOTALL,
)
_PERMISSION_TEXT = re.compile(r"permission|not allowed|access denied", re.IGNORECASE)
_ID = r"(?:rid|fid|status[\s_-]?id|resource)"
_NOT_FOUND_TEXT = re.compile(
    rf"not found|does ?n[o']t exist|(?:invalid|incorrect|unknown|no such)\W+{_ID}"
    rf"|\b{_ID}\W+(?:is\W+)?(?:invalid|not valid|incorrect|unknown)\b",
    re.IGNORECASE,
)


@frozen(kw_only=True)
class Reply:
    """What came back over the wire."""

    status_code: int
    body: bytes = field(repr=False)
    token: str = field(repr=False)
    """The token that asked, to be taken out of what is shown."""
    retry_after: float | None = None
    """Seconds, from the header ``Retry-After``."""
    headers: Sequence[tuple[bytes, bytes]] = field(default=(), repr=False)
    """As they came: looked at only by those who listen."""


def decode(call: Call[T], reply: Reply) -> T:
    """Return the model that `call` is for, or raise what the answer says instead."""
    answer = json_object(reply.body)
    if not 200 <= reply.status_code < 300:
        raise refusal(call, reply, answer)
    if call.result is str and answer is None:
        return cast("T", reply.body.decode("utf-8", "replace"))
    if answer is None:
        answer = _stands_for_nothing(call, reply)
    if _says_no(answer) and (call.answered_by is None or answer.get(call.answered_by) is None):
        raise refusal(call, reply, answer)
    try:
        return cast("T", _structured(call, reply, answer))
    except MissingFieldError as missing:
        lack = str(missing)
    # Outside the except, so that the chain does not hold the answer.
    raise _undecodable(call, reply, lack)


def _structured(call: Call[Any], reply: Reply, answer: dict[str, Any]) -> Any:
    if call.result is NoneType:
        return None
    if call.result is dict:
        return answer
    if call.result is str:
        raise MissingFieldError("the answer is a JSON object, where a page was asked for")
    if call.result is UploadStatus:
        return _status(answer, reply)
    return structure_hook(call.result)(answer, call.result)


def refusal(call: Call[Any], reply: Reply, answer: Mapping[str, Any] | None) -> APIError:
    """Return the error that says what a refusal means."""
    code = reply.status_code
    text = _message(answer)
    message = without_secrets(text or _phrase(code), reply.token)
    if key := _key_sent(call):
        message = without_key(message, key)
    body = _excerpt(call, reply)
    # A redirect may be what follows when the thing is done (303).
    applied = call.safety != "read" and (300 <= code < 400 or code >= 500)
    if code == 429:
        return RateLimitError(code, message, call.name, body, retry_after=reply.retry_after)
    if code >= 500:
        # A service that says when to come again did not act: HTTP's convention, and the one exception to "certainly".
        applied = applied and not (code == 503 and reply.retry_after is not None)
        return ServerError(code, message, call.name, body, retry_after=reply.retry_after, maybe_applied=applied)
    return _error_class(code, text or "")(code, message, call.name, body, maybe_applied=applied)


def blames_token(message: str) -> bool:
    """Say whether a refusal's text says that the token is not good."""
    return _TOKEN_TEXT.search(message) is not None


def _error_class(code: int, text: str) -> type[APIError]:
    if blames_token(text):
        return AuthenticationError
    if code in (401, 403):
        return PermissionDeniedError if _PERMISSION_TEXT.search(text) else AuthenticationError
    if code == 404 or _NOT_FOUND_TEXT.search(text):
        return NotFoundError
    if code < 300 and _PERMISSION_TEXT.search(text):
        return PermissionDeniedError
    return APIError


def json_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that a body is, None for anything else and for one that is nested too deeply."""
    try:
        answer = json.loads(as_text(body))
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    # It cannot be nested deeper than there are brackets, which are soon counted.
    return None if body.count(b"{") + body.count(b"[") > _DEPTH and is_deep(answer) else answer


def as_text(body: bytes) -> str:
    """Return a body as text, whatever it holds."""
    return body.decode("utf-8", "replace").removeprefix("\ufeff")


def is_deep(value: Any) -> bool:
    """Say whether a JSON value is nested too deeply."""
    level = [value]
    for _ in range(_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if node.__class__ is dict else node)
            if child.__class__ is dict or child.__class__ is list
        ]
        if not level:
            return False
    return True


def _status(answer: dict[str, Any], reply: Reply) -> UploadStatus:
    # Errors hold statuses, and the ``debug`` line of one holds the input's URL. What counts has been read by now: a
    # token as short as a test's must not change it.
    known = status_fields(answer)
    hide = hiding(reply.token, as_text(reply.body))
    for name in ("status", "reason"):
        if known[name] is not None:
            known[name] = hide(known[name])
    return UploadStatus(**known, raw=hidden_in(answer, hide))


def _stands_for_nothing(call: Call[Any], reply: Reply) -> dict[str, Any]:
    # The documentation: a reference_id that does not exist may give an empty response in place of an error.
    if not reply.body.strip() and issubclass(call.result, Page) and call.params.get("reference_id") is not None:
        return {}
    raise _undecodable(call, reply, "the answer is not a JSON object")


def _undecodable(call: Call[Any], reply: Reply, message: str) -> ResponseDecodeError:
    status_id = call.params.get("status_id")
    return ResponseDecodeError(
        call.name,
        message,
        _excerpt(call, reply),
        status_id if isinstance(status_id, str) else None,
        maybe_applied=call.safety != "read",
    )


def _says_no(answer: Mapping[str, Any]) -> bool:
    success = answer.get("success")
    return success is False or (isinstance(success, str) and success.strip().lower() in ("false", "no", "0"))


def _message(answer: Mapping[str, Any] | None) -> str | None:
    for key in ("message", "error", "more"):
        text = (answer or {}).get(key)
        if isinstance(text, str) and text.strip():
            return text.strip()
    return None


def _phrase(code: int) -> str:
    if code < 300:
        return "success is false, and no reason is given"
    if code < 400:
        return "redirected, which is not followed: a write could be sent twice, and the token elsewhere"
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "refused"


def _excerpt(call: Call[Any], reply: Reply) -> str | None:
    if issubclass(call.result, HoldsSecret):
        return None  # Whatever its shape, it may hold what was asked for.
    key = _key_sent(call)
    shown = without_secrets_in_body(reply.body[: 4 * _EXCERPT].decode("utf-8", "replace"), reply.token)
    if key:
        shown = without_key(shown, key)
    if len(reply.body) > 4 * _EXCERPT:
        # The half of a token, however it is spelled, would not be known as one.
        shown = shown[: -6 * max(len(reply.token), len(key))]
    return shown[:_EXCERPT]


def _key_sent(call: Call[Any]) -> str:
    """Return the key that a webhook was given by this call; empty if it was given none."""
    key = call.params.get("security_key")
    return key if isinstance(key, str) else ""
