"""No text of a value that the rule seals stays in clear, whatever the format's reader takes it for."""

from __future__ import annotations

import pytest

from leafseal.errors import RefusedError
from leafseal.operations.edit import Draft
from leafseal.operations.encrypt import encrypt
from leafseal.operations.reseal import reseal
from leafseal.rules.selection import Selection

from ..opening import set_leaf
from ..whole_files import AMBIENT, KEYS, WITHOUT_STRUCTURE, open_, seal

PASSWORD = Selection(encrypted_regex="^password")

TAGGED = [
    "password: !Tr0ub4dor x\n",
    "password: &Tr0ub4dor x\n",
    "password: !Tr0ub4dor&3 x\n",
    "password: !!Tr0ub4dor x\n",
    "password: !<Tr0ub4dor> 'x'\n",
    "password: &Tr0ub4dor !Tr0ub4dor x\n",
    "password: !Tr0ub4dor |\n  x\n",
    "password: &Tr0ub4dor >-  # note\n  x\n",
    "passwords: [!Tr0ub4dor x, &Tr0ub4dor y]\n",
    "passwords:\n- !Tr0ub4dor x\n- &Tr0ub4dor\n  y\n",
    "password: {k: !Tr0ub4dor 'x' , l: x}\n",
]


@pytest.mark.parametrize("plain", TAGGED)
@pytest.mark.parametrize("rule", [Selection(), PASSWORD], ids=["all", "password"])
def test_a_tag_or_an_anchor_of_a_value_is_sealed_with_it(plain: str, rule: Selection) -> None:
    data = ("user: app\n" + plain).encode()
    sealed = seal(data, "yaml", rule)
    assert b"Tr0ub4dor" not in sealed
    assert open_(sealed, "yaml").plaintext() == data


BARE = [
    "password: !Tr0ub4dor\n",
    "password: &Tr0ub4dor\n",
    "password: !Tr0ub4dor # note\n",
    "password: !!Tr0ub4dor\n",
    "password: !<Tr0ub4dor>\n",
    "passwords:\n- x\n- !Tr0ub4dor\n",
    "passwords: [!Tr0ub4dor , x]\n",
    "password: {k: !Tr0ub4dor , l: x}\n",
    "password: !Tr0ub4dor [x]\n",
    "password: &Tr0ub4dor {}\n",
    "password: !Tr0ub4dor # note\n  x\n",
]


@pytest.mark.parametrize("plain", BARE)
@pytest.mark.parametrize("rule", [Selection(), PASSWORD], ids=["all", "password"])
def test_a_tag_or_an_anchor_without_a_value_is_refused(plain: str, rule: Selection) -> None:
    with pytest.raises(RefusedError, match=r"password.*tag or an anchor") as caught:
        seal(("user: app\npassword2: y\n" + plain).encode(), "yaml", rule)
    assert "Tr0ub4dor" not in f"{caught.value} {caught.value.hint}"
    assert "quotes" in str(caught.value.hint)


@pytest.mark.parametrize(
    "plain",
    [
        "password: {Tr0ub4dor}\n",
        "password: [?Tr0ub4dor , x]\n",
        "password: {k: x,Tr0ub4dor}\n",
        "a: {password: {Tr0:b}}\n",
    ],
)
def test_braces_around_a_password_are_refused(plain: str) -> None:
    with pytest.raises(RefusedError, match=r"password.*YAML takes what follows for a name") as caught:
        seal(plain.encode(), "yaml", PASSWORD)
    assert "Tr0" not in str(caught.value)
    assert seal(plain.replace(", x", ": , x").replace("}", ": }", 1).encode(), "yaml", PASSWORD)


def test_quotes_that_are_closed_at_once_are_refused() -> None:
    for quoted in ("``Tr0ub4dor", '""""""Tr0ub4dor'):
        with pytest.raises(RefusedError, match=r"db\.password: the value begins with quotes"):
            seal(f"[db]\npassword = {quoted}\n".encode(), "ini")


@pytest.mark.parametrize(
    "plain",
    [
        "a: !!str\nb: !!null\nc: !\nd: !!binary\n",
        "a: &x\nb: *x\n",
        'a: !reset ""\nb: !reset []\nc: !override {d: e}\n',
        "a: &x1 [b]\nc: *x1\n",
        "a: &x1\n  b: c\nd: !x2\n  - e\n",
        "a_unencrypted: !x1\n",
    ],
)
def test_what_is_meant_as_a_tag_or_an_anchor_may_stay(plain: str) -> None:
    data = (plain + "z: x\n").encode()
    assert open_(seal(data, "yaml"), "yaml").plaintext() == data


def test_an_anchor_in_use_stays_and_its_tag_does_not() -> None:
    data = b"a: &base !Sub x\nb: *base\n"
    sealed = seal(data, "yaml")
    assert sealed.startswith(b"a: &base ENC[")
    assert open_(sealed, "yaml").plaintext() == data


@pytest.mark.parametrize("new", [b"!Tr0ub4dor old", b"&Tr0ub4dor old", b"!Tr0ub4dor new"])
def test_an_edit_that_adds_a_tag_or_an_anchor(new: bytes) -> None:
    opened = open_(seal(b"password: old\n", "yaml"), "yaml")
    edited = b"password: " + new + b"\n"
    product = reseal(opened, Draft.of(opened, edited))
    assert b"Tr0ub4dor" not in product.data
    assert product.open().plaintext() == edited


