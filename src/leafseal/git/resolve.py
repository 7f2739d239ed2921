"""Deciding the conflicts of a merge: the merge once more, with what people say where both sides changed a value.

What the user changed in the file since the merge stays: it is compared with the file as the merge left it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from leafseal.document.frozen import NamedTuple
from leafseal.document.values import ABSENT, Known, Place, Value, at, equal, locate, values_of
from leafseal.errors import LeafsealError, RefusedError
from leafseal.git.conflicted import BY_HAND, Conflicted
from leafseal.git.foreign import is_of
from leafseal.git.merge import UNDECIDED, Found, How, merge_opened
from leafseal.git.sides import Sides
from leafseal.git.three_way import Conflict, is_known
from leafseal.metadata import least_change, unresolved
from leafseal.operations.edit import Draft, draft_with, draft_without
from leafseal.operations.open import Opened
from leafseal.operations.product import Product
from leafseal.operations.reseal import reseal


def _of_one_file(sides: Sides) -> Sides:
    """Return the versions that a file remembers, without a base of another file. Raises `RefusedError` for theirs.

    Whoever can write to the repository can have it remember one that only others can read.
    """
    if not is_of(sides.theirs, sides.ours):
        raise RefusedError("remembers a version that may be of another file: it has another data key", hint=BY_HAND)
    return sides._replace(base=sides.base if sides.base is not None and is_of(sides.base, sides.ours) else None)


Choose = Callable[[Found], Value]
"""Returns what is to be at the place of a conflict, or `UNDECIDED`."""


class Choice(NamedTuple):
    """That one side counts at a place and below."""

    side: str
    prefix: str

    def covers(self, pointer: str) -> bool:
        """Tell whether a place is the one that is meant, or below it; `/` means all."""
        return self.prefix in ("/", pointer) or pointer.startswith(self.prefix.rstrip("/") + "/")


class Resolving:
    """A merge whose conflicts are decided. Raises `LeafsealError` where the versions cannot be merged.

    `work` is the file in the working tree, opened; None where it is none, as with conflict markers. `left` is what the
    merge left there, None where that does not open.
    """

    def __init__(
        self, conflicted: Conflicted, sides: Sides, how: How, work: Opened | None, left: Opened | None
    ) -> None:
        if conflicted.places is not None:
            sides = _of_one_file(sides)
        self.sides = sides
        self.told: list[str] = []
        self._how = how
        self._places = conflicted.places
        base = conflicted.base
        self._knows_base = base is not None and (sides.base is not None or not base.data)
        merged = merge_opened(sides, how)
        self.told += merged.told
        self.conflicts = [one for one in merged.conflicts if self._places is None or one.pointer in self._places]
        self._work = work
        self._left = left
        if work is not None and left is None and work.document.text not in _texts(sides):
            self._left = merged.product.open()  # somebody has made a valid file of what the merge left
        self.by_hand = {} if conflicted.is_over else self._by_hand()

    def _by_hand(self) -> dict[str, Value]:
        """Return the values that the user has given to places of conflicts since the merge."""
        if self._work is None or self._left is None or self._places is not None:
            return {}
        was, is_ = values_of(self._left.plain_document()), values_of(self._work.plain_document())
        open_then, open_now = (unresolved.read(one.metadata).places for one in (self._left, self._work))
        found: dict[str, Value] = {}
        known: Known = {}
        for one in self.conflicts:
            if one.conflict is None:
                continue
            before, after = (_value(documents, one.conflict, known) for documents in (was, is_))
            if not equal(before, after) or (one.pointer in open_then and one.pointer not in open_now):
                found[one.pointer] = after
        return found

    def undecided(self, choices: Sequence[Choice]) -> list[Found]:
        """Return the conflicts that neither the user nor a choice has decided."""
        return [one for one in self.conflicts if self._side(one, choices) is None and one.pointer not in self.by_hand]

    def _side(self, found: Found, choices: Sequence[Choice]) -> str | None:
        """Return the side that a choice takes for a place: the longest one that covers it, the last of equal ones."""
        covering = [one for one in choices if one.covers(found.pointer)]
        return max(covering, key=lambda one: len(one.prefix)).side if covering else None

    def chosen(self, choices: Sequence[Choice]) -> Choose:
        """Return what decides each conflict as choices and the user say.

        Raises `RefusedError` for a side that cannot be taken by itself.
        """
        for one in self.conflicts:
            side = self._side(one, choices)
            if one.conflict is None:
                if side not in (None, "ours"):
                    message = f"{one.pointer}: only ours can be taken here: {one.what}"
                    raise RefusedError(message, hint=f'decide that path with "--ours {one.pointer}"')
            elif side == "base" and not (self._knows_base and is_known(one.conflict.base)):
                raise RefusedError(f"{one.pointer}: only ours or theirs can be taken here: the base is not known")

        def choose(found: Found) -> Value:
            side = self._side(found, choices)
            if side is None:
                return self.by_hand.get(found.pointer, UNDECIDED)
            return UNDECIDED if found.conflict is None else side_of(found.conflict, side)

        return choose

    def apply(self, choose: Choose) -> Product:
        """Return the file with each conflict decided; ours where `choose` does not decide."""
        product = self._merged(choose) if self._places is None else self._changed(choose)
        opened = product.open()
        decided = [one.pointer for one in self.conflicts]
        return _with_metadata(opened, product, unresolved.read(opened.metadata).without(decided))

    def _merged(self, choose: Choose) -> Product:
        known = {(one.conflict.document, one.conflict.place): one for one in self.conflicts if one.conflict is not None}

        def decide(conflict: Conflict) -> Value:
            found = known.get((conflict.document, conflict.place))
            return UNDECIDED if found is None else choose(found)

        product = merge_opened(self.sides, self._how._replace(decide=decide)).product
        if self._work is None or self._left is None or self._work.document.text == self._left.document.text:
            return product
        # What else the user changed since is one side of a merge, of which the other one is what was decided.
        both = Sides(self._left, self._work, product.open())
        chosen = {place: choose(one) for place, one in known.items()}

        def settle(conflict: Conflict) -> Value:
            value = chosen.get((conflict.document, conflict.place), UNDECIDED)
            return conflict.ours if value is UNDECIDED else value

        return merge_opened(both, self._how._replace(decide=settle)).product

    def _changed(self, choose: Choose) -> Product:
        """Return the file with nothing but the places changed that it remembers."""
        opened = self.sides.ours
        others = [one for one in (self.sides.theirs,) if one.data_key.reveal() == opened.data_key.reveal()]
        product: Product | None = None
        for one in self.conflicts:
            value = UNDECIDED if one.conflict is None else choose(one)
            if one.conflict is None or value is UNDECIDED:
                continue
            draft = _set(opened, one.conflict.document, one.conflict.place, value)
            if draft is not None:
                product = reseal(opened, draft, others=others)
                opened = product.open()
        return product or Product(
            opened.document.text.encode("utf-8", "surrogateescape"),
            opened.document.format,
            opened.data_key,
            opened.plaintext(),
            opened.read,
        )


def side_of(conflict: Conflict, side: str) -> Value:
    """Return what a side has at the place of a conflict."""
    return {"ours": conflict.ours, "theirs": conflict.theirs, "base": conflict.base}[side]


def all_of(side: str) -> Choose:
    """Return what decides every conflict for one side."""
    return lambda found: UNDECIDED if found.conflict is None else side_of(found.conflict, side)


def values_at(documents: Sequence[Value], conflicts: Sequence[Found]) -> Mapping[str, Value]:
    """Return what a file has at the places of conflicts."""
    known: Known = {}
    return {one.pointer: _value(documents, one.conflict, known) for one in conflicts if one.conflict is not None}


def _value(documents: Sequence[Value], conflict: Conflict, known: Known) -> Value:
    if conflict.document >= len(documents):
        return ABSENT
    locator = locate(documents[conflict.document], conflict.place, known)
    return ABSENT if locator is None else at(documents[conflict.document], locator)


def _set(opened: Opened, document: int, place: Place, value: Value) -> Draft | None:
    """Return the file with a value at a place, or without it; None where that is so already."""
    documents = values_of(opened.plain_document())
    locator = locate(documents[document], place)
    if value is ABSENT:
        return None if locator is None else draft_without(opened, locator, document=document)
    if locator is None:
        above = locate(documents[document], place[:-1])
        if above is None or not isinstance(place[-1], str | int):
            raise LeafsealError("a place of a conflict is not there any more: set its value by hand")
        locator = (*above, place[-1])
    elif equal(at(documents[document], locator), value):
        return None
    return draft_with(opened, locator, value, document=document)


def _texts(sides: Sides) -> list[str]:
    return [side.document.text for side in (sides.ours, sides.theirs)]


def _with_metadata(opened: Opened, product: Product, left: unresolved.Unresolved) -> Product:
    """Return a file that remembers these conflicts only: neither MAC nor digest covers that."""
    if unresolved.read(opened.metadata) == left:
        return product
    metadata = unresolved.with_unresolved(opened.metadata, left)
    mapping = least_change.mapping_over(opened.document.metadata(), metadata)
    data = opened.document.rewrite([], mapping)
    return Product(data, product.format, product.data_key, product.expected, product.read)
