"""The warning of values that not every reader of a plain file takes for the same."""

from __future__ import annotations

from leafseal.display import first_of
from leafseal.document import Document, Locator
from leafseal.document.places import place_of
from leafseal.formats import Ambiguous, ambiguous
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection
from leafseal.system import terminal


def warn_of_ambiguous(name: str, document: Document, selection: Selection, *, before: Opened | None = None) -> None:
    """Name the values that are about to be encrypted, and that readers take for different things.

    Of a file that was encrypted already, `before`, only those that are new.
    """
    found = [one for one in ambiguous(document) if one.leaves]
    known: set[tuple[str, int, Locator]] = set()
    if found and before is not None:
        known = {_known(one, number) for one in ambiguous(before.plain_document()) for number in range(len(one.leaves))}
    for one in found:
        notes = one.notes or [""] * len(one.leaves)
        places = [
            f"{place_of(leaf)} ({notes[number]})" if notes[number] else place_of(leaf)
            for number, leaf in enumerate(one.leaves)
            if selection.selects(leaf) and _known(one, number) not in known
        ]
        if places:
            terminal.warn(f"{name}: {one.what.format(first_of(places))}")


def _known(one: Ambiguous, number: int) -> tuple[str, int, Locator]:
    """Return what tells one thing that readers differ about from others."""
    leaf = one.leaves[number]
    note = one.notes[number] if one.notes else one.what
    return note, leaf.document, leaf.locator
