"""Who may send events: the secrets of a webhook, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from ._asgi import Scope, last_segment, parameters
from ._calls import optional
from ._events import KEY_FIELD


class Secrets:
    """Who may send events. Only digests are kept: of one length, and of no use to who sees them in a traceback."""

    def __init__(self, security_key: str | None, secret: str | None) -> None:
        if optional("security_key", security_key) is None and optional("secret", secret) is None:
            raise ValueError("security_key or secret must be given: otherwise anybody could send events")
        if secret is not None and "/" in secret:
            raise ValueError("secret must have no '/' in it: it is compared with the last segment of the path")
        self._key = None if security_key is None else _digest(security_key)
        self._secret = None if secret is None else _digest(secret)

    @property
    def may_be_in_a_body(self) -> bool:
        """Whether a request may still show itself good by what its body holds."""
        return self._key is not None

    def are_in_url(self, scope: Scope) -> bool:
        """Say whether the path or the query holds one of them."""
        sent = parameters(scope)
        keys = [value for name, value in sent if name == KEY_FIELD]
        secrets = [last_segment(scope), *(value for name, value in sent if name == "secret")]
        by_key = _one_is(self._key, keys)
        by_secret = _one_is(self._secret, secrets)
        return by_key or by_secret

    def are_in(self, fields: dict[str, Any]) -> bool:
        """Say whether the fields of a body hold the key."""
        key = fields.get(KEY_FIELD)
        return _one_is(self._key, [key] if isinstance(key, str) else [])


def _one_is(known: bytes | None, sent: list[str]) -> bool:
    """Compare with all that was sent, in a time that tells nothing of what is known."""
    matches = [hmac.compare_digest(known, _digest(value)) for value in sent] if known is not None else []
    return any(matches)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
