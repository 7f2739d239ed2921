"""Where the value for `set` comes from: a prompt, standard input, a file, or the argument list."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from leaflock.cli import _io
from leaflock.errors import LeaflockError, UsageError
from leaflock.limits import Limits
from leaflock.snapshots import read


class ValueFault(LeaflockError):
    """The new value is not what its source should hold."""

    exit_code = 7


def take(value: str | None, value_file: str | None, value_stdin: bool, as_string: bool, limits: Limits) -> object:
    """Return the new value. What is given as JSON is read as JSON; a word that is no JSON is a string.

    Raises `UsageError` where more than one source is named, `ValueFault` for what looks like JSON and is none.
    """
    if sum((value is not None, value_file is not None, value_stdin)) > 1:
        raise UsageError("the value can come from one place only: the argument, --value-file or --value-stdin")
    if value_file is not None:
        return parse(_text(read(value_file, limits).data), as_string)
    if value_stdin:
        return parse(_text(read("-", limits).data), as_string)
    if value is not None:
        _io.warn("the value stood on the command line, where other programs and the shell's history see it")
        return parse(value, as_string)
    typed = _io.ask_secret("new value")
    if typed is None:
        raise UsageError("no value given, and no terminal to ask on", hint="use --value-stdin or --value-file FILE")
    return parse(typed, as_string)


def _text(data: bytes) -> str:
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueFault("the value is not UTF-8", hint="keep it in a binary file of its own") from None


def parse(text: str, as_string: bool = False) -> object:
    """Return the value that a text stands for: `5` is an integer, `"5"` a string, `[1, 2]` a list, `abc` a string."""
    if as_string:
        return text
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_distinct)
    except ValueError:
        if text[:1] in ("{", "[", '"'):
            raise ValueFault(
                "the value begins like JSON and is none", hint="correct it, or store it as it is with --string"
            ) from None
        return text
    except RecursionError:
        raise ValueFault("the value is nested too deep") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueFault("the value has a key twice")
    return found
