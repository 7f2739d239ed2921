"""The arguments of the library, as it needs them. Each raises `UsageError` for what is of another type, and says which.

Python checks no types: `load(os.environ.get("SETTINGS"))` without that variable is a common mistake.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

from leafseal.errors import UsageError
from leafseal.formats import FORMATS
from leafseal.keys import Ambient

StrPath = str | os.PathLike[str]

T = TypeVar("T")


def path_text(path: object) -> str:
    """Return the path of a file as text."""
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if isinstance(text, str) and text:
        return text
    hint = None
    if isinstance(text, bytes):
        hint = "pass os.fsdecode(path)"
    elif hasattr(path, "read"):
        hint = "pass the file's name, or its content to loads or decrypt"
    elif path is None:
        hint = "look where the path comes from: a variable of the environment that is not set is None"
    raise _type_error("path", "text or a path", path, hint) if text != "" else UsageError("path is empty")


def paths(given: object) -> Iterable[object]:
    """Return several paths; one alone is no list of them."""
    if isinstance(given, str | bytes | os.PathLike) or not isinstance(given, Iterable):
        raise _type_error("paths", "a list of paths", given, "for one file, use load")
    return given


def data_bytes(data: object) -> bytes:
    """Return the content of a file; text is UTF-8."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, bytearray | memoryview):
        return bytes(data)
    if isinstance(data, str):
        try:
            return data.encode()
        except UnicodeEncodeError:
            pass
        raise UsageError(
            "data contains half of a surrogate pair, which is not a character",
            hint='read the file as bytes: open(path, "rb")',
        )
    hint = None
    if isinstance(data, os.PathLike):
        hint = "pass path.read_bytes()"
    elif hasattr(data, "read"):
        hint = "pass file.read()"
    elif isinstance(data, dict | list):
        hint = 'pass the text of a file: json.dumps(data), with format="json"'
    raise _type_error("data", "bytes or text", data, hint)


def format_name(name: object) -> str:
    """Return the name of a format."""
    if isinstance(name, str) and name in FORMATS:
        return name
    raise UsageError(f"format must be one of {', '.join(FORMATS)}")


def known_format(name: object) -> str | None:
    """Return the name of a format; None has the file tell."""
    return None if name is None else format_name(name)


def of_type(name: str, value: object, kind: type[T], hint: str | None = None) -> T:
    """Return an argument that must be of a type."""
    if isinstance(value, kind):
        return value
    raise _type_error(name, f"of type {kind.__name__}", value, hint)


def ambient_or_own(ambient: object) -> Ambient:
    """Return the surroundings that were given, or those of this process."""
    if ambient is None:
        return Ambient.of_process()
    hint = "pass ambient=me.ambient()" if callable(getattr(ambient, "ambient", None)) else None
    return of_type("ambient", ambient, Ambient, hint)


def document_number(number: object) -> int | None:
    """Return the number of a document, from 0; None is nobody's choice."""
    if number is None or (isinstance(number, int) and not isinstance(number, bool) and number >= 0):
        return number
    raise UsageError("document must be a whole number from 0")


def wants_datetimes(timestamps: object) -> bool:
    """Tell whether timestamps are to be Python's own."""
    if timestamps in ("timestamp", "datetime"):
        return timestamps == "datetime"
    raise UsageError('timestamps must be "timestamp" or "datetime"')


def _type_error(name: str, wanted: str, value: object, hint: str | None = None) -> UsageError:
    return UsageError(f"{name} must be {wanted}, not {type(value).__name__}", hint=hint)
