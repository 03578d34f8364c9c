"""
Wall time of going through all assets of an account page by page, and with the next pages fetched together.

Each call takes 50 ms longer than the work does, as over a real network. Both take turns, round by round; the figures
are medians over the rounds. Run it with ``python -m nox -s bench -- paging``.
"""

from __future__ import annotations

import statistics
import time

import anyio
from _results import table, write

from cincopa_async import CincopaClient
from cincopa_async.testing import FakeCincopa

PAGES = 40
ITEMS_PER_PAGE = 50
LATENCY = 0.05
ROUNDS = 5
AHEAD = (1, 2, 4, 8)


async def seconds_for_all(cincopa: CincopaClient, ahead: int) -> float:
    start = time.perf_counter()
    count = 0
    async for _ in cincopa.asset.iter(items_per_page=ITEMS_PER_PAGE, ahead=ahead):
        count += 1
    assert count == PAGES * ITEMS_PER_PAGE
    return time.perf_counter() - start


async def main() -> None:
    fake = FakeCincopa()
    for number in range(PAGES * ITEMS_PER_PAGE):
        fake.add_asset(b"x", name=f"{number}.png")
    fake.quirk("latency", call="asset.list", seconds=LATENCY)
    async with fake.serve() as server, server.client() as cincopa:
        figures: dict[int, list[float]] = {ahead: [] for ahead in AHEAD}
        for _ in range(ROUNDS):
            for ahead, times in figures.items():
                times.append(await seconds_for_all(cincopa, ahead))
    medians = {ahead: statistics.median(times) for ahead, times in figures.items()}
    rows = [[ahead, f"{median:.2f}", f"{medians[1] / median:.1f}"] for ahead, median in medians.items()]
    what = (
        f"Seconds for {PAGES} pages of {ITEMS_PER_PAGE} assets over a socket, each answer {1000 * LATENCY:g} ms late."
    )
    text = [
        f"{what} The default is 4 pages in flight; its aim is 2.5 times as fast as page by page.",
        table(["pages in flight", "seconds", "times as fast as page by page"], rows),
    ]
    write("paging", "\n\n".join(text))


if __name__ == "__main__":
    anyio.run(main)
