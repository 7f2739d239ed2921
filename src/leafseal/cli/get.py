"""`leafseal get`."""

from __future__ import annotations

from leafseal.cli.shared.declarations import argument, command, option
from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import (
    InputOptions,
    document_option,
    file_argument,
    json_option,
    limits_options,
    sealed_reading,
)
from leafseal.document import Locator
from leafseal.document.limits import Limits
from leafseal.document.tree import Node
from leafseal.errors import PathError, naming
from leafseal.formats import FORMATS
from leafseal.keys.ring import KeyRing
from leafseal.operations.extract import emit_part, locate, part_at
from leafseal.operations.open import Opened, open_file
from leafseal.system import terminal


@command("get")
@file_argument
@argument("path")
@option("-n", "--no-newline", is_flag=True, help="Print no line break after the value.")
@document_option
@json_option
@sealed_reading
@key_services
@limits_options
def get(
    file: str,
    path: str,
    no_newline: bool,
    document: int | None,
    as_json: bool,
    reading: InputOptions,
    limits: Limits,
) -> None:
    """Print one decrypted value of a file, followed by a line break.

    Text is printed as it is, a mapping or list in the file's format.

    \b
    leafseal get config.yaml database.password
    leafseal get --json config.yaml database
    """
    item = read_one(file, reading, limits)
    with naming(file):
        opened = open_file(item.source, KeyRing(current_ambient()), reading.within(limits))
        number = _document(file, opened, document)
        locator = locate(opened, path, number)
        part = _found(opened, locator, path, number)
        data = as_json_text(part) if as_json else emit_part(part, item.source.format)
    if FORMATS[item.source.format].has_other_readers:
        from leafseal.cli.shared.other_readers import warn_of_other_readers

        warn_of_other_readers(file, opened, lambda place: place[: len(locator)] == locator)
    terminal.write_result(data if no_newline or data.endswith(b"\n") else data + b"\n")


def _document(file: str, opened: Opened, number: int | None) -> int:
    if number is None and opened.document.document_count <= 1:
        return 0
    from leafseal.cli.shared.addressing import document_number

    return document_number(file, opened, number, what="this is from the first")


def _found(opened: Opened, locator: Locator, path: str, document: int) -> Node:
    """Return what is at a place. Raises `PathError`, which names what is nearly there."""
    try:
        return part_at(opened, locator, document)
    except PathError as error:
        from leafseal.cli.shared.addressing import with_suggestion

        raise with_suggestion(error, opened, locator, path, document) from None


def as_json_text(node: object) -> bytes:
    """Return a value as JSON of one line. Raises `EmitError` for what JSON cannot contain."""
    import json

    from leafseal.document.scalars import Timestamp
    from leafseal.document.tree import to_python
    from leafseal.errors import EmitError

    def plain(value: object) -> str:
        if isinstance(value, Timestamp):
            return value.text
        raise EmitError("JSON cannot contain a string that is not UTF-8")

    try:
        text = json.dumps(to_python(node), default=plain, ensure_ascii=False, allow_nan=False)  # type: ignore[arg-type]
        return text.encode()
    except ValueError:
        raise EmitError("JSON cannot contain a number that is not finite") from None
