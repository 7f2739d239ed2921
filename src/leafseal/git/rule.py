"""The three-way merge of what is encrypted: one value each for the rule and for what the MAC covers.

Whatever the texts of rules say, outcomes count: theirs' weaker rule and ours' new password would be the password in
plain text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from leafseal.document import Document, Leaf, Path
from leafseal.document.frozen import NamedTuple
from leafseal.document.scalars import Empty, to_bytes, type_word
from leafseal.operations.clear_text import AS_FORMAT, Comments, sealed_tails
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection


class MergedRule(NamedTuple):
    """The rule of the result; whether both sides changed it, or theirs had the MAC cover less."""

    selection: Selection
    is_conflict: bool = False


def merge_rules(base: Selection | None, ours: Selection, theirs: Selection) -> MergedRule:
    """Merge three rules; ours where both changed it."""
    mac_only, is_weaker = ours.mac_only_encrypted, False
    if base is not None and base.mac_only_encrypted == ours.mac_only_encrypted != theirs.mac_only_encrypted:
        is_weaker = theirs.mac_only_encrypted  # then values that are not encrypted could be changed by hand
        mac_only = ours.mac_only_encrypted if is_weaker else theirs.mac_only_encrypted
    was, mine, other = (
        None if one is None else one.replace(mac_only_encrypted=mac_only) for one in (base, ours, theirs)
    )
    assert mine is not None
    assert other is not None
    if other in (mine, was):
        return MergedRule(mine, is_weaker)
    if mine == was:
        return MergedRule(other, is_weaker)
    return MergedRule(mine, is_conflict=True)


class Side(NamedTuple):
    """The plain text of one side, its rule, and the lines of comments that it does not encrypt."""

    document: Document
    selection: Selection
    clear_comments: Collection[str] = frozenset()

    @classmethod
    def of(cls, opened: Opened) -> Side:
        """Return what counts of an opened file."""
        comments = (leaf for leaf in opened.document.leaves() if leaf.is_comment)
        clear = frozenset(line for leaf in comments for line in _lines(leaf))
        return cls(opened.plain_document(), opened.metadata.selection, clear)


def exposed(document: Document, rule: Selection, sides: Sequence[Side], comments: Comments = AS_FORMAT) -> list[Leaf]:
    """Return what `rule` leaves clear though a side encrypts it, and no side has it clear already.

    `comments` tells which comments are encrypted together with the values before them.
    """
    hidden, clear = set[_Key](), set[_Key]()
    for side in sides:
        for leaf in side.document.leaves():
            if (key := _key(leaf)) is not None:
                (hidden if side.selection.selects(leaf) else clear).add(key)
    places = {path for path, _, _ in hidden}
    values = [
        leaf
        for leaf in document.leaves()
        if (key := _key(leaf)) is not None and not rule.selects(leaf) and key not in clear and key[0] in places
    ]
    return values + exposed_comments(document, rule, sides, comments)


def exposed_comments(document: Document, rule: Selection, sides: Sequence[Side], comments: Comments) -> list[Leaf]:
    """Return the comments that `rule` leaves clear, and no side has clear already."""
    known = {line for side in sides for line in side.clear_comments}
    found = [
        leaf for leaf in document.leaves() if leaf.is_comment and not rule.selects(leaf) and not known >= _lines(leaf)
    ]
    if not found:
        return []
    taken = {comment.start for _, comment in sealed_tails(document, rule, comments)}
    return [leaf for leaf in found if leaf.start not in taken]


def _lines(comment: Leaf) -> set[str]:
    return {line.strip() for line in str(comment.value).splitlines()} - {""}


_Key = tuple[Path, str, bytes]  # in whichever document: theirs may have added one before it


def _key(leaf: Leaf) -> _Key | None:
    value = leaf.value
    if leaf.is_comment or value is None or isinstance(value, Empty) or value == "":
        return None
    return leaf.path, type_word(value), to_bytes(value)


def merge_unknown(
    base: Mapping[str, object], ours: Mapping[str, object], theirs: Mapping[str, object]
) -> dict[str, object]:
    """Merge what nobody knows of, name by name; ours where both changed it."""
    merged: dict[str, object] = {}
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        was, mine, other = (side.get(name, _NOTHING) for side in (base, ours, theirs))
        if isinstance(mine, Mapping) and isinstance(other, Mapping):
            merged[name] = merge_unknown(was if isinstance(was, Mapping) else {}, mine, other)
            continue
        taken = other if was == mine else mine
        if taken is not _NOTHING:
            merged[name] = taken
    return merged


_NOTHING = object()
