"""`leaflock get`."""

from __future__ import annotations

from typing import Any

import click

from leaflock.cli import _io, _options
from leaflock.cli._session import Session
from leaflock.cli.main import command
from leaflock.extracting import find, render, to_json
from leaflock.tree import MappingNode


@command("get")
@_options.one_file
@click.argument("path")
@click.option("-n", "--no-newline", is_flag=True, help="Print no line break behind the value.")
@_options.as_json
@_options.input_type
@_options.ignore_mac
@_options.limits
def get(file: str, path: str, no_newline: bool, as_json: bool, **options: Any) -> None:
    """Print one value of an encrypted file, followed by a line break.

    \b
    leaflock get config.yaml db.password
    leaflock get config.yaml '["hosts"][0]' --json
    """
    session = Session.of(options)
    _, opened = session.open(file)
    node = find(opened, path)
    if as_json:
        data = to_json(node).encode()
    else:
        format_name = opened.document.format
        data = render(node, format_name if isinstance(node, MappingNode) or format_name != "binary" else "json")
    _io.write_result(data if no_newline or data.endswith(b"\n") else data + b"\n")
