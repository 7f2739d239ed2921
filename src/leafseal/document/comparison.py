"""Whether two texts of a file hold the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from leafseal.document import Leaf
from leafseal.document.scalars import same


def holds_the_same(one: Sequence[Leaf], other: Sequence[Leaf]) -> bool:
    """Tell whether two documents have the same values in the same places and order, and the same comments.

    What stands for an empty document has no place; whether it is there depends on comments.
    """
    mine, theirs = values_of(one), values_of(other)
    return (
        len(mine) == len(theirs)
        and all(a[:2] == b[:2] and same(a.value, b.value) for a, b in zip(mine, theirs, strict=True))
        and _comments(one) == _comments(other)
    )


def values_of(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Return the leaves that have a place: values, nulls and empty containers, in file order."""
    return [leaf for leaf in leaves if leaf.locator and not leaf.is_comment]


def _comments(leaves: Sequence[Leaf]) -> Counter[str]:
    return Counter(str(leaf.value) for leaf in leaves if leaf.is_comment)
