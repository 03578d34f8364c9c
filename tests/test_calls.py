"""A call as a value: how its parameters are written, and which arguments are refused."""

from __future__ import annotations

import traceback
from typing import Any
from urllib.parse import parse_qsl

import pytest

from cincopa_async._calls import Call, Param, at_least, attachment, http_url, optional, required, words

SIGNED = "https://media.example.com/cat.mp4?X-Amz-Signature=CANARY-SIGNATURE"


def call(**params: Param) -> Call[Any]:
    return Call(name="x.y", method="GET", params=params, safety="read", result=dict)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        pytest.param("cat", "a=cat", id="text"),
        pytest.param("", "a=", id="an empty text, which empties a field"),
        pytest.param(None, "", id="None is not sent"),
        pytest.param(True, "a=yes", id="True"),
        pytest.param(False, "a=no", id="False"),
        pytest.param(0, "a=0", id="zero"),
        pytest.param(15, "a=15", id="a whole number"),
        pytest.param(1.5, "a=1.5", id="a float"),
        pytest.param(["x", "y"], "a=x%2Cy", id="a list"),
        pytest.param((" x ", "y z"), "a=x%2Cy%20z", id="a tuple, its words stripped"),
        pytest.param([], "a=", id="an empty list"),
        pytest.param("car, new", "a=car%2C%20new", id="a comma in a text is a comma"),
        pytest.param("a b+c/d?e=f&g#h", "a=a%20b%2Bc%2Fd%3Fe%3Df%26g%23h", id="what means something in a query"),
        pytest.param("%20", "a=%2520", id="what looks encoded is sent as it is"),
        pytest.param("~-._", "a=~-._", id="what needs no encoding"),
        pytest.param("'()*!\"", "a=%27%28%29%2A%21%22", id="what some encoders leave"),
        pytest.param("né 猫 🐈", "a=n%C3%A9%20%E7%8C%AB%20%F0%9F%90%88", id="beyond ASCII, as UTF-8"),
        pytest.param("line\r\nline\0", "a=line%0D%0Aline%00", id="control characters"),
    ],
)
def test_parameter_is_written_as_the_api_takes_it(value: Param, sent: str) -> None:
    """Yes and no for bools, comma lists for sequences, nothing for None, all percent-encoded byte for byte."""
    assert call(a=value).query == sent


def test_parameters_keep_their_order_and_names_are_encoded_too() -> None:
    """A custom field may be named as the account's owner likes."""
    query = Call[Any](
        name="x.y", method="GET", params={"b": "1", "a": None, "my field&": "2", "c": "3"}, safety="read", result=dict
    ).query

    assert query == "b=1&my%20field%26=2&c=3"


def test_signed_url_reaches_the_service_as_it_is() -> None:
    """Decoding the query gives the very input, which a signature was made for."""
    signed = "https://x.example/a%20b%2Fc.mp4?sig=a%2Bb/c==&n='é'&x=%e9"

    assert parse_qsl(call(input=signed).query) == [("input", signed)]


@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), {"x"}, {"x": 1}, object(), 1j, [b"x"], [1], ["x", None]])
def test_parameter_of_a_wrong_type_is_refused_by_name(value: Any) -> None:
    """Bytes are no text, and a set has no order."""
    with pytest.raises(TypeError, match=r"^custom must "):
        call(custom=value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_number_without_a_value_is_refused_by_name(value: float) -> None:
    """Python would write it as a word."""
    with pytest.raises(ValueError, match=r"^custom must be a finite number$"):
        call(custom=value)


@pytest.mark.parametrize("value", ["\ud800", "cat \udfff", ["\ud800"]])
def test_text_that_is_no_unicode_is_refused_without_being_shown(value: Any) -> None:
    """A lone surrogate cannot be sent; the error holds neither the text nor Python's own error, which does."""
    with pytest.raises(ValueError, match=r"^custom must be text that can be encoded as UTF-8$") as caught:
        call(custom=value)

    assert type(caught.value) is ValueError
    assert caught.value.__context__ is None


def test_lone_surrogate_in_a_signed_input_does_not_show_the_signature() -> None:
    """The traceback's text holds no part of the input."""
    with pytest.raises(ValueError, match=r"^input must be text") as caught:
        call(input=f"{SIGNED}\ud800")

    assert "CANARY" not in "".join(traceback.format_exception(caught.value))


def test_token_is_no_parameter() -> None:
    """A second token beside the client's own is refused."""
    with pytest.raises(ValueError, match=r"^api_token is not a parameter of a call: give it to the client$"):
        call(api_token="CANARY/token")


def test_repr_of_a_call_does_not_show_its_parameters() -> None:
    """An input may be a signed link."""
    described = repr(call(input=SIGNED))

    assert "x.y" in described
    assert "CANARY" not in described


@pytest.mark.parametrize("check", [required, optional])
@pytest.mark.parametrize("value", ["", " ", "\t\n"])
def test_blank_text_is_refused_by_name(check: Any, value: str) -> None:
    """An empty rid would mean any asset."""
    with pytest.raises(ValueError, match=r"^rid must not be empty$"):
        check("rid", value)


@pytest.mark.parametrize("check", [required, optional])
@pytest.mark.parametrize("value", [42, b"A4", ["A4"], True])
def test_what_is_no_text_is_refused_by_name_and_type(check: Any, value: Any) -> None:
    """The error says what it got by its type, not by its value."""
    with pytest.raises(TypeError, match=rf"^rid must be a str, not {type(value).__name__}$"):
        check("rid", value)


def test_required_text_must_not_be_none() -> None:
    """None stands for "not sent" only where an argument is optional."""
    with pytest.raises(TypeError, match=r"^rid must be a str, not NoneType$"):
        required("rid", None)  # type: ignore[arg-type]

    assert optional("rid", None) is None
    assert required("rid", " A4 ") == optional("rid", " A4 ") == " A4 "


@pytest.mark.parametrize("value", [0, -1, 0.99, float("-inf"), float("inf"), float("nan"), -(10**400)])
def test_number_below_its_bound_is_refused_by_name(value: float) -> None:
    """What is no number of its range, such as infinity, is refused likewise."""
    with pytest.raises(ValueError, match=r"^page must be 1 or more, not "):
        at_least(1, "page", value)


@pytest.mark.parametrize("value", ["1", True, b"1", [1], 1j])
def test_what_is_no_number_is_refused_by_name(value: Any) -> None:
    """A bool is no number, though Python says so."""
    with pytest.raises(TypeError, match=rf"^page must be a number, not {type(value).__name__}$"):
        at_least(1, "page", value)


@pytest.mark.parametrize("value", [None, 1, 1.0, 2.5, 10**400])
def test_number_of_its_range_is_taken(value: float | None) -> None:
    """The bound itself belongs to the range; None is not sent."""
    assert at_least(1, "page", value) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        ([], ""),
        (["a"], "a"),
        ("a", "a"),
        ((" a", "b c ", "d"), "a; b c; d"),
        (iter(["a", "b"]), "a; b"),
    ],
)
def test_words_become_a_list_as_the_api_writes_it(value: Any, written: str | None) -> None:
    """One word may stand alone; blanks around a word are not part of it."""
    assert words("tags", value, separator="; ") == written


