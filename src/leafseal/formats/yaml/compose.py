"""Read a YAML node as plain values, with the place where its text ends: the metadata block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yaml.events import AliasEvent, MappingEndEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

from leafseal.document.scalars import Scalar
from leafseal.errors import MetadataError


class Composer:
    """Takes events from `following` and makes values of them; offsets are what `end_of` makes of a mark."""

    def __init__(
        self,
        following: Callable[[], Any],
        typed: Callable[[Any], Scalar | None],
        end_of: Callable[[Any], int],
        depth: int,
    ) -> None:
        self.following = following
        self.typed = typed
        self.end_of = end_of
        self.depth = depth

    def compose(self, event: Any, depth: int = 0) -> tuple[object, int]:
        """Return the value that begins with `event`, and where its text ends. Raises `MetadataError`."""
        if isinstance(event, ScalarEvent):
            return self.typed(event), self.end_of(event)
        if isinstance(event, AliasEvent) or depth > self.depth:
            raise MetadataError("the sops entry contains an alias or is nested too deep")
        return self._list(event, depth) if isinstance(event, SequenceStartEvent) else self._mapping(event, depth)

    def _list(self, event: Any, depth: int) -> tuple[object, int]:
        end = self.end_of(event)
        items: list[object] = []
        while not isinstance(inner := self.following(), SequenceEndEvent):
            item, end = self.compose(inner, depth + 1)
            items.append(item)
        return items, self.end_of(inner) if event.flow_style else end

    def _mapping(self, event: Any, depth: int) -> tuple[object, int]:
        end = self.end_of(event)
        mapping: dict[str, object] = {}
        while not isinstance(inner := self.following(), MappingEndEvent):
            name, _ = self.compose(inner, depth + 1)
            if not isinstance(name, str) or name in mapping:
                raise MetadataError("the sops entry has a key twice, or one that is not text")
            mapping[name], end = self.compose(self.following(), depth + 1)
        return mapping, self.end_of(inner) if event.flow_style else end
