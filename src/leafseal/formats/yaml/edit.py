"""Set and remove values of a YAML file in place: new text for the lines concerned, all others as they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leafseal.document import Edit, Leaf, Locator, Member, Repeated
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.paths import format_path
from leafseal.document.scalars import Empty
from leafseal.document.tree import Comment, ListNode, MappingNode, Node, from_python
from leafseal.errors import PathError
from leafseal.formats.common import repeated_of
from leafseal.formats.yaml.anchors import refuse_in_use
from leafseal.formats.yaml.containers import DocumentNote, Place, Scan
from leafseal.formats.yaml.emitter import emit_block, scalar_text
from leafseal.formats.yaml.lines import BREAK, BREAKS, COMMENT, last_break
from leafseal.formats.yaml.nodes import YAMLNode, block_marks, documents, first_document
from leafseal.formats.yaml.style import canonical_text, fits_block, flow_key, flow_text

_COMMENT_LINE = LazyPattern(rf"(?:[ \t]*{BREAK})*([ \t]*){COMMENT}(?:{BREAK}|\Z)")
_LINE_REST = LazyPattern(rf"[^{BREAKS}]*({BREAK}|\Z)")


def set_edits(text: str, scan: Scan, locator: Locator, value: object) -> list[Edit]:
    """Return the edits that store `value` at `locator` in the first document."""
    if not locator:
        raise PathError("a whole document cannot be set, only what is in it")
    refuse_in_use(text, scan, locator)
    node = from_python(value)
    leaf = _leaf(scan, locator)
    if leaf is not None and not isinstance(node, MappingNode | ListNode | None):
        place = leaf.place
        if isinstance(place, Place) and (place.tag is not None or not isinstance(node, str)):
            # A tag may give another type to what is new.
            anchor = f"&{place.anchor} " if place.anchor else ""
            return [Edit(place.full_start, leaf.end, anchor + canonical_text(leaf, node, text))]
        return [Edit(leaf.start, leaf.end, canonical_text(leaf, node, text))]
    return _store(text, scan.documents[0], locator, node)


def _leaf(scan: Scan, locator: Locator) -> Leaf | None:
    """Return the scalar at `locator`, if it is one that can be written over."""
    for leaf in scan.leaves:
        if leaf.document == 0 and leaf.locator == locator and not leaf.is_comment:
            return None if isinstance(leaf.value, Empty | None) else leaf
    return None


def _store(text: str, note: DocumentNote, locator: Locator, node: Node) -> list[Edit]:
    root = first_document(text)
    if root is None:
        return _first_member(text, note, _Layout().lines(_nested(locator, node), 0))
    at, layout = root, _Layout.of(root)
    for depth, part in enumerate(locator):
        found = _member(at, part, locator[:depth])
        rest = _nested(locator[depth + 1 :], node) if depth + 1 < len(locator) else node
        if found is None:
            return _add(text, at, part, rest, layout)
        if depth + 1 == len(locator) or found.null:
            return _replace(text, at, part, found, rest, layout)
        at = found
    raise AssertionError("a locator leads somewhere or the loop returned")


def _first_member(text: str, note: DocumentNote, lines: str) -> list[Edit]:
    """Return the edits that put lines into a document that is empty, or the word for null."""
    if note.root_word is None:
        return _insert_lines(text, note.end, lines, at_end=True)
    newline = _newline(text)
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


# -- new lines -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Layout:
    """How far the blocks of a file stand in from their keys."""

    indent: int = 2
    list_indent: int = 2

    @classmethod
    def of(cls, root: YAMLNode) -> _Layout:
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
        position = _LINE_REST.match(text, position).end()
    if position and text[position - 1] not in BREAKS + "\ufeff":
        return [Edit(position, position, newline + lines.removesuffix(newline))]
    return [Edit(position, position, lines)]


def _add(text: str, parent: YAMLNode, part: str | int, node: Node, layout: _Layout) -> list[Edit]:
    last = parent.last_member
    if parent.flow:
        written = flow_text(node) if isinstance(part, int) else f"{flow_key(part)}: {flow_text(node)}"
        if last is not None:
            return [Edit(last.end, last.end, f", {written}")]
        assert parent.opening is not None
        return [Edit(parent.opening + 1, parent.opening + 1, written)]
    position = _behind_deeper_comments(text, parent.keep or _LINE_REST.match(text, parent.end).end(), parent.column)
    end = position - 1 if text[position - 1] in BREAKS else position
    if _fits_lines(node, text, end, parent.column):
        member: Node = ListNode([node]) if isinstance(part, int) else MappingNode([(part, node)])
        lines = layout.lines(member, parent.column)
    else:
        head = "-" if isinstance(part, int) else f"{flow_key(part)}:"
        lines = f"{' ' * parent.column}{head} {flow_text(node)}\n"
    return [*_end_block(text, parent), *_insert_lines(text, position, lines, at_end=True)]


def _behind_deeper_comments(text: str, position: int, column: int) -> int:
    """Return where the comments end that stand deeper than what is to follow: they belong to what is before it."""
    while (line := _COMMENT_LINE.match(text, position)) and len(line[1]) > column:
        position = line.end()
    return position


def _end_block(text: str, parent: YAMLNode) -> list[Edit]:
    """Return the edit of the last block scalar's header that lets lines follow where the file ends in it.

    Its value has no line break at the end because the file has none there; now it must say so.
    """
    last = _last_scalar(parent)
    if not last.header or "\n" in (behind := text[last.end :]) or "\r" in behind:
        return []
    marks = block_marks(text, last)
    return [Edit(last.header, last.header + len(marks), marks.strip("+-") + "-")]


def _last_scalar(node: YAMLNode) -> YAMLNode:
    while (last := node.last_member) is not None:
        node = last
    return node


def _line_end(text: str, position: int) -> int:
    """Return where the line of `position` ends, its break excluded."""
    end: int = _LINE_REST.match(text, position).start(1)
    return end


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


def _replace(text: str, parent: YAMLNode, part: str | int, found: YAMLNode, node: Node, layout: _Layout) -> list[Edit]:
    if isinstance(part, str):
        key = _key_node(parent, part)
        if key.colon is None:
            return _add_colon(text, parent, key, node, layout)
        if found.null and found.start == found.end:
            behind = key.colon + 1
            return [Edit(behind, behind, " " + _value(node, parent, text, behind, layout))]
        if not parent.flow and (edits := _replace_lines(text, parent, part, key, found, node, layout)):
            return edits
    blank = "" if found.end > found.start or text[found.start - 1 : found.start] in (" ", "") else " "
    return [Edit(found.start, found.end, blank + _value(node, parent, text, found.end, layout))]


def _add_colon(text: str, parent: YAMLNode, key: YAMLNode, node: Node, layout: _Layout) -> list[Edit]:
    """Give a value to a key that has not even a colon: `{key}`, or `? key` by itself."""
    if parent.flow:
        return [Edit(key.end, key.end, f": {flow_text(node)}")]
    value = _value(node, parent, text, _line_end(text, key.end), layout)
    return _insert_lines(text, key.end, f"{' ' * parent.column}: {value}\n")


def _replace_lines(
    text: str, parent: YAMLNode, part: str, key: YAMLNode, found: YAMLNode, node: Node, layout: _Layout
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
        removal = _line_removal(text, found.start, max(found.keep, found.end))
        return [Edit(behind, behind, f" {written}"), removal]
    return []


def _key_node(parent: YAMLNode, part: str) -> YAMLNode:
    return next(key for name, key, _ in parent.pairs or [] if name == part)


def _value(node: Node, parent: YAMLNode, text: str, end: int, layout: _Layout) -> str:
    """Return what is written for a node in the place of what ends at `end`."""
    one_line = parent.flow or not _fits_lines(node, text, end, parent.column)
    if one_line or isinstance(node, MappingNode | ListNode):
        return flow_text(node)
    return scalar_text(node, indent=parent.column + layout.indent, column=parent.column)


# -- removing --------------------------------------------------------------------------------------------------------


def unset_edits(text: str, scan: Scan, locator: Locator) -> list[Edit]:
    """Return the edits that remove what stands at `locator` in the first document."""
    if not locator:
        raise PathError("a whole document cannot be removed, only what is in it")
    refuse_in_use(text, scan, locator)
    at, above = first_document(text), None
    for depth, part in enumerate(locator):
        found = _member(at, part, locator[:depth]) if at is not None else None
        if at is None or found is None:
            raise PathError(f"{format_path(locator)} does not exist")
        if depth + 1 == len(locator):
            return _remove(text, at, _index(at, part), above)
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
    for index, (first, last) in enumerate(node.members):
        name = index if node.pairs is None else node.pairs[index][0]
        place = (*locator, name)
        if place == ("sops",):
            continue
        if names[name] > 1:
            yield node.start, place, Member(first.mark, last.end, _remove(text, node, index, above))
        yield from _named(text, last, place, first if node.pairs is not None else None)


def _index(parent: YAMLNode, part: str | int) -> int:
    """Return the position of the first member that `part` names."""
    if isinstance(part, int):
        return part
    return next(index for index, (name, _, _) in enumerate(parent.pairs or []) if name == part)


def _remove(text: str, parent: YAMLNode, index: int, above: YAMLNode | None) -> list[Edit]:
    """Remove a member of `parent`; `above` is the key that `parent` is the value of, None in lists and at the top.

    A comment on the line where a member ends goes with it; those on lines of their own stay.
    """
    members = parent.members
    if parent.flow:
        return _remove_from_flow(text, parent, index)
    start, end = _span(members[index])
    if len(members) == 1:
        return _empty_block(text, parent, start, end, above)
    if _line_start(text, start) is None:
        # The first member of a mapping in a list shares its line with the dash.
        line = _LINE_REST.match(text, end).end() if text[end - 1] not in BREAKS else end
        return [Edit(start, _BLANKS.match(text, line).end(), "")]
    follows_block = index > 0 and _last_scalar(members[index - 1][1]).header > 0
    return [_line_removal(text, start, end, keep_break=follows_block)]


def _span(member: tuple[YAMLNode, YAMLNode]) -> tuple[int, int]:
    """Return where a member of a block begins, dash and `?` included, and where its text ends."""
    first, last = member
    begins_with = first.mark + 1 if first.colon is None else first.colon + 1
    return first.mark, max(last.end, last.keep, first.end, begins_with)


def _remove_from_flow(text: str, parent: YAMLNode, index: int) -> list[Edit]:
    members = parent.members
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
    if _line_start(text, start) is not None and not _COMMENT.sub("", text[end : _line_end(text, end)]).strip(" \t"):
        return [*edits, _line_removal(text, start, end)]
    behind = _BLANKS_ON_LINE.match(text, end).end()
    return [*edits, Edit(start, end if text.startswith("#", behind) else behind, "")]


_BLANKS = LazyPattern(r"[ \t\r\n]*")
_BLANKS_ON_LINE = LazyPattern(r"[ \t]*")
_COMMENT = LazyPattern(rf"(?<!\S){COMMENT}")


def _empty_block(text: str, parent: YAMLNode, start: int, end: int, above: YAMLNode | None) -> list[Edit]:
    """Take the last member out of a block: what is left must be spelled in flow style."""
    nothing = "{}" if parent.pairs is not None else "[]"
    if above is None or above.colon is None or _line_start(text, start) is None:
        return [Edit(start, start + len(text[start:end].rstrip()), nothing)]
    behind = parent.properties or above.colon + 1
    return [Edit(behind, behind, " " + nothing), _line_removal(text, start, end)]


def _line_start(text: str, position: int) -> int | None:
    """Return where the line of `position` starts; None when other text stands before it there."""
    line = text.rfind("\n", 0, position) + 1
    line = max(line, last_break(text, line, position) + 1)
    if text.startswith("\ufeff", line):
        line += 1
    return None if text[line:position].strip(" \t") else line


def _line_removal(text: str, start: int, end: int, *, keep_break: bool = False) -> Edit:
    """Return the edit that takes out whole lines.

    Where they are the last and have no line break, the one before them goes, unless a block scalar needs it.
    """
    line = _line_start(text, start)
    assert line is not None
    if text[end - 1] in BREAKS:
        return Edit(line, end, "")
    rest = _LINE_REST.match(text, end)
    if not rest[1] and line and not keep_break:
        line -= 2 if text[line - 2 : line] == "\r\n" else 1
    return Edit(line, rest.end(), "")
