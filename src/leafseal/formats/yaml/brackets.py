"""Edits of the members of mappings and lists in brackets, on one line or over several."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import NamedTuple

from leafseal.document import Edit
from leafseal.document.members import Addition, Lines, Name
from leafseal.document.tree import from_python
from leafseal.formats.own_lines import before, behind, in_runs, indented, insertions
from leafseal.formats.yaml.edit import key_text
from leafseal.formats.yaml.nodes import YAMLNode
from leafseal.formats.yaml.removal import LINE_REST, line_start, remove_from_flow
from leafseal.formats.yaml.style import flow_text


class Container(NamedTuple):
    """A mapping or list, the key that it is the value of if it is that of one, and its members by name."""

    node: YAMLNode
    key: YAMLNode | None
    parent: YAMLNode | None
    members: list[tuple[YAMLNode, YAMLNode]]
    positions: dict[Name, int]


def lines_of(text: str, found: Container, index: int) -> Lines | None:
    """Return the lines of a member, where it and its neighbors have lines of their own; None where they have none."""
    node, members = found.node, found.members
    if node.opening is None:
        return None
    above = _line_end(text, node.opening + 1) if not index else _member_end(text, members[index - 1])
    end = _member_end(text, members[index])
    following = members[index + 1][0].mark if index + 1 < len(members) else node.end - 1
    first, last = members[index]
    start, behind_it = line_start(text, first.mark), line_start(text, following)
    if above is None or end is None or start is None or behind_it is None:
        return None
    comma = last.end if last.comma is None else None
    return Lines(above, start, end, end, behind_it, first.mark - start, in_brackets=True, comma=comma)


def _member_end(text: str, member: tuple[YAMLNode, YAMLNode]) -> int | None:
    last = member[1]
    return _line_end(text, last.end if last.comma is None else last.comma + 1)


def _line_end(text: str, position: int) -> int | None:
    """Return where a line ends, if nothing but a comment is left of it."""
    end: int = LINE_REST.match(text, position).end()
    rest = text[position:end].strip()
    return end if not rest or rest.startswith("#") else None


def change(text: str, found: Container, gone: set[int], added: Sequence[Addition]) -> list[Edit]:
    """Return the edits that take members out of brackets, by their positions, and put others in."""
    node, members = found.node, found.members
    stays = [index for index in range(len(members)) if index not in gone]
    if node.opening is None:  # `[k: v]`, a mapping without brackets of its own
        first, last = members[0]
        written = ", ".join(map(_source, added))
        if gone:
            return [Edit(first.mark, last.end, "{" + written + "}")]
        return [Edit(first.mark, first.mark, "{"), Edit(last.end, last.end, f", {written}}}")]
    if not stays:
        return [Edit(node.opening + 1, node.end - 1, ", ".join(map(_source, added)))]
    edits = [edit for run in _runs(gone) for edit in _run_removal(text, found, run)]
    for after, group in groupby(added, key=lambda one: one.after):
        number = stays[0] if after is None else found.positions[after]
        edits += _insertion(text, found, number, list(group))
    return edits


def _insertion(text: str, found: Container, number: int, run: Sequence[Addition]) -> list[Edit]:
    """Return the edits that put members beside another, which has the position `number`."""
    lines = lines_of(text, found, number)
    first, last = found.members[number]
    if lines is None:
        if run[0].after is None:
            return [Edit(first.mark, first.mark, "".join(f"{_source(one)}, " for one in run))]
        return [Edit(last.end, last.end, "".join(f", {_source(one)}" for one in run))]
    column = lines.column
    [(one, written)] = in_runs(run, lambda one: _line(one, column))
    if one.after is None:
        return insertions(text, [before(text, lines, one, written)])
    comma = [Edit(lines.comma, lines.comma, ",")] if lines.comma is not None else []
    return [*comma, *insertions(text, [behind(text, lines, one, written)])]


def _line(one: Addition, column: int) -> str:
    if one.lines is not None and one.in_brackets:
        return indented(one.lines, column)
    return f"{' ' * column}{_source(one)},\n"


def _source(one: Addition) -> str:
    node = from_python(one.value)
    value = one.spelling if one.spelling is not None else flow_text(node)
    return f"{key_text(one.name, node)}: {value}" if isinstance(one.name, str) else value


def _run_removal(text: str, found: Container, run: Sequence[int]) -> list[Edit]:
    """Return the edits that take neighbors out."""
    members = found.members
    if len(run) == 1:
        return remove_from_flow(text, found.node, members, run[0])
    if run[0]:
        return [Edit(members[run[0] - 1][1].end, members[run[-1]][1].end, "")]
    return [Edit(members[0][0].mark, members[run[-1] + 1][0].mark, "")]


def _runs(positions: Collection[int]) -> list[list[int]]:
    """Return positions in runs of neighbors."""
    runs: list[list[int]] = []
    for position in sorted(positions):
        if runs and runs[-1][-1] == position - 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    return runs
