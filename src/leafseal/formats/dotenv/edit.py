"""Set and remove the lines of a .env file in place."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.document import Edit, Leaf, Locator, Member, Repeated
from leafseal.errors import EmitError, PathError
from leafseal.formats.common import in_the_way_error, nothing_there_error, plain_text, repeated_of
from leafseal.formats.dotenv import DotenvDocument, Marks, checked_key, source_of


def set_edits(document: DotenvDocument, locator: Locator, value: object, marks: Marks) -> list[Edit]:
    """Return the edit that stores `value`, as text, under a key of a file from which `marks` were taken off."""
    key = _key_of(locator)
    source = checked_source(document.text, key, value, marks)
    for leaf in document.leaves():
        if leaf.locator == (key,):
            return [Edit(leaf.start, leaf.end, source)]
    return [document.appended(f"{checked_key(key)}={source}\n")]


def checked_source(text: str, key: str, value: object, marks: Marks) -> str:
    """Return a value as it is written under a key of a file. Raises `EmitError` for one that cannot be."""
    plain = plain_text(value, "dotenv")
    if "\\n" in plain:
        raise EmitError(
            "dotenv cannot contain a backslash before an n: it is read as a line break",
            hint="give the value with real line breaks, or keep it in a YAML or JSON file",
        )
    if plain.endswith("\r") and not marks.crlf and _ends_in_cr_but(text, key):
        raise EmitError(
            "dotenv cannot contain a CR at the end of each value: it is read as a Windows line end",
            hint="give the value without it, or keep it in a YAML or JSON file",
        )
    return source_of(plain)


def _ends_in_cr_but(text: str, key: str) -> bool:
    others = (line for line in text.split("\n")[:-1] if not line.startswith(f"{key}="))
    return all(line.endswith("\r") for line in others)


def unset_edits(document: DotenvDocument, locator: Locator) -> list[Edit]:
    """Return the edit that removes the line of a key. Raises `PathError`."""
    key = _key_of(locator)
    for leaf in document.leaves():
        if leaf.locator == (key,):
            return [document.without(*line_of(document, leaf))]
    raise nothing_there_error(locator)


def repeated(document: DotenvDocument) -> Sequence[Repeated]:
    """Return the keys that have several lines."""
    values = [leaf for leaf in document.leaves() if not leaf.is_comment]
    lines = [line_of(document, leaf) for leaf in values]
    return repeated_of(
        ((), leaf.locator, Member(*line, [document.without(*line)])) for leaf, line in zip(values, lines, strict=True)
    )


def line_of(document: DotenvDocument, leaf: Leaf) -> tuple[int, int]:
    """Return the span of the line of a value, with its line break."""
    return leaf.start - len(leaf.path[0]) - 1, min(leaf.end + 1, len(document.text))


def _key_of(locator: Locator) -> str:
    if not locator:
        raise PathError("a whole document cannot be set or removed, only what is in it")
    if not isinstance(locator[0], str):
        raise in_the_way_error((), "a mapping")
    if len(locator) > 1:
        raise in_the_way_error(locator[:1], "a value without members")
    return locator[0]
