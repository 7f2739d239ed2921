"""Comments on the lines of encrypted values that the rule leaves in plain text: sealed with the value, or kept."""

from __future__ import annotations

from random import Random

import pytest

from leafseal.errors import FormatError, RefusedError
from leafseal.formats import parse
from leafseal.operations.clear_text import KEEP, SEAL, comments_of
from leafseal.operations.edit import Draft
from leafseal.operations.encrypt import encrypt
from leafseal.operations.rekey import rotate
from leafseal.operations.reseal import reseal
from leafseal.rules.selection import Selection

from ..opening import set_leaf, unset_leaf
from ..whole_files import AMBIENT, KEYS, open_, random_file
from .test_reseal import open_damaged

PASSWORD = Selection(encrypted_regex="^password")

BESIDE = {
    "yaml": [
        "password: abc #C4n4ry\nuser: x # note\n",
        "password: abc    # C4n4ry",
        "password: 'a b' #C4n4ry\r\nother: y\r\n",
        'password: "a\\tb"\t#C4n4ry\n',
        "password: a\n  b  #C4n4ry\n",
        "password: 0x1F #C4n4ry\n",
        "password: 1.50 #C4n4ry\n",
        "password: |  #C4n4ry\n  a\n  b\n",
        "password: >2-  # C4n4ry\n    a\n   b\nother: y\n",
        "password: |2 #2C4n4ry\n   a\n",
        "password: &a abc #C4n4ry\npassword2: *a\n",
        "password: !x abc #C4n4ry\n",
        "password: !!str |  #C4n4ry\n  a\n",
        "password: &loose > #C4n4ry\n  a\n",
        "passwords:\n  - abc #C4n4ry\n  - def # C4n4ry\n",
        "passwords: [abc #C4n4ry\n ,\n  def]\npassword: {k: 1 #C4n4ry\n  , l: 2}\n",
        "user: &u abc\npassword: *u #C4n4ry\n",
        "user: &u {a: b}\npassword:\n  k: *u  # C4n4ry\n  l: 1\n",
        "a: 1\n---\npassword: abc #C4n4ry\n",
        "a: 1 # clear\npassword: abc #C4n4ry\n# clear\n",
    ],
    "ini": [
        "[db]\npassword = abc ; C4n4ry\nuser = x ; note\n",
        "[db]\npassword = abc;C4n4ry\n",
        "[db]\npassword = 'a b' # C4n4ry",
    ],
}  # fmt: skip
CASES = [(name, plain) for name, files in BESIDE.items() for plain in files]


def sealed(plain: str, format_name: str, comments: str | None = SEAL, rule: Selection = PASSWORD) -> bytes:
    product = encrypt(plain.encode(), format_name, KEYS, 0, rule, AMBIENT, comments=comments)
    product.check(product.data)
    return product.data


@pytest.mark.parametrize(("format_name", "plain"), CASES)
def test_a_comment_is_sealed_with_the_value_on_its_line(format_name: str, plain: str) -> None:
    data = sealed(plain, format_name)
    assert b"C4n4ry" not in data
    assert open_(data, format_name).plaintext() == plain.encode()


@pytest.mark.parametrize(("format_name", "plain"), CASES)
def test_or_kept_where_it_is(format_name: str, plain: str) -> None:
    data = sealed(plain, format_name, KEEP)
    comments = [leaf for leaf in parse(plain.encode(), format_name).leaves() if leaf.is_comment]
    assert data.count(b"C4n4ry") == sum("C4n4ry" in str(leaf.value) for leaf in comments if not PASSWORD.selects(leaf))
    assert open_(data, format_name).plaintext() == plain.encode()


@pytest.mark.parametrize(("format_name", "plain"), CASES)
def test_what_was_sealed_stays_sealed(format_name: str, plain: str) -> None:
    opened = open_(sealed(plain, format_name), format_name)
    rotated = rotate(opened, KEYS, 0, AMBIENT)
    again = reseal(opened, Draft.of(opened, plain.replace("C4n4ry", "C4n4ry2").encode()))
    longer = plain.replace("abc", "abcd") + ("\n" if not plain.endswith("\n") else "")
    edited = reseal(opened, Draft.of(opened, longer.encode()))
    kept = reseal(opened, Draft.of(opened, longer.encode()), comments=comments_of(opened, KEEP))
    for product in (rotated, again, edited, kept):
        product.check(product.data)
        assert b"C4n4ry" not in product.data


def test_a_value_that_did_not_change_keeps_its_token() -> None:
    plain = "password: abc #C4n4ry\npassword2: x\n"
    data = sealed(plain, "yaml")
    opened = open_(data, "yaml")
    product = set_leaf(opened, ("password2",), "z")
    line = data.splitlines()[0]
    assert product.data.splitlines()[0] == line
    assert product.open().plaintext() == b"password: abc #C4n4ry\npassword2: z\n"
    product = set_leaf(opened, ("password",), "new")
    assert product.open().plaintext() == b"password: new #C4n4ry\npassword2: x\n"
    assert b"C4n4ry" not in product.data
    assert b"C4n4ry" not in unset_leaf(opened, ("password2",)).data


