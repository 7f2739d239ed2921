"""A YAML document as nodes with positions: for edits that add and remove, which are rare and need structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from yaml.events import AliasEvent, DocumentStartEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

from leafseal.formats.yaml.parser import parser_for
from leafseal.formats.yaml.scalars import resolve


@dataclass(slots=True)
class YAMLNode:
    """A value and where it stands. `end` is where its own last text ends, not where libyaml notices that it ended."""

    start: int
    end: int
    column: int
    flow: bool = False
    null: bool = False
    keep: int = 0  # of a block scalar that keeps its trailing lines: where those end
    pairs: list[tuple[str, YAMLNode, YAMLNode]] | None = None  # of a mapping
    items: list[YAMLNode] | None = None  # of a list


@dataclass(slots=True)
class _Reader:
    text: str
    base: int
    parser: Any
    last: int = 0
    keep: int = 0

    def node(self, event: Any) -> YAMLNode:
        start, end = event.start_mark.index + self.base, event.end_mark.index + self.base
        column = event.start_mark.column
        if isinstance(event, ScalarEvent):
            return self._scalar(event, start, end, column)
        if isinstance(event, AliasEvent):
            self.last, self.keep = end, 0
            return YAMLNode(start, end, column)
        self.last = max(self.last, end)
        node = YAMLNode(start, end, column, bool(event.flow_style))
        if isinstance(event, MappingStartEvent):
            node.pairs = []
            while isinstance(inner := self.parser.get_event(), ScalarEvent | AliasEvent):
                key = self.node(inner)
                name = inner.value if isinstance(inner, ScalarEvent) else f"*{inner.anchor}"
                node.pairs.append((name, key, self.node(self.parser.get_event())))
        else:
            node.items = []
            while isinstance(
                inner := self.parser.get_event(), ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent
            ):
                node.items.append(self.node(inner))
        if node.flow:
            self.last, self.keep = inner.end_mark.index + self.base, 0
        else:
            self._place_block(node)
        node.end, node.keep = self.last, self.keep
        return node

    def _place_block(self, node: YAMLNode) -> None:
        """Set the column of a block: an anchor or tag before it has another."""
        at = node.start
        if node.pairs:
            at = node.pairs[0][1].start
            before = self.text[:at].rstrip(" \t")
            at = len(before) - 1 if before.endswith("?") else at
        elif node.items:
            at = self.text.rindex("-", 0, max(node.items[0].start, node.start + 1))
        node.column = at - max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at), self.base - 1) - 1

    def _scalar(self, event: Any, start: int, end: int, column: int) -> YAMLNode:
        keep = 0
        if event.style and event.style in "|>":
            if "+" in self.text[start : self.text.find("\n", start)].partition("#")[0]:
                keep = end
            end = start + len(self.text[start:end].rstrip(" \t\r\n"))
        null = not event.style and not event.tag and resolve(event.value) is None
        if end > start or self.text[start - 1 : start] in (":", "-"):
            # Nothing, directly behind its colon or dash: then that is the last text.
            self.last, self.keep = end, keep
        return YAMLNode(start, end, column, null=null, keep=keep)


def first_document(text: str) -> YAMLNode | None:
    """Return the root node of the first document of a file that a scanner took; None where it is empty."""
    base = 1 if text.startswith("\ufeff") else 0
    parser = parser_for(text[base:])
    while not isinstance(parser.get_event(), DocumentStartEvent):
        pass
    root = _Reader(text, base, parser).node(parser.get_event())
    return None if root.null else root
