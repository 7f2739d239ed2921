"""What the formats share: decoding, places in messages, and what a file of text alone can hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.document import Edit, Leaf
from leafseal.document.limits import Limits
from leafseal.document.scalars import Timestamp
from leafseal.errors import EmitError, FormatError, MetadataError
from leafseal.formats import common

DATE = Timestamp("2024-01-01T00:00:00.5Z")


@given(st.binary(max_size=20).filter(lambda data: b"\0" not in data))
def test_bytes_come_back_from_text_and_values(data: bytes) -> None:
    text = common.decode_lines(data)
    assert text.encode("utf-8", "surrogateescape") == data
    value = common.as_value(text)
    assert isinstance(value, bytes) is common.has_other_bytes(text)
    assert common.as_text(value) == text


def test_a_nul_is_refused_with_its_line() -> None:
    with pytest.raises(FormatError, match="contains a NUL character") as caught:
        common.decode_lines(b"a\nb\0\n")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("offset", "place"), [(0, (1, 1)), (1, (1, 2)), (2, (1, 3)), (3, (2, 1)), (4, (3, 1)), (6, (3, 3))]
)
def test_lines_and_columns_are_counted_from_one(offset: int, place: tuple[int, int]) -> None:
    text = "ab\n\nüc"
    assert common.place_of(text, offset) == place
    assert common.line_of(text, offset) == place[0]


def test_a_key_that_stands_twice_is_named_and_placed() -> None:
    error = common.duplicate_key_error("a\x1b", "x\n  a", 4)
    assert (error.line, error.column) == (2, 3)
    assert error.message == "the key a\\x1b appears twice"
    assert "(empty)" in common.duplicate_key_error("", "x", 0).message


def test_sizes_are_bounded() -> None:
    def leaf(start: int, end: int) -> Leaf:
        return Leaf(0, ("a",), ("a",), start, end, "plain", "x")

    text = "\n" + "x" * 20
    common.refuse_sizes(text, [leaf(1, 11)], Limits(leaves=1, scalar_bytes=10))
    with pytest.raises(FormatError, match="more than 1 leaves"):
        common.refuse_sizes(text, [leaf(1, 2), leaf(2, 3)], Limits(leaves=1))
    with pytest.raises(FormatError, match="a value of more than 10 bytes") as caught:
        common.refuse_sizes(text, [leaf(1, 12)], Limits(scalar_bytes=10))
    assert caught.value.line == 2


def test_flat_metadata() -> None:
    assert common.flat_metadata([]) is None
    assert common.flat_metadata([("version", "3")]) == {"version": "3"}
    with pytest.raises(MetadataError, match="duplicate sops entry"):
        common.flat_metadata([("version", "3"), ("version", "3")])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ü", "ü"),
        (5, "5"),
        (True, "true"),
        (b"\xff", "\udcff"),
        (Timestamp("2024-01-01T00:00:00.5Z"), "2024-01-01T00:00:00Z"),
    ],
)
def test_text_of_values(value: object, text: str) -> None:
    assert common.plain_text(value, "dotenv") == text


@pytest.mark.parametrize(
    ("value", "message"),
    [(None, "null cannot"), ([], "lists and mappings"), ({}, "lists and mappings"), ("a\0", "NUL")],
)
def test_what_text_cannot_hold(value: object, message: str) -> None:
    with pytest.raises(EmitError, match=message):
        common.plain_text(value, "dotenv")


def test_a_document_of_spliced_text_says_little() -> None:
    leaf = Leaf(0, ("a",), ("a",), 0, 1, "plain", "x", place="p")
    document = common.SplicedDocument("x\udcff", [leaf])
    assert (document.text, list(document.leaves()), document.remember()) == ("x\udcff", [leaf], {})
    assert (document.context(leaf), document.block_indent) == ("p", None)
    assert document._spliced([Edit(0, 1, "ü")]) == "ü".encode() + b"\xff"


def test_errors_of_paths() -> None:
    assert common.nothing_there_error(("a", 0)).message == "a[0] does not exist"
    assert common.in_the_way_error((), "a list").message == "the top level is a list"
