"""X25519 and passphrases, and what all types of keys share. The other types have tests of their own."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from leafseal import age
from leafseal.age import HeaderError, KeyTextError, errors, keys, scrypt, wrapping, x25519
from leafseal.age.header import Stanza, to_base64

IDENTITY = "AGE-SECRET-KEY-1G0Q5K9TV4REQ3ZSQRMTMG8NSWQGYT0T7TZ33RAZEE0GZYVZN0APSU24RK7"
RECIPIENT = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"
FILE_KEY = b"k" * 16


def cases(third_party: Path, name: str) -> list[dict[str, Any]]:
    groups = json.loads((third_party / "wycheproof" / name).read_text())["testGroups"]
    return [test for group in groups for test in group["tests"]]


def test_a_known_pair() -> None:
    identity = x25519.parse_identity(IDENTITY)
    assert str(identity.recipient) == RECIPIENT
    assert identity.to_text() == IDENTITY
    assert str(x25519.parse_recipient(RECIPIENT)) == RECIPIENT


def test_wrap_and_unwrap() -> None:
    mine, other = x25519.X25519Identity.generate(), x25519.X25519Identity.generate()
    stanzas, labels = mine.recipient.wrap(FILE_KEY)
    assert labels == frozenset()
    assert mine.unwrap([Stanza("grease", ("x",), b""), *stanzas]) == FILE_KEY
    assert other.unwrap(stanzas) is None
    assert mine.unwrap([*other.recipient.wrap(b"l" * 16).stanzas, *stanzas]) == FILE_KEY
    assert isinstance(mine, keys.Identity)
    assert isinstance(mine.recipient, keys.Recipient)


def test_an_identity_shows_nothing() -> None:
    identity = x25519.parse_identity(IDENTITY)
    assert IDENTITY not in repr(identity) + str(identity) + repr(identity._scalar)
    with pytest.raises(TypeError):
        pickle.dumps(identity)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (IDENTITY[:-1], "checksum"),
        (IDENTITY + " ", "does not belong"),
        (IDENTITY.lower(), "not an age identity"),
        (RECIPIENT, "not an age identity"),
        ("", "not an age identity"),
    ],
)
def test_texts_that_are_no_identity(text: str, why: str) -> None:
    with pytest.raises(KeyTextError, match=why) as caught:
        keys.parse_identity(text)
    assert "G0Q5K9" not in str(caught.value).upper()


@pytest.mark.parametrize("text", [RECIPIENT[:-1], RECIPIENT.upper(), IDENTITY, "", "age1", "bob"])
def test_texts_that_are_no_recipient(text: str) -> None:
    with pytest.raises(KeyTextError):
        keys.parse_recipient(text)


def test_keys_of_a_wrong_length() -> None:
    short = age.bech32.encode("age", bytes(31))
    with pytest.raises(KeyTextError, match="length"):
        keys.parse_recipient(short)
    with pytest.raises(KeyTextError, match="prefix"):
        x25519.parse_recipient(age.bech32.encode("agf", bytes(32)))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("age1pq1qqqq", "post-quantum"),
        ("age1yubikey1qqqq", "plugin"),
        ("age1tag1qqqq", "tag"),
        ("age1tagpq1qqqq", "tag"),
        ("age1tags1qqqq", "plugin"),
        (RECIPIENT, "X25519"),
        ("ssh-ed25519 AAAA", "SSH"),
        ("ssh-rsa AAAA", "SSH"),
        ("bob", None),
    ],
)
def test_types_of_recipients(text: str, name: str | None) -> None:
    assert keys.recipient_type(text) == name
    if text != RECIPIENT:
        with pytest.raises(KeyTextError):
            keys.parse_recipient(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("AGE-SECRET-KEY-PQ-1QQ", "post-quantum"),
        ("AGE-PLUGIN-YUBIKEY-1QQ", "plugin"),
        (IDENTITY, "X25519"),
        ("x", None),
    ],
)
def test_types_of_identities(text: str, name: str | None) -> None:
    assert keys.identity_type(text) == name
    if text != IDENTITY:
        with pytest.raises(KeyTextError):
            keys.parse_identity(text)


def test_an_identity_that_cannot_be_used_here_matches_nothing() -> None:
    assert keys.UnsupportedIdentity("for want of a library").unwrap(x25519.X25519Identity.generate().recipient.wrap(
        FILE_KEY
    ).stanzas) is None  # fmt: skip


def test_wycheproof_x25519(third_party: Path) -> None:
    refused = 0
    for case in cases(third_party, "x25519_test.json"):
        key = x25519.x25519_private(bytes.fromhex(case["private"]))
        point = bytes.fromhex(case["public"])
        if "ZeroSharedSecret" in case["flags"]:
            refused += 1
            with pytest.raises(ValueError):  # noqa: PT011
                x25519._exchange(key, point)
            with pytest.raises(KeyTextError):
                x25519.X25519Recipient(point).wrap(FILE_KEY)
            with pytest.raises(HeaderError, match="anybody"):
                x25519.X25519Identity(bytes(31) + b"\x40").unwrap([Stanza("X25519", (to_base64(point),), bytes(32))])
        else:
            assert x25519._exchange(key, point).hex() == case["shared"], case["tcId"]
    assert refused == 31


def test_wycheproof_chacha20_poly1305(third_party: Path) -> None:
    for case in cases(third_party, "chacha20_poly1305_test.json"):
        key, iv, aad, text, sealed, tag = (
            bytes.fromhex(case[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag")
        )
        if case["result"] == "valid":
            assert ChaCha20Poly1305(key).decrypt(iv, sealed + tag, aad) == text, case["tcId"]
        else:
            with pytest.raises((InvalidTag, ValueError)):
                ChaCha20Poly1305(key).decrypt(iv, sealed + tag, aad)


def test_wycheproof_hkdf(third_party: Path) -> None:
    for case in cases(third_party, "hkdf_sha256_test.json"):
        if case["result"] == "valid":
            derived = wrapping.derive_key(*(bytes.fromhex(case[name]) for name in ("ikm", "salt", "info")))
            expected = bytes.fromhex(case["okm"])[:32]
            assert derived[: len(expected)] == expected, case["tcId"]


def test_rfc_5869_without_salt_and_info() -> None:
    derived = wrapping.derive_key(b"\x0b" * 22, b"", b"")
    assert derived.hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"


@pytest.mark.parametrize(
    ("passphrase", "salt", "n", "r", "p", "expected"),
    [
        (b"", b"", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"),
        (b"password", b"NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"),
        (b"pleaseletmein", b"SodiumChloride", 16384, 8, 1, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3e"),
    ],
)  # fmt: skip
def test_rfc_7914(passphrase: bytes, salt: bytes, n: int, r: int, p: int, expected: str) -> None:
    assert Scrypt(salt=salt, length=64, n=n, r=r, p=p).derive(passphrase).hex().startswith(expected)


def test_a_passphrase_wraps_and_unwraps() -> None:
    recipient = scrypt.ScryptRecipient("correct horse", work_factor=4)
    stanzas, labels = recipient.wrap(FILE_KEY)
    assert labels
    assert labels != recipient.wrap(FILE_KEY).labels
    assert scrypt.ScryptIdentity("correct horse").unwrap(stanzas) == FILE_KEY
    assert scrypt.ScryptIdentity("wrong horse").unwrap(stanzas) is None
    assert scrypt.ScryptIdentity("correct horse").unwrap([Stanza("x", (), b"")]) is None
    assert "horse" not in repr(scrypt.ScryptIdentity("correct horse"))


def test_more_work_than_the_limit_is_refused() -> None:
    salt = to_base64(bytes(16))
    with pytest.raises(HeaderError, match="work factor 21, more than 20"):
        scrypt.ScryptIdentity("x").unwrap([Stanza("scrypt", (salt, "21"), bytes(32))])


def test_no_memory_for_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(**_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(scrypt, "Scrypt", exhausted)
    with pytest.raises(errors.AgeError, match="more memory"):
        scrypt.ScryptIdentity("x").unwrap([Stanza("scrypt", (to_base64(bytes(16)), "18"), bytes(32))])
