"""The three-way merge of values by path: what one side changed is taken, what both changed differently is a conflict.

Text, comments and keys are no part of it. Where there is a conflict, the merge goes on with what `decide` says, which
is ours if nobody says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import cast

from leafseal.document.frozen import NamedTuple
from leafseal.document.values import ABSENT, Named, Place, Step, Value, canonical, equal, identity, pointer
from leafseal.git.lists import by_identity, by_position, identity_field, merged_order

VIRTUAL = "leafseal-unresolved-ancestor:"
"""How a value begins that stands for a conflict in an ancestor that Git merged for itself (`is_virtual`)."""


DOCUMENTS: Place = ("#documents",)
"""The place of a conflict about which documents a file has."""


class Conflict(NamedTuple):
    """A place that both sides changed differently, and what each has there."""

    document: int
    place: Place
    base: Value
    ours: Value
    theirs: Value
    renamed: Place | None = None  # where the side that removed it has added the same value

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer. What identifies an element of a list may be a secret: see `Place`."""
        return pointer(self.place, self.document)

    @property
    def kind(self) -> str:
        """What the two sides did."""
        if equal(self.base, self.ours):
            done = "added" if self.base is ABSENT else "removed" if self.theirs is ABSENT else "changed"
            return f"{done} by them"
        if self.ours is ABSENT:
            return "removed by us, changed by them"
        if self.theirs is ABSENT:
            return "changed by us, removed by them"
        return "added on both sides" if self.base is ABSENT else "changed on both sides"

    def __repr__(self) -> str:  # a traceback shows no values
        return f"Conflict({self.document}, {self.kind!r})"


Decide = Callable[[Conflict], Value]
"""What stands in the place of a conflict."""


class Merged(NamedTuple):
    """The documents that came of a merge, and the places where both sides changed something, in their order."""

    documents: list[Value]
    conflicts: list[Conflict]

    def __repr__(self) -> str:
        return f"Merged({len(self.documents)} documents, {len(self.conflicts)} conflicts)"


def take_ours(conflict: Conflict) -> Value:
    """Return ours for every conflict."""
    return conflict.ours


def is_virtual(value: Value) -> bool:
    """Tell whether a value stands for a conflict in an ancestor that Git merged for itself."""
    return isinstance(value, str) and value.startswith(VIRTUAL)


def is_known(value: Value) -> bool:
    """Tell whether nothing in a value stands for a conflict in an ancestor that Git merged for itself."""
    if isinstance(value, dict | list):
        return all(map(is_known, value.values() if isinstance(value, dict) else value))
    return not is_virtual(value)


def merge(
    base: Sequence[Value],
    ours: Sequence[Value],
    theirs: Sequence[Value],
    decide: Decide = take_ours,
    *,
    asks: bool = False,
) -> Merged:
    """Merge the documents of three files. Without a base (`()`), what both have counts as added by both.

    With `asks`, what theirs alone changed is a conflict, too: nothing of theirs is taken unless `decide` says so.
    """
    merging = _Merging(decide, asks=asks)
    return Merged(merging.documents(base, ours, theirs), merging.conflicts)


