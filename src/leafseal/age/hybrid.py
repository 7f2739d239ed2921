"""Post-quantum keys, `age1pq1…` and `AGE-SECRET-KEY-PQ-1…`: ML-KEM-768 and X25519 together, through HPKE.

Whoever wants the file key has to break both. The identity is a seed of 32 bytes, from which both halves are derived.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import shake_256

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from leafseal.age import bech32
from leafseal.age.errors import HeaderError, KeyTextError, UnsupportedKeyError
from leafseal.age.header import Stanza, from_base64, to_base64
from leafseal.age.keys import POST_QUANTUM, Wrapped
from leafseal.age.wrapping import check_body
from leafseal.crypto.secret import Secret

_TYPE = "mlkem768x25519"
_INFO = b"age-encryption.org/mlkem768x25519"
_RECIPIENT_PREFIX = "age1pq"
_IDENTITY_PREFIX = "AGE-SECRET-KEY-PQ-"
_SEED_BYTES = 32
_KEM_SEED_BYTES = 64
_KEM_CIPHERTEXT_BYTES = 1088
_ENC_BYTES = _KEM_CIPHERTEXT_BYTES + 32

KEM_KEY_BYTES = 1184
"""The length of a public key of ML-KEM-768."""


class HybridRecipient:
    """A public key: that of ML-KEM-768, then that of X25519. Raises `KeyTextError` for one that cannot be."""

    __slots__ = ("_key", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._key = MLKEM768X25519PublicKey(
            kem_public_key(raw[:KEM_KEY_BYTES]), X25519PublicKey.from_public_bytes(raw[KEM_KEY_BYTES:])
        )

    def __str__(self) -> str:
        return bech32.encode(_RECIPIENT_PREFIX, self._raw)

    def wrap(self, file_key: bytes) -> Wrapped:
        """Return one stanza. Raises `KeyTextError`."""
        try:
            sealed = _suite().encrypt(file_key, self._key, _INFO)
        except ValueError:  # the X25519 half is a point of low order
            raise KeyTextError("is a recipient of which one half protects nothing") from None
        stanza = Stanza(_TYPE, (to_base64(sealed[:_ENC_BYTES]),), sealed[_ENC_BYTES:])
        return Wrapped((stanza,), POST_QUANTUM)


class HybridIdentity:
    """A private key. Nothing of it is shown except by `to_text`."""

    __slots__ = ("_key", "_raw", "_seed")

    def __init__(self, seed: bytes) -> None:
        self._seed = Secret(seed)
        expanded = shake_256(seed).digest(_KEM_SEED_BYTES + 32)
        kem = _kem_private_key(expanded[:_KEM_SEED_BYTES])
        classic = X25519PrivateKey.from_private_bytes(expanded[_KEM_SEED_BYTES:])
        self._key = MLKEM768X25519PrivateKey(kem, classic)
        self._raw = kem.public_key().public_bytes_raw() + classic.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> HybridIdentity:
        """Return a new identity."""
        return cls(os.urandom(_SEED_BYTES))

    @property
    def recipient(self) -> HybridRecipient:
        """The public side."""
        return HybridRecipient(self._raw)

    def to_text(self) -> str:
        """Return `AGE-SECRET-KEY-PQ-1…`: the secret itself."""
        return bech32.encode(_IDENTITY_PREFIX, self._seed.reveal())

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None when no stanza is for this identity. Raises `HeaderError`."""
        for stanza in stanzas:
            if stanza.type == _TYPE and (file_key := self._open(stanza)) is not None:
                return file_key
        return None

    def _open(self, stanza: Stanza) -> bytes | None:
        if len(stanza.args) != 1:
            raise HeaderError("a post-quantum stanza does not have one argument")
        enc = from_base64(stanza.args[0], _ENC_BYTES)
        check_body(stanza.body)
        try:
            return _suite().decrypt(enc + stanza.body, self._key, _INFO)
        except InvalidTag:
            _check_share(enc[_KEM_CIPHERTEXT_BYTES:])
            return None


def parse_recipient(text: str) -> HybridRecipient:
    """Read `age1pq1…`. Raises `KeyTextError`."""
    return HybridRecipient(_decode(text, _RECIPIENT_PREFIX, KEM_KEY_BYTES + 32))


def parse_identity(text: str) -> HybridIdentity:
    """Read `AGE-SECRET-KEY-PQ-1…`. Raises `KeyTextError`."""
    return HybridIdentity(_decode(text, _IDENTITY_PREFIX, _SEED_BYTES))


def kem_public_key(raw: bytes) -> MLKEM768PublicKey:
    """Return a public key of ML-KEM-768. Raises `KeyTextError`."""
    try:
        return MLKEM768PublicKey.from_public_bytes(raw)
    except ValueError:  # a number in it is beyond the modulus (FIPS 203, §7.2)
        raise KeyTextError("has an ML-KEM key that isn't valid") from None
    except UnsupportedAlgorithm:
        raise UnsupportedKeyError(_NO_KEM) from None


def _kem_private_key(seed: bytes) -> MLKEM768PrivateKey:
    try:
        return MLKEM768PrivateKey.from_seed_bytes(seed)
    except UnsupportedAlgorithm:
        raise UnsupportedKeyError(_NO_KEM) from None


_NO_KEM = "needs ML-KEM, which the OpenSSL of the installed cryptography library does not have"


def _decode(text: str, prefix: str, size: int) -> bytes:
    found, data = bech32.decode(text)
    if found != prefix:
        raise KeyTextError("has a prefix that is not that of a post-quantum key")
    if len(data) != size:
        raise KeyTextError("has a wrong length")
    return data


def _suite() -> Suite:
    return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def _check_share(share: bytes) -> None:
    """Raise `HeaderError` for a share of low order, which `cryptography` reports as a stanza for somebody else."""
    try:
        X25519PrivateKey.from_private_bytes(bytes([1]) * 32).exchange(X25519PublicKey.from_public_bytes(share))
    except ValueError:
        raise HeaderError("a post-quantum stanza has a share that anybody can compute with") from None
