"""The plain text of a merge: by lines first, so that comments, order and spelling stay, then what values still miss.

Lines know nothing of values, and edits of values nothing of comments: whatever comes of them is compared with the
values that are wanted, all documents of them, and what differs is not taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from leafseal.document import Document, Leaf
from leafseal.document.frozen import NamedTuple
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.values import Value, equal, values_of
from leafseal.errors import LeafsealError
from leafseal.git.lines import TooDifferentError, merge_lines, merge_neighbours
from leafseal.git.placing import Placing
from leafseal.git.three_way import document_places

Parse = Callable[[bytes], Document]


def write(
    base: Document | None,
    ours: Document,
    theirs: Document,
    wanted: Sequence[Value],
    parse: Parse,
    accepts: Callable[[Document], bool],
) -> Document | None:
    """Return a plain document that holds the values that are wanted, and as much of the text of all three as it can.

    None where it cannot be written in place, or in no way that the caller accepts.
    """
    best: tuple[tuple[int, int], Document] | None = None
    for text in _candidates(base, ours, theirs):
        try:
            document = ours if text == ours.text else parse(_encoded(text))
            written = next(filter(accepts, _edited(base, document, wanted, theirs, parse)), None)
        except LeafsealError:
            continue  # lines that make no document together; an edit that would move something else
        if written is not None:
            counts = lost_comments(base, ours, theirs, written).counts
            if counts == (0, 0):
                return written
            if best is None or counts < best[0]:
                best = counts, written
    return best[1] if best is not None else None


def _candidates(base: Document | None, ours: Document, theirs: Document) -> Iterator[str]:
    """Yield the texts to begin with, the best first."""
    texts = base.text if base else "", ours.text, theirs.text
    seen = set()
    for combine in (merge_neighbours, merge_lines):
        try:
            text = combine(*texts).text
        except TooDifferentError:
            break
        if text not in seen:
            seen.add(text)
            yield text
    yield from (text for text in (ours.text, theirs.text) if text not in seen)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _edited(
    base: Document | None, document: Document, wanted: Sequence[Value], theirs: Document, parse: Parse
) -> Iterator[Document]:
    """Yield a document after the changes that its values miss, with as much of theirs' lines as can be.

    Nothing comes where the values come out otherwise.
    """
    values = values_of(document)
    if len(values) != len(wanted):
        return
    if equal(values, list(wanted)):
        yield document
        return
    places = document_places(wanted, values_of(theirs))
    for takes, empties in ((_all, False), (_simple, False), (_none, False), (_none, True)):
        try:
            edits = Placing(base, document, theirs, takes, empties=empties).edits(wanted, places)
            changed = parse(document.rewrite(edits))
        except LeafsealError:
            continue
        if equal(values_of(changed), list(wanted)):
            yield changed
    if (changed_in_steps := _in_steps(base, document, wanted, theirs, parse)) is not None:
        yield changed_in_steps


def _in_steps(
    base: Document | None, document: Document, wanted: Sequence[Value], theirs: Document, parse: Parse
) -> Document | None:
    """Return a document after one change after another: where two need the same text, such as its last line break."""
    places = document_places(wanted, values_of(theirs))
    for _ in range(_MOST_STEPS):
        try:
            edits = next(Placing(base, document, theirs, _none, empties=True).steps(wanted, places), None)
            if edits is None:
                return None
            document = parse(document.rewrite(edits))
        except LeafsealError:
            return None
        if equal(values_of(document), list(wanted)):
            return document
    return None


_MOST_STEPS = 100
"""Changes that are made one by one, each with a scan of its own."""


def _all(_lines: str) -> bool:
    return True


def _simple(lines: str) -> bool:
    """Tell whether lines mean the same wherever they are: no anchor, no alias, no text of several lines."""
    return _RISKY.search(lines) is None


def _none(_lines: str) -> bool:
    return False


_RISKY = LazyPattern(r"[&*|>]")


class Lost(NamedTuple):
    """Comments of the sides that are not in what was written; what both have counts as ours."""

    of_ours: list[Leaf]
    of_theirs: list[Leaf]

    @property
    def counts(self) -> tuple[int, int]:
        """How many they are."""
        return len(self.of_ours), len(self.of_theirs)


def lost_comments(base: Document | None, ours: Document, theirs: Document, written: Document) -> Lost:
    """Return the comments that a side has, that the other did not remove, and that are not in what was written."""
    was, mine, other, is_ = (_comments(document) for document in (base, ours, theirs, written))
    missing = {text: mine[text] + other[text] - was[text] - is_[text] for text in mine | other}
    missing = {text: min(count, max(mine[text], other[text]) - is_[text]) for text, count in missing.items()}
    return Lost(_lost(ours, missing), _lost(theirs, missing))


def _lost(side: Document, missing: dict[str, int]) -> list[Leaf]:
    """Return the last comments of a side that are among those that are missing, and take them off."""
    lost: list[Leaf] = []
    for leaf in reversed(side.leaves()):
        if leaf.is_comment and missing.get(text := str(leaf.value).strip(), 0) > 0:
            missing[text] -= 1
            lost.append(leaf)
    return lost[::-1]


def _comments(document: Document | None) -> Counter[str]:
    leaves = document.leaves() if document is not None else ()
    return Counter(str(leaf.value).strip() for leaf in leaves if leaf.is_comment)
