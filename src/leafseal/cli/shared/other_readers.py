"""The warning that other programs take values of a file for others than leafseal gives out."""

from __future__ import annotations

from collections.abc import Callable

from leafseal.display import first_of
from leafseal.document import Locator
from leafseal.document.places import place_of
from leafseal.operations.open import Opened
from leafseal.system import terminal


def warn_of_other_readers(file: str, opened: Opened, is_used: Callable[[Locator], bool]) -> None:
    """Name the values, of those that are used, that other programs read differently, and the programs."""
    found = [
        f"{place_of(leaf)} ({', '.join(readers)})"
        for leaf, readers in opened.plain_document().read_differently()
        if is_used(leaf.locator)
    ]
    if found:
        terminal.warn(f"{file}: other programs read these values differently: {first_of(found)}")
