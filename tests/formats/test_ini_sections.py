"""Sections that are added to INI files, and the comments around them."""

from __future__ import annotations

import pytest

from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection

from ..opening import set_leaf, unset_leaf
from ..whole_files import open_, seal


@pytest.mark.parametrize(
    ("plain", "wanted"),
    [
        ("[s]\na = 1\n; last\n", "[new]\nk = v\n\n[s]\na = 1\n; last\n"),
        ("[s]\na = 1\n\n; last\n\n; of all", "[new]\nk = v\n\n[s]\na = 1\n\n; last\n\n; of all"),
        (
            "x = 1\n\n[r]\nb = 2\n; of r\n\n# of s\n[s] ; too\n; last\n",
            "x = 1\n\n[r]\nb = 2\n\n[new]\nk = v\n\n; of r\n\n# of s\n[s] ; too\n; last\n",
        ),
        ("\ufeff; of s\n[s]\na = 1\n; last\n", "\ufeff[new]\nk = v\n\n; of s\n[s]\na = 1\n; last\n"),
        ("[s]\r\na = 1\r\n; last\r\n", "[new]\r\nk = v\r\n\r\n[s]\r\na = 1\r\n; last\r\n"),
        ("[s]\na = 1 ; here\n", "[s]\na = 1 ; here\n\n[new]\nk = v\n"),
        ("a = 1\n; last\n", "a = 1\n; last\n\n[new]\nk = v\n"),  # there is nothing to stand before
    ],
)
def test_comments_at_the_end_stay_in_their_section_when_another_is_added(plain: str, wanted: str) -> None:
    opened = open_(seal(plain.encode(), "ini"), "ini")
    product = set_leaf(opened, ("new", "k"), "v")
    product.check(product.data)
    again = product.open()
    assert again.plaintext().decode() == wanted
    assert set_leaf(opened, ("new",), {"k": "v"}).open().plaintext().decode() == wanted
    if not plain.startswith("a"):
        assert comments_of(again) == comments_of(opened)
        assert comments_of(unset_leaf(again, ("new",)).open()) == comments_of(opened)


def comments_of(opened: Opened) -> list[tuple[tuple[str, ...], object]]:
    return [(leaf.path, value) for leaf, value in opened.leaves.values if leaf.is_comment]


def test_a_comment_that_the_rule_encrypts_by_its_section_does_not_keep_a_section_out() -> None:
    opened = open_(seal(b"[s]\na = 1\n; last\n", "ini", Selection(encrypted_regex="^s$")), "ini")
    assert b"; last" not in set_leaf(opened, ("new", "k"), "v").data
