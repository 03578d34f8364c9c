"""How things are measured: in processes of their own, in turns, by the CPU time they take."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key")


def by_turns(measures: Mapping[Key, Callable[[], float | None]], rounds: int) -> dict[Key, float | None]:
    """Medians of what was measured round by round; None for what once said None, which is not asked again."""
    figures: dict[Key, list[float]] = {key: [] for key in measures}
    given_up: set[Key] = set()
    for _ in range(rounds):
        for key, measure in measures.items():
            figure = None if key in given_up else measure()
            if figure is None:
                given_up.add(key)
            else:
                figures[key].append(figure)
    return {key: None if key in given_up else statistics.median(values) for key, values in figures.items()}


def printed_by(arguments: Sequence[str], *, within: float = 120.0) -> float | None:
    """The number that a Python process prints, None if it has not ended within so many seconds."""
    try:
        ran = subprocess.run(
            [sys.executable, *arguments], check=True, stdout=subprocess.PIPE, text=True, timeout=within
        )
    except subprocess.TimeoutExpired:
        return None
    return float(ran.stdout)


def cpu_of(work: Callable[[], object], times: int) -> float:
    """CPU microseconds of one turn of some work in this process, the best of a few goes."""
    return min(timeit.repeat(work, number=times, repeat=5, timer=time.process_time)) / times * 1e6


def shown(figure: float | None, form: str = ".0f") -> str:
    return "does not end" if figure is None else format(figure, form)


def quotient(ours: float | None, theirs: float | None) -> str:
    return "-" if ours is None or theirs is None else f"{ours / theirs:.2f}"
