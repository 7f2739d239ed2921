"""What all types of stanzas share: key derivation, and a file key sealed under a key that is used once."""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag

from leafseal.age.errors import HeaderError
from leafseal.crypto.primitives import ChaCha20Poly1305

FILE_KEY_BYTES = 16
_BODY_BYTES = FILE_KEY_BYTES + 16
_NONCE = bytes(12)  # Each wrapping key is derived for one stanza and seals one file key, so one nonce does.


def derive_key(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """Return 32 bytes of HKDF-SHA-256 (RFC 5869)."""
    extracted = hmac.digest(salt, secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")  # the first block of its output, which is as long


def seal_file_key(key: bytes, file_key: bytes) -> bytes:
    """Return the body of a stanza."""
    return ChaCha20Poly1305(key).encrypt(_NONCE, file_key, None)


def check_body(body: bytes) -> None:
    """Raise `HeaderError` for what cannot be a sealed file key."""
    if len(body) != _BODY_BYTES:
        raise HeaderError(f"a stanza's body is not {_BODY_BYTES} bytes long")


def open_file_key(key: bytes, body: bytes) -> bytes | None:
    """Return the file key, None when `body` was sealed under another key.

    The length is checked first: a body that opens under two keys has to be longer than a file key. Raises
    `HeaderError`.
    """
    check_body(body)
    try:
        return ChaCha20Poly1305(key).decrypt(_NONCE, body, None)
    except InvalidTag:
        return None
