"""Trees of documents: built from leaves, and plain Python values."""

from __future__ import annotations

import pytest

from leafseal.document import Leaf, Locator
from leafseal.document.scalars import Empty, Timestamp
from leafseal.document.tree import (
    AT_HEAD,
    BEFORE_LAST,
    Comment,
    ListNode,
    MappingNode,
    build,
    from_python,
    to_python,
)
from leafseal.errors import FormatError


def leaf(*locator: str | int, value: object = "v", document: int = 0, comment: str = "") -> Leaf:
    """Return a leaf; with `comment`, one of that style."""
    path = tuple(name for name in locator if isinstance(name, str))
    return Leaf(document, locator, path, 0, 0, comment or "plain", value, is_comment=bool(comment))  # type: ignore[arg-type]


def built(*leaves: Leaf) -> list[object]:
    return [to_python(tree) for tree in build((one, one.value) for one in leaves)]


@pytest.mark.parametrize(
    ("locators", "value"),
    [
        ([], []),
        ([("a",)], [{"a": "v"}]),
        ([("a", "b", "c"), ("a", "b", "d")], [{"a": {"b": {"c": "v", "d": "v"}}}]),
        ([("a", 0), ("a", 1)], [{"a": ["v", "v"]}]),
        ([("a", 0, "b"), ("a", 1, 0)], [{"a": [{"b": "v"}, ["v"]]}]),
        ([("",)], [{"": "v"}]),
    ],
)
def test_containers_follow_from_the_places_of_leaves(locators: list[Locator], value: object) -> None:
    assert built(*(leaf(*locator) for locator in locators)) == value


def test_empty_containers_and_nulls_have_their_places() -> None:
    leaves = [leaf("m", value=Empty.MAPPING), leaf("l", value=Empty.LIST), leaf("n", value=None)]
    assert built(*leaves) == [{"m": {}, "l": [], "n": None}]


def test_a_file_has_as_many_documents_as_its_last_leaf_says() -> None:
    assert built(leaf("a", document=2)) == [{}, {}, {"a": "v"}]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (leaf("a", "b"), leaf("a", value=Empty.MAPPING)),
        (leaf("a", "b"), leaf("a", 0)),
        (leaf("a", 0), leaf("a", "b")),
    ],
)
def test_a_place_that_is_two_things_has_no_tree(first: Leaf, second: Leaf) -> None:
    with pytest.raises(FormatError, match="a key appears twice"):
        built(first, second)


def test_comments_stand_where_their_style_says() -> None:
    def items(*leaves: Leaf) -> list[object]:
        [root] = build((one, one.value) for one in leaves)
        return list(root.items)

    a, b = leaf("a"), leaf("b")
    assert items(a, leaf(value=" x", comment="#"), b) == [("a", "v"), Comment(" x"), ("b", "v")]
    assert items(a, b, leaf(value=" x", comment=f"#{BEFORE_LAST}")) == [("a", "v"), Comment(" x"), ("b", "v")]
    assert items(a, leaf(value=" x", comment=f"#{AT_HEAD}")) == [Comment(" x"), ("a", "v")]
    assert items(leaf(value=" x", comment=f"#{BEFORE_LAST}")) == [Comment(" x")]


def test_a_comment_alone_makes_a_container_of_the_kind_that_its_style_says() -> None:
    [root] = build([(leaf("l", value="x", comment="#-"), "x"), (leaf("m", value="x", comment="#"), "x")])
    assert root.items == [("l", ListNode([Comment("x")])), ("m", MappingNode([Comment("x")]))]
    assert to_python(root) == {"l": [], "m": {}}


def test_what_has_comments_and_no_members_is_one_thing() -> None:
    note = leaf("l", value="x", comment="#-")
    [root] = build([(note, "x"), (leaf("l", value=Empty.LIST), Empty.LIST), (leaf("m"), "v")])
    assert root == MappingNode([("l", ListNode([Comment("x")])), ("m", "v")])
    for other in (note, leaf("l", 0), leaf("l", value=Empty.LIST), leaf("l", value=Empty.MAPPING)):
        with pytest.raises(FormatError, match="twice"):
            build((one, one.value) for one in (note, leaf("l", value=Empty.LIST), other, leaf("l", value=Empty.LIST)))


def test_python_values_come_back() -> None:
    value = {"a": [1, 1.5, True, None, "ü", b"\xff", Timestamp("2024-01-01T00:00:00Z")], "b": {"": {}, "l": []}}
    assert to_python(from_python(value)) == value
    assert to_python(from_python(("x", ("y",)))) == ["x", ["y"]]


@pytest.mark.parametrize("value", [{1: "x"}, [object()], {"a": {1, 2}}, 1j])
def test_what_no_file_can_hold(value: object) -> None:
    with pytest.raises(FormatError, match=r"only text can be|nothing that a file can contain"):
        from_python(value)


def test_a_comment_is_text_that_knows_what_it_is() -> None:
    assert Comment(" x") == " x"
    assert type(Comment(" x").text) is str
