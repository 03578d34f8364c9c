"""The documentation's own requests, byte for byte."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from cincopa_async.testing import FakeCincopa, FakeServer
from tests.testing.helpers import Asker, exchanged

pytestmark = pytest.mark.anyio

EXAMPLES: list[dict[str, str]] = json.loads(files("cincopa_async.testing").joinpath("examples.json").read_text("utf-8"))


def name(example: Any) -> str:
    return str(example["target"].partition("?")[0].rpartition("/")[2])


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
async def test_documented_request_gets_the_documented_answer(server: FakeServer, example: dict[str, str]) -> None:
    """A request sent as the documentation's curl line has it is answered with the bytes printed beside it."""
    head = f"{example['method']} {example['target']} HTTP/1.1\r\nHost: api.cincopa.com\r\nConnection: close\r\n\r\n"

    answer = await exchanged(server.base_url, head.encode())

    headers, _, body = answer.partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 200 ")
    assert b"content-type: application/json" in headers.lower()
    assert body == example["answer"].encode()


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
async def test_its_token_is_valid_for_nothing_else(server: FakeServer, example: dict[str, str]) -> None:
    """The same call with anything changed is refused: the documentation's token is none."""
    head = f"{example['method']} {example['target']}&x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    assert (await exchanged(server.base_url, head.encode())).startswith(b"HTTP/1.1 403 ")


async def test_nothing_is_done_for_it(server: FakeServer, fake: FakeCincopa, ask: Asker) -> None:
    """The documentation's upload is answered, and not started; it is counted as a request."""
    [example] = [example for example in EXAMPLES if name(example) == "asset.upload_from_url.json"]

    await ask.http.post(server.base_url.removesuffix("/v2/") + example["target"])

    assert fake.counts.uploads_started == 0
    assert fake.counts.requests == {"asset.upload_from_url": 1}


def test_every_example_is_there() -> None:
    """The documentation shows eight requests, all of them of assets."""
    assert len({name(example) for example in EXAMPLES}) == 8
    assert all(example["answer"].startswith("{ ") for example in EXAMPLES)
