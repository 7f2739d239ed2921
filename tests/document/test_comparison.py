"""Two texts that hold the same, and those that only look alike."""

from __future__ import annotations

import pytest

from leafseal.document.comparison import holds_the_same, values_of
from leafseal.formats import parse


def compared(one: str, other: str) -> bool:
    return holds_the_same(*(parse(text.encode(), "yaml").leaves() for text in (one, other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{a: 1, b: [x]}\n", "a: 0x1\nb:\n  - 'x'\n"),
        ("a: 1 # why\n", "# why\na: 1\n"),
        ("--- {}\n---\na: .nan\n", "---\n---\n{a: .NaN}\n"),
        ("a: &x 1\nb: *x\n", "a: 1\nb: 1\n"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert compared(one, other)
    assert compared(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a: 1\n", "a: 1.0\n"), ("a: 1\n", "a: true\n"), ("a: 1\n", "b: 1\n"), ("a: 1\nb: 2\n", "b: 2\na: 1\n"),
        ("a: 1\n", "a: 1\nb:\n"), ("a: []\n", "a: {}\n"), ("a: [1]\n", "a: {'0': 1}\n"), ("a: 1\n", "---\n---\na: 1\n"),
        ("a: 1 # why\n", "a: 1\n"), ("a: 1 # why\n", "a: 1 # why not\n"), ("# w\na: 1\n", "# w\n# w\na: 1\n"),
    ],
)  # fmt: skip
def test_not_the_same(one: str, other: str) -> None:
    assert not compared(one, other)
    assert not compared(other, one)


def test_values_have_a_place() -> None:
    leaves = parse(b"# c\n{}\n---\na: 1\nb: {}\nc:\n", "yaml").leaves()
    assert [leaf.locator for leaf in values_of(leaves)] == [("a",), ("b",), ("c",)]
