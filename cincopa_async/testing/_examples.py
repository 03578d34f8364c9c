"""The requests in the vendor's documentation, with the answers printed beside them."""

from __future__ import annotations

import json
from importlib.resources import files

_EXAMPLES: dict[tuple[str, bytes], bytes] = {
    (example["method"], example["target"].encode()): example["answer"].encode()
    for example in json.loads(files("cincopa_async.testing").joinpath("examples.json").read_text("utf-8"))
}


def documented_answer(method: str, target: bytes) -> bytes | None:
    """Return what the documentation says a request is answered; None if it does not show that very request."""
    return _EXAMPLES.get((method, target))
