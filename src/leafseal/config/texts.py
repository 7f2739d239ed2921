"""Several recipients in one text, separated by commas, as it is written in a configuration."""

from __future__ import annotations

from typing import NamedTuple

from leafseal.config.syntax import BY_HAND, Syntax
from leafseal.document import Edit
from leafseal.errors import ConfigError
from leafseal.formats.yaml.nodes import YAMLNode


class _Piece(NamedTuple):
    start: int
    end: int
    comma: int | None  # where the comma after it stands


def addition(syntax: Syntax, node: YAMLNode, added: str) -> list[Edit]:
    """Return the edits that add one more text after the last; a comma at the end stays at the end."""
    text, pieces = syntax.text, _pieces(syntax, node)
    last = pieces[-1]
    before = text[pieces[-2].comma + 1 : last.start] if len(pieces) > 1 and pieces[-2].comma is not None else None
    if before is None:
        before = _line_break(text, last.start) if syntax.style(node) in ("|", ">") else ""
    if last.comma is not None:
        return [Edit(last.comma + 1, last.comma + 1, f"{before}{added},")]
    return [Edit(last.end, last.end, f",{before}{added}")]


def removal(syntax: Syntax, node: YAMLNode, index: int) -> list[Edit]:
    """Return the edits that remove one of several texts. Raises `ConfigError` where an escape stands for a comma."""
    pieces = _pieces(syntax, node)
    if len(pieces) != len(split(syntax.value(node) or "")):
        raise ConfigError(f"line {syntax.line(node)}: the text is written with escapes", hint=BY_HAND)
    if index + 1 < len(pieces):
        return [Edit(pieces[index].start, pieces[index + 1].start, "")]
    return [Edit(pieces[index - 1].end, pieces[index].end, "")]


def split(value: str) -> list[str]:
    """Return the texts in a value, without blanks around them; empty ones do not count."""
    return [piece.strip() for piece in value.split(",") if piece.strip()]


def _line_break(text: str, start: int) -> str:
    """Return the break and the blanks that begin another line like that of a piece."""
    line = text.rfind("\n", 0, start) + 1
    newline = "\r\n" if text[line - 2 : line] == "\r\n" else "\n"
    return newline + text[line:start]


def _pieces(syntax: Syntax, node: YAMLNode) -> list[_Piece]:
    text = syntax.text
    start, end = _content(syntax, node)
    pieces: list[_Piece] = []
    while start < end:
        comma = text.find(",", start, end)
        stop = end if comma < 0 else comma
        core = text[start:stop]
        if core.strip():
            first = start + len(core) - len(core.lstrip())
            pieces.append(_Piece(first, first + len(core.strip()), comma if comma >= 0 else None))
        start = stop + 1
    return pieces


def _content(syntax: Syntax, node: YAMLNode) -> tuple[int, int]:
    """Return where the text of a scalar begins and ends, without anchor, quotes and header."""
    text, start, style = syntax.text, node.start, syntax.style(node)
    if node.header:
        return text.index("\n", node.header) + 1, node.end
    if text.startswith("&", start):
        start += len(text[start : node.end].split(maxsplit=1)[0])
        start += len(text[start : node.end]) - len(text[start : node.end].lstrip())
    return (start + 1, node.end - 1) if style else (start, node.end)
