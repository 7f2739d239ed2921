"""Set and remove members of a JSON file in place: new text where something changes, in the layout that is around it."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.document import Edit, Locator, Member, Repeated
from leafseal.document.limits import Limits
from leafseal.document.paths import format_path
from leafseal.document.tree import ListNode, MappingNode, Node, from_python
from leafseal.errors import PathError
from leafseal.formats.common import in_the_way_error, nothing_there_error, repeated_of
from leafseal.formats.json.emitter import scalar_text, write
from leafseal.formats.json.layout import margin_of, removal, separator, unit_in
from leafseal.formats.json.scan import Container, scan
from leafseal.formats.json.scan import Member as Place

# The text was scanned under the caller's limits already.
UNLIMITED = Limits(depth=10**9, leaves=10**9, scalar_bytes=10**12)

Containers = dict[Locator, Container]


def set_edits(text: str, locator: Locator, value: object) -> list[Edit]:
    """Return the edits that store `value` at `locator`."""
    if not locator:
        raise PathError("a whole document cannot be set, only what is in it")
    node = from_python(value)
    containers = scan(text, UNLIMITED, allow_duplicates=True, all_containers=True).containers
    for depth, part in enumerate(locator):
        container = containers[locator[:depth]]
        member = _member(container, part, locator[:depth])
        rest = locator[depth + 1 :]
        if member is None:
            return [_added(text, containers, container, part, _nested(rest, node))]
        if not rest or _can_become(text, member, rest[0]):
            return [Edit(member.start, member.end, written(text, containers, member.key, _nested(rest, node)))]
        if locator[: depth + 1] not in containers:
            raise in_the_way_error(locator[: depth + 1], "a value without members")
    raise AssertionError("the last part of a locator leads to a member or to none")


def unset_edits(text: str, locator: Locator) -> list[Edit]:
    """Return the edits that remove what stands at `locator`."""
    if not locator:
        raise PathError("a whole document cannot be removed, only what is in it")
    containers = scan(text, UNLIMITED, allow_duplicates=True, all_containers=True).containers
    container = containers.get(locator[:-1])
    members = container.members if container is not None else []
    index = next((i for i, member in enumerate(members) if _is(member.name, locator[-1])), None)
    if container is None or index is None:
        raise nothing_there_error(locator)
    if len(members) == 1:
        return [Edit(container.start, container.end, "{}" if container.is_object else "[]")]
    return [removal(container, index)]


def repeated(text: str, metadata: str) -> Sequence[Repeated]:
    """Return the names that an object has more than once, the `metadata` block and what is in it aside."""
    containers = scan(text, UNLIMITED, allow_duplicates=True, all_containers=True).containers
    return repeated_of(
        (locator, (*locator, member.name), Member(member.key, member.end, [removal(container, index)]))
        for locator, container in containers.items()
        for index, member in enumerate(container.members)
        if container.is_object and (*locator, member.name)[0] != metadata
    )


def _is(name: str | int, part: str | int) -> bool:
    return name == part and type(name) is type(part)


def _member(container: Container, part: str | int, locator: Locator) -> Place | None:
    """Return the member that `part` names; None where it can be added."""
    if container.is_object is isinstance(part, int):
        raise in_the_way_error(locator, "an object" if container.is_object else "an array")
    found = next((member for member in container.members if member.name == part), None)
    if found is None and isinstance(part, int) and part != len(container.members):
        count = len(container.members)
        raise PathError(f"{format_path((*locator, part))}: out of range, {format_path(locator)} has {count} elements")
    return found


def _can_become(text: str, member: Place, part: str | int) -> bool:
    """Tell whether what stands there is nothing yet, and can be replaced by what `part` is a member of."""
    source = text[member.start : member.end]
    empty = "{}" if isinstance(part, str) else "[]"
    return source == "null" or "".join(source.split()) == empty


def _nested(rest: Locator, node: Node) -> Node:
    for part in reversed(rest):
        if isinstance(part, int) and part:
            raise PathError(f"[{part}]: out of range, there is no list yet")
        node = MappingNode([(part, node)]) if isinstance(part, str) else ListNode([node])
    return node


def _added(text: str, containers: Containers, container: Container, part: str | int, node: Node) -> Edit:
    name = f"{scalar_text(part)}: " if isinstance(part, str) else ""
    if not container.members:
        return Edit(container.start + 1, container.start + 1, name + written(text, containers, container.start, node))
    last = container.members[-1]
    return Edit(last.end, last.end, separator(text, container) + name + written(text, containers, last.key, node))


def written(text: str, containers: Containers, key: int, node: Node) -> str:
    """Return a node as a member that stands at, or beside, `key`: over lines where that has a line of its own."""
    if not isinstance(node, MappingNode | ListNode):
        return scalar_text(node)
    margin = margin_of(text, key)
    root = containers[()]
    if margin is None or not root.members:
        return write(node, unit="", newline="")
    outer = margin_of(text, root.members[0].key)
    unit = unit_in(text, root, outer) if outer is not None else "\t"
    newline = "\r\n" if "\r\n" in text else "\n"
    return write(node, unit=unit, base=margin, newline=newline)
