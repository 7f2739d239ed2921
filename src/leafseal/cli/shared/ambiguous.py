"""The warning of values that not every reader of a plain file takes for the same."""

from __future__ import annotations

from leafseal.display import first_of
from leafseal.document import Document
from leafseal.document.places import place_of
from leafseal.formats import ambiguous
from leafseal.rules.selection import Selection
from leafseal.system import terminal


def warn_of_ambiguous(name: str, document: Document, selection: Selection) -> None:
    """Name the values that are about to be encrypted, and that readers take for different things."""
    for found in ambiguous(document):
        notes = found.notes or [""] * len(found.leaves)
        places = [
            f"{place_of(leaf)} ({note})" if note else place_of(leaf)
            for leaf, note in zip(found.leaves, notes, strict=True)
            if selection.selects(leaf)
        ]
        if places:
            terminal.warn(f"{name}: {found.what.format(first_of(places))}")
