"""Differences of sequences and the three-way merge of lines: laws on random ones, and fixed cases."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.git import lines
from leafseal.git.lines import TooDifferentError, gaps, lines_of, merge_lines, pairs

SEQUENCES = st.lists(st.sampled_from("abcdef"), max_size=25)
TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "d\n"]), max_size=12).map("".join)


@given(SEQUENCES, SEQUENCES)
def test_pairs_are_equal_and_rise(one: list[str], other: list[str]) -> None:
    found = pairs(one, other)
    assert all(one[a] == other[b] for a, b in found)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(found))


@given(SEQUENCES)
def test_equal_sequences_pair_whole(one: list[str]) -> None:
    assert pairs(one, list(one)) == [(index, index) for index in range(len(one))]


@given(SEQUENCES, SEQUENCES)
def test_without_anchors_the_shortest_edit_is_found(one: list[str], other: list[str]) -> None:
    best = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for a in range(len(one)):
        for b in range(len(other)):
            equal = best[a][b] + 1 if one[a] == other[b] else 0
            best[a + 1][b + 1] = max(equal, best[a][b + 1], best[a + 1][b])
    found = lines._shortest(one, other)
    assert len(found) == best[-1][-1]
    assert all(one[a] == other[b] for a, b in found)


@given(TEXTS, TEXTS)
def test_one_sided_changes_are_taken_whole(base: str, changed: str) -> None:
    assert merge_lines(base, base, changed) == (changed, 0)
    assert merge_lines(base, changed, base) == (changed, 0)
    assert merge_lines(base, changed, changed) == (changed, 0)


@given(TEXTS, TEXTS, TEXTS)
def test_sides_commute_where_nothing_conflicts(base: str, ours: str, theirs: str) -> None:
    one, other = merge_lines(base, ours, theirs), merge_lines(base, theirs, ours)
    assert one.conflicts == other.conflicts
    if not one.conflicts:
        assert one.text == other.text


@given(TEXTS, TEXTS, TEXTS)
def test_ours_comes_out_of_gaps_that_conflict(base: str, ours: str, theirs: str) -> None:
    sides = [lines_of(text) for text in (base, ours, theirs)]
    seen = [part if isinstance(part, int) else slice(*part.ours) for part in gaps(*sides)]
    again = [line for part in seen for line in (sides[1][part] if isinstance(part, slice) else [sides[1][part]])]
    assert "".join(again) == ours


def test_neighbouring_changes_conflict_and_others_do_not() -> None:
    assert merge_lines("a\nb\nc\n", "x\nb\nc\n", "a\nb\nz\n") == ("x\nb\nz\n", 0)
    assert merge_lines("a\nb\nc\n", "x\nb\nc\n", "a\ny\nc\n") == ("x\nb\nc\n", 1)


def test_a_missing_last_break_is_a_line_of_its_own_kind() -> None:
    assert merge_lines("a\nb", "a\nb\n", "x\nb") == ("a\nb\n", 1)
    assert merge_lines("a\nm\nb", "a\nm\nb\n", "x\nm\nb") == ("x\nm\nb\n", 0)
    assert merge_lines("a\r\nb\n", "a\nb\n", "a\r\nb\n") == ("a\nb\n", 0)


def test_large_texts_with_small_changes_are_merged() -> None:
    base = [f"line {index}\n" for index in range(40_000)]
    ours, theirs = list(base), list(base)
    ours[10], theirs[39_000] = "ours\n", "theirs\n"
    merged = merge_lines("".join(base), "".join(ours), "".join(theirs))
    assert not merged.conflicts
    assert (merged.text.count("ours\n"), merged.text.count("theirs\n")) == (1, 1)


def test_what_differs_in_too_much_is_not_compared() -> None:
    with pytest.raises(TooDifferentError):
        pairs(range(lines.MOST + 1), range(-lines.MOST - 1, 0))


def test_long_gaps_without_anchors_end() -> None:
    """Each line is there twice, in any order: nothing but the bound on the cost ends it."""
    order = random.Random(1)
    one, other = ([*range(3000)] * 2 for _ in "ab")
    order.shuffle(one)
    order.shuffle(other)
    assert all(one[a] == other[b] for a, b in pairs(one, other))
