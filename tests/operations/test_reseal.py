"""Sealing a file again: only what changed gets a new token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

import pytest

from leafseal.document import Document, Leaf
from leafseal.document.limits import DEFAULT_READ
from leafseal.document.paths import format_path
from leafseal.errors import AlreadyEncryptedError, IntegrityError, NothingSealedError
from leafseal.keys.ring import KeyRing
from leafseal.operations.edit import Draft, only_below
from leafseal.operations.open import Opened, Source, open_file
from leafseal.operations.reseal import reseal, seal_beside
from leafseal.rules.selection import Selection

from ..opening import set_leaf, unset_leaf
from ..whole_files import AMBIENT, open_, seal, tokens, without_mac

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


SPELLED = {
    "yaml": (
        b"n: 0x1F\ny: y\nq: \"\\u0061\"\nf: >\n    one\n    two\ns: 'x'  # note\nz: z\n",
        {"n": 31, "y": "y", "q": "a", "f": "one two\n", "s": "x"},
    ),
    "json": (b'{\n"n": 10e0, "q": "\\u0061", "z": "z"}\n', {"n": 10.0, "q": "a"}),
    "ini": (b"[s]\nq = 'a'\nf = one\\\n  two\nz = z\n", {"s": {"q": "a", "f": "onetwo"}}),
    "dotenv": (b"q=a\\nb\nz=z\n", {"q": "a\nb"}),
}


def leaves_of(values: dict[str, Any], *above: str) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, value in values.items():
        found += leaves_of(value, *above, name) if isinstance(value, dict) else [((*above, name), value)]
    return found


@pytest.mark.parametrize("format_name", SPELLED)
def test_an_equal_value_keeps_its_spelling(format_name: str) -> None:
    plain, values = SPELLED[format_name]
    opened = open_(seal(plain, format_name), format_name)
    for place, value in leaves_of(values):
        product = set_leaf(opened, place, value)
        product.check(product.data)
        assert product.open().plaintext() == plain
        assert product.open().tokens() == opened.tokens()


@pytest.mark.parametrize("format_name", ["yaml", "json", "ini"])
def test_a_value_under_a_name_changed_by_hand_keeps_its_spelling(format_name: str) -> None:
    plain, values = SPELLED[format_name]
    for (*above, name), value in leaves_of(values):
        old, new = f'"{name}"' if format_name == "json" else name, '"new"' if format_name == "json" else "new"
        pattern = rf"(?m)(^|[{{ ]){re.escape(old)}( ?[:=])".encode()
        sealed = re.sub(pattern, rf"\1{new}\2".encode(), seal(plain, format_name), count=1)
        wanted = re.sub(pattern, rf"\1{new}\2".encode(), plain, count=1)
        place = (*above, "new")
        opened = open_damaged(sealed, format_name, place)
        product = set_leaf(opened, place, value)
        product.check(product.data)
        assert product.open().plaintext() == wanted
        other = set_leaf(opened, place, "other").open().plaintext()
        assert b"other" in other
        assert b"0x1F" not in other or name != "n"


def test_a_tag_or_an_anchor_does_not_come_along_to_another_name() -> None:
    """Whoever moves a token with its memory could put a tag there that a reader acts on."""
    sealed = seal(b"a: !Ref x\nb: &p4ss x\n", "yaml")
    for name, value in (("a", "x"), ("b", "x")):
        # At the beginning of a line: names of ours may end so, too.
        moved = re.sub(rf"(?m)^{name}: ".encode(), b"new: ", sealed, count=1)
        product = set_leaf(open_damaged(moved, "yaml", ("new",)), ("new",), value)
        assert b"new: x\n" in product.open().plaintext()


def test_a_number_of_another_type_is_another_value() -> None:
    opened = open_(seal(b"n: 1.0\nm: 0x1\n", "yaml"), "yaml")
    assert set_leaf(opened, ("n",), 1).open().plaintext() == b"n: 1\nm: 0x1\n"
    assert set_leaf(opened, ("m",), "1").open().plaintext() == b'n: 1.0\nm: "1"\n'
    assert set_leaf(opened, ("m",), True).open().plaintext() == b"n: 1.0\nm: true\n"


def open_damaged(data: bytes, format_name: str, place: tuple[str, ...]) -> Opened:
    """Open a file in which what is at one place does not verify."""
    read = DEFAULT_READ._replace(ignore_mac=True)
    return open_file(Source("f", data, format_name), KeyRing(AMBIENT), read, spare=only_below(format_path(place)))


def test_empty_values_are_compared_with_a_path_that_is_read_once() -> None:
    """The structure's check asks about each of them: a file with thousands took a minute for `set`."""

    class Once:
        def leaves(self) -> Iterator[Leaf]:
            assert not self.was_read
            self.was_read = True
            return iter(OPENED.document.leaves())

        was_read = False

    spare = only_below("a")(cast(Document, Once()))
    spared = [leaf.locator for leaf in OPENED.document.leaves() if spare(leaf, IntegrityError("damaged"))]
    assert spared == [("a",)]
