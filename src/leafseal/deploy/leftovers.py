"""What is still encrypted in a file that is deployed: a cluster would take ciphertext for the value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leafseal.document import Locator
from leafseal.document.paths import format_path
from leafseal.document.scalars import Scalar
from leafseal.document.tree import Comment, ListNode, MappingNode, Node
from leafseal.errors import LeafsealError

_TOKEN = re.compile(r"ENC\[AES256_GCM,data:[^,\]\s]*,iv:[^,\]\s]+,tag:[^,\]\s]+,type:[a-z]+\]")
_METADATA = {"mac", "lastmodified", "version"}
"""Names of which some are in every `sops` mapping, and together in hardly any other of that name."""


_MARK = b"ENC[AES256_GCM,"
_ESCAPE = rb"\\(?:x([0-9a-fA-F]{2})|u00([0-9a-fA-F]{2})|U000000([0-9a-fA-F]{2})|\r?\n[ \t]*)"


def spellings(text: bytes) -> tuple[bytes, ...]:
    """Return a text as it is, and where it has escapes of YAML or JSON, without those: `\\x73ops` is `sops`."""
    return (text, re.sub(_ESCAPE, _unescaped, text)) if b"\\" in text else (text,)


def _unescaped(match: re.Match[bytes]) -> bytes:
    digits = match[1] or match[2] or match[3]
    return bytes.fromhex(digits.decode()) if digits else b""


def has_tokens(data: bytes) -> bool:
    """Tell whether there may be encrypted values in a text, behind escapes too."""
    return any(_MARK in text for text in spellings(data))


def may_have_leftovers(data: bytes) -> bool:
    """Tell whether there may be encrypted values or metadata of SOPS in a text, behind escapes too."""
    return has_tokens(data) or any(b"sops" in text for text in spellings(data))


def refuse_leftovers(tree: Node) -> None:
    """Raise `LeafsealError` for the first value that is still encrypted, and for metadata of SOPS, in a document.

    A text that is a whole encrypted file by itself is none: a program in the cluster is to decrypt it.
    """
    for place, what in _leftovers(tree, ()):
        raise LeafsealError(f"{format_path(place) or 'the document'}: {what}")


def _leftovers(node: Node, place: Locator) -> Iterator[tuple[Locator, str]]:
    if isinstance(node, MappingNode):
        for item in node.items:
            if isinstance(item, Comment):
                continue
            key, value = item
            if key == "sops" and (not place or _is_metadata(value)):
                yield (*place, key), "metadata of an encrypted file is left"
            if _TOKEN.search(key):
                yield (*place, "ENC[…]"), "a key name is still encrypted"
            yield from _leftovers(value, (*place, key))
    elif isinstance(node, ListNode):
        for position, member in enumerate(one for one in node.items if not isinstance(one, Comment)):
            yield from _leftovers(member, (*place, position))
    elif _is_ciphertext(node):
        yield place, "the value is still encrypted (ENC[…])"


def _is_metadata(value: Node) -> bool:
    if not isinstance(value, MappingNode):
        return False
    names = {item[0] for item in value.items if not isinstance(item, Comment)}
    return len(names & _METADATA) > 1


def _is_ciphertext(value: Scalar | None) -> bool:
    if not isinstance(value, str | bytes):
        return False
    text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
    if _TOKEN.search(text) is None:
        return False
    from leafseal.formats.recognition import by_content  # hardly any value gets this far

    return by_content(text.encode("utf-8", "surrogateescape")) is None
