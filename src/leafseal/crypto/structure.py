"""The sealed digest of a file's structure, as the metadata hold it (docs/format.md, "Structure digest").

    1 9f86d081884c7d65 ENC[AES256_GCM,data:…,iv:…,tag:…,type:str]

That is the version, a fingerprint of the MAC's token, and a token, which has the first two in its name in a file. The
MAC's token and the digest are the token's AAD: it opens beside that MAC alone, and only where the file has that
structure. What it holds are marks of what people may change by hand.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from leafseal.crypto.token import Sealer, TokenError
from leafseal.document.frozen import NamedTuple

VERSION = "1"

MARK_BYTES = 3
MARKS = 4

_LONGEST = 4096  # characters; what is longer is not ours


class Block(NamedTuple):
    """What stands in the metadata, taken apart."""

    version: str
    fingerprint: str
    token: str


def read_block(text: str) -> Block:
    """Take a block apart. Raises `TokenError` where it is not of that form."""
    version, _, rest = text.partition(" ")
    name, _, token = rest.partition(" ")
    if not (version.isascii() and version.isdigit() and name and token) or len(text) > _LONGEST:
        raise TokenError("is damaged")
    return Block(version, name, token)


def fingerprint(mac_token: str) -> str:
    """Return what tells to which MAC a block belongs: beside another one it is a left-over."""
    return hashlib.sha256(mac_token.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def seal_block(digest: str, marks: Sequence[bytes], mac_token: str, sealer: Sealer) -> str:
    """Return the block for a file whose structure has this digest."""
    token = sealer.seal_bytes(b"".join(marks), "str", _aad(digest, mac_token))
    return f"{VERSION} {fingerprint(mac_token)} {token}"


def open_block(block: Block, digest: str, mac_token: str, sealer: Sealer) -> list[bytes]:
    """Return the marks of a block. Raises `TokenError` where the structure has another digest."""
    data, _ = sealer.open_bytes(block.token, _aad(digest, mac_token))
    if len(data) != MARKS * MARK_BYTES:
        raise TokenError("is damaged")
    return [data[start : start + MARK_BYTES] for start in range(0, len(data), MARK_BYTES)]


def _aad(digest: str, mac_token: str) -> str:
    # The AAD of a leaf ends with a colon and the MAC's is a time: neither token can stand in the other's place.
    return f"leafseal structure {VERSION} {mac_token} {digest}"


def mark(data_key: bytes, text: str) -> bytes:
    """Return a keyed fingerprint of a text: whoever lacks the data key can't look for another text that has it."""
    key = hmac.digest(data_key, f"leafseal structure {VERSION}".encode(), "sha256")
    return hmac.digest(key, text.encode("utf-8", "surrogateescape"), "sha256")[:MARK_BYTES]
