"""What the editor shows in a file that is not there yet (sops-cli §4.3)."""

from __future__ import annotations

from leafseal.document.tree import Comment, ListNode, MappingNode, Node

_WELCOME = "Welcome to SOPS! Edit this file as you please!"
_KEY = ("example_key", "example_value")


def example(format_name: str) -> MappingNode:
    """Return the example of a format."""
    return MappingNode(list(_EXAMPLES.get(format_name, _TREE)))


_Items = list[tuple[str, Node] | Comment]

_TREE: _Items = [
    ("hello", _WELCOME),
    _KEY,
    Comment(" Example comment"),
    ("example_array", ListNode(["example_value1", "example_value2"])),
    ("example_number", 1234.56789),
    ("example_booleans", ListNode([True, False])),
]
_COMMENT = Comment(" This is an example file.")
_EXAMPLES: dict[str, _Items] = {
    "dotenv": [_COMMENT, ("hello", _WELCOME), _KEY, ("example_multiline", "foo\nbar\nbaz")],
    "ini": [("Welcome!", MappingNode([_COMMENT, ("hello", _WELCOME), _KEY]))],
    "binary": [("data", _WELCOME)],
}
