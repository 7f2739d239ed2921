"""Passphrases: the type of age file that protects an identity file."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from leafseal.age.errors import AgeError, HeaderError
from leafseal.age.header import Stanza, from_base64, to_base64
from leafseal.age.keys import Wrapped
from leafseal.age.wrapping import open_file_key, seal_file_key
from leafseal.crypto.secret import Secret

TYPE = "scrypt"
_LABEL = b"age-encryption.org/v1/scrypt"
_SALT_BYTES = 16
_WORK_FACTOR = re.compile(r"[1-9][0-9]?")

DEFAULT_WORK_FACTOR = 18
"""As other age tools write: a second or so, and 256 MiB."""

WORK_FACTOR_LIMIT = 20
"""The largest that is accepted from a file: 1 GiB."""


class ScryptRecipient:
    """A passphrase to encrypt with; it must be the only recipient of its file."""

    __slots__ = ("_passphrase", "_work_factor")

    def __init__(self, passphrase: str, work_factor: int = DEFAULT_WORK_FACTOR) -> None:
        self._passphrase = Secret(passphrase.encode("utf-8", "surrogateescape"))
        self._work_factor = work_factor

    def wrap(self, file_key: bytes) -> Wrapped:
        """Return the one stanza of a file with a passphrase, under a label that nothing else has."""
        salt = os.urandom(_SALT_BYTES)
        key = _derive(self._passphrase, salt, self._work_factor)
        stanza = Stanza(TYPE, (to_base64(salt), str(self._work_factor)), seal_file_key(key, file_key))
        return Wrapped((stanza,), frozenset([os.urandom(16).hex()]))


class ScryptIdentity:
    """A passphrase to decrypt with. A file that asks for more work than 2 to the `limit` is refused."""

    __slots__ = ("_limit", "_passphrase")

    def __init__(self, passphrase: str, limit: int = WORK_FACTOR_LIMIT) -> None:
        self._passphrase = Secret(passphrase.encode("utf-8", "surrogateescape"))
        self._limit = limit

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Return the file key, None when the passphrase is wrong or there is no scrypt stanza. Raises `HeaderError`."""
        stanza = next((stanza for stanza in stanzas if stanza.type == TYPE), None)
        if stanza is None:
            return None
        if len(stanza.args) != 2 or not _WORK_FACTOR.fullmatch(stanza.args[1]):
            raise HeaderError("a scrypt stanza does not have a salt and a work factor")
        salt, work_factor = from_base64(stanza.args[0], _SALT_BYTES), int(stanza.args[1])
        if work_factor > self._limit:
            raise HeaderError(f"a scrypt stanza asks for work factor {work_factor}, more than {self._limit}")
        return open_file_key(_derive(self._passphrase, salt, work_factor), stanza.body)


def _derive(passphrase: Secret, salt: bytes, work_factor: int) -> bytes:
    try:
        return Scrypt(salt=_LABEL + salt, length=32, n=1 << work_factor, r=8, p=1).derive(passphrase.reveal())
    except MemoryError:
        raise AgeError(f"scrypt with work factor {work_factor} needs more memory than there is") from None
