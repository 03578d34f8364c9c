"""What the demo uploads, and how each is expected to end."""

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from cincopa_async import UploadState
from cincopa_async.cli._media import make_media, write_silence

LONG_BYTES = 64 * 1024 * 1024
ABORT_FROM = 0.01
LEAST_PACE = 1024
LEAST_SECONDS = 0.05


@frozen
class Source:
    """A file to upload from a URL, or the name of one that is not there."""

    name: str
    path: Path | None
    bytes_per_second: int
    expected: UploadState = UploadState.COMPLETED


def collect_sources(folder: Path | None, scratch: Path, *, seconds: float) -> Sequence[Source]:
    """
    Take the folder's files, or make some, and add one that will be aborted and one that will fail.

    They are served slowly enough that the largest takes about that many seconds. The one to abort would take
    a hundred times as long.
    """
    if folder is None:
        make_media(scratch)
        folder = scratch
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    largest = max((path.stat().st_size for path in paths), default=0)
    seconds = max(seconds, LEAST_SECONDS)
    pace = max(LEAST_PACE, int(largest / seconds))
    long = scratch / "long-film.wav"
    write_silence(long, LONG_BYTES)
    return [
        *(Source(path.name, path, pace) for path in paths),
        Source(long.name, long, int(ABORT_FROM * LONG_BYTES / seconds), UploadState.ABORTED),
        Source("not-there.mp4", None, pace, UploadState.FAILED),
    ]
