"""The structure of a sealed file: what a program gets from it beside the values (docs/format.md, "Structure digest").

The MAC covers the bytes of values in their order and nothing else. Here everything else is written down that decides
what comes out: names, places, types, tags, empty values, borders between clear values and between documents. A digest
of that text is bound to the MAC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from leafseal.crypto.structure import VERSION, fingerprint, open_block, read_block
from leafseal.crypto.token import Sealer, TokenError
from leafseal.document import Document, Leaf, Locator, Tag
from leafseal.document.scalars import Empty, to_bytes, type_word
from leafseal.document.tree import AGAIN
from leafseal.errors import StructureMismatchError
from leafseal.formats import ANY_BYTES
from leafseal.metadata import Metadata
from leafseal.rules.selection import Selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from leafseal.operations.foreseen import Foreseen

    Coverage = Literal["covered", "missing", "later", "skipped"]
    """Whether the structure was checked. `missing`: another tool wrote the file, or the digest was cut out; `later`: it
    is of a version that this program does not know; `skipped`: the MAC was ignored on purpose, and the digest too."""


def digest(
    document: Document | Foreseen, selection: Selection, memory: Mapping[str, object], without: Collection[int] = ()
) -> str:
    """Return the digest of a sealed document's structure, as hexadecimal digits.

    `memory` is that of the metadata, `without` holds the `id` of leaves that are not to count.
    """
    hashed = hashlib.sha256(f"leafseal structure {VERSION}\n".encode())
    for text in chain(_text_of(document, selection, without), _text_of_memory(memory)):
        hashed.update(text.encode("utf-8", "surrogateescape"))
    return hashed.hexdigest()


def covers(selection: Selection, leaf: Leaf) -> bool:
    """Tell whether the digest covers a leaf: all but comments, or those alone that the rule seals."""
    return not leaf.is_comment and bool(leaf.locator) and (not selection.mac_only_encrypted or selection.selects(leaf))


def _text_of(document: Document | Foreseen, selection: Selection, without: Collection[int]) -> Iterator[str]:
    """Yield the text that is digested, in pieces."""
    only_sealed, selects = selection.mac_only_encrypted, selection.selects
    leaves = document.leaves()
    if only_sealed or without:
        leaves = [leaf for leaf in leaves if not (only_sealed and not selects(leaf)) and id(leaf) not in without]
    tags = _Tags(document.tags(), only_sealed=only_sealed)
    number = seen = -1  # the document in the file, and among those that count
    places, sizes, steps = _Places("0"), {end: _Sizes(kind) for end, kind in _SEALED.items()}, _Steps()
    siblings, around = None, ""  # where the leaf before stood: most have some
    for start in range(0, len(leaves), _PIECE):
        entries: list[str] = []
        append = entries.append
        # Every decryption waits for this. Most of most files are tokens under names.
        for in_document, locator, style, value, is_comment in map(_PARTS, leaves[start : start + _PIECE]):
            if is_comment or not locator:
                continue
            if in_document != number:
                entries.extend(tags.before(in_document, number, places))
                number = in_document
                seen = seen + 1 if only_sealed else number
                places, siblings = _Places(str(seen)), None
            above, last = locator[:-1], locator[-1]
            of_type = sizes.get(value[-10:]) if value.__class__ is str else None
            if last.__class__ is int and of_type is not None and value.endswith(_END_OF_COMMENT):
                continue  # an element that SOPS made of a comment
            if above != siblings:
                siblings, around = above, places[above]
            said = _of_other(value, style) if of_type is None else of_type[len(value)]
            if last.__class__ is str:
                append(f"{around}{steps[len(last)]}{last}{said}")
            else:
                append(f"{around}{places.next_in(above)}{said}")
            if tags.left:
                places[locator] = entries[-1].removesuffix(said)
        yield "".join(entries)
    yield "".join(tags.before(document.document_count, number, places))
    if not only_sealed:
        yield f"documents {document.document_count}\n"


def _text_of_memory(memory: Mapping[str, object]) -> Iterator[str]:
    """Yield what is remembered of spellings, tags and layout: without it a program may get something else."""
    waiting: list[tuple[str, object]] = [("memory", memory)]
    while waiting:  # no recursion: whoever changed the file may have nested it deeply
        place, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += ((f"{place}/{len(name)}:{name}", value[name]) for name in sorted(value, reverse=True))
        elif isinstance(value, list):
            waiting += ((f"{place}#{position}", value[position]) for position in reversed(range(len(value))))
        else:
            yield f"{place} {len(str(value))}:{value}\n"


class _Sizes(dict[int, str]):
    """What is said of tokens of one type, by their length. Most of a file have one of a few."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __missing__(self, size: int) -> str:
        said = self[size] = f"{self.kind}{size}\n"
        return said


