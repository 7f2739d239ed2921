"""Where values stand, as messages show it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate

from leafseal.display import first_of
from leafseal.document import Leaf
from leafseal.document.paths import format_path


def listed(leaves: Iterable[Leaf]) -> str:
    """Return where leaves stand, the first few of many."""
    return first_of([place_of(leaf) for leaf in leaves])


def place_of(leaf: Leaf) -> str:
    """Return where a leaf stands, as messages show it."""
    place = format_path(leaf.locator) or "the whole file"
    if leaf.is_comment:
        place = f"a comment in {format_path(leaf.path) or 'the document'}"
    return place if leaf.document == 0 else f"document {leaf.document + 1}: {place}"


class Lines:
    """The lines of a text, by offset. They are counted once, when the first is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def of(self, offset: int) -> int:
        """Return the line of an offset, counted from 1."""
        return bisect_right(self._starts, offset)

    @cached_property
    def _starts(self) -> list[int]:
        sizes = map(len, self._text.split("\n"))
        return list(accumulate(sizes, lambda start, size: start + size + 1, initial=0))
