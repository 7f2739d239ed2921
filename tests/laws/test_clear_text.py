"""Whatever a password looks like and wherever it stands: it is not in the encrypted file, or the file is refused."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from functools import partial

import pytest

from leafseal.errors import LeafsealError
from leafseal.formats import parse
from leafseal.operations.clear_text import SEAL
from leafseal.operations.edit import Draft
from leafseal.operations.encrypt import encrypt
from leafseal.operations.product import Product
from leafseal.operations.reseal import reseal
from leafseal.rules.selection import Selection

from ..whole_files import AMBIENT, KEYS, open_, seal

CANARY = "Tr0ub4dor"
SPECIAL = [chr(code) for code in range(0x20, 0x7F) if not chr(code).isalnum()] + ["\t", "é", "\u00a0", "\u2028", "😀"]
INNER = ["", *SPECIAL, *(f" {mark} " for mark in "#;!&*=:-?|>"), *(f" {mark}" for mark in "#;!&")]

PASSWORDS = sorted(
    {first + CANARY + last for first, last in itertools.product(["", *SPECIAL], repeat=2)}
    | {f"{first}x{inner}{CANARY}" for first in ["", *"!&#;'\"`"] for inner in INNER}
    | {first + second + CANARY for first, second in itertools.product("!&#;*|>%@`'\"-?:=[{<\\", repeat=2)}
)
"""The canary with every special character before, behind and between; two of those that mean something before it."""
random.Random(0).shuffle(PASSWORDS)

FORMS = {
    "yaml": [
        "user: x\npassword: {}\n",
        "user: x\npassword:   {}   \nother: y\n",
        "user: x\npassword: {}",
        "user: x\npassword:\n  {}\n",
        "password: '{}'\n",
        'password: "{}"\n',
        "password: |\n  {}\n",
        "password: >-\n  {}\nother: y\n",
        "password:\n  - {}\n  - y\n",
        "password: [{}, y]\n",
        "password: {{k: {} , l: y}}\n",
        "password:\n  k:\n    - l: {}\n      m: y\n",
        "a: x\n---\npassword: {}\n",
    ],
    "ini": [
        "[db]\nuser = x\npassword = {}\n",
        "password: {}",
        "[db]\npassword={}\nother = y\n",
        '[db]\npassword = "{}"\n',
        "[db]\npassword = `{}`\n",
        "[db]\npassword = '{}' \n",
    ],
    "dotenv": ["USER=x\npassword={}\n", "password='{}'\n", 'password="{}"', "password= {} \n"],
    "json": ['{{"user": "x", "password": "{}"}}', '{{"password": ["{}", "y"]}}'],
}  # fmt: skip

RULES = {
    "all": Selection(),
    "regex": Selection(encrypted_regex="^password$"),
    "suffix": Selection(encrypted_suffix="word"),
    "but": Selection(unencrypted_regex="^(user|other|a)$"),
}
CASES = [(name, form) for name, forms in FORMS.items() for form in forms]
SHARES = [96, pytest.param(1, marks=pytest.mark.campaign)]
"""Of all passwords one in so many is tried in each form under each rule, and others in the next."""


def _some(share: int, format_name: str, form: str, rule: str = "regex") -> list[str]:
    """Return this form's passwords under this rule."""
    number = CASES.index((format_name, form)) * len(RULES) + list(RULES).index(rule)
    return PASSWORDS[number % share :: share]


def _outcome(make: Callable[[], Product]) -> bytes | None:
    """Return what is written, None where it is refused, before or as it is checked."""
    try:
        product = make()
        product.check(product.data)
    except LeafsealError as error:
        message = f"{error} {error.hint}"
    else:
        return product.data
    assert CANARY not in message
    return None


def _is_seen_to(plain: bytes, format_name: str, rule: Selection) -> bool:
    """Tell whether the canary is what nobody takes for a value: a comment that the rule leaves clear, or a name."""
    leaves = parse(plain, format_name).leaves() if format_name == "yaml" else ()
    comments = [str(leaf.value) for leaf in leaves if leaf.is_comment and not rule.selects(leaf)]
    names = [name for leaf in leaves for name in leaf.path]
    return any(CANARY in text for text in (*comments, *names))


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("format_name", "form"), CASES)
def test_a_password_is_not_in_the_file_that_it_was_encrypted_in(
    format_name: str, form: str, rule: str, share: int
) -> None:
    sealed = 0
    passwords = _some(share, format_name, form, rule)
    for password in passwords:
        plain = form.format(password).encode()
        data = _outcome(lambda plain=plain: encrypt(plain, format_name, KEYS, 0, RULES[rule], AMBIENT))  # type: ignore[misc]
        if data is not None and CANARY.encode() in data:
            assert _is_seen_to(plain, format_name, RULES[rule]), plain
        sealed += data is not None
    assert sealed > len(passwords) // 8


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("rule", ["regex", "suffix"])
@pytest.mark.parametrize(("format_name", "form"), CASES)
def test_a_password_is_not_in_a_comment_either_where_those_are_sealed(
    format_name: str, form: str, rule: str, share: int
) -> None:
    sealed = 0
    passwords = _some(share, format_name, form, rule)
    for password in passwords:
        plain = form.format(password).encode()
        make = partial(encrypt, plain, format_name, KEYS, 0, RULES[rule], AMBIENT, comments=SEAL)
        data = _outcome(make)
        if data is not None and CANARY.encode() in data:
            assert _is_off_the_line(plain, format_name), plain
        sealed += data is not None
    assert sealed > len(passwords) // 8


def _is_off_the_line(plain: bytes, format_name: str) -> bool:
    """Tell whether the canary is a name, or a comment that has no value before it on its line."""
    document = parse(plain, format_name)
    beside = {comment.start for _, comment in document.tails()}
    comments = [str(leaf.value) for leaf in document.leaves() if leaf.is_comment and leaf.start not in beside]
    names = [name for leaf in document.leaves() for name in leaf.path]
    return any(CANARY in text for text in (*comments, *names))


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize(("format_name", "form"), CASES)
def test_a_password_is_not_in_the_file_that_it_was_edited_into(format_name: str, form: str, share: int) -> None:
    rule = RULES["regex"]
    opened = open_(seal(form.format("old").encode(), format_name, rule), format_name)
    for password in _some(share, format_name, form):
        plain = form.format(password).encode()
        data = _outcome(lambda plain=plain: reseal(opened, Draft.of(opened, plain)))  # type: ignore[misc]
        if data is not None and CANARY.encode() in data:
            assert _is_seen_to(plain, format_name, rule), plain
