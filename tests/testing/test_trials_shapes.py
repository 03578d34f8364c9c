"""Which form a value has, as trials tell it."""

from __future__ import annotations

import pytest

from cincopa_async.testing._trials._shapes import date_shape, number_shape, runtime_shape, shapes, size_shape


@pytest.mark.parametrize(
    ("value", "shape"),
    [(7, "numbers"), (7.5, "numbers"), ("7", "texts"), ("-7.5", "texts"), ("no. 7", "words"), (True, "words")],
)
def test_numbers(value: object, shape: str) -> None:
    """Numbers are numbers, or texts that are numbers."""
    assert number_shape(value) == shape


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (62, "bytes"),
        ("62", "bytes"),
        ("62 byte", "byte texts"),
        ("62 bytes", "byte texts"),
        (-1, "unknown"),
        ("-1", "unknown"),
        ("1 KB", "kilobytes"),
        ("1.5MiB", "kilobytes"),
        ("large", "words"),
        (None, "words"),
    ],
)
def test_sizes(value: object, shape: str) -> None:
    """Sizes are bytes, with or without the word, or not known."""
    assert size_shape(value) == shape


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("2025-02-24T09:16:14.8562610-06:00", "seven digits and an offset"),
        ("2025-02-24T09:16:14-06:00", "an offset"),
        ("2025-02-24T09:16:14.85Z", "an offset"),
        ("2025-02-24T09:16:14.8562610", "no offset"),
        ("2025-02-24T09:16", "no offset"),
        ("02/24/2025 9:16 AM", "month first"),
        ("24 Feb 2025", "another form"),
        (1740388574, "another form"),
    ],
)
def test_dates(value: object, shape: str) -> None:
    """Dates are ISO 8601, as the documentation has them or a little otherwise."""
    assert date_shape(value) == shape


@pytest.mark.parametrize(
    ("value", "shape"), [(7, "number"), ("7", "number as text"), ("7 ms", "words"), (None, "missing")]
)
def test_runtimes(value: object, shape: str) -> None:
    """The runtime is a number, or a text that is one."""
    assert runtime_shape(value) == shape


def test_an_answer_shows_the_forms_of_its_fields() -> None:
    """Of an answer the counts are looked at, and of what it lists the sizes and the dates that are told."""
    body = {
        "items_data": {"page": 1, "items_count": "7"},
        "items": [{"filesize": "62 byte", "uploaded": "2025-02-24T09:16:14Z", "modified": ""}, "no object"],
        "galleries": "no list",
    }

    assert list(shapes(body)) == [
        ("answers.numbers", "numbers", "items_data.page"),
        ("answers.numbers", "texts", "items_data.items_count"),
        ("answers.sizes", "byte texts", "filesize"),
        ("answers.dates", "an offset", "uploaded"),
    ]
