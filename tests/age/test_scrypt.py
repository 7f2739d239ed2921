from __future__ import annotations

import pytest

from leafseal.age.errors import HeaderError
from leafseal.age.header import Stanza, to_base64
from leafseal.age.scrypt import WORK_FACTOR_LIMIT, ScryptIdentity, ScryptRecipient

FILE_KEY = b"k" * 16
LIGHT = 1


def test_a_passphrase_opens_what_it_wrapped() -> None:
    wrapped = ScryptRecipient("horse ü", LIGHT).wrap(FILE_KEY)
    assert ScryptIdentity("horse ü").unwrap(wrapped.stanzas) == FILE_KEY
    assert ScryptIdentity("horse u").unwrap(wrapped.stanzas) is None
    assert ScryptIdentity("").unwrap(wrapped.stanzas) is None
    assert ScryptIdentity("horse ü").unwrap([]) is None
    assert ScryptIdentity("horse ü").unwrap([Stanza("X25519", (), b"")]) is None


def test_bytes_that_are_no_text_make_a_passphrase_too() -> None:
    passphrase = b"horse \xff".decode("utf-8", "surrogateescape")
    stanzas = ScryptRecipient(passphrase, LIGHT).wrap(FILE_KEY).stanzas
    assert ScryptIdentity(passphrase).unwrap(stanzas) == FILE_KEY


def test_it_stays_alone() -> None:
    """Its label is one that no other recipient has, and no other passphrase either."""
    one, other = (ScryptRecipient("horse", LIGHT).wrap(FILE_KEY) for _ in range(2))
    assert len(one.stanzas) == 1
    assert one.labels != other.labels
    assert one.stanzas != other.stanzas


def test_who_asks_for_too_much_work_is_refused_before_any_is_done() -> None:
    asking = Stanza("scrypt", (to_base64(bytes(16)), str(WORK_FACTOR_LIMIT + 1)), bytes(32))
    with pytest.raises(HeaderError, match="asks for work factor 21, more than 20"):
        ScryptIdentity("horse").unwrap([asking])
    with pytest.raises(HeaderError, match="more than 1"):
        ScryptIdentity("horse", limit=1).unwrap(ScryptRecipient("horse", 2).wrap(FILE_KEY).stanzas)


@pytest.mark.parametrize("factor", ["", "0", "01", "+1", "-1", "1.0", "100", "x", "\u0661"])
def test_a_work_factor_that_is_none(factor: str) -> None:
    with pytest.raises(HeaderError, match="a salt and a work factor"):
        ScryptIdentity("horse").unwrap([Stanza("scrypt", (to_base64(bytes(16)), factor), bytes(32))])


@pytest.mark.parametrize("args", [(), ("1",), (to_base64(bytes(15)), "1"), (to_base64(bytes(16)), "1", "x")])
def test_other_arguments_than_a_salt_and_a_work_factor(args: tuple[str, ...]) -> None:
    with pytest.raises(HeaderError):
        ScryptIdentity("horse").unwrap([Stanza("scrypt", args, bytes(32))])


def test_a_passphrase_is_not_shown() -> None:
    assert "horse" not in f"{ScryptRecipient('horse')!r} {ScryptIdentity('horse')!r}"
