"""How one YAML leaf is written: its token in the style of its value, its value in the style of its token (splicing §4).

The style of a token is the memory of the style of its value. What the two cannot hold between them, the spelling
memory does: whoever seals compares the source with what opening would write without memory.
"""

from __future__ import annotations

import re
from typing import cast

from leafseal.document import Leaf
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.scalars import Empty, Scalar, yaml_float_text
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.formats.yaml.containers import Container, Place
from leafseal.formats.yaml.lines import BREAK, COMMENT
from leafseal.formats.yaml.scalars import is_plain_safe, is_plain_string

BLOCK_HEADER = LazyPattern(rf"([|>])([-+0-9]*)([ \t]*({COMMENT})?)({BREAK}|\Z)")
"""A block scalar's first line: indicator, marks, what follows them, the comment in that, the line break."""

_BREAK = LazyPattern(r"\r\n|\r|\n")
_BEHIND = LazyPattern(r"(?:\Z|(?:\r\n|\r|\n)(?:[ \t]*+(?:\r\n|\r|\n))*+)([ \t]*+)(#)?")
_END_BLANKS = LazyPattern(r"[ \t]+\Z")
_BREAKS = LazyPattern(r"(?:[ \t]*(?:\r\n|\r|\n))*")
# What a literal block cannot hold, or not without a reader folding or dropping it.
_NOT_LITERAL = LazyPattern("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")


def container_of(leaf: Leaf) -> Container:
    """Return the mapping or list that a leaf is a member of."""
    place = leaf.place
    container: Container = place.container if isinstance(place, Place) else place
    return container


def token_text(leaf: Leaf, token: str, text: str) -> str:
    """Return what stands for a sealed leaf, from the start of its content to the end."""
    style = leaf.style
    flow = container_of(leaf).flow
    if style == "" or style == "*":
        return f"'{token}'" if flow else token
    if style == "'":
        return f'"{token}"' if flow else f"'{token}'"
    if style == '"':
        return f'"{token}"'
    block = Block.parse(leaf, text)
    if block is None:
        return f'"{token}"'
    # Strip chomping makes the scalar exactly the token, for every reader.
    return f"{block.header('-')}{block.indent}{token}"


def canonical_text(leaf: Leaf, value: Scalar, text: str) -> str:
    """Return what opening writes for `value` where a token stands, when nothing else is remembered."""
    if leaf.style not in ("|", ">") or (block := Block.parse(leaf, text)) is None:
        return _outside_block(leaf, value, text)
    written = block.write(value) if isinstance(value, str) else None
    if written is not None:
        return written
    # Another style, but the comment of the header line stays on this line.
    first, newline, more = _outside_block(leaf, value, text).partition(block.newline)
    return first + (block.after if "#" in block.after else "") + newline + more


def _outside_block(leaf: Leaf, value: Scalar, text: str) -> str:
    style = leaf.style
    if style in ONE_LINE and (common := common_text(style, value, container_of(leaf).flow)) is not None:
        return common
    # Only now: a small file of words and numbers is opened without the emitter.
    from leafseal.formats.yaml.emitter import quote_double, quote_single, scalar_text

    container = container_of(leaf)
    flow = container.flow
    if not isinstance(value, str):
        return scalar_text(value, indent=body_column(container), flow=flow)
    if style == '"' or (style == "'" and not flow and not _single_line(value)):
        return quote_double(value)
    if style == "'" and not flow:
        return quote_single(value)
    if is_plain_string(value) and is_plain_safe(value, flow=flow):
        return value
    written = scalar_text(value, indent=body_column(container), column=max(container.column, 0), flow=flow)
    if "\n" not in written:
        return written
    if not fits_block(value, text, leaf.end, body_column(container)):
        return quote_double(value)
    return written.replace("\n", "\r\n") if _ends_with_cr(text, leaf.start) else written


def _ends_with_cr(text: str, position: int) -> bool:
    """Tell whether lines end in CR LF at a place; not in the file, which would be searched for each value."""
    at = text.find("\n", position)
    if at < 0:
        at = text.rfind("\n", 0, position)
    return at > 0 and text[at - 1] == "\r"


def fits_block(value: str, text: str, end: int, column: int) -> bool:
    """Tell whether a text of several lines can become a block at `column` whose last line ends where `end` is now.

    What follows on the line, blanks too, and comments that stand as deep below it, would be its own, and lines of
    blanks that reach deeper. So would blank lines be, where it keeps the line breaks at its end; and where the file
    ends without a line break, so would the block.
    """
    behind = _BEHIND.match(text, end)
    if behind is None or (behind[2] and len(behind[1]) >= column):
        return False
    if any(len(blanks) > column for blanks in _BREAK.split(behind[0])[1:-1]):
        return False
    if not value.endswith("\n"):
        return True
    return text.endswith(("\n", "\r")) and not value.endswith("\n\n") and value != "\n"


def source_is_canonical(leaf: Leaf, text: str) -> bool:
    """Tell whether opening gives back the leaf's own text with nothing remembered."""
    value, style = leaf.value, leaf.style
    source = text[leaf.start : leaf.end]
    if style == "'" and container_of(leaf).flow:
        return False  # its token takes double quotes there; plain ones took the single quotes
    if style in ("|", ">"):
        block = Block.parse(leaf, text)
        return block is not None and isinstance(value, str) and source == block.write(value)
    return not isinstance(value, Empty | None) and source == canonical_text(leaf, value, text)


ONE_LINE = frozenset(("", "'", '"'))
"""The styles of scalars that are no blocks: plain, and in quotes."""


