"""The private side of tagged keys, which in life is in hardware: for tests of what we make for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from leafseal.age import hpke_p256, tag
from leafseal.age.header import Stanza, from_base64


@dataclass(frozen=True)
class TagIdentity:
    """A key on P-256 and, for the post-quantum type, one of ML-KEM-768."""

    point: EllipticCurvePrivateKey
    kem: MLKEM768PrivateKey | None = None

    def public(self, form: PublicFormat) -> bytes:
        return self.point.public_key().public_bytes(Encoding.X962, form)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        kind = tag.TagRecipient if self.kem is None else tag.HybridTagRecipient
        form = PublicFormat.CompressedPoint if self.kem is None else PublicFormat.UncompressedPoint
        for stanza in stanzas:
            if stanza.type == kind.TYPE:
                mark, enc = (from_base64(arg) for arg in stanza.args)
                if mark == tag.tag(kind.INFO, enc, self.public(form)):
                    return self._open(enc, stanza.body, kind.INFO)
        return None

    def _open(self, enc: bytes, body: bytes, info: bytes) -> bytes:
        if self.kem is None:
            suite = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
            return suite.decrypt(enc + body, self.point, info)
        ciphertext, share = enc[:1088], enc[1088:]
        other = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), share)
        secret = hpke_p256.combine(
            self.kem.decapsulate(ciphertext),
            self.point.exchange(ECDH(), other),
            share,
            self.public(PublicFormat.UncompressedPoint),
        )
        key, nonce = hpke_p256.key_schedule(secret, info)
        return ChaCha20Poly1305(key).decrypt(nonce, body, b"")
