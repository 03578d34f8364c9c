"""A webhook's body to a typed event. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from attrs import evolve, field, frozen

from ._calls import required
from ._codec import json_object
from ._readers import structure_hook
from .errors import WebhookDecodeError
from .models import Asset

KEY_FIELD = "security_key"
"""What a body, or a hook's query, calls Cincopa's key."""

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1_000
"""How many fields a form may have: each costs far more than its bytes."""
_NOT_OF_THE_ASSET = frozenset({"event", "drid"})


@frozen(kw_only=True)
class WebhookEvent:
    """
    What Cincopa tells of its own accord, as :func:`parse_event` reads it.

    The same event may come more than once: who sends it tries again when no answer arrived. How a body is laid out is
    not documented, only seen, so every field may be None.
    """

    event: str | None = None
    """Its name, such as ``asset.uploaded``, or one that is new; None where the body has none."""
    rid: str | None = None
    """The asset that it is about, which the body calls ``drid`` or ``rid``."""
    fid: str | None = None
    """The gallery that it is about."""
    asset: Asset | None = None
    """Of an event ``asset.*``: as much of the asset as was sent. Of one without a name too, if it is of an asset."""
    raw: dict[str, Any] = field(factory=dict, repr=False)
    """The whole body, without its security key."""

    def matches(self, pattern: str) -> bool:
        """
        Say whether the event's name is `pattern`, is in the group ``asset.*``, or `pattern` is ``*``: any, even none.

        Raises:
            ValueError: `pattern` has its star elsewhere.
        """
        return name_matches(checked_pattern(pattern), self.event)


def parse_event(body: bytes, content_type: str | None) -> WebhookEvent:
    """
    Read the body of a webhook's request. Who sent it is not checked here: :class:`WebhookReceiver` does.

    Args:
        body: A JSON object, or a form: its fields, or a JSON object in its only one.
        content_type: The request's header; a body that is JSON is read as JSON whatever this says.

    Returns:
        The event. One with a name that nobody knows is an event too.

    Raises:
        WebhookDecodeError: The body is neither.
    """
    return event_of(fields_of(body, content_type))


def fields_of(body: bytes, content_type: str | None) -> dict[str, Any]:
    """Return the fields of a body, the security key among them, or raise :class:`WebhookDecodeError`."""
    if not isinstance(body, bytes):
        raise TypeError(f"body must be bytes, not {type(body).__name__}")
    if not isinstance(content_type, str | None):
        raise TypeError(f"content_type must be a str or None, not {type(content_type).__name__}")
    if _looks_like_json(body.decode("utf-8", "replace")):
        fields = _json_fields(body)
    elif (content_type or "").partition(";")[0].strip().lower() == _FORM:
        fields = _form_fields(body.decode("utf-8", "replace"))
    else:
        raise WebhookDecodeError(f"the body is neither a JSON object nor of the type {_FORM}")
    if not fields.keys() - {KEY_FIELD}:
        raise WebhookDecodeError("the body has no fields")
    return fields


def event_of(fields: dict[str, Any]) -> WebhookEvent:
    """Return the event that a body's fields tell of."""
    raw = _without(fields, KEY_FIELD)
    about = _read(_About, {name: raw.get(name) for name in ("event", "rid", "drid", "fid")})
    name = (about.event or "").strip() or None
    rid = about.drid or about.rid or None
    asset = None
    if name_matches("asset.*", name) or (name is None and (rid is not None or "filename" in raw)):
        found = _read(Asset, {name: value for name, value in raw.items() if name not in _NOT_OF_THE_ASSET})
        asset = evolve(found, rid=rid)
    return WebhookEvent(event=name, rid=rid, fid=about.fid or None, asset=asset, raw=raw)


def checked_pattern(pattern: str) -> str:
    """Return `pattern`, or say what a pattern may be."""
    if "*" in required("pattern", pattern).removesuffix(".*") and pattern != "*":
        raise ValueError("pattern must be an event's name, a group such as 'asset.*', or '*'")
    return pattern


def name_matches(pattern: str, name: str | None) -> bool:
    """Say whether a pattern stands for the name of an event."""
    if pattern == "*":
        return True
    if pattern.endswith(".*"):
        return name is not None and name.startswith(pattern[:-1])
    return name == pattern


@frozen(kw_only=True)
class _About:
    event: str | None = None
    rid: str | None = None
    drid: str | None = None
    fid: str | None = None
    extra: dict[str, Any] = field(factory=dict)


def _read(model: type[Any], fields: dict[str, Any]) -> Any:
    return structure_hook(model)(fields, model)


def _looks_like_json(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def _json_fields(body: bytes) -> dict[str, Any]:
    fields = json_object(body)
    if fields is None:
        raise WebhookDecodeError("the body is no JSON object, or is nested too deeply")
    return fields


def _form_fields(text: str) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        fields = {}
    if not fields:  # Outside the except, so that no chain leads to the body.
        raise WebhookDecodeError(f"the form has no fields, or more than {_MOST_FIELDS}")
    others = _without(fields, KEY_FIELD)
    if len(others) == 1:
        # As `payload={…}`, or as a JSON object that somebody has encoded as a form: a name without a value.
        ((name, value),) = others.items()
        held = value or name
        if _looks_like_json(held):
            return {**_without(fields, name), **_json_fields(held.encode())}
    return fields


def _without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}
