"""How far a batch is: rates, sizes, time left."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from trio.testing import MockClock

from cincopa_async import UploadItem, UploadOutcome, UploadResult, UploadStatus
from cincopa_async._outcomes import EVENTS_KEPT
from cincopa_async._tally import Meter, Tally

ITEM = UploadItem("https://media.example/cat.mp4")
DONE = UploadOutcome(item=ITEM, result=UploadResult(rid="A4", status=UploadStatus()))


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "trio", {"clock": MockClock(autojump_threshold=0)}


def test_rate_is_right_from_the_first_second_on() -> None:
    """A steady flow is told as it is, at once; when nothing comes any more it fades."""
    meter = Meter(0.0)
    assert meter.rate(0.0) == 0
    for second in range(1, 200):
        meter.add(1000, float(second))
        assert meter.rate(float(second)) == pytest.approx(1000, rel=0.04)

    assert meter.rate(300.0) < 100


@pytest.mark.anyio
async def test_totals_are_told_when_they_are_known() -> None:
    """Not before: neither how many items of an iterable, nor their bytes."""
    tally = Tally()
    tally.begins(None)
    one, two = tally.takes(ITEM), tally.takes(ITEM)
    assert tally.progress().items_total is None
    assert tally.progress().seconds_left is None
    one.moved(UploadStatus(progress_bytes=10, file_size_bytes=100), "1")
    tally.saw_all()
    assert tally.progress().items_total == 2
    assert tally.progress().bytes_total is None
    two.moved(UploadStatus(progress_bytes=5, file_size_bytes=None), "2")
    two.moved(UploadStatus(progress_bytes=5, file_size_bytes=50), "2")
    assert tally.progress().bytes_total == 150
    one.moved(UploadStatus(progress_bytes=4, file_size_bytes=100), "1")
    assert tally.progress().bytes_sent == 9
    await anyio.sleep(10)
    one.closes(DONE, "1")
    assert tally.progress().seconds_left == pytest.approx(10)
    two.closes(None, "2")

    assert (tally.progress().active, tally.progress().ended) == (0, 1)


@pytest.mark.anyio
async def test_what_a_store_knew_says_nothing_of_the_pace() -> None:
    """A rerun whose first thousand items had ended does not promise to be done in a moment."""
    tally = Tally()
    tally.begins(3)
    tally.takes(ITEM).closes(UploadOutcome(item=ITEM, result=DONE.result, from_store=True), None)
    assert tally.progress().seconds_left is None
    track = tally.takes(ITEM)
    await anyio.sleep(60)
    track.closes(DONE, None)

    assert tally.progress().seconds_left == pytest.approx(60)


@pytest.mark.anyio
async def test_reader_that_falls_behind_loses_the_oldest() -> None:
    """A display that hangs costs no memory, and never slows the batch."""
    tally = Tally()
    tally.begins(1)
    events = tally.events()
    track = tally.takes(ITEM)
    for sent in range(EVENTS_KEPT + 100):
        track.moved(UploadStatus(progress_bytes=sent), "1")
    track.closes(DONE, "1")
    tally.ends()
    seen = [event async for event in events]

    assert len(seen) == EVENTS_KEPT
    assert seen[-1].outcome is DONE
