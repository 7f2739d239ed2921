"""dotenv files, edited in place: one `KEY=value` or comment to a line, every byte of it meant (sops-format §6.3).

The text of a value and its meaning differ only in `\\n`, which stands for a line break: no spelling need be remembered.
What Windows adds to a file, CR before each line break and a byte order mark, belongs to no value. It is taken off as
the file is read, and the metadata remembers that it was there (docs/format.md, "Windows").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from leafseal.display import visible
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
from leafseal.document.comments import CommentRun, CommentsInForce
from leafseal.document.frozen import NamedTuple
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.document.scalars import Scalar, to_plain_text
from leafseal.document.tree import Comment, ListNode, MappingNode
from leafseal.errors import EmitError, FormatError
from leafseal.formats.common import (
    SplicedDocument,
    as_text,
    as_value,
    decode_lines,
    duplicate_key_error,
    flat_metadata,
    has_other_bytes,
    line_of,
    refuse_sizes,
    too_many_leaves_error,
)

if TYPE_CHECKING:
    from leafseal.formats.dotenv.members import DotenvMembers

__all__ = ["DotenvDocument", "Marks", "checked_key", "emit", "marks_of", "parse", "source_of"]


_PREFIX = "sops_"
"""A key that starts like this is metadata."""

_BYTE_ORDER_MARK = "\ufeff"


class Marks(NamedTuple):
    """What Windows added to a file."""

    byte_order_mark: bool = False
    crlf: bool = False

    def put_on(self, text: str) -> str:
        """Return text with the marks."""
        if self.crlf:
            text = text.replace("\n", "\r\n")
        return _BYTE_ORDER_MARK + text if self.byte_order_mark else text


def _take_off(text: str) -> tuple[str, Marks]:
    """Return the text of a plain file without marks. CR is one only where it stands before every line break."""
    has_mark = text.startswith(_BYTE_ORDER_MARK)
    if has_mark:
        text = text[1:]
    crlf = "\r\n" in text and text.count("\r\n") == text.count("\n")
    return text.replace("\r\n", "\n") if crlf else text, Marks(has_mark, crlf)


def marks_of(data: bytes) -> Marks:
    """Return what Windows added to a plain file."""
    return _take_off(data.decode("utf-8", "surrogateescape"))[1]


def _as_committed(text: str) -> str:
    """Return the text of an encrypted file without the CRs that Git adds on Windows: the metadata lines tell of them.

    Where those have none, a CR is part of a value, as in files of SOPS.
    """
    if "\r" not in text:
        return text
    lines = text.split("\n")
    ends = [line.endswith("\r") for line in lines[:-1] if line.startswith(_PREFIX)]  # the last one has no line end
    return "\n".join(line.removesuffix("\r") for line in lines) if ends and all(ends) else text


def _as_others_write_it(text: str) -> str:
    """Return the text of an encrypted file without the quotes of SOPS 3.6.0."""
    if "\nsops_version='" not in text:
        return text
    from leafseal.formats.dotenv.quoted import unquoted

    return unquoted(text) or text


class _MetadataLine(NamedTuple):
    name: str
    value: str
    start: int
    end: int  # behind its line break


def parse(
    data: bytes,
    limits: Limits = DEFAULT_LIMITS,
    *,
    sealed: bool = False,
    allow_duplicates: bool = False,
    marks_are_text: bool = False,
) -> DotenvDocument:
    """Scan a dotenv file. Raises `FormatError` with the number of a line that is wrong, never with its text.

    With `marks_are_text` CR and a byte order mark stay in values and names, where SOPS has them.
    """
    text, marks = decode_lines(data), Marks()
    if sealed:
        text = _as_others_write_it(_as_committed(text))
    elif not marks_are_text:
        text, marks = _take_off(text)
    leaves, lines = _scan(text, allow_duplicates, limits)
    refuse_sizes(text, leaves, limits)
    if has_other_bytes(text):
        leaves = [leaf if leaf.is_comment else leaf._replace(value=as_value(str(leaf.value))) for leaf in leaves]
    return DotenvDocument(text, leaves, lines, marks)


def _scan(text: str, allow_duplicates: bool, limits: Limits) -> tuple[list[Leaf], list[_MetadataLine]]:
    leaves: list[Leaf] = []
    lines: list[_MetadataLine] = []
    append, new, most = leaves.append, tuple.__new__, limits.leaves
    names: set[str] = set()
    active: Sequence[str] = ()
    run = CommentRun()  # since the last value
    position = 0
    # Most files are split at once; one of millions of lines would take a gigabyte for that.
    for line in text.split("\n") if text.count("\n") <= most else _lines(text):
        end = position + len(line)
        if not line:
            pass
        elif line[0] == "#":
            comment = line[1:]
            append(Leaf(0, (), (), position + 1, end, "#", comment, active, True))
            run.texts.append(comment)
            active = CommentsInForce((run,))
        elif line[0] == "\n":
            pass
        else:
            key, equals, source = line.partition("=")
            if not equals:
                raise _no_equals_error(text, position, line)
            if key in names and not allow_duplicates:
                raise duplicate_key_error(key, text, position)
            names.add(key)
            value = source.replace("\\n", "\n") if "\\" in source else source
            if key.startswith(_PREFIX):
                lines.append(_MetadataLine(key[len(_PREFIX) :], value, position, min(end + 1, len(text))))
            else:
                place = (key,)
                append(new(Leaf, (0, place, place, end - len(source), end, "", value, active, False, (), None)))
                if active:
                    active, run = (), CommentRun()
        if len(leaves) > most:
            raise too_many_leaves_error(limits)
        position = end + 1
    return leaves, lines


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text one by one; a run of empty ones as what is between them, in one piece."""
    start = 0
    while start < len(text):
        if text[start] == "\n":
            run = _EMPTY_LINES.match(text, start)
            yield run[0][1:]
            start = run.end()
        else:
            end = text.find("\n", start)
            yield text[start:] if end < 0 else text[start:end]
            start = len(text) if end < 0 else end + 1


