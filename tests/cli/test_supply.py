"""How lists reach the loop of `cincopa upload`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from cincopa_async import UploadItem
from cincopa_async.cli._inputs import Entry
from cincopa_async.cli._supply import UnreadableError, read_text, supplied

pytestmark = pytest.mark.anyio


class Numbers:
    """Entries without end, and how many have been asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __iter__(self) -> Iterator[Entry]:
        while True:
            self.asked += 1
            yield Entry(where=str(self.asked), item=UploadItem("https://media.example/cat.mp4"))


async def test_list_is_read_as_it_is_asked_for() -> None:
    """A list without end is read no further than it is asked for."""
    numbers = Numbers()
    supply = supplied(numbers)
    for expected in range(1, 101):
        assert (await anext(supply)).where == str(expected)
        assert numbers.asked == expected
    await supply.aclose()


async def test_list_that_waits_can_be_left() -> None:
    """A pipe that says nothing holds nobody up, and when it speaks again nobody is frightened."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        supply = supplied(Entry(where=line.decode()) for line in pipe)
        with anyio.move_on_after(0.05) as left:
            await anext(supply)
        await supply.aclose()
        os.write(writing, b"too late\n")
        os.close(writing)

    assert left.cancelled_caught


async def test_list_comes_to_its_end() -> None:
    """Nothing comes after the last entry."""
    entries = [Entry(where="1"), Entry(where="2")]

    assert [entry async for entry in supplied(entries)] == entries


async def test_list_that_cannot_be_read_raises(tmp_path: Path) -> None:
    """What was read before it is not lost."""

    def entries() -> Iterator[Entry]:
        yield Entry(where="1")
        for line in read_text(str(tmp_path / "missing")):
            yield Entry(where=line)

    supply = supplied(entries())
    assert (await anext(supply)).where == "1"
    with pytest.raises(UnreadableError, match="No such file"):
        await anext(supply)


@pytest.mark.parametrize("error", [RuntimeError, UnicodeDecodeError("utf-8", b"CANARY", 0, 1, "CANARY"), MemoryError()])
async def test_whatever_goes_wrong_with_a_list_is_told(error: Any) -> None:
    """Somebody waits for the next entry, and would wait for ever; what stands in the list is not quoted."""

    def entries() -> Iterator[Entry]:
        yield Entry(where="1")
        raise error

    supply = supplied(entries())
    await anext(supply)
    with anyio.fail_after(5), pytest.raises(UnreadableError, match=r"Error$") as told:
        await anext(supply)
    assert "CANARY" not in str(told.value)
    assert told.value.__cause__ is None


def test_text_may_begin_with_a_mark_and_need_not_be_utf_8(tmp_path: Path) -> None:
    """Spreadsheets write the mark, and Linux lets names of files have any bytes."""
    (tmp_path / "list").write_bytes(b"\xef\xbb\xbfurl\nb\xff.mp4\n")

    first, second = read_text(str(tmp_path / "list"))

    assert first == "url\n"
    assert os.fsencode(second) == b"b\xff.mp4\n"
