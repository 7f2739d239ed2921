"""The path in a file that is nearest to one that leads nowhere."""

from __future__ import annotations

import difflib
import re

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
    if found:
        return by_text[found[0]]
    deeper = {place for place in places if place[-len(locator) :] == locator} if locator else set()
    return deeper.pop() if len(deeper) == 1 else None  # `password`, where the file has `database.password`


def slip_of(opened: Opened, locator: Locator, document: int = 0) -> tuple[Locator, Locator] | None:
    """Return what a place that is not there is likely a slip of, None where it is there or none is likely.

    That is the place that was meant, and what of it exists: one name on the way is written almost as one beside it.
    """
    places = [leaf.locator for leaf, _ in opened.leaves.values if leaf.document == document and not leaf.is_comment]
    existing = {place[:depth] for place in places for depth in range(1, len(place) + 1)}
    depth = next((depth for depth in range(len(locator)) if locator[: depth + 1] not in existing), None)
    if depth is None or not isinstance(name := locator[depth], str):
        return None
    is_last = depth + 1 == len(locator)
    beside = {
        place[depth] for place in places if place[:depth] == locator[:depth] and len(place) > depth + (not is_last)
    }
    alike = [(_likeness(name, other), other) for other in beside if isinstance(other, str) and _is_slip(name, other)]
    if not alike:
        return None
    found = (*locator[:depth], max(alike)[1])
    return (*found, *locator[depth + 1 :]), found


_ALIKE = 0.8  # from where two words are likely meant to be one


def _is_slip(name: str, other: str) -> bool:
    """Tell whether two names are likely meant to be one. `host1` and `host2` are not, nor `TEST_KEY` and `LIVE_KEY`."""
    if re.findall("[0-9]", name) != re.findall("[0-9]", other):
        return False
    words, others = _words(name), _words(other)
    if "".join(words) == "".join(others):
        return True  # they differ in small and capital letters, or in what is between words
    pairs = zip(words, others, strict=True) if len(words) == len(others) else [("".join(words), "".join(others))]
    return all(_likeness(word, other) >= (_ALIKE if len(words) == len(others) else 0.9) for word, other in pairs)


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub("([a-z])([A-Z])", r"\1_\2", name).lower())


def _likeness(word: str, other: str) -> float:
    if sorted(word) == sorted(other):  # two letters that changed places
        return 1.0
    return difflib.SequenceMatcher(None, word, other, autojunk=False).ratio()
