"""Which leaves a write would leave weaker than the configuration wants them."""

from __future__ import annotations

import pytest

from leafseal.document import Leaf
from leafseal.formats import parse
from leafseal.operations.guards import clear_secrets, left_clear, looks_secret, newly_clear, with_clear_comments
from leafseal.rules.selection import Selection

from ..whole_files import open_, seal

ALL = Selection()
PASSWORDS = Selection(encrypted_regex="password")
TEXT = b"a:\n  password: x\n  user: y\nb: 5\nempty: ''\nnothing:\nnone: {}\nclear_unencrypted: z\n"


def names(leaves: list[Leaf]) -> list[str]:
    return [".".join(leaf.path) for leaf in leaves]


def test_what_a_weaker_rule_leaves_clear() -> None:
    document = parse(TEXT, "yaml")
    assert names(left_clear(document, PASSWORDS, ALL)) == ["a.user", "b"]
    assert left_clear(document, ALL, ALL) == []
    assert left_clear(document, ALL, PASSWORDS) == []


def test_two_rules_that_seal_the_same_are_equal_in_what_they_do() -> None:
    document = parse(b"password: x\nuser: y\n", "yaml")
    assert left_clear(document, PASSWORDS, Selection(encrypted_suffix="password")) == []


def test_what_has_no_content_is_not_left_clear() -> None:
    """Nobody seals it."""
    assert left_clear(parse(b"a: ''\nb:\nc: {}\nd: []\n", "yaml"), PASSWORDS, ALL) == []


def test_what_an_edit_makes_clear() -> None:
    opened = open_(seal(TEXT, "yaml", PASSWORDS), "yaml")
    edited = parse(TEXT.replace(b"b: 5\n", b"b: 6\nc: 7\nd: ''\n"), "yaml")
    assert names(newly_clear(opened, edited, PASSWORDS)) == ["c"]
    assert names(newly_clear(opened, parse(b"a:\n  password: x\n", "yaml"), PASSWORDS)) == []


def test_a_sealed_value_that_an_edit_renames_is_newly_clear() -> None:
    opened = open_(seal(b"password: x\n", "yaml", PASSWORDS), "yaml")
    assert names(newly_clear(opened, parse(b"passwd: x\n", "yaml"), PASSWORDS)) == ["passwd"]


def test_a_list_that_grows_by_what_is_clear_is_not_new() -> None:
    """The path of a member is that of the list."""
    opened = open_(seal(b"l:\n  - 1\npassword: x\n", "yaml", PASSWORDS), "yaml")
    assert newly_clear(opened, parse(b"l:\n  - 2\n  - 3\npassword: x\n", "yaml"), PASSWORDS) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("password: hunter2", True),
        ("DB_PASSWD: hunter2", True),
        ("apikey: 'x y z a b'", True),
        ("password: ''", False),
        ("password: short", False),
        ("password: 123456789", False),
        ("passwords_are: optional", False),
        ("name: AKIAIOSFODNN7EXAMPLE", True),
        ("url: postgres://user:hunter2@host/db", True),
        ("url: https://host/path", False),
        ("k: '-----BEGIN RSA PRIVATE KEY-----'", True),
        ("id: 4f9c2Ab7Kq81LmZx03RtYv56Nw", True),
        ("id: aaaaaaaaaaaaaaaaaaaaaaaa1", False),
        ("text: the quick brown fox jumps over the lazy dog", False),
        ("version: 1.2.3-alpha", False),
        ("# password: hunter2", False),
    ],
)
def test_what_looks_like_a_secret(line: str, expected: bool) -> None:
    assert any(map(looks_secret, parse(f"x: 1\n{line}\n".encode(), "yaml").leaves())) is expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Selection(encrypted_regex="^data$"), ["db.password", "hook", "api_token"]),
        (Selection(unencrypted_regex="^(db|hook)$"), ["db.password", "hook"]),
        (Selection(encrypted_suffix="_token"), ["db.password", "hook"]),
        (Selection(), []),
        (Selection(unencrypted_suffix="password"), []),
    ],
)
def test_clear_values_that_look_like_secrets(rule: Selection, expected: list[str]) -> None:
    text = b"""db: {password: hunter22, passwordFile: /run/x, secretName: shop-tls, user: application}
hook: https://me:hunter22@example.org
api_token: not-so-random
data: x
"""
    assert names(clear_secrets(parse(text, "yaml"), rule)) == expected


def test_comments_that_stay_clear_beside_what_is_sealed() -> None:
    text = b"""# above
password: abc #xyz
passwd: #xyz
a: {password: x} #of a
# above
password_2: |  #xyz
  x
user: me #xyz
password_4: x # note
password_3: x
# below
passwords: [x, #of x
  y]
l:
- password: abc  #xyz
"""
    document = parse(text, "yaml")
    rule = Selection(encrypted_regex="^passw")
    assert names(with_clear_comments(document, rule)) == ["password", "passwd", "password_2", "l.password"]
    assert with_clear_comments(document, ALL) == []
    assert with_clear_comments(document, Selection(encrypted_comment_regex="x")) == []
    assert with_clear_comments(parse(b"[a]\npassword = abc ; xyz\n", "ini"), rule) == []
