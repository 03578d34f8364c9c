"""
What it takes to import the package, and to make a client.

Run it with ``python -m nox -s bench -- startup``.
"""

from __future__ import annotations

import functools
import gc
import os
import resource
import subprocess
import sys
import tracemalloc

from _measure import by_turns, cpu_of
from _results import table, write

from cincopa_async import CincopaClient

ROUNDS = 15
IMPORTS = {
    "what it cannot do without: httpx, attrs, cattrs": "import httpx, attrs, cattrs",
    "the same and anyio": "import httpx, attrs, cattrs, anyio",
    "`from cincopa_async import CincopaClient`": "from cincopa_async import CincopaClient",
    "a client made too": "from cincopa_async import CincopaClient; CincopaClient('BENCHMARK')",
    "`import cincopa_async`": "import cincopa_async",
    "`from cincopa_async import *`": "from cincopa_async import *",
}
# Else each process would compile what it imports.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
CLIENTS = 200


def imported(statement: str) -> float:
    """CPU milliseconds of a Python process that imports something."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-P", "-c", statement], check=True, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def make() -> CincopaClient:
    return CincopaClient("BENCHMARK")


def bytes_of_a_client() -> float:
    make()
    gc.collect()
    tracemalloc.start()
    clients = [make() for _ in range(CLIENTS)]
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] / len(clients)
    tracemalloc.stop()
    return held


def main() -> None:
    measures = {name: functools.partial(imported, statement) for name, statement in {"": "pass", **IMPORTS}.items()}
    by_turns(measures, 1)  # What is not compiled yet is compiled now.
    medians = by_turns(measures, ROUNDS)
    empty, needs, *_ = (figure or 0.0 for figure in medians.values())
    rows = [
        [name, f"{medians[name] or 0.0:.0f}", f"{((medians[name] or 0.0) - empty) / (needs - empty):.2f}"]
        for name in IMPORTS
    ]
    made = f"A client is made in {cpu_of(make, 500):.0f} CPU microseconds and holds {bytes_of_a_client():,.0f} bytes"
    what = f"CPU milliseconds of a process that imports. The ratio leaves out what an empty process takes, {empty:.0f}."
    text = [
        f"{what} The aim for a client is 1.25; names, and its groups, are imported when they are asked for.",
        table(["", "ms", "ratio"], rows),
        f"{made} before it is used; no connection and no TLS context is made until then.",
    ]
    write("startup", "\n\n".join(text), ["httpx", "anyio", "attrs", "cattrs"])


if __name__ == "__main__":
    main()
