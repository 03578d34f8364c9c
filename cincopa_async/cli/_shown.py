"""What may be shown of an input: links may be signed, and whoever has the signature has the file. Pure."""

import os
import re

from cincopa_async import UploadItem
from cincopa_async.cli._remote import printable
from cincopa_async.stores._keys import derive_key, without_signature

_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")


def shown(item: UploadItem) -> str:
    """Give an input without its signature; of a URL that is none, what stands before its query."""
    given = item.input
    if isinstance(given, os.PathLike):
        return printable(os.fspath(given))
    try:
        return printable(without_signature(str(given)))
    except ValueError:
        return printable(_CREDENTIALS.sub("", re.split(r"[?#]", str(given), maxsplit=1)[0]))


def short_name(item: UploadItem) -> str:
    """Give the last part of an input, for where there is little room."""
    return shown(item).partition("?")[0].rstrip("/").rpartition("/")[2] or shown(item)


def key_of(item: UploadItem) -> str:
    """Give what a store knows an item by; nothing where the input is none."""
    if item.key is not None or callable(item.input):
        return item.key or ""
    try:
        return derive_key(item.input, fid=item.fid, rid=item.rid, type=item.type)
    except ValueError:
        return ""
