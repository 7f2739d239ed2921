"""The edits that make the values of a document those that are wanted: what changes in place, what comes in and where.

All of them are found on one scan of the document. What comes in is written as theirs has it: the lines of its own with
the comments above, in and behind them, after the same sibling as there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leafseal.document import Document, Edit, Leaf, Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.members import Addition, Members, Name
from leafseal.document.scalars import Empty
from leafseal.document.values import ABSENT, Value, at, canonical, equal, values_of
from leafseal.errors import FormatError
from leafseal.git.lines import rising
from leafseal.git.lists import likest
from leafseal.git.their_lines import (
    Position,
    Takes,
    at_margin,
    blank_below,
    comment_lines,
    comments_of,
    position_among,
)


class Place(NamedTuple):
    """A place in a file, and what is there; `ABSENT` where nothing is."""

    document: int
    locator: Locator
    value: Value

    def member(self, name: Name) -> Place:
        """Return the place of a member."""
        return Place(self.document, (*self.locator, name), at(self.value, (name,)))

    def __repr__(self) -> str:  # a traceback shows no values
        return f"Place({self.document}, {self.locator!r})"


NOWHERE = Place(0, (), ABSENT)


class Placing:
    """The edits of a document, with what they need to know of the other texts.

    Comments in what becomes empty stay, unless `empties`: then they are in another mapping, whose comments may not be
    encrypted.
    """

    def __init__(
        self, base: Document | None, document: Document, theirs: Document, takes: Takes, *, empties: bool = False
    ) -> None:
        self._empties = empties
        self._takes = takes
        self._here = _Text(document)
        self._there = _Text(theirs)
        self._wanted_comments = comment_lines(theirs.text)
        self._known = comment_lines(document.text)
        self._was = comment_lines(base.text if base is not None else "")

    def edits(self, wanted: Sequence[Value], places: Sequence[int | None]) -> list[Edit]:
        """Return the edits that make of the values in each document what is wanted.

        `places` are the numbers that the documents have in theirs.
        """
        return combined(self._here.text, [edit for edits in self.steps(wanted, places) for edit in edits])

    def steps(self, wanted: Sequence[Value], places: Sequence[int | None]) -> Iterator[list[Edit]]:
        """Yield the edits of one change after another, each on the text as it is."""
        for number, to_be in enumerate(wanted):
            place = places[number]
            other = NOWHERE if place is None else self._there.root(place)
            yield from self._missing(self._here.root(number), to_be, other)

    def _missing(self, here: Place, to_be: Value, there: Place) -> Iterator[list[Edit]]:
        if equal(here.value, to_be):
            return
        if self._empties and here.locator and isinstance(to_be, dict | list) and not to_be:
            yield self._emptied(here, to_be)
        elif isinstance(here.value, dict) and isinstance(to_be, dict):
            yield from self._mapping(here, here.value, to_be, there)
        elif isinstance(here.value, list) and isinstance(to_be, list):
            yield from self._list(here, here.value, to_be, there)
        else:
            yield from self._set(here, to_be, there)

    def _mapping(
        self, here: Place, is_: dict[str, Value], to_be: dict[str, Value], there: Place
    ) -> Iterator[list[Edit]]:
        removed = [name for name in is_ if name not in to_be]
        added: list[Addition] = []
        after: str | None = None
        for name, value in to_be.items():
            other = there.member(name)
            if name not in is_:
                added.append(self._addition(name, value, after, other, there.value))
            elif _is_other_kind(is_[name], value) and self._has_comments(other):
                # Its lines go, and those of theirs come in their place.
                removed.append(name)
                added.append(self._addition(name, value, after, other, there.value))
            else:
                yield from self._missing(here.member(name), value, other)
                after = name
        if removed or added:
            yield self._here.members.change(here.locator, removed, added, here.document)

    def _list(self, here: Place, is_: list[Value], to_be: list[Value], there: Place) -> Iterator[list[Edit]]:
        """Change elements in place; those that moved go, and come in at their new place."""
        kept = _kept(is_, to_be)
        source = _elements(there, to_be)
        moved = {canonical(is_[index]): index for index in range(len(is_)) if index not in kept.values()}
        added: list[Addition] = []
        after: int | None = None
        for index, value in enumerate(to_be):
            place = there.member(source[index]) if index in source else NOWHERE
            if index in kept:
                after = kept[index]
                yield from self._missing(here.member(after), value, place)
                continue
            own = moved.get(canonical(value)) if moved else None
            if own is not None:
                added.append(self._moved(index, value, after, here.member(own)))
            else:
                added.append(self._addition(index, value, after, place, there.value))
        removed = [index for index in range(len(is_)) if index not in kept.values()]
        if removed or added:
            yield self._here.members.change(here.locator, removed, added, here.document)

    # -- one value

    def _emptied(self, here: Place, to_be: Value) -> list[Edit]:
        """Return the edits that take all out of a mapping or list, its comments too."""
        edits = self._here.members.replace(here.locator, to_be, here.document)
        names = list(here.value) if isinstance(here.value, dict) else [0] if isinstance(here.value, list) else []
        lines = self._here.members.lines((*here.locator, *names[:1]), here.document) if names else None
        if lines is not None and not lines.in_brackets:
            edits.append(Edit(lines.above, lines.start, ""))
            edits.append(Edit(lines.text_end, lines.end, ""))
        return edits

    def _set(self, here: Place, to_be: Value, there: Place) -> Iterator[list[Edit]]:
        old = self._here.leaf(here)
        spelled = self._spelling(there, to_be, old) if old is not None else None
        if old is not None and spelled is not None and "\n" not in self._here.text[old.start : old.end]:
            yield [Edit(old.start, old.end, spelled)]
        else:
            yield self._here.members.replace(here.locator, to_be, here.document)

    def _spelling(self, there: Place, value: Value, old: Leaf | None) -> str | None:
        """Return how theirs spells a scalar, where that does for its place too; None where it may not."""
        new = self._there.leaf(there)
        if new is None or new.value is None or isinstance(new.value, Empty) or not equal(new.value, value):
            return None
        source = self._there.text[new.start : new.end]
        if "\n" in source:
            return None
        if old is None:
            return source
        if old.style != new.style or old.value is None or isinstance(old.value, Empty):
            return None
        return source if self._here.document.context(old) == self._there.document.context(new) else None

    # -- what comes in

    def _addition(self, name: Name, value: Value, after: Name | None, there: Place, siblings: Value) -> Addition:
        addition = Addition(name, value, after)
        if there.value is ABSENT or not there.locator:
            return addition
        lines = self._there.members.lines(there.locator, there.document)
        if lines is None or lines.in_brackets:
            addition = addition._replace(spelling=self._spelling(there, value, None))
        if lines is None:
            return addition
        text = self._there.text
        above, below = (
            comments_of(text[slice(*span)]) for span in ((lines.above, lines.start), (lines.end, lines.behind))
        )
        addition = addition._replace(above=above, below=below)
        if not equal(there.value, value):
            return addition
        written = at_margin(self._there.document, lines, self._is_new, position_among(siblings, there.locator[-1]))
        if not self._takes(written):
            return addition
        blank = blank_below(text, lines, siblings, there.locator[-1])
        return addition._replace(lines=written, blank_below=blank, in_brackets=lines.in_brackets)

    def _has_comments(self, there: Place) -> bool:
        """Tell whether theirs has comments in the lines of a member."""
        lines = self._there.members.lines(there.locator, there.document) if there.locator else None
        return lines is not None and "#" in self._there.text[lines.start : lines.text_end]

    def _moved(self, index: int, value: Value, after: int | None, here: Place) -> Addition:
        """Return an element that is elsewhere in the list: as it stands there."""
        lines = self._here.members.lines(here.locator, here.document)
        if lines is None:
            return Addition(index, value, after)
        alone = lines._replace(above=lines.start, text_end=lines.end, behind=lines.end)
        written = at_margin(self._here.document, alone, lambda _: False, Position(False, False))
        addition = Addition(index, value, after, in_brackets=lines.in_brackets)
        return addition._replace(lines=written) if self._takes(written) else addition

    def _is_new(self, line: str) -> bool:
        """Tell whether a comment line of theirs is one that they added, and that is not in the document yet."""
        if self._wanted_comments[line] <= max(self._known[line], self._was[line]):
            return False
        self._known[line] += 1
        return True


class _Text:
    """A document with what is where in it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = document.text
        self.values = values_of(document)
        self.members: Members = document.members()
        self._leaves = {(leaf.document, leaf.locator): leaf for leaf in document.leaves() if not leaf.is_comment}

    def root(self, number: int) -> Place:
        return Place(number, (), self.values[number])

    def leaf(self, place: Place) -> Leaf | None:
        return self._leaves.get((place.document, place.locator))


