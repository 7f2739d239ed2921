"""A digest of a file's values for annotations: it changes when a value changes, and tells nothing of them.

    leafseal1-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

Its key is derived from the file's data key, so nobody without that can try out values. docs/format.md, "Digest of
values", has what is hashed, to the byte.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence

from leafseal.document.scalars import to_bytes, type_word
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.operations.open import Opened

VERSION = "1"


def digest(opened: Opened) -> str:
    """Return the digest of an opened file. Comments, layout and the order of key names do not count."""
    return digest_of(opened.documents(), opened.data_key.reveal())


def digest_of(documents: Sequence[MappingNode], data_key: bytes) -> str:
    """Return the digest of documents under a data key."""
    key = hmac.digest(data_key, f"leafseal digest {VERSION}".encode(), "sha256")
    canonical = b"".join(part for document in documents for part in _canonical(document))
    return f"leafseal{VERSION}-{hmac.digest(key, canonical, 'sha256').hex()}"


def _canonical(node: Node) -> Iterator[bytes]:
    """Yield the parts of the one form that a value has: a letter for its kind, then netstrings or more values."""
    if isinstance(node, MappingNode):
        members = [item for item in node.items if not isinstance(item, Comment)]
        yield b"m%d:" % len(members)
        for key, member in sorted(((_utf8(key), member) for key, member in members), key=lambda item: item[0]):
            yield _netstring(key)
            yield from _canonical(member)
    elif isinstance(node, ListNode):
        items = [item for item in node.items if not isinstance(item, Comment)]
        yield b"l%d:" % len(items)
        for item in items:
            yield from _canonical(item)
    elif node is None:
        yield b"n"
    else:
        yield type_word(node)[:1].encode() + _netstring(_utf8(node) if isinstance(node, str) else to_bytes(node))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _netstring(data: bytes) -> bytes:
    return b"%d:%b," % (len(data), data)
