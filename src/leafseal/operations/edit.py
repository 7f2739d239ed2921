"""Change the plain text of an opened file: a whole new text, or one value, and then nothing else may move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from leafseal.document import Document, Edit, Leaf, Locator, Path
from leafseal.document.paths import format_path, resolve_path
from leafseal.document.scalars import Empty, Scalar, to_bytes, to_plain_text, type_word
from leafseal.errors import FormatError, IntegrityError, MetadataError, PathError, RefusedError
from leafseal.formats import FORMATS, parse
from leafseal.operations.leaves import Spare
from leafseal.operations.open import Opened


class Draft:
    """An edited text of an opened file, scanned once: guards look at it, then it is sealed."""

    __slots__ = ("document", "plain")

    def __init__(self, document: Document, plain: bytes) -> None:
        self.document = document
        self.plain = plain

    @classmethod
    def of(cls, opened: Opened, text: bytes) -> Draft:
        """Scan what an editor made of the text. Raises `FormatError`."""
        return cls(parse(text, opened.document.format, opened.read), text)


def only_below(path: str) -> Callable[[Document], Spare]:
    """Return what spares whatever a path expression leads to, for those who put something else there."""

    def of(document: Document) -> Spare:
        def spare(leaf: Leaf, _error: IntegrityError) -> bool:
            try:
                locator = resolve_path(path, [leaf.locator for leaf in document.leaves() if leaf.document == 0])
            except PathError:
                return False
            is_below = leaf.document == 0 and leaf.locator[: len(locator)] == locator
            return is_below and bool(locator) and not leaf.is_comment

        return spare

    return of


def draft_with(opened: Opened, locator: Locator, value: object) -> Draft:
    """Return the text of an opened file with `value` at `locator` of the first document."""
    draft = _edit_plain(opened, locator, locator, lambda document: document.set_edits(locator, value))
    document = draft.document
    as_text = FORMATS[document.format].is_text_only
    stored = [
        (leaf.locator, *_known(leaf.value))
        for leaf in document.leaves()
        if leaf.document == 0 and not leaf.is_comment and leaf.locator[: len(locator)] == locator
    ]
    expected = [
        (place, *_known(to_plain_text(scalar) if as_text else scalar)) for place, scalar in _flat(value, locator)
    ]
    if [item for item in stored if item[1]] != expected and not _is_reserved(document):
        raise RefusedError(f"{format_path(locator)}: the value cannot be written in this place", hint=_HINT)
    return draft


def _is_reserved(document: Document) -> bool:
    # What was set is metadata now: whoever seals the document refuses it, and says why.
    try:
        return document.metadata() is not None
    except MetadataError:
        return True


def _flat(value: object, locator: Locator) -> Iterator[tuple[Locator, Scalar]]:
    """Yield the scalars in a value with their places; nulls and empty containers have nothing to compare."""
    if isinstance(value, Mapping | list | tuple):
        for name, member in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _flat(member, (*locator, name))
    elif value is not None:
        yield locator, cast(Scalar, value)


def _known(value: Scalar | Empty | None) -> tuple[str, bytes]:
    if value is None or isinstance(value, Empty):
        return "", b""
    # A float without a fraction is written as an int is.
    return type_word(value).replace("float", "int"), to_bytes(value)


def draft_without(opened: Opened, locator: Locator) -> Draft:
    """Return the text of an opened file without what stands at `locator` of the first document."""
    return _edit_plain(opened, locator, None, lambda document: document.unset_edits(locator))


def _edit_plain(
    opened: Opened, locator: Locator, new: Locator | None, change: Callable[[Document], list[Edit]]
) -> Draft:
    """Change what stands at `locator`, and make sure that nothing else did; `new` is where something stands now."""
    document = opened.plain_document()
    edits = change(document)
    try:
        draft = Draft.of(opened, document.rewrite(edits))
        moved = _others(draft.document, new) != _others(document, locator)
    except FormatError:
        moved = True
    if moved:
        raise RefusedError(
            f"{format_path(locator)}: this change cannot be made without moving something else",
            hint=_HINT,
        )
    return draft


_HINT = 'make it with "leafseal edit"'


def _others(document: Document, locator: Locator | None) -> list[tuple[int, Path, str, bytes]]:
    """Return all values but those at `locator` of the first document, in a form that tells 1 from 1.0 and True."""
    depth = len(locator or ())
    return [
        (leaf.document, leaf.path, type_word(leaf.value), to_bytes(leaf.value))
        for leaf in document.leaves()
        if not (leaf.is_comment or leaf.value is None or isinstance(leaf.value, Empty))
        and not (leaf.document == 0 and leaf.locator[:depth] == locator)
    ]
