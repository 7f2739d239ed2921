"""What SOPS takes for what in the metadata. No message shows a value."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from leafseal.document.scalars import Timestamp
from leafseal.errors import MetadataError
from leafseal.metadata import weak_types as weak

DATE = Timestamp("2024-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("read", "value", "result"),
    [
        (weak.as_text, None, ""),
        (weak.as_text, "", ""),
        (weak.as_text, "ü", "ü"),
        (weak.as_text, True, "1"),
        (weak.as_text, False, "0"),
        (weak.as_text, -5, "-5"),
        (weak.as_text, 1.0, "1"),
        (weak.as_text, 1e21, "1000000000000000000000"),
        (weak.as_time, "2024-01-01T00:00:00.5+00:00", "2024-01-01T00:00:00Z"),
        (weak.as_time, "2024-01-01T01:00:00+01:00", "2024-01-01T01:00:00+01:00"),
        (weak.as_int, None, 0),
        (weak.as_int, "", 0),
        (weak.as_int, True, 1),
        (weak.as_int, 2.0, 2),
        (weak.as_int, "-3", -3),
        (weak.as_int, "+0", 0),
        (weak.as_bool, None, False),
        (weak.as_bool, "", False),
        (weak.as_bool, "t", True),
        (weak.as_bool, "FALSE", False),
        (weak.as_bool, 2, True),
        (weak.as_bool, 0.0, False),
        (weak.as_mapping, None, {}),
        (weak.as_mapping, [], {}),
        (weak.as_mapping, {"a": 1}, {"a": 1}),
        (weak.as_mappings, None, []),
        (weak.as_mappings, {}, []),
        (weak.as_mappings, {"a": 1}, [{"a": 1}]),
        (weak.as_mappings, [{"a": 1}, {}], [{"a": 1}, {}]),
    ],
)
def test_what_is_taken(read: Callable[[object, str], object], value: object, result: object) -> None:
    found = read(value, "x.y")
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (weak.as_text, DATE, "x.y: a date where text is expected"),
        (weak.as_text, ["canary"], "x.y: a list where text is expected"),
        (weak.as_text, {"canary": 1}, "x.y: a mapping where text is expected"),
        (weak.as_text, b"canary\xff", "x.y: text that is not UTF-8 where text is expected"),
        (weak.as_time, None, "x.y: missing"),
        (weak.as_time, "canary", "x.y: not an RFC 3339 time"),
        (weak.as_time, "2024-01-01", "x.y: not an RFC 3339 time"),
        (weak.as_int, "canary", "x.y: not a whole number"),
        (weak.as_int, 1.5, "x.y: not a whole number"),
        (weak.as_int, math.inf, "x.y: not a whole number"),
        (weak.as_int, math.nan, "x.y: not a whole number"),
        (weak.as_int, "010", "x.y: not a whole number"),
        (weak.as_int, "1" * 19, "x.y: not a whole number"),
        (weak.as_int, "\u0661", "x.y: not a whole number"),
        (weak.as_bool, "yes", "x.y: neither true nor false"),
        (weak.as_bool, "tRUE", "x.y: neither true nor false"),
        (weak.as_bool, [], "x.y: neither true nor false"),
        (weak.as_mapping, "canary", "x.y: a single value where a mapping is expected"),
        (weak.as_mapping, [1], "x.y: a list where a mapping is expected"),
        (weak.as_mapping, {1: "canary"}, "x.y: a name that is not text"),
        (weak.as_mappings, "canary", "x.y: a single value where a list is expected"),
        (weak.as_mappings, [{}, None], r"x.y\[1\]: null where a mapping is expected"),
        (weak.as_mappings, [{}, {2: 3}], r"x.y\[1\]: a name that is not text"),
    ],
)
def test_what_is_refused(read: Callable[[object, str], object], value: object, message: str) -> None:
    with pytest.raises(MetadataError, match=message) as caught:
        read(value, "x.y")
    assert "canary" not in f"{caught.value} {caught.value.hint}"


def test_a_date_is_to_be_quoted() -> None:
    with pytest.raises(MetadataError) as caught:
        weak.as_text(DATE, "x")
    assert caught.value.hint == "put it in quotes"


def test_the_case_of_known_names_does_not_count() -> None:
    folded = weak.fold_names({"ARN": 1, "Role": 2, "Else": 3}, ["arn", "role"], "kms[0].")
    assert folded == {"arn": 1, "role": 2, "Else": 3}


@pytest.mark.parametrize("names", [("arn", "ARN"), ("Arn", "aRN")])
def test_a_name_in_two_spellings_stands_twice(names: tuple[str, str]) -> None:
    with pytest.raises(MetadataError, match=r"kms\[0\]\.arn: appears twice"):
        weak.fold_names(dict.fromkeys(names, "x"), ["arn"], "kms[0].")
