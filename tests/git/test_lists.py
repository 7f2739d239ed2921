"""Which elements of lists are the same ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.document.values import ABSENT
from leafseal.git.lists import aligned, identity_field, merged_order

NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)


@pytest.mark.parametrize(
    ("lists", "field"),
    [
        ([[{"name": "a"}], [{"name": "b", "id": 1}]], "name"),
        ([[{"name": "a", "id": 1}], [{"name": None, "id": 2}]], "id"),
        ([[{"name": "a"}, {"name": "a"}]], None),
        ([[{"name": 1}, {"name": "1"}, {"name": True}]], "name"),
        ([[{"name": "a"}], ["a"]], None),
        ([[{"name": {}}]], None),
        ([[{"key": "a"}], ABSENT, []], "key"),
        ([[], [], ABSENT], None),
    ],
)
def test_what_identifies_elements(lists: list[object], field: str | None) -> None:
    assert identity_field(*lists) == field


@given(NAMES, NAMES, NAMES, st.randoms(use_true_random=False))
def test_every_name_that_is_left_comes_once(base: list[str], ours: list[str], theirs: list[str], any_: object) -> None:
    left = {name for name in {*ours, *theirs} if any_.random() < 0.8}  # type: ignore[attr-defined]
    order = merged_order(base, ours, theirs, left)
    assert len(order) == len(left)
    assert set(order) == left


@given(NAMES, NAMES)
def test_one_sided_orders_are_taken(base: list[str], changed: list[str]) -> None:
    assert merged_order(base, base, changed, set(changed)) == changed
    assert merged_order(base, changed, base, set(changed)) == changed


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "order"),
    [
        ("ab", "ab", "anb", "anb"),
        ("ab", "axb", "anb", "axnb"),
        ("ab", "axyb", "anmb", "axynmb"),
        ("ab", "ab", "nab", "nab"),
        ("ab", "xab", "nab", "xnab"),
        ("abc", "abc", "cba", "cba"),
        ("abc", "abxc", "cba", "cbxa"),
        ("abc", "acb", "cba", "acb"),
    ],
)
def test_places_of_additions(base: str, ours: str, theirs: str, order: str) -> None:
    assert "".join(merged_order(base, ours, theirs, {*ours, *theirs})) == order


@pytest.mark.parametrize(
    ("one", "other", "pairs"),
    [
        ([1, 2, 3], [1, 3], [(0, 0), (1, None), (2, 1)]),
        ([1, 2], [1, "2"], [(0, 0), (1, 1)]),
        ([{"name": "a"}, {"name": "b"}], [{"name": "b"}, {"name": "c"}], [(0, None), (1, 0), (None, 1)]),
        ([], [1], [(None, 0)]),
    ],
)
def test_lists_side_by_side(one: list[object], other: list[object], pairs: object) -> None:
    assert aligned(one, other) == pairs


@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_every_element_is_in_one_pair(one: list[int], other: list[int]) -> None:
    found = aligned(one, other)
    assert [a for a, _ in found if a is not None] == list(range(len(one)))
    assert [b for _, b in found if b is not None] == list(range(len(other)))
