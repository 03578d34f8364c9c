"""The keys that a run has met."""

from __future__ import annotations

import random
import sys

from hypothesis import given
from hypothesis import strategies as st

from cincopa_async._seen import SeenKeys


@given(st.lists(st.text(max_size=5)))
def test_key_is_new_once(keys: list[str]) -> None:
    """It is a set, whatever the keys look like."""
    seen, known = SeenKeys(), set[str]()
    for key in keys:
        assert seen.add(key) == (key not in known)
        known.add(key)


def test_many_keys_take_little() -> None:
    """A batch of a million must not pay for its keys' lengths."""
    seen = SeenKeys()
    keys = [f"https://media.example/{random.random()}/{number}.mp4" for number in range(50_000)]

    assert all(seen.add(key) for key in keys)
    assert not any(seen.add(key) for key in keys)
    assert sys.getsizeof(seen._table) <= 24 * 50_000
