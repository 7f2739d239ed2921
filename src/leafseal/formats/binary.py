"""Files of any bytes: one leaf; sealed they are a JSON file with the member `data` (sops-format §6.5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from leafseal.document import (
    KEEP,
    Document,
    Edit,
    Keep,
    Leaf,
    Locator,
    NewMetadata,
    Repeated,
    Sealing,
    apply_edits,
)
from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.document.scalars import Scalar
from leafseal.document.tree import Comment, MappingNode
from leafseal.errors import EmitError, FormatError, NotEncryptedError, PathError
from leafseal.formats import json
from leafseal.formats.common import SplicedDocument, as_text, as_value, in_the_way_error, nothing_there_error

if TYPE_CHECKING:
    from leafseal.document.members import Addition, Lines, Members, Name

_PLACE = ("data",)

_ANY_LENGTH = DEFAULT_LIMITS._replace(scalar_bytes=2**62)  # of what was let in already

_HINT = "This is likely not an encrypted binary file? If not, use --output-type to select the correct output type."
_TYPE_HINT = "if the file has another format, add it, such as --input-type yaml"


def parse(
    data: bytes, limits: Limits = DEFAULT_LIMITS, *, sealed: bool = False, allow_duplicates: bool = False
) -> Document:
    """Take a file as one value or, where it should be a sealed one, as the JSON that holds it."""
    if not sealed:
        return BinaryDocument(data)
    # The one value may be as large as the file.
    limits = limits._replace(scalar_bytes=max(limits.scalar_bytes, limits.file_bytes))
    try:
        return SealedBinaryDocument(json.parse(data, limits, allow_duplicates=allow_duplicates))
    except FormatError as error:
        if b"ENC[AES256_GCM," in data:  # it was one, and is damaged; or it is one of another format
            raise error.with_hint(_TYPE_HINT) from None
        raise NotEncryptedError(
            "not an encrypted binary file (it has no sops metadata)",
            hint=_TYPE_HINT,
        ) from None


def emit(documents: Sequence[MappingNode], *, indent: int | None = None) -> bytes:
    """Return the bytes under `data`. Raises `EmitError` when there are none, or what stands there is no string."""
    if len(documents) != 1:
        raise EmitError("error emitting binary store: there must be exactly one document", hint=_HINT)
    members = (item for item in documents[0].items if not isinstance(item, Comment))
    for name, value in members:
        if name == "data":
            if not isinstance(value, str | bytes):
                raise _not_a_string_error()
            return as_text(value).encode("utf-8", "surrogateescape")
    raise _no_data_error()


def _no_data_error() -> EmitError:
    return EmitError("error emitting binary store: no binary data found in tree", hint=_HINT)


def _not_a_string_error() -> EmitError:
    return EmitError("error emitting binary store: 'data' key in tree does not have a string value", hint=_HINT)


class BinaryDocument(SplicedDocument):
    """A file whose bytes are one leaf."""

    format: ClassVar[str] = "binary"

    def __init__(self, data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        super().__init__(text, [Leaf(0, _PLACE, _PLACE, 0, len(text), "", as_value(text))])

    def metadata(self) -> None:
        """Return None: what is in the file is its value, whatever it looks like."""
        return

    def seal_edits(self, tokens: Sequence[tuple[Leaf, str]], kept: Sequence[Leaf] = ()) -> Sealing:
        """Return the edit that puts the token in the place of the whole file."""
        return Sealing([Edit(leaf.start, leaf.end, token) for leaf, token in tokens], [])

    def open_edits(self, opened: Sequence[tuple[Leaf, Scalar]], spellings: Mapping[str, str]) -> list[Edit]:
        """Return the edit that puts the value in the place of a file that is a token."""
        return [Edit(leaf.start, leaf.end, _raw(value)) for leaf, value in opened]

    def set_edits(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edit that replaces the whole file."""
        if not isinstance(value, str | bytes):
            raise EmitError("a binary file contains text or bytes, nothing else")
        self._refuse_others(locator)
        return [Edit(0, len(self._text), as_text(value))]

    def unset_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Refuse: a binary file without its value is none."""
        self._refuse_others(locator)
        raise PathError("the one value of a binary file cannot be removed, only set")

    def members(self) -> Members:
        """Return the whole file as the one member that there is."""
        return _Whole(self)

    def _refuse_others(self, locator: Locator) -> None:
        if locator[:1] != _PLACE:
            raise nothing_there_error(locator)
        if len(locator) > 1:
            raise in_the_way_error(_PLACE, "a value without members")

    def rewrite(
        self,
        edits: Sequence[Edit],
        metadata: NewMetadata = KEEP,
        indent: int | None = None,
        before: Document | None = None,
    ) -> bytes:
        """Return the file or, with metadata, the JSON that holds it and the metadata, as SOPS writes it."""
        if metadata is None or isinstance(metadata, Keep):
            return self._spliced(edits)
        holder = json.emit([MappingNode([("data", apply_edits(self._text, edits))])], indent=indent)
        inner = before.inner if isinstance(before, SealedBinaryDocument) else None
        return json.parse(holder, _ANY_LENGTH).rewrite([], metadata, indent, inner)


class _Whole:
    """The `Members` of a binary file: one value, which can be set."""

    def __init__(self, document: BinaryDocument) -> None:
        self._document = document

    def lines(self, locator: Locator, document: int = 0) -> Lines | None:
        """Return None: what the file holds is not read as lines."""
        return None

    def replace(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edit that replaces the whole file."""
        return self._document.set_edits(locator, value)

    def change(
        self, locator: Locator, removed: Collection[Name], added: Sequence[Addition], document: int = 0
    ) -> list[Edit]:
        """Refuse: nothing comes into a binary file, or goes out of it."""
        raise PathError("a binary file has one value, which can only be set")


