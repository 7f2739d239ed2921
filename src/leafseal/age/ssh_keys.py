"""SSH keys as OpenSSH writes them: the line of a public key, and files of private ones.

Of an OpenSSH file the public half can be read without the passphrase, so that nobody is asked for one in vain.
"""

from __future__ import annotations

import hashlib
import re
from binascii import a2b_base64, b2a_base64
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from leafseal.age.errors import KeyTextError, PassphraseError, UnsupportedKeyError
from leafseal.age.header import to_base64

ED25519 = "ssh-ed25519"
RSA = "ssh-rsa"

PrivateKey = Ed25519PrivateKey | RSAPrivateKey

_LEAST_BITS, _MOST_BITS = 2048, 4096
_EXPONENT_BITS = 32
_LONGEST_LINE = 8192
_CONTAINER = re.compile(rb"-----BEGIN OPENSSH PRIVATE KEY-----\s(.+?)-----END OPENSSH PRIVATE KEY-----", re.DOTALL)
_MAGIC = b"openssh-key-v1\0"


class PublicKey(NamedTuple):
    """A public key and what OpenSSH calls its blob."""

    type: str
    blob: bytes
    key: Ed25519PublicKey | RSAPublicKey

    @property
    def fingerprint(self) -> str:
        """What stanzas name the key by."""
        return to_base64(hashlib.sha256(self.blob).digest()[:4])

    def __str__(self) -> str:
        """Return the line of the key, without a comment."""
        return f"{self.type} {b2a_base64(self.blob, newline=False).decode('ascii')}"


def read_public(line: str) -> PublicKey:
    """Read a line as it stands in `authorized_keys`, without options. Raises `KeyTextError`."""
    kind = line.partition(" ")[0].partition("\t")[0]
    if kind not in (ED25519, RSA):
        raise KeyTextError("is an SSH key of a type that is neither ssh-ed25519 nor ssh-rsa")
    if len(line) > _LONGEST_LINE:
        raise KeyTextError("is longer than any SSH key")
    try:
        key = load_ssh_public_key(line.encode("utf-8", "replace"))
    except (ValueError, UnsupportedAlgorithm):
        raise KeyTextError("is an SSH key that is damaged or cut short") from None
    return _public(key)


def read_private(data: bytes, passphrase: bytes | None = None) -> PrivateKey:
    """Read a file of a private key.

    Raises `PassphraseError` where a passphrase is needed, or another one, `UnsupportedKeyError` where a library is
    missing to use it, and `KeyTextError`.
    """
    load = load_ssh_private_key if _CONTAINER.search(data) else load_pem_private_key
    try:
        key = load(data, passphrase)
    except TypeError:  # how `cryptography` says that it wants a passphrase
        raise PassphraseError("is protected by a passphrase") from None
    except UnsupportedAlgorithm:
        if passphrase is None:
            raise KeyTextError("is an SSH key of a kind that is not supported") from None
        raise UnsupportedKeyError(
            "cannot be decrypted without the library bcrypt", hint="pip install 'leafseal[ssh]'"
        ) from None
    except ValueError:
        if passphrase is not None:
            raise PassphraseError("does not open with this passphrase") from None
        raise KeyTextError("is not a private SSH key, or a damaged one") from None
    if not isinstance(key, Ed25519PrivateKey | RSAPrivateKey):
        raise KeyTextError("is an SSH key of a type that is neither ssh-ed25519 nor ssh-rsa")
    public_of(key)
    return key


def public_of(key: PrivateKey) -> PublicKey:
    """Return the public half. Raises `KeyTextError` for a key that is too short or too long."""
    return _public(key.public_key())


def clear_half(data: bytes) -> PublicKey | None:
    """Return the public half of an encrypted private key, None where the file does not tell. Raises `KeyTextError`."""
    match = _CONTAINER.search(data)
    if match is None:
        return None
    try:
        content = a2b_base64(match[1])
        if not content.startswith(_MAGIC):
            raise ValueError
        rest = content[len(_MAGIC) :]
        for _ in ("cipher", "key derivation", "its options"):
            rest = _field(rest)[1]
        if int.from_bytes(rest[:4], "big") != 1:
            raise ValueError
        blob, _ = _field(rest[4:])
        kind, _ = _field(blob)
    except ValueError:
        raise KeyTextError("is a private SSH key that is damaged") from None
    return read_public(f"{kind.decode('ascii', 'replace')} {b2a_base64(blob, newline=False).decode('ascii')}")


def _field(data: bytes) -> tuple[bytes, bytes]:
    """Split a length-prefixed string off. Raises `ValueError`."""
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise ValueError
    return data[4 : 4 + size], data[4 + size :]


def _public(key: object) -> PublicKey:
    if isinstance(key, RSAPublicKey):
        _check_size(key)
        kind = RSA
    elif isinstance(key, Ed25519PublicKey):
        kind = ED25519
    else:
        raise KeyTextError("is an SSH key of a type that is neither ssh-ed25519 nor ssh-rsa")
    # Written anew and not as it was read: an integer with zeros before it would have another fingerprint.
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return PublicKey(kind, a2b_base64(line.split()[1]), key)


def _check_size(key: RSAPublicKey) -> None:
    if not _LEAST_BITS <= key.key_size <= _MOST_BITS:
        raise KeyTextError(f"is an RSA key of {key.key_size} bits: from {_LEAST_BITS} to {_MOST_BITS} can be used")
    if key.public_numbers().e.bit_length() > _EXPONENT_BITS:
        raise KeyTextError("is an RSA key with an exponent out of proportion")
