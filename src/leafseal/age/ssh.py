"""SSH keys, `ssh-ed25519 …` and `ssh-rsa …`, as recipients and identities of age files.

Unlike with age's own types, a stanza names the key it is for, by four bytes of a digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha512

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from leafseal.age import ssh_keys
from leafseal.age.errors import HeaderError, KeyTextError
from leafseal.age.header import Stanza, from_base64, to_base64
from leafseal.age.keys import Identity, Recipient, Wrapped
from leafseal.age.ssh_keys import ED25519, RSA, PrivateKey, PublicKey
from leafseal.age.wrapping import FILE_KEY_BYTES, derive_key, open_file_key, seal_file_key

_ED25519_INFO = b"age-encryption.org/v1/ssh-ed25519"
_RSA_PADDING = OAEP(MGF1(SHA256()), SHA256(), b"age-encryption.org/v1/ssh-rsa")
_SHARE_BYTES = 32


class RSARecipient:
    """A public RSA key of 2048 to 4096 bits."""

    __slots__ = ("_key", "_public")

    def __init__(self, public: PublicKey, key: RSAPublicKey) -> None:
        self._public = public
        self._key = key

    def wrap(self, file_key: bytes) -> Wrapped:
        """Return one stanza."""
        return Wrapped((Stanza(RSA, (self._public.fingerprint,), self._key.encrypt(file_key, _RSA_PADDING)),))


class RSAIdentity:
    """A private RSA key."""

    __slots__ = ("_key", "_public")

    def __init__(self, key: RSAPrivateKey) -> None:
        self._public = ssh_keys.public_of(key)
        self._key = key

    @property
    def recipient(self) -> str:
        """The line of the public key."""
        return str(self._public)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None when no stanza is for this identity. Raises `HeaderError`."""
        stanza = next(iter(stanzas_for(self._public, stanzas)), None)
        return None if stanza is None else self._open(stanza.body)

    def _open(self, body: bytes) -> bytes:
        try:
            file_key = self._key.decrypt(body, _RSA_PADDING)
        except ValueError:
            file_key = b""
        if len(file_key) != FILE_KEY_BYTES:
            raise HeaderError("an ssh-rsa stanza does not open with the key that it names")
        return file_key


class Ed25519Recipient:
    """A public Ed25519 key, used as the X25519 key that belongs to it."""

    __slots__ = ("_point", "_public")

    def __init__(self, public: PublicKey, key: Ed25519PublicKey) -> None:
        self._public = public
        self._point = to_montgomery(key.public_bytes_raw())

    def wrap(self, file_key: bytes) -> Wrapped:
        """Return one stanza, made with a key pair that is then forgotten. Raises `KeyTextError`."""
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        try:
            secret = _exchange(ephemeral, self._point, self._public)
        except ValueError:
            raise KeyTextError("is a recipient that anybody can read") from None
        key = derive_key(secret, share + self._point, _ED25519_INFO)
        args = (self._public.fingerprint, to_base64(share))
        return Wrapped((Stanza(ED25519, args, seal_file_key(key, file_key)),))


class Ed25519Identity:
    """A private Ed25519 key."""

    __slots__ = ("_key", "_point", "_public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._public = ssh_keys.public_of(key)
        self._key = X25519PrivateKey.from_private_bytes(sha512(key.private_bytes_raw()).digest()[:32])
        self._point = self._key.public_key().public_bytes_raw()

    @property
    def recipient(self) -> str:
        """The line of the public key."""
        return str(self._public)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None when no stanza is for this identity. Raises `HeaderError`."""
        stanza = next(iter(stanzas_for(self._public, stanzas)), None)
        return None if stanza is None else self._open(stanza)

    def _open(self, stanza: Stanza) -> bytes:
        share = from_base64(stanza.args[1], _SHARE_BYTES)
        try:
            secret = _exchange(self._key, share, self._public)
        except ValueError:
            raise HeaderError("an ssh-ed25519 stanza has a share that anybody can compute with") from None
        file_key = open_file_key(derive_key(secret, share + self._point, _ED25519_INFO), stanza.body)
        if file_key is None:
            raise HeaderError("an ssh-ed25519 stanza does not open with the key that it names")
        return file_key


def parse_recipient(text: str) -> Recipient:
    """Read `ssh-ed25519 …` or `ssh-rsa …`. Raises `KeyTextError`."""
    public = ssh_keys.read_public(text)
    if isinstance(public.key, RSAPublicKey):
        return RSARecipient(public, public.key)
    return Ed25519Recipient(public, public.key)


def identity_of(key: PrivateKey) -> Identity:
    """Return the identity that a private key is."""
    return RSAIdentity(key) if isinstance(key, RSAPrivateKey) else Ed25519Identity(key)


def stanzas_for(public: PublicKey, stanzas: Sequence[Stanza]) -> Sequence[Stanza]:
    """Return the stanzas that name a key. Raises `HeaderError` for one of its type that is malformed."""
    of_type = [stanza for stanza in stanzas if stanza.type == public.type]
    if any(len(stanza.args) != (1 if public.type == RSA else 2) for stanza in of_type):
        raise HeaderError(f"an {public.type} stanza has too few or too many arguments")
    return [stanza for stanza in of_type if stanza.args[0] == public.fingerprint]


def _exchange(key: X25519PrivateKey, point: bytes, public: PublicKey) -> bytes:
    """Return the shared secret, bound to the SSH key. Raises `ValueError` for a point of low order."""
    tweak = X25519PrivateKey.from_private_bytes(derive_key(b"", public.blob, _ED25519_INFO))
    shared = key.exchange(X25519PublicKey.from_public_bytes(point))
    return tweak.exchange(X25519PublicKey.from_public_bytes(shared))


_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


def to_montgomery(point: bytes) -> bytes:
    """Return the X25519 key that belongs to an Ed25519 key. Raises `KeyTextError` for what is not on the curve.

    Plain integers do: all of it is public.
    """
    y = (int.from_bytes(point, "little") & ((1 << 255) - 1)) % _P
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if pow(square, (_P - 1) // 2, _P) == _P - 1 or y == 1:
        raise KeyTextError("is an SSH key whose point is not on its curve")
    return ((1 + y) * pow(1 - y, -1, _P) % _P).to_bytes(32, "little")
