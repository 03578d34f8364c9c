"""Items of an upload as people and programs write them: arguments, lines, JSON, CSV. Pure, but for patterns."""

import csv
import glob
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from attrs import fields, frozen

from cincopa_async import AssetMeta, UploadItem
from cincopa_async._items import Plan
from cincopa_async.cli._remote import UsageError

TEXTS = ("fid", "rid", "type", "key")
META = tuple(field.name for field in fields(AssetMeta))
FIELDS = ("input", *TEXTS, "meta", "galleries")
DELIMITERS = ",;\t"


@frozen(kw_only=True)
class Entry:
    """One item of a list, or what is wrong with it, and where it stands."""

    where: str
    item: UploadItem | None = None
    error: str | None = None


def read_arguments(arguments: Sequence[str], fid: str | None) -> list[UploadItem]:
    """
    Give the items that arguments stand for: URLs, files, patterns of files.

    Raises:
        UsageError: An argument is no URL, and no file matches it.
    """
    return [item for number, text in enumerate(arguments, 1) for item in _read_argument(text, number, fid)]


def read_lines(lines: Iterable[str], name: str, fid: str | None) -> Iterator[Entry]:
    """Read a list: a URL, a JSON object or the path of a file on each line; empty lines are nothing."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _entry(f"{name}, line {number}", partial(_from_line, line, fid))


def read_csv(lines: Iterable[str], name: str, column: str, fid: str | None) -> Iterator[Entry]:
    """
    Read a table with a head, its cells apart by commas, semicolons or tabs.

    Columns that are called like a field of an item, or of its metadata, are such; others are left alone.
    """
    lines = iter(lines)
    head = next(lines, "")
    try:
        heads = {delimiter: next(csv.reader([head], delimiter=delimiter), []) for delimiter in DELIMITERS}
    except csv.Error as error:
        yield Entry(where=f"{name}, line 1", error=f"{error}; this is no table")
        return
    delimiter = next((delimiter for delimiter, names in heads.items() if column in names), None)
    if delimiter is None:
        yield Entry(where=f"{name}, line 1", error=f"there is no column {column!r}; --column names it")
        return
    rows = csv.DictReader(lines, heads[delimiter], delimiter=delimiter)
    try:
        for row in rows:
            if any(any(cell) if isinstance(cell, list) else cell for cell in row.values()):
                yield _entry(f"{name}, line {rows.line_num + 1}", partial(_from_row, row, column, fid))
    except csv.Error as error:
        yield Entry(where=f"{name}, line {rows.reader.line_num + 1}", error=f"{error}; what follows is not read")


def _entry(where: str, read: Callable[[], UploadItem]) -> Entry:
    try:
        item = read()
        Plan.of(item)  # Now, where it can be said which line it is.
    except (ValueError, TypeError) as error:
        return Entry(where=where, error=str(error))
    return Entry(where=where, item=item)


def _read_argument(text: str, number: int, fid: str | None) -> Iterator[UploadItem]:
    for given in [text] if "://" in text else _files(text, number):
        entry = _entry(f"argument {number}", partial(UploadItem, given, fid=fid))
        if entry.item is None:
            raise UsageError(f"{entry.where}: {entry.error}")
        yield entry.item


def _files(text: str, number: int) -> list[Path]:
    path = Path(text)
    if path.is_file():
        return [path]
    if path.is_dir():
        raise UsageError(f"argument {number}: {text} is a folder; name its files, as '{text.rstrip('/')}/*'")
    found = sorted(glob.iglob(text, recursive=True)) if glob.has_magic(text) else []  # noqa: PTH207  # has `**` find files
    files = [path for path in map(Path, found) if path.is_file()]
    if not files:
        raise UsageError(f"argument {number}: there is no file {text}")
    return files


def _from_line(line: str, fid: str | None) -> UploadItem:
    if line.lstrip().startswith("{"):
        return _from_json(line, fid)
    return UploadItem(_input(line), fid=fid)


def _input(text: str) -> str | Path:
    """Give a URL as it is, or the path of a file, in whose name spaces mean something."""
    return text.strip() if "://" in text else Path(text.rstrip("\r\n"))


def _from_json(line: str, fid: str | None) -> UploadItem:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("this is no JSON object") from None  # The error of `json` would quote the line.
    _check_names(given, FIELDS, "an item")
    if not isinstance(given.get("input"), str) or not given["input"].strip():
        raise ValueError("input must be given: a URL, or the path of a file")
    meta = given.get("meta")
    if meta is not None:
        if not isinstance(meta, dict):
            raise TypeError("meta must be a JSON object")
        _check_names(meta, META, "meta")
    return UploadItem(
        _input(given["input"]),
        **{"fid": fid} | {name: given[name] for name in TEXTS if given.get(name) is not None},
        meta=None if meta is None else AssetMeta(**meta),
        galleries=given.get("galleries") or (),
    )


def _check_names(given: Mapping[str, object], known: Sequence[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"{what} has no field {name!r}; there are: {', '.join(known)}")


def _from_row(row: dict[str | Any, Any], column: str, fid: str | None) -> UploadItem:
    if any(row.pop(None, ())):
        raise ValueError("there are more cells than columns")
    cells = {name: cell.strip() for name, cell in row.items() if cell and cell.strip()}
    if column not in cells:
        raise ValueError(f"there is nothing in the column {column!r}")
    given = cells.pop(column)
    meta: dict[str, Any] = {name: cells[name] for name in META if name in cells and name != "fields"}
    if "tags" in meta:
        meta["tags"] = _words(meta["tags"])
    if "video_thumb_sec" in meta:
        meta["video_thumb_sec"] = float(meta["video_thumb_sec"])
    return UploadItem(
        _input(given),
        **{"fid": fid} | {name: cells[name] for name in TEXTS if name in cells},
        meta=AssetMeta(**meta) if meta else None,
        galleries=_words(cells.get("galleries", "")) or (),
    )


def _words(cell: str) -> list[str]:
    return [word.strip() for word in cell.split(",") if word.strip()]
