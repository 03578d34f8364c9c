"""Where to look for each fact of the contract in what a fake answers, and what is seen there for each of its values."""

from __future__ import annotations

from tests.testing.shown import calls, changes, files, hooks, lists, uploads
from tests.testing.shown.bench import LOOKS, URL, Bench, bench, said

__all__ = ["LOOKS", "URL", "Bench", "bench", "calls", "changes", "files", "hooks", "lists", "said", "uploads"]
