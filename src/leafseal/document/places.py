"""Where values stand, as messages show it."""

from __future__ import annotations

from collections.abc import Iterable

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
