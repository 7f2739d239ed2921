"""Files in which every value and comment holds a word of its own, so that nothing can stay behind unseen."""

from __future__ import annotations

import re

from leafseal.document import Edit, Leaf, apply_edits
from leafseal.document.scalars import Empty
from leafseal.formats import parse
from leafseal.formats.yaml.containers import Place
from leafseal.rules.selection import Selection

CANARY = re.compile(r"cnry\d{5}|7\d{15}7")


def with_canaries(data: bytes, format_name: str) -> bytes:
    """Return a plain file with a word, or a number, added to every value and comment that can hold one."""
    document = parse(data, format_name)
    edits = [_edit(document.text, leaf, number) for number, leaf in enumerate(document.leaves()) if _takes_one(leaf)]
    return apply_edits(document.text, edits).encode("utf-8", "surrogateescape")


def canaries(data: bytes, format_name: str, selection: Selection) -> tuple[set[str], set[str]]:
    """Return the canaries of a plain file: those that a rule seals, and those that it leaves clear."""
    document = parse(data, format_name)
    sealed: set[str] = set()
    clear: set[str] = set()
    for leaf in document.leaves():
        found = CANARY.findall(str(leaf.value)) if leaf.is_comment or not _is_copy(leaf) else []
        (sealed if selection.selects(leaf) else clear).update(found)
    return sealed, clear


def _takes_one(leaf: Leaf) -> bool:
    if leaf.is_comment:
        return True
    if isinstance(leaf.value, Empty | bool) or leaf.value is None or _is_copy(leaf):
        return False
    # A tag of its own gives the text a type; a block without a visible line has no place for a word.
    tagged = isinstance(leaf.place, Place) and leaf.place.tag is not None
    return not (tagged or (leaf.style in ("|", ">") and not str(leaf.value).strip()))


def _is_copy(leaf: Leaf) -> bool:
    return isinstance(leaf.place, Place) and leaf.place.is_copy


def _edit(text: str, leaf: Leaf, number: int) -> Edit:
    source = text[leaf.start : leaf.end]
    if isinstance(leaf.value, int | float) and not leaf.style:
        return Edit(leaf.start, leaf.end, f"7{number:015}7")
    quotes = next((q for q in ('"""', '"', "'", "`") if len(source) > len(q) and source.endswith(q) and leaf.style), "")
    quotes = "" if leaf.is_comment else quotes
    return Edit(leaf.end - len(quotes), leaf.end - len(quotes), f" cnry{number:05}")
