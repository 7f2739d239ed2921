"""The age file format, version 1, on its own: nothing here knows of SOPS.

The types of keys are in modules of their own, imported when a key of the type is parsed: `leafseal.age.keys` has the
table. A passphrase is a `leafseal.age.scrypt.ScryptIdentity`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from leafseal.age import header, stream
from leafseal.age.armor import armor as _armor
from leafseal.age.armor import dearmor, is_armored
from leafseal.age.errors import (
    AgeError,
    ArmorError,
    HeaderError,
    HeaderMACError,
    KeyTextError,
    NoMatchError,
    PayloadError,
    PluginError,
    UnsupportedKeyError,
)
from leafseal.age.keys import Identity, Recipient, UnsupportedIdentity, parse_identity, parse_recipient
from leafseal.age.wrapping import FILE_KEY_BYTES

__all__ = [
    "AgeError",
    "ArmorError",
    "HeaderError",
    "HeaderMACError",
    "Identity",
    "KeyTextError",
    "NoMatchError",
    "PayloadError",
    "PluginError",
    "Recipient",
    "UnsupportedIdentity",
    "UnsupportedKeyError",
    "decrypt",
    "encrypt",
    "parse_identity",
    "parse_recipient",
]


def encrypt(plaintext: bytes, recipients: Sequence[Recipient], *, armor: bool = False) -> bytes:
    """Return an age file that each of `recipients` can read.

    Raises `AgeError` without recipients, and where some must not share a file: a passphrase stands alone, and a
    classic key beside a post-quantum one would undo what the latter is for.
    """
    if not recipients:
        raise AgeError("an age file needs a recipient")
    file_key = os.urandom(FILE_KEY_BYTES)
    wrapped = [recipient.wrap(file_key) for recipient in recipients]
    if len({each.labels for each in wrapped}) > 1:
        raise AgeError("these age recipients cannot share a file")
    stanzas = [stanza for each in wrapped for stanza in each.stanzas]
    head = header.write(stanzas, file_key)
    if len(head) > header.HEADER_LIMIT or len(stanzas) > header.STANZA_LIMIT:  # by a plugin, or a crowd of recipients
        raise AgeError(f"the age header would be longer than {header.HEADER_LIMIT // 1024} KiB")
    data = head + stream.seal(file_key, plaintext)
    return _armor(data) if armor else data


def decrypt(data: bytes, identities: Iterable[Identity], *, armored: bool | None = None) -> bytes:
    """Return the plaintext of an age file once all of it has been verified.

    `identities` are asked one after the other, and no further than the first that opens a stanza. `armored` says that
    the file must be, or must not be, in armor; without it the first bytes decide.

    Raises `ArmorError`, `HeaderError`, `NoMatchError`, `HeaderMACError` or `PayloadError`.
    """
    if armored or (armored is None and is_armored(data)):
        data = dearmor(data)
    head, payload = header.parse(data)
    file_key = _find_file_key(head.stanzas, identities)
    header.verify(head, file_key)
    return stream.unseal(file_key, payload)


def _find_file_key(stanzas: Sequence[header.Stanza], identities: Iterable[Identity]) -> bytes:
    # Whoever knows a passphrase can make such a file: it must not pass for one that the holder of a key made.
    if len(stanzas) > 1 and any(stanza.type == "scrypt" for stanza in stanzas):
        raise HeaderError("the age file has a passphrase beside other recipients")
    for identity in identities:
        file_key = identity.unwrap(stanzas)
        if file_key is not None:
            return file_key
    raise NoMatchError("none of your keys decrypts the age file")
