"""The members of mappings and lists, and how they change in place: for a merge, which makes many changes at once.

All edits are of the text that was scanned once. They belong to different places, and can be made together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from leafseal.document import Edit, Locator
from leafseal.document.frozen import NamedTuple

Name = str | int
"""What a member is called: its key, or its position in a list."""


class Lines(NamedTuple):
    """The lines of a member that shares none with its siblings; offsets into the text.

    What is from `above` to `start` and from `end` to `behind` is comments and blank lines between it and its siblings.
    """

    above: int
    start: int  # within a line where a dash is before it
    text_end: int  # of its value; comments from here to the end stand deeper, and so belong to it
    end: int
    behind: int
    column: int
    in_brackets: bool = False
    comma: int | None = None
    """In brackets, where the text needs a comma: the last member has none."""


class Addition(NamedTuple):
    """A member that comes into a mapping or list: after which of those that stay, None for before all."""

    name: Name
    value: object
    after: Name | None
    lines: str | None = None
    """Its lines as another file has them, comments and the last break included, at the margin; breaks are LF."""

    in_brackets: bool = False
    """Whether those lines are of a mapping or list in brackets, with a comma."""

    spelling: str | None = None
    """The text of a scalar as another file has it, where its place here is of the same kind."""

    blank_below: int | None = None
    """Blank lines directly behind those lines in the other file, None where no sibling follows."""

    above: frozenset[str] = frozenset()
    """Comment lines that the other file has between it and the member before it, without blanks around them."""

    below: frozenset[str] = frozenset()
    """Likewise between it and the member behind it."""

    def __repr__(self) -> str:  # a traceback shows no values
        return f"Addition({self.name!r}, after={self.after!r})"


class Members(Protocol):
    """The members of all mappings and lists in a file. Errors are those of `set_edits` and `unset_edits`."""

    def lines(self, locator: Locator, document: int = 0) -> Lines | None:
        """Return the lines of a member; None where it has none of its own, as in brackets."""
        ...

    def replace(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edits that replace a value."""
        ...

    def change(
        self, locator: Locator, removed: Collection[Name], added: Sequence[Addition], document: int = 0
    ) -> list[Edit]:
        """Return the edits that take members out of the mapping or list at `locator`, and put others in, in order."""
        ...
