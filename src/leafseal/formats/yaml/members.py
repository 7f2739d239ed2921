"""The members of all mappings and lists of a YAML file, from one pass over it, and edits that change many of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from leafseal.document import Edit, Locator
from leafseal.document.members import Addition, Lines, Name
from leafseal.document.paths import format_path
from leafseal.document.scalars import Empty
from leafseal.document.tree import ListNode, MappingNode, from_python
from leafseal.errors import PathError
from leafseal.formats.own_lines import before, behind, in_runs, indented, insertions, start_above
from leafseal.formats.yaml import brackets
from leafseal.formats.yaml.anchors import Alias, aliases_of, refuse_in_use
from leafseal.formats.yaml.brackets import Container
from leafseal.formats.yaml.containers import Scan
from leafseal.formats.yaml.edit import (
    Layout,
    behind_deeper_comments,
    end_block,
    first_member,
    member_lines,
    replaced,
    written_over,
)
from leafseal.formats.yaml.lines import BREAKS
from leafseal.formats.yaml.nodes import YAMLNode, documents
from leafseal.formats.yaml.removal import (
    BLANKS,
    LINE_REST,
    last_scalar,
    line_removal,
    line_start,
    span,
)


class YAMLMembers:
    """The `Members` of a YAML file."""

    def __init__(self, text: str, found: Scan) -> None:
        self._text = text
        self._scan = found
        self._roots = list(documents(text))
        self._layouts = [Layout.of(root) if root is not None else Layout() for root in self._roots]
        values = (leaf for leaf in reversed(found.leaves) if not leaf.is_comment)
        self._leaves = {(leaf.document, leaf.locator): leaf for leaf in values}
        self._containers: dict[tuple[int, Locator], Container] = {}
        self._aliases: dict[int, list[Alias]] = {}

    # -- where members are

    def lines(self, locator: Locator, document: int = 0) -> Lines | None:
        """Return the lines of a member; None where it has none of its own."""
        found = self._container(locator[:-1], document)
        if found is None or locator[-1] not in found.positions:
            return None
        if found.node.flow:
            return brackets.lines_of(self._text, found, found.positions[locator[-1]])
        return self._lines(found, found.positions[locator[-1]])

    def _container(self, locator: Locator, document: int) -> Container | None:
        known = self._containers.get((document, locator))
        if known is not None:
            return known
        if locator:
            outer = self._container(locator[:-1], document)
            if outer is None or locator[-1] not in outer.positions:
                return None
            key, node = outer.members[outer.positions[locator[-1]]]
            found = _container(node, key if outer.node.pairs is not None else None, outer.node)
        else:
            root = self._roots[document]
            if root is None:
                return None
            found = _container(root, None, None)
        self._containers[document, locator] = found
        return found

    def _lines(self, found: Container, index: int) -> Lines:
        text, column = self._text, found.node.column
        first, _ = found.members[index]
        text_end = self._text_end(found, index)
        end = behind_deeper_comments(text, text_end, column)
        line = line_start(text, first.mark)
        start = first.mark if line is None else line
        above = start
        if index:
            above = min(start, self._end(found, index - 1))
        elif line is not None:
            above = start_above(text, line, ("#",))
        last = index + 1 == len(found.members)
        shares_column = found.key is not None and found.parent is not None and column <= found.parent.column
        if not last:
            rest = max(end, line_start(text, found.members[index + 1][0].mark) or end)
        else:
            rest = end if shares_column else behind_deeper_comments(text, end, column - 1)
        return Lines(above, start, text_end, end, rest, column)

    def _end(self, found: Container, index: int) -> int:
        """Return where the lines of a member end, with the comments that stand deeper than it does."""
        return behind_deeper_comments(self._text, self._text_end(found, index), found.node.column)

    def _text_end(self, found: Container, index: int) -> int:
        end = span(found.members[index])[1]
        return end if self._text[end - 1] in BREAKS else LINE_REST.match(self._text, end).end()

    # -- changes

    def replace(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edits that replace a value."""
        self._refuse_in_use(locator, document)
        node, leaf = from_python(value), self._leaves.get((document, locator))
        is_scalar = leaf is not None and not isinstance(leaf.value, Empty | None)
        if leaf is not None and is_scalar and not isinstance(node, MappingNode | ListNode | None):
            return written_over(self._text, leaf, node)
        found = self._container(locator[:-1], document) if locator else None
        if found is None or locator[-1] not in found.positions:
            raise PathError(f"{format_path(locator)}: nothing can be replaced there")
        key, old = found.members[found.positions[locator[-1]]]
        layout = self._layouts[document]
        return replaced(self._text, found.node, locator[-1], key, old, node, layout)

    def change(
        self, locator: Locator, removed: Collection[Name], added: Sequence[Addition], document: int = 0
    ) -> list[Edit]:
        """Return the edits that take members out of a mapping or list, and put others in."""
        found = self._container(locator, document)
        for name in [*removed, *(one.name if isinstance(one.name, str) else -1 for one in added)]:
            self._refuse_in_use((*locator, name), document)
        layout = self._layouts[document]
        if found is None:
            if locator or not added:
                raise PathError(f"{format_path(locator)}: nothing can be changed there")
            written = "".join(self._written(one, 0, layout, 0) for one in added)
            return first_member(self._text, self._scan.documents[document], written)
        gone = {found.positions[name] for name in removed}
        if found.node.flow:
            return self._open_up(found, added, layout) or brackets.change(self._text, found, gone, added)
        edits = list(self._removals(found, gone, empties=not added))
        if len(gone) == len(found.members):
            edits += self._insertions(found, added, layout, is_emptied=True)
        elif added:
            edits += self._insertions(found, added, layout, is_emptied=False)
        return edits

    def _refuse_in_use(self, locator: Locator, document: int) -> None:
        if self._scan.has_aliases:
            if document not in self._aliases:
                self._aliases[document] = list(aliases_of(self._scan, document))
            refuse_in_use(self._text, self._scan, locator, document, self._aliases[document])

    # -- blocks

    def _written(self, one: Addition, column: int, layout: Layout, position: int) -> str:
        if one.lines is not None and not one.in_brackets:
            return indented(one.lines, column)
        return member_lines(self._text, position, one.name, from_python(one.value), column, layout)

    def _insertions(
        self, found: Container, added: Sequence[Addition], layout: Layout, *, is_emptied: bool
    ) -> list[Edit]:
        text, column = self._text, found.node.column
        placed: list[tuple[int, str]] = []
        edits: list[Edit] = []
        shares = line_start(text, found.members[0][0].mark) is None
        for one, written in in_runs(added, lambda one: self._written(one, column, layout, self._place(found, one))):
            lines = self._lines(found, 0 if one.after is None else found.positions[one.after])
            if one.after is None:
                placed.append((lines.start, written) if shares else before(text, lines, one, written))
                continue
            if last_scalar(found.members[found.positions[one.after]][1]).keep == lines.end:
                written = written.lstrip("\n")  # a blank line would become part of the text before it
            placed.append(behind(text, lines, one, written))
        if shares:
            # The first member shares its line with a dash; what comes before it does so then.
            head = found.members[0][0].mark
            first = "".join(lines for position, lines in placed if position == head)
            if first:
                placed = [(position, lines) for position, lines in placed if position != head]
                placed.insert(0, (head, first.lstrip(" \n") + ("" if is_emptied else " " * column)))
        if any(position == len(text) for position, _ in placed):
            edits += end_block(text, found.node)
        return [*edits, *insertions(text, placed)]

    def _place(self, found: Container, one: Addition) -> int:
        if one.after is None:
            return found.members[0][0].mark
        return self._lines(found, found.positions[one.after]).end

    def _removals(self, found: Container, gone: set[int], *, empties: bool) -> Iterator[Edit]:
        """Yield the edits that take members out of a block; one that is empty then says so."""
        text, members = self._text, found.members
        if empties and len(gone) == len(members):
            nothing = "{}" if found.node.pairs is not None else "[]"
            start, end = span(members[0])
            if found.key is None or found.key.colon is None or line_start(text, start) is None:
                yield Edit(start, start + len(text[start:end].rstrip()), nothing)
                gone = gone - {0}
            else:
                position = found.node.properties or found.key.colon + 1
                yield Edit(position, position, " " + nothing)
        for index in sorted(gone):
            start, end = span(members[index])
            if line_start(text, start) is not None:
                follows_block = index > 0 and last_scalar(members[index - 1][1]).header > 0
                yield line_removal(text, start, end, keep_break=follows_block)
                continue
            if text[end - 1] not in BREAKS:
                end = LINE_REST.match(text, end).end()
            if len(gone) < len(members):
                end = BLANKS.match(text, end).end()
            yield Edit(start, end, "")

    # -- brackets

    def _open_up(self, found: Container, added: Sequence[Addition], layout: Layout) -> list[Edit]:
        """Return the edits that make lines of an empty pair of brackets; none where it is not one, or stays one."""
        text, node = self._text, found.node
        if node.members or node.opening is None or any(one.lines is None or one.in_brackets for one in added):
            return []
        if text[node.opening + 1 : node.end - 1].strip() or (found.parent is not None and found.parent.flow):
            return []
        if found.parent is None:
            start = line_start(text, node.start)
            written = "".join(self._written(one, 0, layout, 0) for one in added).removesuffix("\n")
            return [Edit(node.start, node.end, ("\n" if start is None else "") + written)]
        if found.parent.items is not None:
            if node.start != node.opening or node.mark == node.start:  # with an anchor, or behind no dash
                return []
            lines = "".join(self._written(one, node.column, layout, 0) for one in added)
            line = LINE_REST.match(text, node.end)
            if text[node.end : line.end()].strip() or lines.lstrip().startswith("#"):
                return [Edit(node.start - 1, node.end, ""), *insertions(text, [(line.end(), lines)])]
            newline = "\r\n" if "\r\n" in text else "\n"
            return [Edit(node.start, node.end, lines.strip(" \n").replace("\n", newline))]
        if found.key is None or found.key.colon is None or text[found.key.colon + 1 : node.opening].strip(" "):
            return []
        step = layout.indent if node.pairs is not None else layout.list_indent
        column = found.parent.column + step
        line = LINE_REST.match(text, node.end).end()
        lines = "".join(self._written(one, column, layout, 0) for one in added)
        return [Edit(found.key.colon + 1, node.end, ""), *insertions(text, [(line, lines)])]


def _container(node: YAMLNode, key: YAMLNode | None, parent: YAMLNode | None) -> Container:
    members = node.members
    names: list[Name] = list(range(len(members))) if node.pairs is None else [name for name, _, _ in node.pairs]
    return Container(node, key, parent, members, {name: index for index, name in reversed(list(enumerate(names)))})
