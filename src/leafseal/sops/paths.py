"""Following a path through an opened file as `sops set` and `sops unset` do (sops-cli §4.4, §4.5).

sops counts the comments of a YAML list as members of it. Its numbers are taken, and places are returned as our own
documents count them, without comments.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from leafseal.display import visible
from leafseal.document import Locator
from leafseal.document.scalars import Timestamp
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.operations.open import Opened
from leafseal.sops.shared.failures import Failure
from leafseal.sops.values import CODE


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
    """Return what sops calls the type of a single value."""
    if node is None:
        return "<nil>"
    names = {bool: "bool", int: "int", float: "float64", Timestamp: "time.Time"}
    return names.get(type(node), "string")
