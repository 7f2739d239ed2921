"""The payload of an age file: chunks of 64 KiB, each sealed with its number and whether it is the last."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag

from leafseal.age.errors import HeaderError, PayloadError
from leafseal.age.wrapping import derive_key
from leafseal.crypto.primitives import ChaCha20Poly1305

CHUNK_BYTES = 64 * 2**10
_TAG_BYTES = 16
_SALT_BYTES = 16


def seal(file_key: bytes, plaintext: bytes) -> bytes:
    """Return the payload that holds `plaintext`."""
    salt = os.urandom(_SALT_BYTES)
    cipher = ChaCha20Poly1305(derive_key(file_key, salt, b"payload"))
    starts = range(0, len(plaintext), CHUNK_BYTES) or range(1)
    sealed = [
        cipher.encrypt(_nonce(number, start == starts[-1]), plaintext[start : start + CHUNK_BYTES], None)
        for number, start in enumerate(starts)
    ]
    return b"".join([salt, *sealed])


def unseal(file_key: bytes, payload: bytes) -> bytes:
    """Return the plaintext once every chunk of it has been verified.

    Raises `PayloadError`; `HeaderError` where not even the salt is there, which other age tools count to the header.
    """
    salt, chunks = payload[:_SALT_BYTES], payload[_SALT_BYTES:]
    if len(salt) < _SALT_BYTES:
        raise HeaderError("the age file ends within its header")
    cipher = ChaCha20Poly1305(derive_key(file_key, salt, b"payload"))
    size = CHUNK_BYTES + _TAG_BYTES
    starts = range(0, len(chunks), size) or range(1)
    try:
        opened = [
            cipher.decrypt(_nonce(number, start == starts[-1]), chunks[start : start + size], None)
            for number, start in enumerate(starts)
        ]
    except InvalidTag:
        raise PayloadError("the payload of the age file was changed or cut short") from None
    if len(opened) > 1 and not opened[-1]:
        raise PayloadError("the payload of the age file ends with an empty chunk")
    return b"".join(opened)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
