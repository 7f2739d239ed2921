from __future__ import annotations

import copy
import pickle
import typing
from pathlib import Path

import pytest

from leafseal.document import frozen
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import ReadOptions
from leafseal.document.scalars import Timestamp
from leafseal.document.tree import ListNode, MappingNode
from leafseal.errors import ConfigError
from leafseal.rules.selection import Selection

TIME = Timestamp("2024-01-01T00:00:00Z")


def test_a_value_is_what_its_attributes_say() -> None:
    assert Timestamp("2024-01-01T00:00:00Z") == TIME != Timestamp("2024-01-01T00:00:01Z")
    assert hash(Timestamp(TIME.text)) == hash(TIME)
    assert TIME.text != TIME
    assert (TIME == "x") is False
    assert Selection(encrypted_regex="^a$") == Selection(encrypted_regex="^a$") != Selection(encrypted_regex="^b$")
    assert len({Selection(), Selection(), Selection(mac_only_encrypted=True)}) == 2


def test_a_value_shows_its_attributes() -> None:
    assert repr(TIME) == "Timestamp(text='2024-01-01T00:00:00Z')"
    assert "encrypted_regex='^a$'" in repr(Selection(encrypted_regex="^a$"))
    assert "_test" not in repr(Selection())


def test_a_value_does_not_change() -> None:
    with pytest.raises(AttributeError, match="Timestamp is frozen: text cannot be set"):
        TIME.text = "x"
    with pytest.raises(AttributeError, match="Timestamp is frozen: text cannot be deleted"):
        del TIME.text
    with pytest.raises(AttributeError):
        TIME.more = 1  # type: ignore[attr-defined]


def test_a_value_with_other_attributes_is_made_anew() -> None:
    rule = Selection(encrypted_regex="^a$").replace(mac_only_encrypted=True)
    assert rule == Selection(encrypted_regex="^a$", mac_only_encrypted=True)
    with pytest.raises(ConfigError, match="only one rule"):
        rule.replace(encrypted_suffix="_x")
    with pytest.raises(TypeError):
        rule.replace(mac_only=True)


@pytest.mark.parametrize("value", [TIME, Selection(encrypted_regex="^a$")])
def test_a_value_can_be_copied(value: Timestamp | Selection) -> None:
    assert copy.deepcopy(value) == copy.copy(value) == pickle.loads(pickle.dumps(value)) == value


def test_nodes_are_equal_when_their_members_are() -> None:
    assert MappingNode([("a", 1)]) == MappingNode([("a", 1)]) != MappingNode([("a", 2)])
    assert ListNode([1]) == ListNode([1]) != ListNode()
    assert MappingNode() != ListNode()
    assert repr(MappingNode([("a", ListNode([1]))])) == "MappingNode([('a', ListNode([1]))])"
    with pytest.raises(TypeError):
        hash(ListNode())
    MappingNode().items.append(("a", 1))
    assert MappingNode() == MappingNode([])


class Pair(NamedTuple):
    """Two."""

    one: int
    other: tuple[str, ...] = ()

    @property
    def both(self) -> tuple[object, ...]:
        return self.one, self.other

    @classmethod
    def of(cls, one: int) -> Pair:
        return cls(one)


class Nothing(NamedTuple):
    """None."""


class TypedPair(typing.NamedTuple):
    """Two."""

    one: int
    other: tuple[str, ...] = ()


def test_a_named_tuple_is_one_of_typing() -> None:
    pair = Pair.of(1)
    assert pair == (1, ()) == pair.both == Pair(one=1)
    assert repr(pair) == "Pair(one=1, other=())"
    assert pair._replace(one=2)._asdict() == {"one": 2, "other": ()}
    assert tuple.__new__(Pair, (1, ())) == Pair._make([1, ()]) == pair
    for name in ("_fields", "_field_defaults", "__match_args__", "__doc__"):
        assert getattr(Pair, name) == getattr(TypedPair, name)
    assert (Pair.__module__, Pair.__qualname__, Nothing()) == (__name__, "Pair", ())
    assert typing.get_type_hints(Pair) == {"one": int, "other": tuple[str, ...]}
    assert copy.deepcopy(pair) == pair
    with pytest.raises(AttributeError):
        pair.one = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        pair.more = 2  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Pair()  # type: ignore[call-arg]


def test_named_tuples_of_ours_can_be_pickled() -> None:
    read = ReadOptions(ignore_mac=True)
    assert pickle.loads(pickle.dumps(read)) == read
    assert type(pickle.loads(pickle.dumps(read))) is ReadOptions


def test_fields_are_found_wherever_annotations_are_texts() -> None:
    source = Path(frozen.__file__).parents[1]
    using = [path for path in source.rglob("*.py") if "(NamedTuple)" in path.read_text("utf-8")]
    assert using
    assert [path for path in using if "from __future__ import annotations" not in path.read_text("utf-8")] == []
