from __future__ import annotations

import pytest

from leafseal.document.json_values import is_short, load
from leafseal.errors import InvalidValueError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"ü"', "ü"),
        ("null", None),
        ("[1, 1.5, true]", [1, 1.5, True]),
        ('{"b": {"a": 1}, "a": []}', {"b": {"a": 1}, "a": []}),
        (" 1 ", 1),
    ],
)
def test_json_is_read(text: str, value: object) -> None:
    found = load(text, integer=int)
    assert found == value
    assert not isinstance(value, dict) or list(found) == list(value)


def test_numbers_are_made_by_whoever_reads_them() -> None:
    assert load("[1, 2.50, 1e3]", integer=lambda digits: f"i{digits}", number=str) == ["i1", "2.50", "1e3"]


@pytest.mark.parametrize("text", ["", "NaN", "-Infinity", "[NaN]", "[1,]", "{'a': 1}", "01", "1 2", '"\n"'])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  with the text in it, which callers do not pass on
        load(text, integer=int)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"x": {"b": 1, "b": 2}}]', '{"\\u0061": 1, "a": 2}'])
def test_a_key_that_stands_twice(text: str) -> None:
    with pytest.raises(InvalidValueError, match="the value has a key twice"):
        load(text, integer=int)


@pytest.mark.parametrize(
    ("digits", "short"),
    [
        ("0", True),
        ("-9223372036854775808", True),
        ("9223372036854775807", True),
        ("9223372036854775808", False),
        ("-9223372036854775809", False),
        ("1" * 5000, False),
    ],
)
def test_what_fits_64_bits(digits: str, short: bool) -> None:
    assert is_short(digits) is short
