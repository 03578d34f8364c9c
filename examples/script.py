"""
Upload media files from URLs, all at once, and print how far each has come.

    CINCOPA_API_TOKEN=… python examples/script.py https://example.com/cat.mp4 https://example.com/dog.mp4

Ctrl-C aborts what still runs. The exit code is 0 if every upload completed.
"""
# ruff: noqa: T201 - a script speaks

import asyncio
import sys
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from cincopa_async import CincopaClient, CincopaError


async def main(urls: list[str]) -> int:
    """Upload all, and return the exit code."""
    async with CincopaClient() as cincopa, asyncio.TaskGroup() as tasks:
        uploads = [tasks.create_task(upload(cincopa, url)) for url in urls]
    return 0 if all(upload.result() for upload in uploads) else 1


async def upload(cincopa: CincopaClient, url: str) -> bool:
    """Follow one upload to its end; what goes wrong with it is no concern of the others."""
    name = PurePosixPath(urlsplit(url).path).name  # Not the URL itself, which may be signed.
    try:
        async with cincopa.start_upload(url) as job:
            async for status in job.watch():
                print(f"{name}: {status.state.value}, {status.progress_bytes} of {status.file_size_bytes} bytes")
            done = await job.wait()  # Answers at once after the end, or raises what went wrong.
    except (CincopaError, ValueError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    print(f"{name}: is asset {done.rid}")
    return True


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(sys.argv[1:])))
    except KeyboardInterrupt:
        sys.exit(130)
