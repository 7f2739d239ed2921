"""Remove members of mappings and lists of a YAML file in place, with the lines that are theirs alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from leafseal.document import Edit, Leaf, Locator, Member, Repeated
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.paths import format_path
from leafseal.errors import PathError
from leafseal.formats.common import repeated_of
from leafseal.formats.yaml.anchors import refuse_in_use
from leafseal.formats.yaml.containers import Scan
from leafseal.formats.yaml.lines import BREAK, BREAKS, COMMENT, last_break
from leafseal.formats.yaml.nodes import YAMLNode, documents, root_of

LINE_REST = LazyPattern(rf"[^{BREAKS}]*({BREAK}|\Z)")


def unset_edits(text: str, scan: Scan, locator: Locator, document: int = 0) -> list[Edit]:
    """Return the edits that remove what stands at `locator` of a document."""
    if not locator:
        raise PathError("a whole document cannot be removed, only what is in it")
    refuse_in_use(text, scan, locator, document)
    return _unset(text, root_of(text, document), locator)


def removal(text: str, leaf: Leaf) -> list[Edit]:
    """Return the edits that remove a value of a later document, in which an alias may be left without its anchor."""
    return _unset(text, root_of(text, leaf.document), leaf.locator)


def member_removal(text: str, parent: YAMLNode, index: int, above: YAMLNode | None = None) -> list[Edit]:
    """Return the edits that remove a member of a node, whatever stands for that node elsewhere.

    `above` is the key that the node is the value of, if it is that of one.
    """
    return _remove(text, parent, parent.members, index, above)


def _unset(text: str, root: YAMLNode | None, locator: Locator) -> list[Edit]:
    at, above = root, None
    for depth, part in enumerate(locator):
        found = member_of(at, part, locator[:depth]) if at is not None else None
        if at is None or found is None:
            raise PathError(f"{format_path(locator)} does not exist")
        if depth + 1 == len(locator):
            return _remove(text, at, at.members, _index(at, part), above)
        above = next((key for name, key, _ in at.pairs or [] if name == part), None)
        at = found
    raise AssertionError("a locator leads somewhere or the loop returned")


def repeated(text: str) -> Sequence[Repeated]:
    """Return the names that a mapping has more than once, in all documents; the metadata aside."""
    found: list[Repeated] = []
    for number, root in enumerate(documents(text)):
        if root is not None:
            found += repeated_of(_named(text, root, (), None), number)
    return found


def _named(
    text: str, node: YAMLNode, locator: Locator, above: YAMLNode | None
) -> Iterator[tuple[object, Locator, Member]]:
    """Yield the members of a name that their mapping has more than once, and what tells the mapping from others."""
    names: Counter[str | int] = Counter(name for name, _, _ in node.pairs or [])
    members = node.members
    for index, (first, last) in enumerate(members):
        name = index if node.pairs is None else node.pairs[index][0]
        place = (*locator, name)
        if place == ("sops",):
            continue
        if names[name] > 1:
            yield node.start, place, Member(first.mark, last.end, _remove(text, node, members, index, above))
        yield from _named(text, last, place, first if node.pairs is not None else None)


def _index(parent: YAMLNode, part: str | int) -> int:
    """Return the position of the first member that `part` names."""
    if isinstance(part, int):
        return part
    return next(index for index, (name, _, _) in enumerate(parent.pairs or []) if name == part)


def _remove(
    text: str,
    parent: YAMLNode,
    members: Sequence[tuple[YAMLNode, YAMLNode]],
    index: int,
    above: YAMLNode | None,
) -> list[Edit]:
    """Remove one of the members of `parent`; `above` is the key that `parent` is the value of, if it is that of one.

    A comment on the line where a member ends goes with it; those on lines of their own stay.
    """
    if parent.flow:
        return remove_from_flow(text, parent, members, index)
    start, end = span(members[index])
    if len(members) == 1:
        return _empty_block(text, parent, start, end, above)
    if line_start(text, start) is None:
        # The first member of a mapping in a list shares its line with the dash.
        line = LINE_REST.match(text, end).end() if text[end - 1] not in BREAKS else end
        return [Edit(start, BLANKS.match(text, line).end(), "")]
    follows_block = index > 0 and last_scalar(members[index - 1][1]).header > 0
    return [line_removal(text, start, end, keep_break=follows_block)]


def span(member: tuple[YAMLNode, YAMLNode]) -> tuple[int, int]:
    """Return where a member of a block begins, dash and `?` included, and where its text ends."""
    first, last = member
    begins_with = first.mark + 1 if first.colon is None else first.colon + 1
    return first.mark, max(last.end, last.keep, first.end, begins_with)


def remove_from_flow(
    text: str, parent: YAMLNode, members: Sequence[tuple[YAMLNode, YAMLNode]], index: int
) -> list[Edit]:
    """Remove a member of what is in brackets, with one comma."""
    first, last = members[index]
    if parent.opening is None:
        return [Edit(first.start, last.end, "{}")]  # `[k: v]` without its pair
    if len(members) == 1 and not (text[parent.opening + 1 : first.mark] + text[last.end : parent.end - 1]).strip(
        " \t\r\n,"
    ):
        return [Edit(parent.opening + 1, parent.end - 1, "")]
    start, end = first.mark, last.end if last.comma is None else last.comma + 1
    edits = []
    if last.comma is None and index > 0:
        _, before = members[index - 1]
        assert before.comma is not None
        if not text[before.comma + 1 : start].strip(" \t"):
            return [Edit(before.comma, end, "")]
        edits.append(Edit(before.comma, before.comma + 1, ""))
    if line_start(text, start) is not None and not _COMMENT.sub("", text[end : line_end(text, end)]).strip(" \t"):
        return [*edits, line_removal(text, start, end)]
    behind = _BLANKS_ON_LINE.match(text, end).end()
    return [*edits, Edit(start, end if text.startswith("#", behind) else behind, "")]


BLANKS = LazyPattern(r"[ \t\r\n]*")
_BLANKS_ON_LINE = LazyPattern(r"[ \t]*")
_COMMENT = LazyPattern(rf"(?<!\S){COMMENT}")


def _empty_block(text: str, parent: YAMLNode, start: int, end: int, above: YAMLNode | None) -> list[Edit]:
    """Take the last member out of a block: what is left must be spelled in flow style."""
    nothing = "{}" if parent.pairs is not None else "[]"
    if above is None or above.colon is None or line_start(text, start) is None:
        return [Edit(start, start + len(text[start:end].rstrip()), nothing)]
    behind = parent.properties or above.colon + 1
    return [Edit(behind, behind, " " + nothing), line_removal(text, start, end)]


def line_start(text: str, position: int) -> int | None:
    """Return where the line of `position` starts; None when other text stands before it there."""
    line = text.rfind("\n", 0, position) + 1
    line = max(line, last_break(text, line, position) + 1)
    if text.startswith("\ufeff", line):
        line += 1
    return None if text[line:position].strip(" \t") else line


def line_removal(text: str, start: int, end: int, *, keep_break: bool = False) -> Edit:
    """Return the edit that takes out whole lines.

    Where they are the last and have no line break, the one before them goes, unless a block scalar needs it.
    """
    line = line_start(text, start)
    assert line is not None
    if text[end - 1] in BREAKS:
        return Edit(line, end, "")
    rest = LINE_REST.match(text, end)
    if not rest[1] and line and not keep_break:
        line -= 2 if text[line - 2 : line] == "\r\n" else 1
    return Edit(line, rest.end(), "")


def member_of(node: YAMLNode, part: str | int, place: Locator) -> YAMLNode | None:
    """Return the first value that `part` names in a node, which stands at `place`; None where it can be added."""
    if isinstance(part, str) and node.pairs is not None:
        return next((value for name, _, value in node.pairs if name == part), None)
    if isinstance(part, int) and node.items is not None:
        if not 0 <= part <= len(node.items):
            raise PathError(f"{format_path(place)}: has {len(node.items)} elements, {part} is out of range")
        return node.items[part] if part < len(node.items) else None
    kind = "a mapping" if node.pairs is not None else "a list" if node.items is not None else "a single value"
    raise PathError(f"{format_path(place) or 'the top level'}: is {kind}, which has no member {part!a}")


def last_scalar(node: YAMLNode) -> YAMLNode:
    """Return the last value in a node, however deep it is."""
    while (last := node.last_member) is not None:
        node = last
    return node


def line_end(text: str, position: int) -> int:
    """Return where the line of `position` ends, its break excluded."""
    end: int = LINE_REST.match(text, position).start(1)
    return end
