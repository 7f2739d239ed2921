"""YAML files, edited in place: the face of the scanner, the styles and the placing of metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from leafseal.document import (
    KEEP,
    Document,
    Edit,
    Exposed,
    Keep,
    Leaf,
    Locator,
    NewMetadata,
    Repeated,
    Sealing,
    Tag,
    apply_edits,
)
from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.document.scalars import Scalar
from leafseal.document.tree import MappingNode, Node
from leafseal.errors import FormatError, MetadataError
from leafseal.formats.yaml import metadata_block, seal
from leafseal.formats.yaml.containers import Place, Scan
from leafseal.formats.yaml.scan import scan
from leafseal.formats.yaml.style import container_of

if TYPE_CHECKING:
    from leafseal.formats.yaml.members import YAMLMembers

DEFAULT_INDENT = 4


def parse(
    data: bytes, limits: Limits = DEFAULT_LIMITS, *, sealed: bool = False, allow_duplicates: bool = False
) -> YAMLDocument:
    """Scan a YAML file. Raises `FormatError` with the place of what is wrong, never with the text there."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        # Python's own exception would carry the whole file along.
        line = data.count(b"\n", 0, error.start) + 1
    else:
        return _parse(text, limits, allow_duplicates)
    raise FormatError("not UTF-8", line=line, hint="save the file as UTF-8")


def _parse(text: str, limits: Limits, allow_duplicates: bool) -> YAMLDocument:
    if "\0" in text:
        raise FormatError("contains a NUL character", line=text.count("\n", 0, text.index("\0")) + 1)
    found = scan(text, limits, allow_duplicates)
    if not found.documents:
        raise FormatError(
            "no document: the file is empty or has only comments",
            hint="a YAML file must contain at least one document, such as `{}`",
        )
    return YAMLDocument(text, found, limits)


def emit(documents: Sequence[MappingNode], *, indent: int | None = None) -> bytes:
    """Return trees as a new YAML file, as SOPS writes it."""
    from leafseal.formats.yaml import emitter

    return emitter.emit(documents, indent=indent)


def emit_node(node: Node, *, indent: int | None = None) -> bytes:
    """Return a value by itself, as it stands below a key of a document."""
    from leafseal.formats.yaml import emitter

    return emitter.emit_node(node, indent=indent)


