"""Which elements of two or three lists are the same ones: by what identifies them, else by position."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from itertools import takewhile
from typing import TypeVar

from leafseal.document.frozen import NamedTuple
from leafseal.document.values import Value, canonical, equal, identity
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
    base: Sequence[Name],
    ours: Sequence[Name],
    theirs: Sequence[Name],
    left: Collection[Name],
    *,
    before_next: bool = False,
) -> list[Name]:
    """Return the names that are left after a merge in their order.

    That is ours, or theirs where they alone reordered what all three have. What the other side added comes directly
    behind the nearest one before it that is left. If there is none it comes to the head, or with `before_next` before
    the nearest one behind it. In one gap ours come first.
    """
    common = set(base) & set(ours) & set(theirs)
    was, mine, other = ([name for name in names if name in common] for names in (base, ours, theirs))
    leading, adding, ours_first = (theirs, ours, True) if mine == was != other else (ours, theirs, False)
    order = [name for name in leading if name in left]
    known, own = set(order), set(order) - set(base)
    before: Name | None = None
    for number, name in enumerate(adding):
        if name in left and name not in known:
            following = next((other for other in adding[number:] if other in known), None) if before_next else None
            if before is None and following is not None:
                place = order.index(following)
                while ours_first and place and order[place - 1] in own:
                    place -= 1
                order.insert(place, name)
                known.add(name)
                before = name
                continue
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


def likest(one: Sequence[Value], other: Sequence[Value]) -> list[tuple[int, int]]:
    """Return which elements of a list became which of another: by what identifies them, else the likest in their order.

    A scalar becomes no list or mapping.
    """
    if identity_field(one, other) is not None:
        return [(a, b) for a, b in aligned(one, other) if a is not None and b is not None]
    found: list[tuple[int, int]] = []
    mine: list[int] = []
    theirs: list[int] = []
    for a, b in [*aligned(one, other), (None, None)]:
        if (a is None and b is None) or (a is not None and b is not None and equal(one[a], other[b])):
            found += _likest(one, other, mine, theirs)
            mine, theirs = [], []
            if a is not None and b is not None:
                found.append((a, b))
            continue
        mine += [a] if a is not None else []
        theirs += [b] if b is not None else []
    return found


def _likest(one: Sequence[Value], other: Sequence[Value], mine: list[int], theirs: list[int]) -> list[tuple[int, int]]:
    """Return the pairs of elements, both rising, that have most in common."""
    if len(mine) == len(theirs) or len(mine) * len(theirs) > _MOST_PAIRS:
        return [(a, b) for a, b in zip(mine, theirs, strict=False) if _likeness(one[a], other[b])]
    best = [[0] * (len(theirs) + 1) for _ in range(len(mine) + 1)]
    like = [[_likeness(one[a], other[b]) for b in theirs] for a in mine]
    for i in reversed(range(len(mine))):
        for j in reversed(range(len(theirs))):
            pair = like[i][j] + best[i + 1][j + 1] if like[i][j] else 0
            best[i][j] = max(pair, best[i + 1][j], best[i][j + 1])
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(mine) and j < len(theirs):
        if like[i][j] and best[i][j] == like[i][j] + best[i + 1][j + 1]:
            found.append((mine[i], theirs[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


_MOST_PAIRS = 2500
"""Pairs of elements that are compared between two equal ones; where there are more, the first become the first."""


def _likeness(one: Value, other: Value) -> int:
    """Return how much two values have in common; 0 where one cannot become the other in place."""
    if isinstance(one, dict) and isinstance(other, dict):
        shared = one.keys() & other.keys()
        return 1 + len(shared) + sum(equal(one[name], other[name]) for name in shared)
    if isinstance(one, list) and isinstance(other, list):
        return 1 + len({canonical(element) for element in one} & {canonical(element) for element in other})
    return 0 if isinstance(one, dict | list) or isinstance(other, dict | list) else 1
