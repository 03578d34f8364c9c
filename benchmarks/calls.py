"""
CPU time of one call in the client, beside its peers: the same GET of an upload's status, request to typed result.

Run it with ``python -m nox -s bench -- calls``. A minute is the bound: raw httpx, and what is built on it, does not end
with a thousand tasks, for its pool looks at every connection and at every waiting request at each step.
"""

from __future__ import annotations

from pathlib import Path

from _chart import lines
from _measure import by_turns, quotient, shown
from _peers import PEERS, measure
from _results import table, write
from _server import served

ROUNDS = 3
SERVER = """\
Each client is new, and its connections are counted; the server is a process of its own, and not counted. What had not
ended after a minute was killed."""
TASKS = (1, 10, 50, 1_000, 5_000)
PACKAGES = ["httpx", "httpx2", "aiohttp", "openai", "gidgethub"]
CHART = Path(__file__).with_name("calls.svg")
FLAT = ("cincopa_async", "raw aiohttp")
FEW, MANY = 50, 5_000
GROWTH = """\
With 5,000 tasks over 50; the aim is 1.15. A call that waits for its turn is some twenty objects, of 5,000 calls the
garbage collector looks at again and again: what grows with it switched off is the client's own."""
# Peer, tasks, and the ratio that is aimed at.
AIMS = [("raw httpx", 1, 0.8), ("raw httpx", 50, 0.35), ("raw httpx2", 1_000, 0.55)]


def main() -> None:
    with served() as base_url:
        figures = {tasks: by_turns({name: measure(name, base_url, tasks) for name in PEERS}, ROUNDS) for tasks in TASKS}
        flat = by_turns(
            {
                (name, options, tasks): measure(name, base_url, tasks, *options, calls=4 * MANY)
                for name in FLAT
                for options in ((), ("no-gc",))
                for tasks in (FEW, MANY)
            },
            ROUNDS,
        )
    rows = [[name, *(shown(figures[tasks][name]) for tasks in TASKS)] for name in PEERS]
    flatness = [
        [name, *(quotient(flat[name, options, MANY], flat[name, options, FEW]) for options in ((), ("no-gc",)))]
        for name in FLAT
    ]
    text = [
        f"CPU microseconds a call, by the number of tasks that call at once. {SERVER}",
        table(["", *(f"{tasks:,}" for tasks in TASKS)], rows),
        "Ours over theirs:",
        table(
            ["", "tasks", "aim", "ratio"],
            [[name, tasks, aim, ratio(figures, name, tasks)] for name, tasks, aim in AIMS],
        ),
        GROWTH,
        table(["", "as it is", "no garbage collector"], flatness),
    ]
    write("calls", "\n\n".join(text), PACKAGES)
    CHART.write_text(
        lines({name: [figures[tasks][name] for tasks in TASKS] for name in PEERS}, [f"{tasks:,}" for tasks in TASKS]),
        encoding="utf-8",
    )


def ratio(figures: dict[int, dict[str, float | None]], name: str, tasks: int) -> str:
    return quotient(figures[tasks]["cincopa_async"], figures[tasks][name])


if __name__ == "__main__":
    main()
