"""X25519, age's own type of key: `age1…` and `AGE-SECRET-KEY-1…`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leafseal.age import bech32
from leafseal.age.errors import HeaderError, KeyTextError
from leafseal.age.header import Stanza, from_base64, to_base64
from leafseal.age.keys import Wrapped
from leafseal.age.wrapping import derive_key, open_file_key, seal_file_key
from leafseal.crypto.primitives import generate_x25519, x25519_private, x25519_public
from leafseal.crypto.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_TYPE = "X25519"
_INFO = b"age-encryption.org/v1/X25519"
_RECIPIENT_PREFIX = "age"
_IDENTITY_PREFIX = "AGE-SECRET-KEY-"
_KEY_BYTES = 32


class X25519Recipient:
    """A public key."""

    __slots__ = ("_point",)

    def __init__(self, point: bytes) -> None:
        self._point = point

    def __str__(self) -> str:
        return bech32.encode(_RECIPIENT_PREFIX, self._point)

    def wrap(self, file_key: bytes) -> Wrapped:
        """Return one stanza, made with a key pair that is then forgotten. Raises `KeyTextError`."""
        ephemeral = generate_x25519()
        share = ephemeral.public_key().public_bytes_raw()
        try:
            secret = _exchange(ephemeral, self._point)
        except ValueError:
            raise KeyTextError("is a recipient that anybody can read") from None
        key = derive_key(secret, share + self._point, _INFO)
        return Wrapped((Stanza(_TYPE, (to_base64(share),), seal_file_key(key, file_key)),))


class X25519Identity:
    """A private key. Nothing of it is shown except by `to_text`."""

    __slots__ = ("_key", "_point", "_scalar")

    def __init__(self, scalar: bytes) -> None:
        self._scalar = Secret(scalar)
        self._key = x25519_private(scalar)
        self._point = self._key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> X25519Identity:
        """Return a new identity."""
        return cls(generate_x25519().private_bytes_raw())

    @property
    def recipient(self) -> X25519Recipient:
        """The public side."""
        return X25519Recipient(self._point)

    def to_text(self) -> str:
        """Return `AGE-SECRET-KEY-1…`: the secret itself."""
        return bech32.encode(_IDENTITY_PREFIX, self._scalar.reveal())

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None when no stanza is for this identity. Raises `HeaderError`."""
        for stanza in stanzas:
            if stanza.type == _TYPE and (file_key := self._open(stanza)) is not None:
                return file_key
        return None

    def _open(self, stanza: Stanza) -> bytes | None:
        if len(stanza.args) != 1:
            raise HeaderError("an X25519 stanza does not have one argument")
        share = from_base64(stanza.args[0], _KEY_BYTES)
        try:
            secret = _exchange(self._key, share)
        except ValueError:
            raise HeaderError("an X25519 stanza has a share that anybody can compute with") from None
        return open_file_key(derive_key(secret, share + self._point, _INFO), stanza.body)


def parse_recipient(text: str) -> X25519Recipient:
    """Read `age1…`. Raises `KeyTextError`."""
    return X25519Recipient(_decode(text, _RECIPIENT_PREFIX))


def parse_identity(text: str) -> X25519Identity:
    """Read `AGE-SECRET-KEY-1…`. Raises `KeyTextError`."""
    return X25519Identity(_decode(text, _IDENTITY_PREFIX))


def _decode(text: str, prefix: str) -> bytes:
    found, data = bech32.decode(text)
    if found != prefix:
        raise KeyTextError("has a prefix that is not that of an X25519 key")
    if len(data) != _KEY_BYTES:
        raise KeyTextError("has a wrong length")
    return data


def _exchange(key: X25519PrivateKey, point: bytes) -> bytes:
    # Raises ValueError where the result is all zero: a point of low order, whose secret everybody knows.
    return key.exchange(x25519_public(point))
