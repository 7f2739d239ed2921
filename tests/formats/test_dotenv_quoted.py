"""Encrypted dotenv files of SOPS 3.6.0, whose values stand in quotes."""

from __future__ import annotations

import pytest

from leafseal.errors import FormatError
from leafseal.formats.dotenv import parse
from leafseal.operations.rekey import rotate
from leafseal.rules.selection import Selection

from ..opening import set_leaf
from ..whole_files import AMBIENT, KEYS, open_, seal

PLAIN = b'# note\nA=one\nQ="q"\nLINES=one\\ntwo\nO_unencrypted=it\'s\nEMPTY=\n'


def as_3_6_0(sealed: bytes, *, breaks: str = "\n") -> bytes:
    """Return an encrypted file as SOPS 3.6.0 writes it, its line breaks in the metadata as `breaks`."""
    lines = []
    for line in sealed.decode().splitlines():
        name, _, value = line.partition("=")
        if line.startswith("#"):
            lines.append(f"# {line[1:].strip()}")
        else:
            value = value.replace("\\n", breaks if name.startswith("sops_") else "\n").replace("'", "\\'")
            value = "3.6.0" if name == "sops_version" else value
            lines.append(f"{name}='{value}'")
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.mark.parametrize("breaks", ["\n", "\\n"])
@pytest.mark.parametrize("rule", [Selection(), Selection(encrypted_regex="^A$"), Selection(unencrypted_suffix="_x")])
def test_it_opens(rule: Selection, breaks: str) -> None:
    opened = open_(as_3_6_0(seal(PLAIN, "dotenv", rule), breaks=breaks), "dotenv")
    values = {leaf.locator[0]: value for leaf, value in opened.leaves.values if leaf.locator}
    assert values == {"A": "one", "Q": '"q"', "LINES": "one\ntwo", "O_unencrypted": "it's", "EMPTY": ""}
    assert opened.plaintext().replace(b"#note", b"# note") == PLAIN


def test_what_is_written_is_what_every_version_reads() -> None:
    old = as_3_6_0(seal(PLAIN, "dotenv"))
    opened = open_(old, "dotenv")
    for product in (set_leaf(opened, ("A",), "two"), rotate(opened, KEYS, 0, AMBIENT)):
        product.check(product.data)
        assert b"='" not in product.data
        assert b"sops_version=3.6.0\n" in product.data


def test_a_value_that_other_versions_cannot_hold_is_refused() -> None:
    old = as_3_6_0(seal(PLAIN, "dotenv")).replace(b"it\\'s", b"it\\ns")
    with pytest.raises(FormatError, match=r"O_unencrypted: a backslash before an n"):
        open_(old, "dotenv")


@pytest.mark.parametrize("data", [b"A='x'\nsops_version='3.6.0'\nB=x\n", b"A='x\nsops_version='3.6.0'\n"])
def test_what_is_not_quoted_throughout_is_read_as_it_stands(data: bytes) -> None:
    assert parse(data, sealed=True).text == data.decode()


def test_a_plain_file_with_quotes_is_left_alone() -> None:
    data = b"A='x'\nsops_version='3.6.0'\n"
    assert parse(data).text == data.decode()
