"""The path in a file that is nearest to one that leads nowhere."""

from __future__ import annotations

import difflib

from leafseal.document import Locator
from leafseal.document.paths import format_path
from leafseal.operations.open import Opened


def nearest(opened: Opened, locator: Locator, document: int = 0) -> Locator | None:
    """Return the place in a document whose path is written most like `locator`, None where none is like it."""
    places = {
        leaf.locator[:depth]
        for leaf, _ in opened.leaves.values
        if leaf.document == document and not leaf.is_comment
        for depth in range(1, len(leaf.locator) + 1)
    }
    by_text = {format_path(place).lower(): place for place in sorted(places, key=str)}
    found = difflib.get_close_matches(format_path(locator).lower(), by_text, n=1, cutoff=0.75)
    return by_text[found[0]] if found else None
