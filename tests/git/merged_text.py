"""Plain texts merged as the driver does it, without keys."""

from __future__ import annotations

from typing import NamedTuple

from leafseal.document import Document
from leafseal.document.values import equal, values_of
from leafseal.formats import parse
from leafseal.git import text, three_way


class MergedText(NamedTuple):
    """What came of three texts, the places that conflict, and the comments that were lost of either side."""

    text: str
    conflicts: list[str]
    lost: text.Lost


def merged(base: str, ours: str, theirs: str, format_name: str = "yaml") -> MergedText:
    """Merge three texts, and hold the values of the result against those that are wanted."""
    sides = [_parse(side.encode("utf-8", "surrogateescape"), format_name) for side in (base, ours, theirs)]
    found = three_way.merge(*map(values_of, sides))
    written = text.write(*sides, found.documents, lambda data: _parse(data, format_name), lambda _: True)
    assert written is not None
    assert equal(values_of(written), found.documents)
    whole = written.rewrite([]).decode("utf-8", "surrogateescape")
    return MergedText(whole, [one.pointer for one in found.conflicts], text.lost_comments(*sides, written))


def _parse(data: bytes, format_name: str) -> Document:
    return parse(data, format_name)
