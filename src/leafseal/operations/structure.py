"""The structure of a sealed file: what a program gets from it beside the values (docs/format.md, "Structure digest").

The MAC covers the bytes of values in their order and nothing else. Here everything else is written down that decides
what comes out: names, places, types, tags, empty values, borders between clear values and between documents. A digest
of that text is bound to the MAC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal

from leafseal.crypto.structure import VERSION, fingerprint, open_block, read_block
from leafseal.crypto.token import PREFIX, Sealer, TokenError
from leafseal.document import Document, Leaf, Locator, Tag
from leafseal.document.scalars import Empty, to_bytes, type_word
from leafseal.document.tree import AGAIN
from leafseal.errors import StructureMismatchError
from leafseal.metadata import Metadata
from leafseal.rules.selection import Selection

_PIECE = 10_000  # entries that are hashed at once


Coverage = Literal["covered", "missing", "later", "skipped"]
"""Whether the structure was checked. `missing`: another tool wrote the file, or the digest was cut out; `later`: it is
of a version that this program does not know; `skipped`: the MAC was ignored on purpose, and the digest with it."""


def digest(document: Document, selection: Selection, without: Collection[int] = ()) -> str:
    """Return the digest of a sealed document's structure, as hexadecimal digits.

    `without` holds the `id` of leaves that are not to count.
    """
    hashed = hashlib.sha256(f"leafseal structure {VERSION}\n".encode())
    entries: list[str] = []
    for entry in _entries(document, selection, without):
        entries.append(entry)
        if len(entries) == _PIECE:
            hashed.update("".join(entries).encode("utf-8", "surrogateescape"))
            entries.clear()
    if not selection.mac_only_encrypted:
        entries.append(f"documents {document.document_count}\n")
    hashed.update("".join(entries).encode("utf-8", "surrogateescape"))
    return hashed.hexdigest()


def covers(selection: Selection, leaf: Leaf) -> bool:
    """Tell whether the digest covers a leaf: all but comments, or those alone that the rule seals."""
    return not leaf.is_comment and bool(leaf.locator) and (not selection.mac_only_encrypted or selection.selects(leaf))


def _entries(document: Document, selection: Selection, without: Collection[int]) -> Iterator[str]:
    only_sealed, selects = selection.mac_only_encrypted, selection.selects
    tags = _Tags(document.tags(), only_sealed=only_sealed)
    number = seen = -1  # the document in the file, and among those that count
    places = _Places()
    for leaf in document.leaves():
        locator: Any = leaf[1]
        if leaf[8] or not locator or (only_sealed and not selects(leaf)) or (without and id(leaf) in without):
            continue
        value: Any = leaf[6]
        is_text = value.__class__ is str
        if is_text and value.startswith(PREFIX) and (word := value[value.rfind(":") + 1 : -1]) in _WORDS:
            if word == "comment":
                continue  # an element that SOPS made of one
            said = f" sealed {word} {len(value)}\n"
        elif value is None or value.__class__ is Empty or value == "":
            said = f" {_EMPTY[value] if leaf[5] != AGAIN else AGAIN}\n"
        else:
            data = value.encode("utf-8", "surrogateescape") if is_text else to_bytes(value)
            said = f" clear {'str' if is_text else type_word(value)} {len(data)}\n"
        if leaf[0] != number:
            yield from tags.before(leaf[0], number, seen, places)
            number, places = leaf[0], _Places()
            seen = seen + 1 if only_sealed else number
        place = places.of_leaf(locator)
        if tags.left:
            places.remember(locator, place)
        yield f"{seen}{place}{said}"
    yield from tags.before(document.document_count, number, seen, places)


_WORDS = frozenset({"str", "int", "float", "bool", "time", "comment", "bytes"})

_EMPTY = {None: "null", "": "empty", Empty.MAPPING: "mapping", Empty.LIST: "list"}


class _Places:
    """Where the leaves of one document stand, as text: names with their lengths, positions among what counts."""

    __slots__ = ("_counts", "_found")

    def __init__(self) -> None:
        self._found: dict[Locator, str] = {(): ""}
        self._counts: dict[Locator, int] = {}

    def of_leaf(self, locator: Locator) -> str:
        above, last = locator[:-1], locator[-1]
        text = self._found.get(above)
        if text is None:
            text = self._of_container(above)
        return text + self._step(above, last)

    def _of_container(self, locator: Locator) -> str:
        depth = len(locator)
        while locator[:depth] not in self._found:
            depth -= 1
        text = self._found[locator[:depth]]
        for length in range(depth, len(locator)):
            text += self._step(locator[:length], locator[length])
            self._found[locator[: length + 1]] = text
        return text

    def _step(self, above: Locator, last: str | int) -> str:
        if last.__class__ is str:
            return f"/{len(last)}:{last}"
        position = self._counts.get(above, 0)
        self._counts[above] = position + 1
        return f"#{position}"

    def remember(self, locator: Locator, text: str) -> None:
        self._found[locator] = text

    def get(self, locator: Locator) -> str | None:
        return self._found.get(locator)


class _Tags:
    """The tags of a file, told document by document, where they are on something that counts or around it."""

    __slots__ = ("_only_sealed", "left")

    def __init__(self, tags: Sequence[Tag], *, only_sealed: bool) -> None:
        self.left = list(reversed(tags))
        self._only_sealed = only_sealed

    def before(self, document: int, number: int, seen: int, places: _Places) -> Iterator[str]:
        """Yield the entries of tags in documents before `document`; `places` are those of the document `number`."""
        while self.left and self.left[-1].document < document:
            tag = self.left.pop()
            said = f"{'key' if tag.is_key else 'tag'} {len(tag.text)}:{tag.text}\n"
            if tag.document == number and (place := places.get(tag.locator)) is not None:
                yield f"{seen}{place} {said}"
            elif not (self._only_sealed or tag.locator):
                yield f"{tag.document} {said}"  # on the root of a document that is empty


def claimed(metadata: Metadata) -> Coverage:
    """Return what a file says of its structure, without a key: whether the digest holds is not known."""
    try:
        block = read_block(metadata.structure)
    except TokenError:
        return "missing"
    if block.version != VERSION:
        return "later"
    return "covered" if block.fingerprint == fingerprint(metadata.mac) else "missing"


def told_of(coverage: Coverage) -> list[str]:
    """Return what is said of a file whose structure nothing covers; nothing for others."""
    return [f"structure not covered: {_WHY[coverage]}"] if coverage in _WHY else []


_WHY: dict[str, str] = {
    "missing": "last written by another tool",
    "later": "its digest was written by a later version of leafseal",
}


def check(
    document: Document, metadata: Metadata, sealer: Sealer, without: Sequence[Collection[int]] = ((),)
) -> tuple[Coverage, Sequence[bytes]]:
    """Return whether the structure of a sealed document holds, and the marks of what people may change by hand.

    `without` has the `id` of leaves that need not count: what is tried, in order. Raises `StructureMismatchError`.
    """
    if not metadata.structure:
        return "missing", ()
    try:
        block = read_block(metadata.structure)
    except TokenError:
        raise damaged_error() from None
    if block.version != VERSION:
        return "later", ()
    if block.fingerprint != fingerprint(metadata.mac):
        return "missing", ()
    for left_out in without:
        try:
            return "covered", open_block(block, digest(document, metadata.selection, left_out), metadata.mac, sealer)
        except TokenError:
            pass
    raise damaged_error()


def damaged_error() -> StructureMismatchError:
    """Return the error for a file whose values verify, and not what they mean."""
    return StructureMismatchError(
        "changed by hand after it was encrypted: a name, a place, a type, a tag or an empty value",
        hint=StructureMismatchError.HINT,
    )


def missing_error(coverage: Coverage) -> StructureMismatchError:
    """Return the error for a file whose structure must be covered, and is not."""
    hint = "update leafseal" if coverage == "later" else _COVER_HINT
    return StructureMismatchError(f"structure not covered: {_WHY[coverage]}", hint=hint)


_COVER_HINT = 'check it with "git log -p"; then "leafseal rotate -i FILE" covers it'
