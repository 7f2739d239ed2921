"""Which elements of two or three lists are the same ones: by what identifies them, else by position."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from itertools import takewhile
from typing import TypeVar

from leafseal.document.frozen import NamedTuple
from leafseal.document.values import Value, canonical, identity
from leafseal.git.lines import TooDifferentError, gaps, pairs

FIELDS = ("name", "id", "key")
"""What may identify the elements of a list, in this order."""

Name = TypeVar("Name", bound=Hashable)


def identity_field(*lists: Value) -> str | None:
    """Return the field that identifies every element of lists, and each of one list differently; None if none does.

    What is no list counts as an empty one.
    """
    present = [elements for elements in lists if isinstance(elements, list) and elements]
    for field in FIELDS if present else ():
        if all(_is_identified(elements, field) for elements in present):
            return field
    return None


def _is_identified(elements: Sequence[Value], field: str) -> bool:
    seen: set[str] = set()
    for element in elements:
        name = identity(element, field)
        if name is None or name in seen:
            return False
        seen.add(name)
    return True


def by_identity(elements: Value, field: str) -> dict[str, Value]:
    """Return the elements of a list by what identifies them, in their order; none for what is no list."""
    return {str(identity(element, field)): element for element in elements} if isinstance(elements, list) else {}


def merged_order(
    base: Sequence[Name], ours: Sequence[Name], theirs: Sequence[Name], left: Collection[Name]
) -> list[Name]:
    """Return the names that are left after a merge in their order.

    That is ours, or theirs where they alone reordered what all three have. What the other side added comes directly
    behind the nearest one before it that is left, at the head if there is none; in one gap ours come first.
    """
    common = set(base) & set(ours) & set(theirs)
    was, mine, other = ([name for name in names if name in common] for names in (base, ours, theirs))
    leading, adding, ours_first = (theirs, ours, True) if mine == was != other else (ours, theirs, False)
    order = [name for name in leading if name in left]
    known, own = set(order), set(order) - set(base)
    before: Name | None = None
    for name in adding:
        if name in left and name not in known:
            place = 0 if before is None else order.index(before) + 1
            if not ours_first and (before is None or before not in own):
                # Where theirs began to add, ours may have too.
                place += sum(1 for _ in takewhile(own.__contains__, order[place:]))
            order.insert(place, name)
            known.add(name)
        if name in known:
            before = name
    return order


class Slices(NamedTuple):
    """What stands in one gap of three lists, from and to."""

    base: tuple[int, int]
    ours: tuple[int, int]
    theirs: tuple[int, int]


def by_position(base: Sequence[Value], ours: Sequence[Value], theirs: Sequence[Value]) -> Iterator[Slices | int]:
    """Yield the position, in ours, of each element that all three lists have, and the gaps between them, in order.

    Lists that differ in too much are one gap.
    """
    numbers: dict[Hashable, int] = {}
    sides = [
        [numbers.setdefault(canonical(element), len(numbers)) for element in side] for side in (base, ours, theirs)
    ]
    try:
        found = list(gaps(*sides))
    except TooDifferentError:
        yield Slices((0, len(base)), (0, len(ours)), (0, len(theirs)))
        return
    for part in found:
        yield part if isinstance(part, int) else Slices(*part)


def aligned(one: Sequence[Value], other: Sequence[Value]) -> list[tuple[int | None, int | None]]:
    """Return the positions of elements of two lists side by side; None where one has no such element.

    Elements are the same by what identifies them, in the order of the other list and each removed one after what was
    before it; else by position, where what differs between two equal ones is paired from the first on.
    """
    field = identity_field(one, other)
    if field is not None:
        mine, theirs = list(by_identity(list(one), field)), list(by_identity(list(other), field))
        order = merged_order(mine, theirs, mine, {*mine, *theirs})
        here, there = ({name: index for index, name in enumerate(names)} for names in (mine, theirs))
        return [(here.get(name), there.get(name)) for name in order]
    numbers: dict[Hashable, int] = {}
    sides = [[numbers.setdefault(canonical(element), len(numbers)) for element in side] for side in (one, other)]
    try:
        same = pairs(*sides)
    except TooDifferentError:
        same = []
    found: list[tuple[int | None, int | None]] = []
    start, other_start = 0, 0
    for end, other_end in [*same, (len(one), len(other))]:
        for offset in range(max(end - start, other_end - other_start)):
            a, b = start + offset, other_start + offset
            found.append((a if a < end else None, b if b < other_end else None))
        if end < len(one):
            found.append((end, other_end))
        start, other_start = end + 1, other_end + 1
    return found
