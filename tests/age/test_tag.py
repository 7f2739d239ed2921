"""Tagged keys: what we make for hardware, opened by keys in software."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.serialization import PublicFormat

from leafseal import age
from leafseal.age import KeyTextError, bech32, keys
from leafseal.age.header import from_base64
from leafseal.age.hybrid import HybridIdentity
from leafseal.age.x25519 import X25519Identity

from .tag_opener import TagIdentity

CLASSIC = TagIdentity(generate_private_key(SECP256R1()))
HYBRID = TagIdentity(generate_private_key(SECP256R1()), MLKEM768PrivateKey.generate())


def text_of(identity: TagIdentity) -> str:
    if identity.kem is None:
        return bech32.encode("age1tag", identity.public(PublicFormat.CompressedPoint))
    raw = identity.kem.public_key().public_bytes_raw() + identity.public(PublicFormat.UncompressedPoint)
    return bech32.encode("age1tagpq", raw)


@pytest.mark.parametrize("identity", [CLASSIC, HYBRID], ids=["classic", "hybrid"])
def test_what_is_wrapped_opens(identity: TagIdentity) -> None:
    recipient = age.parse_recipient(text_of(identity))
    assert isinstance(recipient, keys.Recipient)
    assert str(recipient) == text_of(identity)
    data = age.encrypt(b"x", [recipient])
    assert age.decrypt(data, [identity]) == b"x"
    with pytest.raises(age.NoMatchError):
        age.decrypt(data, [HYBRID if identity is CLASSIC else CLASSIC])


def test_stanzas() -> None:
    [stanza], labels = age.parse_recipient(text_of(CLASSIC)).wrap(b"k" * 16)
    assert (stanza.type, [len(from_base64(arg)) for arg in stanza.args], len(stanza.body)) == ("p256tag", [4, 65], 32)
    assert labels == frozenset()
    [stanza], labels = age.parse_recipient(text_of(HYBRID)).wrap(b"k" * 16)
    sizes = [len(from_base64(arg)) for arg in stanza.args]
    assert (stanza.type, sizes, len(stanza.body)) == ("mlkem768p256tag", [4, 1153], 32)
    assert labels == keys.POST_QUANTUM


def test_which_share_a_file() -> None:
    classic, hybrid = (age.parse_recipient(text_of(identity)) for identity in (CLASSIC, HYBRID))
    assert age.encrypt(b"x", [classic, X25519Identity.generate().recipient])
    assert age.encrypt(b"x", [hybrid, HybridIdentity.generate().recipient])
    for other in (classic, X25519Identity.generate().recipient):
        with pytest.raises(age.AgeError, match="cannot share"):
            age.encrypt(b"x", [hybrid, other])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (text_of(CLASSIC)[:-1], "checksum"),
        (bech32.encode("age1tag", bytes(32)), "length"),
        (bech32.encode("age1tagpq", bytes(1184)), "length"),
        (bech32.encode("age1tag", b"\x02" + b"\xff" * 32), "not on its curve"),
        (bech32.encode("age1tag", b"\x04" + bytes(32)), "not on its curve"),
        (bech32.encode("age1tagpq", bytes(1184) + b"\x04" + bytes(64)), "not on its curve"),
        (bech32.encode("age1tag1", bytes(33)), "prefix"),
    ],
)
def test_texts_that_are_no_recipient(text: str, why: str) -> None:
    with pytest.raises(KeyTextError, match=why):
        age.parse_recipient(text)
