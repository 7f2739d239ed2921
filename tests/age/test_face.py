"""`leafseal.age` as its callers see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafseal import age
from leafseal.age.header import Stanza
from leafseal.age.scrypt import ScryptIdentity, ScryptRecipient
from leafseal.age.x25519 import X25519Identity
from leafseal.errors import LeafsealError

ALICE, BOB, EVE = X25519Identity.generate(), X25519Identity.generate(), X25519Identity.generate()


@settings(max_examples=50)
@given(st.binary(max_size=1000), st.booleans())
def test_every_recipient_reads_and_nobody_else(plaintext: bytes, armor: bool) -> None:
    data = age.encrypt(plaintext, [ALICE.recipient, BOB.recipient], armor=armor)
    assert age.decrypt(data, [ALICE]) == age.decrypt(data, [EVE, BOB], armored=armor) == plaintext
    with pytest.raises(age.NoMatchError):
        age.decrypt(data, [EVE])


@given(st.data())
def test_no_other_byte_passes(draw: st.DataObject) -> None:
    data = bytearray(age.encrypt(b"a plaintext", [ALICE.recipient]))
    data[draw.draw(st.integers(0, len(data) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    with pytest.raises(age.AgeError):
        age.decrypt(bytes(data), [ALICE])


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(data: bytes) -> None:
    for bytes_ in (data, b"age-encryption.org/v1\n" + data, b"-----BEGIN AGE ENCRYPTED FILE-----\n" + data):
        with pytest.raises(LeafsealError):
            age.decrypt(bytes_, [ALICE])


def test_identities_are_asked_no_further_than_needed() -> None:
    def identities() -> Iterator[age.Identity]:
        yield ALICE
        pytest.fail("a second identity was asked for")

    assert age.decrypt(age.encrypt(b"x", [ALICE.recipient]), identities()) == b"x"


def test_an_identity_with_another_file_key_does_not_pass() -> None:
    class Wrong:
        def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
            return bytes(16)

    with pytest.raises(age.HeaderMACError):
        age.decrypt(age.encrypt(b"x", [ALICE.recipient]), [Wrong()])


def test_without_recipients() -> None:
    with pytest.raises(age.AgeError, match="needs a recipient"):
        age.encrypt(b"x", [])


def test_a_passphrase_stands_alone() -> None:
    passphrase = ScryptRecipient("horse", work_factor=4)
    assert age.decrypt(age.encrypt(b"x", [passphrase]), [ALICE, ScryptIdentity("horse")]) == b"x"
    with pytest.raises(age.AgeError, match="cannot share"):
        age.encrypt(b"x", [passphrase, ALICE.recipient])
    with pytest.raises(age.AgeError, match="cannot share"):
        age.encrypt(b"x", [passphrase, ScryptRecipient("other", work_factor=4)])


def test_armor_is_demanded_or_refused_when_told_so() -> None:
    plain, armored = (age.encrypt(b"x", [ALICE.recipient], armor=armor) for armor in (False, True))
    with pytest.raises(age.ArmorError):
        age.decrypt(plain, [ALICE], armored=True)
    with pytest.raises(age.HeaderError):
        age.decrypt(armored, [ALICE], armored=False)
