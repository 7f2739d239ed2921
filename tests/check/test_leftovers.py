"""The names of decrypted copies, and of what they are copies of."""

from __future__ import annotations

import pytest

from leafseal.check.leftovers import is_surely, is_suspect, origins


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("s/x.dec.yaml", "s/x.yaml"),
        ("s/x.dec.yaml", "s/x.enc.yaml"),
        ("x.yaml.dec", "x.yaml"),
        ("x.decrypted.yaml", "x.encrypted.yaml"),
        ("x.decrypted", "x"),
        ("x-decrypted.json", "x-enc.json"),
        ("secrets.plain.env", "secrets.sops.env"),
        ("x.yaml.bak", "x.yaml"),
        ("x.yaml~", "x.yaml"),
        (".x.yaml.swp", "x.yaml"),
        ("x.yaml.orig", "x.yaml"),
        ("x.dec.yaml", "x.yaml.enc"),
    ],
)
def test_copies(name: str, origin: str) -> None:
    assert is_suspect(name)
    assert origin in origins(name)


@pytest.mark.parametrize("name", ["decimal.yaml", "a/december.env", "x.yaml", "declared.json", "dec/x.yaml"])
def test_other_names(name: str) -> None:
    assert not is_suspect(name)


def test_names_that_say_it_by_themselves() -> None:
    assert is_surely("a/x.decrypted.yaml")
    assert is_surely("x.yaml.decrypted")
    assert not is_surely("x.dec.yaml")
