"""The text in which people decide conflicts: the merged file, with the lines of both sides where they differ."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from leafseal.display import visible
from leafseal.document import Document, Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.values import Known, locate, values_of
from leafseal.errors import LeafsealError
from leafseal.git.lines import Gap, TooDifferentError, gaps, lines_of, pairs
from leafseal.git.markers import LEAST
from leafseal.git.merge import Found

_RUN = re.compile(r"(?m)^([<|=>])\1*")


class MarkersLeftError(LeafsealError):
    """Somebody has left a conflict marker in the text."""

    exit_code = 1


class Labels(NamedTuple):
    """What the sides are called: branches, as Git names them."""

    ours: str
    theirs: str


class ConflictText(NamedTuple):
    """The text, and how many signs its markers have: more than any line of it begins with."""

    text: bytes
    size: int

    def check(self, text: bytes) -> None:
        """Raise `MarkersLeftError` where a marker of ours is left in an edited text."""
        for number, line in enumerate(text.split(b"\n"), 1):
            if any(line.startswith(sign * self.size) for sign in (b"<", b"|", b"=", b">")):
                raise MarkersLeftError(f"line {number}: a conflict marker is left", hint=_KEEP)


_KEEP = "keep the lines that are right, and delete the others and all lines with markers"


def conflict_text(
    base: Document | None, ours: Document, theirs: Document, conflicts: Sequence[Found], labels: Labels
) -> ConflictText:
    """Return the text for the editor: of files that differ in conflicts alone."""
    size = max([LEAST, *(len(run[0]) + 1 for text in (ours.text, theirs.text) for run in _RUN.finditer(text))])
    about = {**_by_line(theirs, conflicts, is_ours=False), **_by_line(ours, conflicts, is_ours=True)}
    pieces = list(_pieces(base.text if base is not None else None, ours.text, theirs.text, size, about, labels))
    return ConflictText("".join(pieces).encode("utf-8", "surrogateescape"), size)


_Lines = dict[tuple[bool, int], list[str]]
"""What conflicts there are on lines, by whether they are ours'."""


def _by_line(document: Document, conflicts: Sequence[Found], *, is_ours: bool) -> _Lines:
    texts = _texts_by_place(document, conflicts)
    breaks = [found.start() for found in re.finditer("\n", document.text)]
    found: _Lines = {}
    for leaf in document.leaves() if texts else ():
        if leaf.is_comment:
            continue
        places = ((leaf.document, leaf.locator[:depth]) for depth in range(len(leaf.locator) + 1))
        about = [text for place in places for text in texts.get(place, ())]
        if about:
            for line in range(bisect_left(breaks, leaf.start), bisect_left(breaks, leaf.end) + 1):
                found.setdefault((is_ours, line), []).extend(about)
    return found


def _texts_by_place(document: Document, conflicts: Sequence[Found]) -> dict[tuple[int, Locator], list[str]]:
    """Return what is said of conflicts, by where they are in a document."""
    values, known = values_of(document), Known()
    found: dict[tuple[int, Locator], list[str]] = {}
    for one in conflicts:
        if one.conflict is not None and one.conflict.document < len(values):
            number = one.conflict.document
            place = locate(values[number], one.conflict.place, known)
            if place is not None:
                found.setdefault((number, place), []).append(visible(f"{one.pointer}: {one.what}"))
    return found


def _pieces(base: str | None, ours: str, theirs: str, size: int, about: _Lines, labels: Labels) -> Iterator[str]:
    """Yield the lines that both sides have, and hunks of those that differ."""
    sides = [lines_of(text) for text in (ours, theirs)]
    was = lines_of(base) if base is not None else None
    for here, there, before in _regions(was, *sides):
        mine, other = sides[0][slice(*here)], sides[1][slice(*there)]
        if mine == other:
            yield from mine
            continue
        lines = [about.get((True, line), ()) for line in range(*here)]
        lines += [about.get((False, line), ()) for line in range(*there)]
        what = ", ".join(dict.fromkeys(text for texts in lines for text in texts))
        end = "\r\n" if any(line.endswith("\r\n") for line in (*mine, *other)) else "\n"
        yield f"{'<' * size} ours ({labels.ours}){'  ' + what if what else ''}{end}"
        yield from _whole(mine, end)
        if was is not None and before is not None:
            yield f"{'|' * size} base{end}"
            yield from _whole(was[slice(*before)], end)
        yield f"{'=' * size}{end}"
        yield from _whole(other, end)
        yield f"{'>' * size} theirs ({labels.theirs}){end}"


_Region = tuple[tuple[int, int], tuple[int, int], tuple[int, int] | None]


def _regions(base: Sequence[str] | None, ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Region]:
    """Yield where the sides are the same and where they differ, in order."""
    try:
        yield from _aligned(base, ours, theirs)
    except TooDifferentError:
        yield (0, len(ours)), (0, len(theirs)), None if base is None else (0, len(base))


def _aligned(base: Sequence[str] | None, ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Region]:
    if base is not None:
        there = 0
        for part in list(gaps(base, ours, theirs)):
            if isinstance(part, Gap):
                yield part.ours, part.theirs, part.base
                there = part.theirs[1]
            else:
                yield (part, part + 1), (there, there + 1), None
                there += 1
        return
    start, other_start = 0, 0
    for here, there in [*pairs(ours, theirs), (len(ours), len(theirs))]:
        if (start, other_start) != (here, there):
            yield (start, here), (other_start, there), None
        if here < len(ours):
            yield (here, here + 1), (there, there + 1), None
        start, other_start = here + 1, there + 1


def _whole(lines: Sequence[str], end: str) -> Iterator[str]:
    """Yield lines, the last one with a break that it may lack at the end of a file."""
    yield from (line if line.endswith("\n") else line + end for line in lines)
