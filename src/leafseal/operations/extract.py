"""One part of an opened file: finding it by its path, and writing it."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.document import Locator
from leafseal.document.paths import resolve_path
from leafseal.document.scalars import to_plain_text
from leafseal.document.tree import ListNode, MappingNode, Node, find
from leafseal.errors import EmitError, PathError, RefusedError
from leafseal.formats import emit, emit_node
from leafseal.operations.open import Opened


def locate(opened: Opened, path: str, document: int = 0) -> Locator:
    """Read a path expression with the places that a document has. Raises `PathError`."""
    return resolve_path(path, [leaf.locator for leaf, _ in opened.leaves.values if leaf.document == document])


def document_of(
    opened: Opened, number: int | None, *, hint: str, documents: Sequence[MappingNode] | None = None
) -> MappingNode:
    """Return one document of a file, by its number from 0: without one the first, where nobody can have added others.

    `documents` are those of the file, where somebody has built them already.

    Raises `RefusedError` where another hand may have split the file, with `hint` on how to say which document is meant,
    `PathError` where there are fewer documents.
    """
    documents = opened.documents() if documents is None else documents
    if number is None:
        if len(documents) > 1 and opened.coverage != "covered":
            raise RefusedError(
                f"contains {len(documents)} documents, and nothing protects where one ends and the next begins",
                hint=hint,
            )
        number = 0
    if number >= max(len(documents), 1):
        raise PathError(f"there is no document {number}; the last is {max(len(documents), 1) - 1}")
    return documents[number] if documents else MappingNode()


def part_at(opened: Opened, locator: Locator, document: int = 0) -> Node:
    """Return what stands at a place of a document. Raises `PathError`."""
    documents = opened.documents()
    return find(documents[document] if document < len(documents) else MappingNode(), locator)


def emit_part(node: Node, format_name: str, *, indent: int | None = None, for_shells: bool = False) -> bytes:
    """Return text as its bytes, a mapping as a document, others as the format has them. Raises `EmitError`.

    `for_shells` is as in `emit`.
    """
    if (text := text_of(node)) is not None:
        return text
    if isinstance(node, MappingNode):
        return emit([node], format_name, indent=indent, for_shells=for_shells)
    if (alone := emit_node(node, format_name, indent=indent)) is not None:
        return alone
    if isinstance(node, ListNode):
        raise EmitError(f"{format_name} cannot contain lists", hint="add --output-type yaml or --output-type json")
    return _encoded("null" if node is None else to_plain_text(node))


def text_of(node: Node) -> bytes | None:
    """Return the bytes of text, with nothing added; None for what is no text."""
    return _encoded(node) if isinstance(node, str | bytes) else None


def _encoded(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
