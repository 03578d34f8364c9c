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
    # Stores of objects: Amazon S3 and what speaks like it, Google, Alibaba, Volcengine, Tencent. What an image or a
    # video is to be made into is signed there too, and says what is uploaded.
    r"x-(?:amz|goog|oss|tos|cos)-(?!process$).*|(?:aws|oss)?accesskeyid|googleaccessid"
    r"|q-(?:sign-algorithm|ak|sign-time|key-time|header-list|url-param-list|signature)"
    # Networks: CloudFront and Google's, Azure's, Cloudflare's, Alibaba's and Huawei's, Tencent's, nginx's, Akamai's.
    r"|signature|expires?|key-pair-id|policy|sig|verify|auth[-_]?key|sign|md5|hdn(?:ea|ts|tl)|__(?:token|gda)__"
    # Bunny's and KeyCDN's, and whatever else calls it a token.
    r"|[\w-]*token(?:_path|_ver|_countries(?:_blocked)?|_ignore_params)?"
    r"|hmac|jwt|auth|authorization|api[-_]?key",
    re.IGNORECASE,
)
_BESIDE: Final = [
    (re.compile(mark, re.IGNORECASE), re.compile(words, re.IGNORECASE))
    for mark, words in (
        # Azure's; `exp` is that of Cloudflare's images.
        ("sig", "s[eprtvksi]|ses|srt|sip|spr|saoid|suoid|sduoid|scid|sdd|skoid|sk[etsv]|sktid|skdutid|exp"),
        ("signature", "keyname|urlprefix|hash-algorithm"),  # Google's networks, CloudFront.
        ("sign|auth_key", "t|timestamp"),  # Tencent, Huawei.
        ("token", "e"),  # Qiniu.
        ("expires", "secure"),  # Networks that have given nginx's checksum a name of their own.
    )
]
"""Words that belong to a signature beside another one: elsewhere they may say what is uploaded."""
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
    names = [name for name, _ in pairs]
    signed = [_SIGNATURE, *(words for mark, words in _BESIDE if any(map(mark.fullmatch, names)))]
    return "&".join(pair for name, pair in pairs if not any(words.fullmatch(name) for words in signed))


def _path(input: os.PathLike[str]) -> str:
    return os.path.abspath(os.fspath(input))  # noqa: PTH100 - links are not followed: they are part of the name


def _name(path: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", path.replace("\\", "/").rstrip("/").rpartition("/")[2])
    return name[-_LONGEST_NAME:] or "upload"


def _writable(text: str) -> str:
    """Return text for a name that is no valid UTF-8, which Linux allows."""
    return text.encode("utf-8", "backslashreplace").decode()
