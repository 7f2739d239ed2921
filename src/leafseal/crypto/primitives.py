"""The ciphers and the key agreement that every run needs, from `cryptography` without its layers of Python.

Its compiled module makes them. The packages under whose public names they stand import much more, which takes longer
than to open a small file does. Names of the compiled module are no promise of that library: where one is missing, the
public ones do. Both ways give the same objects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from leafseal.document.frozen import NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers import aead


class Primitives(NamedTuple):
    """What is used of the library in every run."""

    aes_gcm: type[aead.AESGCM]
    chacha20_poly1305: type[aead.ChaCha20Poly1305]
    generate_x25519: Callable[[], X25519PrivateKey]
    x25519_private: Callable[[bytes], X25519PrivateKey]
    x25519_public: Callable[[bytes], X25519PublicKey]


def find() -> Primitives:
    """Return the primitives, the short way where it is there."""
    try:
        return compiled()
    except (ImportError, AttributeError):
        return public()


def compiled() -> Primitives:
    """Return the primitives from the compiled module. Raises `ImportError` or `AttributeError` where it is another."""
    from cryptography.hazmat.bindings._rust import openssl

    if openssl.is_fips_enabled():
        raise ImportError("what that mode forbids is known to the public layer")
    aead, x25519 = openssl.aead, openssl.x25519
    return Primitives(
        aead.AESGCM,
        aead.ChaCha20Poly1305,
        x25519.generate_key,
        x25519.from_private_bytes,
        x25519.from_public_bytes,
    )


def public() -> Primitives:
    """Return the primitives from the public modules."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers import aead

    return Primitives(
        aead.AESGCM,
        aead.ChaCha20Poly1305,
        X25519PrivateKey.generate,
        X25519PrivateKey.from_private_bytes,
        X25519PublicKey.from_public_bytes,
    )


AESGCM, ChaCha20Poly1305, generate_x25519, x25519_private, x25519_public = find()
