"""Sealing without a cipher, for the laws that formats keep whatever a token holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from leafseal.document import Document, Leaf
from leafseal.document.scalars import Empty, Scalar
from leafseal.formats import parse

METADATA = {
    "age": [{"enc": "-----BEGIN AGE-----\nYWdl\n-----END AGE-----\n", "recipient": "age1xyz"}],
    "encrypted_regex": "^(a|b#<c>)$",
    "lastmodified": "2026-01-02T03:04:05Z",
    "mac": "ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]",
    "version": "3.13.2",
}


class Sealed(NamedTuple):
    """A sealed file, and what its tokens stand for."""

    data: bytes
    held: dict[str, Scalar]
    spellings: dict[str, str]


def sealable(document: Document) -> list[Leaf]:
    """Return the leaves that a rule could select: all that are neither empty nor null."""
    return [leaf for leaf in document.leaves() if not (leaf.value in (None, "", b"") or isinstance(leaf.value, Empty))]


def seal(document: Document, chosen: Callable[[int], bool] = lambda index: True) -> Sealed:
    """Put a token in the place of every leaf, or of those that are chosen by their number."""
    held: dict[str, Scalar] = {}
    tokens: list[tuple[Leaf, str]] = []
    for index, leaf in enumerate(sealable(document)):
        if chosen(index):
            word = "comment" if leaf.is_comment else "str"
            token = f"ENC[AES256_GCM,data:{index:08},iv:aXY=,tag:dGFn,type:{word}]"
            held[token] = leaf.value  # type: ignore[assignment]
            tokens.append((leaf, token))
    edits, spellings = document.seal_edits(tokens)
    return Sealed(document.rewrite(edits, {**METADATA, **remembered(document)}), held, dict(spellings))


def remembered(document: Document) -> dict[str, object]:
    """Return what the metadata has to hold for a document, where it cannot be opened without."""
    ours = document.remember() if document.format == "dotenv" else {}
    return {"leafseal": dict(ours)} if ours else {}


def open_(sealed: Sealed, format_name: str, *, spelled: bool = True) -> bytes:
    """Return the plain file; without the remembered spellings, if so wanted."""
    document = parse(sealed.data, format_name, sealed=True)
    opened = [(leaf, sealed.held[leaf.value]) for leaf in document.leaves() if leaf.value in sealed.held]
    assert len(opened) == len(sealed.held)
    edits = document.open_edits(opened, sealed.spellings if spelled else {})
    assert len(edits) == len(opened)
    return document.rewrite(edits, None)


def typed(leaves: Sequence[Leaf]) -> list[tuple[object, ...]]:
    """Return what values are where, comments apart, such that 1, 1.0 and True differ."""
    return [(leaf.locator, leaf.path, type(leaf.value), leaf.value) for leaf in leaves if not leaf.is_comment]


def shape(leaves: Sequence[Leaf]) -> list[tuple[object, ...]]:
    """Return where leaves are."""
    return [(leaf.locator, leaf.path, leaf.is_comment) for leaf in leaves]


def check_laws(source: bytes, format_name: str, chosen: Callable[[int], bool] = lambda index: True) -> None:
    """Check the law of bytes on one file, whichever of its leaves are sealed."""
    document = parse(source, format_name)
    assert document.rewrite([]) == source
    assert document.rewrite([], None) == source
    sealed = seal(document, chosen)
    read = parse(sealed.data, format_name, sealed=True)
    metadata = {**METADATA, **remembered(document)}
    assert read.metadata() == metadata
    assert shape(read.leaves()) == shape(document.leaves())
    assert open_(sealed, format_name) == source
    # Without the memory the same values open, spelled otherwise, and where they stood.
    plain = parse(open_(sealed, format_name, spelled=False), format_name)
    assert [row[:2] for row in typed(plain.leaves())] == [row[:2] for row in typed(document.leaves())]
    for one, other in zip(typed(plain.leaves()), typed(document.leaves()), strict=True):
        assert one[3] == other[3]
    # The metadata block can be written anew where it stands, and others in its place.
    assert read.rewrite([], metadata) == sealed.data
    other_block = {"mac": "ENC[other]", "version": "9.9.9", **remembered(document)}
    again = parse(read.rewrite([], other_block), format_name, sealed=True)
    assert again.metadata() == other_block
    assert parse(again.rewrite([], metadata), format_name, sealed=True).metadata() == metadata
    assert again.rewrite([], None) == read.rewrite([], None)
