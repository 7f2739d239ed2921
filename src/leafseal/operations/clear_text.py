"""Text that would stay clear although the rule wants its place sealed: seal it with the value, or refuse the file.

A format's reader takes some text around a value for something else: a tag, an anchor, a comment. The user may have
meant it as part of a password.
"""

from __future__ import annotations

from collections.abc import Iterator

from leafseal.document import Document, Leaf, Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.paths import format_path
from leafseal.errors import RefusedError
from leafseal.formats import FORMATS
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection

NO_TAILS: dict[int, int] = {}

SEAL, KEEP = "seal", "keep"


class Comments(NamedTuple):
    """What becomes of a comment on the line of a sealed value that the rule leaves clear."""

    wanted: str | None = None  # `SEAL` with the value, `KEEP` clear, or as the format and the file have it
    sealed: frozenset[Locator] = frozenset()  # the values whose comments the file has sealed with them
    clear: frozenset[tuple[Locator, object]] = frozenset()  # the values and comments that it has not

    def takes(self, leaf: Leaf, comment: Leaf, *, by_format: bool) -> bool:
        """Tell whether the comment is sealed with its value; `by_format` where nobody said anything."""
        if self.wanted:
            return self.wanted == SEAL or leaf.locator in self.sealed
        return (by_format or bool(self.sealed)) and (leaf.locator, comment.value) not in self.clear


AS_FORMAT = Comments()


def comments_of(opened: Opened, wanted: str | None = None) -> Comments:
    """Return what an encrypted file did with its comments, for the next form of it."""
    clear = frozenset((leaf.locator, comment.value) for leaf, comment in opened.document.tails())
    sealed: frozenset[Locator] = frozenset()
    if any("#" in source or ";" in source for source in opened.spellings.values()):
        tails = tails_of(opened.plain_document(), opened.metadata.selection)
        sealed = frozenset(leaf.locator for leaf, _ in tails) - {place for place, _ in clear}
    return Comments(wanted, sealed, clear)


def has_clear_comments(opened: Opened) -> bool:
    """Tell whether an encrypted file has comments that could go with the sealed values on their lines."""
    found = tails_of(opened.document, opened.metadata.selection)
    return any(not leaf.is_empty for leaf, _ in found)


def refuse_exposed(
    document: Document,
    selection: Selection,
    before: Document | None = None,
    comments: Comments = AS_FORMAT,
    *,
    keeps_layout: bool = True,
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
    for leaf, comment in sealed_tails(document, selection, comments):
        is_new = (leaf.locator, comment.value) not in comments.clear
        if (is_new and leaf.is_empty) or selection.goes_by_comments or not keeps_layout:
            mark = "; or #" if FORMATS[document.format].seals_tails else "#"
            raise RefusedError(
                f"{format_path(leaf.locator)}: what follows {mark} on its line is a comment and would not be encrypted",
                hint="put the whole value in quotes, or move the comment to a line of its own",
            )


def _shown(document: Document, leaf: Leaf) -> tuple[Locator, str]:
    return leaf.locator, document.text[leaf.start : leaf.end]


def sealed_tails(
    document: Document, selection: Selection, comments: Comments = AS_FORMAT
) -> Iterator[tuple[Leaf, Leaf]]:
    """Yield the values that are sealed together with the comment behind them, and it."""
    by_format = FORMATS[document.format].seals_tails
    for leaf, comment in tails_of(document, selection):
        if comments.takes(leaf, comment, by_format=by_format):
            yield leaf, comment


def ends_with_tails(document: Document, selection: Selection, comments: Comments = AS_FORMAT) -> dict[int, int]:
    """Return where the values end, by where they start, that are sealed together with the comment behind them.

    A comment within its value, on the first line of a block, is there itself.
    """
    ends: dict[int, int] = {}
    for leaf, comment in sealed_tails(document, selection, comments):
        ends[leaf.start] = max(leaf.end, comment.end)
        if comment.start < leaf.end:
            ends[comment.start] = comment.end
    return ends


def clear_tails(
    document: Document, selection: Selection, comments: Comments = AS_FORMAT
) -> Iterator[tuple[Leaf, Leaf]]:
    """Yield the values that are sealed while the comment behind them stays clear, and it."""
    taken = {comment.start for _, comment in sealed_tails(document, selection, comments)}
    return (pair for pair in tails_of(document, selection) if pair[1].start not in taken)


def tails_of(document: Document, selection: Selection) -> list[tuple[Leaf, Leaf]]:
    """Return the values that the rule seals, each with the comment behind it that the rule does not."""
    return [pair for pair in document.tails() if selection.selects(pair[0]) and not selection.selects(pair[1])]
