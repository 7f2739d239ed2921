"""The lines of a .env file as members of a mapping, and edits that change many of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from leafseal.document import Edit, Locator
from leafseal.document.members import Addition, Lines, Name
from leafseal.errors import PathError
from leafseal.formats.common import nothing_there_error
from leafseal.formats.dotenv import DotenvDocument, Marks, checked_key
from leafseal.formats.dotenv.edit import checked_source, line_of
from leafseal.formats.own_lines import before, behind, in_runs, insertions


class DotenvMembers:
    """The `Members` of a dotenv file from which `marks` were taken off."""

    def __init__(self, document: DotenvDocument, marks: Marks) -> None:
        self._document = document
        self._text = document.text
        self._marks = marks
        self._leaves = [leaf for leaf in document.leaves() if not leaf.is_comment]
        self._spans = [line_of(document, leaf) for leaf in self._leaves]
        self._index = {leaf.path[0]: number for number, leaf in reversed(list(enumerate(self._leaves)))}

    def lines(self, locator: Locator, document: int = 0) -> Lines | None:
        """Return the line of a key."""
        number = self._index.get(str(locator[0])) if len(locator) == 1 else None
        return None if number is None else self._lines(number)

    def _lines(self, number: int) -> Lines:
        start, end = self._spans[number]
        above = self._spans[number - 1][1] if number else 0
        below = self._spans[number + 1][0] if number + 1 < len(self._spans) else len(self._text)
        return Lines(above, start, end, end, below, 0)

    def replace(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edit that replaces a value."""
        number = self._index.get(str(locator[0])) if len(locator) == 1 else None
        if number is None:
            raise nothing_there_error(locator)
        leaf = self._leaves[number]
        return [Edit(leaf.start, leaf.end, checked_source(self._text, leaf.path[0], value, self._marks))]

    def change(
        self, locator: Locator, removed: Collection[Name], added: Sequence[Addition], document: int = 0
    ) -> list[Edit]:
        """Return the edits that take lines out, and put others in."""
        if locator:
            raise PathError("a .env file has no mappings in it")
        edits = [self._document.without(*self._spans[self._index[str(name)]]) for name in removed]
        placed = [self._placed(one, written) for one, written in in_runs(added, self._written)]
        return [*edits, *insertions(self._text, placed, "\n")]

    def _written(self, one: Addition) -> str:
        name = checked_key(str(one.name))
        source = checked_source(self._text, name, one.value, self._marks)
        return one.lines if one.lines is not None else f"{name}={source}\n"

    def _placed(self, one: Addition, written: str) -> tuple[int, str]:
        if one.after is not None:
            return behind(self._text, self._lines(self._index[str(one.after)]), one, written)
        if not self._leaves:
            return len(self._text), written
        return before(self._text, self._lines(0), one, written)
