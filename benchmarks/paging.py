"""
Wall time of going through all assets of an account page by page, and with the next pages fetched together.

Each call takes 50 ms longer than the work does, as over a real network. Both take turns, round by round; the figures
are medians over the rounds. Run it with ``python -m nox -s bench -- paging``.
"""

from __future__ import annotations

import statistics
import time

import anyio

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
    print(f"{PAGES} pages of {ITEMS_PER_PAGE} assets, {1000 * LATENCY:g} ms a call")
    print("ahead  seconds  times as fast as page by page")
    for ahead, median in medians.items():
        print(f"{ahead:5}  {median:7.2f}  {medians[1] / median:29.1f}")


if __name__ == "__main__":
    anyio.run(main)
