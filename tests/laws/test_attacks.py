"""Attacks on files that are in no other law: names that make one path, metadata that differ among documents."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from leafseal.errors import StructureMismatchError
from leafseal.operations.open import Opened
from leafseal.operations.rekey import rotate
from leafseal.testing import throwaway_identity

from ..opening import set_leaf
from ..tampering import ask_nobody
from ..whole_files import AMBIENT, KEYS, WITHOUT_STRUCTURE, open_, seal


@pytest.fixture(autouse=True)
def _nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_nobody(monkeypatch)


JOINED = [
    (b"db:\n  host: one\n", rb"db:\n  host:", b"'db:host':"),
    (b"'db:host': one\n", rb"'db:host':", b"db:\n  host:"),
    (b"a:\n  b:\n    c: one\n", rb"a:\n  b:\n    c:", b"'a:b':\n    c:"),
]


@pytest.mark.parametrize(("plain", "names", "others"), JOINED)
def test_names_that_make_the_same_path_are_told_apart(plain: bytes, names: bytes, others: bytes) -> None:
    """SOPS joins names with colons: the value verifies under both, and only the digest knows which it was."""
    covered, bare = seal(plain, "yaml"), seal(plain, "yaml", read=WITHOUT_STRUCTURE)
    with pytest.raises(StructureMismatchError):
        open_(re.sub(names, others, covered), "yaml")
    assert open_(re.sub(names, others, bare), "yaml").plaintext() == re.sub(names, others, plain)


MALLORY = throwaway_identity().recipient
WRITES: dict[str, Callable[[Opened], bytes]] = {
    "rotate": lambda opened: rotate(opened, KEYS, 0, AMBIENT).data,
    "set": lambda opened: set_leaf(opened, ("a",), "new").data,
}


@pytest.mark.parametrize("write", WRITES)
def test_recipients_and_rules_of_a_later_document_go_nowhere(write: str) -> None:
    first, _, second = seal(b"a: one\n---\nb: two\n", "yaml").partition(b"\n---\n")
    [[key]] = KEYS
    assert str(key).encode() in second
    changed = second.replace(str(key).encode(), MALLORY.encode()).replace(
        b"unencrypted_suffix: _unencrypted", b"encrypted_regex: ^x$"
    )
    product = WRITES[write](open_(first + b"\n---\n" + changed, "yaml"))
    assert MALLORY.encode() not in product
    assert b"encrypted_regex" not in product
    assert open_(product, "yaml").coverage == "covered"
