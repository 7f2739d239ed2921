"""What a merge must give: the rules of docs/git.md ("Merge"), written from that page and not from the product."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from .model import Node, same


class _Absent:
    pass


class Unknown(str):
    """What a base holds where its own bases conflicted: no value of either side."""


ABSENT = _Absent()
Side: TypeAlias = "Node | _Absent"

IDENTITIES = ("name", "id", "key")


@dataclass(slots=True)
class Merge:
    """The documents of a merged file, and the places that both sides changed in different ways."""

    documents: list[dict[str, Node]]
    conflicts: set[str] = field(default_factory=set)


def merged_documents(base: list[dict[str, Node]], ours: list[dict[str, Node]], theirs: list[dict[str, Node]]) -> Merge:
    """Return what becomes of three versions of a file."""
    result = Merge(ours)
    if len({len(base), len(ours), len(theirs)}) > 1:
        if same(list(theirs), list(base)):
            return result
        if same(list(ours), list(base)):
            return Merge(theirs)
        if not same(list(ours), list(theirs)):
            result.conflicts.add("/#documents")
        return result
    documents: list[dict[str, Node]] = []
    for number, (one, our, their) in enumerate(zip(base, ours, theirs, strict=True)):
        start = f"#{number + 1}" if number else ""
        whole = _merged(one, our, their, start, result.conflicts)
        assert isinstance(whole, dict)
        documents.append(whole)
    result.documents = documents
    return result


def as_base(merge: Merge) -> list[dict[str, Node]]:
    """Return merged documents as the base of another merge: unknown where the two conflicted."""
    return [
        _unknown_at(document, f"#{number + 1}" if number else "", merge.conflicts)
        for number, document in enumerate(merge.documents)
    ]


def _unknown_at(node: Node, path: str, conflicts: set[str]) -> Node:
    if path in conflicts:
        return Unknown(path)
    if isinstance(node, list):
        for name in IDENTITIES:
            if _has_identity(node, name):
                return [_unknown_at(one, f"{path}/{name}={_step(str(one[name]))}", conflicts) for one in node]
        return node
    if not isinstance(node, dict):
        return node
    start = f"{path}/"
    # A conflict at a name that ours lacks, the merged file has not: there the base has something unknown.
    lacking = {one.removeprefix(start) for one in conflicts if one.startswith(start)} - {_step(key) for key in node}
    known = {key: _unknown_at(value, start + _step(key), conflicts) for key, value in node.items()}
    return known | {key: Unknown(key) for key in lacking if "/" not in key}


def _merged(base: Side, ours: Side, theirs: Side, path: str, conflicts: set[str]) -> Side:
    if isinstance(base, Unknown) and not same(ours, theirs):
        conflicts.add(path)
        return ours
    if same(ours, theirs) or same(base, theirs):
        return ours
    if same(base, ours):
        return theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return _mapping(base if isinstance(base, dict) else {}, ours, theirs, path, conflicts)
    if isinstance(ours, list) and isinstance(theirs, list):
        return _list(base if isinstance(base, list) else [], ours, theirs, path, conflicts)
    conflicts.add(path)
    return ours


def _mapping(
    base: dict[str, Node], ours: dict[str, Node], theirs: dict[str, Node], path: str, conflicts: set[str]
) -> dict[str, Node]:
    result: dict[str, Node] = {}
    for key in [*ours, *(key for key in [*theirs, *base] if key not in ours)]:
        sides = (side.get(key, ABSENT) if key in side else ABSENT for side in (base, ours, theirs))
        value = _merged(*sides, f"{path}/{_step(key)}", conflicts)
        if not isinstance(value, _Absent):
            result[key] = value
    return result


def _step(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _list(base: list[Node], ours: list[Node], theirs: list[Node], path: str, conflicts: set[str]) -> list[Node]:
    for name in IDENTITIES:
        if all(_has_identity(side, name) for side in (base, ours, theirs)):
            return _by_identity(name, base, ours, theirs, path, conflicts)
    found: set[str] = set()
    result = _by_position(base, ours, theirs, path, found)
    conflicts |= found
    return ours if path in found else result


def _has_identity(side: list[Node], name: str) -> bool:
    known = [element.get(name) if isinstance(element, dict) else None for element in side]
    return all(isinstance(one, str | int) for one in known) and len(set(map(repr, known))) == len(known)


def _by_identity(
    name: str, base: list[Node], ours: list[Node], theirs: list[Node], path: str, conflicts: set[str]
) -> list[Node]:
    sides = [{str(element[name]): element for element in side} for side in (base, ours, theirs)]  # type: ignore[index,call-overload]
    old, our, their = sides
    kept: dict[str, Node] = {}
    for key in {**our, **their, **old}:
        value = _merged(*(side.get(key, ABSENT) for side in sides), f"{path}/{name}={_step(key)}", conflicts)
        if not isinstance(value, _Absent):
            kept[key] = value
    common = [key for key in old if key in our and key in their]
    ours_moved, theirs_moved = ([key for key in side if key in common] != common for side in (our, their))
    first, second = (their, our) if theirs_moved and not ours_moved else (our, their)
    order = [key for key in first if key in kept]
    before: list[str] = []
    for key in second:
        if key in kept and key not in order:
            anchor = next((one for one in reversed(before) if one in order), None)
            index = order.index(anchor) + 1 if anchor is not None else 0
            while index < len(order) and order[index] not in second:
                index += 1  # what the other side added in the same place is first
            order.insert(index, key)
        before.append(key)
    return [kept[key] for key in order]


def _by_position(base: list[Node], ours: list[Node], theirs: list[Node], path: str, found: set[str]) -> list[Node]:
    """Merge by stable elements. Those of the model's lists are all unlike, so there is one way to match them."""
    known = [[repr(element) for element in side] for side in (base, ours, theirs)]
    stable = [key for key in known[0] if key in known[1] and key in known[2]]
    result: list[Node] = []
    begun = [0, 0, 0]
    for key in [*stable, None]:
        ends = [side.index(key) if key is not None else len(side) for side in known]
        gap = [
            side[start:end] for side, start, end in zip((base, ours, theirs), begun, ends, strict=True)
        ]  # what each side has between two stable elements
        result += _gap(*gap, path, len(result), found)
        if key is not None:
            result.append(ours[ends[1]])
        begun = [end + 1 for end in ends]
    return result


def _gap(base: list[Node], ours: list[Node], theirs: list[Node], path: str, index: int, found: set[str]) -> list[Node]:
    if same(ours, theirs) or same(base, theirs):
        return ours
    if same(base, ours):
        return theirs
    if len(base) == len(ours) == len(theirs):
        result: list[Node] = []
        for old, our, their in zip(base, ours, theirs, strict=True):
            inside: set[str] = set()
            value = _merged(old, our, their, f"{path}/{index + len(result)}", inside)
            if inside and not (isinstance(our, dict) and isinstance(their, dict)):
                found.add(path)
                return ours
            found |= inside
            assert not isinstance(value, _Absent)
            result.append(value)
        return result
    found.add(path)
    return ours
