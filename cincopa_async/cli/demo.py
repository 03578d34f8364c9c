"""The demo: real media files go through upload, polling and completion against a fake Cincopa on a socket."""

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import anyio.to_thread
import httpx
from attrs import define, field

from cincopa_async import Asset, CincopaClient, CincopaError, PollPolicy, UploadJob, UploadState, UploadStatus
from cincopa_async.cli._console import choose_display
from cincopa_async.cli._display import Bars, Display, JSONLines, Lines
from cincopa_async.cli._fileserver import FileServer
from cincopa_async.cli._sources import ABORT_FROM, Source, collect_sources
from cincopa_async.testing import FakeCincopa, FakeServer

# Bars shall be seen to move, and there is no one else on this server to be kind to.
LIVE = PollPolicy(first=0.1, floor=0.1, ceiling=0.2)


def run_demo(folder: Path | None, *, as_json: bool, seconds: float, fake: FakeCincopa | None = None) -> int:
    """Run the demo on asyncio and give its exit code: 0 where everything went as it should, 1 otherwise."""
    showing: AbstractContextManager[Display] = choose_display(as_json=as_json, json=JSONLines, bars=Bars, lines=Lines)
    with TemporaryDirectory(prefix="cincopa-demo-") as scratch, showing as display:
        sources = collect_sources(folder, Path(scratch), seconds=seconds)
        with FileServer(sources) as files:
            problems = anyio.run(Demo(fake or FakeCincopa(), files, display).run, sources)
        display.finished(problems)
    return 1 if problems else 0


@define
class Upload:
    """One upload of the demo, and the last that was heard of it."""

    source: Source
    status: UploadStatus = field(factory=UploadStatus)
    error: str | None = None

    @property
    def rid(self) -> str | None:
        """The asset that it made."""
        return self.status.rid if self.status.state is UploadState.COMPLETED else None

    def problem(self) -> str | None:
        """What is wrong with how it ended; None where it ended as expected."""
        ended = self.error or self.status.state.value
        if ended == self.source.expected.value:
            return None
        return f"{self.source.name} should be {self.source.expected.value}, and is not: {ended}"


@define
class Demo:
    """The servers and the display that one run of the demo works with."""

    fake: FakeCincopa
    files: FileServer
    display: Display

    async def run(self, sources: Sequence[Source]) -> list[str]:
        """Upload all at once, list, verify; give what is not as it should be."""
        uploads = [Upload(source) for source in sources]
        async with self.fake.serve() as server:
            self.display.began(server.base_url, sources)
            try:
                async with server.client() as cincopa:
                    async with anyio.create_task_group() as running:
                        for upload in uploads:
                            running.start_soon(self.follow, cincopa, upload)
                    assets = [asset async for asset in cincopa.asset.iter()]
                self.display.listed(assets)
                return [
                    *(problem for upload in uploads if (problem := upload.problem())),
                    *self.compare_list(uploads, assets),
                    *await self.verify(uploads, server),
                ]
            except anyio.get_cancelled_exc_class():
                # The client has closed by now, so the server has the last word on every upload.
                counts = self.fake.counts
                self.display.interrupted(aborted=counts.uploads_aborted, running=counts.uploads_running)
                raise

    async def follow(self, cincopa: CincopaClient, upload: Upload) -> None:
        """Start an upload and see it to its end."""
        try:
            job = await cincopa.start_upload(self.files.url(upload.source), poll=LIVE)
            await self.watch(job, upload)
        except CincopaError as error:
            upload.error = str(error)
            self.display.broke(upload.source, upload.error)

    async def watch(self, job: UploadJob, upload: Upload) -> None:
        """Show each change, and abort the upload on the way if that is its part in the demo."""
        try:
            async with job:
                async for status in job.watch():
                    if status.state.is_final:
                        break
                    self.display.moved(upload.source, job.status_id, status)
                    if upload.source.expected is UploadState.ABORTED and enough_moved(status):
                        await job.abort()
        finally:
            # Cancelled or not: by now the job has ended, and knows how.
            upload.status = job.status or upload.status
            self.display.moved(upload.source, job.status_id, upload.status)

    def compare_list(self, uploads: Sequence[Upload], assets: Sequence[Asset]) -> list[str]:
        listed = {asset.rid for asset in assets}
        made = {upload.rid for upload in uploads if upload.rid}
        problems = [f"asset {rid} was made, but it is not listed" for rid in made - listed]
        return problems + [f"asset {rid} is listed, but no upload made it" for rid in listed - made]

    async def verify(self, uploads: Sequence[Upload], server: FakeServer) -> list[str]:
        """Compare what the server gives back with the files on disk."""
        problems = []
        async with httpx.AsyncClient(trust_env=False) as http:
            for upload in uploads:
                if upload.rid is None or upload.source.path is None:
                    continue
                sent = await anyio.to_thread.run_sync(file_sha256, upload.source.path)
                stored = await url_sha256(http, server.media_url(upload.rid))
                self.display.verified(upload.source, stored, equal=sent == stored)
                if sent != stored:
                    problems.append(f"{upload.source.name}: the stored bytes are not those of the file")
        return problems


def enough_moved(status: UploadStatus) -> bool:
    """Enough for a bar that could be seen to move."""
    return (status.fraction or 0) >= ABORT_FROM


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def url_sha256(http: httpx.AsyncClient, url: str) -> str:
    digest = hashlib.sha256()
    async with http.stream("GET", url) as response:
        response.raise_for_status()
        async for chunk in response.aiter_bytes():
            digest.update(chunk)
    return digest.hexdigest()
