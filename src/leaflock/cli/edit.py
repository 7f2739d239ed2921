"""`leaflock edit`."""

from __future__ import annotations

import os
from typing import Any

import click

from leaflock import editor, operations
from leaflock.cli import _io, _options
from leaflock.cli._guards import Consent, after_editing, before_writing
from leaflock.cli._session import Session, put_product
from leaflock.cli.main import command
from leaflock.errors import ConfigError, LeaflockError
from leaflock.formats import format_of, parse
from leaflock.operations import Opened, Product
from leaflock.snapshots import Snapshot

_TEMPLATES = {
    "yaml": b"# Write your values here; they are encrypted when you save and close.\nexample_key: example_value\n",
    "json": b'{\n  "example_key": "example_value"\n}\n',
    "dotenv": b"# Write your values here; they are encrypted when you save and close.\nEXAMPLE_KEY=example_value\n",
    "ini": b"[section]\nexample_key = example_value\n",
    "binary": b"",
}


@command("edit")
@_options.one_file
@_options.guards
@_options.input_type
@_options.ignore_mac
@_options.config
@click.option("--no-disk-plaintext", is_flag=True, help="Refuse to edit where plaintext would touch a disk.")
@click.option("--plain-editor", is_flag=True, help="Start the editor without options against swap and backup files.")
@_options.limits
def edit(file: str, no_disk_plaintext: bool, plain_editor: bool, **options: Any) -> None:
    """Edit an encrypted file in an editor; a file that does not exist is made.

    The editor is SOPS_EDITOR, EDITOR, or the first of vim, nano, vi. What you leave alone keeps its tokens to the byte.
    A text that does not parse is offered for correction; one that cannot be saved is kept, encrypted, beside the file.

    \b
    leaflock edit config.yaml
    EDITOR="code --wait" leaflock edit secrets.env
    """
    consent = Consent.of(options)
    session = Session.of(options)
    settings: dict[str, Any] = {
        "environ": os.environ,
        "again": _io.edit_again if _io.has_terminal() else None,
        "warn": _io.warn,
        "limits": session.limits,
        "no_disk_plaintext": no_disk_plaintext,
        "plain_editor": plain_editor,
    }
    if os.path.lexists(file):
        _edit_existing(file, session, consent, settings)
    else:
        _edit_new(file, session, settings)


def _edit_existing(file: str, session: Session, consent: Consent, settings: dict[str, Any]) -> None:
    snapshot, opened = session.open(file)
    rule = session.rule(file)
    selection = before_writing(opened, rule, consent)  # before the editor opens, so that no work is lost

    def check(text: bytes) -> Product:
        document = parse(text, opened.document.format, limits=session.limits)
        after_editing(opened, document, selection, rule, consent)
        return operations.reseal(opened, text, selection=selection)

    def keep(text: bytes) -> None:
        _keep(file, opened, text)

    product = editor.edit_text(opened.plaintext(), file, check, keep=keep, **settings)
    if isinstance(product, editor.Outcome):
        if selection != opened.metadata.selection:
            _put(snapshot, operations.reseal(opened, opened.plaintext(), selection=selection), keep)
            return
        _io.say(f"{file}: unchanged")
        return
    _put(snapshot, product, keep)


def _put(snapshot: Snapshot, product: Product, keep: Any) -> None:
    try:
        put_product(snapshot, product)
    except LeaflockError:
        if product.expected is not None:
            keep(product.expected)
        raise


def _keep(file: str, opened: Opened, text: bytes) -> None:
    """Keep a text that could not be saved, encrypted for the same recipients, beside the file or where there is room."""
    sealed = operations.seal_beside(opened, text)
    folders = [os.path.dirname(os.path.abspath(file)), os.path.expanduser("~")]
    for folder in folders:
        path = _free_name(folder, os.path.basename(file))
        try:
            from leaflock import files

            files.create(path, sealed)
        except LeaflockError:
            continue
        _io.say(f"your text is kept, encrypted: {path}")
        _io.say(f'read it with "leaflock decrypt --input-type binary {path}"')
        return
    _io.warn("your text could not be kept anywhere")


def _free_name(folder: str, name: str) -> str:
    number = 0
    while os.path.lexists(path := os.path.join(folder, f"{name}.kept{number or ''}")):
        number += 1
    return path


def _edit_new(file: str, session: Session, settings: dict[str, Any]) -> None:
    format_name = session.input_type or format_of(file)
    config = session.configuration(file)
    if config is None and _io.has_terminal():
        from leaflock.cli.init import offer

        offer(file, session)
        config = session.configuration(file)
    if config is None or config.rules is None:
        raise ConfigError(
            "no configuration found that says for whom a new file is encrypted", file=file,
            hint='"leaflock init" writes one',
        )  # fmt: skip
    rule = config.rule_for(file)
    assert rule is not None
    from leaflock.cli.encrypt import indent_for

    def check(text: bytes) -> Product:
        return operations.encrypt(
            text, format_name, rule.groups, rule.threshold, rule.selection, session.ambient,
            indent=indent_for(config, format_name), limits=session.limits,
        )  # fmt: skip

    product = editor.edit_text(_TEMPLATES[format_name], file, check, **settings)
    if isinstance(product, editor.Outcome):
        _io.say(f"{file}: nothing was written, so nothing was made")
        return
    from leaflock import files

    files.create(file, product.data, verify=product.check)
    _io.say(f"{file}: made")
