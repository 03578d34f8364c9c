"""What can be given to `cincopa upload`, and how what cannot is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from cincopa_async import AssetMeta, UploadItem
from cincopa_async.cli._inputs import read_arguments, read_csv, read_lines
from cincopa_async.cli._remote import UsageError

URL = "https://media.example/cat.mp4?X-Amz-Signature=CANARY-SIGNATURE"


@pytest.mark.parametrize(
    ("line", "item"),
    [
        (URL, UploadItem(URL)),
        (f"  {URL}\r\n", UploadItem(URL)),
        ("films/cat.mp4\n", UploadItem(Path("films/cat.mp4"))),
        (" with spaces .mp4\n", UploadItem(Path(" with spaces .mp4"))),
        (json.dumps({"input": URL}), UploadItem(URL)),
        (json.dumps({"input": "cat.mp4"}), UploadItem(Path("cat.mp4"))),
        (json.dumps({"input": URL, "fid": "A1", "key": "k"}), UploadItem(URL, fid="A1", key="k")),
        (json.dumps({"input": URL, "rid": "R1", "type": "thumb"}), UploadItem(URL, rid="R1", type="thumb")),
        (json.dumps({"input": URL, "fid": None, "meta": None, "galleries": None}), UploadItem(URL)),
        (
            json.dumps(
                {"input": URL, "meta": {"caption": "Cat", "tags": ["a"], "fields": {"x": 1}}, "galleries": ["A2"]}
            ),
            UploadItem(URL, meta=AssetMeta(caption="Cat", tags=["a"], fields={"x": 1}), galleries=["A2"]),
        ),
    ],
)
def test_line_is_an_item(line: str, item: UploadItem) -> None:
    """A URL, the path of a file, or a JSON object with all that an item may have."""
    (entry,) = read_lines([line], "list", None)

    assert entry.item == item
    assert entry.error is None


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("ftp://media.example/cat.mp4", "input must be an http:// or https:// URL"),
        ("https://", "input must be an http:// or https:// URL"),
        ('{"input": "https://media.example', "this is no JSON object"),
        ("{}", "input must be given"),
        ('{"input": 3}', "input must be given"),
        ('{"input": " "}', "input must be given"),
        (json.dumps({"input": URL, "title": "x"}), "an item has no field 'title'"),
        (json.dumps({"input": URL, "meta": "x"}), "meta must be a JSON object"),
        (json.dumps({"input": URL, "meta": {"title": "x"}}), "meta has no field 'title'"),
        (json.dumps({"input": URL, "meta": {"tags": ["a,b"]}}), "tags must hold words"),
        (json.dumps({"input": URL, "meta": {}}), "at least one field"),
        (json.dumps({"input": URL, "rid": "R1"}), "type must be given with rid"),
        (json.dumps({"input": URL, "fid": 3}), "fid must be a str"),
        (json.dumps({"input": URL, "galleries": "A1"}), "galleries must be a sequence"),
    ],
)
def test_line_that_is_no_item_is_told_with_its_number(line: str, error: str) -> None:
    """Where it stands and what is wrong with it, without a word of a link; the lines around it are read."""
    before, wrong, after = read_lines([URL, line, "\n", URL], "list", None)

    assert before.item is not None
    assert after.item is not None
    assert wrong.where == "list, line 2"
    assert wrong.item is None
    assert error in (wrong.error or "")
    assert "CANARY" not in (wrong.error or "")


def test_gallery_of_the_command_line_is_that_of_items_without_their_own() -> None:
    """An item's own fid goes before it."""
    lines = [URL, "cat.mp4", json.dumps({"input": URL}), json.dumps({"input": URL, "fid": "A2"})]
    items = [entry.item for entry in read_lines(lines, "list", "A1")]

    assert [item and item.fid for item in items] == ["A1", "A1", "A1", "A2"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_table_is_read_by_its_head(delimiter: str) -> None:
    """Columns called like a field of an item or of its metadata are such, whatever stands between the cells."""
    rows = [
        ["No", "url", "fid", "caption", "tags", "video_thumb_sec", "galleries"],
        ["1", URL, "", "", "", "", ""],
        ["2", "cat.mp4", "A2", '"A ""big"" cat"', '"a, b"', "2.5", '"A3,A4"'],
    ]
    first, second = read_csv([delimiter.join(row) + "\r\n" for row in rows], "t.csv", "url", "A1")

    assert first.item == UploadItem(URL, fid="A1")
    assert second.item == UploadItem(
        Path("cat.mp4"),
        fid="A2",
        meta=AssetMeta(caption='A "big" cat', tags=["a", "b"], video_thumb_sec=2.5),
        galleries=["A3", "A4"],
    )


def test_column_of_the_url_may_have_any_name() -> None:
    """Also one that has a meaning elsewhere."""
    (entry,) = read_csv(["Download Link,key\n", f"{URL},k\n"], "t.csv", "Download Link", None)

    assert entry.item == UploadItem(URL, key="k")


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("ftp://media.example/a,\n", "input must be an http:// or https:// URL"),
        (",Cat\n", "there is nothing in the column 'url'"),
        ("https://media.example/a,Cat,more\n", "there are more cells than columns"),
    ],
)
def test_row_that_is_no_item_is_told_with_its_number(row: str, error: str) -> None:
    """The rows around it are read, empty ones are nothing."""
    before, wrong, after = read_csv(["url,caption\n", f"{URL},\n", "\n", ",\n", row, f"{URL},\n"], "t.csv", "url", None)

    assert before.item == after.item == UploadItem(URL)
    assert (wrong.where, wrong.item) == ("t.csv, line 5", None)
    assert error in (wrong.error or "")


