"""The lines of a member as another file has them, with the comments beside it that are new, to be put elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from leafseal.document import Document
from leafseal.document.frozen import NamedTuple
from leafseal.document.members import Lines, Name
from leafseal.document.values import Value
from leafseal.formats import FORMATS
from leafseal.git.lines import lines_of

MARKS = ("#", ";")
"""How a line begins that is a comment in one format or another."""

Takes = Callable[[str], bool]
"""Whether lines are taken over from a file, as they stand there."""


class Position(NamedTuple):
    """Whether a member is the first of its siblings, and whether the last."""

    is_first: bool
    is_last: bool


def position_among(siblings: Value, name: Name) -> Position:
    """Return where a member stands in a mapping or list."""
    if isinstance(siblings, dict):
        return Position(next(iter(siblings)) == name, next(reversed(siblings)) == name)
    return Position(name == 0, isinstance(siblings, list) and name == len(siblings) - 1)


def at_margin(document: Document, lines: Lines, is_new: Takes, position: Position) -> str:
    """Return a member's lines at the margin, with comments beside them that are new, and blank lines of its own."""
    source = document.text
    is_behind_dash = lines.start > 0 and source[lines.start - 1] not in "\n\r\ufeff"
    margin = " " * lines.column if is_behind_dash else ""
    own = source[lines.start : lines.text_end]
    if lines.comma is not None:
        own = source[lines.start : lines.comma] + "," + source[lines.comma : lines.text_end]
    deeper = [line for line in lines_of(source[lines.text_end : lines.end]) if is_new(line.strip())]
    gap = lines_of(source[lines.end : lines.behind])
    above = _kept_above(lines_of(source[lines.above : lines.start] if not margin else ""), is_new, position)
    own = margin + own + ("" if own.endswith("\n") else "\n")
    written = "".join([*above, own, *deeper, *_kept_below(gap, is_new, position)])
    if not FORMATS[document.format].has_marks:  # there a CR is part of a value
        written = written.replace("\r\n", "\n")
    return "".join(_shifted(line, lines.column) for line in lines_of(written))


def _kept_above(gap: Sequence[str], is_new: Takes, position: Position) -> list[str]:
    """Return the new comments, and the blank lines before each of them and before the member."""
    kept: list[str] = []
    blank: list[str] = []
    for line in gap:
        if not line.strip():
            blank.append(line)
        else:
            if is_new(line.strip()):
                kept += [*blank, line]
            blank = []
    kept += blank
    while position.is_first and kept and not kept[0].strip():
        del kept[0]
    return kept


def _kept_below(gap: Sequence[str], is_new: Takes, position: Position) -> list[str]:
    """Return the new comments that are directly behind a member and not above another, or behind the last one."""
    kept: list[str] = []
    run = 0
    while run < len(gap) and gap[run].strip():
        run += 1
    if position.is_last:
        for line in gap:
            if not line.strip() or is_new(line.strip()):
                kept.append(line)
        while kept and not kept[-1].strip():
            del kept[-1]
    elif run < len(gap):
        kept = [line for line in gap[:run] if is_new(line.strip())]
    return kept


def blank_below(text: str, lines: Lines, siblings: Value, name: Name) -> int | None:
    """Return how many blank lines are behind a member's own, and its comments; None where no sibling is."""
    if position_among(siblings, name).is_last:
        return None
    gap = [line.strip() for line in lines_of(text[lines.end : lines.behind])]
    run = 0
    while run < len(gap) and gap[run]:
        run += 1
    start = 0 if run == len(gap) else run  # comments that end at the sibling are its own
    return next((number for number, line in enumerate(gap[start:]) if line), len(gap) - start)


def _shifted(line: str, column: int) -> str:
    """Return a line less a column's blanks; comments may have fewer."""
    blanks = len(line) - len(line.lstrip(" "))
    return line[min(blanks, column) :]


def comments_of(lines: str) -> frozenset[str]:
    """Return the comments of lines that are comments and blank lines, without blanks around them."""
    return frozenset(line.strip() for line in lines_of(lines) if line.strip())


def comment_lines(text: str) -> Counter[str]:
    """Count the lines of a text that are comments, or look like one."""
    return Counter(line for line in map(str.strip, text.split("\n")) if line.startswith(MARKS))
