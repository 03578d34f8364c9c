"""What a trial raises that cannot go on."""

from __future__ import annotations


class UnseenError(Exception):
    """Nothing can be said of a fact; the text tells why, and holds no data."""
