"""
A worker whose uploads outlive it: on SIGTERM they run on at Cincopa, and the next start takes them up.

    CINCOPA_API_TOKEN=… python examples/worker.py uploads.json https://example.com/cat.mp4 https://example.com/dog.mp4

The file says what has become of each URL: keep it as private as they are. Started again with the same words, the worker
uploads nothing twice. What a file cannot do: if the process is killed (`kill -9`) after Cincopa has answered a start
and before its status_id is written, that upload is known to nobody.
"""

import json
import logging
import signal
import sys
from pathlib import Path

import anyio

from cincopa_async import CincopaClient, CincopaError, NotFoundError, UploadAbortedError, UploadFailedError, UploadJob

log = logging.getLogger("worker")


class Notes:
    """The status_id of each upload that was started, and its rid once it has completed, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: dict[str, dict[str, str]] = json.loads(path.read_bytes()) if path.exists() else {}

    def status_id(self, url: str) -> str | None:
        """Return the upload of a URL that is under way."""
        return self._notes.get(url, {}).get("status_id")

    def rid(self, url: str) -> str | None:
        """Return the asset that a URL has become."""
        return self._notes.get(url, {}).get("rid")

    def unfinished(self) -> list[str]:
        """Return the URLs whose uploads are under way."""
        return [url for url in self._notes if not self.rid(url)]

    def write(self, url: str, **note: str) -> None:
        """Note something of a URL, on disk when this returns; nothing is to forget it."""
        self._notes.pop(url, None)
        if note:
            self._notes[url] = note
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._notes, indent=2), encoding="utf-8")
        fresh.replace(self._path)  # The whole file or none of it.


async def work(path: Path, urls: list[str]) -> None:
    """Upload `urls`, and what an earlier run has left under way, until all is done or SIGTERM comes."""
    notes = Notes(path)
    async with CincopaClient() as cincopa, anyio.create_task_group() as tasks:
        tasks.start_soon(stop_at_sigterm, tasks.cancel_scope)
        async with anyio.create_task_group() as uploads:
            for url in dict.fromkeys([*notes.unfinished(), *urls]):
                if not notes.rid(url):
                    uploads.start_soon(upload, cincopa, notes, url)
        tasks.cancel_scope.cancel()


async def upload(cincopa: CincopaClient, notes: Notes, url: str) -> None:
    """Start an upload, or take it up, and wait for its end. A cancel leaves it running, its status_id noted."""
    try:
        job = await started(cincopa, notes, url)
        done = await job.wait()
    except (UploadFailedError, UploadAbortedError, NotFoundError, ValueError) as error:
        log.error("%s", error)
        notes.write(url)  # It has ended, or never began: the next run starts anew.
    except CincopaError as error:
        log.error("%s; the next run looks again", error)
    else:
        notes.write(url, rid=done.rid)
        log.info("upload %s is asset %s", job.status_id, done.rid)


async def started(cincopa: CincopaClient, notes: Notes, url: str) -> UploadJob:
    """Return the job of a URL; `detach` says that cancelling it does not end the upload."""
    if status_id := notes.status_id(url):
        log.info("upload %s is taken up", status_id)
        return cincopa.resume_upload(status_id, on_cancel="detach")
    job = await cincopa.start_upload(url, on_cancel="detach")
    notes.write(url, status_id=job.status_id)  # No await in between: a cancel there would lose the id.
    log.info("upload %s is started", job.status_id)
    return job


async def stop_at_sigterm(scope: anyio.CancelScope) -> None:
    """Cancel everything when the process is told to end."""
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        await anext(signals)
        log.info("stopping; uploads run on")
        scope.cancel()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    anyio.run(work, Path(sys.argv[1]), sys.argv[2:])
