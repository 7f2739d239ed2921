"""Post-quantum keys: ML-KEM-768 with X25519."""

from __future__ import annotations

import pickle

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from leafseal import age
from leafseal.age import HeaderError, KeyTextError, UnsupportedKeyError, bech32, hybrid, keys
from leafseal.age.header import Stanza, from_base64, to_base64
from leafseal.age.hybrid import HybridIdentity, HybridRecipient
from leafseal.age.x25519 import X25519Identity

FILE_KEY = b"k" * 16
ALICE, BOB = HybridIdentity.generate(), HybridIdentity.generate()
RAW = bech32.decode(str(ALICE.recipient))[1]


def test_wrap_and_unwrap() -> None:
    stanzas, labels = ALICE.recipient.wrap(FILE_KEY)
    assert labels == keys.POST_QUANTUM
    assert ALICE.unwrap([Stanza("grease", (), b""), *BOB.recipient.wrap(b"l" * 16).stanzas, *stanzas]) == FILE_KEY
    assert BOB.unwrap(stanzas) is None
    assert isinstance(ALICE, keys.Identity)
    assert isinstance(ALICE.recipient, keys.Recipient)


def test_texts() -> None:
    assert str(ALICE.recipient).startswith("age1pq1")
    assert len(str(ALICE.recipient)) == 1959
    again = age.parse_identity(ALICE.to_text())
    assert isinstance(again, HybridIdentity)
    assert str(again.recipient) == str(ALICE.recipient) == str(age.parse_recipient(str(ALICE.recipient)))


def test_an_identity_shows_nothing() -> None:
    assert ALICE.to_text() not in repr(ALICE) + str(ALICE)
    with pytest.raises(TypeError):
        pickle.dumps(ALICE)


def test_a_file_is_for_post_quantum_keys_or_for_others() -> None:
    classic = X25519Identity.generate().recipient
    assert age.decrypt(age.encrypt(b"x", [ALICE.recipient, BOB.recipient]), [BOB]) == b"x"
    for recipients in ([ALICE.recipient, classic], [classic, ALICE.recipient]):
        with pytest.raises(age.AgeError, match="cannot share"):
            age.encrypt(b"x", recipients)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (str(ALICE.recipient)[:-1], "checksum"),
        (bech32.encode("age1pq", RAW[:-1]), "length"),
        (bech32.encode("age1pq1", RAW), "prefix"),
        (bech32.encode("age1pq", b"\xff" * 1184 + RAW[1184:]), "ML-KEM key that isn"),
    ],
)
def test_texts_that_are_no_recipient(text: str, why: str) -> None:
    with pytest.raises(KeyTextError, match=why):
        age.parse_recipient(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (ALICE.to_text()[:-1], "checksum"),
        (bech32.encode("AGE-SECRET-KEY-PQ-", bytes(33)), "length"),
        (bech32.encode("AGE-SECRET-KEY-PQ-1", bytes(32)), "prefix"),
    ],
)
def test_texts_that_are_no_identity(text: str, why: str) -> None:
    with pytest.raises(KeyTextError, match=why) as caught:
        age.parse_identity(text)
    assert text[30:50] not in str(caught.value)


def test_a_recipient_with_a_classic_half_of_low_order() -> None:
    with pytest.raises(KeyTextError, match="protects nothing"):
        HybridRecipient(RAW[:1184] + bytes(32)).wrap(FILE_KEY)


def test_malformed_stanzas() -> None:
    [stanza], _ = ALICE.recipient.wrap(FILE_KEY)
    enc = from_base64(stanza.args[0])
    low = to_base64(enc[:1088] + bytes(32))
    for args, body, why in (
        ((), stanza.body, "one argument"),
        ((*stanza.args, "x"), stanza.body, "one argument"),
        ((to_base64(enc[1:]),), stanza.body, "wrong length"),
        (stanza.args, stanza.body + b"x", "32 bytes"),
        ((low,), stanza.body, "anybody"),
    ):
        with pytest.raises(HeaderError, match=why):
            ALICE.unwrap([Stanza(stanza.type, args, body)])


def test_without_ml_kem_the_types_are_known_and_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lacking:
        @staticmethod
        def from_public_bytes(data: bytes) -> None:
            raise UnsupportedAlgorithm("no")

        from_seed_bytes = from_public_bytes

    monkeypatch.setattr(hybrid, "MLKEM768PublicKey", Lacking)
    monkeypatch.setattr(hybrid, "MLKEM768PrivateKey", Lacking)
    for read, text in ((age.parse_recipient, bech32.encode("age1pq", RAW)), (age.parse_identity, ALICE.to_text())):
        with pytest.raises(UnsupportedKeyError, match="needs ML-KEM"):
            read(text)