def common_text(style: str, value: object, flow: bool) -> str | None:
    """Return what `canonical_text` does for the values that most files have most of, None for all others."""
    kind = value.__class__
    if kind is str:
        text = cast(str, value)
        if style == "":
            return text if is_simple(text) else None
        return f"{style}{text}{style}" if (not flow or style == '"') and _needs_no_escape(text) else None
    if kind is int:
        return str(value)
    if kind is float:
        written = yaml_float_text(cast(float, value))
        return None if written[-1] in "fN" else written  # an infinity, or none at all
    return None if kind is not bool else "true" if value else "false"


# Printable ASCII without quotes and backslash: the same in single and in double quotes.
_needs_no_escape = re.compile(r"[ !#-&(-\[\]-~]*").fullmatch

# Starts with no letter that `true`, `null`, `yes` and their like start with, or is longer than all of them.
is_simple = re.compile(
    r"(?:[A-EG-MP-SU-XZa-eg-mp-su-xz_/][A-Za-z0-9_./@+-]*|[A-Za-z][A-Za-z0-9_./@+-]{5,})(?: [A-Za-z0-9_./@+-]+)*"
).fullmatch
"""Tells, without looking closer, that a text can be written plain anywhere and is read as a string by everyone."""


def body_column(container: Container) -> int:
    """Return the column for the lines of a block scalar that a member of `container` gets."""
    return container.column + (4 if container.is_map else 2)


def _single_line(value: str) -> bool:
    return _NOT_LITERAL.search(value) is None and "\n" not in value and "\t" not in value


class Block:
    """The layout of a block scalar: its header, and how its lines are indented."""

    __slots__ = ("after", "breaks", "indent", "indicator", "marks", "newline")

    def __init__(self, indicator: str, marks: str, after: str, newline: str, indent: str, breaks: int) -> None:
        self.indicator = indicator
        self.marks = marks
        self.after = after
        self.newline = newline
        self.indent = indent
        self.breaks = breaks  # behind its last line: of that line, and of the blank ones

    @classmethod
    def parse(cls, leaf: Leaf, text: str) -> Block | None:
        """Read the layout from the source; None where neither a line of the scalar is visible nor a comment."""
        match = BLOCK_HEADER.match(text, leaf.start)
        if match is None:
            return None
        newline = match[5] if match[5] in ("\r\n", "\r") else "\n"  # others would be part of the value
        lines = _BREAK.split(text[match.end() : leaf.end])
        behind = _BREAKS.match(text, leaf.end)
        # Where a file ends in blanks, metadata adds a break: then none of them can be counted on.
        breaks = 0 if _END_BLANKS.match(text, behind.end()) else len(_BREAK.findall(behind[0]))
        line = next((line for line in lines if line.strip(" \t")), None)
        if line is None:
            # Only a comment is worth keeping the header for; then the lines go where new ones would.
            indent = " " * body_column(container_of(leaf))
            marks = match[2].strip("0123456789")
            return cls(match[1], marks, match[3], newline, indent, breaks) if "#" in match[3] else None
        first = next((part for part in str(leaf.value).split("\n") if part.strip(" \t")), "")
        blanks = len(line) - len(line.lstrip(" ")) - (len(first) - len(first.lstrip(" ")))
        if blanks < 0:
            return None
        return cls(match[1], match[2], match[3], newline, " " * blanks, breaks)

    def header(self, chomping: str, digit: str | None = None) -> str:
        """Return the header line with another chomping; the indentation digit and the comment stay."""
        if digit is None:
            digit = self.marks.strip("+-")
        return f"{self.indicator}{digit}{chomping}{self.after}{self.newline}"

    def write(self, value: str) -> str | None:
        """Return the block with `value` in it, without the break behind it; None where a block cannot hold it."""
        body = value.rstrip("\n")
        if not body.strip(" \t\n") or _NOT_LITERAL.search(value):
            return None
        lines = body.split("\n")
        if self.indicator == ">" and len(lines) > 1:
            return None
        digit = self.marks.strip("+-")
        if not digit and (body[0] in " \n\t"):
            return None
        tail = len(value) - len(body)
        if tail > self.breaks or (tail > 1 and tail != self.breaks):
            return None  # The blank lines behind the block are in the file, not ours to add or to take.
        if tail > 1:
            chomping = "+"
        else:
            chomping = "" if tail else "-"
        written = self.newline.join(self.indent + line if line else "" for line in lines)
        return self.header(chomping) + written


class TokenText(str):
    """A token among the values of a tree that is written in flow style."""

    __slots__ = ()


def flow_text(node: Node) -> str:
    """Return a tree on one line, in flow style; comments are left out, tokens stand in single quotes."""
    if isinstance(node, MappingNode):
        pairs = [item for item in node.items if not isinstance(item, Comment)]
        return "{" + ", ".join(f"{flow_key(key)}: {flow_text(value)}" for key, value in pairs) + "}"
    if isinstance(node, ListNode):
        return "[" + ", ".join(flow_text(item) for item in node.items if not isinstance(item, Comment)) + "]"
    if isinstance(node, TokenText):
        return f"'{node}'"
    from leafseal.formats.yaml.emitter import scalar_text

    text = scalar_text(node, indent=0, flow=True)
    # A whole number that is a float must stay one: nothing but its text says so.
    return text + ".0" if isinstance(node, float) and text.lstrip("-").isdigit() else text


def flow_key(key: str) -> str:
    """Return a mapping's key in flow style."""
    from leafseal.formats.yaml.emitter import scalar_text

    return scalar_text(key, indent=0, flow=True, key=True)
