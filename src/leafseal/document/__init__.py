"""The narrow face that every format shows: a document, its leaves, and edits of its text.

A document is immutable text plus what a scanner found in it. Nothing is ever re-emitted: sealing, opening, setting and
removing are edits, that is new text for spans of the old, and what no edit names stays to the byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, runtime_checkable

from leafseal.document.frozen import NamedTuple
from leafseal.document.scalars import Empty, Scalar
from leafseal.errors import FormatError

if TYPE_CHECKING:
    from leafseal.document.members import Members

Locator = tuple[str | int, ...]
"""Where a leaf stands: mapping keys and list positions from the document's root."""

Path = tuple[str, ...]
"""The mapping keys alone. The AAD of ("db", "password") is `db:password:`."""


class Leaf(NamedTuple):
    """One value or comment. A named tuple, because a file can have a million of them."""

    document: int  # 0-based; the metadata counts for all documents of a file
    locator: Locator
    path: Path  # for a comment: the container it most likely belongs to
    start: int  # the span of its text, without tag, anchor and trailing blank lines
    end: int
    style: str  # the format's own word for how it is spelled
    value: Scalar | Empty | None  # null, "" and empty containers are leaves nobody seals
    comments: Sequence[str] = ()  # those in force here, for the comment rules of `Selection`; never itself
    is_comment: bool = False
    candidates: tuple[Path, ...] = ()  # of a comment: further containers it may belong to, likeliest first
    place: Any = None  # the format's own note

    @property
    def is_empty(self) -> bool:
        """Tell whether it has nothing that anybody seals: null, empty text, or a container without leaves."""
        return self.value is None or self.value.__class__ is Empty or self.value in ("", b"")


class Edit(NamedTuple):
    """New text for a span of the old: `text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


class Sealing(NamedTuple):
    """What a format makes of tokens: edits, and the spellings that tokens and styles cannot hold (splicing §4)."""

    edits: list[Edit]
    spellings: list[tuple[str, str]]  # (token, kind and source)


class Member(NamedTuple):
    """One of the members of a mapping that have the same name: its span, and the edits that remove it."""

    start: int
    end: int
    removal: list[Edit]


class Repeated(NamedTuple):
    """A name that a mapping has more than once, where readers may take either."""

    document: int
    locator: Locator
    members: tuple[Member, ...]  # in file order


class Exposed(NamedTuple):
    """A place where a secret may stand in what the format's reader takes for something else."""

    leaf: Leaf  # its span is that of the text, where it has one
    what: str  # "the value" …
    hint: str


class Tag(NamedTuple):
    """A tag in the text: what a reader that knows it makes of a node decides more than its value does."""

    document: int
    locator: Locator
    text: str
    is_key: bool = False  # it is on the name under which the node stands


class Keep(Enum):
    """The metadata block is left as it is."""

    METADATA = "keep"


KEEP: Final = Keep.METADATA

NewMetadata = Mapping[str, object] | None | Keep
"""What an edit does with the metadata block: replace or add it, cut it out, keep it."""


