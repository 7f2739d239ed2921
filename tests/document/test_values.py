"""What a file holds, where it is, and how places are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.document.scalars import Timestamp
from leafseal.document.values import (
    ABSENT,
    Named,
    at,
    canonical,
    equal,
    identity,
    locate,
    pointer,
    read_pointer,
    values_of,
)
from leafseal.errors import FormatError
from leafseal.formats import parse

EIGHT = [1, "1", 1.0, None, "", {}, [], ABSENT]
OTHERS = [
    True,
    False,
    0,
    0.0,
    -0.0,
    b"\xff",
    "\xff",
    Timestamp("2024-01-01T00:00:00Z"),
    "2024-01-01T00:00:00Z",
    [1],
    ["1"],
]
VALUES = st.recursive(
    st.sampled_from([*EIGHT[:-1], *OTHERS]),
    lambda inner: st.dictionaries(st.sampled_from("ab/~=#1"), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)


def test_values_are_what_they_are_by_type_and_bytes() -> None:
    for index, one in enumerate([*EIGHT, *OTHERS]):
        for other_index, other in enumerate([*EIGHT, *OTHERS]):
            assert equal(one, other) is (index == other_index)
    assert equal(float("nan"), float("nan"))
    assert equal({"a": 1, "b": [2]}, {"b": [2], "a": 1})
    assert not equal([1, 2], [2, 1])


@given(VALUES, VALUES)
def test_equal_values_have_one_canonical_form(one: object, other: object) -> None:
    assert (canonical(one) == canonical(other)) is equal(one, other)


def places(value: object, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(place for name, member in members for place in places(member, (*above, name)))]


@given(st.dictionaries(st.sampled_from(["a/b", "~", "~1", "0", "#2", "name=x"]), VALUES, max_size=3))
def test_every_place_has_a_pointer_that_leads_back(root: dict[str, object]) -> None:
    for place in places(root):
        assert read_pointer([{}, root], pointer(place, 1)) == (1, place)
        assert locate(root, place) == place


def test_elements_are_found_by_what_identifies_them() -> None:
    root = {"env": [{"name": "A"}, {"name": "B/C", "value": 1}, {"name": 3}]}
    place = ("env", Named("name", "B/C"), "value")
    assert pointer(place) == "/env/name=B~1C/value"
    assert locate(root, place) == ("env", 1, "value")
    assert read_pointer([root], pointer(place)) == (0, ("env", 1, "value"))
    assert identity({"name": 3}, "name") == "3 (int)"
    assert [identity(element, "name") for element in ({"name": None}, {"name": {}}, {}, "name")] == [None] * 4


@pytest.mark.parametrize(
    "text", ["/nothing", "/a/0/x", "/l/7", "/l/name=q", "#9/a", "#0/a", "#x/a", "a", "/l/-1", "/#documents"]
)
def test_pointers_to_nothing(text: str) -> None:
    assert read_pointer([{"a": 1, "l": [1]}], text) is None


def test_what_is_nowhere() -> None:
    assert at({"a": [1]}, ("a", 0)) == 1
    assert [at({"a": [1]}, place) for place in [("b",), ("a", 1), ("a", "0"), (0,)]] == [ABSENT] * 4  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("format_name", "text", "values"),
    [
        ("yaml", "a: &x {b: 1}\nc: *x\nd: []\n", [{"a": {"b": 1}, "c": {"b": 1}, "d": []}]),
        ("yaml", "a: 1\n---\n# none\n---\ne: ~\n", [{"a": 1}, {}, {"e": None}]),
        ("json", '{"a": [[1], {}], "b": {"c": "1"}}', [{"a": [[1], {}], "b": {"c": "1"}}]),
        ("dotenv", "A=1\n# c\nB=\n", [{"A": "1", "B": ""}]),
        ("ini", "[s]\na = 1\n[t]\n[s]\nb = 2\n", [{"DEFAULT": {}, "s": {"a": "1", "b": "2"}, "t": {}}]),
        ("binary", "text", [{"data": "text"}]),
    ],
)  # fmt: skip
def test_values_of_files(format_name: str, text: str, values: list[object]) -> None:
    assert equal(values_of(parse(text.encode(), format_name)), values)


def test_a_name_that_is_twice_has_no_value() -> None:
    from leafseal.document.limits import ReadOptions

    with pytest.raises(FormatError):
        values_of(parse(b"a: {b: 1}\na: {b: 2}\n", "yaml", ReadOptions(allow_duplicates=True)))
