"""What shows in the bytes of any file: private keys, markers of a conflict, pointers of Git LFS, other encryption."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

from leafseal.age import header
from leafseal.age.armor import dearmor, is_armored
from leafseal.age.bech32 import decode
from leafseal.age.errors import AgeError, KeyTextError

_AGE = re.compile(rb"AGE-SECRET-KEY-(?:PQ-)?1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{50,120}")
_MOST_TRIES = 1_000
"""Of what looks like a key, in one file: whoever writes more than that wants to keep us busy, and it is found."""

_MOST_KEYS = 100  # in one file; it is wrong with one
_PEM = re.compile(rb"-----BEGIN ((?:[A-Z0-9]{1,20} ){0,3})PRIVATE KEY( BLOCK)?-----")
_BODY = 600  # bytes after the first line of a key, in which its text begins
_MIXED = re.compile(rb"[A-Za-z0-9+/=]{40}")
_PROTECTED_SSH = b"b3BlbnNzaC1rZXktdjEAAAAA"  # openssh-key-v1, and the length of the name of a cipher
_OPEN_SSH = b"b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"  # none

_MARKERS = re.compile(rb"(?m)^<{7,200}(?:[ \t][^\n]{0,2000})?\r?$")
_ENDS = re.compile(rb"(?m)^>{7,200}(?:[ \t][^\n]{0,2000})?\r?$")

_LFS = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]{1,200}\n){0,10}oid [^\n]{1,200}\nsize [0-9]{1,20}\n?"
)

_AGE_FILE = b"age-encryption.org/v1\n"
_OTHERS = {
    b"-----BEGIN PGP MESSAGE-----": re.compile(
        rb"(?:-----BEGIN PGP MESSAGE-----[ \t]*+\r?\n(?:(?:Version|Comment|MessageID|Hash|Charset): [^\n]*+\n)*+"
        rb"(?:[A-Za-z0-9+/=]*+[ \t]*+\r?\n)++-----END PGP MESSAGE-----\s*+)++"
    ),
    b"$ANSIBLE_VAULT;": re.compile(rb"\$ANSIBLE_VAULT;[^\n]{1,200}+\n[0-9a-f\s]++"),
    b"\0GITCRYPT\0": re.compile(rb"(?s).++"),
}
"""How files begin that other programs encrypted, and what such a file is as a whole, where that shows."""

# A message of OpenPGP without armor begins with whoever has its key, or with a passphrase's parameters; no UTF-8 does.
_BINARY_PGP = re.compile(rb"(?s)(?:\x84.|\x85..|\xc1(?:[\0-\xbf]|[\xc0-\xdf].))[\3\6]|(?:\x8c.|\xc3[\0-\x7f])[\4-\6]")


def private_keys(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield the offset of each private key that needs no passphrase, and what it is; the first hundred of many.

    A placeholder is none: an age identity has a checksum, and a key in PEM its text.
    """
    return islice(chain(_identities(data), _pem_keys(data)), _MOST_KEYS)


def _identities(data: bytes) -> Iterator[tuple[int, str]]:
    if b"AGE-SECRET-KEY-" not in data:
        return
    for number, match in enumerate(_AGE.finditer(data)):
        if number >= _MOST_TRIES:
            yield match.start(), f"one of more than {_MOST_TRIES} that look like age identities"
            return
        if _is_identity(match[0].decode()):
            yield match.start(), "an age identity"


def _pem_keys(data: bytes) -> Iterator[tuple[int, str]]:
    if b"PRIVATE KEY" not in data:
        return
    for number, match in enumerate(_PEM.finditer(data)):
        if number >= _MOST_TRIES:
            yield match.start(), f"one of more than {_MOST_TRIES} that look like private keys"
            return
        if _is_open(match[1], data[match.end() : match.end() + _BODY]):
            yield match.start(), _named(match[1], bool(match[2]))


def _is_identity(text: str) -> bool:
    try:
        decode(text)
    except KeyTextError:
        return False
    return True


def _is_open(kind: bytes, body: bytes) -> bool:
    """Tell whether the text of a key follows, and is not protected by a passphrase."""
    text = body.partition(b"-----END")[0]
    if b"ENCRYPTED" in kind or b"ENCRYPTED" in text:
        return False
    joined = re.sub(rb"\\[nr]|[\s\"'+,\\]", b"", text)
    if _PROTECTED_SSH in joined:
        return _OPEN_SSH in joined
    return _MIXED.search(joined) is not None


def _named(kind: bytes, is_block: bool) -> str:
    words = kind.decode().strip()
    return "a PGP private key" if is_block else f"a private key ({words})" if words else "a private key"


def conflict_markers(data: bytes) -> int | None:
    """Return the offset of the first marker of a conflict that somebody left in a text; None where there is none."""
    if b"<<<<<<<" not in data or _ENDS.search(data) is None:
        return None
    found = _MARKERS.search(data)
    return None if found is None else found.start()


def is_lfs_pointer(data: bytes) -> bool:
    """Tell whether a file only says where Git LFS has its contents."""
    return _LFS.fullmatch(data) is not None


def begins_encrypted(data: bytes) -> bool:
    """Tell whether a file begins as one that age, PGP, Ansible Vault or git-crypt encrypted."""
    return is_armored(data) or data.startswith((_AGE_FILE, *_OTHERS)) or _BINARY_PGP.match(data) is not None


def is_encrypted_otherwise(data: bytes) -> bool:
    """Tell whether a file is encrypted by age, PGP, Ansible Vault or git-crypt.

    With armor all of it must be, and with a header that must be whole: what was added to a binary file shows nowhere.
    """
    if data.startswith(_AGE_FILE) or is_armored(data):
        return _is_age(data)
    whole = next((pattern for start, pattern in _OTHERS.items() if data.startswith(start)), None)
    return begins_encrypted(data) if whole is None else whole.fullmatch(data) is not None


def _is_age(data: bytes) -> bool:
    try:
        header.parse(dearmor(data) if is_armored(data) else data)
    except AgeError:
        return False
    return True


def line_at(data: bytes, offset: int) -> int:
    """Return the line of an offset, counted from 1."""
    return data.count(b"\n", 0, offset) + 1
