"""Whatever is answered: nothing of the user's is left of it, and the client makes the same of the rest."""

from __future__ import annotations

import base64
import enum
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from attrs import asdict, has
from hypothesis import given, settings
from hypothesis import strategies as st

from cincopa_async import UploadStatus
from cincopa_async._codec import as_text
from cincopa_async.testing._scrub import Scrubber
from cincopa_async.testing._vocabulary import NUMBERS, OWN, PROSE, TAGS
from tests.described import ANY_CALL, CALLS, PAGE, example_of
from tests.test_codec_properties import ANSWERS, STATUSES, VALUES, bent, decoded

CANARIES = (
    "Qz7Wk3Jv9Xq2",
    "qzwkjvxqyrp",
    "QZWKJVXQYRP",
    "qz-wk_jvxq",
    "8675309421",
    "кенарь",
    "qzwk/jv+xq==",
    "Qzé7漢字",
)
SPELLINGS: list[Callable[[str], str]] = [
    lambda canary: canary,
    lambda canary: quote(canary, safe=""),
    lambda canary: "".join(f"%{byte:02x}" for byte in canary.encode()),
    lambda canary: base64.b64encode(canary.encode()).decode(),
    lambda canary: base64.urlsafe_b64encode(b"." + canary.encode()).decode(),
    lambda canary: json.dumps(canary)[1:-1],
    lambda canary: canary.encode().hex(),
    lambda canary: "".join(f"&#{ord(character)};" for character in canary),
    lambda canary: "".join(f"\\{ord(character):o}" for character in canary),
    lambda canary: " ".join(str(byte) for byte in canary.encode()),
    lambda canary: canary.lower(),
]
PLACES = [
    "{}",
    " {}, {} ",
    "The rid {} does not exist",
    "the file '{}' of {}: not found",
    "https://{}.example.com/{}/a.mp4?{}={}&hash={}#{}",
    "see https://user:{}@media.example.com:8080/?X-Amz-Signature={} please",
    "https%3A%2F%2Fexample.com%2F{}",
    r"https:\/\/example.com\/{}",
    "{}://example.com",
    "{}@example.com",
    "bob@{}.com",
    "rid:{}",
    "|{}.*|{}|",
    "2025-02-24T09:16:14 {}",
    "new resource id 12 {}",
    "<html><title>{}</title><p class={}>502 {}</p></html>",
    "invalid token{}",
]
FIELDS = sorted(
    {*OWN, *PROSE, *TAGS, "rid", "status_id", "api_token", "upload_url", "useremail", "uploaded", "unheard"}
)


def spelled(canary: str) -> st.SearchStrategy[str]:
    filled = st.tuples(st.sampled_from(PLACES), st.sampled_from(SPELLINGS))
    return filled.map(lambda pair: pair[0].replace("{}", pair[1](canary)))


@st.composite
def answers_with(draw: st.DrawFn, canary: str) -> Any:
    """JSON with the canary in it, as a key and as a value, at any depth."""
    text = spelled(canary)
    number = st.just(int(canary)) if canary.isdecimal() else st.integers(0, 9)
    leaf = text | number | st.booleans() | st.none() | text
    field = st.sampled_from(FIELDS) | text
    return draw(
        st.dictionaries(
            field,
            st.recursive(leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(field, inner, max_size=3)),
            min_size=1,
            max_size=4,
        )
    )


def shape(value: Any) -> Any:
    """What a value is, without what it says."""
    if isinstance(value, dict):
        return {"": [shape(inner) for inner in value.values()]}
    if isinstance(value, list | tuple):
        return [shape(inner) for inner in value]
    return value if isinstance(value, enum.Enum | bool) else type(value).__name__


@pytest.mark.parametrize("canary", CANARIES)
@settings(max_examples=ANSWERS)
@given(data=st.data(), told=st.booleans())
def test_no_canary_is_left(canary: str, data: st.DataObject, told: bool) -> None:
    """Wherever it stands and however it is spelled, be it known as a secret or not."""
    answer = data.draw(answers_with(canary))
    raw = json.dumps(answer, ensure_ascii=data.draw(st.booleans())).encode()
    if data.draw(st.booleans()):
        raw = raw[: -data.draw(st.integers(1, 3))]  # A text then.
    scrubber = Scrubber([canary] if told else ())
    shown = json.dumps(scrubber.body(raw), ensure_ascii=False).lower()

    for spell in SPELLINGS:
        assert spell(canary).lower() not in shown
    assert json.dumps(canary).lower().strip('"') not in shown


@given(answer=st.dictionaries(st.text(), VALUES, max_size=4) | st.lists(VALUES, max_size=4))
def test_types_and_structure_stay(answer: Any) -> None:
    """As many fields and items, each of its type."""
    shown = Scrubber().body(json.dumps(answer).encode())

    assert shape(shown) == shape(json.loads(json.dumps(answer)))


@pytest.mark.parametrize("name", [*CALLS, "any", "page"])
@settings(max_examples=ANSWERS)
@given(data=st.data(), status=STATUSES, text=st.booleans())
def test_client_makes_the_same_of_it(name: str, data: st.DataObject, status: int, text: bool) -> None:
    """The same fields of the same model, or the same error."""
    call = {"any": ANY_CALL, "page": PAGE}.get(name) or CALLS[name]
    example = {"success": True, "status": "ok"} if call in (ANY_CALL, PAGE) else example_of(call)
    raw = json.dumps(data.draw(bent(example))).encode()
    if text:
        raw = raw[: data.draw(st.integers(0, len(raw)))]
    shown = Scrubber().body(raw)
    before = decoded(call, raw, status)
    after = decoded(call, shown.encode("utf-8", "surrogatepass") if isinstance(shown, str) else shown, status)

    assert type(after) is type(before)
    if isinstance(before, UploadStatus):
        assert isinstance(after, UploadStatus)
        assert after.state is before.state
    if has(type(before)):
        assert shape(asdict(after)) == shape(asdict(before))  # type: ignore[arg-type]


@given(body=st.binary() | st.text().map(str.encode))
def test_any_bytes_can_be_scrubbed(body: bytes) -> None:
    """And what is punctuation stays where it is."""
    shown = Scrubber().body(body)

    if isinstance(shown, str):
        assert shown.count("{") == as_text(body).count("{")


@given(answer=st.dictionaries(st.sampled_from(sorted(NUMBERS)), st.integers() | st.floats(allow_nan=False), max_size=3))
def test_numbers_of_the_services_stay(answer: dict[str, float]) -> None:
    """Sizes, counts and times tell nothing of anybody."""
    assert Scrubber().body(json.dumps(answer).encode()) == answer
