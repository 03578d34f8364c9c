"""Whatever is answered: a model, or the error that says what is wrong, and nothing else."""

from __future__ import annotations

import copy
import json
import os
import pickle
from typing import Any

import pytest
from attrs import asdict, has
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cincopa_async import APIError, CincopaError, ResponseDecodeError, UploadStatus
from cincopa_async._calls import Call
from cincopa_async._codec import decode
from tests.conftest import TOKEN
from tests.described import ANY_CALL, CALLS, example_of, reply

# `nox -s tests` asks for more on one Python: what is made of an answer is the same on all.
ANSWERS = int(os.environ.get("BENT_ANSWERS", "25"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**18, -(10**31), 10**400, 10**4000])
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(
        ["", "62 byte", "-1", "2025-02-24T09:16:14.8562610-06:00", "completed", "ready", "false", "\ud800"]
    )
    | st.sampled_from([TOKEN, f"https://x.example/?a={TOKEN}", "not found", "invalid token", "permission"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
STATUSES = st.sampled_from([200, 200, 200, 204, 302, 400, 401, 403, 404, 429, 500, 502, 503])


@st.composite
def bent(draw: st.DrawFn, value: Any) -> Any:
    """The documented answer with fields that are missing, new, or of another type, at any depth."""
    if draw(st.integers(0, 9)) == 0:
        return draw(VALUES)
    if isinstance(value, dict):
        kept = {key: draw(bent(inner)) for key, inner in value.items() if draw(st.integers(0, 9))}
        return kept | draw(st.dictionaries(st.text(), VALUES, max_size=2))
    if isinstance(value, list):
        return [draw(bent(inner)) for inner in value for _ in range(draw(st.integers(0, 2)))]
    return value


def decoded(call: Call[Any], body: object, status: int) -> object:
    """The model; or the error, if it is one that decoding may raise."""
    try:
        return decode(call, reply(body, status=status, retry_after=1.5))
    except (APIError, ResponseDecodeError) as error:
        return error


def plain(value: Any) -> str:
    """All that a model or an error holds; as text, for nan is not equal to itself."""
    if isinstance(value, CincopaError):
        return repr((type(value), value.args, sorted(vars(value).items())))
    return repr(asdict(value) if has(type(value)) else value)


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=ANSWERS)
@given(data=st.data(), status=STATUSES)
def test_bent_answer_is_a_model_or_an_error(name: str, data: st.DataObject, status: int) -> None:
    """Missing, new and wrongly typed fields never raise anything of Python's own; what comes of them can be copied."""
    call = CALLS[name]
    result = decoded(call, data.draw(bent(example_of(call))), status)

    assert isinstance(result, call.result | APIError | ResponseDecodeError)
    assert plain(result) == plain(pickle.loads(pickle.dumps(result)))
    assert plain(result) == plain(copy.deepcopy(result)) == plain(copy.copy(result))
    assert str(result) is not None
    if isinstance(result, UploadStatus):
        assert result.fraction is None or 0 <= result.fraction <= 1
        assert TOKEN not in plain(result)
    if isinstance(result, CincopaError):
        assert TOKEN not in plain(result)


@pytest.mark.parametrize("name", CALLS)
@given(cut=st.integers(0, 400), junk=st.binary(max_size=20), status=STATUSES)
def test_torn_answer_is_a_model_or_an_error(name: str, cut: int, junk: bytes, status: int) -> None:
    """Half of an answer, or bytes that are none, cannot be taken for success."""
    call = CALLS[name]
    whole = json.dumps(example_of(call)).encode()
    result = decoded(call, whole[:cut] + junk + whole[cut + len(junk) :] if cut % 2 else whole[:cut], status)

    assert isinstance(result, call.result | APIError | ResponseDecodeError)


@pytest.mark.parametrize("name", CALLS)
@given(body=st.binary(), status=STATUSES)
@example(body=b'{"a":' * 10_000, status=200)
@example(body=b'{"success": false, "message": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", status=500)
@example(body=b'{"n": ' + b"9" * 10_000 + b"}", status=200)
@example(body=b'{"n": 1e999999, "m": -Infinity, "k": NaN}', status=200)
@example(body=b'{"a": 1, "a": 2, "": null, "\\ud800": "\\ud800"}', status=200)
def test_garbage_is_a_model_or_an_error(name: str, body: bytes, status: int) -> None:
    """Any bytes, with any status."""
    call = CALLS[name]
    result = decoded(call, body, status)

    assert isinstance(result, call.result | APIError | ResponseDecodeError)


@given(answer=st.dictionaries(st.text(), VALUES, max_size=4))
def test_call_without_a_model_answers_any_object(answer: dict[str, Any]) -> None:
    """The answer as it is, or what its `success` says."""
    result = decoded(ANY_CALL, answer, 200)

    assert isinstance(result, dict | APIError | ResponseDecodeError)
