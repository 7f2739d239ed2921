"""A file as a model: documents of mappings, lists and scalars, with comments and a style, and its text in each format.

Nothing here uses the product: the text is written by this module alone.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TypeAlias

Node: TypeAlias = "str | int | float | bool | list[Node] | dict[str, Node] | None"
Where: TypeAlias = "tuple[str | int, ...]"
"""A place: the number of the document, then keys and indices."""

SUFFIXES = {"yaml": ".yaml", "json": ".json", "dotenv": ".env", "ini": ".ini"}


def same(one: object, other: object) -> bool:
    """Tell whether two values are equal in type and content. Of a mapping the order does not count."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@dataclass(slots=True)
class File:
    """What one version of a file holds, and how it is spelled."""

    format: str
    documents: list[dict[str, Node]]
    indent: int = 2
    line_end: str = "\n"
    has_last_break: bool = True
    quotes: dict[Where, str] = field(default_factory=dict)
    comments: dict[Where, str] = field(default_factory=dict)

    def copy(self) -> File:
        """Return a file of its own with the same content."""
        return deepcopy(self)

    def moved(self, old: Where, new: Where | None) -> None:
        """Take comments and quotes of a place, and of all below it, to another; None forgets them."""
        for known in (self.quotes, self.comments):
            for place in [place for place in known if place[: len(old)] == old]:
                text = known.pop(place)
                if new is not None:
                    known[(*new, *place[len(old) :])] = text

    def text(self) -> bytes:
        """Return the text of the file."""
        lines = {"yaml": _yaml, "json": _json, "dotenv": _dotenv, "ini": _ini}[self.format](self)
        text = self.line_end.join(lines) + (self.line_end if self.has_last_break else "")
        return text.encode()


def _yaml(file: File) -> list[str]:
    lines: list[str] = []
    for number, document in enumerate(file.documents):
        if number:
            lines.append("---")
        if document:
            _yaml_members(file, document, (number,), "", lines)
        else:
            lines.append("{}")
    return lines


def _yaml_members(file: File, members: dict[str, Node], at: Where, column: str, lines: list[str]) -> None:
    for key, value in members.items():
        place: Where = (*at, key)
        if place in file.comments:
            lines.append(f"{column}# {file.comments[place]}")
        _yaml_node(file, value, place, f"{column}{key}:", column, lines)


def _yaml_node(file: File, value: Node, place: Where, start: str, column: str, lines: list[str]) -> None:
    below = column + " " * file.indent
    if isinstance(value, dict) and value:
        if start.endswith("-"):  # the first member stands beside the dash
            first = len(lines)
            _yaml_members(file, value, place, column + "  ", lines)
            lines[first] = start + lines[first][len(column) + 1 :]
        else:
            lines.append(start)
            _yaml_members(file, value, place, below, lines)
    elif isinstance(value, list) and value:
        lines.append(start)
        for index, element in enumerate(value):
            _yaml_node(file, element, (*place, index), f"{below}-", below, lines)
    else:
        lines.append(f"{start} {_yaml_scalar(value, file.quotes.get(place, ''))}")


def _yaml_scalar(value: Node, quote: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        quote = quote or ("" if value else '"')
        return f"{quote}{value}{quote}"
    return json.dumps(value)


def _json(file: File) -> list[str]:
    return json.dumps(file.documents[0], indent=file.indent or None).split("\n")


def _dotenv(file: File) -> list[str]:
    lines: list[str] = []
    for key, value in file.documents[0].items():
        if (0, key) in file.comments:
            lines.append(f"# {file.comments[0, key]}")
        lines.append(f"{key}={value}")
    return lines


def _ini(file: File) -> list[str]:
    lines: list[str] = []
    for name, section in file.documents[0].items():
        lines.append(f"[{name}]")
        assert isinstance(section, dict)
        for key, value in section.items():
            if (0, name, key) in file.comments:
                lines.append(f"; {file.comments[0, name, key]}")
            lines.append(f"{key} = {value}")
    return lines
