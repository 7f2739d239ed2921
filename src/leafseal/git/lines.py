"""Differences of sequences, and the three-way merge of lines, in memory: no plaintext goes into a file for them.

What is compared may be lines or anything hashable. Equal beginnings and ends cost one comparison for each element; then
elements that occur once on both sides are anchors, and between them the shortest edit is looked for, within a bound.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

from leafseal.document.frozen import NamedTuple

MOST = 50_000
"""Differing elements of one side, beyond which two sequences are not compared."""

_MOST_EDITS = 1000
"""Edits between two anchors, beyond which what is between them counts as replaced: the cost grows with their square."""

Pairs = list[tuple[int, int]]
"""Which elements of two sequences are the same ones: their positions, both rising."""


class TooDifferentError(Exception):
    """Two sequences differ in more elements than are compared."""


def pairs(one: Sequence[Hashable], other: Sequence[Hashable]) -> Pairs:
    """Return which elements of two sequences are the same ones. Raises `TooDifferentError`."""
    start, (end, other_end) = _common(one, other)
    if max(end, other_end) - start > MOST:
        raise TooDifferentError
    found = [(index, index) for index in range(start)]
    found += _between(one, other, start, end, start, other_end)
    found += zip(range(end, len(one)), range(other_end, len(other)), strict=True)
    return found


def _common(one: Sequence[Hashable], other: Sequence[Hashable]) -> tuple[int, tuple[int, int]]:
    """Return where the equal beginning ends, and where the equal end begins in each."""
    start, shorter = 0, min(len(one), len(other))
    while start < shorter and one[start] == other[start]:
        start += 1
    end, other_end = len(one), len(other)
    while end > start and other_end > start and one[end - 1] == other[other_end - 1]:
        end, other_end = end - 1, other_end - 1
    return start, (end, other_end)


def _between(one: Sequence[Hashable], other: Sequence[Hashable], a: int, a_end: int, b: int, b_end: int) -> Pairs:
    """Return the pairs of two slices: around anchors, or where there are none by the shortest edit."""
    found: Pairs = []
    waiting = [(a, a_end, b, b_end)]
    while waiting:  # no recursion: anchors may be found within anchors many times
        a, a_end, b, b_end = waiting.pop()
        while a < a_end and b < b_end and one[a] == other[b]:
            found.append((a, b))
            a, b = a + 1, b + 1
        while a < a_end and b < b_end and one[a_end - 1] == other[b_end - 1]:
            a_end, b_end = a_end - 1, b_end - 1
            found.append((a_end, b_end))
        if a == a_end or b == b_end:
            continue
        if anchors := _anchors(one, other, a, a_end, b, b_end):
            found += anchors
            ends = [*anchors, (a_end, b_end)]
            starts = [(a, b), *((x + 1, y + 1) for x, y in anchors)]
            waiting += ((x, x_end, y, y_end) for (x, y), (x_end, y_end) in zip(starts, ends, strict=True))
        else:
            # What is on one side alone has no pair, and would only make the edit longer.
            both = set(one[a:a_end]) & set(other[b:b_end])
            mine = [index for index in range(a, a_end) if one[index] in both]
            theirs = [index for index in range(b, b_end) if other[index] in both]
            kept = _shortest([one[index] for index in mine], [other[index] for index in theirs])
            found += ((mine[x], theirs[y]) for x, y in kept)
    return sorted(found)


def _anchors(one: Sequence[Hashable], other: Sequence[Hashable], a: int, a_end: int, b: int, b_end: int) -> Pairs:
    """Return the pairs of elements that occur once in each slice: the longest run of them that keeps their order."""
    counts, other_counts = Counter(one[a:a_end]), Counter(other[b:b_end])
    places = {other[index]: index for index in range(b, b_end) if other_counts[other[index]] == 1}
    once = (
        (index, places[one[index]]) for index in range(a, a_end) if counts[one[index]] == 1 and one[index] in places
    )
    return rising(list(once))


def rising(candidates: Pairs) -> Pairs:
    """Return the longest run of pairs in which the second rises too."""
    ends: list[int] = []  # the smallest end of a run of each length
    last: list[int] = []  # and which candidate that is
    before: list[int] = []
    for index, (_, place) in enumerate(candidates):
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [index]
        before.append(last[length - 1] if length else -1)
    run: Pairs = []
    index = last[-1] if last else -1
    while index >= 0:
        run.append(candidates[index])
        index = before[index]
    return run[::-1]


def _shortest(one: Sequence[Hashable], other: Sequence[Hashable]) -> Pairs:
    """Return the pairs that the shortest edit keeps (Myers 1986); none where it is longer than the bound."""
    furthest = {1: 0}
    steps: list[dict[int, int]] = []
    for edits in range(min(len(one) + len(other), _MOST_EDITS) + 1):
        steps.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            x = _reach(furthest, diagonal, edits)
            while x < len(one) and x - diagonal < len(other) and one[x] == other[x - diagonal]:
                x += 1
            furthest[diagonal] = x
            if x >= len(one) and x - diagonal >= len(other):
                return _walked_back(steps, x, x - diagonal)
    return []


def _reach(furthest: dict[int, int], diagonal: int, edits: int) -> int:
    """Return how far an edit more comes on a diagonal, before what is equal."""
    down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
    return furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1


def _walked_back(steps: Sequence[dict[int, int]], x: int, y: int) -> Pairs:
    kept: Pairs = []
    for edits in range(len(steps) - 1, -1, -1):
        furthest, diagonal = steps[edits], x - y
        down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
        before = diagonal + 1 if down else diagonal - 1
        from_x = furthest[before] if edits else 0
        from_y = from_x - before if edits else 0
        while x > from_x and y > from_y:
            x, y = x - 1, y - 1
            kept.append((x, y))
        x, y = from_x, from_y
    return kept[::-1]


class Gap(NamedTuple):
    """What is between two elements that all three have: the positions of it in each, from and to."""

    base: tuple[int, int]
    ours: tuple[int, int]
    theirs: tuple[int, int]


def gaps(base: Sequence[Hashable], ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> Iterator[Gap | int]:
    """Yield the positions, in ours, of the elements that all three have, and what is between them, in order.

    Raises `TooDifferentError`.
    """
    in_ours, in_theirs = dict(pairs(base, ours)), dict(pairs(base, theirs))
    before = (0, 0, 0)
    for index in range(len(base)):
        if index not in in_ours or index not in in_theirs:
            continue
        here = (index, in_ours[index], in_theirs[index])
        if here != before:
            yield Gap(*zip(before, here, strict=True))
        yield here[1]
        before = (here[0] + 1, here[1] + 1, here[2] + 1)
    end = (len(base), len(ours), len(theirs))
    if end != before:
        yield Gap(*zip(before, end, strict=True))


class MergedText(NamedTuple):
    """What came of three texts; `conflicts` counts the places that both changed, where it is ours."""

    text: str
    conflicts: int


def merge_lines(base: str, ours: str, theirs: str) -> MergedText:
    """Merge three texts line by line; where both changed the same lines, or neighbours, ours are taken.

    A line has its break with it, so that a last line without one is another line. Raises `TooDifferentError`.
    """
    lines = [lines_of(text) for text in (base, ours, theirs)]
    merged: list[str] = []
    conflicts = 0
    for part in gaps(*lines):
        if isinstance(part, int):
            merged.append(lines[1][part])
            continue
        was, mine, other = (side[start:end] for side, (start, end) in zip(lines, part, strict=True))
        conflicts += mine != other and was != mine and was != other
        merged += other if was == mine else mine
    return MergedText("".join(merged), conflicts)


class _Hunk(NamedTuple):
    """Lines of the base that one side replaced, from and to, and what it has there."""

    start: int
    end: int
    lines: list[str]


def merge_neighbours(base: str, ours: str, theirs: str) -> MergedText:
    """Merge three texts as `merge_lines` does, but take what touches and does not overlap from both, ours first.

    Only for what is compared with the values that are wanted: of two neighbours one may need the other. Raises
    `TooDifferentError`.
    """
    was = lines_of(base)
    sides = [_hunks(was, lines_of(text)) for text in (ours, theirs)]
    merged: list[str] = []
    position = conflicts = 0
    while any(sides):
        start, end, group = _next_group(sides)
        merged += was[position:start]
        position = end
        mine, other = (_with_hunks(was, start, end, hunks) for hunks in group)
        if start == end and mine != other:
            merged += mine + other  # both only added here, or one of them did
        elif not group[1] or mine == other:
            merged += mine
        elif not group[0]:
            merged += other
        else:
            conflicts += 1
            merged += mine
    return MergedText("".join([*merged, *was[position:]]), conflicts)


def _hunks(base: Sequence[str], side: Sequence[str]) -> list[_Hunk]:
    found: list[_Hunk] = []
    start = other_start = 0
    for end, other_end in [*pairs(base, side), (len(base), len(side))]:
        if end > start or other_end > other_start:
            found.append(_Hunk(start, end, list(side[other_start:other_end])))
        start, other_start = end + 1, other_end + 1
    return found


def _next_group(sides: Sequence[list[_Hunk]]) -> tuple[int, int, tuple[list[_Hunk], list[_Hunk]]]:
    """Take the first hunk out of the sides, and all that overlap; return the lines that they replace, and them."""
    group: tuple[list[_Hunk], list[_Hunk]] = ([], [])
    first = min((hunks[0][:2], number) for number, hunks in enumerate(sides) if hunks)[1]
    hunk = sides[first].pop(0)
    group[first].append(hunk)
    start, end = hunk.start, hunk.end
    grown = True
    while grown:
        grown = False
        for hunks, taken in zip(sides, group, strict=True):
            while hunks and (hunks[0].start < end or hunks[0][:2] == (start, end)):
                taken.append(hunk := hunks.pop(0))
                end, grown = max(end, hunk.end), True
    return start, end, group


def _with_hunks(base: Sequence[str], start: int, end: int, hunks: Sequence[_Hunk]) -> list[str]:
    lines: list[str] = []
    for hunk in hunks:
        lines += [*base[start : hunk.start], *hunk.lines]
        start = hunk.end
    return [*lines, *base[start:end]]


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, each with its break."""
    *whole, rest = text.split("\n")
    lines = [line + "\n" for line in whole]
    return [*lines, rest] if rest else lines
