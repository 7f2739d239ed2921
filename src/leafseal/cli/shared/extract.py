"""One part of an opened file: finding it by its path, and writing it (sops-cli §4.2)."""

from __future__ import annotations

from leafseal.document import Locator
from leafseal.document.paths import format_path, resolve_path
from leafseal.document.scalars import to_plain_text
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.errors import EmitError, PathError
from leafseal.formats import emit
from leafseal.operations.open import Opened


def locate(opened: Opened, path: str) -> Locator:
    """Read a path expression with the places that the first document has. Raises `PathError`."""
    return resolve_path(path, [leaf.locator for leaf, _ in opened.leaves.values if leaf.document == 0])


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
    """Return what stands at a place: text as its bytes, a mapping as a document, others as the format has them."""
    node = part_at(opened, locator)
    if isinstance(node, str):
        return node.encode("utf-8", "surrogateescape")
    if isinstance(node, bytes):
        return node
    if isinstance(node, MappingNode):
        return emit([node], format_name, indent=indent)
    if format_name == "yaml":
        return _yaml(node, indent)
    if format_name == "json":
        return _json(node, indent)
    if isinstance(node, ListNode):
        raise EmitError(f"{format_name} holds no lists", hint="--output-type yaml or json does")
    text = to_plain_text(node) if node is not None else "null"
    return text if isinstance(text, bytes) else text.encode()


def _yaml(node: Node, indent: int | None) -> bytes:
    # A document is a mapping for the emitter; what is wanted is cut out of one with a single key.
    whole = emit([MappingNode([("x", node)])], "yaml", indent=indent).decode("utf-8", "surrogateescape")
    if not whole.startswith("x:\n"):
        return whole.removeprefix("x: ").encode("utf-8", "surrogateescape")
    lines = whole.split("\n")[1:]
    width = len(lines[0]) - len(lines[0].lstrip(" "))
    return "\n".join(line[width:] for line in lines).encode("utf-8", "surrogateescape")


def _json(node: Node, indent: int | None) -> bytes:
    lines = emit([MappingNode([("x", node)])], "json", indent=indent).decode().strip().split("\n")[1:-1]
    margin = len(lines[0]) - len(lines[0].lstrip())
    text = "\n".join(line[margin:] for line in lines)
    return text[text.index(":") + 1 :].strip().encode()
