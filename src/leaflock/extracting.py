"""One value out of an opened file: finding it by its path, and writing it alone (sops-cli §4.2)."""

from __future__ import annotations

import json

from leaflock.errors import PathError
from leaflock.formats import emit
from leaflock.operations import Opened
from leaflock.paths import format_path, resolve_path
from leaflock.scalars import Timestamp, to_plain_text
from leaflock.tree import Comment, ListNode, MappingNode, Node, to_python


def locators(opened: Opened) -> list[tuple[str | int, ...]]:
    """Return where the values of the first document stand, for a path to be understood by."""
    return [leaf.locator for leaf, _ in opened.opening.values if leaf.document == 0 and not leaf.is_comment]


def find(opened: Opened, path: str) -> Node:
    """Return what stands at `path` in the first document. Raises `PathError`."""
    locator = resolve_path(path, locators(opened))
    documents = opened.documents()
    node: Node = documents[0] if documents else MappingNode()
    for depth, part in enumerate(locator):
        found = _member(node, part)
        if found is None:
            raise PathError(f"{format_path(locator[: depth + 1])}: nothing stands there")
        [node] = found
    return node


def _member(node: Node, part: str | int) -> list[Node] | None:
    if isinstance(node, MappingNode) and isinstance(part, str):
        return next(([item[1]] for item in node.items if not isinstance(item, Comment) and item[0] == part), None)
    if isinstance(node, ListNode) and isinstance(part, int):
        values = [item for item in node.items if not isinstance(item, Comment)]
        return [values[part]] if 0 <= part < len(values) else None
    return None


def render(node: Node, format_name: str, indent: int | None = None) -> bytes:
    """Return a string as its raw bytes, a mapping as a file of the format, all else as the format writes a value."""
    if isinstance(node, str):
        return node.encode()
    if isinstance(node, bytes):
        return node
    if isinstance(node, MappingNode):
        return emit([node], format_name, indent=indent)
    if format_name == "yaml":
        # As the only member of a mapping, and then without the mapping.
        written = emit([MappingNode([("v", node)])], "yaml", indent=4).decode()
        lines = written.removeprefix("v:").lstrip(" ").removeprefix("\n").splitlines(keepends=True)
        return "".join(line.removeprefix("    ") for line in lines).encode()
    if format_name == "json" or isinstance(node, ListNode):
        return to_json(node).encode()
    text = to_plain_text(node)
    return text if isinstance(text, bytes) else text.encode()


def to_json(node: Node) -> str:
    """Return a value as JSON on few lines, for programs."""
    return json.dumps(to_python(node), ensure_ascii=False, indent=1, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Timestamp):
        return value.text
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    raise TypeError(f"not a value: {type(value).__name__}")
