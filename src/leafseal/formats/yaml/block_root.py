"""A YAML file whose documents are block mappings at the margin: there readers look for a line `sops:`.

A document that is a flow mapping is written in block style, as SOPS does, values in their own spelling; one whose lines
all stand in is moved to the margin. Any other stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.document import Edit, Leaf, apply_edits
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.scalars import Empty, Scalar
from leafseal.document.tree import Comment, MappingNode, build
from leafseal.formats.yaml.containers import Container, DocumentNote, Scan
from leafseal.formats.yaml.emitter import Verbatim, emit_document, scalar_text
from leafseal.formats.yaml.lines import BREAKS
from leafseal.formats.yaml.seal import tails
from leafseal.formats.yaml.style import ONE_LINE

_BREAK = LazyPattern(f"[{BREAKS}]")


def with_block_roots(text: str, scan: Scan, indent: int, *, keeps_spelling: bool) -> str:
    """Return the text with every document as a block mapping at the margin.

    With `keeps_spelling` values that stand on one line, without a tag or an anchor, keep their text.
    """
    trees: list[MappingNode] = []
    newline = "\r\n" if "\r\n" in text else "\n"
    edits = []
    for index, note in enumerate(scan.documents):
        root = note.root
        if root is not None and root.flow:
            trees = trees or build(_written(text, scan, keeps_spelling))
            lines = _in_block_style(text, note, trees[index], indent).replace("\n", newline)
            is_behind_text = not _begins_line(text, note.start)
            # Behind a byte order mark the metadata would not begin its line.
            is_behind_mark = lines.startswith("{}") and text.endswith("\ufeff", 0, note.start)
            edits.append(Edit(note.start, note.end, newline + lines if is_behind_text or is_behind_mark else lines))
        elif root is not None and root.column:
            edits.append(_moved(text, note, root.column))
    return apply_edits(text, edits)


def least_size(scan: Scan, indent: int) -> int:
    """Return how many characters the indentation of the values takes, at the least, where all are in block style."""
    return indent * sum(len(leaf.locator) - 1 for leaf in scan.leaves if leaf.locator)


def _begins_line(text: str, position: int) -> bool:
    return not position or text[position - 1] in BREAKS + "\ufeff"


def _moved(text: str, note: DocumentNote, column: int) -> Edit:
    """Return the edit that moves a document's lines to the margin; lines that stand less far in, as far as they do."""
    import re  # such files are rare

    margin = f"(?<=[{BREAKS}])" + ("|\\A" if _begins_line(text, note.start) else "")
    return Edit(note.start, note.end, re.sub(f"(?:{margin}) {{1,{column}}}", "", text[note.start : note.end]))


def _in_block_style(text: str, note: DocumentNote, root: MappingNode, indent: int) -> str:
    written = emit_document(root, indent)
    if text.endswith("---", 0, note.start) and all(isinstance(item, Comment) for item in root.items):
        written = written.removesuffix("{}\n")  # nothing at all will do
    return written


def _written(text: str, scan: Scan, keeps_spelling: bool) -> list[tuple[Leaf, Scalar | Empty | None]]:
    """Return the leaves with what is written for them: a comment with the value that it is beside.

    Comments outside of documents, which stay where they are, are left out.
    """
    beside = {(leaf.document, leaf.locator): comment for leaf, comment in full_tails(text, scan.leaves)}
    taken = {comment.start for comment in beside.values()}
    documents = scan.documents
    written: list[tuple[Leaf, Scalar | Empty | None]] = []
    for leaf in scan.leaves:
        if not leaf.is_comment:
            value = _value(text, leaf, keeps_spelling)
            comment = beside.get((leaf.document, leaf.locator))
            written.append((leaf, value if comment is None else _with_comment(value, str(comment.value))))
        elif leaf.start not in taken:
            note = documents[leaf.document]
            if note.start < leaf.start <= note.end:
                written.append((leaf, leaf.value))
    return written


def full_tails(text: str, leaves: Sequence[Leaf]) -> list[tuple[Leaf, Leaf]]:
    """Return the values that have a comment beside them, nulls and empty ones aside; and it."""
    return [pair for pair in tails(text, leaves) if pair[0].value is not None and not isinstance(pair[0].value, Empty)]


def _with_comment(value: Scalar | Empty | None, comment: str) -> Verbatim:
    assert not isinstance(value, Empty)
    return Verbatim(f"{scalar_text(value, indent=0, flow=True)} #{comment}")


def _value(text: str, leaf: Leaf, keeps_spelling: bool) -> Scalar | Empty | None:
    value = leaf.value
    if value is None or isinstance(value, Empty):
        return value
    if keeps_spelling and leaf.style in ONE_LINE and isinstance(leaf.place, Container):
        source = text[leaf.start : leaf.end]
        may_begin_more = isinstance(value, str) and not leaf.style and source[0] in "-?:"
        if not may_begin_more and not _BREAK.search(source):
            return Verbatim(source)
    if isinstance(value, float) and (digits := scalar_text(value, indent=0)).lstrip("-").isdigit():
        return Verbatim(digits + ".0")  # nothing but its text says that it is no integer
    return value
