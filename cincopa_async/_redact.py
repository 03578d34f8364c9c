"""What must not be seen is taken out of texts here: URLs, which may be signed or carry a capability, and the token."""

from __future__ import annotations

import re
from urllib.parse import quote

URL_MARK = "[url]"
TOKEN_MARK = "[api_token]"  # noqa: S105 - a mark, no token

# It runs over JSON as well as over plain text, so it knows the escapes that JSON writers put into a URL (`\/`,
# `\u0026`) and the percent-encoded form, and it stops where a JSON string ends.
_URL = re.compile(
    r"[a-z][a-z0-9+.-]*(?::|%3a)(?:\\?/|%2f){2}(?:\\/|\\u[0-9a-f]{4}|[^\s\"'<>\\])*",
    re.IGNORECASE,
)


def without_urls(text: str) -> str:
    """Return `text` with each URL replaced by ``[url]``."""
    return _URL.sub(URL_MARK, text)


def without_token(text: str, token: str) -> str:
    """Return `text` with `token`, plain or percent-encoded, replaced by ``[api_token]``."""
    for form in {token, quote(token, safe="")}:
        text = text.replace(form, TOKEN_MARK)
    return text
