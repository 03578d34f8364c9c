"""
CPU time of one call in the client, beside its peers: the same GET of an upload's status, request to typed result.

Run it with ``python -m nox -s bench -- calls``. A minute is the bound: raw httpx, and what is built on it, does not end
with a thousand tasks, for its pool looks at every connection and at every waiting request at each step.
"""

from __future__ import annotations

import functools
from pathlib import Path

from _chart import lines
from _measure import by_turns, printed_by, shown
from _peers import PEERS
from _results import table, write
from _server import served

ROUNDS = 5
SERVER = "The server is a process of its own, and not counted. What had not ended after a minute was killed."
TASKS = (1, 10, 50, 1_000, 5_000)
BOUND = 60.0
PACKAGES = ["httpx", "httpx2", "aiohttp", "openai", "gidgethub"]
PEERS_FILE = str(Path(__file__).with_name("_peers.py"))
CHART = Path(__file__).with_name("calls.svg")
# Name, peer, tasks, and the ratio that is aimed at.
AIMS = [("raw httpx", 1, 0.8), ("raw httpx", 50, 0.35), ("raw httpx2", 1_000, 0.55)]


def measured(base_url: str, tasks: int) -> dict[str, float | None]:
    calls = str(max(2_000, 4 * tasks))
    return by_turns(
        {
            name: functools.partial(printed_by, [PEERS_FILE, name, base_url, str(tasks), calls], within=BOUND)
            for name in PEERS
        },
        ROUNDS,
    )


def main() -> None:
    with served() as base_url:
        figures = {tasks: measured(base_url, tasks) for tasks in TASKS}
    rows = [[name, *(shown(figures[tasks][name]) for tasks in TASKS)] for name in PEERS]
    flatness = quotient(figures[5_000]["cincopa_async"], figures[50]["cincopa_async"])
    text = [
        f"CPU microseconds a call, by the number of tasks that call at once. {SERVER}",
        table(["", *(f"{tasks:,}" for tasks in TASKS)], rows),
        "Ours over theirs:",
        table(
            ["", "tasks", "aim", "ratio"],
            [[name, tasks, aim, ratio(figures, name, tasks)] for name, tasks, aim in AIMS],
        ),
        f"Ours with 5,000 tasks over ours with 50: {flatness}.",
    ]
    write("calls", "\n\n".join(text), PACKAGES)
    CHART.write_text(
        lines({name: [figures[tasks][name] for tasks in TASKS] for name in PEERS}, [f"{tasks:,}" for tasks in TASKS]),
        encoding="utf-8",
    )


def ratio(figures: dict[int, dict[str, float | None]], name: str, tasks: int) -> str:
    return quotient(figures[tasks]["cincopa_async"], figures[tasks][name])


def quotient(ours: float | None, theirs: float | None) -> str:
    return "-" if ours is None or theirs is None else f"{ours / theirs:.2f}"


if __name__ == "__main__":
    main()
