"""What an item is called whose caller gives it no key, and what of its input may be written down. Pure."""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import Final
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

from cincopa_async._calls import http_url

_SIGNATURE = re.compile(
    # Amazon S3 and what speaks like it (its version 2 and CloudFront below), Google, Alibaba, Tencent.
    r"x-(?:amz|goog|oss|cos)-.*|(?:aws|oss)accesskeyid|googleaccessid|q-(?:sign-algorithm|ak|sign-time|key-time"
    r"|header-list|url-param-list|signature)"
    r"|signature|expires|key-pair-id|policy|sig|hmac|jwt|authorization"
    r"|hdn(?:ea|ts)|__token__|[\w-]*token(?:_path|_ver)?|api[-_]?key",
    re.IGNORECASE,
)
_AZURE = re.compile("s[eprtvks]|srt|sip|spr|saoid|suoid|scid|sdd|skoid|sk[etsv]|sktid", re.IGNORECASE)
"""Azure's words that belong to a signature: beside one, for elsewhere such short ones may mean anything."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LONGEST_NAME = 40


def derive_key(input: str | os.PathLike[str], *, fid: str | None, rid: str | None, type: str | None) -> str:
    """
    Return the key of an item, the same at each run, however its link was signed.

    Args:
        input: A URL, or as a path a local file.
        fid: The gallery that it goes to.
        rid: The asset that it goes to.
        type: What it is to be taken for.
    Returns:
        The end of its name, for a reader, and a hash of all that makes it what it is.
    Raises:
        ValueError: `input` is a str, and no http or https URL.
    """
    if isinstance(input, str):
        url = _split(input)
        named, what = unquote(url.path), ["url", url.scheme, _host(url), url.path or "/", _unsigned(url.query)]
    else:
        named = _path(input)
        what = ["file", named]
    # JSON keeps the parts apart: no two lists have one text.
    text = json.dumps([*what, fid, rid, type])
    return f"{_name(named)}-{hashlib.sha256(text.encode()).hexdigest()}"


def without_signature(input: str | os.PathLike[str]) -> str:
    """
    Return what may be written down of an input: a URL without password, signature and fragment; a file's whole path.

    Raises:
        ValueError: `input` is a str, and no http or https URL.
    """
    if not isinstance(input, str):
        return _writable(_path(input))
    url = _split(input)
    query = _unsigned(url.query)
    return _writable(f"{url.scheme}://{_host(url)}{url.path or '/'}{'?' if query else ''}{query}")


def _split(input: str) -> SplitResult:
    return urlsplit(http_url("input", input))


def _host(url: SplitResult) -> str:
    host = url.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return host if url.port in (None, _DEFAULT_PORTS[url.scheme]) else f"{host}:{url.port}"


def _unsigned(query: str) -> str:
    pairs = [(unquote_plus(pair.partition("=")[0]), pair) for pair in query.split("&") if pair]
    azure = any(name.lower() == "sig" for name, _ in pairs)
    return "&".join(
        pair for name, pair in pairs if not (_SIGNATURE.fullmatch(name) or (azure and _AZURE.fullmatch(name)))
    )


def _path(input: os.PathLike[str]) -> str:
    return os.path.abspath(os.fspath(input))  # noqa: PTH100 - links are not followed: they are part of the name


def _name(path: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", path.replace("\\", "/").rstrip("/").rpartition("/")[2])
    return name[-_LONGEST_NAME:] or "upload"


def _writable(text: str) -> str:
    """Return text for a name that is no valid UTF-8, which Linux allows."""
    return text.encode("utf-8", "backslashreplace").decode()
