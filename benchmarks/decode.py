"""
CPU time of making models of an answer, beside ``json.loads`` of the same bytes.

Run it with ``python -m nox -s bench -- decode``.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from _measure import by_turns, cpu_of
from _results import table, write
from _server import PAGE, STATUS

from cincopa_async import Call
from cincopa_async._codec import Reply, decode
from cincopa_async.resources._asset_calls import list_assets
from cincopa_async.resources._upload_calls import upload_from_url_get_status

ROUNDS = 9
CALLS: list[tuple[str, Call[Any], object, int, float]] = [
    ("an upload's status", upload_from_url_get_status("1"), STATUS, 5_000, 5),
    (
        "a page of 50 assets",
        list_assets(
            search=None, type=None, rid=None, reference_id=None, tag=None, details=None, page=None, items_per_page=None
        ),
        PAGE,
        100,
        8,
    ),
]


def main() -> None:
    rows = []
    for name, call, answer, times, aim in CALLS:
        body = json.dumps(answer).encode()
        reply = Reply(status_code=200, body=body, token="BENCHMARK")
        decode(call, reply)
        medians = by_turns(
            {
                "json": functools.partial(cpu_of, functools.partial(json.loads, body), times),
                "ours": functools.partial(cpu_of, functools.partial(decode, call, reply), times),
            },
            ROUNDS,
        )
        plain, ours = medians["json"] or 0.0, medians["ours"] or 0.0
        rows.append([name, f"{len(body):,}", f"{plain:.1f}", f"{ours:.1f}", f"{ours / plain:.1f}", aim])
    write(
        "decode",
        "CPU microseconds.\n\n" + table(["", "bytes", "json.loads", "decode", "ratio", "aim"], rows),
        ["cattrs"],
    )


if __name__ == "__main__":
    main()
