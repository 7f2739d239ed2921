"""Change one value in the plain text of an opened file, and make sure that nothing else moved."""

from __future__ import annotations

from collections.abc import Callable

from leaflock.document import Document, Edit, Locator, Path
from leaflock.errors import FormatError, RefusedError
from leaflock.formats import parse
from leaflock.opened import Opened
from leaflock.paths import format_path
from leaflock.scalars import Empty, to_bytes, type_word


def plain_with(opened: Opened, locator: Locator, value: object) -> bytes:
    """Return the plain text of an opened file with `value` at `locator` of the first document."""
    return _edit_plain(opened, locator, locator, lambda document: document.set_edits(locator, value))


def plain_without(opened: Opened, locator: Locator) -> bytes:
    """Return the plain text of an opened file without what stands at `locator` of the first document."""
    return _edit_plain(opened, locator, None, lambda document: document.unset_edits(locator))


def _edit_plain(
    opened: Opened, locator: Locator, new: Locator | None, change: Callable[[Document], list[Edit]]
) -> bytes:
    """Change what stands at `locator`, and make sure that nothing else did; `new` is where something stands now."""
    document = parse(opened.plaintext(), opened.document.format, limits=opened.limits)
    try:
        plain = document.rewrite(change(document))
        moved = _others(parse(plain, document.format, limits=opened.limits), new) != _others(document, locator)
    except FormatError:
        moved = True
    if moved:
        raise RefusedError(
            f"{format_path(locator)}: this change cannot be made without moving something else",
            hint='make it with "leaflock edit"',
        )
    return plain


def _others(document: Document, locator: Locator | None) -> list[tuple[int, Path, str, bytes]]:
    """Return all values but those at `locator` of the first document, in a form that tells 1 from 1.0 and True."""
    depth = len(locator or ())
    return [
        (leaf.document, leaf.path, type_word(leaf.value), to_bytes(leaf.value))
        for leaf in document.leaves()
        if not (leaf.is_comment or leaf.value is None or isinstance(leaf.value, Empty))
        and not (leaf.document == 0 and leaf.locator[:depth] == locator)
    ]
