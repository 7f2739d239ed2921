"""What `repair` mends, the `sops` program decrypts; and what it mends is what sops 3.13 makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leafseal.document.limits import DEFAULT_READ
from leafseal.keys.ring import KeyRing
from leafseal.operations.diagnose import Diagnosis, diagnose
from leafseal.operations.open import Source
from leafseal.operations.repair import keep_one, mended, without

from .test_sops import Sops, ambient, program, seal

pytestmark = [pytest.mark.interop, pytest.mark.skipif(program() is None, reason="no `sops` 3.x on PATH")]

TEXTS = {
    "yaml": "a: one\nb: two\nl:\n    - x\n    - z\n",
    "json": '{\n\t"a": "one",\n\t"b": "two",\n\t"l": [\n\t\t"x",\n\t\t"z"\n\t]\n}\n',
    "dotenv": "a=one\nb=two\nc=three\n",
    "ini": "[s]\na = one\nb = two\nc = three\n",
}


@pytest.fixture
def sops(tmp_path: Path) -> Sops:
    return Sops(tmp_path)


def examine(data: bytes, format_name: str) -> Diagnosis:
    return diagnose(Source("f", data, format_name), KeyRing(ambient(0)))


def repaired(data: bytes, format_name: str) -> bytes:
    """Return a file as it is with consent to everything."""
    found = examine(data, format_name)
    assert not found.is_well
    while found.duplicates:
        found = examine(keep_one(found.source, DEFAULT_READ, found.duplicates[0], 1).data, format_name)
    if found.bad:
        found = examine(without(found.source, DEFAULT_READ, found.bad).data, format_name)
    product = mended(found, (), ambient(0))
    product.check(product.data)
    return product.data


def lines_of(data: bytes, name: str) -> bytes:
    found = re.search(rf'^\t?"?{name}\b.*\n'.encode(), data, re.MULTILINE)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("format_name", TEXTS)
@pytest.mark.parametrize("by", ["sops", "leafseal"])
def test_a_renamed_value_a_repeated_one_and_a_wrong_mac(sops: Sops, format_name: str, by: str) -> None:
    plain = TEXTS[format_name].encode()
    sealed = sops.encrypt(plain, format_name).stdout if by == "sops" else seal(plain, format_name)
    for damaged, gone in (
        (sealed.replace(lines_of(sealed, "b"), lines_of(sealed, "b").replace(b"b", b"renamed", 1)), b"b"),
        (sealed.replace(lines_of(sealed, "b"), lines_of(sealed, "b") * 2), None),
        (sealed.replace(lines_of(sealed, "b"), b""), b"b"),
    ):
        again = sops.decrypt(repaired(damaged, format_name), format_name)
        expected = plain.replace(lines_of(plain, "b"), b"") if gone else plain
        assert (again.status, b"".join(again.stdout.split())) == (0, b"".join(expected.split())), again.stderr


@pytest.mark.parametrize(
    ("plain", "rule"),
    [
        (b"l:\n    # a comment\n    - x\n    # last\nk: v\n", {}),
        (b"l:\n    # one\n    # two\n    - x\n    - # three\n      k: v\n", {}),
        (b"l:\n    # sops:enc\n    # more\n    - x\nk: v\n", {"encrypted_comment_regex": "sops:enc"}),
        (b"l:\n    # more\n    - x\n    # sops:clear\n    - z\n", {"unencrypted_comment_regex": "sops:clear"}),
    ],
)
def test_comments_in_lists_that_sops_made_elements_of(sops: Sops, plain: bytes, rule: dict[str, object]) -> None:
    sops.configure(**rule)  # type: ignore[arg-type]
    made = sops.encrypt(plain, "yaml")
    assert made.status == 0
    assert b"- ENC[" in made.stdout
    assert b"type:comment" in made.stdout
    ours = repaired(made.stdout, "yaml")
    assert b"- ENC[" in ours
    again = sops.decrypt(ours, "yaml")
    assert again.status == 0, again.stderr
    assert sorted(again.stdout.split()) == sorted(plain.split())
    assert examine(ours, "yaml").is_well