class YAMLDocument:
    """A YAML file of one or more documents."""

    format: ClassVar[str] = "yaml"

    def __init__(self, text: str, found: Scan, limits: Limits = DEFAULT_LIMITS) -> None:
        self._text = text
        self._scan = found
        self._limits = limits

    @property
    def text(self) -> str:
        """The decoded file."""
        return self._text

    def leaves(self) -> Sequence[Leaf]:
        """Return values, comments and empty containers in file order."""
        return self._scan.leaves

    @property
    def document_count(self) -> int:
        """How many documents the file has, empty ones included."""
        return len(self._scan.documents)

    def tags(self) -> Sequence[Tag]:
        """Return the tags in file order, as their handles resolve."""
        return self._scan.tags

    def metadata(self) -> Mapping[str, object] | None:
        """Return the `sops` mapping of the first document."""
        if self._scan.has_two_blocks:
            from leafseal.formats.common import duplicate_metadata_error

            raise duplicate_metadata_error()
        if self._scan.metadata_fault:
            raise MetadataError(self._scan.metadata_fault)
        if self._scan.metadata is None and self.has_reserved_key():
            raise MetadataError("a later document has a sops entry, and the first has none")
        return self._scan.metadata

    def has_reserved_key(self) -> bool:
        """Tell whether any document has a `sops` key at its root."""
        return any(note.metadata is not None for note in self._scan.documents)

    def seal_edits(self, tokens: Sequence[tuple[Leaf, str]], kept: Sequence[Leaf] = ()) -> Sealing:
        """Return the edits that put tokens in the places of leaves, and the spellings to remember."""
        return seal.seal(self._text, self._scan, tokens, kept)

    def keeps_places(self) -> bool:
        """Tell whether this is one block mapping, and nothing in it is written in a place of its own."""
        found, note = self._scan, self._scan.documents[0]
        if len(found.documents) > 1 or note.root is None or note.root.flow:
            return False
        return not (found.tags or found.has_aliases or found.has_properties or found.odd_anchors)

    def exposed(self) -> Sequence[Exposed]:
        """Return the places of tags, anchors and names that would stay clear, and may be part of a password."""
        return seal.exposed(self._text, self._scan)

    def tails(self) -> Sequence[tuple[Leaf, Leaf]]:
        """Return the values with the comment on their line, or on the header line of their block."""
        return seal.tails(self._text, self._scan.leaves)

    def open_edits(self, opened: Sequence[tuple[Leaf, Scalar]], spellings: Mapping[str, str]) -> list[Edit]:
        """Return the edits that put values where tokens stand, one for each, in order."""
        if self._scan.keys_of_values:
            seal.refuse_sealed_keys(self._scan, [leaf for leaf, _ in opened])
        edits = seal.open_(self._text, opened, spellings)
        if not self._text.endswith(("\n", "\r")):
            for position in range(max(0, len(edits) - 2), len(edits)):  # the comment of a header comes behind its text
                (leaf, value), edit = opened[position], edits[position]
                if edit.new.startswith(_BLOCKS) and self._loses_break(leaf, value, edit.new):
                    edits[position] = edit._replace(new=edit.new + ("\r\n" if "\r\n" in self._text else "\n"))
        return edits

    def _loses_break(self, leaf: Leaf, value: object, written: str = "") -> bool:
        """Tell whether the last text of a file loses a line break to the metadata behind it, which none ends."""
        start, end = self._scan.documents[-1].metadata or (len(self._text), len(self._text))
        behind = self._text[leaf.end : start] + self._text[end:]
        left = behind.count("\n") - (start < len(self._text)) + _breaks_behind(written)
        return (
            leaf.document == len(self._scan.documents) - 1 and not behind.strip() and left < _breaks_behind(str(value))
        )

    def set_edits(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edits that store `value` at `locator` of a document."""
        from leafseal.formats.yaml import edit

        return edit.set_edits(self._text, self._scan, locator, value, document)

    def alias_source(self, leaf: Leaf) -> Locator | None:
        """Return where the value is that an alias stands for."""
        return leaf.place.source if isinstance(leaf.place, Place) and leaf.place.is_copy else None

    def alias_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Return the edits that write out the aliases of what a change at `locator` would change too."""
        from leafseal.formats.yaml import anchors

        return anchors.expansions(self._scan, locator, document)

    def unset_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Return the edits that remove what stands at `locator` of a document."""
        from leafseal.formats.yaml import removal

        return removal.unset_edits(self._text, self._scan, locator, document)

    def members(self) -> YAMLMembers:
        """Return the members of all mappings and lists, for many changes at once."""
        from leafseal.formats.yaml.members import YAMLMembers

        return YAMLMembers(self._text, self._scan)

    def removal(self, leaf: Leaf) -> list[Edit]:
        """Return the edits that remove a value, in whichever document it is."""
        from leafseal.formats.yaml import removal

        if leaf.document:
            return removal.removal(self._text, leaf)
        return self.unset_edits(leaf.locator)

    def repeated(self) -> Sequence[Repeated]:
        """Return the names that a mapping has more than once."""
        from leafseal.formats.yaml import removal

        return removal.repeated(self._text)

    def remember(self) -> Mapping[str, object]:
        """Return what the metadata must remember of the layout, beyond spellings."""
        words = metadata_block.root_words(self._text, self._scan.documents)
        return {"root": words} if words else {}

    def laid_out(self, indent: int | None = None, before: Document | None = None) -> YAMLDocument | None:
        """Return the file with all its documents as block mappings at the margin."""
        found = self._scan
        if not any(note.root is not None and (note.root.flow or note.root.column) for note in found.documents):
            return None
        from leafseal.formats.common import too_deep_error
        from leafseal.formats.yaml import block_root

        step = indent or DEFAULT_INDENT
        if block_root.least_size(found, step) > self._limits.file_bytes:
            raise too_deep_error(self._limits)
        for keeps_spelling in (True, False):
            text = block_root.with_block_roots(self._text, found, step, keeps_spelling=keeps_spelling)
            if text == self._text:
                return None
            if (document := self._same(text)) is not None:
                return document
        raise FormatError("this file cannot be written with its keys at the margin")

    def _same(self, text: str) -> YAMLDocument | None:
        """Return a text as a document, None where it does not hold what this one does."""
        from leafseal.document.comparison import holds_the_same

        try:
            document = _parse(text, self._limits, False)
        except FormatError:
            return None
        is_same = holds_the_same(document.leaves(), self.leaves()) and _beside(document) == _beside(self)
        return document if is_same else None

    def context(self, leaf: Leaf) -> object:
        """Tell whether the leaf stands in flow style, and the column of its container."""
        if leaf.is_comment:
            return "comment" if not isinstance(leaf.place, int) else object()
        if leaf.style in ("|", ">") and "#" in self._text[leaf.start : leaf.end].partition("\n")[0]:
            return object()  # equal to no other: a block and the comment on its header line are written together
        if isinstance(leaf.place, Place) and leaf.place.is_copy:
            return leaf.place  # equal to no other: what stands behind an alias is written with its siblings
        container = container_of(leaf)
        properties = self._text[leaf.place.full_start : leaf.start] if isinstance(leaf.place, Place) else ""
        return container.flow, container.column, properties

    @property
    def block_indent(self) -> int | None:
        """The width of one level in the metadata block of the first document that has one."""
        return next((note.block_indent for note in self._scan.documents if note.block_indent), None)

    def rewrite(
        self,
        edits: Sequence[Edit],
        metadata: NewMetadata = KEEP,
        indent: int | None = None,
        before: Document | None = None,
    ) -> bytes:
        """Return the file with `edits` made and its metadata kept, replaced, added or cut out."""
        width = indent or self.block_indent or DEFAULT_INDENT
        documents = self._scan.documents
        if isinstance(metadata, Keep):
            return apply_edits(self._text, edits).encode()
        placed: list[Edit] = []
        if metadata is None:
            keep_break = not self._text.endswith(("\n", "\r")) and any(
                leaf.style in _BLOCKS and self._loses_break(leaf, leaf.value) for leaf in self._scan.leaves[-2:]
            )
            placed = metadata_block.removals(self._text, documents, self._root_words(), keep_break=keep_break)
        elif self.has_reserved_key():
            placed = metadata_block.replacements(self._text, documents, metadata, width)
        else:
            old = before.blocks() if isinstance(before, YAMLDocument) else []
            placed = metadata_block.insertions(self._text, documents, metadata, width, old)
        return apply_edits(self._text, [*edits, *placed]).encode()

    def read_differently(self) -> Sequence[tuple[Leaf, Sequence[str]]]:
        """Return nothing: what readers of YAML make of a value is said by its types."""
        return ()

    def later_metadata(self) -> Mapping[int, Mapping[str, object]]:
        """Return the metadata of the documents behind the first, by their number, which begins at 1."""
        found = {}
        for number, note in enumerate(self._scan.documents[1:], 2):
            if note.metadata is not None:
                column, text = metadata_block.block_of(self._text, note)
                found[number] = _parse(f"{{{text}}}" if column < 0 else text, self._limits, False).metadata() or {}
        return found

    def blocks(self) -> list[metadata_block.Block]:
        """Return the metadata as it is written in each document."""
        return metadata_block.blocks_of(self._text, self._scan.documents)

    def _root_words(self) -> Mapping[str, object]:
        ours = (self._scan.metadata or {}).get("leafseal")
        words = ours.get("root") if isinstance(ours, dict) else None
        return words if isinstance(words, dict) else {}


_BLOCKS = ("|", ">")
"""How literal and folded texts begin: the line break behind them is part of their value."""


def _breaks_behind(text: str) -> int:
    return text[len(text.rstrip("\r\n")) :].count("\n")


def _beside(document: YAMLDocument) -> list[tuple[int, Locator, object]]:
    """Return the values that have a comment beside them, by their places, with the comment."""
    from leafseal.formats.yaml.block_root import full_tails

    found = full_tails(document.text, document.leaves())
    return [(leaf.document, leaf.locator, comment.value) for leaf, comment in found]
