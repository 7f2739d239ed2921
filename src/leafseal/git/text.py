"""The plain text of a merge: by lines first, so that comments, order and spelling stay, then what values still miss.

Lines know nothing of values, and edits of values nothing of comments: whatever comes of them is compared with the
values that are wanted, all documents of them, and what differs is not taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from leafseal.document import Document, Edit, Leaf, Locator
from leafseal.document.frozen import NamedTuple
from leafseal.document.scalars import Empty
from leafseal.document.values import ABSENT, Value, canonical, equal, values_of
from leafseal.errors import LeafsealError
from leafseal.git.lines import TooDifferentError, merge_lines, merge_neighbours, pairs

Parse = Callable[[bytes], Document]


class Change(NamedTuple):
    """What is to be at a place of a document: a value, or `ABSENT`."""

    document: int
    locator: Locator
    value: Value

    def __repr__(self) -> str:  # a traceback shows no values
        return f"Change({self.document}, {self.locator!r})"


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
    for text in _candidates(base, ours, theirs):
        try:
            document = ours if text == ours.text else parse(_encoded(text))
            written = _edited(document, wanted, theirs, parse)
            if written is not None and accepts(written):
                return written
        except LeafsealError:
            continue  # lines that make no document together; an edit that would move something else
    return None


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


def _edited(document: Document, wanted: Sequence[Value], theirs: Document, parse: Parse) -> Document | None:
    """Return a document after the changes that its values miss; None where they come out otherwise."""
    values = values_of(document)
    if len(values) != len(wanted):
        return None
    changes = [
        change for number, (is_, to_be) in enumerate(zip(values, wanted, strict=True))
        for change in _missing(number, (), is_, to_be)
    ]  # fmt: skip
    if not changes:
        return document
    for make in (_all_at_once, _one_by_one):
        try:
            changed = make(document, changes, theirs, parse)
        except LeafsealError:
            continue
        if equal(values_of(changed), list(wanted)):
            return changed
    return None


def _missing(document: int, locator: Locator, is_: Value, to_be: Value) -> Iterator[Change]:
    """Yield the changes that make one value of another; of elements the last first, so that positions stay right."""
    if equal(is_, to_be):
        return
    if isinstance(is_, dict) and isinstance(to_be, dict) and (to_be or not locator):
        for name in is_:
            yield from _missing(document, (*locator, name), is_[name], to_be.get(name, ABSENT))
        for name in to_be:
            if name not in is_:
                yield Change(document, (*locator, name), to_be[name])
    elif isinstance(is_, list) and isinstance(to_be, list) and to_be and (steps := _steps(is_, to_be)) is not None:
        for index, value in steps:
            if value is ABSENT or index == len(is_) or not isinstance(is_[index], dict | list):
                yield Change(document, (*locator, index), value)
            else:
                yield from _missing(document, (*locator, index), is_[index], value)
    else:
        yield Change(document, locator, to_be)


def _steps(is_: list[Value], to_be: list[Value]) -> list[tuple[int, Value]] | None:
    """Return what becomes of elements, where that takes only changes in place, removals and one addition at the end."""
    if len(is_) == len(to_be):
        return [(index, value) for index, value in enumerate(to_be) if not equal(is_[index], value)]
    if len(to_be) == len(is_) + 1:
        return [(len(is_), to_be[-1])] if equal(is_, to_be[:-1]) else None
    try:
        kept = [index for index, _ in pairs([canonical(v) for v in is_], [canonical(v) for v in to_be])]
    except TooDifferentError:
        return None
    if len(kept) < len(to_be):
        return None
    return [(index, ABSENT) for index in reversed(range(len(is_))) if index not in set(kept)]


def _all_at_once(document: Document, changes: Sequence[Change], theirs: Document, parse: Parse) -> Document:
    """Make all changes on one scan of the text."""
    known = _by_place(document), _by_place(theirs)
    edits = [
        edit for change in changes for edit in _spelled(document, theirs, change, *known) or _edits(document, change)
    ]
    return parse(document.rewrite(edits))


def _one_by_one(document: Document, changes: Sequence[Change], theirs: Document, parse: Parse) -> Document:
    """Make one change after another, where they touch each other's text."""
    for change in changes:
        document = parse(document.rewrite(_edits(document, change)))
    return document


def _edits(document: Document, change: Change) -> list[Edit]:
    if change.value is ABSENT:
        return document.unset_edits(change.locator, change.document)
    return document.set_edits(change.locator, change.value, change.document)


def _by_place(document: Document) -> dict[tuple[int, Locator], Leaf]:
    return {(leaf.document, leaf.locator): leaf for leaf in document.leaves() if not leaf.is_comment}


_Leaves = dict[tuple[int, Locator], Leaf]


def _spelled(document: Document, theirs: Document, change: Change, here: _Leaves, there: _Leaves) -> list[Edit] | None:
    """Return the edit that spells a value as theirs does, where that does for its place too; None where it may not."""
    old, new = (leaves.get((change.document, change.locator)) for leaves in (here, there))
    if old is None or new is None or old.style != new.style or not equal(new.value, change.value):
        return None
    if any(leaf.value is None or isinstance(leaf.value, Empty) for leaf in (old, new)):
        return None
    source = theirs.text[new.start : new.end]
    if "\n" in source or "\n" in document.text[old.start : old.end] or document.context(old) != theirs.context(new):
        return None
    return [Edit(old.start, old.end, source)]


def lost_comments(base: Document | None, side: Document, written: Document) -> list[Leaf]:
    """Return the comments that a side added or changed, and that are not in what was written."""
    was, is_ = (_comments(document) for document in (base, written))
    lost: list[Leaf] = []
    for leaf in side.leaves():
        if leaf.is_comment:
            text = str(leaf.value).strip()
            known = was if was[text] else is_
            if known[text]:
                known[text] -= 1
            else:
                lost.append(leaf)
    return lost


def _comments(document: Document | None) -> Counter[str]:
    leaves = document.leaves() if document is not None else ()
    return Counter(str(leaf.value).strip() for leaf in leaves if leaf.is_comment)
