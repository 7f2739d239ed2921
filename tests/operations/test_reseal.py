"""Sealing a file again: only what changed gets a new token."""

from __future__ import annotations

import pytest

from leafseal.errors import AlreadyEncryptedError, NothingSealedError
from leafseal.operations.edit import Draft
from leafseal.operations.reseal import reseal, seal_beside, set_leaf, unset_leaf
from leafseal.rules.selection import Selection

from ..whole_files import open_, seal, tokens, without_mac

PLAIN = b"# note\na: x\nb: y\nl:\n    - 1\n    - 2\nc_unencrypted: z\n"
SEALED = seal(PLAIN, "yaml")
OPENED = open_(SEALED, "yaml")
OLD = tokens(OPENED)


def test_an_unchanged_text_is_the_same_file_but_for_time_and_mac() -> None:
    product = reseal(OPENED, Draft.of(OPENED, PLAIN))
    assert without_mac(product.data) == without_mac(SEALED)
    assert product.data_key == OPENED.data_key
    product.check(product.data)


def test_what_changed_gets_a_new_token_and_nothing_else_does() -> None:
    new = tokens(open_(set_leaf(OPENED, ("a",), "w").data, "yaml"))
    assert [place for place in OLD if OLD[place] != new[place]] == [(0, ("a",))]


def test_what_is_taken_out_is_out() -> None:
    product = unset_leaf(OPENED, ("l", 0))
    again = open_(product.data, "yaml")
    assert again.plaintext() == PLAIN.replace(b"    - 1\n", b"")
    assert tokens(again)[0, ("l", 0)] == OLD[0, ("l", 1)]  # it moved up


def test_a_renamed_value_has_a_new_token() -> None:
    """Its path is bound into it."""
    again = tokens(open_(reseal(OPENED, Draft.of(OPENED, PLAIN.replace(b"a: x", b"d: x"))).data, "yaml"))
    assert again[0, ("d",)] not in OLD.values()


def test_another_rule_seals_and_opens_what_it_wants() -> None:
    rule = Selection(encrypted_regex="^(b|c_)")
    again = open_(reseal(OPENED, Draft.of(OPENED, PLAIN), selection=rule).data, "yaml")
    assert [".".join(place) for _, place in tokens(again)] == ["b", "c_unencrypted"]  # type: ignore[arg-type]
    assert again.metadata.selection == rule
    assert again.plaintext() == PLAIN
    with pytest.raises(NothingSealedError):
        reseal(OPENED, Draft.of(OPENED, PLAIN), selection=Selection(encrypted_regex="^never$"))


def test_a_place_can_be_told_to_hold_a_float() -> None:
    text = PLAIN.replace(b"a: x", b"a: 5")
    for floats, word in (((), "int"), ([("a",)], "float")):
        product = reseal(OPENED, Draft.of(OPENED, text), floats=floats)
        assert tokens(open_(product.data, "yaml"))[0, ("a",)].endswith(f"type:{word}]")


def test_the_name_of_the_metadata_is_not_to_be_had() -> None:
    with pytest.raises(AlreadyEncryptedError):
        reseal(OPENED, Draft.of(OPENED, b"sops: x\n"))


def test_any_bytes_are_sealed_beside_a_file() -> None:
    """What an editor left that is no file of the format any more."""
    beside = open_(seal_beside(OPENED, b"a: [\xff"), "binary")
    assert beside.plaintext() == b"a: [\xff"
    assert beside.data_key == OPENED.data_key
    assert beside.metadata.groups == OPENED.metadata.groups
