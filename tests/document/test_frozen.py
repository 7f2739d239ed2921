from __future__ import annotations

import copy
import pickle

import pytest

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