@pytest.mark.parametrize("new", [b"!Tr0ub4dor", b"&Tr0ub4dor"])
def test_an_edit_that_leaves_a_tag_or_an_anchor_alone(new: bytes) -> None:
    opened = open_(seal(b"password: old\n", "yaml"), "yaml")
    with pytest.raises(RefusedError):
        reseal(opened, Draft.of(opened, b"password: " + new + b"\n"))


def test_a_tag_that_an_older_file_has_in_clear_is_no_obstacle() -> None:
    """It is refused where it is new; and where it was before a token, it stays there as long as the value does."""
    sealed = seal(b'a: ""\nb: x\nc: y\n', "yaml", read=WITHOUT_STRUCTURE)
    older = sealed.replace(b'a: ""', b"a: !x1").replace(b"b: ", b"b: !x2 ", 1)
    opened = open_(older, "yaml")
    product = reseal(opened, Draft.of(opened, b"a: !x1\nb: !x2 x\nc: z\n"))
    assert product.data.startswith(older[: older.index(b"c: ")])
    with pytest.raises(RefusedError):
        reseal(opened, Draft.of(opened, b"a: !x3\nb: !x2 x\nc: y\n"))


TAILS = [
    "password = top;Tr0ub4dor#1\n",
    "password = top ;Tr0ub4dor#1\n",
    "password = top#Tr0ub4dor#1\n",
    "password: 'top' # Tr0ub4dor\n",
    "password = `top` ; Tr0ub4dor",
    'password = """top\nmore""" ; Tr0ub4dor\n',
    "; note\npassword = top ; Tr0ub4dor\r\n; more\nother = x\n",
]


@pytest.mark.parametrize("plain", TAILS)
@pytest.mark.parametrize("rule", [Selection(), PASSWORD], ids=["all", "password"])
def test_what_follows_a_value_of_an_ini_file_is_sealed_with_it(plain: str, rule: Selection) -> None:
    data = ("[db]\nuser = app ; a note\n" + plain).encode()
    sealed = seal(data, "ini", rule)
    assert b"Tr0ub4dor" not in sealed
    opened = open_(sealed, "ini")
    assert opened.plaintext() == data
    # What is not ours to hide stays, and what is written again stays hidden.
    assert (b"; a note" in sealed) == (rule == PASSWORD)
    again = set_leaf(opened, ("db", "user"), "z")
    assert b"Tr0ub4dor" not in again.data
    assert again.open().plaintext() == data.replace(b"app", b"z")


@pytest.mark.parametrize(
    ("plain", "rule"),
    [
        ("password = ;Tr0ub4dor\n", PASSWORD),
        ("password = # Tr0ub4dor\n", PASSWORD),
        ("; mark\nother = y\npassword = x;Tr0ub4dor\n", Selection(encrypted_comment_regex="mark")),
        ("password = x ; mark Tr0ub4dor\n", Selection(unencrypted_comment_regex="mark")),
    ],
)
def test_what_follows_a_value_of_an_ini_file_and_cannot_be_sealed_with_it(plain: str, rule: Selection) -> None:
    with pytest.raises(RefusedError, match=r"db\.password: what follows ; or #") as caught:
        seal(("[db]\n" + plain).encode(), "ini", rule)
    assert "Tr0ub4dor" not in f"{caught.value} {caught.value.hint}"


def test_no_other_format_keeps_a_tail() -> None:
    data = b"; Note\n[db]\npassword = top;Tr0ub4dor\n"
    with pytest.raises(RefusedError):
        encrypt(data, "ini", KEYS, 0, PASSWORD, AMBIENT, output_format="yaml")
    assert b"Tr0ub4dor" not in encrypt(data, "ini", KEYS, 0, Selection(), AMBIENT, output_format="yaml").data


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"top;Tr0ub4dor", b"new"),
        (b"top ;Tr0ub4dor", b"new"),
        (b"top# Tr0ub4dor", b"new"),
        (b"top ; a note", b"new ; a note"),
        (b"'top'#Tr0ub4dor", b"'new'"),
    ],
)
@pytest.mark.parametrize("rule", [Selection(), PASSWORD], ids=["all", "password"])
def test_a_new_value_has_no_end_of_the_old_one(old: bytes, new: bytes, rule: Selection) -> None:
    opened = open_(seal(b"[db]\npassword = " + old + b"\n", "ini", rule), "ini")
    product = set_leaf(opened, ("db", "password"), "new")
    assert product.open().plaintext() == b"[db]\npassword = " + new + b"\n"
    assert b"Tr0ub4dor" not in product.data


def test_a_tail_that_an_older_file_has_in_clear_is_no_obstacle() -> None:
    """It stays what it was; one that is new does not."""
    sealed = seal(b"[db]\npassword = top\nuser = x\n", "ini", PASSWORD)
    older = sealed.replace(b"type:str]\nuser", b"type:str] ; tail-1\nuser")
    opened = open_(older, "ini")
    product = set_leaf(opened, ("db", "user"), "z")
    assert product.data.startswith(older[: older.index(b"user")])
    plain = b"[db]\npassword = top ; tail-2\nuser = x\n"
    product = reseal(opened, Draft.of(opened, plain))
    assert b"tail-2" not in product.data
    assert product.open().plaintext() == plain
