"""HPKE with MLKEM768-P256, HKDF-SHA256 and ChaCha20-Poly1305, in base mode: the sender's side.

`cryptography` has HPKE for age's other types, and all the parts for this one. The names are those of RFC 9180; the key
encapsulation is that of draft-ietf-hpke-pq and the combiner that of draft-irtf-cfrg-hybrid-kems.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ec import ECDH, SECP256R1, EllipticCurvePublicKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_KEM_ID, _KDF_ID, _AEAD_ID = 0x0050, 0x0001, 0x0003
_SUITE_ID = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (_KEM_ID, _KDF_ID, _AEAD_ID))
_LABEL = b"MLKEM768-P256"
_MODE_BASE = b"\x00"
_HASH_BYTES = 32
_KEY_BYTES = 32
_NONCE_BYTES = 12


def encrypt(
    plaintext: bytes, kem: MLKEM768PublicKey, point: EllipticCurvePublicKey, info: bytes
) -> tuple[bytes, bytes]:
    """Return the encapsulated secret and the sealed text."""
    kem_secret, kem_ciphertext = kem.encapsulate()
    ephemeral = generate_private_key(SECP256R1())
    share = _encoded(ephemeral.public_key())
    secret = combine(kem_secret, ephemeral.exchange(ECDH(), point), share, _encoded(point))
    key, nonce = key_schedule(secret, info)
    return kem_ciphertext + share, ChaCha20Poly1305(key).encrypt(nonce, plaintext, b"")


def combine(kem_secret: bytes, shared: bytes, share: bytes, point: bytes) -> bytes:
    """Return the one secret that both halves give."""
    return hashlib.sha3_256(kem_secret + shared + share + point + _LABEL).digest()


def key_schedule(secret: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Return key and nonce of the one message (RFC 9180, §5.1)."""
    context = _MODE_BASE + _labeled_extract(b"", b"psk_id_hash", b"") + _labeled_extract(b"", b"info_hash", info)
    extracted = _labeled_extract(secret, b"secret", b"")
    key = _labeled_expand(extracted, b"key", context, _KEY_BYTES)
    return key, _labeled_expand(extracted, b"base_nonce", context, _NONCE_BYTES)


def _labeled_extract(salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt or bytes(_HASH_BYTES), b"HPKE-v1" + _SUITE_ID + label + material, "sha256")


def _labeled_expand(key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + _SUITE_ID + label + info
    return HKDFExpand(SHA256(), length, labeled).derive(key)


def _encoded(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
