"""What the formats that are read by hand have in common: decoding, places in messages, and a document's quiet parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from leafseal.display import visible
from leafseal.document import Document, Edit, Exposed, Leaf, Locator, Member, Repeated, Tag, apply_edits
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.limits import Limits
from leafseal.document.paths import format_path
from leafseal.document.scalars import Scalar, to_plain_text
from leafseal.errors import EmitError, FormatError, MetadataError, PathError


class SplicedDocument:
    """The parts of a `Document` that say little in formats without several documents, anchors or flow style."""

    format: ClassVar[str]

    def __init__(self, text: str, leaves: Sequence[Leaf]) -> None:
        self._text = text
        self._leaves = leaves

    @property
    def text(self) -> str:
        """The decoded file."""
        return self._text

    def leaves(self) -> Sequence[Leaf]:
        """Return values, comments and empty containers; a comment behind the value it is written to."""
        return self._leaves

    @property
    def document_count(self) -> int:
        """One: there are no several in a file."""
        return 1

    def tags(self) -> Sequence[Tag]:
        """Return nothing: there are no tags."""
        return ()

    def remember(self) -> Mapping[str, object]:
        """Return nothing: what `rewrite` adds here, it can cut out again without help."""
        return {}

    def read_differently(self) -> Sequence[tuple[Leaf, Sequence[str]]]:
        """Return nothing: readers agree."""
        return ()

    def later_metadata(self) -> Mapping[int, Mapping[str, object]]:
        """Return nothing: there is one document."""
        return {}

    def keeps_places(self) -> bool:
        """Return False: only a scan tells."""
        return False

    def exposed(self) -> Sequence[Exposed]:
        """Return nothing: there is no text but names, values and comments."""
        return ()

    def alias_source(self, leaf: Leaf) -> Locator | None:
        """Return None: no value stands for another."""
        return None

    def alias_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Return nothing: no value stands for another."""
        return []

    def tails(self) -> Sequence[tuple[Leaf, Leaf]]:
        """Return nothing: there are no comments behind values."""
        return ()

    def removal(self, leaf: Leaf) -> list[Edit]:
        """Return the edits that remove a value: its locator names it and no other."""
        return self.unset_edits(leaf.locator)

    @abstractmethod
    def unset_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Return the edits that remove what stands at `locator`."""

    def repeated(self) -> Sequence[Repeated]:
        """Return nothing: there are no names."""
        return ()

    def laid_out(self, indent: int | None = None, before: Document | None = None) -> Document | None:
        """Return nothing: an encrypted file has the layout of the plain one."""
        return None

    def context(self, leaf: Leaf) -> object:
        """Return what of a leaf's surroundings decides how it can be written."""
        return leaf.place

    @property
    def block_indent(self) -> int | None:
        """None: the layout of a metadata block follows from the file."""
        return None

    def _spliced(self, edits: Sequence[Edit]) -> bytes:
        return apply_edits(self._text, edits).encode("utf-8", "surrogateescape")


def decode_lines(data: bytes) -> str:
    """Decode a format that bears any bytes but NUL; those that are not UTF-8 become lone surrogates."""
    text = data.decode("utf-8", "surrogateescape")
    refuse_nul(text)
    return text


def has_other_bytes(text: str) -> bool:
    """Tell whether a decoded file holds bytes that are not UTF-8."""
    return not text.isascii() and _OTHER_BYTES.search(text) is not None


_OTHER_BYTES = LazyPattern("[\udc80-\udcff]")


def refuse_nul(text: str) -> None:
    """Raise `FormatError` where there is a NUL."""
    if "\0" in text:
        raise FormatError("contains a NUL character", line=line_of(text, text.index("\0")))


