"""What was once answered can be read: the documentation's examples, FakeCincopa's answers, and users' recordings."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from cincopa_async import CincopaError
from cincopa_async._calls import Call
from cincopa_async._chunks import Chunk, Target
from cincopa_async._codec import Reply, decode
from cincopa_async.testing._groups import ENDPOINTS
from cincopa_async.testing._quirks import QuirkName
from tests.described import ANY_CALL, CALLS, DOCUMENTED, PAGE
from tests.recordings import FAKE, QUIRKS, of_the_fake, recorded

ANSWERS = dict(recorded())
NO_ANSWERS = {
    "latency",
    "latency_after",
    "reset",
    "reset_after",
    "webhook_key",
    "webhook_no_event",
}
"""Quirks of the connection, or of what is sent to hooks."""


def reply_of(answer: dict[str, Any]) -> Reply:
    body = answer["body"]
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Reply(status_code=answer["status"], body=raw, token="?", retry_after=answer["retry_after"])


def outcomes(answer: dict[str, Any]) -> set[str]:
    """What the client may make of an answer: of the call, asked in one way or another."""
    reply = reply_of(answer)
    if answer["call"] == "post.jpg":
        target = Target(url="https://x.example/post.jpg?hash=?", file_name="x", unique_id="1")
        chunks = (Chunk(start=0, end=end, size=2) for end in (1, 2))
        return {outcome(lambda chunk=chunk: target.read(reply, chunk, complete=chunk.last)) for chunk in chunks}
    return {outcome(lambda call=call: decode(call, reply)) for call in calls_like(answer)}


def calls_like(answer: dict[str, Any]) -> list[Call[Any]]:
    """The calls that may have been answered so."""
    if answer["expects"] == "dict":
        return [ANY_CALL]
    if answer["call"] == PAGE.name:
        return [PAGE]
    same = [call for call in CALLS.values() if call.name == answer["call"]]
    # Calls of a group that is not documented have their model in common.
    group = answer["call"].partition(".")[0]
    return same or [call for call in CALLS.values() if call.name.startswith(f"{group}.")] or [ANY_CALL]


def outcome(read: Any) -> str:
    try:
        return type(read()).__name__
    except CincopaError as error:
        return type(error).__name__


@pytest.mark.parametrize("name", ANSWERS)
def test_recorded_answer_is_read_as_it_was(name: str) -> None:
    """As the same model, or as the same error."""
    assert ANSWERS[name]["expects"] in outcomes(ANSWERS[name])


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented_answer_is_read(name: str) -> None:
    """Byte for byte as the vendor prints it."""
    call = CALLS[name]
    reply = Reply(status_code=200, body=DOCUMENTED[name], token="?")

    assert isinstance(decode(call, reply), call.result)


def test_every_call_is_among_the_recorded() -> None:
    """Those of the fake, which are those of the documentation and beyond; and direct uploads."""
    calls = {answer["call"] for answer in ANSWERS.values()}

    assert set(ENDPOINTS) | {"post.jpg"} <= calls
    assert {call.name for call in CALLS.values()} <= calls


def test_every_quirk_of_an_answer_is_among_the_recorded() -> None:
    """A new one is to be recorded too."""
    recorded_quirks = {name for quirks in QUIRKS for name, _ in quirks}

    assert recorded_quirks | NO_ANSWERS == set(get_args(QuirkName))
    assert not recorded_quirks & NO_ANSWERS


def test_recording_of_the_fake_holds_nothing_of_the_users() -> None:
    """What was put into the account, and what it was called with."""
    text = FAKE.read_text(encoding="ascii").lower()

    for secret in ("canary", "bob", "holiday", "cats", "img_", "slack.example", "hooks.example", "cincopa.test"):
        assert secret not in text


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_recording_of_the_fake_is_that_of_today() -> None:
    """If it is not: `python -m tests.recordings` writes it anew, and what has changed can be looked at."""
    assert FAKE.read_text(encoding="ascii") == await of_the_fake()
