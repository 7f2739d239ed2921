"""How messages say where values are."""

from __future__ import annotations

import pytest

from leafseal.document.places import Lines, listed, place_of
from leafseal.formats import parse

TEXT = b"# top\na:\n  b: [1, 2]\n  # inner\n---\nc: 3\n"


def test_places_of_values_and_comments_in_each_document() -> None:
    leaves = parse(TEXT, "yaml").leaves()
    assert [place_of(leaf) for leaf in leaves] == [
        "a comment in the document",
        "a.b[0]",
        "a.b[1]",
        "a comment in a",
        "document 2: c",
    ]
    assert place_of(parse(b"x", "binary").leaves()[0]) in ("data", "the whole file")


def test_of_many_places_the_first_are_listed() -> None:
    text = "".join(f"k{number}: 1\n" for number in range(100)).encode()
    found = listed(parse(text, "yaml").leaves())
    assert found.startswith("k0, k1, ")
    assert "k99" not in found


@pytest.mark.parametrize("text", ["", "a", "a\n", "\n\n", "a\nb\n\nc"])
def test_lines_are_those_of_an_editor(text: str) -> None:
    assert [Lines(text).of(offset) for offset in range(len(text) + 1)] == [
        text.count("\n", 0, offset) + 1 for offset in range(len(text) + 1)
    ]
