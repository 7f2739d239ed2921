"""One leaf, sealed and opened: AES-256-GCM and the `ENC[…]` text (sops-format §1.4, §1.5).

This is the only module that calls the cipher, and only as `AESGCM`, which releases nothing before the tag is checked.
IVs are drawn here and are no parameter of anything: an IV used for two plaintexts under one key gives both away.
"""

from __future__ import annotations

import os
import re
from binascii import a2b_base64, b2a_base64

from cryptography.exceptions import InvalidTag

from leafseal.crypto.primitives import AESGCM
from leafseal.document.scalars import Scalar, from_bytes, to_bytes, type_word

IV_BYTES, KEY_BYTES = 32, 32

# SOPS sealed empty strings too before 1.6, as do those who rotate such a file; they have no `data`.
# Base64 in its one canonical form: unused bits are zero, so that what is read, written again, is the same text.
# That the length of the data is a multiple of four is asked apart: an expression that counts is twice as slow.
_B64 = r"[A-Za-z0-9+/]*+(?:(?<=[AEIMQUYcgkosw048])=|(?<=[AQgw])==)?"
_TOKEN = re.compile(
    rf"ENC\[AES256_GCM,data:({_B64}),iv:([A-Za-z0-9+/]{{42}}[AEIMQUYcgkosw048]=),"
    r"tag:([A-Za-z0-9+/]{21}[AQgw]==),type:(str|int|float|bool|time|comment|bytes)\]"
)

PREFIX = "ENC[AES256_GCM,"


class TokenError(Exception):
    """A token that is damaged, or does not verify under the AAD it was opened with. Carries no text of it."""


def looks_sealed(text: str) -> bool:
    """Tell whether `text` means to be a token, whole or damaged."""
    return text.startswith(PREFIX)


def is_token(text: str) -> bool:
    """Tell whether `text` is a whole token, of whatever key."""
    match = _TOKEN.fullmatch(text)
    return match is not None and not len(match[1]) % 4


class Sealer:
    """Seals and opens under one data key."""

    __slots__ = ("_decrypt", "_encrypt", "_pool", "_position")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a data key has {KEY_BYTES} bytes")
        cipher = AESGCM(key)
        self._encrypt = cipher.encrypt
        self._decrypt = cipher.decrypt
        self._pool = b""
        self._position = 0

    def seal(self, value: Scalar, aad: str) -> str:
        """Return the token of a value that is not empty."""
        return self.seal_bytes(to_bytes(value), type_word(value), aad)

    def seal_bytes(self, plaintext: bytes, word: str, aad: str) -> str:
        """Return the token of a byte form that is not empty, of type `word`, bound to `aad`."""
        position = self._position
        if position == len(self._pool):
            # One call of the system for a hundred IVs: it costs more than sealing a leaf does.
            self._pool = os.urandom(100 * IV_BYTES)
            position = 0
        self._position = position + IV_BYTES
        iv = self._pool[position : position + IV_BYTES]
        sealed = self._encrypt(iv, plaintext, aad.encode("utf-8", "surrogateescape"))
        data, tag = b2a_base64(sealed[:-16], newline=False), b2a_base64(sealed[-16:], newline=False)
        return (
            f"ENC[AES256_GCM,data:{data.decode()},iv:{b2a_base64(iv, newline=False).decode()},"
            f"tag:{tag.decode()},type:{word}]"
        )

    def open_bytes(self, token: str, aad: str) -> tuple[bytes, str]:
        """Return the byte form and the type word of a token.

        Stricter than SOPS's readers, in what they let pass and no writer makes: the whole text must match, base64 must
        be canonical, the IV has 32 bytes and the tag 16. Raises `TokenError`.
        """
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise TokenError("is damaged")
        data, iv, tag, word = match.groups()
        if len(data) % 4:
            raise TokenError("is damaged")
        try:
            return self._decrypt(
                a2b_base64(iv), a2b_base64(data) + a2b_base64(tag), aad.encode("utf-8", "surrogateescape")
            ), word
        except InvalidTag:
            raise TokenError("was changed or moved after it was encrypted") from None

    def open(self, token: str, aad: str) -> Scalar:
        """Return the value that a token holds; a comment's text as a string.

        Raises `TokenError`, also when the plaintext is not the one byte form of a value of the token's type: the type
        is not authenticated, and a mislabelled value must not pass for another.
        """
        data, word = self.open_bytes(token, aad)
        try:
            return from_bytes("str" if word in ("comment", "bytes") else word, data)
        except ValueError:
            raise TokenError("has a type that does not match its value") from None