def line_of(text: str, offset: int) -> int:
    """Return the line of an offset, counted from 1."""
    return text.count("\n", 0, offset) + 1


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of an offset, both counted from 1."""
    return line_of(text, offset), offset - text.rfind("\n", 0, offset)


def as_value(text: str) -> str | bytes:
    """Return text cut out of a file as a value: bytes, where it was not UTF-8 there."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def as_text(value: str | bytes) -> str:
    """Return a value as text that can be put into a file."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def duplicate_key_error(name: str, text: str, offset: int, hint: str = "remove one of the two") -> FormatError:
    """Return the error for a name that stands twice."""
    line, column = place_of(text, offset)
    error = FormatError(f"the key {visible(name) or '(empty)'} appears twice", line=line, column=column, hint=hint)
    error.repeated = name
    return error


def duplicate_metadata_error() -> MetadataError:
    """Return the error for a file with two metadata blocks, or two entries of one name in a block."""
    return MetadataError(
        "found a duplicate sops entry",
        hint='delete the one that does not belong to the values, then run "leafseal repair FILE"',
    )


def repeated_of(members: Iterable[tuple[object, Locator, Member]], document: int = 0) -> list[Repeated]:
    """Return the names among the members of mappings that one of these has more than once."""
    found: dict[tuple[object, Locator], list[Member]] = {}
    for mapping, locator, member in members:
        found.setdefault((mapping, locator), []).append(member)
    return [Repeated(document, locator, tuple(same)) for (_, locator), same in found.items() if len(same) > 1]


def refuse_sizes(text: str, leaves: Sequence[Leaf], limits: Limits) -> None:
    """Raise `FormatError` for too many leaves, or one that is too large."""
    if len(leaves) > limits.leaves:
        raise too_many_leaves_error(limits)
    if len(text) > limits.scalar_bytes:
        for leaf in leaves:
            if leaf.end - leaf.start > limits.scalar_bytes:
                raise too_large_error(text, leaf.start, limits)


def too_many_leaves_error(limits: Limits) -> FormatError:
    """Return the error for a file with too many leaves."""
    return FormatError(f"more than {limits.leaves} leaves", hint="raise the limit with --max-leaves").over("leaves")


def too_deep_error(limits: Limits) -> FormatError:
    """Return the error for a file that would be too large with every value on a line of its own."""
    return FormatError(
        f"too deeply nested: one value a line, the encrypted file would be larger than {limits.file_bytes} bytes",
        hint="raise the limit with --max-file-size if this is meant",
    ).over("file_bytes")


def too_large_error(text: str, offset: int, limits: Limits) -> FormatError:
    """Return the error for a value that is too large."""
    return FormatError(
        f"a value of more than {limits.scalar_bytes} bytes",
        line=line_of(text, offset),
        hint="keep it in a binary file of its own",
    )


def flat_metadata(pairs: Sequence[tuple[str, str]]) -> dict[str, object] | None:
    """Return flat metadata as the nested mapping that it stands for, None where there is none."""
    if not pairs:
        return None
    from leafseal.formats.flattening import unflatten

    flat = dict(pairs)
    if len(flat) < len(pairs):
        raise duplicate_metadata_error()
    return unflatten(flat)


def plain_text(value: object, format_name: str) -> str:
    """Return the text of a value in a format that knows nothing but text. Raises `EmitError` for all but scalars."""
    if not isinstance(value, Scalar):
        what = "null" if value is None else "lists and mappings"
        raise EmitError(f"{format_name} values are text, {what} cannot be stored")
    text = as_text(to_plain_text(value))
    if "\0" in text:
        raise EmitError(f"{format_name} cannot contain a NUL character")
    return text


def nothing_there_error(locator: Sequence[str | int]) -> PathError:
    """Return the error for a path that leads nowhere."""
    return PathError(f"{format_path(tuple(locator)) or 'the top level'} does not exist")


def in_the_way_error(locator: Sequence[str | int], what: str) -> PathError:
    """Return the error for a path that leads through something that has no members of that kind."""
    return PathError(f"{format_path(tuple(locator)) or 'the top level'} is {what}")
