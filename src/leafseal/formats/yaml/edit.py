"""Set values of a YAML file in place: new text for the lines concerned, all others as they were."""

from __future__ import annotations

from dataclasses import dataclass

from leafseal.document import Edit, Leaf, Locator
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.scalars import Empty, Scalar
from leafseal.document.tree import Comment, ListNode, MappingNode, Node, from_python
from leafseal.errors import PathError
from leafseal.formats.yaml.anchors import refuse_in_use
from leafseal.formats.yaml.containers import DocumentNote, Place, Scan
from leafseal.formats.yaml.emitter import emit_block, scalar_text
from leafseal.formats.yaml.lines import BREAK, BREAKS, COMMENT, last_break
from leafseal.formats.yaml.nodes import YAMLNode, block_marks, root_of
from leafseal.formats.yaml.removal import LINE_REST, last_scalar, line_end, line_removal, line_start, member_of
from leafseal.formats.yaml.style import canonical_text, fits_block, flow_key, flow_text

_COMMENT_LINE = LazyPattern(rf"(?:[ \t]*{BREAK})*([ \t]*){COMMENT}(?:{BREAK}|\Z)")


def set_edits(text: str, scan: Scan, locator: Locator, value: object, document: int = 0) -> list[Edit]:
    """Return the edits that store `value` at `locator` of a document."""
    if not locator:
        raise PathError("a whole document cannot be set, only what is in it")
    refuse_in_use(text, scan, locator, document)
    node = from_python(value)
    leaf = _leaf(scan, locator, document)
    if leaf is not None and not isinstance(node, MappingNode | ListNode | None):
        return written_over(text, leaf, node)
    return _store(text, scan.documents[document], root_of(text, document), locator, node)


def written_over(text: str, leaf: Leaf, value: Scalar) -> list[Edit]:
    """Return the edits that put a scalar in the place of another, in its style."""
    place = leaf.place
    if isinstance(place, Place) and (place.tag is not None or not isinstance(value, str)):
        # A tag may give another type to what is new.
        anchor = f"&{place.anchor} " if place.anchor else ""
        return [Edit(place.full_start, leaf.end, anchor + canonical_text(leaf, value, text))]
    return [Edit(leaf.start, leaf.end, canonical_text(leaf, value, text))]


def member_edits(text: str, root: YAMLNode, parent: YAMLNode, part: str | int, value: object) -> list[Edit]:
    """Return the edits that store `value` as a member of a node, whatever stands for that node elsewhere."""
    node, found, layout = from_python(value), member_of(parent, part, ()), Layout.of(root)
    if found is None:
        return _add(text, parent, part, node, layout)
    return replaced(text, parent, part, _key_node(parent, part), found, node, layout)


def _leaf(scan: Scan, locator: Locator, document: int) -> Leaf | None:
    """Return the scalar at `locator`, if it is one that can be written over."""
    for leaf in scan.leaves:
        if leaf.document == document and leaf.locator == locator and not leaf.is_comment:
            return None if isinstance(leaf.value, Empty | None) else leaf
    return None


def _store(text: str, note: DocumentNote, root: YAMLNode | None, locator: Locator, node: Node) -> list[Edit]:
    if root is None:
        return first_member(text, note, Layout().lines(_nested(locator, node), 0))
    at, layout = root, Layout.of(root)
    for depth, part in enumerate(locator):
        found = member_of(at, part, locator[:depth])
        rest = _nested(locator[depth + 1 :], node) if depth + 1 < len(locator) else node
        if found is None:
            return _add(text, at, part, rest, layout)
        if depth + 1 == len(locator) or found.null:
            return replaced(text, at, part, _key_node(at, part), found, rest, layout)
        at = found
    raise AssertionError("a locator leads somewhere or the loop returned")


def first_member(text: str, note: DocumentNote, lines: str) -> list[Edit]:
    """Return the edits that put lines into a document that is empty, or the word for null."""
    if note.root_word is None:
        return _insert_lines(text, note.end, lines, at_end=True)
    newline = _newline(text)
    start, end = note.root_word
    behind_mark = "" if line_start(text, start) is not None else newline
    return [Edit(start, end, behind_mark + lines.removesuffix("\n").replace("\n", newline))]


