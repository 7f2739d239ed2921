"""A YAML configuration file as nodes that know where they stand, so that every fault can be reported with its place.

Only the first document counts. Anchors, aliases and merge keys work as in SOPS.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from leafseal.display import visible
from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.document.scalars import Scalar
from leafseal.errors import FormatError
from leafseal.formats.yaml.faults import syntax_error
from leafseal.formats.yaml.parser import parser_for
from leafseal.formats.yaml.scalars import resolve_tagged

MAX_VALUES = 100_000
"""Values of a file, those that aliases repeat counted each time: ten lines of aliases can mean billions."""


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value: its text as it stands, and what the text means."""

    line: int
    column: int
    text: str
    value: Scalar | None

    def to_python(self) -> object:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    line: int
    column: int
    members: tuple[Node, ...]

    def to_python(self) -> list[object]:
        """Return a list of plain values."""
        return [member.to_python() for member in self.members]


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping; `places` tells where each of its own keys stands."""

    line: int
    column: int
    members: Mapping[str, Node]
    places: Mapping[str, tuple[int, int]]

    def to_python(self) -> dict[str, object]:
        """Return a dict of plain values."""
        return {key: member.to_python() for key, member in self.members.items()}


Node = ScalarNode | ListNode | MappingNode


def compose(data: bytes) -> Node | None:
    """Read the first document of a YAML file; None for an empty one. Raises `FormatError` with line and column."""
    text = decode(data)
    try:
        return _Composer(parser_for(text).get_event).document()
    except MarkedYAMLError as exc:
        from leafseal.formats.faults import half_merged  # only failures need it

        raise half_merged(data) or syntax_error(text, exc) from None
    except YAMLError:
        raise FormatError("not valid YAML: a character that YAML does not allow") from None


def decode(data: bytes) -> str:
    """Return the text of a YAML file without its mark. Raises `FormatError`."""
    # PowerShell's `>` writes UTF-16, which YAML readers tell by its mark.
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise FormatError("not UTF-16" if is_utf_16 else "not UTF-8", line=line, hint="save it as UTF-8") from None


class _Anchored(NamedTuple):
    node: Node
    values: int
    height: int


class _Composer:
    def __init__(self, get_event: Callable[[], Any]) -> None:
        self.get_event = get_event
        self.anchors: dict[str, _Anchored] = {}
        self.values = 0  # so far, as readers will meet them
        self.deepest = 0

    def document(self) -> Node | None:
        event = self.get_event()
        while not isinstance(event, (AliasEvent, ScalarEvent, SequenceStartEvent, MappingStartEvent)):
            if isinstance(event, (StreamEndEvent, DocumentEndEvent)):
                return None
            event = self.get_event()
        return self.node(event, 0)

    def node(self, event: Any, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self.alias(event, depth)
        before, above = self.values, self.deepest
        self.deepest = depth
        self.count(event, 1)
        node = self.content(event, depth)
        if event.anchor:
            self.anchors[event.anchor] = _Anchored(node, self.values - before, self.deepest - depth)
        self.deepest = max(self.deepest, above)
        return node

    def alias(self, event: Any, depth: int) -> Node:
        if event.anchor not in self.anchors:
            raise _error_at(event, "an alias without an anchor before it")
        named = self.anchors[event.anchor]
        self.deepest = max(self.deepest, depth + named.height)
        self.count(event, named.values)
        return named.node

    def count(self, event: Any, more: int) -> None:
        self.values += more
        if self.deepest > DEFAULT_LIMITS.depth:
            raise _error_at(event, f"nested deeper than {DEFAULT_LIMITS.depth} levels")
        if self.values > MAX_VALUES:
            raise _error_at(event, f"more than {MAX_VALUES} values, with those that aliases repeat")

    def content(self, event: Any, depth: int) -> Node:
        line, column = _place(event)
        if isinstance(event, ScalarEvent):
            return ScalarNode(line, column, event.value, _value(event))
        if isinstance(event, SequenceStartEvent):
            members = []
            while not isinstance(event := self.get_event(), SequenceEndEvent):
                members.append(self.node(event, depth + 1))
            return ListNode(line, column, tuple(members))
        return self.mapping(line, column, depth)

    def mapping(self, line: int, column: int, depth: int) -> MappingNode:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        places: dict[str, tuple[int, int]] = {}
        while not isinstance(event := self.get_event(), MappingEndEvent):
            key_node = self.node(event, depth + 1)
            if not isinstance(key_node, ScalarNode):
                raise _error_at(event, "a key that is not a single value")
            key, is_merge = key_node.text, key_node.text == "<<" and isinstance(event, ScalarEvent) and not event.style
            if key in places:
                raise _error_at(event, f"the key {visible(key)} appears twice, first in line {places[key][0]}")
            places[key] = _place(event)
            value_event = self.get_event()
            value = self.node(value_event, depth + 1)
            if is_merge:
                _merge(value, value_event, merged)
            else:
                own[key] = value
        return MappingNode(line, column, {**merged, **own}, places)


def _merge(value: Node, event: Any, merged: dict[str, Node]) -> None:
    # Of several mappings the first that has a key wins.
    for source in value.members if isinstance(value, ListNode) else [value]:
        if not isinstance(source, MappingNode):
            raise _error_at(event, "only mappings can be merged")
        for key, member in source.members.items():
            merged.setdefault(key, member)


def _value(event: Any) -> Scalar | None:
    try:
        return resolve_tagged(event.tag or "", event.value, plain=not event.style)
    except FormatError as exc:
        raise _error_at(event, exc.message) from None


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _error_at(event: Any, message: str) -> FormatError:
    line, column = _place(event)
    return FormatError(message, line=line, column=column)


class Ignored(NamedTuple):
    """Where the lines begin that nobody reads, because the first document ends before them."""

    line: int
    is_marked: bool
    """Whether a line with --- ended it; else a wrong indentation."""


def second_document(data: bytes) -> Ignored | None:
    """Return the line of the first value of a second document, which nobody reads; None where there is none.

    `data` is a file that `compose` could read.
    """
    get_event = parser_for(decode(data)).get_event
    documents = 0
    try:
        while not isinstance(event := get_event(), StreamEndEvent):
            documents += isinstance(event, DocumentStartEvent)
            if documents > 1 and not isinstance(event, DocumentStartEvent | DocumentEndEvent) and _holds_value(event):
                return Ignored(_place(event)[0], is_marked=True)
    except YAMLError as exc:  # of a document that nobody reads
        mark = getattr(exc, "problem_mark", None)
        is_marked = "<document start>" not in (getattr(exc, "problem", None) or "")
        return Ignored(mark.line + 1, is_marked) if mark is not None else None
    return None


def _holds_value(event: Any) -> bool:
    return not isinstance(event, ScalarEvent) or bool(event.value)
