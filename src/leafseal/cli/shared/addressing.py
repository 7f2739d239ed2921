"""Which value of a file is meant: the document that it is in, and what is said of paths that lead nowhere."""

from __future__ import annotations

from leafseal.display import for_shell
from leafseal.document import Locator
from leafseal.document.paths import format_path
from leafseal.errors import PathError
from leafseal.operations.extract import locate, part_at
from leafseal.operations.open import Opened
from leafseal.system import terminal


def document_number(file: str, opened: Opened, number: int | None, *, what: str) -> int:
    """Return the number of the document that is meant: that it is the first is said, where there are several."""
    count = max(opened.document.document_count, 1)
    if number is None and count > 1:
        terminal.warn(f"{file}: contains {count} documents; {what}; to choose, add --document N, from 0")
    if number is not None and number >= count:
        raise PathError(f"there is no document {number}; the last is {count - 1}")
    return number or 0


def with_suggestion(error: PathError, opened: Opened, locator: Locator, path: str, document: int) -> PathError:
    """Return an error about a place that is not there, with a hint at what is nearly there."""
    if "/" in path and not path.startswith("/") and _exists(opened, f"/{path}", document):
        return error.with_hint(f"begin it with a slash: {for_shell(f'/{path}')}")
    from leafseal.operations.near import nearest

    if error.hint is None and (near := nearest(opened, locator, document)):
        return error.with_hint(f"the file has {for_shell(format_path(near))}")
    return error


def _exists(opened: Opened, path: str, document: int) -> bool:
    try:
        part_at(opened, locate(opened, path, document), document)
    except PathError:
        return False
    return True
