"""Refuse to write what would leave text in clear although the rule wants its place sealed."""

from __future__ import annotations

from leafseal.document import Document
from leafseal.document.paths import format_path
from leafseal.errors import RefusedError
from leafseal.rules.selection import Selection


def refuse_exposed(document: Document, selection: Selection, before: Document | None = None) -> None:
    """Raise `RefusedError` where a password may hide in what the format takes for something else.

    What stood in the same place of the file `before`, clear as well, is nothing new.
    """
    places = [leaf for leaf in document.exposed() if selection.selects(leaf)]
    if not places:
        return
    known = {(leaf.locator, before.text[leaf.start : leaf.end]) for leaf in before.exposed()} if before else set()
    for leaf in places:
        if (leaf.locator, document.text[leaf.start : leaf.end]) not in known:
            raise RefusedError(
                f"{format_path(leaf.locator)}: the value begins with ! or &, which YAML takes for a tag or an anchor; "
                "it would not be encrypted",
                hint='put the value in quotes; if it is meant as a tag, write "" after it',
            )
