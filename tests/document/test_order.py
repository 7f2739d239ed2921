"""The order of names where a new list takes the place of an old one."""

from __future__ import annotations

import pytest

from leafseal.document.order import in_old_order


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "abc", "abc"),
        ("cba", "abc", "cba"),
        ("ca", "abc", "cab"),
        ("cxa", "abc", "cab"),
        ("ac", "abcd", "abcd"),
        ("b", "abcd", "abcd"),
        ("dcb", "abcd", "adcb"),
        ("xy", "ab", "ab"),
    ],
)
def test_names_keep_their_order_and_new_ones_stand_behind_their_neighbour(old: str, new: str, expected: str) -> None:
    assert "".join(in_old_order(old, list(new))) == expected