@pytest.mark.parametrize("value", ["", " ", "a,b", ["a", ""], ["a", " "], ["a,b"], ["a", ","]])
def test_word_with_a_comma_in_it_is_refused_by_name(value: Any) -> None:
    """It could not be told from two words; an empty one not from none."""
    with pytest.raises(ValueError, match=r"^tags must hold words that are not empty and have no comma in them$"):
        words("tags", value)


@pytest.mark.parametrize(
    ("value", "message"),
    [(["a", 1], "tags must hold str, not int"), (b"a", "tags must hold str, not int"), (5, "tags must be a sequence")],
)
def test_words_of_a_wrong_type_are_refused_by_name(value: Any, message: str) -> None:
    """Bytes are no words either."""
    with pytest.raises(TypeError, match=rf"^{message}"):
        words("tags", value)


def test_attachment_to_an_asset_needs_its_type() -> None:
    """With an rid and no type Cincopa could not tell a poster from a subtitle."""
    with pytest.raises(ValueError, match=r"^type must be given with rid"):
        attachment("A4", None)

    assert attachment("A4", "thumb") == {"rid": "A4", "type": "thumb"}
    assert attachment(None, "thumb") == {"rid": None, "type": "thumb"}
    assert attachment(None, None) == {"rid": None, "type": None}


@pytest.mark.parametrize(("rid", "type", "name"), [("", "thumb", "rid"), ("A4", "", "type"), (None, " ", "type")])
def test_blank_attachment_is_refused_by_name(rid: str | None, type: str | None, name: str) -> None:
    """Neither half may be empty."""
    with pytest.raises(ValueError, match=rf"^{name} must not be empty$"):
        attachment(rid, type)


@pytest.mark.parametrize(
    "url",
    [
        "http://x",
        "https://example.com/cat.mp4",
        "HTTPS://EXAMPLE.COM",
        "https://user:secret@example.com:8443/a%20b.mp4?sig=a+b#t",
        "http://[::1]:8000/x",
        "https://例え.jp/猫.mp4",
        "https://example.com/don't(1).mp4?a={b}|c",
        SIGNED,
    ],
)
def test_http_url_is_taken_as_it_is(url: str) -> None:
    """Nothing is normalised: a signature may be made for the very text."""
    assert http_url("input", url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cat.mp4",
        "/srv/cat.mp4",
        "//example.com/cat.mp4",
        "ftp://example.com/cat.mp4",
        "file:///srv/cat.mp4",
        "https:",
        "https://",
        "https:///cat.mp4",
        "https://:443/cat.mp4",
        "https://example.com:port/",
        "https://example.com:99999/",
        "https://[::1/cat.mp4",
        " https://example.com/cat.mp4",
        "https://example.com/cat.mp4\n",
        "https://example.com/my cat.mp4",
        "https://example.com/my\tcat.mp4",
        "https://example.com/my\u00a0cat.mp4",
        "\0https://example.com/cat.mp4",
        "https://example.com/cat\x7f.mp4",
    ],
)
@pytest.mark.parametrize("tail", ["", "?X-Amz-Signature=CANARY-SIGNATURE"])
def test_input_that_is_no_http_url_is_refused_without_being_shown(url: str, tail: str) -> None:
    """The error names the argument; its text, its chain and its traceback do not repeat the value."""
    with pytest.raises(ValueError, match=r"^input must be an http:// or https:// URL$") as caught:
        http_url("input", url + tail)

    assert type(caught.value) is ValueError
    assert caught.value.__context__ is None
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("value", [None, 42, b"https://example.com/CANARY-SIGNATURE"])
def test_input_that_is_no_text_is_refused_by_type(value: Any) -> None:
    """Bytes are no URL here."""
    with pytest.raises(TypeError, match=rf"^input must be a URL as str, not {type(value).__name__}$"):
        http_url("input", value)
