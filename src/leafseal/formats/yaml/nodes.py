"""A YAML document as nodes with positions: for edits that add and remove, which are rare and need structure.

Where a dash, a colon or a bracket stands is asked of the parser's tokens. A search in the text would find those in
comments and values as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.tokens import (
    AnchorToken,
    BlockEntryToken,
    FlowEntryToken,
    KeyToken,
    ScalarToken,
    StreamEndToken,
    TagToken,
    ValueToken,
)

from leafseal.document.lazy_pattern import LazyPattern
from leafseal.formats.yaml.parser import parser_for
from leafseal.formats.yaml.scalars import resolve


@dataclass(slots=True)
class YAMLNode:
    """A value and where it stands. `end` is where its own last text ends, not where libyaml notices that it ended."""

    start: int  # of its anchor or tag, where it has one
    end: int
    column: int
    mark: int  # where the dash or the `?` before it stands; its start where there is none
    flow: bool = False
    null: bool = False
    keep: int = 0  # of a block scalar that keeps its trailing lines: where those end
    header: int = 0  # of a block scalar: where what follows its `|` or `>` stands
    properties: int = 0  # of a mapping or list: where its anchor and tag end; 0 without
    opening: int | None = None  # of a mapping or list in brackets: where they begin
    colon: int | None = None  # of a key: where the colon behind it stands
    comma: int | None = None  # of a member in brackets: where the comma behind it stands
    pairs: list[tuple[str, YAMLNode, YAMLNode]] | None = None  # of a mapping
    items: list[YAMLNode] | None = None  # of a list

    @property
    def members(self) -> list[tuple[YAMLNode, YAMLNode]]:
        """What a mapping or list consists of: for each member the nodes that begin and end it."""
        if self.pairs is not None:
            return [(key, value) for _, key, value in self.pairs]
        return [(item, item) for item in self.items or []]

    @property
    def last_member(self) -> YAMLNode | None:
        """The last value in a mapping or list."""
        if self.pairs:
            return self.pairs[-1][2]
        return self.items[-1] if self.items else None


class _Mark(NamedTuple):
    position: int
    column: int


class _Indicators:
    """The characters that make structure, one after another as the events pass them."""

    def __init__(self, text: str, base: int) -> None:
        self._next = parser_for(text[base:]).get_token
        self._token: Any = self._next()
        self._base = base
        self.dash = self.question = _NONE
        self.colon = self.comma = -1
        self.properties = -1  # where the last anchor or tag ended
        self.scalar = -1  # where the last scalar began, without those

    def pass_by(self, position: int) -> None:
        """Read the tokens that start before `position`."""
        token, base, get = self._token, self._base, self._next
        while token is not None and (mark := token.start_mark).index + base < position:
            kind = token.__class__
            if kind is ScalarToken:
                self.scalar = mark.index + base
            elif kind is ValueToken:
                self.colon = mark.index + base
            elif kind is KeyToken:
                # One without text of its own is that of a key without a question mark.
                has_text = token.end_mark.index > mark.index
                self.question = _Mark(mark.index + base, mark.column) if has_text else _NONE
            elif kind is BlockEntryToken:
                self.dash = _Mark(mark.index + base, mark.column)
            elif kind is FlowEntryToken:
                self.comma = mark.index + base
            elif kind is AnchorToken or kind is TagToken:
                self.properties = token.end_mark.index + base
            token = None if kind is StreamEndToken else get()
        self._token = token


_NONE = _Mark(-1, 0)


class _Reader:
    def __init__(self, text: str, base: int, parser: Any) -> None:
        self.text = text
        self.base = base
        self.next = parser.get_event
        self.passed = _Indicators(text, base)
        self.anchored: dict[str, str] = {}  # the texts that have an anchor
        self.last = self.keep = 0  # where the last text ended, and the lines that a block scalar keeps

    def node(self, event: Any) -> YAMLNode:
        start, end = event.start_mark.index + self.base, event.end_mark.index + self.base
        node = YAMLNode(start, end, event.start_mark.column, start)
        if isinstance(event, ScalarEvent):
            if event.anchor:
                self.anchored[event.anchor] = event.value
            self._scalar(event, node)
        elif isinstance(event, AliasEvent):
            self.last, self.keep = end, 0
        else:
            self._collection(event, node)
        return node

    def _collection(self, event: Any, node: YAMLNode) -> None:
        node.flow = bool(event.flow_style)
        if node.end > node.start:
            self._text_ends(node.end)
            if node.flow and self.text[node.end - 1] in "[{":  # `[? k: v]` has a mapping without brackets in it
                node.opening = node.end - 1
        if isinstance(event, MappingStartEvent):
            node.pairs = []
            while isinstance(inner := self.next(), ScalarEvent | AliasEvent):
                self._pair(inner, node, node.pairs)
        else:
            node.items = []
            while isinstance(inner := self.next(), ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent):
                self._item(inner, node, node.items)
        if node.flow:
            end = inner.end_mark.index + self.base
            self._pass_by(node, end if node.opening is None else end - 1)
            self._text_ends(end)
        node.end, node.keep = self.last, self.keep

    def _pair(self, event: Any, mapping: YAMLNode, pairs: list[tuple[str, YAMLNode, YAMLNode]]) -> None:
        start = event.start_mark.index + self.base
        self._pass_by(mapping, start)
        properties = self.passed.properties
        self.passed.pass_by(start + 1)  # the key's own token too, which tells whether a `?` is its
        key = self.node(event)
        question = self.passed.question
        if question.position >= 0:
            key.mark = question.position
        if not pairs and not mapping.flow:
            self._begins(mapping, key.mark, question.column if question.position >= 0 else key.column, properties)
        value_event = self.next()
        self.passed.pass_by(value_event.start_mark.index + self.base)
        if self.passed.colon >= key.end:
            key.colon = self.passed.colon
            self._text_ends(key.colon + 1)
        value = self.node(value_event)
        if key.colon is None:
            value.start = value.end = value.mark = key.end  # the parser has it where the next token stands
        name = event.value if isinstance(event, ScalarEvent) else self.anchored.get(event.anchor, "")
        pairs.append((name, key, value))

    def _item(self, event: Any, sequence: YAMLNode, items: list[YAMLNode]) -> None:
        self._pass_by(sequence, event.start_mark.index + self.base)
        dash = self.passed.dash
        if not sequence.flow:
            if not items:
                self._begins(sequence, dash.position, dash.column, self.passed.properties)
            self._text_ends(dash.position + 1)
        item = self.node(event)
        if not sequence.flow:
            item.mark = dash.position
        items.append(item)

    def _begins(self, block: YAMLNode, position: int, column: int, properties: int) -> None:
        """Set the column of a block: an anchor or tag before it has another."""
        block.column = column
        if block.start < properties <= position:
            block.properties = properties

    def _pass_by(self, collection: YAMLNode, position: int) -> None:
        """Read the tokens up to a member or an end, and give the comma among them to the member before it."""
        self.passed.pass_by(position)
        last = collection.last_member
        if collection.flow and last is not None and self.passed.comma >= last.end:
            last.comma = self.passed.comma

    def _text_ends(self, position: int) -> None:
        if position > self.last:
            self.last, self.keep = position, 0

    def _scalar(self, event: Any, node: YAMLNode) -> None:
        node.null = not event.style and not event.tag and resolve(event.value) is None
        if node.end == node.start:
            return  # nothing: then its colon or dash is the last text
        if event.style and event.style in "|>":
            self.passed.pass_by(node.end)
            node.header = self.passed.scalar + 1
            if "+" in block_marks(self.text, node):
                node.keep = node.end
            node.end = node.start + len(self.text[node.start : node.end].rstrip(" \t\r\n"))
        self.last, self.keep = node.end, node.keep


def block_marks(text: str, block: YAMLNode) -> str:
    """Return what follows the `|` or `>` of a block scalar: a digit for its indentation, a sign for its last breaks."""
    marks: str = _MARKS.match(text, block.header)[0]
    return marks


_MARKS = LazyPattern(r"[-+0-9]*")


def documents(text: str) -> Iterator[YAMLNode | None]:
    """Yield the root node of each document of a file that a scanner took; None where one is empty."""
    base = 1 if text.startswith("\ufeff") else 0
    parser = parser_for(text[base:])
    reader = _Reader(text, base, parser)
    while not isinstance(event := parser.get_event(), StreamEndEvent):
        if isinstance(event, DocumentStartEvent):
            root = reader.node(parser.get_event())
            yield None if root.null else root


def root_of(text: str, document: int) -> YAMLNode | None:
    """Return the root node of a document, by its number; None where it is empty."""
    return next(islice(documents(text), document, None), None)
