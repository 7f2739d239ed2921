"""Which token goes where when a file is sealed again."""

from __future__ import annotations

import pytest

from leafseal.document import Edit, Leaf
from leafseal.operations.leaves import OpenedLeaf
from leafseal.operations.memory import Key, Memory


def leaf(*locator: str | int, value: object = None, document: int = 0) -> Leaf:
    path = tuple(name for name in locator if isinstance(name, str))
    return Leaf(document, locator, path, 0, 0, "plain", value)  # type: ignore[arg-type]


def key(data: bytes = b"x", word: str = "str", aad: str = "l:") -> Key:
    return aad, word, data


def memory(*old: tuple[Leaf, Key], shown: str = "x") -> Memory:
    opened = [OpenedLeaf(item, data.decode(), data, word, aad) for item, (aad, word, data) in old]
    return Memory("SEALED", opened, [Edit(0, 6, shown)] * len(old), [None] * len(old), {})


def given(found: Memory, *leaves: tuple[Leaf, Key]) -> dict[int, str]:
    return {position: old.token for position, old in found.assign(leaves).items()}


def test_a_leaf_that_stands_where_it_stood_has_its_token() -> None:
    found = memory((leaf("l", 0, value="T0"), key()), (leaf("l", 1, value="T1"), key()))
    [one] = found.assign([(leaf("l", 1), key())]).values()
    assert (one.token, one.shown, one.sealed, one.locator) == ("T1", "x", "SEALED", ("l", 1))


def test_those_that_stayed_come_before_those_that_moved() -> None:
    """The first has none of its own, and must not take that of the second."""
    found = memory((leaf("l", 1, value="T1"), key()), (leaf("l", 5, value="T5"), key()))
    assert given(found, (leaf("l", 0), key()), (leaf("l", 1), key())) == {0: "T5", 1: "T1"}


def test_each_token_is_used_once() -> None:
    found = memory((leaf("l", 0, value="T0"), key()))
    assert given(found, (leaf("l", 3), key()), (leaf("l", 4), key())) == {0: "T0"}
    assert given(found, (leaf("l", 0), key())) == {}


@pytest.mark.parametrize("other", [key(b"y"), key(word="int"), key(aad="m:"), key(b"")])
def test_another_value_type_or_path_gets_none(other: Key) -> None:
    assert given(memory((leaf("l", 0, value="T0"), key())), (leaf("l", 0), other)) == {}


def test_the_same_place_in_another_document_is_another() -> None:
    found = memory((leaf("a", value="T0"), key()), (leaf("a", value="T1", document=1), key()))
    assert given(found, (leaf("a", document=1), key()), (leaf("a"), key())) == {0: "T1", 1: "T0"}


def test_a_whole_number_that_was_a_float_in_its_place_stays_one() -> None:
    as_int, as_float = key(b"1", "int"), key(b"1", "float")
    found = memory((leaf("a", value="T"), as_float), shown="1")
    assert found.key(leaf("a"), "1", as_int) == as_float
    assert found.key(leaf("moved"), "1", as_int) == as_float
    assert found.key(leaf("a"), "1.0", as_int) == as_int  # the user wrote it anew
    assert found.key(leaf("a"), "2", key(b"2", "int")) == key(b"2", "int")
    assert found.key(leaf("a"), "1", key(b"1")) == key(b"1")


def test_where_there_are_both_a_number_that_moved_is_an_int() -> None:
    as_int, as_float = key(b"1", "int"), key(b"1", "float")
    found = memory((leaf("a", value="T"), as_float), (leaf("b", value="U"), as_int), shown="1")
    assert found.key(leaf("c"), "1", as_int) == as_int
    assert found.key(leaf("a"), "1", as_int) == as_float


class Index(int):
    """A place in a list that counts how often it is compared with another."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Index.compared += 1
        return int.__eq__(self, other)  # type: ignore[arg-type]

    __hash__ = int.__hash__


@pytest.mark.parametrize("part", [0, 0.5, 1])
def test_ten_times_as_many_equal_values_under_one_path_are_at_most_twelve_times_the_work(part: float) -> None:
    """Whether they stand where they stood, half of them, or none."""
    as_int, as_float = key(b"1", "int"), key(b"1", "float")
    done = []
    for count in (100, 1000):
        found = memory(*((leaf("l", Index(i), value=f"T{i}"), as_float) for i in range(count)), shown="1")
        new = [leaf("l", Index(i + int(count * part))) for i in range(count)]
        Index.compared = 0
        assert len(found.assign([(item, found.key(item, "1", as_int)) for item in new])) == count
        done.append(Index.compared)
    assert done[1] <= 12 * done[0]
