"""Nested metadata as flat names and back (sops-format §3.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.document.scalars import Timestamp
from leafseal.errors import MetadataError
from leafseal.formats.flattening import flatten, unflatten


def test_the_example_of_the_format():
    nested = {"key_groups": [{"x": "y"}, {"kms": [{"context": {"foo": "bar"}}]}]}
    assert flatten(nested) == {
        "key_groups__list_0__map_x": "y",
        "key_groups__list_1__map_kms__list_0__map_context__map_foo": "bar",
    }


def test_scalars_become_text():
    nested = {
        "a": 2,
        "b": True,
        "c": False,
        "d": None,
        "e": [],
        "f": {},
        "g": "x\ny",
        "h": Timestamp("2024-01-01T00:00:00Z"),
    }
    assert flatten(nested) == {"a": "2", "b": "true", "c": "false", "g": "x\ny", "h": "2024-01-01T00:00:00Z"}


def test_lists_in_any_order_and_numbers_in_any_spelling():
    assert unflatten({"a__list_1": "y", "a__list_0": "x"}) == {"a": ["x", "y"]}
    assert unflatten({"a__list_x__map_b": "1", "a__list_+0__map_c": "2"}) == {"a": [{"b": "1", "c": "2"}]}
    assert unflatten({"a__list_0__list_0": "x"}) == {"a": [["x"]]}


@pytest.mark.parametrize(
    ("flat", "message"),
    [
        ({"a__list_1": "x"}, "a: incomplete list"),
        ({"a__list_0": "x", "a__list_2": "y"}, "a: incomplete list"),
        ({"a__list_-1": "x"}, "a: incomplete list"),
        ({"a__list_99999999999999999999": "x", "a__list_1": "x", "a__list_3": ""}, "a: incomplete list"),
        ({"a": "x", "a__map_b": "y"}, "a: type mismatch"),
        ({"a__map_b": "y", "a": "x"}, "a: type mismatch"),
        ({"a__map_b__map_c": "y", "a__map_b": "x"}, "a.b: type mismatch"),
        ({"a__map_b": "y", "a__list_0": "x"}, "a: type mismatch"),
        ({"a__list_0": "y", "a__map_b": "x"}, "a: type mismatch"),
        ({"a__list_0": "y", "a__list_00": "x"}, r"a\[0\]: duplicate value"),
        ({"a__list_x": "y", "a__list_0": "x"}, r"a\[0\]: duplicate value"),
        ({"__map_".join("a" * 51): "x"}, "nested deeper than 50"),
    ],
)
def test_what_does_not_fit_together_is_refused(flat, message):
    with pytest.raises(MetadataError, match=message):
        unflatten(flat)


@pytest.mark.parametrize(
    "nested",
    [
        {"a__map_b": "x"},
        {"a": {"b__list_0": "x"}},
        {"a__map": {"b": "x"}},
        {"__list_0": "x"},
        {"a": {"b": b"\xff"}},
        {"a": ["x", None, "y"]},
        {"a": ["x", {}]},
        {"key_groups": [{"age": [{"enc": "x"}]}, {"age": [], "hc_vault": []}]},
    ],
)
def test_what_would_be_read_back_as_something_else_is_refused(nested):
    with pytest.raises(MetadataError):
        flatten(nested)


names = st.text(st.sampled_from("abmap_list0:"), min_size=0, max_size=6)
nested = st.recursive(
    st.text(max_size=5),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3), st.dictionaries(names, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(names, nested, max_size=4))
def test_unflatten_inverts_flatten(mapping):
    try:
        flat = flatten(mapping)
    except MetadataError:
        return
    assert unflatten(flat) == mapping


parts = st.sampled_from(["a", "b", "__map_a", "__map_b", "__list_0", "__list_1", "_", "__list_x"])


@given(st.dictionaries(st.lists(parts, min_size=1, max_size=4).map("".join), st.text(max_size=3), max_size=5))
def test_flatten_inverts_unflatten_up_to_spelling(flat):
    try:
        mapping = unflatten(flat)
    except MetadataError:
        return
    assert unflatten(flatten(mapping)) == mapping
