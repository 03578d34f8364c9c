"""A small HTTP server of chosen files, slow on purpose: it plays the web sites that uploads are pulled from."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from types import TracebackType
from typing import Self, cast
from urllib.parse import quote

from cincopa_async.cli._sources import Source

TICK_SECONDS = 0.05


class FileServer:
    """
    Serves each source at its own pace, on a free loopback port, in threads of its own.

    The standard library's server is enough here, and keeps the demo's event loop to the client and to Cincopa.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._paths = {source: f"/{index}/{quote(source.name)}" for index, source in enumerate(sources)}
        self._server = _Server({path: source for source, path in self._paths.items()})
        self._thread = threading.Thread(target=self._server.serve_forever, args=(TICK_SECONDS,), name="demo files")

    def url(self, source: Source) -> str:
        """Where the source is served; for one that has no file, a URL that answers 404."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{self._paths[source]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingTCPServer):
    # All uploads begin in the same moment.
    request_queue_size = 256

    def __init__(self, sources: dict[str, Source]) -> None:
        self.sources = sources
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def handle(self) -> None:
        # The upload was aborted, at whatever moment, or the file cannot be read: the connection breaks off.
        with suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        source = self._files.sources.get(self.path)
        if source is None or source.path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._send(source.path, source.bytes_per_second)

    def _send(self, path: Path, bytes_per_second: int) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", str(path.stat().st_size))
        self.end_headers()
        with path.open("rb") as file:
            while chunk := file.read(max(1, int(bytes_per_second * TICK_SECONDS))):
                self.wfile.write(chunk)
                if self._files.stopping.wait(TICK_SECONDS):
                    return

    @property
    def _files(self) -> _Server:
        return cast("_Server", self.server)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: standard error belongs to the demo."""
