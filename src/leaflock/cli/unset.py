"""`leaflock unset`."""

from __future__ import annotations

from typing import Any

import click

from leaflock import operations
from leaflock.cli import _io, _options
from leaflock.cli._guards import Consent, before_writing
from leaflock.cli._session import Session, put_product
from leaflock.cli.main import command
from leaflock.errors import PathError
from leaflock.extracting import find, locators
from leaflock.paths import resolve_path


@command("unset")
@_options.one_file
@click.argument("path")
@click.option("--idempotent", is_flag=True, help="Be content if there is no such value.")
@_options.guards
@_options.input_type
@_options.config
@_options.limits
def unset(file: str, path: str, idempotent: bool, **options: Any) -> None:
    """Remove one value from an encrypted file; nothing else in it moves.

    \b
    leaflock unset config.yaml db.old_password
    """
    consent = Consent.of(options)
    session = Session.of(options)
    snapshot, opened = session.open(file)
    locator = resolve_path(path, locators(opened))
    try:
        find(opened, path)
    except PathError:
        if not idempotent:
            raise
        _io.say(f"{file}: unchanged")
        return
    selection = before_writing(opened, session.rule(file), consent)
    plain = operations.edit_plain(opened, lambda document: document.unset_edits(locator))
    put_product(snapshot, operations.reseal(opened, plain, selection=selection))
