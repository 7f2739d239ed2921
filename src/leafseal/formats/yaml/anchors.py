"""Anchors in the way of a change: what else would change with it, and how to write that out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from leafseal.document import Edit, Leaf, Locator
from leafseal.document.paths import format_path
from leafseal.errors import RefusedError
from leafseal.formats.yaml.containers import Scan
from leafseal.formats.yaml.seal import expansion, is_copy

_SHOWN = 3  # aliases that a message names


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias, and what it stands for."""

    locator: Locator
    source: Locator  # what it stands for
    leaves: list[Leaf]


def refuse_in_use(
    text: str, scan: Scan, locator: Locator, document: int = 0, among: Sequence[Alias] | None = None
) -> None:
    """Raise `RefusedError` where an alias elsewhere stands for what is changed at `locator`, or is on the way there.

    `among` are the aliases of the document, where the caller has them.
    """
    if not scan.has_aliases:
        return
    aliases = list(_in_the_way(aliases_of(scan, document) if among is None else among, locator))
    if not aliases:
        return
    shown = [f"{format_path(one.locator)} (line {_line(text, one.leaves[0].start)})" for one in aliases[:_SHOWN]]
    more = [f"{len(aliases) - _SHOWN} more places"] if len(aliases) > _SHOWN else []
    anchor = "&" + text[aliases[0].leaves[0].start + 1 : aliases[0].leaves[0].end]
    raise RefusedError(
        f"{format_path(locator)}: the anchor {anchor} is used at {', '.join([*shown, *more])}, and both would change",
        hint="to write the old value out where the anchor is used, add --expand-aliases to leafseal set or unset",
    )


def expansions(scan: Scan, locator: Locator, document: int = 0) -> list[Edit]:
    """Return the edits that write out the aliases that a change at `locator` would change too."""
    return [
        Edit(one.leaves[0].start, one.leaves[0].end, expansion([(leaf, None) for leaf in one.leaves]))
        for one in _in_the_way(aliases_of(scan, document), locator)
    ]


def _in_the_way(aliases: Iterable[Alias], locator: Locator) -> Iterator[Alias]:
    for alias in aliases:
        if alias.locator[: len(locator)] == locator:
            continue  # it goes with the change
        shares = alias.source[: len(locator)] == locator or locator[: len(alias.source)] == alias.source
        if shares or locator[: len(alias.locator)] == alias.locator:
            yield alias


def aliases_of(scan: Scan, document: int) -> Iterator[Alias]:
    """Yield the aliases of a document."""
    copies = (
        leaf for leaf in scan.leaves if leaf.document == document and is_copy(leaf) and leaf.place.source is not None
    )
    for _, group in groupby(copies, key=lambda leaf: leaf.start):
        leaves = list(group)
        place, depth = leaves[0].place, len(leaves[0].locator)
        length = len(place.container.locator) + 1
        yield Alias(leaves[0].locator[:length], place.source[: len(place.source) + length - depth], leaves)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
