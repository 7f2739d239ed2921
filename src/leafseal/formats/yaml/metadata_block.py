"""Where the metadata block of a YAML file goes, and how it is taken out again (splicing §5).

Each document gets a block: behind a block mapping at its column, inside a flow mapping behind its last member. What we
alone remember (`leafseal`) stands in the first, where it is read from: its size goes with that of the whole file.
What the insertion had to add to the text (a line break, a comma) is laid out so that cutting the block takes it along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leafseal.document import Edit
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.formats.yaml.block_changes import changed_block
from leafseal.formats.yaml.containers import Container, DocumentNote
from leafseal.formats.yaml.lines import BREAK, COMMENT

_COMMENT = LazyPattern(COMMENT)
_LINE_END = LazyPattern(rf"[ \t]*(?:{COMMENT})?({BREAK}|\Z)")


Block = tuple[int, str]
"""The metadata of one document: the column of its root and whole lines, or -1 and a member in flow style."""


def blocks_of(text: str, documents: Sequence[DocumentNote]) -> list[Block]:
    """Return the block of every document that has one, without the break of its last line."""
    return [block_of(text, note) for note in documents if note.metadata is not None]


def block_of(text: str, note: DocumentNote) -> Block:
    """Return the block of a document that has one."""
    start, end = _span(text, note)
    column = -1 if note.root is None or note.root.flow else note.root.column
    return column, " " * column + text[start:end]


def _span(text: str, note: DocumentNote) -> tuple[int, int]:
    """Return the span of a block, the comment on its last line included."""
    assert note.metadata is not None
    start, end = note.metadata
    match = None if note.root is None or note.root.flow else _LINE_END.match(text, end)
    return start, end if match is None else match.start(1)


def insertions(
    text: str,
    documents: Sequence[DocumentNote],
    metadata: Mapping[str, object],
    indent: int,
    old: Sequence[Block] = (),
) -> list[Edit]:
    """Return the edits that add the block to every document that has none; `old` are the blocks they had before."""
    blocks = _Blocks(text, documents, metadata, indent, old)
    return [edit for note in documents for edit in blocks.insertion(note)]


class _Blocks:
    """The metadata as it is written in each document of a file."""

    def __init__(
        self,
        text: str,
        documents: Sequence[DocumentNote],
        metadata: Mapping[str, object],
        indent: int,
        old: Sequence[Block],
    ) -> None:
        self._text = text
        self._first = documents[0]
        self._old = {id(note): block for note, block in zip(documents, old, strict=False)}
        self._metadata = metadata
        self._shared = {name: value for name, value in metadata.items() if name != "leafseal"}
        self._indent = indent
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._written: dict[tuple[int, bool, str], str] = {}

    def insertion(self, note: DocumentNote) -> list[Edit]:
        """Return the edits that add the block to a document."""
        if note.root is not None and note.root.flow:
            if _is_nothing(self._text, note, note.root):
                block = self._block(note, self._old.get(id(note))).removesuffix(self._newline)
                return [Edit(note.root.start, note.root.end, block)]
            return [_into_flow(self._text, note, self._member(note, self._old.get(id(note))))]
        edits = [_behind_block(self._text, note.end, self._block(note, self._old.get(id(note))), self._newline)]
        if note.root_word is not None:
            edits.append(Edit(*note.root_word, ""))
        return edits

    def replacement(self, note: DocumentNote) -> Edit:
        """Return the edit that puts the block in the place of the one that a document has."""
        start, end = _span(self._text, note)
        old = block_of(self._text, note)
        if note.root is not None and note.root.flow:
            return Edit(start, end, self._member(note, old))
        column = note.root.column if note.root else 0
        return Edit(start, end, _without_break(self._block(note, old))[column:])

    def _of(self, note: DocumentNote) -> Mapping[str, object]:
        return self._metadata if note is self._first else self._shared

    def _member(self, note: DocumentNote, old: Block | None) -> str:
        from leafseal.formats.yaml.emitter import flow_json

        def emit(metadata: Mapping[str, object]) -> str:
            return f'{{"sops": {flow_json(metadata)}}}'

        written = None if old is None or old[0] >= 0 else changed_block(f"{{{old[1]}}}", self._of(note), emit)
        return (written or emit(self._of(note)))[1:-1]

    def _block(self, note: DocumentNote, old: Block | None) -> str:
        from leafseal.formats.yaml.emitter import emit_mapping_block  # whoever only reads does not need it

        column = note.root.column if note.root else 0
        source = ""
        if old is not None and old[0] == column:
            source = old[1] + ("\r\n" if "\r\n" in old[1] else "\n")

        def emit(metadata: Mapping[str, object]) -> str:
            return emit_mapping_block("sops", metadata, column=column, indent=self._indent, newline=self._newline)

        key = (column, note is self._first, source)
        if key not in self._written:
            written = changed_block(source, self._of(note), emit) if source else None
            self._written[key] = written or emit(self._of(note))
        return self._written[key]


def _behind_block(text: str, position: int, block: str, newline: str) -> Edit:
    if position == 0 or text[position - 1] in "\r\n\ufeff":
        return Edit(position, position, block)
    # Only the end of the file can lack a line break; the block lacks its own then, and so remembers it.
    return Edit(position, position, newline + _without_break(block))


def _without_break(block: str) -> str:
    return block.removesuffix("\n").removesuffix("\r")


def _is_nothing(text: str, note: DocumentNote, root: Container) -> bool:
    """Tell whether a document is the line `{}`, which is what remains where its block is cut out."""
    if root.column or text[root.start : root.end] != "{}" or text.endswith("---", 0, note.start):
        return False
    line = _LINE_END.match(text, root.end)
    return line is not None and "#" not in line[0]


def _into_flow(text: str, note: DocumentNote, member: str) -> Edit:
    root = note.root
    assert root is not None
    if not _COMMENT.sub("", text[root.start + 1 : root.end - 1]).strip():
        return Edit(root.start + 1, root.start + 1, member)
    comma = _comma(text, note.last_end, root.end - 1)
    if comma is None:
        return Edit(note.last_end, note.last_end, f", {member}")
    return Edit(comma + 1, comma + 1, f" {member},")


def _comma(text: str, start: int, end: int) -> int | None:
    """Return where the comma between `start` and `end` stands that is not in a comment."""
    position = start
    while position < end:
        if text[position] == ",":
            return position
        if text[position] == "#":
            position = _COMMENT.match(text, position).end()
        else:
            position += 1
    return None


def removals(
    text: str, documents: Sequence[DocumentNote], root_words: Mapping[str, object], *, keep_break: bool = False
) -> list[Edit]:
    """Return the edits that cut the block out of every document, and put back a document that was `null`.

    A block that no line break ends takes the one before it along, unless `keep_break`.
    """
    edits = []
    for index, note in enumerate(documents):
        if note.metadata is not None:
            edits.append(_cut_flow(text, note) if note.root and note.root.flow else _cut_block(text, note, keep_break))
            word = _ROOT_WORD.fullmatch(str(root_words.get(f"d{index}", "")))
            if word is not None:
                position = _position(text, note.start, int(word[1]), int(word[2]))
                cut = edits[-1]
                if position == cut.start:
                    edits[-1] = cut._replace(new=word[3])
                elif position < cut.start:
                    edits.append(Edit(position, position, word[3]))
            elif _is_nothing_without(text, note, edits[-1]):
                edits[-1] = _empty_mapping(text, edits[-1])
    return edits


def _is_nothing_without(text: str, note: DocumentNote, cut: Edit) -> bool:
    """Tell whether a document that no `---` begins is none once its block is cut out."""
    rest = text[note.start : cut.start] + text[cut.end : note.end]
    return not text.endswith("---", 0, note.start) and not _COMMENT.sub("", rest).strip(" \t\r\n\ufeff")


def _empty_mapping(text: str, cut: Edit) -> Edit:
    """Return the edit that leaves `{}` in the place of a block, with the line break that it had."""
    taken = text[cut.start : cut.end]
    before = taken[: len(taken) - len(taken.lstrip("\r\n"))]
    behind = taken[len(taken.rstrip("\r\n")) :]
    return cut._replace(new=f"{before}{{}}{behind}")


_ROOT_WORD = LazyPattern(r"(\d{1,6})\.(\d{1,6}):(~|null|Null|NULL)")


def root_words(text: str, documents: Sequence[DocumentNote]) -> dict[str, str]:
    """Return the documents that are a single `null`, each with its line and column counted from the document's start.

    Lines and columns survive the sealing of comments before it, offsets would not.
    """
    found = {}
    for index, note in enumerate(documents):
        if note.root_word is not None:
            start, end = note.root_word
            line = text.count("\n", note.start, start)
            column = start - max(note.start, text.rfind("\n", note.start, start) + 1)
            found[f"d{index}"] = f"{line}.{column}:{text[start:end]}"
    return found


def _position(text: str, start: int, line: int, column: int) -> int:
    for _ in range(line):
        start = text.find("\n", start) + 1
    return start + column


def _cut_block(text: str, note: DocumentNote, keep_break: bool) -> Edit:
    assert note.metadata is not None
    start, end = note.metadata
    line = max(text.rfind("\n", note.start, start), text.rfind("\r", note.start, start), note.start - 1) + 1
    match = _LINE_END.match(text, end)
    if match is None:
        return Edit(start, end, "")
    if not match[1] and line > note.start and not keep_break:
        # The block ends without a line break: the break before it came with it.
        line -= 2 if text[line - 2 : line] == "\r\n" else 1
    return Edit(line, match.end(), "")


def _cut_flow(text: str, note: DocumentNote) -> Edit:
    assert note.metadata is not None
    assert note.root is not None
    start, end = note.metadata
    before = note.before_metadata if note.before_metadata is not None else note.root.start + 1
    leading = _comma(text, before, start)
    trailing = _comma(text, end, note.root.end - 1)
    if trailing is not None and leading is not None:
        return Edit(leading + 1, trailing + 1, "")
    if trailing is not None:
        return Edit(start, trailing + 1, "")
    return Edit(leading if leading is not None else start, end, "")


def replacements(
    text: str, documents: Sequence[DocumentNote], metadata: Mapping[str, object], indent: int
) -> list[Edit]:
    """Return the edits that put another block where each document has one, and add it where one has none."""
    blocks = _Blocks(text, documents, metadata, indent, ())
    return [
        edit
        for note in documents
        for edit in (blocks.insertion(note) if note.metadata is None else [blocks.replacement(note)])
    ]
