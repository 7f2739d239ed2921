"""Values and indexes as `sops set` takes them."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.document.scalars import float_text, same
from leafseal.sops.paths import parse_index
from leafseal.sops.shared.failures import Failure
from leafseal.sops.values import floats_in, parse_value, split_setting


def refused(text: str) -> str:
    with pytest.raises(Failure) as caught:
        parse_value(text)
    assert caught.value.exit_code == 7
    return caught.value.message


@given(st.integers())
def test_an_integer_by_itself_keeps_its_digits_or_is_refused(number: int) -> None:
    try:
        value = parse_value(str(number))
    except Failure:
        assert not -(2**63) <= number < 2**63
        return
    text = float_text(value) if isinstance(value, float) else str(value)
    assert text == str(number)
    assert isinstance(value, float) or abs(number) > 2**53


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_other_numbers_are_floats(number: float) -> None:
    value = parse_value(json.dumps(number))
    assert isinstance(value, float)
    assert value == number
    assert math.copysign(1, value) == 1 or value < 0  # no -0, which no format can tell from 0


trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abc", max_size=3), trees, max_size=3))
def test_an_object_is_what_it_is(tree: dict[str, object]) -> None:
    value = parse_value(json.dumps(tree))
    assert value == tree
    assert same(value, tree)
    assert list(floats_in(value, ())) == []


@pytest.mark.parametrize(
    "text", ["", "s3cret", '"s3cret', "[1", '{"s3cret": }', "NaN", "-Infinity", "1e999", "01", "'a'"]
)
def test_what_is_no_json_is_not_shown(text: str) -> None:
    assert refused(text) == "Value for --set is not valid JSON"


@pytest.mark.parametrize(
    "text", ["[1]", "[]", '{"a": 99999999999999999999}', '{"a": 1, "a": 2}', '{"b": [{"a": 1, "a": 2}]}']
)
def test_what_no_file_can_hold(text: str) -> None:
    assert refused(text).startswith("Invalid --set value format")


def test_json_that_is_nested_too_deep() -> None:
    assert refused("[" * 100_000 + "]" * 100_000) == "Value for --set is not valid JSON"


@pytest.mark.parametrize("text", [r'"\ud800"', r'{"\udc80": 1}', r'{"a": ["\udfff"]}'])
def test_half_of_a_pair_is_no_character(text: str) -> None:
    assert "surrogate pair" in refused(text)


def test_floats_are_found_where_they_come_to_stand() -> None:
    value = parse_value('{"a": 1, "b": [2.0, {"c": 1e2}], "d": "3.0"}')
    assert list(floats_in(value, ("x",))) == [("x", "b", 0), ("x", "b", 1, "c")]


def test_equal_values_have_one_type() -> None:
    assert not same(1, 1.0)
    assert not same(1, True)
    assert not same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert not same([1], [1, 2])
    assert same({"a": [1, None]}, {"a": [1, None]})


@pytest.mark.parametrize("text", ["", "a", "[]", '["a"', "[-1]", "[a]", '["]'])
def test_an_index_that_is_none(text: str) -> None:
    with pytest.raises(Failure, match=r"^Invalid unset index format$") as caught:
        parse_index(text, "unset")
    assert caught.value.exit_code == 7


def test_a_setting_is_split_at_the_first_bracket_before_a_blank() -> None:
    assert split_setting("""["a"]['b'][0] {"c": "] "}""") == (("a", "b", 0), {"c": "] "})
    assert split_setting('["a"]    5') == (("a",), 5.0)
    for text in ("", '["a"]"b"', '["a"]', 'a] "b"', '] "b"'):
        with pytest.raises(Failure, match=r"^Invalid --set format$"):
            split_setting(text)
