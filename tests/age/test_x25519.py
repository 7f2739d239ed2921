from __future__ import annotations

import pytest

from leafseal.age import bech32
from leafseal.age.errors import HeaderError, KeyTextError
from leafseal.age.header import Stanza, to_base64
from leafseal.age.x25519 import X25519Identity, X25519Recipient, parse_identity, parse_recipient

FILE_KEY = b"k" * 16
ME, OTHER = X25519Identity.generate(), X25519Identity.generate()


def test_what_is_wrapped_unwraps_for_its_identity_alone() -> None:
    stanzas = ME.recipient.wrap(FILE_KEY).stanzas
    assert ME.unwrap(stanzas) == FILE_KEY
    assert OTHER.unwrap(stanzas) is None
    assert ME.unwrap([*OTHER.recipient.wrap(b"o" * 16).stanzas, *stanzas]) == FILE_KEY
    assert ME.unwrap([]) is None
    assert ME.unwrap([Stanza("ssh-rsa", (), b"")]) is None


def test_no_two_stanzas_are_alike() -> None:
    assert ME.recipient.wrap(FILE_KEY) != ME.recipient.wrap(FILE_KEY)


def test_texts_read_back() -> None:
    assert parse_identity(ME.to_text()).to_text() == ME.to_text()
    assert str(parse_recipient(str(ME.recipient))) == str(ME.recipient) == str(parse_identity(ME.to_text()).recipient)
    assert ME.to_text() not in repr(ME)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_keys_of_another_length(size: int) -> None:
    with pytest.raises(KeyTextError, match="wrong length"):
        parse_recipient(bech32.encode("age", bytes(size)))
    with pytest.raises(KeyTextError, match="wrong length"):
        parse_identity(bech32.encode("AGE-SECRET-KEY-", bytes(size)))


def test_an_identity_is_no_recipient_and_its_text_is_not_told() -> None:
    for parse, text in ((parse_recipient, ME.to_text()), (parse_identity, str(ME.recipient))):
        with pytest.raises(KeyTextError, match="prefix") as caught:
            parse(text)
        assert text not in str(caught.value)


def test_a_point_of_low_order_is_refused_on_both_sides() -> None:
    """With it, everybody gets the same secret."""
    with pytest.raises(KeyTextError, match="anybody can read"):
        X25519Recipient(bytes(32)).wrap(FILE_KEY)
    stanza = Stanza("X25519", (to_base64(bytes(32)),), bytes(32))
    with pytest.raises(HeaderError, match="anybody can compute"):
        ME.unwrap([stanza])


@pytest.mark.parametrize("args", [(), ("a", "b"), ("",), (to_base64(bytes(31)),), ("!" * 43,)])
def test_a_stanza_that_is_malformed_is_not_passed_over(args: tuple[str, ...]) -> None:
    with pytest.raises(HeaderError):
        ME.unwrap([Stanza("X25519", args, bytes(32))])
