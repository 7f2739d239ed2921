"""Change the plain text of an opened file: a whole new text, or one value, and then nothing else may move."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from leafseal.document import Document, Edit, Leaf, Locator, Path
from leafseal.document.exact import Day, ExactNumber
from leafseal.document.frozen import NamedTuple
from leafseal.document.paths import format_path, resolve_path
from leafseal.document.scalars import Empty, Scalar, to_bytes, to_plain_text, type_word
from leafseal.errors import (
    FormatError,
    IntegrityError,
    InvalidValueError,
    MetadataError,
    PathError,
    RefusedError,
)
from leafseal.formats import FORMATS, parse
from leafseal.operations.leaves import Spare
from leafseal.operations.open import Opened


class Draft:
    """An edited text of an opened file, scanned once: guards look at it, then it is sealed."""

    __slots__ = ("document", "plain", "settled")

    def __init__(self, document: Document, plain: bytes, settled: tuple[int, Locator] | None = None) -> None:
        self.document = document
        self.plain = plain
        self.settled = settled  # the document and the place in it that was changed by name

    @classmethod
    def of(cls, opened: Opened, text: bytes) -> Draft:
        """Scan what an editor made of the text. Raises `FormatError`."""
        return cls(parse(text, opened.document.format, opened.read), text)


def only_below(path: str, number: int = 0) -> Callable[[Document], Spare]:
    """Return what spares whatever a path expression leads to in a document, for those who put something else there."""

    def of(document: Document) -> Spare:
        @functools.cache  # it is asked about every empty value too
        def place() -> Locator:
            try:
                return resolve_path(path, [leaf.locator for leaf in document.leaves() if leaf.document == number])
            except PathError:
                return ()

        def spare(leaf: Leaf, _error: IntegrityError) -> bool:
            locator = place()
            is_below = leaf.document == number and leaf.locator[: len(locator)] == locator
            return is_below and bool(locator) and not leaf.is_comment

        return spare

    return of


def draft_with(
    opened: Opened, locator: Locator, value: object, *, document: int = 0, expand_aliases: bool = False
) -> Draft:
    """Return the text of an opened file with `value` at `locator` of a document.

    `expand_aliases` writes out the aliases that the change would change too. Raises `InvalidValueError` for text that
    cannot be encoded.
    """
    _refuse_half_characters(locator, value, bears_bytes=FORMATS[opened.document.format].is_text_only)
    place = _Place(document, locator)
    draft = _as_spelled(opened, place, value)
    if draft is not None:
        draft.settled = place
        return draft
    draft = _edit_plain(opened, place, place, lambda plain: plain.set_edits(locator, value, document), expand_aliases)
    if not _holds(draft.document, place, value) and not _is_reserved(draft.document):
        raise RefusedError(f"{format_path(locator)}: the value cannot be written in this place", hint=_HINT)
    draft.settled = place
    return draft


class _Place(NamedTuple):
    document: int
    locator: Locator

    def has(self, leaf: Leaf) -> bool:
        """Tell whether a leaf is here, or below."""
        return leaf.document == self.document and leaf.locator[: len(self.locator)] == self.locator


def _holds(document: Document, place: _Place, value: object) -> bool:
    """Tell whether `value`, and nothing else, is at a place."""
    as_text = FORMATS[document.format].is_text_only
    stored = [
        (leaf.locator, *_known(leaf.value)) for leaf in document.leaves() if not leaf.is_comment and place.has(leaf)
    ]
    expected = [
        (locator, *_known(to_plain_text(scalar) if as_text and scalar is not None else scalar))
        for locator, scalar in _flat(value, place.locator)
    ]
    if as_text:  # what is empty there is not always a leaf
        stored, expected = ([item for item in items if item[1]] for items in (stored, expected))
    return stored == expected


def _as_spelled(opened: Opened, place: _Place, value: object) -> Draft | None:
    """Return the draft with `value` spelled as it was there, None where it was another or nothing says how.

    Where a name was changed by hand the old token is still there, and its spelling. That is used without tag and
    anchor, which may have been meant for another place.
    """
    if not isinstance(value, Scalar) or value == "" or type(value) in (ExactNumber, Day):
        return None  # some say themselves how they are spelled
    document = opened.plain_document()
    leaf = next((leaf for leaf in document.leaves() if (leaf.document, leaf.locator) == place), None)
    if leaf is None or leaf.value is None or isinstance(leaf.value, Empty):
        return None
    tails = document.tails()
    if FORMATS[document.format].seals_tails and any(owner == leaf for owner, _ in tails):
        return None
    wanted = to_plain_text(value) if FORMATS[document.format].is_text_only else value
    if type_word(leaf.value) == type_word(wanted) and to_bytes(leaf.value) == to_bytes(wanted):
        return Draft(document, opened.plaintext())
    spelling = opened.spellings.get(str(leaf.value), "")
    if spelling[:1] != "C":
        return None
    edits = document.open_edits([(leaf, value)], {str(leaf.value): spelling})
    try:
        draft = _changed(opened, document, edits, place.locator, place, place)
    except RefusedError:
        return None
    return draft if _holds(draft.document, place, value) and len(draft.document.tails()) == len(tails) else None


def _refuse_half_characters(locator: Locator, value: object, *, bears_bytes: bool) -> None:
    """Raise `InvalidValueError` for lone surrogates: the error of encoding them would hold the whole file.

    Names that stand in the file may have some, which are bytes that are not UTF-8, where the format bears those.
    """
    names = "".join(step for step in locator if isinstance(step, str))
    try:
        names.encode("utf-8", "surrogateescape" if bears_bytes else "strict")
        for text in _texts(value):
            text.encode()
    except UnicodeEncodeError:
        has_one = True
    else:
        has_one = False
    if has_one:  # raised here, so that it has no context
        raise InvalidValueError(
            "the value or its path contains half of a surrogate pair, which is not a character",
            hint="store bytes that are not text as base64, or in a binary file",
        )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _texts(name)
            yield from _texts(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _texts(member)
    elif isinstance(value, str):
        yield value


def _is_reserved(document: Document) -> bool:
    # What was set is metadata now: whoever seals the document refuses it, and says why.
    try:
        return document.metadata() is not None
    except MetadataError:
        return True


def _flat(value: object, locator: Locator) -> Iterator[tuple[Locator, Scalar | None]]:
    """Yield the scalars in a value with their places, and None for each null and empty container."""
    if isinstance(value, Mapping | list | tuple) and value:
        for name, member in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _flat(member, (*locator, name))
    else:
        yield locator, None if isinstance(value, Mapping | list | tuple) else cast(Scalar | None, value)


def _known(value: Scalar | Empty | None) -> tuple[str, bytes]:
    if value is None or isinstance(value, Empty):
        return "", b""
    # A float without a fraction is written as an int is.
    return type_word(value).replace("float", "int"), to_bytes(value)


def draft_without(opened: Opened, locator: Locator, *, document: int = 0, expand_aliases: bool = False) -> Draft:
    """Return the text of an opened file without what stands at `locator` of a document."""
    place = _Place(document, locator)
    return _edit_plain(opened, place, None, lambda plain: plain.unset_edits(locator, document), expand_aliases)


def _edit_plain(
    opened: Opened,
    place: _Place,
    new: _Place | None,
    change: Callable[[Document], list[Edit]],
    expand_aliases: bool,
) -> Draft:
    """Change what is at a place, and make sure that nothing else did; `new` is where something is now."""
    document = opened.plain_document()
    if expand_aliases and (edits := document.alias_edits(place.locator, place.document)):
        document = _changed(opened, document, edits, place.locator, None, None).document
    return _changed(opened, document, change(document), place.locator, place, new)


def _changed(
    opened: Opened,
    document: Document,
    edits: list[Edit],
    path: Locator,
    was: _Place | None,
    new: _Place | None,
) -> Draft:
    """Make edits, and refuse them where anything but what stood at `was`, and stands at `new`, would be another."""
    try:
        draft = Draft.of(opened, document.rewrite(edits))
    except FormatError:
        raise _moving_error(path) from None
    before, after = _others(document, was), _others(draft.document, new)
    comments = unmoved_comments(document, draft.document, edits)
    if comments is None or [_content(leaf) for leaf in before] != [_content(leaf) for leaf in after]:
        raise _moving_error(path)
    selection = opened.metadata.selection
    kept = comments
    if selection.goes_by_comments:
        kept = [*zip(before, after, strict=True), *comments]  # under other rules the path decides, and it is the same
    for old, now in kept:
        if selection.selects(old) and not selection.selects(now):
            raise RefusedError(
                f"{format_path(now.locator) or 'the top level'}: this change would leave "
                f"{'a comment here' if now.is_comment else 'this value'} in plain text",
                hint=_DECIDED_HINT if selection.goes_by_comments else _COMMENT_HINT,
            )
    return draft


def _moving_error(path: Locator) -> RefusedError:
    return RefusedError(f"{format_path(path)}: this change cannot be made without moving something else", hint=_HINT)


_HINT = 'make it with "leafseal edit"'
_COMMENT_HINT = 'remove the comment as well, with "leafseal edit"'
_DECIDED_HINT = 'change the comments that decide it first, with "leafseal edit"'


def _others(document: Document, place: _Place | None) -> list[Leaf]:
    """Return all values but those at a place."""
    return [
        leaf
        for leaf in document.leaves()
        if not (leaf.is_comment or leaf.value is None or isinstance(leaf.value, Empty))
        and not (place is not None and place.has(leaf))
    ]


def _content(leaf: Leaf) -> tuple[int, Path, str, bytes]:
    """Return what must stay of a value, in a form that tells 1 from 1.0 and True."""
    value = cast(Scalar, leaf.value)
    return leaf.document, leaf.path, type_word(value), to_bytes(value)


def unmoved_comments(before: Document, after: Document, edits: Sequence[Edit]) -> list[tuple[Leaf, Leaf]] | None:
    """Return the comments outside of all edits, each with what became of it; None where one of them moved.

    A comment that an edit has the beginning of may go with it, but none may come or change. Each of their lines counts
    for itself: in INI files a comment joins the one above it when the key between them goes.
    """
    now = {line.end: line for line in _comment_lines(after)}
    inside: Counter[str] = Counter()
    pairs: list[tuple[Leaf, Leaf]] = []
    changes = sorted(edits)
    done = shift = 0  # the edits that end before a line, and how far they moved it
    for line in sorted(_comment_lines(before), key=lambda line: line.start):
        while done < len(changes) and changes[done].end < line.start:
            shift += len(changes[done].new) - (changes[done].end - changes[done].start)
            done += 1
        if done < len(changes) and changes[done].start < line.start:
            inside[line.text] += 1
            continue
        became = now.pop(line.end + shift, None)
        if became is None or became.text != line.text:
            return None
        pairs.append((line.leaf, became.leaf))
    return pairs if Counter(line.text for line in now.values()) <= inside else None


class _CommentLine(NamedTuple):
    start: int  # behind the marker
    end: int
    text: str
    leaf: Leaf


def _comment_lines(document: Document) -> Iterator[_CommentLine]:
    """Yield the lines of all comments, without markers; not those that hold nothing else."""
    for leaf in document.leaves():
        if leaf.is_comment:
            start = leaf.start
            for line in document.text[leaf.start : leaf.end].split("\n"):
                end = start + len(line.rstrip())
                start += len(line) + 1
                if text := line.strip(" \t\r#;"):
                    yield _CommentLine(end - len(text), end, text, leaf)
