"""What differs between two files, by value: places, recipients and rule, without a word about layout where values do.

Values are compared by type and bytes, tokens where there is no key. The order of a mapping is layout, that of a list is
value: elements are the same ones by what identifies them, else by position.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from leafseal.document import Locator
from leafseal.document.scalars import Scalar, to_plain_text
from leafseal.document.values import ABSENT, Named, Place, Step, Value, equal, identity, pointer
from leafseal.formats import FORMATS
from leafseal.git.compared import Side
from leafseal.git.lines import pairs
from leafseal.git.lists import aligned, identity_field
from leafseal.keys import MasterKey
from leafseal.metadata import Metadata

ADDED, REMOVED, CHANGED, MAYBE, MOVED = "+", "-", "~", "~?", ">"
"""What became of a value. `MAYBE` is for one whose token is another one, where there is no key."""


class Cell(NamedTuple):
    """A value on one side."""

    value: Value
    kind: str
    is_encrypted: bool

    def __repr__(self) -> str:
        return f"Cell({self.kind!r}, {self.is_encrypted!r})"


class Difference(NamedTuple):
    """A place where two files differ. One of the two cells is None where nothing is there; both are where it moved."""

    change: str
    pointer: str
    one: Cell | None = None
    other: Cell | None = None
    is_other_value: bool = True
    """Whether the values differ, and not only whether they are encrypted. It is unknown without a key, and then false.
    """


class Keys(NamedTuple):
    """Master keys of which only one side has each, or another number of times."""

    added: Sequence[MasterKey]
    removed: Sequence[MasterKey]


class Comparison(NamedTuple):
    """What differs between two files. Pairs are what the sides have, None where they have the same."""

    one: Side
    other: Side
    values: Sequence[Difference]
    recipients: Keys
    rule: tuple[str, str] | None
    threshold: tuple[str, str] | None
    structure: tuple[str, str] | None
    comments: int
    """How many comments one side has and the other has not, or says otherwise."""

    is_rotated: bool
    """Whether the data keys differ. Without a key that is what it looks like."""

    is_comparable: bool
    """Whether something can be said of encrypted values: not without a key, where the data keys differ."""

    @property
    def differs(self) -> bool:
        """Tell whether the files differ in more than layout, and what encrypting again changes."""
        found = (self.rule, self.threshold, self.structure, self.is_rotated, self.comments)
        is_new = (self.one.data is None) != (self.other.data is None)
        return is_new or bool(self.values or self.recipients.added or self.recipients.removed or any(found))

    @property
    def is_layout(self) -> bool:
        """Tell whether the texts differ, and nothing else."""
        return not self.differs and self.one.text != self.other.text

    @property
    def is_encrypted_again(self) -> bool:
        """Tell whether the files differ in nothing but what encrypting again changes."""
        return not self.differs and not self.is_layout and self.one.data != self.other.data


def _written(side: Side) -> list[Value]:
    """Return the documents of a file for a comparison with another format, without what none of its own writes."""
    unwritten = FORMATS[side.format].unwritten
    if unwritten is None:
        return [*side.documents]
    return [
        {name: member for name, member in one.items() if member or name != unwritten} if isinstance(one, dict) else one
        for one in side.documents
    ]


def compare(one: Side, other: Side) -> Comparison:
    """Compare two files."""
    is_rotated, is_comparable = _data_keys(one, other)
    walk = _Walk(one, other, is_comparable)
    return Comparison(
        one,
        other,
        walk.documents(),
        _recipients(one.metadata, other.metadata),
        _pair(_rule(one.metadata), _rule(other.metadata)),
        _pair(_threshold(one.metadata), _threshold(other.metadata)),
        _pair(_structure(one.metadata), _structure(other.metadata)),
        max((one.comments - other.comments).total(), (other.comments - one.comments).total()),
        is_rotated,
        is_comparable,
    )


def _data_keys(one: Side, other: Side) -> tuple[bool, bool]:
    """Return whether the data keys of two files differ, and whether encrypted values can be compared."""
    if one.metadata is None or other.metadata is None:
        return False, True
    if one.data_key is not None and other.data_key is not None:
        return one.data_key.reveal() != other.data_key.reveal(), True
    wrapped, theirs = ({key.enc for key in side.wrapped_keys()} for side in (one.metadata, other.metadata))
    is_same = bool(one.tokens & other.tokens or wrapped & theirs) or not (one.tokens and other.tokens)
    return not is_same, is_same


def _recipients(one: Metadata | None, other: Metadata | None) -> Keys:
    mine, theirs = ([] if side is None else [key.master_key for key in side.wrapped_keys()] for side in (one, other))
    names, others = ([(key.kind, str(key)) for key in keys] for keys in (mine, theirs))
    return Keys(_only(theirs, others, names), _only(mine, names, others))


def _only(
    keys: Sequence[MasterKey], names: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]]
) -> list[MasterKey]:
    left, found = list(others), []
    for key, name in zip(keys, names, strict=True):
        if name in left:
            left.remove(name)
        else:
            found.append(key)
    return found


def _rule(metadata: Metadata | None) -> str | None:
    if metadata is None:
        return None
    return ", ".join(f"{name}={'true' if text is True else text}" for name, text in metadata.selection.fields().items())


def _threshold(metadata: Metadata | None) -> str | None:
    if metadata is None:
        return None
    groups = len(metadata.groups)
    return "1" if groups == 1 else f"{metadata.threshold or groups} of {groups} groups"


def _structure(metadata: Metadata | None) -> str | None:
    return None if metadata is None else "covered" if metadata.structure else "not covered"


def _pair(one: str | None, other: str | None) -> tuple[str, str] | None:
    return None if one == other or one is None or other is None else (one, other)


class _Walk:
    """A walk through two files side by side."""

    def __init__(self, one: Side, other: Side, is_comparable: bool) -> None:
        self._sides = one, other
        self._is_comparable = is_comparable
        self._numbers = 0, 0  # of the documents
        self._as_text = one.format != other.format and any(FORMATS[side.format].is_text_only for side in (one, other))

    def documents(self) -> list[Difference]:
        one, other = (_written(side) if self._as_text else side.documents for side in self._sides)
        same = [(index, index) for index in range(len(one))] if len(one) == len(other) else aligned(one, other)
        found: list[Difference] = []
        for here, there in same:
            self._numbers = (here if here is not None else 0), (there if there is not None else 0)
            mine = ABSENT if here is None else one[here]
            found += self._differences((), ((), ()), mine, ABSENT if there is None else other[there])
        return found

    def _differences(
        self, place: Place, spots: tuple[Locator, Locator], one: Value, other: Value
    ) -> Iterator[Difference]:
        if isinstance(one, dict) and isinstance(other, dict):
            yield from self._members(place, spots, one, other)
        elif isinstance(one, list) and isinstance(other, list):
            yield from self._elements(place, spots, one, other)
        elif isinstance(one, dict | list) or isinstance(other, dict | list) or one is ABSENT or other is ABSENT:
            if not equal(one, other):
                yield from self._all(REMOVED, place, spots, one)
                yield from self._all(ADDED, place, spots, other)
        else:
            yield from self._scalar(place, spots, one, other)

    def _members(
        self, place: Place, spots: tuple[Locator, Locator], one: dict[str, Value], other: dict[str, Value]
    ) -> Iterator[Difference]:
        for name in dict.fromkeys([*other, *one]):
            inside = (*spots[0], name), (*spots[1], name)
            yield from self._differences((*place, name), inside, one.get(name, ABSENT), other.get(name, ABSENT))

    def _elements(
        self, place: Place, spots: tuple[Locator, Locator], one: list[Value], other: list[Value]
    ) -> Iterator[Difference]:
        field = self._shown_identity(spots, one, other)
        same = aligned(one, other)
        moved = _moved(same)
        for here, there in same:
            position = here if there is None else there
            assert position is not None
            element = one[position] if there is None else other[position]
            name = None if field is None else identity(element, field)
            step: Step = position if field is None or name is None else Named(field, name)
            if (here, there) in moved:
                yield Difference(MOVED, pointer((*place, step), self._numbers[1]))
            inside = (*spots[0], here or 0), (*spots[1], there or 0)
            mine, theirs = ABSENT if here is None else one[here], ABSENT if there is None else other[there]
            yield from self._differences((*place, step), inside, mine, theirs)

    def _shown_identity(self, spots: tuple[Locator, Locator], one: list[Value], other: list[Value]) -> str | None:
        """Return the field that names elements, unless it is encrypted: a place is no secret."""
        field = identity_field(one, other)
        if field is None:
            return None
        for index, elements in enumerate((one, other)):
            encrypted, number = self._sides[index].encrypted, self._numbers[index]
            if any((number, (*spots[index], at, field)) in encrypted for at in range(len(elements))):
                return None
        return field

    def _all(self, change: str, place: Place, spots: tuple[Locator, Locator], value: Value) -> Iterator[Difference]:
        """Yield everything in a place that only one side has."""
        index = 0 if change == REMOVED else 1
        if value is ABSENT:
            return
        if isinstance(value, dict) and value:
            for name, member in value.items():
                yield from self._all(change, (*place, name), ((*spots[0], name), (*spots[1], name)), member)
        elif isinstance(value, list) and value:
            for at, element in enumerate(value):
                yield from self._all(change, (*place, at), ((*spots[0], at), (*spots[1], at)), element)
        else:
            cell = self._cell(index, spots[index], value)
            sides = (cell, None) if change == REMOVED else (None, cell)
            yield Difference(change, pointer(place, self._numbers[index]), *sides)

    def _scalar(self, place: Place, spots: tuple[Locator, Locator], one: Value, other: Value) -> Iterator[Difference]:
        mine, theirs = self._cell(0, spots[0], one), self._cell(1, spots[1], other)
        change = self._change(mine, theirs)
        if change is not None:
            is_known = all(side.is_opened for side in self._sides)
            is_other = is_known and not self._is_equal(one, other)
            yield Difference(change, pointer(place, self._numbers[1]), mine, theirs, is_other)

    def _change(self, one: Cell, other: Cell) -> str | None:
        if one.is_encrypted != other.is_encrypted:
            return CHANGED
        if self._is_equal(one.value, other.value):
            return None
        if one.is_encrypted and not self._sides[0].is_opened:
            if one.kind != other.kind:
                return CHANGED
            return MAYBE if self._is_comparable else None
        return CHANGED

    def _is_equal(self, one: Value, other: Value) -> bool:
        if self._as_text:
            return _text(one) == _text(other)
        return equal(one, other)

    def _cell(self, index: int, locator: Locator, value: Value) -> Cell:
        side = self._sides[index]
        is_encrypted = (self._numbers[index], locator) in side.encrypted
        return Cell(value, side.kind(value), is_encrypted)


def _moved(same: Sequence[tuple[int | None, int | None]]) -> set[tuple[int, int]]:
    """Return the elements that both lists have, and that are elsewhere among these in the other one."""
    common = [(here, there) for here, there in same if here is not None and there is not None]
    order, other_order = sorted(common), sorted(common, key=lambda pair: pair[1])
    return {*common} - {order[index] for index, _ in pairs(order, other_order)}


def _text(value: Value) -> Value:
    return to_plain_text(cast("Scalar | None", value)) if not isinstance(value, dict | list) else value
