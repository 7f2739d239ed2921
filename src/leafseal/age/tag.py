"""Tagged keys, `age1tag1…` and `age1tagpq1…`: recipients whose private side is in hardware.

A stanza carries a tag of four bytes, by which a plugin knows its own without asking the hardware, and the user for a
touch. What opens these stanzas is a plugin; there is no identity here.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from leafseal.age import bech32
from leafseal.age.errors import KeyTextError
from leafseal.age.header import Stanza, to_base64
from leafseal.age.hybrid import KEM_KEY_BYTES, kem_public_key
from leafseal.age.keys import POST_QUANTUM, Recipient, Wrapped

_PREFIX = "age1tag"
_HYBRID_PREFIX = "age1tagpq"
_COMPRESSED_BYTES = 33
_POINT_BYTES = 65
_TAG_BYTES = 4


class TagRecipient:
    """A public key on P-256, written compressed."""

    __slots__ = ("_compressed", "_point")

    TYPE = "p256tag"
    INFO = b"age-encryption.org/p256tag"

    def __init__(self, compressed: bytes) -> None:
        self._compressed = compressed
        self._point = _point(compressed)

    def __str__(self) -> str:
        return bech32.encode(_PREFIX, self._compressed)

    def wrap(self, file_key: bytes) -> Wrapped:
        """Return one stanza."""
        suite = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
        sealed = suite.encrypt(file_key, self._point, self.INFO)
        enc, body = sealed[:_POINT_BYTES], sealed[_POINT_BYTES:]
        mark = tag(self.INFO, enc, self._compressed)
        return Wrapped((Stanza(self.TYPE, (to_base64(mark), to_base64(enc)), body),))


class HybridTagRecipient:
    """A public key of ML-KEM-768, then one on P-256, written in full."""

    __slots__ = ("_kem", "_point", "_raw")

    TYPE = "mlkem768p256tag"
    INFO = b"age-encryption.org/mlkem768p256tag"

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._kem = kem_public_key(raw[:KEM_KEY_BYTES])
        self._point = _point(raw[KEM_KEY_BYTES:])

    def __str__(self) -> str:
        return bech32.encode(_HYBRID_PREFIX, self._raw)

    def wrap(self, file_key: bytes) -> Wrapped:
        """Return one stanza."""
        from leafseal.age import hpke_p256  # the one KEM of age that `cryptography` does not have

        enc, body = hpke_p256.encrypt(file_key, self._kem, self._point, self.INFO)
        # The tag is made with the P-256 part alone, so that hardware need not keep the long one.
        mark = tag(self.INFO, enc, self._raw[KEM_KEY_BYTES:])
        return Wrapped((Stanza(self.TYPE, (to_base64(mark), to_base64(enc)), body),), POST_QUANTUM)


def parse_recipient(text: str) -> Recipient:
    """Read `age1tag1…` or `age1tagpq1…`. Raises `KeyTextError`."""
    prefix, data = bech32.decode(text)
    if prefix == _PREFIX and len(data) == _COMPRESSED_BYTES:
        return TagRecipient(data)
    if prefix == _HYBRID_PREFIX and len(data) == KEM_KEY_BYTES + _POINT_BYTES:
        return HybridTagRecipient(data)
    if prefix in (_PREFIX, _HYBRID_PREFIX):
        raise KeyTextError("has a wrong length")
    raise KeyTextError("has a prefix that is not that of a tagged key")


def tag(info: bytes, enc: bytes, public: bytes) -> bytes:
    """Return the mark of a stanza: HKDF-Extract over what it carries and a digest of the key."""
    return hmac.digest(info, enc + hashlib.sha256(public).digest()[:_TAG_BYTES], "sha256")[:_TAG_BYTES]


def _point(data: bytes) -> EllipticCurvePublicKey:
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), data)
    except ValueError:
        raise KeyTextError("has a point that is not on its curve") from None
