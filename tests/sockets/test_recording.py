"""A recording of what goes over sockets, by many tasks at once, some of which are cancelled."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import anyio
import pytest

from cincopa_async.testing import FakeServer, record
from tests.conftest import QUICK_POLLS, QUICK_RETRIES
from tests.sockets.helpers import BRIEF, HELD

pytestmark = pytest.mark.anyio


async def test_tasks_get_a_line_each(busy_server: FakeServer, tmp_path: Path) -> None:
    """Each answer that came is one whole line, however many tasks call; one that was cancelled loses none of them."""
    path = tmp_path / "answers.jsonl"
    file = tmp_path / "cat.mp4"
    file.write_bytes(b"0123456789")
    async with busy_server.client(poll=QUICK_POLLS, retry=QUICK_RETRIES) as cincopa:
        with record(cincopa, path):
            async with anyio.create_task_group() as tasks:
                for _ in range(50):
                    tasks.start_soon(cincopa.ping)
                tasks.start_soon(cincopa.upload_from_url, BRIEF)
                tasks.start_soon(cincopa.upload_file, file)
            with anyio.move_on_after(0.2):
                await cincopa.upload_from_url(HELD)
    answers = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    calls = Counter(answer["call"] for answer in answers)

    assert calls["ping"] == 50
    assert calls["post.jpg"] == 1
    assert calls["asset.upload_from_url"] == 2
    assert calls["asset.upload_from_url_abort"] == 1
    assert {answer["expects"] for answer in answers if answer["call"] == "post.jpg"} == {"str"}
