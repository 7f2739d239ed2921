"""The values of one opened file, found by their paths, however many are asked for."""

from __future__ import annotations

from leafseal.document import Locator
from leafseal.document.paths import format_path
from leafseal.document.scalars import Scalar, to_plain_text
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.errors import PathError
from leafseal.operations.extract import document_of, locate
from leafseal.operations.open import Opened
from leafseal.run.variables import spelled_as_in


class Values:
    """One document of an opened file. Trees and names of it are made once."""

    def __init__(self, opened: Opened, number: int | None) -> None:
        """Choose a document, by its number from 0. Raises `RefusedError` and `PathError` as `document_of` does."""
        self.opened = opened
        self.number = number or 0
        self.root = document_of(opened, number, hint=_DOCUMENT_HINT)
        self._spell = spelled_as_in(opened, self.number)
        self._members: dict[int, dict[str, list[Node]]] = {}

    def at(self, path: str) -> Node:
        """Return what is at a path. Raises `PathError`."""
        return self._at(self.locator(path))

    def locator(self, path: str) -> Locator:
        """Return the place that a path names, which need not exist. Raises `PathError`."""
        if not path:
            return ()
        if path.startswith("/"):
            return self._followed(path)
        return locate(self.opened, path, self.number)

    def scalar(self, path: str) -> tuple[Scalar | None, str]:
        """Return a single value and its text. Raises `PathError`."""
        locator = self.locator(path)
        value = self._at(locator)
        if isinstance(value, MappingNode | ListNode):
            raise PathError(f"{format_path(locator) or 'the whole file'} is not a single value")
        text = self.text(locator, value)
        if isinstance(text, bytes):
            raise PathError(f"{format_path(locator)} is not text in UTF-8")
        return value, text

    def text(self, locator: Locator, value: Scalar | None) -> str | bytes:
        """Return a single value as its file spells it: `1.50`, `0123`; null is empty."""
        if value is None:
            return ""
        if isinstance(value, str | bytes):
            return value
        spelled = self._spell(locator, value)
        return to_plain_text(value) if spelled is None else spelled

    def as_text(self, locator: Locator, node: MappingNode) -> MappingNode:
        """Return the mapping at a place with the texts of its values, for formats that have nothing else."""
        found = MappingNode()
        for item in node.items:
            if isinstance(item, Comment):
                found.items.append(item)
                continue
            key, value = item
            place = (*locator, key)
            if isinstance(value, MappingNode):
                found.items.append((key, self.as_text(place, value)))
            else:
                found.items.append((key, value if isinstance(value, ListNode) else self.text(place, value)))
        return found

    def _followed(self, pointer: str) -> Locator:
        """Read a JSON pointer by what is there, where a number is a position in a list, or a name."""
        if "~" in pointer:
            return locate(self.opened, pointer, self.number)
        found: list[str | int] = []
        node: Node = self.root
        for part in pointer[1:].split("/"):
            step: str | int = part
            if isinstance(node, ListNode):
                if not (part.isascii() and part.isdigit()):
                    return locate(self.opened, pointer, self.number)
                step = int(part)
            found.append(step)
            node = next(iter(self._named(node, step)), None)
        return tuple(found)

    def _at(self, locator: Locator) -> Node:
        node: Node = self.root
        for depth, step in enumerate(locator, 1):
            found = self._named(node, step)
            if not found:
                raise self._missing(locator, depth)
            if found[1:]:
                raise PathError(f"{format_path(locator[:depth])} exists {len(found)} times")
            node = found[0]
        return node

    def _named(self, node: Node, step: str | int) -> list[Node]:
        if isinstance(node, ListNode) and isinstance(step, int):
            return [item for item in node.items if not isinstance(item, Comment)][step : step + 1]
        if not isinstance(node, MappingNode) or not isinstance(step, str):
            return []
        members = self._members.get(id(node))
        if members is None:
            members = self._members[id(node)] = {}
            for item in node.items:
                if not isinstance(item, Comment):
                    members.setdefault(item[0], []).append(item[1])
        return members.get(step, [])

    def _missing(self, locator: Locator, depth: int) -> PathError:
        from leafseal.display import for_shell
        from leafseal.operations.near import nearest

        near = nearest(self.opened, locator, self.number)
        hint = f"the file has {for_shell(format_path(near))}" if near else None
        return PathError(f"{format_path(locator[:depth])} does not exist", hint=hint)


_DOCUMENT_HINT = "add --document N, or in a map document: N; the first is 0"


def pairs(node: MappingNode) -> list[tuple[str, Node]]:
    """Return the members of a mapping without comments."""
    return [item for item in node.items if not isinstance(item, Comment)]
