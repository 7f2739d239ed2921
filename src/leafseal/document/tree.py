"""Documents as trees: what conversion between formats emits, and what the library hands out.

Splicing never goes this way. A tree is rebuilt from a document's leaves, so every format has it for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from leafseal.document import Leaf, Locator
from leafseal.document.paths import format_path
from leafseal.document.scalars import Empty, Scalar
from leafseal.errors import FormatError, PathError


class Comment(str):
    """The text after the comment character, its leading blank included."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """The text as plain string."""
        return str(self)


class MappingNode:
    """A mapping in order; comments are members of it."""

    __slots__ = ("items",)

    def __init__(self, items: list[tuple[str, Node] | Comment] | None = None) -> None:
        self.items = [] if items is None else items

    def __eq__(self, other: object) -> bool:
        return self.items == other.items if isinstance(other, MappingNode) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"MappingNode({self.items!r})"


class ListNode:
    """A list in order; comments are members of it."""

    __slots__ = ("items",)

    def __init__(self, items: list[Node | Comment] | None = None) -> None:
        self.items = [] if items is None else items

    def __eq__(self, other: object) -> bool:
        return self.items == other.items if isinstance(other, ListNode) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ListNode({self.items!r})"


BEFORE_LAST, AT_HEAD = "^", "<"
"""Ends of a comment leaf's style, where it stands elsewhere in the tree than in the text: SOPS has a comment at the end
of a line before the member that it is behind, or first in the list or mapping that it is behind."""

AGAIN = "again"
"""The style of a leaf that begins another mapping under a name that has one: INI files may repeat their sections."""

UNWRITTEN = "unwritten"
"""The style of an empty mapping that is in no text: SOPS gives every INI file a section `DEFAULT`."""

Node = MappingNode | ListNode | Scalar | None


def build(leaves: Iterable[tuple[Leaf, Scalar | Empty | None]]) -> list[MappingNode]:
    """Rebuild the documents of a file from its leaves and the values to put in their places.

    Raises `FormatError` where two leaves stand in one place: duplicate keys have no tree.
    """
    documents: list[MappingNode] = []
    found: dict[tuple[int, Locator], MappingNode | ListNode] = {}
    of_comments: set[tuple[int, Locator]] = set()  # known from the comments in them alone, which come first
    for leaf, value in leaves:
        while len(documents) <= leaf.document:
            found[len(documents), ()] = root = MappingNode()
            documents.append(root)
        if leaf.is_comment:
            # Which kind of container a comment stands in, its style tells: what follows may not have been seen yet.
            kind = ListNode if leaf.style.startswith("#-") else MappingNode
            if (leaf.document, leaf.locator) not in found:
                of_comments.add((leaf.document, leaf.locator))
            items = _container(found, leaf.document, leaf.locator, kind).items
            items.insert(_position(leaf.style, len(items)), Comment(str(value)))
        elif leaf.locator:
            node: Node = MappingNode() if value is Empty.MAPPING else ListNode() if value is Empty.LIST else value
            if isinstance(node, MappingNode | ListNode):
                key = leaf.document, leaf.locator
                if key in of_comments and all(isinstance(item, Comment) for item in found[key].items):
                    of_comments.remove(key)
                    continue
                if key in found and leaf.style != AGAIN:
                    raise FormatError("a key appears twice: this file has no tree", hint="remove one of the two")
                found[key] = node
            _attach(found, leaf.document, leaf.locator, node)
    return documents


def _position(style: str, count: int) -> int:
    if style.endswith(BEFORE_LAST):
        return max(count - 1, 0)
    return 0 if style.endswith(AT_HEAD) else count


def _container(
    found: dict[tuple[int, Locator], MappingNode | ListNode], document: int, locator: Locator, kind: type
) -> MappingNode | ListNode:
    key = (document, locator)
    if key not in found:
        found[key] = kind()
        _attach(found, document, locator, found[key])
    return found[key]


def _attach(
    found: dict[tuple[int, Locator], MappingNode | ListNode], document: int, locator: Locator, node: Node
) -> None:
    last = locator[-1]
    parent = _container(found, document, locator[:-1], ListNode if isinstance(last, int) else MappingNode)
    if isinstance(last, int) and isinstance(parent, ListNode):
        parent.items.append(node)
    elif isinstance(last, str) and isinstance(parent, MappingNode):
        parent.items.append((last, node))
    else:
        raise FormatError("a key appears twice: this file has no tree", hint="remove one of the two")


def find(node: Node, path: Locator) -> Node:
    """Return what stands at a path below a node; the comments of a list do not count. Raises `PathError`."""
    nodes = [node]
    for depth, step in enumerate(path):
        nodes = [member for node in nodes for member in _members(node, step)]
        if not nodes:
            raise PathError(f"{format_path(path[: depth + 1])} does not exist")
    if len(nodes) > 1:
        raise PathError(
            f"{format_path(path)} exists {len(nodes)} times", hint='show the whole file with "leafseal decrypt"'
        )
    return nodes[0]


def _members(node: Node, step: str | int) -> list[Node]:
    """Return what stands under a name or a position of a node: more than one thing where a name appears again."""
    if isinstance(node, MappingNode):
        return [item[1] for item in node.items if not isinstance(item, Comment) and item[0] == step]
    if isinstance(node, ListNode) and isinstance(step, int):
        return [item for item in node.items if not isinstance(item, Comment)][step : step + 1]
    return []


def to_python(node: Node) -> object:
    """Return plain dicts, lists and scalars, without comments."""
    if isinstance(node, MappingNode):
        members = [item for item in node.items if not isinstance(item, Comment)]
        found = {name: to_python(member) for name, member in members}
        if len(found) < len(members):
            raise FormatError("a name appears twice: a mapping of Python can contain only one of them")
        return found
    if isinstance(node, ListNode):
        return [to_python(item) for item in node.items if not isinstance(item, Comment)]
    return node


def from_python(value: object) -> Node:
    """Return the tree of plain dicts, lists and scalars. Raises `FormatError` for anything else."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise FormatError("only text can be a mapping's key")
        return MappingNode([(key, from_python(member)) for key, member in value.items()])
    if isinstance(value, list | tuple):
        return ListNode([from_python(member) for member in value])
    if value is None or isinstance(value, Scalar):
        return value
    raise FormatError(f"nothing that a file can contain: {type(value).__name__}")
