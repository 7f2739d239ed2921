"""Set and remove values of a YAML file in place: new text for the lines concerned, all others as they were."""

from __future__ import annotations

import re

from leafseal.document import Edit, Leaf, Locator
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.paths import format_path
from leafseal.document.scalars import Empty
from leafseal.document.tree import Comment, ListNode, MappingNode, Node, from_python
from leafseal.errors import PathError
from leafseal.formats.yaml.containers import DocumentNote, Place, Scan
from leafseal.formats.yaml.emitter import emit, scalar_text
from leafseal.formats.yaml.nodes import YAMLNode, first_document
from leafseal.formats.yaml.style import canonical_text, fits_block, flow_key, flow_text

_TO_COLON = LazyPattern(r"(?:[^:#]|#[^\r\n]*+)*+")
_LINE_REST = re.compile(r"[^\r\n]*(\r\n|\r|\n|\Z)")


def set_edits(text: str, scan: Scan, locator: Locator, value: object) -> list[Edit]:
    """Return the edits that store `value` at `locator` in the first document."""
    if not locator:
        raise PathError("a whole document cannot be set, only what is in it")
    node = from_python(value)
    leaf = _leaf(scan, locator)
    if leaf is not None and not isinstance(node, MappingNode | ListNode | None):
        place = leaf.place
        if isinstance(place, Place) and (place.tag is not None or not isinstance(node, str)):
            # A tag may give another type to what is new.
            anchor = re.search(r"&\S+\s+", text[place.full_start : leaf.start])
            return [Edit(place.full_start, leaf.end, (anchor[0] if anchor else "") + canonical_text(leaf, node, text))]
        return [Edit(leaf.start, leaf.end, canonical_text(leaf, node, text))]
    return _store(text, scan.documents[0], locator, node)


def _leaf(scan: Scan, locator: Locator) -> Leaf | None:
    """Return the scalar at `locator`, if it is one that can be written over."""
    for leaf in scan.leaves:
        if leaf.document == 0 and leaf.locator == locator and not leaf.is_comment:
            _refuse_alias(leaf, locator)
            return None if isinstance(leaf.value, Empty | None) else leaf
    return None


def _refuse_alias(leaf: Leaf, locator: Locator) -> None:
    place = leaf.place
    if isinstance(place, Place) and place.is_copy and len(locator) > len(place.container.locator) + 1:
        raise PathError(
            f"{format_path(locator)}: comes from an alias", hint="change it at its anchor, or write the value out"
        )


def _store(text: str, note: DocumentNote, locator: Locator, node: Node) -> list[Edit]:
    root = first_document(text)
    if root is None:
        return _first_member(text, note, _lines(_nested(locator, node), 0))
    at: YAMLNode = root
    for depth, part in enumerate(locator):
        found = _member(at, part, locator[:depth])
        rest = _nested(locator[depth + 1 :], node) if depth + 1 < len(locator) else node
        if found is None:
            return _add(text, at, part, rest)
        if depth + 1 == len(locator) or found.null:
            return _replace(text, at, part, found, rest)
        at = found
    raise AssertionError("a locator leads somewhere or the loop returned")


def _first_member(text: str, note: DocumentNote, lines: str) -> list[Edit]:
    """Return the edits that put lines into a document that is empty, or the word for null."""
    if note.root_word is None:
        return _insert_lines(text, note.end, lines, at_end=True)
    newline = "\r\n" if "\r\n" in text else "\n"
    start, end = note.root_word
    behind_mark = "" if _line_start(text, start) is not None else newline
    return [Edit(start, end, behind_mark + lines.removesuffix("\n").replace("\n", newline))]


def _nested(locator: Locator, node: Node) -> Node:
    for part in reversed(locator):
        node = MappingNode([(part, node)]) if isinstance(part, str) else ListNode([node])
    return node


def _member(node: YAMLNode, part: str | int, place: Locator) -> YAMLNode | None:
    if isinstance(part, str) and node.pairs is not None:
        return next((value for name, _, value in node.pairs if name == part), None)
    if isinstance(part, int) and node.items is not None:
        if not 0 <= part <= len(node.items):
            raise PathError(f"{format_path(place)}: has {len(node.items)} elements, {part} is out of range")
        return node.items[part] if part < len(node.items) else None
    kind = "a mapping" if node.pairs is not None else "a list" if node.items is not None else "a single value"
    raise PathError(f"{format_path(place) or 'the top level'}: is {kind}, which has no member {part!a}")


