"""Values and their byte forms: one form for each value, and one value for each form."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.document.scalars import (
    INT_MAX,
    INT_MIN,
    Scalar,
    Timestamp,
    float_digits,
    float_text,
    from_bytes,
    to_bytes,
    to_plain_text,
    type_word,
    yaml_float_text,
)

floats = st.floats(allow_nan=False)


@given(st.text() | st.integers(INT_MIN, INT_MAX) | floats | st.booleans() | st.binary())
def test_a_value_is_what_its_byte_form_says(value: Scalar) -> None:
    again = from_bytes(type_word(value), to_bytes(value))
    assert to_bytes(again) == to_bytes(value)
    assert type_word(again) == type_word(value)
    if not isinstance(value, bytes):  # which may be text after all
        assert again == value


@pytest.mark.parametrize(
    ("value", "word", "data"),
    [
        ("", "str", b""),
        ("ü\0", "str", b"\xc3\xbc\0"),
        (b"\xff", "str", b"\xff"),
        (True, "bool", b"True"),
        (False, "bool", b"False"),
        (1, "int", b"1"),
        (INT_MIN, "int", b"-9223372036854775808"),
        (1.0, "float", b"1"),
        (-0.0, "float", b"-0"),
        (1e21, "float", b"1000000000000000000000"),
        (1.5e-7, "float", b"0.00000015"),
        (math.inf, "float", b"+Inf"),
        (-math.inf, "float", b"-Inf"),
        (math.nan, "float", b"NaN"),
        (Timestamp("2024-01-01T00:00:00Z"), "time", b"2024-01-01T00:00:00Z"),
    ],
)
def test_byte_forms(value: Scalar, word: str, data: bytes) -> None:
    assert (type_word(value), to_bytes(value)) == (word, data)


@pytest.mark.parametrize(
    ("word", "data"),
    [
        ("int", b""),
        ("int", b"+1"),
        ("int", b"01"),
        ("int", b"-0"),
        ("int", b" 1"),
        ("int", b"1_000"),
        ("int", b"1.0"),
        ("int", b"9223372036854775808"),
        ("int", b"1" * 5000),
        ("int", "\u0661".encode()),
        ("float", b""),
        ("float", b"1.0"),
        ("float", b"1e3"),
        ("float", b".5"),
        ("float", b"Inf"),
        ("float", b"nan"),
        ("float", b"0.10000000000000000001"),
        ("bool", b"true"),
        ("bool", b"1"),
        ("bool", b""),
        ("time", b"2024-01-01"),
        ("time", b"2024-01-01T00:00:00+00:00"),
        ("time", b"2024-01-01T00:00:00.10Z"),
        ("time", b"2024-02-30T00:00:00Z"),
        ("text", b"x"),
        ("int", b"\xff"),
    ],
)
def test_any_other_form_is_refused_without_being_shown(word: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=f"(not a value|not the canonical form) of type {word}") as caught:
        from_bytes(word, data)
    assert data[:20] == b"" or repr(data[:20])[2:-1] not in str(caught.value).replace(word, "")


@given(floats)
def test_the_text_of_a_float_reads_back_and_has_no_exponent(value: float) -> None:
    text = float_text(value)
    assert math.isinf(value) or "e" not in text.lower()
    assert float(text) == value
    assert math.copysign(1, float(text)) == math.copysign(1, value)
    assert float(yaml_float_text(value)) == value


@given(st.floats(min_value=0, allow_infinity=False, allow_nan=False))
def test_the_digits_of_a_float_are_all_that_it_takes(value: float) -> None:
    digits, exponent = float_digits(value)
    assert float(f"{digits[0]}.{digits[1:] or '0'}e{exponent}") == value
    assert digits == "0" or not (digits.startswith("0") or digits.endswith("0"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (100000.0, "100000"),
        (1e6, "1e+06"),
        (-1.25e10, "-1.25e+10"),
        (1e100, "1e+100"),
        (0.0, "0"),
        (-0.0, "-0"),
        (math.nan, "NaN"),
    ],
)
def test_yaml_has_an_exponent_from_a_million_on(value: float, text: str) -> None:
    assert yaml_float_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "<nil>"),
        (True, "true"),
        (5, "5"),
        (5.0, "5.0"),
        (5e9, "5E+09"),
        (math.inf, "+Inf"),
        ("ü", "ü"),
        (b"\xff", b"\xff"),
        (Timestamp("2024-01-01T00:00:00.5Z"), "2024-01-01T00:00:00Z"),
    ],
)
def test_the_text_of_a_value_where_there_is_nothing_but_text(value: Scalar | None, text: str | bytes) -> None:
    assert to_plain_text(value) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("2024-02-29t23:59:59z", "2024-02-29T23:59:59Z"),
        ("2000-02-29T00:00:00-00:00", "2000-02-29T00:00:00Z"),
        ("2001-12-14T21:59:43.10-05:00", "2001-12-14T21:59:43.1-05:00"),
        ("2001-12-14T21:59:43.1234567891+23:59", "2001-12-14T21:59:43.123456789+23:59"),
        ("0000-01-01T00:00:00.0000000001Z", "0000-01-01T00:00:00Z"),
    ],
)
def test_a_timestamp_has_one_text(text: str, canonical: str) -> None:
    found = Timestamp.parse(text)
    assert str(found) == canonical
    assert Timestamp.parse(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-01-01",
        "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00+0100",
        "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00+00:60",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:60Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2024-04-31T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z",
        "2024-01-00T00:00:00Z",
        "2024-01-01T00:00:00Z\n",
        "\u0662\u0660\u0662\u0664-01-01T00:00:00Z",
    ],
)
def test_what_is_no_timestamp(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        Timestamp.parse(text)


def test_a_timestamp_as_datetime() -> None:
    found = Timestamp("2001-12-14T21:59:43.123456789-05:00").to_datetime()
    assert found.utcoffset() == timedelta(hours=-5)
    assert found == datetime.fromisoformat("2001-12-14T21:59:43.123456-05:00")
    assert Timestamp("2024-01-01T00:00:00.5Z").to_datetime().microsecond == 500_000
