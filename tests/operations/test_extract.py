"""One part of a file: found by its path, and written."""

from __future__ import annotations

import pytest

from leafseal.document.scalars import Timestamp
from leafseal.document.tree import Node, from_python
from leafseal.errors import EmitError, PathError
from leafseal.operations.extract import emit_part, locate, part_at, text_of

from ..whole_files import open_, seal

DATE = Timestamp("2024-01-01T00:00:00Z")
OPENED = open_(seal(b"a:\n    b: x\n    l: [1, 2]\nn: 5\n---\nother: y\n", "yaml"), "yaml")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.b", b"x"),
        ("n", b"5"),
        ("a", b"b: x\nl:\n    - 1\n    - 2\n"),
    ],
)
def test_a_part_is_found_and_written(path: str, text: bytes) -> None:
    assert emit_part(part_at(OPENED, locate(OPENED, path)), "yaml").rstrip(b"\n") == text.rstrip(b"\n")


@pytest.mark.parametrize("path", ["x", "a.x", "a.l[7]", "n.x", "other"])
def test_what_is_not_in_the_first_document(path: str) -> None:
    with pytest.raises(PathError):
        part_at(OPENED, locate(OPENED, path))


def test_text_is_written_with_nothing_added_in_every_format() -> None:
    for format_name in ("yaml", "json", "dotenv", "ini"):
        assert emit_part("x\n\ny", format_name) == b"x\n\ny"
        assert emit_part(b"\xff", format_name) == b"\xff"
        assert emit_part("", format_name) == b""
    assert emit_part(b"\xff".decode("utf-8", "surrogateescape"), "yaml") == b"\xff"


@pytest.mark.parametrize(("node", "text"), [("x", b"x"), (b"\xff", b"\xff"), (5, None), (None, None), (True, None)])
def test_what_is_text(node: Node, text: bytes | None) -> None:
    assert text_of(node) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, b"5"),
        (1.5, b"1.5"),
        (True, b"true"),
        (None, b"null"),
        (Timestamp("2024-01-01T00:00:00Z"), b"2024-01-01T00:00:00Z"),
    ],
)
def test_other_scalars_where_there_is_nothing_but_text(value: Node, text: bytes) -> None:
    assert emit_part(value, "dotenv") == text


def test_lists_are_not_for_every_format() -> None:
    node = from_python([1, {"a": "x"}])
    assert emit_part(node, "json", indent=0).startswith(b"[")
    assert emit_part(node, "yaml").startswith(b"- 1\n")
    with pytest.raises(EmitError):
        emit_part(node, "dotenv")
