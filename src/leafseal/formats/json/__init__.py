"""JSON files, edited in place (sops-format §6.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from leafseal.document import KEEP, Document, Edit, Keep, Leaf, Locator, NewMetadata, Repeated, Sealing, apply_edits
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.document.scalars import Empty, Scalar, to_bytes, type_word
from leafseal.document.tree import from_python
from leafseal.errors import FormatError, LeafsealError, MetadataError
from leafseal.formats.common import SplicedDocument, duplicate_metadata_error, too_deep_error
from leafseal.formats.json.emitter import TAB, emit, emit_node, scalar_text, unit_of, write
from leafseal.formats.json.layout import margin_of, removal, separator, unit_in
from leafseal.formats.json.scan import Member, Scan, read_scalar, scan

if TYPE_CHECKING:
    from leafseal.formats.json.members import JSONMembers

__all__ = ["JSONDocument", "emit", "emit_node", "parse"]

_METADATA_KEY = "sops"
_BLANKS = LazyPattern("[ \t]*+")


def parse(
    data: bytes, limits: Limits = DEFAULT_LIMITS, *, sealed: bool = False, allow_duplicates: bool = False
) -> JSONDocument:
    """Scan a JSON file. Raises `FormatError` with the place of what is wrong, never with the text there."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        # Python's own exception would carry the whole file along.
        place = data.count(b"\n", 0, error.start) + 1
    else:
        found = scan(text, limits, allow_duplicates=allow_duplicates)
        return JSONDocument(text, found, limits, may_repeat_keys=allow_duplicates)
    raise FormatError("not UTF-8", line=place, hint="save the file as UTF-8")