def test_a_file_that_seals_comments_seals_new_ones_and_leaves_those_that_were_clear() -> None:
    opened = open_(sealed("password: abc #C4n4ry\n", "yaml"), "yaml")
    new = b"password: abc #C4n4ry\npassword2: x #C4n4ry\n"
    assert b"C4n4ry" not in reseal(opened, Draft.of(opened, new)).data
    data = sealed("password: abc #clear\n", "yaml", KEEP)
    opened = open_(data, "yaml")
    product = reseal(opened, Draft.of(opened, b"password: abc #clear\npassword2: x #new\n"))
    assert (b"#clear" in product.data, b"#new" in product.data) == (True, True)
    wanted = comments_of(opened, SEAL)
    product = reseal(opened, Draft.of(opened, b"password: abc #clear\n"), comments=wanted)
    assert b"#clear" not in product.data
    assert product.open().plaintext() == b"password: abc #clear\n"


def test_rules_that_seal_comments_need_no_word() -> None:
    for comments in (None, SEAL, KEEP):
        data = sealed("password: abc #C4n4ry\n", "yaml", comments, Selection())
        assert b",type:comment]" in data
        assert b"C4n4ry" not in data


@pytest.mark.parametrize(
    ("format_name", "plain"),
    [
        ("yaml", "password: #C4n4ry\n"),
        ("yaml", "password: '' #C4n4ry\n"),
        ("ini", "[db]\npassword = ; C4n4ry\n"),
    ],
)
def test_a_comment_without_a_value_to_go_with(format_name: str, plain: str) -> None:
    with pytest.raises(RefusedError, match="is a comment and would not be encrypted") as caught:
        sealed(plain, format_name)
    assert "C4n4ry" not in f"{caught.value} {caught.value.hint}"
    assert b"C4n4ry" in sealed(plain, format_name, KEEP)


@pytest.mark.parametrize("rule", [Selection(encrypted_comment_regex="C4n4ry")], ids=["marker"])
def test_a_comment_that_the_rule_goes_by_is_not_sealed(rule: Selection) -> None:
    with pytest.raises(RefusedError, match="password: what follows # on its line"):
        sealed("password: abc # C4n4ry\n", "yaml", SEAL, rule)
    assert b"C4n4ry" in sealed("password: abc # C4n4ry\n", "yaml", KEEP, rule)


@pytest.mark.parametrize("output", ["json", "ini", "dotenv"])
def test_a_conversion_has_no_memory_for_comments(output: str) -> None:
    plain = b"password: abc #C4n4ry\n" if output != "ini" else b"db:\n  password: abc #C4n4ry\n"
    with pytest.raises(RefusedError, match="would not be encrypted"):
        encrypt(plain, "yaml", KEYS, 0, PASSWORD, AMBIENT, output_format=output, comments=SEAL)
    assert encrypt(plain, "yaml", KEYS, 0, PASSWORD, AMBIENT, output_format=output, comments=KEEP)


@pytest.mark.parametrize("comments", [SEAL, KEEP])
@pytest.mark.parametrize("format_name", ["json", "dotenv"])
def test_formats_without_comments_on_lines_of_values(format_name: str, comments: str) -> None:
    for plain in ('{"password": "abc #x"}',) if format_name == "json" else ("password=abc #x\n",):
        data = sealed(plain, format_name, comments)
        assert (b"#x" in data, open_(data, format_name).plaintext()) == (False, plain.encode())


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("format_name", ["yaml", "ini"])
def test_any_file_comes_back(format_name: str, seed: int) -> None:
    plain = random_file(format_name, seed)
    try:
        leaves = parse(plain, format_name).leaves()
    except FormatError:
        return
    names = sorted({name for leaf in leaves for name in leaf.path if name.isascii() and name.isalnum()})
    chosen = Random(seed).sample(names, min(3, len(names)))
    rule = Selection(encrypted_regex="^(" + "|".join(chosen) + ")$")
    try:
        product = encrypt(plain, format_name, KEYS, 0, rule, AMBIENT, allow_nothing=True, comments=SEAL)
    except RefusedError:
        return
    opened = product.open()
    assert opened.plaintext() == plain
    again = reseal(opened, Draft.of(opened, plain))
    for document in (opened.document, again.open().document):
        assert not [leaf for leaf, comment in document.tails() if rule.selects(leaf) and not rule.selects(comment)]


def test_a_comment_does_not_come_back_for_a_value_under_a_name_changed_by_hand() -> None:
    """Its place in the plain file is not known, so it would stay clear."""
    data = sealed("password: 0x1F #C4n4ry\nuser: x\n", "yaml").replace(b"password:", b"password2:", 1)
    opened = open_damaged(data, "yaml", ("password2",))
    product = set_leaf(opened, ("password2",), 31)
    product.check(product.data)
    assert b"C4n4ry" not in product.data
    assert product.open().plaintext() == b"password2: 31\nuser: x\n"
