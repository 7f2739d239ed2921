"""Text that would stay clear although the rule wants its place sealed: seal it with the value, or refuse the file.

A format's reader takes some text around a value for something else: a tag, an anchor, a comment. The user may have
meant it as part of a password.
"""

from __future__ import annotations

from collections.abc import Iterator

from leafseal.document import Document, Leaf, Locator
from leafseal.document.paths import format_path
from leafseal.errors import RefusedError
from leafseal.rules.selection import Selection

NO_TAILS: dict[int, int] = {}


def refuse_exposed(
    document: Document, selection: Selection, before: Document | None = None, *, keeps_layout: bool = True
) -> None:
    """Raise `RefusedError` where a password may hide in what no token can take along.

    What stood in the same place of the file `before`, clear as well, is nothing new. Where the layout is not kept, in
    a conversion, no comment can be sealed with a value.
    """
    places = [place for place in document.exposed() if selection.selects(place.leaf)]
    known = {_shown(before, place.leaf) for place in before.exposed()} if before else set()
    for leaf, what, hint in places:
        if _shown(document, leaf) not in known:
            where = format_path(leaf.locator) or "the top level"
            raise RefusedError(f"{where}: the value {what}; it would not be encrypted", hint=hint)
    for leaf, _ in _clear_tails(document, selection, before):
        if leaf.value == "" or selection.goes_by_comments or not keeps_layout:
            raise RefusedError(
                f"{format_path(leaf.locator)}: what follows ; or # on its line is a comment and would not be encrypted",
                hint="put the whole value in quotes, or move the comment to a line of its own",
            )


def _shown(document: Document, leaf: Leaf) -> tuple[Locator, str]:
    return leaf.locator, document.text[leaf.start : leaf.end]


def ends_with_tails(document: Document, selection: Selection, before: Document | None = None) -> dict[int, int]:
    """Return where the values end, by where they start, that are sealed together with the comment behind them."""
    return {leaf.start: comment.end for leaf, comment in _clear_tails(document, selection, before)}


def _clear_tails(document: Document, selection: Selection, before: Document | None) -> Iterator[tuple[Leaf, Leaf]]:
    """Yield the values that are sealed, each with the comment behind it that is not, and was not clear before."""
    tails = [pair for pair in document.tails() if selection.selects(pair[0]) and not selection.selects(pair[1])]
    if tails:
        known = {(leaf.locator, comment.value) for leaf, comment in before.tails()} if before else set()
        yield from ((leaf, comment) for leaf, comment in tails if (leaf.locator, comment.value) not in known)