class _Steps(dict[int, str]):
    """How the step to a name begins, by its length."""

    def __missing__(self, length: int) -> str:
        step = self[length] = f"/{length}:"
        return step


def _of_other(value: Any, style: str) -> str:
    """Return what is said of a leaf that is no token."""
    if value is None or isinstance(value, Empty) or value == "":
        return f" {_EMPTY[value] if style != AGAIN else AGAIN}\n"
    if isinstance(value, str):
        return f" clear str {len(value.encode('utf-8', 'surrogateescape'))}\n"
    return f" clear {type_word(value)} {len(to_bytes(value))}\n"


_PARTS = itemgetter(0, 1, 5, 6, 8)

_PIECE = 256
"""Leaves whose text is made at once."""

_WORDS = ("str", "int", "float", "bool", "time", "bytes", "comment")
_SEALED = {f",type:{word}]"[-10:]: f" sealed {word} " for word in _WORDS}
"""What is said of a token, by its last ten characters."""

_END_OF_COMMENT = ",type:comment]"

_EMPTY = {None: "null", "": "empty", Empty.MAPPING: "mapping", Empty.LIST: "list"}


class _Places(dict[Locator, str]):
    """Where mappings and lists of one document stand, as text: names with their lengths, positions among what counts.

    The steps of a list are counted as they are met, so places are asked for in the order of the file.
    """

    def __init__(self, document: str) -> None:
        super().__init__({(): document})
        self._counts: dict[Locator, int] = {}

    def __missing__(self, locator: Locator) -> str:
        depth = len(locator) - 1
        while locator[:depth] not in self:
            depth -= 1
        place = self[locator[:depth]]
        for length in range(depth, len(locator)):  # no recursion: files may be nested deeply
            above, last = locator[:length], locator[length]
            place += f"/{len(last)}:{last}" if isinstance(last, str) else self.next_in(above)
            self[locator[: length + 1]] = place
        return place

    def next_in(self, above: Locator) -> str:
        """Return the position of one more element of a list."""
        position = self._counts.get(above, 0)
        self._counts[above] = position + 1
        return f"#{position}"


class _Tags:
    """The tags of a file, told document by document, where they are on something that counts or around it."""

    __slots__ = ("_only_sealed", "left")

    def __init__(self, tags: Sequence[Tag], *, only_sealed: bool) -> None:
        self.left = list(reversed(tags))
        self._only_sealed = only_sealed

    def before(self, document: int, number: int, places: _Places) -> Iterator[str]:
        """Yield the entries of tags in documents before `document`; `places` are those of the document `number`."""
        while self.left and self.left[-1].document < document:
            tag = self.left.pop()
            said = f"{'key' if tag.is_key else 'tag'} {len(tag.text)}:{tag.text}\n"
            if tag.document == number and (place := places.get(tag.locator)) is not None:
                yield f"{place} {said}"
            elif not (self._only_sealed or tag.locator):
                yield f"{tag.document} {said}"  # on the root of a document that is empty


def is_one_value(document: Document) -> bool:
    """Tell whether a file holds one value and nothing else, as binary files do: the MAC leaves nothing of it out."""
    return document.format == ANY_BYTES and [leaf.locator for leaf in document.leaves()] == [("data",)]


def claimed(document: Document, metadata: Metadata) -> Coverage:
    """Return what a file says of its structure, without a key: whether the digest holds is not known."""
    if is_one_value(document):
        return "covered"
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
            found = digest(document, metadata.selection, metadata.memory, left_out)
            return "covered", open_block(block, found, metadata.mac, sealer)
        except TokenError:
            pass
    raise damaged_error()


def damaged_error() -> StructureMismatchError:
    """Return the error for a file whose values verify, and not what they mean."""
    return StructureMismatchError(
        "changed by hand after it was encrypted: a name, a place, a type, a tag, an empty value or sops.leafseal",
        hint=StructureMismatchError.HINT,
    )


def missing_error(coverage: Coverage) -> StructureMismatchError:
    """Return the error for a file whose structure must be covered, and is not."""
    hint = "update leafseal" if coverage == "later" else _COVER_HINT
    return StructureMismatchError(f"structure not covered: {_WHY[coverage]}", hint=hint)


_COVER_HINT = 'check it with "git log -p"; then "leafseal rotate -i FILE" covers it'
