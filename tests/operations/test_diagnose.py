"""What is found in a damaged file, and what is known of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leafseal.crypto.mac import Verdict
from leafseal.errors import FormatError, IntegrityError
from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.operations.diagnose import Damage, Diagnosis, diagnose
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Source
from leafseal.providers.age import AgeKey
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

ME = throwaway_identity()
RING = KeyRing(Ambient({"SOPS_AGE_KEY": ME.identity}, Path("/nonexistent")))
PLAIN = b"db:\n  user: u\n  password: p\nport: 5\nnote_unencrypted: n\nempty: ''\nl: [x, y]\n"


def seal(plain: bytes = PLAIN, format_name: str = "yaml", rule: Selection | None = None) -> str:
    groups = [AgeKey.parse(ME.recipient)]
    return encrypt(plain, format_name, groups, 0, rule or Selection(), RING.ambient).data.decode()


def found(text: str, format_name: str = "yaml") -> Diagnosis:
    return diagnose(Source("f", text.encode("utf-8", "surrogateescape"), format_name), RING)


def token_of(text: str, name: str) -> str:
    match = re.search(rf"^\s*{name}: (ENC\[.*\])$", text, re.MULTILINE)
    assert match is not None
    return match[1]


def test_a_file_that_is_well() -> None:
    diagnosis = found(seal())
    assert diagnosis.is_well
    assert not diagnosis.nothing_opens
    assert [leaf.path for leaf in diagnosis.unprotected] == [("note_unencrypted",)]


@pytest.mark.parametrize(
    ("new", "damage"),
    [
        ("by hand", Damage.CLEAR),
        ("5", Damage.CLEAR),
        ("ENC[AES256_GCM,data:x]", Damage.BROKEN),
        ("TOKEN OF port", Damage.FOREIGN),
    ],
)
def test_kinds_of_damage(new: str, damage: Damage) -> None:
    text = seal()
    new = token_of(text, "port") if new.startswith("TOKEN") else new
    diagnosis = found(text.replace(token_of(text, "password"), new))
    [bad] = diagnosis.bad
    assert (bad.leaf.path, bad.line, bad.damage) == (("db", "password"), 3, damage)
    assert bad.belongs_at == (("port",) if damage is Damage.FOREIGN else None)
    assert diagnosis.mac is Verdict.MISMATCH


@pytest.mark.parametrize(
    ("plain", "new", "belongs_at"),
    [
        ("db:\n  password: p\nx: 1\n", "db:\n  x: 1\npassword: TOKEN\n", ("db", "password")),
        ("password: p\ndb:\n  x: 1\n", "db:\n  x: 1\n  password: TOKEN\n", ("password",)),
        ("a:\n  k: p\nb:\n  k: q\n", "a:\n  x: 1\nb:\n  k: TOKEN\n", ("a", "k")),
        ("old: p\nx: 1\n", "new: TOKEN\n", None),
    ],
)
def test_where_a_moved_value_belongs(plain: str, new: str, belongs_at: tuple[str, ...] | None) -> None:
    text = seal(plain.encode())
    token = re.search(r"ENC\[\S+\]", text)
    assert token is not None
    [_, metadata] = text.split("sops:\n")
    diagnosis = found(f"{new.replace('TOKEN', token[0])}sops:\n{metadata}")
    assert [bad.belongs_at for bad in diagnosis.bad if bad.damage is Damage.FOREIGN] == [belongs_at]


def test_without_what_was_added_the_mac_is_valid() -> None:
    text = seal()
    diagnosis = found(text.replace("port:", "added: by hand\nport:"))
    assert [bad.leaf.path for bad in diagnosis.bad] == [("added",)]
    assert diagnosis.mac is Verdict.VALID
    assert not diagnosis.is_well


def test_a_type_word_that_makes_a_comment_of_a_value_is_damage() -> None:
    text = seal()
    token = token_of(text, "port")
    [bad] = found(text.replace(token, token.replace("type:int", "type:comment"))).bad
    assert bad.leaf.path == ("port",)


def test_a_byte_order_mark_is_an_error_with_a_way_out() -> None:
    text = seal(b"a=1\nb=2\n", "dotenv")
    with pytest.raises(IntegrityError, match="byte order mark"):
        found("\ufeff" + text, "dotenv")


def test_a_rule_that_was_changed_shows_by_the_tokens_it_leaves() -> None:
    text = seal().replace("unencrypted_suffix: _unencrypted", "encrypted_regex: ^db$")
    assert [bad.leaf.path for bad in found(text).unselected] == [("port",), ("l",), ("l",)]
    assert found(seal()).unselected == []


def test_duplicates_and_which_of_them_the_mac_is_of() -> None:
    text = seal()
    line = f"port: {token_of(text, 'port')}\n"
    other = f"port: {token_of(seal(), 'port')}\n"  # of another data key
    [same] = found(text.replace(line, line + line)).duplicates
    assert (same.locator, same.lines, same.are_same) == (("port",), (4, 5), True)
    for lines in (line + other, other + line):
        diagnosis = found(text.replace(line, lines))
        assert [one.are_same for one in diagnosis.duplicates] == [False]
        assert diagnosis.mac is Verdict.VALID  # without the one that does not verify
    diagnosis = found(text.replace(line, line + line))
    assert (diagnosis.mac, diagnosis.mac_with) == (Verdict.MISMATCH, "first")
    assert found(text.replace(line, line + line).replace("_unencrypted: n", "_unencrypted: m")).mac_with is None


def test_what_else_is_wrong_with_a_file_is_its_error() -> None:
    text = seal()
    with pytest.raises(FormatError):
        found(text.replace("port:", "\tport:"))
    with pytest.raises(FormatError, match="appears twice"):
        found(seal(b'{"a": "x"}', "json").replace('"mac":', '"mac": "", "mac":'), "json")


ELEMENT = "l:\n    # first\n    - x\n    # last\nk: v\n"


def as_sops(text: str) -> str:
    """Make elements of the comments in lists, as SOPS writes them."""
    return re.sub(r"^(    )# ?(ENC.*)$", r"\1- \2", text, flags=re.MULTILINE)


def test_comments_that_are_elements() -> None:
    text = as_sops(seal(ELEMENT.encode()))
    assert text.count("\n    - ENC") == 3
    diagnosis = found(text)
    assert diagnosis.list_comments == [2, 4]
    assert (diagnosis.bad, diagnosis.mac) == ([], Verdict.VALID)
    assert diagnosis.opened.plaintext().decode() == ELEMENT


def test_comments_that_are_elements_and_rules_that_go_by_comments() -> None:
    """The element ends the comments in force for SOPS, and the value behind it opens to nobody."""
    plain = "l:\n    # sops:enc\n    # more\n    - x\nk: v\n"
    text = as_sops(seal(plain.encode(), rule=Selection(encrypted_comment_regex="sops:enc")))
    assert text.count("\n    - ENC") == 2
    diagnosis = found(text)
    assert (diagnosis.list_comments, diagnosis.bad, diagnosis.mac) == ([3], [], Verdict.VALID)
    assert diagnosis.opened.plaintext().decode() == plain


def test_an_element_that_is_no_comment_of_this_list_stays() -> None:
    text = as_sops(seal(b"l:\n    # first\n    - x\nm:\n    - y\n"))
    lines = text.splitlines(keepends=True)
    lines.insert(3, lines.pop(1))  # into the other list
    diagnosis = found("".join(lines))
    assert diagnosis.list_comments == []
    assert len(diagnosis.bad) == 1
