"""
The server that all peers call: canned answers, in a process of its own, cheap enough never to be what is measured.

Run as ``python benchmarks/_server.py``, it prints its base URL and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STATUS = {
    "success": True,
    "runtime": 77,
    "status_id": "1c2a6d3b-2f0e-4a53-9d5e-0d3a7e0b8f11",
    "status": "inprogress",
    "progress": 41,
    "progress_bytes": 43417600,
    "file_size_bytes": "104948736 byte",
    "resid": "",
    "more": "",
    "debug": "2026-11-02T09:16:14.8562610-06:00 started... _bytesSendTotal=0 url=https://media.example.com/a.mp4",
}


def asset(number: int) -> dict[str, object]:
    return {
        "rid": f"A4HA{number:08d}",
        "id": 7_100_000 + number,
        "type": "video",
        "filename": f"holiday-{number:04d}.mp4",
        "caption": f"Holiday, day {number}",
        "description": "The beach in the morning, before anybody came; later the harbour.",
        "long_description": "",
        "related_link_text": "More of it",
        "related_link_url": f"https://www.example.com/holidays/{number}",
        "reference_id": f"holiday-{number}",
        "tags": "beach,harbour,summer",
        "music_tags": "",
        "exif_tags": "",
        "filesize": f"{104_948_736 + number} byte",
        "uploaded_by": "studio",
        "uploaded": "2026-11-02T09:14:31.2470000Z",
        "modified": "2026-11-02T09:15:02",
        "syncstatus": "Ready",
        "storage": "aws",
        "thumbnail": {"url": f"https://mediacdn.example.com/{number}/thumb.jpg", "width": 640, "height": 360},
    }


PAGE = {
    "success": True,
    "runtime": 0.021,
    "items_data": {"page": 1, "items_per_page": 50, "items_count": 1_000, "pages_count": 20},
    "items": [asset(number) for number in range(50)],
}
ANSWERS: dict[bytes, object] = {
    b"asset.upload_from_url_get_status.json": STATUS,
    b"asset.upload_from_url.json": {"success": True, "status_id": STATUS["status_id"]},
    b"asset.upload_from_url_abort.json": {"success": True},
    b"asset.list.json": PAGE,
}


def http(answer: object) -> bytes:
    body = json.dumps(answer, separators=(",", ":")).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


CANNED = {path: http(answer) for path, answer in ANSWERS.items()}


class Canned(asyncio.Protocol):
    """Answers by the last part of a request's path. What it is sent has no body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].partition(b"?")[0].rpartition(b"/")[2]
            self.transport.write(CANNED[path])  # type: ignore[attr-defined]


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0, backlog=8_192)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2/", flush=True)
    await server.serve_forever()


@contextmanager
def served() -> Iterator[str]:
    """Run the server in a process of its own; its base URL."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(serve())
