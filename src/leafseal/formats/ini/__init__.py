"""INI files, edited in place (sops-format §6.4)."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from leafseal.document import KEEP, Document, Edit, Exposed, Keep, Leaf, Locator, NewMetadata, Repeated, Sealing
from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.document.scalars import Scalar, to_plain_text
from leafseal.errors import FormatError
from leafseal.formats.common import SplicedDocument, as_text, decode_lines, duplicate_metadata_error, flat_metadata
from leafseal.formats.ini.emitter import emit, header, key_lines
from leafseal.formats.ini.scan import ABOVE, INLINE, METADATA_SECTION, AbovePlace, HeaderPlace, Scan, scan
from leafseal.formats.ini.values import SPACE, strip_marker, write_value

if TYPE_CHECKING:
    from leafseal.formats.ini.members import INIMembers

__all__ = ["INIDocument", "emit", "parse"]


def parse(
    data: bytes, limits: Limits = DEFAULT_LIMITS, *, sealed: bool = False, allow_duplicates: bool = False
) -> INIDocument:
    """Scan an INI file. Raises `FormatError` with the number of a line that is wrong, never with its text."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # SOPS drops the mark and reads on as if the rest were not UTF-16.
        raise FormatError("starts with the byte order mark of UTF-16", line=1, hint="save the file as UTF-8")
    text = decode_lines(data)
    return INIDocument(text, scan(text, limits, allow_duplicates=allow_duplicates))


