"""One side of a comparison: what a file has, opened where there is a key, else as it stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from leafseal.crypto.token import is_token, looks_sealed
from leafseal.document import Document, Leaf, Locator
from leafseal.document.limits import ReadOptions
from leafseal.document.scalars import Empty, type_word
from leafseal.document.tree import Comment
from leafseal.document.values import Value, values_of
from leafseal.errors import DataKeyError, FormatError, NotEncryptedError, naming
from leafseal.formats import ANY_BYTES, parse
from leafseal.keys.groups import DataKey
from leafseal.keys.ring import KeyRing
from leafseal.metadata import Metadata
from leafseal.operations.open import Opened, Source, open_file, read_metadata

Spot = tuple[int, Locator]
"""A place in a file: the number of its document, and where it is in that."""

_TYPE = re.compile(r",type:(\w+)\]\Z")
_SIGN = b"ENC[AES256_GCM,"


class Side(NamedTuple):
    """A file, or that there is none, for a comparison.

    `documents` has tokens for values where the file was not opened. `text` is the file without its metadata.
    """

    name: str
    format: str
    data: bytes | None
    documents: Sequence[Value]
    encrypted: frozenset[Spot]
    comments: Counter[str]
    text: bytes
    metadata: Metadata | None = None
    data_key: DataKey | None = None
    tokens: frozenset[str] = frozenset()

    def __repr__(self) -> str:  # a traceback shows no values
        return f"Side({self.name!r}, {self.format!r})"

    @property
    def is_opened(self) -> bool:
        """Tell whether all values are known: it was opened, or there is nothing to open."""
        return self.metadata is None or self.data_key is not None

    def kind(self, value: Value) -> str:
        """Return the type of a value, also of one that only its token tells."""
        if isinstance(value, dict | list):
            return "mapping" if isinstance(value, dict) else "list"
        if value is None:
            return "null"
        if not self.is_opened and isinstance(value, str) and (match := _TYPE.search(value)):
            return match[1]
        return type_word(value)  # type: ignore[arg-type]


def no_file(name: str, format_name: str) -> Side:
    """Return the side of a file that is not there."""
    return Side(name, format_name, None, (), frozenset(), Counter(), b"")


def read_sides(
    one: Source | None, other: Source | None, ring: KeyRing, read: ReadOptions
) -> tuple[Side, Side, DataKeyError | None]:
    """Read two files for a comparison; None is one that is not there.

    Where one of them does not open for want of a key neither counts as opened, and the error says why. Raises
    `LeafsealError` for what is wrong with a file.
    """
    present = [source for source in (one, other) if source is not None]
    opened: dict[int, Opened | None] = {}
    locked: DataKeyError | None = None
    for source in present:
        try:
            opened[id(source)] = _opened(source, ring, read)
        except DataKeyError as error:
            locked = locked or error
    sides = []
    for side in (one, other):
        if side is None:
            sides.append(no_file(present[0].name, present[0].format))
        elif locked is not None:
            sides.append(as_it_is(side, read))
        else:
            found = opened[id(side)]
            sides.append(_plain(side, read) if found is None else _of_opened(side, found))
    return sides[0], sides[1], locked


def is_encrypted(data: bytes) -> bool:
    """Tell whether a file has anything of an encrypted one."""
    return _SIGN in data


def _opened(source: Source, ring: KeyRing, read: ReadOptions) -> Opened | None:
    """Open a file; None for one that is not encrypted."""
    with naming(source.name):
        try:
            return open_file(source, ring, read)
        except NotEncryptedError:
            if is_encrypted(source.data):
                raise
        except FormatError:
            if is_encrypted(source.data):
                raise
    return None


def _of_opened(source: Source, opened: Opened) -> Side:
    plain = opened.plain_document()
    sealed = {id(item.leaf) for item in opened.leaves.sealed}
    # Elements that are comments to SOPS are none in the plain text, so those after them have other places there.
    values = [
        leaf for leaf, value in opened.leaves.values if leaf.locator and not (leaf.is_comment or _is_comment(value))
    ]
    placed = [leaf for leaf in plain.leaves() if leaf.locator and not leaf.is_comment]
    encrypted = (
        [there for here, there in zip(values, placed, strict=True) if id(here) in sealed]
        if len(values) == len(placed)
        else [item.leaf for item in opened.leaves.sealed]
    )
    return Side(
        source.name,
        source.format,
        source.data,
        *_contents(source, plain, encrypted),
        _comments(plain),
        opened.plaintext(),
        opened.metadata,
        opened.data_key,
        frozenset(opened.tokens()),
    )


def _is_comment(value: object) -> bool:
    return isinstance(value, Comment)


def _plain(source: Source, read: ReadOptions) -> Side:
    with naming(source.name):
        document = parse(source.data, source.format, read)
        contents = _contents(source, document, ())
    return Side(source.name, source.format, source.data, *contents, _comments(document), source.data)


def as_it_is(source: Source, read: ReadOptions) -> Side:
    """Return a file without decrypting it, encrypted or not."""
    with naming(source.name):
        try:
            document, metadata = read_metadata(source.data, source.format, read)
        except (NotEncryptedError, FormatError):
            if is_encrypted(source.data):
                raise
            return _plain(source, read)
        sealed = [leaf for leaf in document.leaves() if isinstance(leaf.value, str) and looks_sealed(leaf.value)]
        return Side(
            source.name,
            source.format,
            source.data,
            *_contents(source, document, [leaf for leaf in sealed if not leaf.is_comment]),
            _comments(document),
            document.rewrite([], None),
            metadata,
            None,
            frozenset(str(leaf.value) for leaf in sealed if is_token(str(leaf.value))),
        )


def _contents(source: Source, document: Document, encrypted: Sequence[Leaf]) -> tuple[Sequence[Value], frozenset[Spot]]:
    """Return the values of a file and where they are encrypted. A binary file is one value, which has no name."""
    documents = values_of(document)
    if source.format == ANY_BYTES:
        [only] = documents
        assert isinstance(only, dict)
        return list(only.values()), frozenset({(0, ())} if encrypted else ())
    return documents, frozenset((leaf.document, leaf.locator) for leaf in encrypted)


def _comments(document: Document) -> Counter[str]:
    return Counter(str(leaf.value) for leaf in document.leaves() if leaf.is_comment and leaf.value is not Empty.MAPPING)
