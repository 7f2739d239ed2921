"""Paths as sops reads and follows them (sops-cli §4.2, §4.4, §4.5, §5.1).

sops counts the comments of a YAML list as members of it. Its numbers are taken; for what is changed, places are
returned as our own documents count them, without comments.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from leafseal.display import visible
from leafseal.document import Locator
from leafseal.document.scalars import INT_MAX, Timestamp
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.errors import PathError
from leafseal.operations.open import Opened
from leafseal.sops.shared.failures import Failure

CODE = 7
"""The exit code for an index or a value that cannot be."""


def tree_path(text: str) -> Locator:
    """Read a path such as `["db"]['ports'][0]`; the empty text is the whole document. Raises `PathError`.

    Every `[` begins a component, so a name cannot hold one. What sops does with a name that lacks a quote at its end,
    cutting off its last letter, and with an empty component or a negative index, breaking down, is an error here.
    """
    return tuple(_component(piece) for piece in text.split("[") if piece)


def _component(piece: str) -> str | int:
    if not piece.endswith("]"):
        raise PathError(f"component {visible(piece)} doesn't end with ]")
    inner = piece[:-1]
    if inner[:1] in ('"', "'"):
        if len(inner) < 2 or inner[-1] not in "\"'":
            raise PathError(f"component {visible(inner)} doesn't end with a quote")
        return inner[1:-1]
    if not re.fullmatch(r"[+-]?[0-9]{1,30}", inner, re.ASCII):
        raise PathError(f'component {visible(inner)} is neither a number nor a name in quotes, such as ["name"]')
    if not 0 <= int(inner) <= INT_MAX:
        raise PathError(f"component {inner} is no index of a list")
    return int(inner)


def locate(text: str) -> Locator:
    """Read the path that `--extract` gives. Raises `Failure` with exit code 91."""
    try:
        return tree_path(text)
    except PathError as error:
        raise Failure(f"error parsing --extract path: {error.message}", 91) from None


def parse_index(text: str, what: str) -> Locator:
    """Return the path that an index names; `what` is the command. Raises `Failure` with exit code 7."""
    try:
        path = tree_path(text)
    except PathError as error:
        raise Failure(f"Invalid {what} index format", CODE, hint=error.message) from None
    if not path:
        raise Failure(f"Invalid {what} index format", CODE, hint="""it looks like '["db"]["ports"][0]'""")
    return path


# -- what --extract writes


def find(root: Node, path: Locator) -> Node:
    """Follow a path from a document's root; in lists comments count as members. Raises `Failure`."""
    node: Node | Comment = root
    for step in path:
        node = _named(node, step) if isinstance(step, str) else _numbered(node, step)
    if isinstance(node, Comment):
        raise Failure(f"error truncating tree: component [{path[-1]}] is a comment")
    return node


def _named(node: Node, name: str) -> Node:
    for item in node.items if isinstance(node, MappingNode) else ():
        if not isinstance(item, Comment) and item[0] == name:
            return item[1]
    raise Failure(f"error truncating tree: component ['{visible(name)}'] not found")


def _numbered(node: Node, index: int) -> Node | Comment:
    if not isinstance(node, ListNode):
        raise Failure(f"error truncating tree: component [{index}] is integer, but tree part is not a slice")
    if index >= len(node.items):
        raise Failure(f"error truncating tree: component [{index}] accesses out of bounds")
    return node.items[index]


# -- what set and unset change


class _Missing(Enum):
    """What stands where nothing does."""

    MISSING = "missing"


MISSING: Final = _Missing.MISSING

Found = Node | _Missing


def root_of(opened: Opened) -> MappingNode:
    """Return the first document of a file."""
    documents = opened.documents()
    return documents[0] if documents else MappingNode()


def member(node: MappingNode, name: str) -> Found:
    """Return what a mapping has under a name."""
    return next((item[1] for item in node.items if not isinstance(item, Comment) and item[0] == name), MISSING)


def element(node: ListNode, number: int, what: str) -> tuple[int, Found]:
    """Return our index of a list's member, and the member; beyond the last, the index of the next one.

    Raises `Failure` for a comment: where sops counts one and the user did not, the wrong thing would be changed.
    """
    index = sum(not isinstance(item, Comment) for item in node.items[:number])
    if number >= len(node.items):
        return index, MISSING
    found = node.items[number]
    if isinstance(found, Comment):
        raise Failure(
            f"Invalid {what} index format: component [{number}] is a comment",
            CODE,
            hint="the comments of a list count as its members",
        )
    return index, found


def wrap_in(path: Locator, value: object) -> object:
    """Return a value with what leads to it: a name makes a mapping, any number a list of one."""
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [value]
    return value


def wrong_step(what: str, step: str | int) -> Failure:
    """Return the error for a number where names count, or a name where numbers do."""
    if isinstance(step, int):
        text = f"component [{step}] is integer, but tree part is not a slice"
    else:
        text = f"component ['{visible(step)}'] is no integer, but tree part is a slice"
    return Failure(f"Invalid {what} index format: {text}", CODE)


def go_type(node: Found) -> str:
    """Return what sops calls the type of a single value or a list."""
    if node is None:
        return "<nil>"
    names = {bool: "bool", int: "int", float: "float64", Timestamp: "time.Time", ListNode: "[]interface {}"}
    return names.get(type(node), "string")