_EMPTY_LINES = LazyPattern("\n+")


def _no_equals_error(text: str, position: int, line: str) -> FormatError:
    hint = "write KEY=value, or # in the first column for a comment"
    if line == "\r":
        hint = "some lines end in CR LF and others in LF: save the file with one kind of line end"
    elif line.startswith(_BYTE_ORDER_MARK):
        hint = "the file begins with a byte order mark (BOM): save it as UTF-8 without one"
    return FormatError("a line without =", line=line_of(text, position), hint=hint)


class DotenvDocument(SplicedDocument):
    """A dotenv file."""

    format: ClassVar[str] = "dotenv"

    def __init__(self, text: str, leaves: Sequence[Leaf], lines: Sequence[_MetadataLine], marks: Marks) -> None:
        super().__init__(text, leaves)
        self._lines = lines
        self._marks = marks

    def remember(self) -> Mapping[str, object]:
        """Return what Windows added to the file: encrypted, the file is without it."""
        found: dict[str, object] = {}
        if self._marks.byte_order_mark:
            found["byte_order_mark"] = "yes"
        if self._marks.crlf:
            found["line_ends"] = "CRLF"
        return found

    def _remembered(self) -> Marks:
        """Return the marks that the metadata remembers; without metadata, those of this file."""
        mapping = self.metadata() if self._lines else None
        if mapping is None:
            return self._marks
        ours = mapping.get("leafseal")
        if not isinstance(ours, dict):
            return Marks()
        return Marks(ours.get("byte_order_mark") == "yes", ours.get("line_ends") == "CRLF")

    def metadata(self) -> Mapping[str, object] | None:
        """Return what the keys that start with `sops_` say, nested."""
        return flat_metadata([(line.name, line.value) for line in self._lines])

    def keeps_places(self) -> bool:
        """Return True: each line stays a line of its own."""
        return True

    def seal_edits(self, tokens: Sequence[tuple[Leaf, str]], kept: Sequence[Leaf] = ()) -> Sealing:
        """Return the edits that put tokens in the places of values and of the texts of comments."""
        new = tuple.__new__
        return Sealing([new(Edit, (leaf[3], leaf[4], token)) for leaf, token in tokens], [])

    def open_edits(self, opened: Sequence[tuple[Leaf, Scalar]], spellings: Mapping[str, str]) -> list[Edit]:
        """Return the edits that put values where tokens stand, one for each, in order."""
        new = tuple.__new__
        return [
            new(Edit, (leaf[3], leaf[4], value if value.__class__ is str and "\n" not in value else source_of(value)))
            for leaf, value in opened
        ]

    def set_edits(self, locator: Locator, value: object, document: int = 0) -> list[Edit]:
        """Return the edit that stores `value`, as text, under a key; a new key goes to the end."""
        from leafseal.formats.dotenv import edit

        return edit.set_edits(self, locator, value, self._marks)

    def unset_edits(self, locator: Locator, document: int = 0) -> list[Edit]:
        """Return the edit that removes the line of a key."""
        from leafseal.formats.dotenv import edit

        return edit.unset_edits(self, locator)

    def members(self) -> DotenvMembers:
        """Return the lines of keys, for many changes at once."""
        from leafseal.formats.dotenv.members import DotenvMembers

        return DotenvMembers(self, self._marks)

    def repeated(self) -> Sequence[Repeated]:
        """Return the keys that have several lines."""
        from leafseal.formats.dotenv import edit

        return edit.repeated(self)

    def appended(self, line: str) -> Edit:
        """Return the edit that adds a line before the metadata, or at the end."""
        end = self._lines[0].start if self._lines else len(self._text)
        if end and self._text[end - 1] != "\n":
            return Edit(end, end, "\n" + line[:-1])  # what ended without a line break still does
        return Edit(end, end, line)

    def without(self, start: int, end: int) -> Edit:
        """Return the edit that cuts whole lines; the last one, without a line break, takes the one before it along."""
        if start and self._text[end - 1] != "\n":
            start -= 1
        return Edit(start, end, "")

    def rewrite(
        self,
        edits: Sequence[Edit],
        metadata: NewMetadata = KEEP,
        indent: int | None = None,
        before: Document | None = None,
    ) -> bytes:
        """Return the file with `edits` made and its metadata kept, replaced, added or cut out."""
        if isinstance(metadata, Keep):
            return self._marked(edits, self._marks)
        runs = list(self._runs())
        if metadata is None:
            return self._marked([*edits, *(self.without(*run) for run in runs)], self._remembered())
        block = _block(metadata, before._lines if isinstance(before, DotenvDocument) else self._lines)
        if not runs:
            return self._spliced([*edits, self.appended(block)])
        start, end = runs[0]
        first = Edit(start, end, block if self._text[end - 1] == "\n" else block[:-1])
        return self._spliced([*edits, first, *(self.without(*run) for run in runs[1:])])

    def _marked(self, edits: Sequence[Edit], marks: Marks) -> bytes:
        return marks.put_on(apply_edits(self._text, edits)).encode("utf-8", "surrogateescape")

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Yield the spans of metadata lines that follow each other."""
        start = end = -1
        for line in self._lines:
            if line.start != end:
                if start >= 0:
                    yield start, end
                start = line.start
            end = line.end
        if start >= 0:
            yield start, end


def _block(metadata: Mapping[str, object], old: Sequence[_MetadataLine]) -> str:
    """Return the metadata as lines, in the order of the old ones."""
    from leafseal.document.order import in_old_order
    from leafseal.formats.flattening import flatten

    flat = flatten(metadata)
    names = in_old_order((line.name for line in old), list(flat))
    return "".join(f"{_PREFIX}{name}={source_of(flat[name])}\n" for name in names)


def source_of(value: Scalar | None) -> str:
    """Return the text of a value. Line breaks are all that needs another spelling."""
    return as_text(to_plain_text(value)).replace("\n", "\\n")


def _for_shells(value: Scalar | None) -> str:
    from leafseal.formats.shell_quotes import quoted

    return "" if value is None else quoted(as_text(to_plain_text(value)))


def checked_key(key: str) -> str:
    """Return a key that a line can hold. Raises `EmitError` for another."""
    if "=" in key or "\n" in key or "\0" in key or key.startswith("#"):
        raise EmitError(
            f"dotenv cannot contain the key {visible(key)}", hint="choose a name without =, line breaks and a leading #"
        )
    return key


def emit(documents: Sequence[MappingNode], *, indent: int | None = None, for_shells: bool = False) -> bytes:
    """Return the first document as a dotenv file. Raises `EmitError` for what one cannot hold.

    With `for_shells` values are quoted where a shell would take them for something else; null is empty.
    """
    lines: list[str] = []
    for item in documents[0].items if documents else []:
        if isinstance(item, Comment):
            lines += [f"#{line}\n" for line in item.text.split("\n")]
            continue
        key, value = item
        if isinstance(value, MappingNode | ListNode):
            raise EmitError(f"cannot use complex value in dotenv file; offending key {visible(key)}")
        lines.append(f"{checked_key(key)}={_for_shells(value) if for_shells else source_of(value)}\n")
    return "".join(lines).encode("utf-8", "surrogateescape")
