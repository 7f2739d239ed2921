from __future__ import annotations

import pytest

from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.operations.open import Source, open_file
from leafseal.operations.unbound_names import is_identifier, unbound_names
from leafseal.testing import throwaway_identity


@pytest.mark.parametrize("name", ["A", "_", "db_password2", "Z9"])
def test_identifiers(name: str) -> None:
    assert is_identifier(name)


@pytest.mark.parametrize("name", ["", "9A", "a b", "a.b", "a-b", "é", "A\n", "a=b", "x;y", "ª"])
def test_no_identifiers(name: str) -> None:
    assert not is_identifier(name)


def test_names_of_empty_values_unless_something_covers_them() -> None:
    import leafseal

    me = throwaway_identity()
    plain = b"a b: ''\nc d: x\ne: ''\nf:\n  g h: null\n"
    for structure, expected in ((False, [("a b",), ("f", "g h")]), (True, [])):
        text = leafseal.encrypt(plain, format="yaml", recipients=[me.recipient], structure=structure)
        opened = open_file(Source("", text, "yaml"), KeyRing(Ambient({"SOPS_AGE_KEY": me.identity}, "/")))
        assert [leaf.path for leaf in unbound_names(opened)] == expected
