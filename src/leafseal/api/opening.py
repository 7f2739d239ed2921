"""Opening files for the library: from a path or from text, and the one document that was asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from leafseal.api import arguments
from leafseal.display import visible
from leafseal.document.limits import Limits, ReadOptions
from leafseal.document.tree import MappingNode, to_python
from leafseal.errors import FormatError, MissingFileError, naming
from leafseal.formats import recognize
from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item
from leafseal.operations.extract import document_of
from leafseal.operations.open import Opened, Source, open_file
from leafseal.system.reading import read


def item_of(name: str, limits: Limits, format_name: str | None = None) -> Item:
    """Read a file, without opening it. Raises `InputError`."""
    known = arguments.known_format(format_name)
    try:
        snapshot = read(name, limits)
    except MissingFileError as error:
        raise error.with_hint(_missing_hint(name)) from None
    return Item(snapshot, Source(name, snapshot.data, known or recognize(name, snapshot.data), name))


def _missing_hint(name: str) -> str:
    if name.startswith("~"):
        return "Python does not replace ~: pass Path(path).expanduser()"
    if os.path.isabs(name):
        return "check the path"
    try:
        here = visible(os.getcwd())
    except FileNotFoundError:
        here = "which was deleted"
    return f"the path starts in the current folder, {here}; to start elsewhere, pass an absolute path"


def open_path(name: str, format_name: str | None, ambient: Ambient | None, read: ReadOptions) -> tuple[Item, Opened]:
    """Read and open a file. Errors name it."""
    ring = KeyRing(arguments.ambient_or_own(ambient))
    item = item_of(name, read.limits, format_name)
    with naming(name):
        return item, open_file(item.source, ring, read)


def open_data(data: bytes | str, format_name: str, ambient: Ambient | None, read: ReadOptions) -> Opened:
    """Open the text of a file."""
    source = Source("", arguments.data_bytes(data), arguments.format_name(format_name))
    return open_file(source, KeyRing(arguments.ambient_or_own(ambient)), read)


def chosen_document(opened: Opened, documents: Sequence[MappingNode], number: int | None) -> MappingNode:
    """Return the document that was asked for. Raises `RefusedError` where one must be named."""
    hint = "say which with document=N, from 0; SealedFile.documents gives all"
    return document_of(opened, number, hint=hint, documents=documents)


def as_dict(document: MappingNode) -> dict[str, Any]:
    """Return the values of a document."""
    values = to_python(document)
    if not isinstance(values, dict):
        raise FormatError("the document is not a mapping")
    return values