def _nested(locator: Locator, node: Node) -> Node:
    for part in reversed(locator):
        node = MappingNode([(part, node)]) if isinstance(part, str) else ListNode([node])
    return node


# -- new lines -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Layout:
    """How far the blocks of a file stand in from their keys."""

    indent: int = 2
    list_indent: int = 2

    @classmethod
    def of(cls, root: YAMLNode) -> Layout:
        """Return the layout of the first blocks in a document that stand below a key."""
        steps: dict[bool, int] = {}
        waiting = [root]
        while waiting and len(steps) < 2:
            node = waiting.pop()
            inner = [value for _, value in node.members]
            if node.pairs is not None and not node.flow:
                for value in inner:
                    if (value.pairs or value.items) and not value.flow:
                        steps.setdefault(value.items is not None, value.column - node.column)
            waiting.extend(reversed(inner))
        indent = steps.get(False) or steps.get(True) or 2
        return cls(indent if 2 <= indent <= 9 else 2, steps.get(True, indent))

    def lines(self, node: Node, column: int) -> str:
        """Return a mapping or list as block lines at `column`, each with its break."""
        assert isinstance(node, MappingNode | ListNode)
        written = emit_block(node, indent=self.indent, list_indent=self.list_indent)
        return "".join(" " * column + line if line.strip() else line for line in written.splitlines(keepends=True))


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _insert_lines(text: str, position: int, lines: str, *, at_end: bool = False) -> list[Edit]:
    """Insert whole lines behind the line that ends at or after `position`."""
    newline = _newline(text)
    lines = lines.replace("\n", newline)
    if not at_end:
        position = LINE_REST.match(text, position).end()
    if position and text[position - 1] not in BREAKS + "\ufeff":
        return [Edit(position, position, newline + lines.removesuffix(newline))]
    return [Edit(position, position, lines)]


def _add(text: str, parent: YAMLNode, part: str | int, node: Node, layout: Layout) -> list[Edit]:
    last = parent.last_member
    if parent.flow:
        written = flow_text(node) if isinstance(part, int) else f"{key_text(part, node)}: {flow_text(node)}"
        if parent.opening is None:  # `[k: v]`, a mapping without brackets of its own
            first, last = parent.members[0]
            return [Edit(first.mark, first.mark, "{"), Edit(last.end, last.end, f", {written}}}")]
        if last is not None:
            return [Edit(last.end, last.end, f", {written}")]
        return [Edit(parent.opening + 1, parent.opening + 1, written)]
    position = behind_deeper_comments(text, parent.keep or LINE_REST.match(text, parent.end).end(), parent.column)
    lines = member_lines(text, position, part, node, parent.column, layout)
    return [*end_block(text, parent), *_insert_lines(text, position, lines, at_end=True)]


def member_lines(text: str, position: int, part: str | int, node: Node, column: int, layout: Layout) -> str:
    """Return the lines of a new member of a block at `column`, which go to `position`, each with its break."""
    end = position - 1 if text[position - 1] in BREAKS else position
    if _fits_lines(node, text, end, column) and not _is_no_merge(part, node):
        return layout.lines(ListNode([node]) if isinstance(part, int) else MappingNode([(part, node)]), column)
    head = "-" if isinstance(part, int) else f"{key_text(part, node)}:"
    return f"{' ' * column}{head} {flow_text(node)}\n"


def key_text(key: str, node: Node) -> str:
    """Return a key as it is written before a colon."""
    return '"<<"' if _is_no_merge(key, node) else flow_key(key)


def _is_no_merge(key: str | int, node: Node) -> bool:
    """Tell whether a key `<<` is before what nothing can merge: without quotes, sops refuses the file."""
    return key == "<<" and not isinstance(node, MappingNode | ListNode)


def behind_deeper_comments(text: str, position: int, column: int) -> int:
    """Return where the comments end that stand deeper than what is to follow: they belong to what is before it."""
    while (line := _COMMENT_LINE.match(text, position)) and len(line[1]) > column:
        position = line.end()
    return position


