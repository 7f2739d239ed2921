"""JSON as SOPS writes it, and the canonical text of one leaf (sops-format §6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from leafseal.document.scalars import Scalar, Timestamp, float_digits, float_text
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.errors import EmitError
from leafseal.formats.json.strings import quote

TAB = -1

# What SOPS escapes beyond what JSON asks for.
_MARKUP = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def emit(documents: Sequence[MappingNode], *, indent: int | None = None) -> bytes:
    """Return the first document as a JSON file; `indent` counts blanks, None and -1 stand for a tab.

    Comments are dropped. Raises `EmitError` for what JSON cannot contain.
    """
    root = documents[0] if documents else MappingNode()
    return (write(root, unit=unit_of(indent)) + "\n").encode()


def emit_node(node: Node, *, indent: int | None = None) -> bytes:
    """Return a value by itself, without a line break at its end."""
    return write(node, unit=unit_of(indent)).encode()


def unit_of(indent: int | None) -> str:
    """Return what one level is indented by. Raises `EmitError` for a number below -1."""
    if indent is None or indent == TAB:
        return "\t"
    if indent < TAB:
        raise EmitError("a JSON indentation smaller than -1 is not accepted")
    return " " * indent


def write(node: Node, *, unit: str, base: str = "", newline: str = "\n") -> str:
    """Return a node over several lines, the inner ones indented by `base` and `unit`, or on one without `newline`."""
    if isinstance(node, MappingNode):
        inner = base + unit
        members = [
            f"{quote_as_sops(item[0])}: {write(item[1], unit=unit, base=inner, newline=newline)}"
            for item in node.items
            if not isinstance(item, Comment)
        ]
        return _bracketed("{", members, "}", base, inner, newline)
    if isinstance(node, ListNode):
        inner = base + unit
        members = [
            write(item, unit=unit, base=inner, newline=newline) for item in node.items if not isinstance(item, Comment)
        ]
        return _bracketed("[", members, "]", base, inner, newline)
    return quote_as_sops(node) if isinstance(node, str) else scalar_text(node)


def _bracketed(opening: str, members: list[str], closing: str, base: str, inner: str, newline: str) -> str:
    if not members:
        return opening + closing
    if not newline:
        return opening + ", ".join(members) + closing
    return f"{opening}{newline}{inner}{f',{newline}{inner}'.join(members)}{newline}{base}{closing}"


def scalar_text(value: Scalar | None) -> str:
    """Return the canonical text of a leaf: in strings only what must be is escaped, numbers are as SOPS writes them."""
    if isinstance(value, str):
        return quote(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value.__class__ is float:  # others know their text
        return _float_text(value)
    if isinstance(value, Timestamp):
        return f'"{value.text}"'
    if isinstance(value, bytes):
        raise EmitError("JSON cannot contain a string that is not UTF-8")
    return str(value)


def quote_as_sops(text: str) -> str:
    """Return a string as SOPS writes it, safe inside of HTML."""
    return quote(text).translate(_MARKUP)


def _float_text(value: float) -> str:
    if not isfinite(value):
        raise EmitError("JSON cannot contain a number that is infinite or not a number")
    magnitude = abs(value)
    if magnitude == 0 or 1e-6 <= magnitude < 1e21:
        return float_text(value)
    digits, exponent = float_digits(magnitude)
    point = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{'-' if value < 0 else ''}{digits[0]}{point}e{exponent:+d}"
