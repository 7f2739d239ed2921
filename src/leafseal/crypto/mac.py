"""The MAC of a whole file: which values it holds, in which order (sops-format §2)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from enum import Enum

from leafseal.crypto.token import Sealer, TokenError

# Hashed first where only sealed values count, so that the two kinds of MAC never coincide.
_MAC_ONLY_ENCRYPTED = bytes.fromhex("8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69")

NO_MAC = ""


class Verdict(Enum):
    """What comes of comparing the MAC of a file with its values."""

    VALID = "valid"
    MISSING = "missing"
    UNREADABLE = "unreadable"  # it or the time that it is bound to was changed, or it is of another file
    MISMATCH = "mismatch"
    STRUCTURE = "structure"  # it is valid, and the digest of the structure that goes with it does not hold


def digest(values: Iterable[bytes], *, mac_only_encrypted: bool) -> str:
    """Return the MAC's plaintext: the SHA-512 of the byte forms, as upper-case hexadecimal digits.

    `values` are the byte forms in file order: of every leaf, or of the sealed ones where `mac_only_encrypted` is set;
    never of a comment or a null.
    """
    start = _MAC_ONLY_ENCRYPTED if mac_only_encrypted else b""
    return hashlib.sha512(start + b"".join(values)).hexdigest().upper()


def verdict(
    token: str, lastmodified: str, values: Iterable[bytes], sealer: Sealer, *, mac_only_encrypted: bool
) -> Verdict:
    """Compare the MAC that a file has with its values."""
    if token == NO_MAC:
        return Verdict.MISSING
    try:
        stored, _ = sealer.open_bytes(token, lastmodified)
    except TokenError:
        return Verdict.UNREADABLE
    computed = digest(values, mac_only_encrypted=mac_only_encrypted)
    return Verdict.VALID if equal(stored.decode("ascii", "replace"), computed) else Verdict.MISMATCH


def equal(one: str, other: str) -> bool:
    """Tell whether two MACs are equal, and not, by the time that takes, where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
