"""
CPU time of one call over each thing that can be given in the place of the client's own connections.

The same GET of an upload's status as in ``calls.py``, and beside it aiohttp without anything around it.
Run it with ``python -m nox -s bench -- transports``.
"""

from __future__ import annotations

from _measure import by_turns, quotient, shown
from _peers import OVER_WHAT_IS_GIVEN, measure
from _results import table, write
from _server import served

ROUNDS = 3
TASKS = (1, 50, 1_000)
CALLS = 5_000
AIM = 2.3
RAW = "raw aiohttp"
OURS = ["cincopa_async", *OVER_WHAT_IS_GIVEN]


def main() -> None:
    with served() as base_url:
        figures = {
            tasks: by_turns({name: measure(name, base_url, tasks, calls=CALLS) for name in [RAW, *OURS]}, ROUNDS)
            for tasks in TASKS
        }
    heads = ["", *(f"{tasks:,}" for tasks in TASKS)]
    names = {RAW: RAW, **{name: f"over {name}" for name in OURS}, "cincopa_async": "over its own connections"}
    text = [
        "CPU microseconds a call of a client, by what it goes over and by the number of tasks that call at once.",
        table(
            heads, [[shown_as, *(shown(figures[tasks][name]) for tasks in TASKS)] for name, shown_as in names.items()]
        ),
        f"Over aiohttp's own; with an aiohttp transport the aim is {AIM}.",
        table(
            heads,
            [[names[name], *(quotient(figures[tasks][name], figures[tasks][RAW]) for tasks in TASKS)] for name in OURS],
        ),
    ]
    write("transports", "\n\n".join(text), ["httpx", "httpx2", "aiohttp", "httpx-aiohttp"])


if __name__ == "__main__":
    main()
