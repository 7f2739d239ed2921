"""How a conflict of a merge is named: a pointer to its place, without what is encrypted, and what the sides did."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from leafseal.document import Document, Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.values import Known, Named, Place, Step, Value, locate, pointer, values_of
from leafseal.git.three_way import Conflict
from leafseal.rules.selection import Selection


class PlainFile(NamedTuple):
    """The values of a plain file, where what it encrypts is, and where elements of its lists are."""

    values: Sequence[Value]
    hidden: Collection[tuple[int, Locator]]
    known: Known

    @classmethod
    def of(cls, document: Document, selection: Selection) -> PlainFile:
        """Return the values of a document, and which of them a rule encrypts."""
        leaves = (leaf for leaf in document.leaves() if not leaf.is_comment)
        hidden = {(leaf.document, leaf.locator) for leaf in leaves if selection.selects(leaf)}
        return cls(values_of(document), hidden, {})

    def hides(self, number: int, above: Place, step: Named) -> bool:
        """Tell whether what identifies an element of a list is encrypted."""
        where = self.locate(number, (*above, step))
        return where is not None and (number, (*where, step.field)) in self.hidden

    def locate(self, number: int, place: Place) -> Locator | None:
        """Return where a place of a document is; None where nothing is there."""
        return locate(self.values[number], place, self.known) if number < len(self.values) else None


def what_sides_did(conflict: Conflict, files: Sequence[PlainFile]) -> str:
    """Return what the sides did."""
    if conflict.renamed is None:
        return conflict.kind
    new = pointer_to(conflict, conflict.renamed, files)
    return f"{conflict.kind}; was it renamed? {new} has the value of the base"


def pointer_to(conflict: Conflict, place: Place, files: Sequence[PlainFile]) -> str:
    """Return a pointer to a place of a conflict without what is encrypted; the first of the files is the result.

    What identifies an element may be a secret. Then it is shown by its position; its list is, where it is not there.
    """
    result, number = files[0], conflict.document
    steps: list[Step] = []
    for depth, step in enumerate(place):
        above = place[:depth]
        if isinstance(step, Named) and any(file.hides(number, above, step) for file in files):
            where = result.locate(number, (*above, step))
            if where is None:
                break
            steps.append(where[-1])
        else:
            steps.append(step)
    return pointer(tuple(steps), number)
