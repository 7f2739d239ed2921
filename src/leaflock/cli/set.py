"""`leaflock set`."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from leaflock import operations
from leaflock.cli import _io
from leaflock.cli._change import change
from leaflock.cli._consent import Consent, consent_options
from leaflock.cli._extract import locate, part_at
from leaflock.cli._options import ReadOptions, changing_reading, config_option, file_argument, limits_options
from leaflock.cli.main import command
from leaflock.errors import InvalidValueError, PathError, UsageError
from leaflock.limits import Limits
from leaflock.operations import Opened
from leaflock.scalars import INT_MAX, INT_MIN
from leaflock.snapshots import read
from leaflock.tree import to_python


@command("set")
@file_argument
@click.argument("path")
@click.argument("value", required=False)
@click.option("--value-file", metavar="FILE", help="Take the value from a file.")
@click.option("--value-stdin", is_flag=True, help="Take the value from standard input.")
@click.option("--string", is_flag=True, help="The value is text as it stands, not JSON.")
@click.option("--idempotent", is_flag=True, help="Leave the file alone where the value stands already.")
@changing_reading
@consent_options
@config_option
@limits_options
def set_value(
    file: str,
    path: str,
    value: str | None,
    value_file: str | None,
    value_stdin: bool,
    string: bool,
    idempotent: bool,
    reading: ReadOptions,
    consent: Consent,
    config: str | None,
    limits: Limits,
) -> None:
    """Store a value in a sealed file; all other values keep their sealed text.

    PATH is db.password, /db/password or ["db"]["password"]. What is missing on the way is made. The value is JSON:
    "text" in quotes, 5, true, null, {"a": 1}. Where none is given it is asked for, and what is typed is text.

    \b
    leaflock set config.yaml db.password
    leaflock set config.yaml replicas 5
    pwgen 32 1 | tr -d '\\n' | leaflock set --value-stdin --string config.yaml db.password
    """
    wanted = _value(value, value_file, value_stdin, string, limits)

    def edit(opened: Opened) -> bytes | None:
        locator = locate(opened, path)
        if not locator:
            raise PathError("the whole document cannot be set", hint='use "leaflock edit"')
        if idempotent and _stands_already(opened, locator, wanted):
            return None
        return operations.edit_plain(opened, lambda document: document.set_edits(locator, wanted))

    change(file, reading, limits, config, consent, edit)


def _value(argument: str | None, file: str | None, stdin: bool, string: bool, limits: Limits) -> object:
    if sum((argument is not None, file is not None, stdin)) > 1:
        raise UsageError("VALUE, --value-file and --value-stdin do not go together", hint="give the value once")
    if file is not None or stdin:
        return _parse(read("-" if file is None else file, limits).data, string)
    if argument is not None:
        if sys.stdin is not None and sys.stdin.isatty():
            _io.warn("a value on the command line is seen in the list of processes and kept in the shell's history")
        return _parse(argument.encode("utf-8", "surrogateescape"), string)
    typed = _io.ask_secret("value")
    if typed is None:
        raise UsageError("no value, and no terminal to ask for it on", hint="use --value-file or --value-stdin")
    return typed


def _parse(data: bytes, string: bool) -> object:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InvalidValueError("the value is not UTF-8") from None
    if "\0" in text:
        raise InvalidValueError("the value holds NUL")
    return text if string else parse_json(text)


def parse_json(text: str) -> object:
    """Read a value that is written as JSON. Raises `InvalidValueError`, without the text in it."""
    import json

    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_int=_integer)
    except (ValueError, RecursionError):
        raise InvalidValueError(
            "the value is not JSON", hint='text stands in quotes, "like this"; or use --string'
        ) from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidValueError("the value names a key twice")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise InvalidValueError("the value holds a number that is not finite, which JSON does not know")


def _integer(digits: str) -> int:
    if len(digits) > 20 or not INT_MIN <= int(digits) <= INT_MAX:
        raise InvalidValueError("the value holds an integer beyond 64 bits", hint="store it as text")
    return int(digits)


def _stands_already(opened: Opened, locator: tuple[str | int, ...], wanted: object) -> bool:
    try:
        return _same(to_python(part_at(opened, locator)), wanted)
    except PathError:
        return False


def _same(one: object, other: object) -> bool:
    # In Python 1 == 1.0 == True; in a file they are three values.
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other
