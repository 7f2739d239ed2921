"""Where lines come into a file between members that have lines of their own: in YAML, dotenv and INI alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from leafseal.document import Edit
from leafseal.document.members import Addition, Lines


def in_runs(added: Sequence[Addition], write: Callable[[Addition], str]) -> Iterator[tuple[Addition, str]]:
    """Yield what comes in at one place together: one addition that stands for all of them, and their lines."""
    for _, group in groupby(added, key=lambda one: one.after):
        run = list(group)
        last = run[-1]
        together = run[0]._replace(lines=last.lines, below=last.below, blank_below=last.blank_below)
        yield together, "".join(map(write, run))


def behind(text: str, lines: Lines, one: Addition, written: str) -> tuple[int, str]:
    """Return where the lines of an addition come in behind a member, and what they are there.

    That is behind the last comment, among those behind the member, that it is behind in another file too.
    """
    position = found = lines.end
    for line in _lines(text[lines.end : lines.behind]):
        position += len(line)
        if line.strip() in one.above:
            found = position
    return _apart(text, found, lines.behind, one, written)


def before(text: str, lines: Lines, one: Addition, written: str) -> tuple[int, str]:
    """Return where the lines of an addition come in before the first member, and what they are there.

    That is before the comments directly above that one, if the new one is before them in another file too.
    """
    position = found = lines.start
    for line in reversed(_lines(text[lines.above : lines.start])):
        position -= len(line)
        if line.strip() in one.below:
            found = position
        elif line.strip():
            break
    return _apart(text, found, lines.start, one, written)


def _apart(text: str, position: int, end: int, one: Addition, written: str) -> tuple[int, str]:
    """Have as many blank lines between the new lines and those behind them as there are in the other file."""
    if one.lines is None:
        return position, written
    behind = _lines(text[position:end])
    blank = next((number for number, line in enumerate(behind) if line.strip()), len(behind))
    is_last = not text[position:].strip() or (blank == len(behind) and one.blank_below is None)
    while blank > (one.blank_below or 0) and written.startswith("\n"):
        position += len(behind.pop(0))
        written = written[1:]
        blank -= 1
    while blank and written.endswith("\n\n"):  # of a text that keeps its last breaks: they are there already
        written = written[:-1]
        blank -= 1
    if not is_last and one.blank_below is not None:
        written += "\n" * (one.blank_below - blank)
    return position, written


def start_above(text: str, start: int, marks: tuple[str, ...]) -> int:
    """Return where the comments and blank lines begin that end at `start`, the beginning of a line."""
    while start > 0:
        line = text.rfind("\n", 0, start - 1) + 1
        stripped = text[line:start].strip(" \t\r\n\ufeff")
        if stripped and not stripped.startswith(marks):
            break
        start = line
    return start + text.startswith("\ufeff", start)


def indented(lines: str, column: int) -> str:
    """Return lines at the margin at a column; empty ones stay empty."""
    margin = " " * column
    return "".join(margin + line if line.strip("\r\n") else line for line in _lines(lines))


def insertions(text: str, placed: Iterable[tuple[int, str]], newline: str = "") -> list[Edit]:
    """Return the edits that put lines, each with LF behind it, at positions; those at one position in their order.

    What ends without a line break still does. `newline` is what the file has for one, found out if it is not given.
    """
    newline = newline or ("\r\n" if "\r\n" in text else "\n")
    together: dict[int, str] = {}
    for position, lines in placed:
        together[position] = together.get(position, "") + lines
    edits = []
    for position, lines in together.items():
        lines = lines.replace("\n", newline)
        if position and position == len(text) and not text.endswith(("\n", "\r", "\ufeff")):
            keeps_last = lines.endswith(newline * 2)  # a text that keeps its last breaks
            lines = newline + (lines if keeps_last else lines.removesuffix(newline))
        edits.append(Edit(position, position, lines))
    return edits


def _lines(text: str) -> list[str]:
    *whole, rest = text.split("\n")
    lines = [line + "\n" for line in whole]
    return [*lines, rest] if rest else lines