@pytest.mark.parametrize("lines", [[], ["link,caption\n", f"{URL},\n"]])
def test_table_without_the_column_has_no_items(lines: list[str]) -> None:
    """That is told once, not for each row."""
    (entry,) = read_csv(lines, "t.csv", "url", None)

    assert (entry.item, entry.error) == (None, "there is no column 'url'; --column names it")


def test_table_that_goes_wrong_ends_there() -> None:
    """A cell without end, as after a quote that is never closed, is told."""
    first, wrong = read_csv(["url\n", f"{URL}\n", f'"{"x" * 200_000}\n'], "t.csv", "url", None)

    assert first.item == UploadItem(URL)
    assert (wrong.where, wrong.item) == ("t.csv, line 3", None)
    assert "what follows is not read" in (wrong.error or "")


def test_arguments_are_urls_files_and_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose name looks like a pattern is that file; folders match none."""
    monkeypatch.chdir(tmp_path)
    for name in ["b.mp4", "a.mp4", "[1].mp4", "deep/er/c.mp4"]:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path("folder.mp4").mkdir()

    assert inputs_of(URL, "b.mp4") == [URL, Path("b.mp4")]
    assert inputs_of("?.mp4") == [Path("a.mp4"), Path("b.mp4")]
    assert inputs_of("[1].mp4") == [Path("[1].mp4")]
    assert inputs_of("**/c.mp4") == [Path("deep/er/c.mp4")]


@pytest.mark.parametrize(
    ("argument", "error"),
    [
        (URL.replace("https", "ftp"), "argument 2: input must be an http:// or https:// URL"),
        ("missing.mp4", "argument 2: there is no file missing.mp4"),
        ("*.mp4", "argument 2: there is no file *.mp4"),
        ("folder/", "argument 2: folder/ is a folder; name its files, as 'folder/*'"),
    ],
)
def test_argument_that_names_nothing_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str, error: str
) -> None:
    """Said before anything begins, and without a word of a link."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()

    with pytest.raises(UsageError) as raised:
        read_arguments([URL, argument], None)
    assert str(raised.value) == error


def inputs_of(*arguments: str) -> list[Any]:
    return [item.input for item in read_arguments(arguments, "A1")]


def test_file_that_is_no_table_is_told_so() -> None:
    """A film, say: it has no lines, and its first cell has no end."""
    (entry,) = read_csv(["a" * 200_000], "film.mp4", "url", None)

    assert entry.item is None
    assert entry.where == "film.mp4, line 1"
    assert "this is no table" in str(entry.error)


def test_json_that_is_nested_without_end_is_no_item() -> None:
    """It is told as any other line that is none."""
    (entry,) = read_lines(['{"input":' + "[" * 200_000], "list", None)

    assert entry.error == "this is no JSON object"


def test_gallery_that_cannot_be_one_is_refused_at_once(tmp_path: Path) -> None:
    """Of files as of URLs: each would fail for it."""
    (tmp_path / "cat.mp4").touch()
    for argument in (str(tmp_path / "cat.mp4"), str(tmp_path / "*.mp4"), URL):
        with pytest.raises(UsageError, match="argument 1: fid must not be empty"):
            read_arguments([argument], " ")