class _Merging:
    def __init__(self, decide: Decide, *, asks: bool = False) -> None:
        self.decide = decide
        self.asks = asks
        self.conflicts: list[Conflict] = []
        self.document = 0

    def documents(self, base: Sequence[Value], ours: Sequence[Value], theirs: Sequence[Value]) -> list[Value]:
        if (ids := _kubernetes_ids(base, ours, theirs)) is not None:
            return self._documents_by_id(*ids)
        if len(ours) == len(theirs) and len(base) in (0, len(ours)):
            merged = []
            for self.document, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
                merged.append(self.value((), base[self.document] if base else ABSENT, mine, other))
            return merged
        for one, other, whole in ((ours, theirs, ours), (base, ours, theirs), (base, theirs, ours)):
            if equal(list(one), list(other)) and not (whole is theirs and self.asks):
                return list(whole)
        self.document = 0
        found = self._conflict(DOCUMENTS, list(base), list(ours), list(theirs))
        return found if isinstance(found, list) else list(ours)

    def _documents_by_id(self, base: dict[str, Value], ours: dict[str, Value], theirs: dict[str, Value]) -> list[Value]:
        names = list(dict.fromkeys([*ours, *theirs, *base]))
        sides = [(base.get(name, ABSENT), ours.get(name, ABSENT), theirs.get(name, ABSENT)) for name in names]
        # Conflicts tell the number that a document has in the result, which is known when all are merged.
        trial = [_Merging(take_ours, asks=self.asks).value((), *versions) for versions in sides]
        left = [name for name, value in zip(names, trial, strict=True) if value is not ABSENT]
        order = merged_order([*base], [*ours], [*theirs], left)
        position = {name: index for index, name in enumerate(order)}
        merged: dict[str, Value] = {}
        for name, versions in zip(names, sides, strict=True):
            self.document = position.get(name, len(order))
            merged[name] = self.value((), *versions)
        left = [name for name, value in merged.items() if value is not ABSENT]
        return [merged[name] for name in merged_order([*base], [*ours], [*theirs], left)]

    def value(self, place: Place, base: Value, ours: Value, theirs: Value, renamed: Place | None = None) -> Value:
        """Return what comes of one place; `ABSENT` where nothing is to be there."""
        if equal(ours, theirs):
            return ours
        if is_virtual(base):
            return self._conflict(place, base, ours, theirs)
        if equal(base, ours) and not self.asks:
            return theirs
        if equal(base, theirs):
            return ours
        if isinstance(ours, dict) and isinstance(theirs, dict):
            return self._mapping(place, base if isinstance(base, dict) else {}, ours, theirs)
        if isinstance(ours, list) and isinstance(theirs, list):
            return self._list(place, base, ours, theirs)
        return self._conflict(place, base, ours, theirs, renamed)

    def _conflict(self, place: Place, base: Value, ours: Value, theirs: Value, renamed: Place | None = None) -> Value:
        conflict = Conflict(self.document, place, base, ours, theirs, renamed)
        self.conflicts.append(conflict)
        return self.decide(conflict)

    def _mapping(
        self, place: Place, base: Mapping[str, Value], ours: Mapping[str, Value], theirs: Mapping[str, Value]
    ) -> Value:
        return self._members(place, lambda name: name, base, ours, theirs, before_next=True)

    def _members(
        self,
        place: Place,
        step: Callable[[str], Step],
        base: Mapping[str, Value],
        ours: Mapping[str, Value],
        theirs: Mapping[str, Value],
        *,
        before_next: bool = False,
    ) -> dict[str, Value]:
        merged: dict[str, Value] = {}
        added = _Added(base, ours), _Added(base, theirs)
        for name in dict.fromkeys([*ours, *theirs, *base]):
            was, mine, other = base.get(name, ABSENT), ours.get(name, ABSENT), theirs.get(name, ABSENT)
            renamed = None
            is_removed = mine is ABSENT or other is ABSENT
            if is_removed and was is not ABSENT and not equal(was, other if mine is ABSENT else mine):
                renamed = added[0 if mine is ABSENT else 1].name_of(was)
            merged[name] = self.value(
                (*place, step(name)), was, mine, other, None if renamed is None else (*place, step(renamed))
            )
        left = {name for name, value in merged.items() if value is not ABSENT}
        order = merged_order([*base], [*ours], [*theirs], left, before_next=before_next)
        return {name: merged[name] for name in order}

    def _list(self, place: Place, base: Value, ours: list[Value], theirs: list[Value]) -> Value:
        if (field := identity_field(base, ours, theirs)) is not None:
            sides = (by_identity(side, field) for side in (base, ours, theirs))
            return list(self._members(place, lambda name: Named(field, name), *sides).values())
        if self.asks:
            return self._conflict(place, base, ours, theirs)
        was = base if isinstance(base, list) else []
        before = len(self.conflicts)
        merged: list[Value] = []
        for part in by_position(was, ours, theirs):
            if isinstance(part, int):
                merged.append(ours[part])
                continue
            found = self._gap(
                place, part.ours[0], *(s[slice(*at)] for s, at in zip((was, ours, theirs), part, strict=True))
            )
            if found is None:
                del self.conflicts[before:]
                return self._conflict(place, base, ours, theirs)
            merged += found
        return merged

    def _gap(
        self, place: Place, start: int, base: list[Value], ours: list[Value], theirs: list[Value]
    ) -> list[Value] | None:
        """Return what comes of the elements between two that all sides have; None where it is a conflict."""
        if equal(ours, theirs) or equal(base, theirs):
            return ours
        if equal(base, ours):
            return theirs
        if not len(base) == len(ours) == len(theirs):
            return None
        merged: list[Value] = []
        for index, sides in enumerate(zip(base, ours, theirs, strict=True)):
            was, mine, other = sides
            is_decided = equal(mine, other) or equal(was, mine) or equal(was, other)
            if not (is_decided or all(isinstance(side, dict) for side in sides)):
                return None
            merged.append(self.value((*place, start + index), was, mine, other))
        return merged


class _Added:
    """The members that a side added, by their values: a value that it removed may have another name there."""

    def __init__(self, base: Mapping[str, Value], side: Mapping[str, Value]) -> None:
        self._base = base
        self._side = side
        self._names: dict[Hashable, str] | None = None

    def name_of(self, value: Value) -> str | None:
        """Return the first name under which the side added a value; None where it has not."""
        if self._names is None:  # most merges never ask
            added = [(canonical(member), name) for name, member in self._side.items() if name not in self._base]
            self._names = dict(reversed(added))
        return self._names.get(canonical(value))


def document_places(documents: Sequence[Value], other: Sequence[Value]) -> list[int | None]:
    """Return the number that each document has in another file; None where there is no such one."""
    ids = _kubernetes_ids(documents, other)
    if ids is None:
        return [number if number < len(other) else None for number in range(len(documents))]
    here, there = ids
    numbers = {name: number for number, name in enumerate(there)}
    return [numbers.get(name) for name in here]


def _kubernetes_ids(*files: Sequence[Value]) -> Iterator[dict[str, Value]] | None:
    """Return the documents of files by what Kubernetes identifies them by; None where that does not tell them apart.

    One document a file is merged by position: its name may have changed.
    """
    if all(len(documents) <= 1 for documents in files):
        return None
    found = []
    for documents in files:
        ids = [_kubernetes_id(document) for document in documents]
        if None in ids or len(set(ids)) < len(ids):
            return None
        found.append(dict(zip(cast(list[str], ids), documents, strict=True)))
    return iter(found)


def _kubernetes_id(document: Value) -> str | None:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    kind, name = identity(document, "kind"), identity(metadata, "name")
    if kind is None or name is None:
        return None
    namespace = identity(metadata, "namespace") or ""
    return f"{kind}/{namespace}/{name}"
