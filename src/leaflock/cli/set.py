"""`leaflock set`."""

from __future__ import annotations

from typing import Any

import click

from leaflock import operations
from leaflock.cli import _io, _options, _values
from leaflock.cli._guards import Consent, after_editing, before_writing
from leaflock.cli._session import Session, put_product
from leaflock.cli.main import command
from leaflock.extracting import find, locators
from leaflock.formats import parse
from leaflock.operations import Opened
from leaflock.paths import resolve_path
from leaflock.tree import to_python


@command("set")
@_options.one_file
@click.argument("path")
@click.argument("value", required=False)
@click.option("--value-file", metavar="FILE", help="Take the value from a file.")
@click.option("--value-stdin", is_flag=True, help="Take the value from standard input.")
@click.option("--string", "as_string", is_flag=True, help="Store the text as it is, also if it is JSON.")
@click.option("--idempotent", is_flag=True, help="Leave the file alone if it holds the value already.")
@_options.guards
@_options.input_type
@_options.config
@_options.limits
def set_(file: str, path: str, **options: Any) -> None:
    """Store one value in an encrypted file; nothing else in it moves.

    Without a value you are asked for it. A value is JSON where it is JSON: 5 is an integer, "5" a string; any other
    word is a string. Missing mappings on the way are created.

    \b
    leaflock set config.yaml db.password
    printf '%s' "$TOKEN" | leaflock set config.yaml '["api"]["token"]' --value-stdin --string
    """
    source = {name: options.pop(name) for name in ("value", "value_file", "value_stdin", "as_string")}
    idempotent, consent = options.pop("idempotent"), Consent.of(options)
    session = Session.of(options)
    snapshot, opened = session.open(file)
    locator = resolve_path(path, locators(opened))
    value = _values.take(**source, limits=session.limits)
    if idempotent and _holds(opened, path, value):
        _io.say(f"{file}: unchanged")
        return
    rule = session.rule(file)
    selection = before_writing(opened, rule, consent)
    plain = operations.edit_plain(opened, lambda document: document.set_edits(locator, value))
    after_editing(opened, parse(plain, opened.document.format, limits=session.limits), selection, rule, consent)
    put_product(snapshot, operations.reseal(opened, plain, selection=selection))


def _holds(opened: Opened, path: str, value: object) -> bool:
    from leaflock.errors import PathError

    try:
        found = to_python(find(opened, path))
    except PathError:
        return False
    return type(found) is type(value) and found == value
