"""URLs that say less than they know, and one that is sent as it was given."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from ._calls import http_url


class QuietURL(httpx.URL):
    """A URL that says its query to nobody but those who send it: httpx logs every URL, and so do hooks and tracers."""

    def __str__(self) -> str:
        return str(self.copy_with(query=None))

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"


class ExactURL(QuietURL):
    """
    A URL that is sent byte for byte: httpx itself would encode some of its characters anew.

    Raises:
        ValueError: It is no http(s) URL, or holds what cannot be sent as it is; the text does not repeat it.
    """

    def __init__(self, url: str) -> None:
        http_url("url", url)
        if not url.isascii() or urlsplit(url).username is not None:
            raise ValueError("url must be ASCII and hold no user name")
        try:
            super().__init__(url)
            usable = True
        except httpx.InvalidURL:
            usable = False
        if not usable:  # Outside the except: httpx's error may quote the URL.
            raise ValueError("url must be a URL")
        after_host = url.partition("#")[0].partition("://")[2]
        path = after_host[len(urlsplit(url).netloc) :]
        self._target = (path if path.startswith("/") else f"/{path}").encode("ascii")

    @property
    def raw_path(self) -> bytes:
        """Path and query, as they are sent."""
        return self._target

    @property
    def query(self) -> bytes:
        """The query, as it is sent."""
        return self._target.partition(b"?")[2]
