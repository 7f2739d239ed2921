"""Where the value for `set` comes from: a prompt, standard input, a file, or the argument list."""

from __future__ import annotations

from leafseal.document import json_values
from leafseal.document.limits import Limits
from leafseal.errors import InvalidValueError, UsageError
from leafseal.system import terminal
from leafseal.system.reading import read


def take(value: str | None, value_file: str | None, value_stdin: bool, as_string: bool, limits: Limits) -> object:
    """Return the new value. What is JSON is taken as JSON; a word that is none is a string, and so is what is typed.

    Raises `UsageError` where more than one source is named, `InvalidValueError` for what looks like JSON and is none.
    """
    if sum((value is not None, value_file is not None, value_stdin)) > 1:
        raise UsageError("the value can come from one place only: the argument, --value-file or --value-stdin")
    if value_file is not None:
        return parse(_text(read(value_file, limits).data), as_string)
    if value_stdin:
        return parse(_text(read("-", limits).data), as_string)
    if value is not None:
        return parse(value, as_string)
    typed = terminal.ask_secret("new value")
    if typed is None:
        raise UsageError(
            "no VALUE given, and there is no terminal to ask for it", hint="use --value-stdin or --value-file FILE"
        )
    return typed  # A password such as 1e5 is no number.


def _text(data: bytes) -> str:
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InvalidValueError("the value is not UTF-8", hint="keep it in a binary file of its own") from None


def parse(text: str, as_string: bool = False) -> object:
    """Return the value that a text stands for: `5` is an integer, `"5"` a string, `[1, 2]` a list, `abc` a string."""
    if as_string:
        return text
    try:
        return json_values.load(text, integer=_integer)
    except ValueError:
        if text[:1] in ("{", "[", '"'):
            raise InvalidValueError(
                "the value looks like JSON and isn't valid", hint="correct it, or add --string to store it as text"
            ) from None
        return text
    except RecursionError:
        raise InvalidValueError("the value is nested too deep") from None


def _integer(digits: str) -> int:
    if not json_values.is_short(digits):
        raise InvalidValueError("the value contains an integer beyond 64 bits", hint="add --string to store it as text")
    return int(digits)