def end_block(text: str, parent: YAMLNode) -> list[Edit]:
    """Return the edit of the last block scalar's header that lets lines follow where the file ends in it.

    Its value has no line break at the end because the file has none there; now it must say so.
    """
    last = last_scalar(parent)
    if not last.header or "\n" in (behind := text[last.end :]) or "\r" in behind:
        return []
    marks = block_marks(text, last)
    return [Edit(last.header, last.header + len(marks), marks.strip("+-") + "-")]


def _fits_lines(node: Node, text: str, end: int, column: int) -> bool:
    """Tell whether every text in a node can be a block behind `end`; if not, all of it goes on one line.

    `column` is that of the mapping or list that the node becomes a member of.
    """
    if isinstance(node, MappingNode):
        return all(_fits_lines(item[1], text, end, column) for item in node.items if not isinstance(item, Comment))
    if isinstance(node, ListNode):
        return all(_fits_lines(item, text, end, column) for item in node.items)
    return not isinstance(node, str) or "\n" not in node or fits_block(node, text, end, column + 1)


# -- in the place of a value -----------------------------------------------------------------------------------------


def replaced(
    text: str, parent: YAMLNode, part: str | int, key: YAMLNode | None, found: YAMLNode, node: Node, layout: Layout
) -> list[Edit]:
    """Return the edits that put a node in the place of another, under its key if it has one."""
    if isinstance(part, str) and key is not None:
        if key.colon is None:
            return _add_colon(text, parent, key, node, layout)
        if found.null and found.start == found.end:
            behind = key.colon + 1
            return [Edit(behind, behind, " " + _value(node, parent, text, behind, layout))]
        if not parent.flow and (edits := _replace_lines(text, parent, part, key, found, node, layout)):
            return edits
    blank = "" if found.end > found.start or text[found.start - 1 : found.start] in (" ", "") else " "
    return [Edit(found.start, found.end, blank + _value(node, parent, text, found.end, layout))]


def _add_colon(text: str, parent: YAMLNode, key: YAMLNode, node: Node, layout: Layout) -> list[Edit]:
    """Give a value to a key that has not even a colon: `{key}`, or `? key` by itself."""
    if parent.flow:
        return [Edit(key.end, key.end, f": {flow_text(node)}")]
    value = _value(node, parent, text, line_end(text, key.end), layout)
    return _insert_lines(text, key.end, f"{' ' * parent.column}: {value}\n")


def _replace_lines(
    text: str, parent: YAMLNode, part: str, key: YAMLNode, found: YAMLNode, node: Node, layout: Layout
) -> list[Edit]:
    """Return the edits where a collection in block style comes or goes; none where neither does."""
    assert key.colon is not None
    behind = key.colon + 1
    gap = text[behind : found.start]
    apart = last_break(gap, 0, len(gap)) >= 0
    if isinstance(node, MappingNode | ListNode) and node.items and _fits_lines(node, text, found.end, parent.column):
        if apart:
            # Lines for lines, at the column that they have; a mapping must stand deeper than its key.
            deep = isinstance(node, ListNode) or found.column > parent.column
            start, end = found.start, found.end
            lines = layout.lines(node, found.column if deep else parent.column + layout.indent)[found.column :]
        else:
            start, end = key.start, max(found.end, behind)
            lines = layout.lines(MappingNode([(part, node)]), parent.column)[parent.column :]
        return [Edit(start, end, lines.removesuffix("\n").replace("\n", _newline(text)))]
    if apart and (found.pairs or found.items) and not found.flow:
        # Behind the colon, where its comment may stand; the lines of the collection go.
        written = flow_text(node) if gap.strip() else _value(node, parent, text, behind, layout)
        removal = line_removal(text, found.start, max(found.keep, found.end))
        return [Edit(behind, behind, f" {written}"), removal]
    return []


def _key_node(parent: YAMLNode, part: str | int) -> YAMLNode | None:
    return next((key for name, key, _ in parent.pairs or [] if name == part), None)


def _value(node: Node, parent: YAMLNode, text: str, end: int, layout: Layout) -> str:
    """Return what is written for a node in the place of what ends at `end`."""
    one_line = parent.flow or not _fits_lines(node, text, end, parent.column)
    if one_line or isinstance(node, MappingNode | ListNode):
        return flow_text(node)
    return scalar_text(node, indent=parent.column + layout.indent, column=parent.column)
