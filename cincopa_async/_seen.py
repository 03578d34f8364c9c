"""Which keys a run has met: two items that a store cannot tell apart must not pass for one. Pure."""

from __future__ import annotations

import hashlib
from array import array


class SeenKeys:
    """
    A set of keys that takes 12 to 24 bytes for each, whatever its length: a batch may have millions.

    It keeps 64 bits of a hash: among ten million keys the chance that two are taken for one is 1 in 300,000.
    """

    def __init__(self) -> None:
        self._count = 0
        self._table = _empty(64)

    def add(self, key: str) -> bool:
        """Add a key, and say whether it is new."""
        # 0 marks an empty place.
        mark = int.from_bytes(hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest()) or 1
        if not _placed(self._table, mark):
            return False
        self._count += 1
        if self._count * 3 > len(self._table) * 2:
            self._grow()
        return True

    def _grow(self) -> None:
        larger = _empty(2 * len(self._table))
        for mark in self._table:
            if mark:
                _placed(larger, mark)
        self._table = larger


def _placed(table: array[int], mark: int) -> bool:
    """Put a mark into its place, or say that it is there: at its own, or at the first that is empty after it."""
    last = len(table) - 1  # The length is a power of two.
    at = mark & last
    while table[at]:
        if table[at] == mark:
            return False
        at = (at + 1) & last
    table[at] = mark
    return True


def _empty(length: int) -> array[int]:
    return array("Q", bytes(8 * length))