class SealedBinaryDocument(SplicedDocument):
    """The JSON file that a sealed binary file is. Any JSON file of SOPS can be read as one."""

    format: ClassVar[str] = "binary"

    def __init__(self, inner: json.JSONDocument) -> None:
        # Inside the quotes, so that the text in the leaf's place is its token here and its bytes in the plain file.
        # Others there are in a JSON file that is more than a sealed binary file.
        leaves = [
            leaf._replace(start=leaf.start + 1, end=leaf.end - 1) if _is_data(leaf) else leaf for leaf in inner.leaves()
        ]
        super().__init__(inner.text, leaves)
        self.inner = inner

    def metadata(self) -> Mapping[str, object] | None:
        """Return the `sops` mapping."""
        return self.inner.metadata()

    def seal_edits(self, tokens: Sequence[tuple[Leaf, str]], kept: Sequence[Leaf] = ()) -> Sealing:
        """Return the edits that put tokens in the places of leaves."""
        return Sealing([Edit(leaf.start, leaf.end, token) for leaf, token in tokens], [])

    def open_edits(self, opened: Sequence[tuple[Leaf, Scalar]], spellings: Mapping[str, str]) -> list[Edit]:
        """Return one edit for each value, in order; that of `data` is its bytes as they will be written."""
        edits = self.inner.open_edits([(leaf, "" if _is_data(leaf) else value) for leaf, value in opened], spellings)
        return [
            Edit(leaf.start, leaf.end, _raw(value)) if _is_data(leaf) else edit
            for (leaf, value), edit in zip(opened, edits, strict=True)
        ]

    def set_edits(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edits that store `value` in the JSON text."""
        return self.inner.set_edits(locator, value)

    def unset_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Return the edits that remove what stands at `locator` from the JSON text."""
        return self.inner.unset_edits(locator)

    def members(self) -> Members:
        """Return the members of the JSON text."""
        return self.inner.members()

    def repeated(self) -> Sequence[Repeated]:
        """Return the names that the JSON text has more than once."""
        return self.inner.repeated()

    @property
    def block_indent(self) -> int | None:
        """How many blanks the file is indented by, -1 for a tab."""
        return self.inner.block_indent

    def rewrite(
        self,
        edits: Sequence[Edit],
        metadata: NewMetadata = KEEP,
        indent: int | None = None,
        before: Document | None = None,
    ) -> bytes:
        """Return the JSON text with `edits` made or, without metadata, the bytes that it held."""
        if metadata is not None:
            return self.inner.rewrite(edits, metadata, indent)
        leaf = next((leaf for leaf in self._leaves if leaf.locator == _PLACE), None)
        if leaf is None:
            raise _no_data_error()
        if not _is_data(leaf):
            raise _not_a_string_error()
        opened = next((edit.new for edit in edits if edit.start == leaf.start), str(leaf.value))
        return opened.encode("utf-8", "surrogateescape")


def _is_data(leaf: Leaf) -> bool:
    return leaf.locator == _PLACE and isinstance(leaf.value, str)


def _raw(value: Scalar) -> str:
    if not isinstance(value, str | bytes):
        raise _not_a_string_error()
    return as_text(value)