class INIDocument(SplicedDocument):
    """An INI file: sections, and keys in them; all values are text."""

    format: ClassVar[str] = "ini"

    def __init__(self, text: str, found: Scan) -> None:
        super().__init__(text, found.leaves)
        self._scan = found
        self._blocks = [i for i, section in enumerate(found.sections) if section.name == METADATA_SECTION]

    def metadata(self) -> Mapping[str, object] | None:
        """Return what the section `sops` says, nested."""
        if len(self._blocks) > 1:
            raise duplicate_metadata_error()
        keys = [key for key in self._scan.keys if key.section in self._blocks]
        # Up to 3.12 and from 3.13.2 on a line break is written like this; 3.13.0 and 3.13.1 wrote it as it is.
        return flat_metadata([(key.name, key.value.text.replace("\\n", "\n")) for key in keys])

    def seal_edits(self, tokens: Sequence[tuple[Leaf, str]], kept: Sequence[Leaf] = ()) -> Sealing:
        """Return the edits that put tokens in the places of values and comments, and the spellings to remember.

        Kind `C` is the source of a leaf, `H` that of a section's comment and its header together.
        """
        edits: list[Edit] = []
        spellings: list[tuple[str, str]] = []
        inline = {leaf.start: str(leaf.value) for leaf, _ in tokens if leaf.place == INLINE and leaf.is_comment}
        for leaf, token in tokens:
            source, place = self._text[leaf.start : leaf.end], leaf.place
            if isinstance(place, HeaderPlace) and place.before:
                edits.append(Edit(leaf.start, leaf.end, place.before + token + place.behind))
                spellings.append((token, "H" + source))
                continue
            style = _token_style(leaf, source)
            edits.append(Edit(leaf.start, leaf.end, f"{style}{token}{style}"))
            if source != _canonical_text(leaf, leaf.value, style, inline):
                spellings.append((token, "C" + source))
        return Sealing(edits, spellings)

    def open_edits(self, opened: Sequence[tuple[Leaf, Scalar]], spellings: Mapping[str, str]) -> list[Edit]:
        """Return the edits that put values and comments where tokens stand, one for each, in order."""
        edits: list[Edit] = []
        inline = {leaf.start: _text_of(value) for leaf, value in opened if leaf.place == INLINE and leaf.is_comment}
        for leaf, value in opened:
            spelling = spellings.get(str(leaf.value), "") if spellings else ""
            if spelling[:1] == "C":
                edits.append(Edit(leaf.start, leaf.end, spelling[1:]))
            elif spelling[:1] == "H" and isinstance(leaf.place, HeaderPlace):
                edits.append(Edit(leaf.place.start, leaf.place.end, spelling[1:]))
            else:
                edits.append(Edit(leaf.start, leaf.end, _canonical_text(leaf, value, leaf.style, inline)))
        return edits

    def exposed(self) -> Sequence[Exposed]:
        """Return the values that end in their quotes before they begin: what follows those is no part of them."""
        return [
            Exposed(leaf, "begins with quotes that are closed at once", "put the whole value in other quotes")
            for leaf in self._leaves
            if leaf.value == "" and not leaf.is_comment and leaf.end - leaf.start > 2 * len(leaf.style)
        ]

    def tails(self) -> Sequence[tuple[Leaf, Leaf]]:
        """Return the values with their inline comments: to other readers those are part of the value."""
        found: list[tuple[Leaf, Leaf]] = []
        owner: Leaf | None = None
        for leaf in self._leaves:
            if leaf.place == INLINE and not leaf.is_comment:
                owner = leaf
            elif leaf.place == INLINE and owner is not None:
                found.append((owner, leaf))
        return found

    def read_differently(self) -> Sequence[tuple[Leaf, Sequence[str]]]:
        """Return the values that other programs read differently than SOPS does, and the names of those programs."""
        from leafseal.formats.ini import readers

        return readers.read_differently(self._text, self._scan)

    def context(self, leaf: Leaf) -> object:
        """Tell whether an inline comment follows a value; what of a comment's place makes a difference."""
        return ABOVE if isinstance(leaf.place, AbovePlace | HeaderPlace) else leaf.place

    def set_edits(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edits that store `value`, as text, under a section and a key, or a mapping as a section."""
        from leafseal.formats.ini import edit

        return edit.set_edits(self._text, self._scan, locator, value)

    def unset_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Return the edits that remove a key, or a section with all that is in it."""
        from leafseal.formats.ini import edit

        return edit.unset_edits(self._text, self._scan, locator)

    def members(self) -> INIMembers:
        """Return the sections and keys, for many changes at once."""
        from leafseal.formats.ini.members import INIMembers

        return INIMembers(self._text, self._scan)

    def removal(self, leaf: Leaf) -> list[Edit]:
        """Return the edit that removes the lines of a key, in whichever section of a name it is."""
        from leafseal.formats.ini import edit

        return edit.removal(self._text, self._scan, leaf)

    def repeated(self) -> Sequence[Repeated]:
        """Return the keys that one section has more than once. A section may itself appear again."""
        from leafseal.formats.ini import edit

        return edit.repeated(self._text, self._scan)

    def rewrite(
        self,
        edits: Sequence[Edit],
        metadata: NewMetadata = KEEP,
        indent: int | None = None,
        before: Document | None = None,
    ) -> bytes:
        """Return the file with `edits` made and its metadata kept, replaced, added or cut out."""
        if isinstance(metadata, Keep):
            placed: list[Edit] = []
        elif metadata is None:
            placed = [self._removal(block) for block in self._blocks]
        elif self._blocks:
            start, end = self._span(self._blocks[0])
            block = self._changed_block(metadata) or _block(metadata, self._newline(self._blocks[0]))
            placed = [Edit(start, end, block if self._text[end - 1] == "\n" else block.rstrip("\r\n"))]
        else:
            placed = [self._insertion(metadata, before if isinstance(before, INIDocument) else None)]
        return self._spliced([*edits, *placed])

    def _changed_block(self, metadata: Mapping[str, object]) -> str | None:
        """Return the section of the metadata with the lines of what changed replaced, None where that cannot be."""
        from leafseal.formats.ini.block_changes import changed_block

        if not self._blocks:
            return None
        keys = [key for key in self._scan.keys if key.section == self._blocks[0]]
        return changed_block(self._text, *self._span(self._blocks[0]), keys, metadata)

    def _insertion(self, metadata: Mapping[str, object], before: INIDocument | None) -> Edit:
        text = self._text
        newline = "\r\n" if "\r\n" in text else "\n"
        block = before._changed_block(metadata) if before else None
        if block is None:
            block = _block(metadata, newline)
        else:
            newline = "\r\n" if block.partition("\n")[0].endswith("\r") else "\n"  # which `_removal` looks for
        if not text.removeprefix("\ufeff") or (before and before._block_is_close() and _ends_in_text_line(text)):
            pass
        elif text.endswith("\n"):
            block = newline + block
        else:
            # What ended without a line break still does, and so remembers it.
            block = newline + newline + block.removesuffix("\n").removesuffix("\r")
        return Edit(len(text), len(text), block)

    def _block_is_close(self) -> bool:
        """Tell whether no blank line stands before the section of the metadata."""
        return bool(self._blocks) and _ends_in_text_line(self._text[: self._scan.sections[self._blocks[0]].start])

    def _newline(self, block: int) -> str:
        section = self._scan.sections[block]
        return "\r\n" if self._text.endswith("\r\n", section.start, section.end) else "\n"

    def _span(self, block: int) -> tuple[int, int]:
        section = self._scan.sections[block]
        ends = [key.value.line_end for key in self._scan.keys if key.section == block]
        return section.start, max([section.end, *ends])

    def _removal(self, block: int) -> Edit:
        """Return the edit that cuts a block out, with what `_insertion` put before it."""
        text, newline = self._text, self._newline(block)
        start, end = self._span(block)
        rest = text[end:]
        blanks = len(rest) - len(rest.lstrip(SPACE))
        if blanks < len(rest):
            # More follows: what stands before the block stays, and is all the distance that is needed.
            return Edit(start, end + rest.rfind("\n", 0, blanks) + 1, "")
        if text.endswith("\n" + newline, 0, start):
            start -= len(newline)
            if text[-1] != "\n" and text.endswith(newline, 0, start):
                start -= len(newline)
        return Edit(start, len(text), "")


def _ends_in_text_line(text: str) -> bool:
    return text.endswith("\n") and bool(text[:-1].rpartition("\n")[2].strip(SPACE))


def _block(metadata: Mapping[str, object], newline: str) -> str:
    from leafseal.formats.ini.block_changes import flat_pairs

    pairs = list(flat_pairs(metadata).items())
    return newline.join([header(METADATA_SECTION), *key_lines(pairs), ""])


def _token_style(leaf: Leaf, source: str) -> str:
    """Return the quotes for a token: those of its value, for they decide what SOPS takes for an inline comment."""
    if leaf.is_comment or leaf.style not in ("'", '"', "`", '"""'):
        return ""
    # Behind a quote that was opened on another line the comment counts, behind one of the same line it does not.
    return "" if leaf.place == INLINE and "\n" in source else leaf.style


def _text_of(value: object) -> str:
    return as_text(to_plain_text(value))  # type: ignore[arg-type]


def _canonical_text(leaf: Leaf, value: object, style: str, inline: Mapping[int, str]) -> str:
    """Return what opening writes for a value or comment where a token stands, when nothing else is remembered.

    `inline` holds the inline comments, by where they start: what stands in one is not written above it again.
    """
    text = _text_of(value)
    if not leaf.is_comment:
        return write_value(text, style)
    if isinstance(leaf.place, AbovePlace) and leaf.place.inline in inline:
        above, _, last = text.rpartition("\n")
        if strip_marker(last) == inline[leaf.place.inline]:
            text = above.rstrip(SPACE)
    first, *more = text.split("\n")
    return "\n".join([first, *(line if line[:1] in ("#", ";") else f"; {line.strip(SPACE)}" for line in more)])