def _elements(there: Place, to_be: list[Value]) -> dict[int, int]:
    """Return which elements of a list of theirs are those that are wanted, perhaps changed, by the wanted positions."""
    if not isinstance(there.value, list):
        return {}
    found = {new: old for old, new in likest(there.value, to_be)}
    elsewhere = {canonical(element): index for index, element in reversed(list(enumerate(there.value)))}
    for index, value in enumerate(to_be):
        if index not in found and (moved := elsewhere.get(canonical(value))) is not None:
            found[index] = moved
    return found


def _kept(is_: list[Value], to_be: list[Value]) -> dict[int, int]:
    """Return which elements stay in their order, perhaps changed in place: from the wanted positions to the present."""
    return dict(rising(sorted((new, old) for old, new in likest(is_, to_be))))


def _is_other_kind(is_: Value, to_be: Value) -> bool:
    """Tell whether what is to be there is a mapping or list, and what is there is no such one."""
    return isinstance(to_be, dict | list) and is_.__class__ is not to_be.__class__


def combined(text: str, edits: Sequence[Edit]) -> list[Edit]:
    """Return edits that may touch: removals that overlap become one, and so does what is at one place.

    What is within text that is replaced as a whole goes with it: the header of a block before new lines. Raises
    `FormatError` where others overlap.
    """
    done: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end > edit.start)):
        last = done[-1] if done else Edit(-1, -1, "")
        if edit.start > last.end or (edit.start == last.end and last.start < last.end):
            done.append(edit)
        elif edit.start == last.end:
            done[-1] = Edit(last.start, edit.end, last.new + edit.new)
        elif not edit.new:
            end = max(last.end, edit.end)
            has_break = end < len(text) or text.endswith(("\n", "\r"))
            done[-1] = Edit(last.start, end, last.new if has_break else last.new.rstrip("\r\n"))
        elif edit.start == edit.end:
            done[-1] = last._replace(new=_within(text, last, edit))
        elif edit.end > last.end:
            raise FormatError("two edits overlap: this file cannot be edited in place")
    return done


def _within(text: str, removal: Edit, edit: Edit) -> str:
    """Return what takes the place of lines that go, where others come in among them."""
    before = text[removal.start : edit.start]
    if before in ("\n", "\r\n") and removal.end == len(text):
        # The last line went, which had no break, and so the break before it: now there is a last line again.
        return before + edit.new.removesuffix(before)
    return removal.new + edit.new
