"""A configuration as its text says it: where each value, anchor and alias stands, for edits that move nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from leafseal.errors import ConfigError
from leafseal.formats.yaml.nodes import YAMLNode, root_of
from leafseal.formats.yaml.parser import parser_for


class Place(NamedTuple):
    """A value where it is written, and what it is a member of: a mapping by its key's position, a list by its own."""

    node: YAMLNode
    parent: YAMLNode
    number: int
    above: YAMLNode | None  # the key of `parent`, where that is the value of one


class Syntax:
    """The first document of a configuration. Raises `ConfigError` for what cannot be edited."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._leaves: dict[int, Any] = {}  # events of scalars and aliases, by where they begin
        self._anchors: dict[str, int] = {}
        self._read_events()
        root = root_of(text, 0)
        if root is None:
            raise ConfigError("the configuration is empty", hint=BY_HAND)
        self.root = root
        self._nodes = {node.start: node for node in _walk(root)}
        self._anchors = {name: start for name, start in self._anchors.items() if not self._is_key_at(start)}
        self._places = {id(place.node): place for place in _places(root, None)}

    def _read_events(self) -> None:
        parser, documents = parser_for(self.text), 0
        try:
            while not isinstance(event := parser.get_event(), StreamEndEvent):
                documents += isinstance(event, DocumentStartEvent)
                if isinstance(event, ScalarEvent | AliasEvent):
                    self._leaves[event.start_mark.index] = event
                if isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent) and event.anchor:
                    if event.anchor in self._anchors:
                        raise ConfigError(f"the anchor &{event.anchor} is defined twice", hint=BY_HAND)
                    self._anchors[event.anchor] = event.start_mark.index
        except YAMLError:
            raise ConfigError("not valid YAML") from None
        if documents > 1:
            raise ConfigError(f"has {documents} documents, of which only the first counts", hint=BY_HAND)

    def _is_key_at(self, start: int) -> bool:
        """Tell whether a key has the anchor there; a mapping without brackets begins where its first key does."""
        node = self._nodes.get(start)
        return node is None or (start in self._leaves and (node.pairs is not None or node.items is not None))

    def alias(self, node: YAMLNode) -> str | None:
        """Return the anchor that an alias stands for; None for any other node."""
        event = self._leaves.get(node.start) if node.pairs is None and node.items is None else None
        return event.anchor if isinstance(event, AliasEvent) else None

    def anchor(self, node: YAMLNode) -> str | None:
        """Return the anchor of a node."""
        return next((name for name, start in self._anchors.items() if self._nodes.get(start) is node), None)

    def anchored(self, name: str) -> YAMLNode:
        """Return the node that has an anchor. Raises `ConfigError` where a key has it."""
        if name not in self._anchors:
            raise ConfigError(f"the anchor &{name} is that of a key", hint=BY_HAND)
        return self._nodes[self._anchors[name]]

    def node_at(self, start: int) -> YAMLNode:
        """Return the node that begins at a position."""
        return self._nodes[start]

    def resolve(self, node: YAMLNode) -> YAMLNode:
        """Return the node itself, or what it is an alias of."""
        name = self.alias(node)
        return node if name is None else self.anchored(name)

    def value(self, node: YAMLNode) -> str | None:
        """Return the text of a scalar; None for any other node."""
        node = self.resolve(node)
        event = self._leaves.get(node.start) if node.pairs is None and node.items is None else None
        return event.value if isinstance(event, ScalarEvent) else None

    def style(self, node: YAMLNode) -> str:
        """Return how a scalar is written: `'`, `"`, `|`, `>`, or nothing for plain text."""
        return getattr(self._leaves.get(node.start), "style", None) or ""

    def is_tagged(self, node: YAMLNode) -> bool:
        """Tell whether a scalar has a tag."""
        return bool(getattr(self._leaves.get(node.start), "tag", None))

    def uses(self, name: str) -> list[int]:
        """Return the lines with aliases of an anchor."""
        found = [event for event in self._leaves.values() if isinstance(event, AliasEvent) and event.anchor == name]
        return [event.start_mark.line + 1 for event in found]

    def line(self, node: YAMLNode) -> int:
        """Return the line of a node."""
        return self.text.count("\n", 0, node.start) + 1

    def get(self, node: YAMLNode, key: str) -> YAMLNode | None:
        """Return the value of a key that a mapping itself has."""
        return next((value for name, _, value in node.pairs or () if name == key), None)

    def place(self, node: YAMLNode) -> Place:
        """Return where a node stands in what it is a member of."""
        return self._places[id(node)]

    def anchors(self) -> Mapping[str, int]:
        """Return the anchors of values, and where these begin."""
        return self._anchors


BY_HAND = "change its recipients by hand"


def _walk(node: YAMLNode) -> Iterator[YAMLNode]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += [value for _, value in reversed(one.members)]


def _places(node: YAMLNode, above: YAMLNode | None) -> Iterator[Place]:
    for number, (first, member) in enumerate(node.members):
        yield Place(member, node, number, above)
        yield from _places(member, first if node.pairs is not None else None)
