"""Tokens taken apart by other code than the product's, to compare with."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import NamedTuple


class Token(NamedTuple):
    """The four parts of an `ENC[…]` text, decoded."""

    data: bytes
    iv: bytes
    tag: bytes
    type: str

    def spelled(self) -> str:
        """Return the one text that a writer makes of the parts."""
        data, iv, tag = (b64encode(part).decode() for part in self[:3])
        return f"ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:{self.type}]"


def take_apart(text: str) -> Token:
    """Return the parts of a token, however its base64 is spelled."""
    match = re.fullmatch(r"ENC\[AES256_GCM,data:([^,]*),iv:([^,]*),tag:([^,]*),type:([^,]*)\]", text)
    assert match is not None, "not a token"
    data, iv, tag, word = match.groups()
    return Token(b64decode(data), b64decode(iv), b64decode(tag), word)
