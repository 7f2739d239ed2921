"""One part of an opened file: finding it by its path, and writing it (sops-cli §4.2)."""

from __future__ import annotations

from leaflock.document import Locator
from leaflock.errors import EmitError, PathError
from leaflock.formats import emit
from leaflock.operations import Opened
from leaflock.paths import format_path, resolve_path
from leaflock.scalars import to_plain_text
from leaflock.tree import Comment, ListNode, MappingNode, Node


def locate(opened: Opened, path: str) -> Locator:
    """Read a path expression with the places that the first document has. Raises `PathError`."""
    return resolve_path(path, [leaf.locator for leaf, _ in opened.opening.values if leaf.document == 0])


def part_at(opened: Opened, locator: Locator) -> Node:
    """Return what stands at a place of the first document. Raises `PathError`."""
    documents = opened.documents()
    node: Node = documents[0] if documents else MappingNode()
    for depth, step in enumerate(locator):
        if isinstance(node, MappingNode):
            found = [item[1] for item in node.items if not isinstance(item, Comment) and item[0] == step]
        elif isinstance(node, ListNode) and isinstance(step, int):
            members = [item for item in node.items if not isinstance(item, Comment)]
            found = members[step : step + 1]
        else:
            found = []
        if not found:
            raise PathError(f"nothing stands at {format_path(locator[: depth + 1])}")
        node = found[0]
    return node


def emit_part(opened: Opened, locator: Locator, format_name: str, indent: int | None = None) -> bytes:
    """Return what stands at a place: text as its bytes alone, a mapping as a document, others as the format has them."""
    node = part_at(opened, locator)
    if isinstance(node, str):
        return node.encode("utf-8", "surrogateescape")
    if isinstance(node, bytes):
        return node
    if isinstance(node, MappingNode):
        return emit([node], format_name, indent=indent)
    if isinstance(node, ListNode):
        return _list(node, format_name, indent)
    text = to_plain_text(node) if node is not None else "null"
    data = text if isinstance(text, bytes) else text.encode()
    return data + b"\n" if format_name == "yaml" else data


def _list(node: ListNode, format_name: str, indent: int | None) -> bytes:
    if format_name not in ("yaml", "json"):
        raise EmitError(f"{format_name} holds no lists", hint="--output-type yaml or json does")
    # A document is a mapping for every emitter; the list in one is cut out of it again.
    whole = emit([MappingNode([("x", node)])], "json", indent=indent).decode()
    text = whole[whole.index("[") : whole.rindex("]") + 1]
    lines = text.split("\n")
    step = len(lines[-1]) - len(lines[-1].lstrip())
    return "\n".join([lines[0], *(line[step:] for line in lines[1:])]).encode() + (b"\n" if format_name == "yaml" else b"")
