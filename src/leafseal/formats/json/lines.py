"""A JSON file that stands on one line, over many lines, as SOPS lays it out; every name and value keeps its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leafseal.document import Leaf
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.formats.json.scan import Container

_PART = LazyPattern(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{][ \t\r\n]*+[\]}]|[\[\]{},:]|[^][{},:" \t\r\n]++')


def is_on_one_line(text: str, root: Container) -> bool:
    """Tell whether an object has no line break in it, or no members."""
    return not root.members or text.find("\n", root.start, root.end) < 0


def over_lines(text: str, root: Container, unit: str) -> str:
    """Return the file with every member on a line of its own, one level indented by `unit`."""
    newline = "\r\n" if text.find("\r\n", root.end) >= 0 else "\n"
    return "".join(_parts(text, root, unit, newline)) + newline


def least_size(leaves: Sequence[Leaf], unit: str) -> int:
    """Return how many characters the indentation of the values takes, at the least, over many lines."""
    return len(unit) * sum(len(leaf.locator) for leaf in leaves)


def _parts(text: str, root: Container, unit: str, newline: str) -> Iterator[str]:
    depth = 0
    for match in _PART.finditer(text, root.start, root.end):
        part: str = match[0]
        if part in ("{", "["):
            depth += 1
            yield part + newline + unit * depth
        elif part in ("}", "]"):
            depth -= 1
            yield newline + unit * depth + part
        elif part == ",":
            yield part + newline + unit * depth
        elif part == ":":
            yield ": "
        elif part[0] in "{[":
            yield part[0] + part[-1]
        else:
            yield part
