"""Writes anew what FakeCincopa answers."""

from __future__ import annotations

import anyio

from . import FAKE, of_the_fake

if __name__ == "__main__":
    FAKE.write_text(anyio.run(of_the_fake), encoding="ascii")