class JSONDocument(SplicedDocument):
    """A JSON file: one object."""

    format: ClassVar[str] = "json"

    def __init__(
        self, text: str, found: Scan, limits: Limits = DEFAULT_LIMITS, *, may_repeat_keys: bool = False
    ) -> None:
        self._limits = limits
        self._may_repeat_keys = may_repeat_keys
        leaves, self._root = found.leaves, found.containers[()]
        members = self._root.members
        self._blocks = [i for i, member in enumerate(members) if member.name == _METADATA_KEY]
        self._metadata: list[Leaf] = []  # of the last block
        for i in reversed(self._blocks):
            following = members[i + 1].first_leaf if i + 1 < len(members) else len(leaves)
            self._metadata = self._metadata or leaves[members[i].first_leaf : following]
            del leaves[members[i].first_leaf : following]
        if not leaves:
            leaves.append(Leaf(0, (), (), self._root.start, self._root.end, "", Empty.MAPPING))
        super().__init__(text, leaves)

    def metadata(self) -> Mapping[str, object] | None:
        """Return the mapping under the root's `sops`."""
        if not self._blocks:
            return None
        if len(self._blocks) > 1:
            raise duplicate_metadata_error()
        mapping = self._metadata_value()
        if not isinstance(mapping, dict):
            raise MetadataError("the sops entry is not a mapping")
        return mapping

    def _metadata_value(self) -> object:
        # An integer beyond 64 bits is a float as a leaf, and here what it is: unknown entries are written as they were.
        if not self._may_repeat_keys and not any(isinstance(leaf.value, float) for leaf in self._metadata):
            return _value_of(self._metadata, 1)
        import json  # which takes longer to load than a small file to open

        block = self._root.members[self._blocks[0]]
        return json.loads(self._text[block.start : block.end])

    def keeps_places(self) -> bool:
        """Tell whether each name stands once: a token is one string in the place of one value."""
        return not self._may_repeat_keys

    def seal_edits(self, tokens: Sequence[tuple[Leaf, str]], kept: Sequence[Leaf] = ()) -> Sealing:
        """Return the edits that put tokens, always strings, in the places of leaves, and the spellings to remember."""
        text, new = self._text, tuple.__new__
        edits: list[Edit] = []
        spellings: list[tuple[str, str]] = []
        for leaf, token in tokens:
            start, end = leaf[3], leaf[4]
            edits.append(new(Edit, (start, end, f'"{token}"')))
            source = text[start:end]
            # A string in which nothing is escaped is canonical.
            if (leaf[5] != '"' or "\\" in source) and source != scalar_text(leaf.value):  # type: ignore[arg-type]
                spellings.append((token, "C" + source))
        return Sealing(edits, spellings)

    def open_edits(self, opened: Sequence[tuple[Leaf, Scalar]], spellings: Mapping[str, str]) -> list[Edit]:
        """Return the edits that put values where tokens stand, one for each, in order."""
        edits: list[Edit] = []
        append, new = edits.append, tuple.__new__
        for leaf, value in opened:
            spelling = spellings.get(leaf.value) if spellings else None  # type: ignore[arg-type]
            text = spelling[1:] if spelling and _spells(spelling, value) else scalar_text(value)
            append(new(Edit, (leaf[3], leaf[4], text)))
        return edits

    def set_edits(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edits that store `value` at `locator`."""
        from leafseal.formats.json import edit

        return edit.set_edits(self._text, locator, value)

    def unset_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Return the edits that remove what stands at `locator`."""
        from leafseal.formats.json import edit

        return edit.unset_edits(self._text, locator)

    def members(self) -> JSONMembers:
        """Return the members of all objects and arrays, for many changes at once."""
        from leafseal.formats.json.members import JSONMembers

        return JSONMembers(self._text)

    def repeated(self) -> Sequence[Repeated]:
        """Return the names that an object has more than once."""
        from leafseal.formats.json import edit

        return edit.repeated(self._text, _METADATA_KEY)

    @property
    def block_indent(self) -> int | None:
        """How many blanks the file is indented by, -1 for a tab; None where it begins otherwise than SOPS does."""
        if not self._text.startswith(("{\n", "{\r\n")):
            return None
        inner = self._text.index("\n") + 1
        behind = _BLANKS.match(self._text, inner).end()
        return TAB if self._text.startswith("\t", inner) else behind - inner

    def laid_out(self, indent: int | None = None, before: Document | None = None) -> JSONDocument | None:
        """Return a file that stands on one line, as SOPS lays it out; not where its encrypted form is on one line."""
        from leafseal.formats.json import lines

        if self._blocks or not lines.is_on_one_line(self._text, self._root):
            return None
        if isinstance(before, JSONDocument) and lines.is_on_one_line(before._text, before._root):
            return None
        unit = unit_of(indent)
        if lines.least_size(self._leaves, unit) > self._limits.file_bytes:
            raise too_deep_error(self._limits)
        text = lines.over_lines(self._text, self._root, unit)
        return None if text == self._text else JSONDocument(text, scan(text, self._limits), self._limits)

    def rewrite(
        self,
        edits: Sequence[Edit],
        metadata: NewMetadata = KEEP,
        indent: int | None = None,
        before: Document | None = None,
    ) -> bytes:
        """Return the file with `edits` made and its metadata kept, replaced, added or cut out.

        `indent` counts for a block that is added where the file has no indentation of its own.
        """
        if isinstance(metadata, Keep):
            return self._spliced(edits)
        if metadata is None:
            placed = [self._removal(i) for i in self._blocks]
        elif self._blocks:
            placed = [self._replacement(self._root.members[self._blocks[0]], metadata)]
        else:
            placed = [self._insertion(metadata, indent, before if isinstance(before, JSONDocument) else None)]
        return self._spliced([*edits, *placed])

    def _insertion(self, metadata: Mapping[str, object], indent: int | None, before: JSONDocument | None) -> Edit:
        text, root = self._text, self._root
        newline = "\r\n" if "\r\n" in text else "\n"
        is_empty = text[root.start : root.end] == "{}"  # and gets lines
        margin = unit_of(indent) if is_empty else margin_of(text, root.members[-1].key) if root.members else None
        # On lines of its own even where the rest stands on one: so Git can merge it, and a reader find its fields.
        unit = unit_of(indent) if margin is None or is_empty else unit_in(text, root, margin)

        def emitted(mapping: Mapping[str, object]) -> str:
            return write(from_python(dict(mapping)), unit=unit, base=margin or "", newline=newline)

        block = (before and before._changed_block(metadata, margin, emitted)) or emitted(metadata)
        member = f'"{_METADATA_KEY}": {block}'
        if not root.members:
            member = f"{newline}{margin}{member}{newline}" if is_empty else member
            return Edit(root.start + 1, root.start + 1, member)
        last = root.members[-1].end
        return Edit(last, last, separator(text, root) + member)

    def _removal(self, index: int) -> Edit:
        root = self._root
        if len(root.members) == 1 and margin_of(self._text, root.members[0].key) is not None:
            return Edit(root.start + 1, root.end - 1, "")  # it was `{}`
        return removal(root, index)

    def _replacement(self, old: Member, metadata: Mapping[str, object]) -> Edit:
        text = self._text
        margin = margin_of(text, old.key)
        base = margin or ""
        source = text[old.start : old.end]
        newline = "\r\n" if "\r\n" in source else "\n" if "\n" in source else ""
        first = source[1:].lstrip("\r\n")
        inner = first[: len(first) - len(first.lstrip(" \t"))]

        def emitted(mapping: Mapping[str, object]) -> str:
            return write(from_python(dict(mapping)), unit=inner.removeprefix(base), base=base, newline=newline)

        block = self._changed_block(metadata, margin, emitted) or emitted(metadata)
        return Edit(old.start, old.end, block)

    def _changed_block(
        self, metadata: Mapping[str, object], margin: str | None, emitted: Callable[[Mapping[str, object]], str]
    ) -> str | None:
        """Return the block of this file with the lines of what changed replaced.

        None where it is laid out as `emitted` does it, stands at another margin, or cannot be changed in place.
        """
        from leafseal.formats.json import edit

        old = self.metadata()
        block = self._root.members[self._blocks[0]] if self._blocks else None
        if old is None or block is None or margin_of(self._text, block.key) != margin:
            return None
        source = self._text[block.start : block.end]
        if emitted(old) == source:
            return None
        head, foot = ("{", "}") if margin is None else (f"{{\n{margin}", "\n}")
        text = f'{head}"{_METADATA_KEY}": {source}{foot}'
        edits: list[Edit] = []
        for name in old.keys() - metadata.keys():
            edits += edit.unset_edits(text, (_METADATA_KEY, name))
        for name, value in metadata.items():
            if name not in old or old[name] != value:
                edits += edit.set_edits(text, (_METADATA_KEY, name), value)
        try:
            changed = parse(apply_edits(text, edits).encode(), DEFAULT_LIMITS)
            found = changed.metadata() == metadata
        except LeafsealError:
            return None
        return changed.text.removeprefix(f'{head}"{_METADATA_KEY}": ').removesuffix(foot) if found else None


def _value_of(leaves: Sequence[Leaf], depth: int) -> object:
    """Return the plain value whose leaves these are, below a depth; no key stands twice in it."""
    first = leaves[0]
    if len(first.locator) == depth:
        return {} if first.value is Empty.MAPPING else [] if first.value is Empty.LIST else first.value
    members: dict[str | int, list[Leaf]] = {}
    for leaf in leaves:
        members.setdefault(leaf.locator[depth], []).append(leaf)
    values = {name: _value_of(below, depth + 1) for name, below in members.items()}
    return values if isinstance(first.locator[depth], str) else list(values.values())


def _spells(spelling: str, value: Scalar) -> bool:
    """Tell whether a remembered source is another text for `value`."""
    try:
        read = read_scalar(spelling[1:])
    except FormatError:
        return False
    if spelling[0] != "C" or read is None or isinstance(read, Empty):
        return False
    return type_word(read) == type_word(value) and to_bytes(read) == to_bytes(value)
