"""What people may change in a sealed file without its keys: `verify` tells of it, nothing refuses it.

Each part is written down as text, of which the structure digest keeps a keyed fingerprint (docs/format.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from leafseal.crypto.structure import mark
from leafseal.document import Document, Leaf
from leafseal.document.scalars import Empty, to_bytes, type_word
from leafseal.metadata import Metadata
from leafseal.operations.foreseen import Foreseen
from leafseal.operations.open import Opened
from leafseal.operations.structure import covers

PARTS = ("comments", "unencrypted values", "recipients", "rule")
"""What is told apart, in the order of the marks."""


def marks(document: Document | Foreseen, metadata: Metadata, data_key: bytes) -> list[bytes]:
    """Return a fingerprint of each part of a sealed document."""
    texts = (_comments(document), _clear(document, metadata), _recipients(metadata), _rule(metadata))
    return [mark(data_key, f"{part}\n{text}") for part, text in zip(PARTS, texts, strict=True)]


def changed(opened: Opened) -> list[str]:
    """Return the parts of an opened file that were changed since leafseal wrote it; nothing where that is not known."""
    if not opened.marks:
        return []
    now = marks(opened.document, opened.metadata, opened.data_key.reveal())
    return [part for part, is_, was in zip(PARTS, now, opened.marks, strict=True) if is_ != was]


def _comments(document: Document | Foreseen) -> str:
    # A comment of several lines, and in INI one at the end of its line, has the line ends that Git gave the file.
    texts = (
        (leaf.document, re.sub("\r(?=\n|$)", "", str(leaf.value))) for leaf in document.leaves() if leaf.is_comment
    )
    return "".join(f"{number} {_sized(text)}\n" for number, text in texts)


def _clear(document: Document | Foreseen, metadata: Metadata) -> str:
    """Return the values that nothing else covers; only files whose MAC covers sealed values alone have any."""
    selection = metadata.selection
    if not selection.mac_only_encrypted:
        return ""
    lines = [
        f"{leaf.document}{_steps(leaf.locator)} {_value(leaf)}\n"
        for leaf in document.leaves()
        if not (leaf.is_comment or covers(selection, leaf))
    ]
    lines += [f"{tag.document}{_steps(tag.locator)} {_sized(tag.text)}\n" for tag in document.tags()]
    return "".join(lines)


def _steps(locator: tuple[str | int, ...]) -> str:
    return "".join(f"/{_sized(step)}" if isinstance(step, str) else f"#{step}" for step in locator)


def _value(leaf: Leaf) -> str:
    value = leaf.value
    if value is None or isinstance(value, Empty):
        return "null" if value is None else value.value
    return f"{type_word(value)} {_sized(to_bytes(value).decode('utf-8', 'surrogateescape'))}"


def _recipients(metadata: Metadata) -> str:
    lines = sorted(
        f"{number} {wrapped.master_key.kind} {_field(wrapped.master_key.to_metadata())}\n"
        for number, group in enumerate(metadata.groups)
        for wrapped in group
    )
    return "".join([f"{metadata.threshold}\n", *lines])


def _rule(metadata: Metadata) -> str:
    return _field(metadata.selection.fields())


def _field(value: object) -> str:
    if isinstance(value, Mapping):
        return "".join(f"{_sized(str(name))}={_field(value[name])};" for name in sorted(value))
    return _sized(str(value))


def _sized(text: str) -> str:
    return f"{len(text)}:{text}"
