"""
CPU time of one call over each thing that can be given in the place of the client's own connections.

The same GET of an upload's status as in ``calls.py``; the peers take turns, the figures are medians over the rounds.
Run it with ``python -m nox -s bench -- transports``.
"""

from __future__ import annotations

import statistics
from contextlib import AsyncExitStack

import anyio
import httpx
import httpx2
from calls import ROUNDS, TASKS, TOKEN, Peer, cpu_per_call, served
from httpx_aiohttp import AiohttpTransport

from cincopa_async import CincopaClient


async def main() -> None:
    with served() as base_url:
        async with AsyncExitStack() as stack:
            clients = {
                "own connections": CincopaClient(TOKEN, base_url=base_url),
                "httpx client": CincopaClient(
                    TOKEN, base_url=base_url, http_client=await stack.enter_async_context(httpx.AsyncClient())
                ),
                "httpx2 client": CincopaClient(
                    TOKEN, base_url=base_url, http_client=await stack.enter_async_context(httpx2.AsyncClient())
                ),
                "aiohttp": CincopaClient(
                    TOKEN, base_url=base_url, transport=await stack.enter_async_context(AiohttpTransport())
                ),
            }
            peers: dict[str, Peer] = {}
            for name, client in clients.items():
                await stack.enter_async_context(client)
                status_id = await client.asset.upload_from_url("http://127.0.0.1:1/refused")
                peers[name] = peer_of(client, status_id)

            print("CPU microseconds a call")
            print("tasks ", *peers, sep="  ")
            for tasks in TASKS:
                figures: dict[str, list[float]] = {name: [] for name in peers}
                for _ in range(ROUNDS):
                    for name, peer in peers.items():
                        figures[name].append(await cpu_per_call(peer, tasks))
                medians = [f"{statistics.median(times):{len(name)}.0f}" for name, times in figures.items()]
                print(f"{tasks:6}", *medians, sep="  ")


def peer_of(client: CincopaClient, status_id: str) -> Peer:
    async def poll() -> object:
        return await client.asset.upload_from_url_get_status(status_id)

    return poll


if __name__ == "__main__":
    anyio.run(main)