@runtime_checkable
class Document(Protocol):
    """One file in one format. Offsets count the characters of `text`."""

    format: ClassVar[str]

    @property
    def text(self) -> str:
        """The decoded file; bytes that are not UTF-8, where the format bears them, as lone surrogates."""
        ...

    def leaves(self) -> Sequence[Leaf]:
        """Return values, comments and empty containers in file order, without the metadata block."""
        ...

    @property
    def document_count(self) -> int:
        """How many documents the file has, empty ones included."""
        ...

    def tags(self) -> Sequence[Tag]:
        """Return the tags of values, names, mappings and lists in file order, without the metadata block."""
        ...

    def metadata(self) -> Mapping[str, object] | None:
        """Return the nested metadata mapping as it stands in the file, None where there is none.

        Raises `MetadataError` when the block is there and is no mapping, or appears twice.
        """
        ...

    def later_metadata(self) -> Mapping[int, Mapping[str, object]]:
        """Return what the documents behind the first have for metadata, by their number; readers ignore it."""
        ...

    def seal_edits(self, tokens: Sequence[tuple[Leaf, str]], kept: Sequence[Leaf] = ()) -> Sealing:
        """Return the edits that put tokens in the places and styles of leaves, and the spellings to remember.

        `kept` are the leaves that are sealed too, but whose sealed text the caller has.
        """
        ...

    def keeps_places(self) -> bool:
        """Tell whether tokens change nothing but values: a scan of the encrypted file would find the same leaves.

        Then there are no tags, and nobody need scan it to know what is where.
        """
        ...

    def exposed(self) -> Sequence[Exposed]:
        """Return the places where text stays clear that may be part of a secret.

        To the format's reader such text is no value, and no token can take it along.
        """
        ...

    def tails(self) -> Sequence[tuple[Leaf, Leaf]]:
        """Return the values that have a comment behind them on their line, where it may be part of them; and it."""
        ...

    def read_differently(self) -> Sequence[tuple[Leaf, Sequence[str]]]:
        """Return the values that other programs read differently than SOPS does, and the names of those programs."""
        ...

    def open_edits(self, opened: Sequence[tuple[Leaf, Scalar]], spellings: Mapping[str, str]) -> list[Edit]:
        """Return one edit per `(leaf, value)`, in order, that puts the value where its token stands.

        `spellings` maps a token to its kind and source. A spelling is written only when it means the same value as
        the token held; otherwise the canonical text is.
        """
        ...

    def set_edits(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edits that store `value` (a scalar, None, or nested dicts and lists) at `locator` of a document.

        An existing value is replaced in its own style where that style can hold it. A missing last key is added
        after its siblings (a section of INI before the last one, where comments end that), a list index equal to the
        length appends, missing mappings on the way are created.
        Raises `PathError` where a scalar is in the way or an index is out of range.
        """
        ...

    def alias_source(self, leaf: Leaf) -> Locator | None:
        """Return where the value is, in the same document, that an alias stands for; None for what is no alias."""
        ...

    def alias_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Return the edits that write out what stands for the value at `locator` elsewhere, or for one around it."""
        ...

    def unset_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Return the edits that remove what is at `locator` of a document; an emptied container stays as `{}` or `[]`.

        Raises `PathError` when nothing stands there.
        """
        ...

    def members(self) -> Members:
        """Return the members of all mappings and lists, for many changes at once; the text is scanned for them."""
        ...

    def removal(self, leaf: Leaf) -> list[Edit]:
        """Return the edits that remove a value, in whichever document it is. Raises as `unset_edits`."""
        ...

    def repeated(self) -> Sequence[Repeated]:
        """Return the names that a mapping has more than once; none unless the file was read with duplicates.

        Within a repeated mapping there may be others, which show when the first is resolved.
        """
        ...

    def rewrite(
        self,
        edits: Sequence[Edit],
        metadata: NewMetadata = KEEP,
        indent: int | None = None,
        before: Document | None = None,
    ) -> bytes:
        """Return the file with `edits` applied and its metadata block kept, replaced, added or (None) cut out.

        `indent` is the width of one level of a block that is added, where the format has such a thing. `before` is the
        encrypted file that this one was: what its block says, and the new one too, stays as it is spelled. Cutting out
        what `rewrite` added gives back the file without it, to the byte.
        """
        ...

    def laid_out(self, indent: int | None = None, before: Document | None = None) -> Document | None:
        """Return the same values and comments in the layout that an encrypted file has; None where they have it.

        `indent` is the width of one level, `before` the encrypted file that it was.
        """
        ...

    def remember(self) -> Mapping[str, object]:
        """Return what the metadata must remember of the layout for `rewrite` to undo itself; mostly nothing."""
        ...

    def context(self, leaf: Leaf) -> object:
        """Return what of a leaf's surroundings decides how it can be written: in equal ones, equal text will do."""
        ...

    @property
    def block_indent(self) -> int | None:
        """The width of one level in the metadata block of this file; None where there is none to keep."""
        ...


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Return `text` with every edit made. Edits are sorted here; two of them may touch but not overlap."""
    pieces = _pieces(text, edits)
    if pieces is None:  # most callers have them in order already
        pieces = _pieces(text, sorted(edits, key=_edit_order))
    if pieces is None:
        raise FormatError("two edits overlap: this file cannot be edited in place")
    return "".join(pieces)


def _pieces(text: str, edits: Sequence[Edit]) -> list[str] | None:
    """Return the text in pieces, old and new; None where an edit starts before the one before it ended."""
    pieces: list[str] = []
    append = pieces.append
    position = 0
    for start, end, new in edits:
        if start == end and not new:
            continue
        if start < position:
            return None
        append(text[position:start])
        append(new)
        position = end
    append(text[position:])
    return pieces


def _edit_order(edit: Edit) -> tuple[int, bool, int]:
    # At one position a replacement comes before an insertion: what is inserted there belongs behind it.
    return edit[0], edit[0] == edit[1], edit[1]


def aad_of(path: Sequence[str]) -> str:
    """Return the additional authenticated data of a leaf at `path` (sops-format §1.2)."""
    return ":".join(path) + ":"