def _lines(node: Node, column: int) -> str:
    """Return a mapping or list as block lines at `column`, each with its break."""
    if isinstance(node, ListNode):
        written = emit([MappingNode([("l", node)])], indent=2).decode().partition("\n")[2]
        written = "".join(line[2:] if line.startswith("  ") else line for line in written.splitlines(keepends=True))
    else:
        assert isinstance(node, MappingNode)
        written = emit([node], indent=2).decode()
    return "".join(" " * column + line if line.strip() else line for line in re.findall(r"[^\n]*\n", written))


def _insert_lines(text: str, position: int, lines: str, *, at_end: bool = False) -> list[Edit]:
    """Insert whole lines behind the line that ends at or after `position`."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = lines.replace("\n", newline)
    if not at_end:
        rest = _LINE_REST.match(text, position)
        position = rest.end() if rest else position
    if position and text[position - 1] not in "\r\n\ufeff":
        return [Edit(position, position, newline + lines.removesuffix(newline))]
    return [Edit(position, position, lines)]


def _add(text: str, parent: YAMLNode, part: str | int, node: Node) -> list[Edit]:
    empty = not (parent.pairs or parent.items)
    if parent.flow:
        written = flow_text(node) if isinstance(part, int) else f"{flow_key(part)}: {flow_text(node)}"
        position = parent.start + 1 if empty else (parent.items or [v for _, _, v in parent.pairs or []])[-1].end
        if empty:
            position = text.index("{" if parent.pairs is not None else "[", parent.start) + 1
        return [Edit(position, position, written if empty else f", {written}")]
    end = parent.keep - 1 if parent.keep else _line_end(text, parent.end)
    if _fits_lines(node, text, end, parent.column):
        member: Node = ListNode([node]) if isinstance(part, int) else MappingNode([(part, node)])
        lines = _lines(member, parent.column)
    else:
        head = "-" if isinstance(part, int) else f"{flow_key(part)}:"
        lines = f"{' ' * parent.column}{head} {flow_text(node)}\n"
    if parent.keep:
        return _insert_lines(text, parent.keep, lines, at_end=True)
    return _insert_lines(text, parent.end, lines)


def _line_end(text: str, position: int) -> int:
    """Return where the line of `position` ends, its break excluded."""
    rest = _LINE_REST.match(text, position)
    return rest.start(1) if rest else position


def _fits_lines(node: Node, text: str, end: int, column: int) -> bool:
    """Tell whether every text in a node can be a block behind `end`; if not, all of it goes on one line.

    `column` is that of the mapping or list that the node becomes a member of.
    """
    if isinstance(node, MappingNode):
        return all(_fits_lines(item[1], text, end, column) for item in node.items if not isinstance(item, Comment))
    if isinstance(node, ListNode):
        return all(_fits_lines(item, text, end, column) for item in node.items)
    return not isinstance(node, str) or "\n" not in node or fits_block(node, text, end, column + 1)


def _replace(text: str, parent: YAMLNode, part: str | int, found: YAMLNode, node: Node) -> list[Edit]:
    if found.null and found.start == found.end and isinstance(part, str):
        colon = _colon(text, _key_node(parent, part).end)
        return [Edit(colon + 1, colon + 1, " " + _value(node, parent, text, colon + 1))]
    if isinstance(part, str) and not parent.flow:
        edits = _replace_lines(text, parent, part, found, node)
        if edits:
            return edits
    blank = "" if found.end > found.start or text[found.start - 1 : found.start] in (" ", "") else " "
    return [Edit(found.start, found.end, blank + _value(node, parent, text, found.end))]


def _replace_lines(text: str, parent: YAMLNode, part: str, found: YAMLNode, node: Node) -> list[Edit]:
    """Return the edits where a collection in block style comes or goes; none where neither does."""
    key = _key_node(parent, part)
    colon = _colon(text, key.end)
    gap = text[colon + 1 : found.start]
    apart = bool(found.pairs or found.items) and not found.flow and ("\n" in gap or "\r" in gap)
    newline = "\r\n" if "\r\n" in text else "\n"
    if isinstance(node, MappingNode | ListNode) and node.items and _fits_lines(node, text, found.end, parent.column):
        if apart:
            # Lines for lines, at the column that they have; a mapping must stand deeper than its key.
            deep = isinstance(node, ListNode) or found.column > parent.column
            start, end = found.start, found.end
            lines = _lines(node, found.column if deep else parent.column + 2)[found.column :]
        else:
            start, end = key.start, max(found.end, key.end + 1)
            lines = _lines(MappingNode([(part, node)]), parent.column)[parent.column :]
        return [Edit(start, end, lines.removesuffix("\n").replace("\n", newline))]
    if apart:
        # Behind the colon, where its comment may stand; the lines of the collection go.
        written = flow_text(node) if gap.strip() else _value(node, parent, text, colon + 1)
        removal = _line_removal(text, found.start, max(found.keep, found.end))
        return [Edit(colon + 1, colon + 1, f" {written}"), removal]
    return []


def _key_node(parent: YAMLNode, part: str) -> YAMLNode:
    return next(key for name, key, _ in parent.pairs or [] if name == part)


def _colon(text: str, position: int) -> int:
    """Return where the colon behind a key stands; comments may come before it where the key has a `?`."""
    end: int = _TO_COLON.match(text, position).end()
    return end


def _value(node: Node, parent: YAMLNode, text: str, end: int) -> str:
    """Return what is written for a node in the place of what ends at `end`."""
    one_line = parent.flow or not _fits_lines(node, text, end, parent.column)
    if one_line or isinstance(node, MappingNode | ListNode):
        return flow_text(node)
    return scalar_text(node, indent=parent.column + 2, column=parent.column)


def unset_edits(text: str, locator: Locator) -> list[Edit]:
    """Return the edits that remove what stands at `locator` in the first document."""
    if not locator:
        raise PathError("a whole document cannot be removed, only what is in it")
    at, above = first_document(text), None
    for depth, part in enumerate(locator):
        found = _member(at, part, locator[:depth]) if at is not None else None
        if at is None or found is None:
            raise PathError(f"{format_path(locator)} does not exist")
        if depth + 1 == len(locator):
            return _remove(text, at, part, above)
        above = next((key for name, key, _ in at.pairs or [] if name == part), None)
        at = found
    raise AssertionError("a locator leads somewhere or the loop returned")


def _remove(text: str, parent: YAMLNode, part: str | int, above: YAMLNode | None) -> list[Edit]:
    """Remove a member of `parent`; `above` is the key that `parent` is the value of, None in lists and at the top."""
    spans = _member_spans(text, parent)
    if isinstance(part, int):
        index = part
    else:
        index = next(i for i, (name, _, _) in enumerate(parent.pairs or []) if name == part)
    start, end = spans[index]
    if parent.flow:
        return [_remove_from_flow(text, parent, spans, index)]
    if len(spans) == 1:
        return _empty_block(text, parent, spans[0], above)
    if _line_start(text, start) is None:
        # The first member of a mapping in a list shares its line with the dash.
        return [Edit(start, spans[index + 1][0], "")]
    return [_line_removal(text, start, end)]


def _remove_from_flow(text: str, parent: YAMLNode, spans: list[tuple[int, int]], index: int) -> Edit:
    if len(spans) == 1:
        opening = text.index("{" if parent.pairs is not None else "[", parent.start)
        return Edit(opening + 1, parent.end - 1, "")
    if index + 1 < len(spans):
        return Edit(spans[index][0], spans[index + 1][0], "")
    return Edit(spans[index - 1][1], spans[index][1], "")


def _empty_block(text: str, parent: YAMLNode, span: tuple[int, int], above: YAMLNode | None) -> list[Edit]:
    """Take the last member out of a block: what is left must be spelled in flow style."""
    nothing = "{}" if parent.pairs is not None else "[]"
    if above is None or _line_start(text, span[0]) is None:
        start = span[0]
        return [Edit(start, max(start, start + len(text[start : span[1]].rstrip())), nothing)]
    colon = _colon(text, above.end)
    return [Edit(colon + 1, colon + 1, " " + nothing), _line_removal(text, *span)]


def _line_start(text: str, position: int) -> int | None:
    """Return where the line of `position` starts; None when other text stands before it there."""
    line = max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1
    if text.startswith("\ufeff", line):
        line += 1
    return None if text[line:position].strip(" \t") else line


def _line_removal(text: str, start: int, end: int) -> Edit:
    line = _line_start(text, start)
    assert line is not None
    rest = _LINE_REST.match(text, end) if text[end - 1] not in "\r\n" else None
    stop = rest.end() if rest else end
    if rest is not None and not rest[1] and line:
        line -= 2 if text[line - 2 : line] == "\r\n" else 1
    return Edit(line, stop, "")


def _member_spans(text: str, parent: YAMLNode) -> list[tuple[int, int]]:
    """Return where each member begins, dash and `?` included, and where its text ends."""
    if parent.pairs is not None:
        spans = []
        for _, key, value in parent.pairs:
            end = max(value.keep, value.end) if value.end > key.end else _colon(text, key.end) + 1
            start = key.start
            if text[:start].rstrip(" \t").endswith("?") and not parent.flow:
                start = text.rindex("?", 0, start)
            spans.append((start, end))
        return spans
    spans = []
    position = parent.start
    for item in parent.items or []:
        start = item.start
        if not parent.flow:
            start = text.index("-", position)
        spans.append((start, max(item.end, item.keep, start + 1)))
        position = spans[-1][1]
    return spans
