"""The marks on what trials make: what they tell, and what is none, however much it looks like one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cincopa_async.stores._process import Process
from cincopa_async.testing._trials._marks import MARK, Maker, Name, Notes, Run, name_of_hook

BEGUN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAME = f"{MARK} 20260102T030405Z 0123abcd clip.mp4"


@pytest.mark.parametrize("text", [NAME, NAME.replace(" ", "%20")])
def test_name_tells_its_run(text: str) -> None:
    """When it was begun, which it is, and what the thing is for; url-encoded too, as a service may keep it."""
    name = Name.read(text)

    assert name == Name(BEGUN, "0123abcd", "clip.mp4")
    assert str(name) == NAME


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        MARK,
        f"{MARK} 20260102T030405Z 0123abcd",
        f"{MARK} 20261302T030405Z 0123abcd clip.mp4",
        f"{MARK} 20260102T030405Z 0123ABCD clip.mp4",
        f"{MARK} 20260102T030405Z 0123abcde clip.mp4",
        f" {NAME}",
        f"{NAME}\n",
        f"{NAME}, a copy!",
        f"{NAME} copy",
        NAME.upper(),
    ],
)
def test_other_names_are_none(text: str | None) -> None:
    """They are the user's own."""
    assert Name.read(text) is None


@pytest.mark.parametrize(
    "notes",
    [
        Notes(),
        Notes(process="0123-4-5"),
        Notes(pulls="a film, näme=x &c.mp4"),
        Notes(pulls="clip.mp4", uploads=("6987b052-7421", "b")),
    ],
)
def test_notes_are_read_as_they_were_written(notes: Notes) -> None:
    """Whatever the name of the file that is pulled holds."""
    assert Notes.read(str(notes)) == notes


def test_notes_of_a_gallery_that_tells_none() -> None:
    """Somebody has written another description, or none is told."""
    assert Notes.read(None) == Notes.read("My films") == Notes()


def test_hook_tells_its_run() -> None:
    """Whether or not its URL has a query of its own, which stays."""
    run = Run()
    urls = [run.hook_url(base, "uploaded") for base in ("https://user.example/a", "https://user.example/a?b=c%2Fd")]

    assert [str(name_of_hook(url)) for url in urls] == [run.name("uploaded")] * 2
    assert urls[1].startswith("https://user.example/a?b=c%2Fd&")
    assert name_of_hook("https://user.example/a?b=c") is None
    assert name_of_hook(f"{urls[0]}&{urls[0].partition('?')[2]}") is None


def test_process_is_not_gone_where_machines_cannot_be_told_apart() -> None:
    """Only Linux tells its start: elsewhere the number of a process may be one of another machine."""
    other = Maker(Process(pid=2**22 + 1))

    assert not Maker(Process(pid=1)).is_gone(str(other))


@pytest.mark.parametrize(
    "process",
    ["", "elsewhere-1-1", f"{str(Maker()).partition('-')[0]}-x-1", str(Maker())],
    ids=["nothing", "of another machine", "no number", "this one"],
)
def test_process_that_may_run_is_not_gone(process: str) -> None:
    """One of another machine, one that tells no number, and this one."""
    assert not Maker().is_gone(process)
