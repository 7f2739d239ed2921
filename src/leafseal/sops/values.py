"""Values as `sops set` takes them: JSON, in which a bare number is a float (sops-cli §4.4)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from leafseal.document import Locator
from leafseal.document.scalars import INT_MAX, INT_MIN, float_text
from leafseal.errors import PathError
from leafseal.sops.extracting import tree_path
from leafseal.sops.shared.failures import Failure

CODE = 7
"""The exit code for an index or a value that cannot be."""


def parse_value(text: str) -> object:
    """Return the value that a JSON text stands for. Raises `Failure` with exit code 7.

    A number by itself is a float, as in sops, and an integer inside of an object is one. A number whose digits a float
    does not keep stays an integer, or is refused beyond 64 bits: sops stores another one in its place.
    """
    try:
        value = json.loads(
            text, parse_constant=_refuse, parse_int=_Integer, parse_float=_float, object_pairs_hook=_distinct
        )
    except (ValueError, RecursionError):  # the error would show the text
        raise Failure("Value for --set is not valid JSON", CODE) from None
    if isinstance(value, list):
        raise Failure("Invalid --set value format", CODE, hint="set an object that holds the list")
    if isinstance(value, _Integer):
        return value.as_float()
    return _plain(value)


class _Integer(str):
    """The digits of an integer, as they stand in JSON."""

    __slots__ = ()

    @property
    def is_short(self) -> bool:
        """Tell whether it fits 64 bits."""
        return len(self) <= 20 and INT_MIN <= int(self) <= INT_MAX

    def as_float(self) -> float | int:
        """Return it as a float where that shows the same digits, else as an integer. Raises `Failure`."""
        number = float(self) or 0.0  # -0 is 0 here
        if not number or float_text(number) == str(self):
            return number
        if self.is_short:
            return int(self)
        raise Failure(
            "Invalid --set value format: an integer beyond 64 bits would lose digits",
            CODE,
            hint="give it as text, in quotes",
        )


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError
    return number or 0.0  # -0 is 0 here


def _refuse(_: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are none of JSON's words


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Failure("Invalid --set value format: an object has a key twice", CODE)
    return found


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {_text(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, _Integer):
        return int(value) if value.is_short else value.as_float()
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    if re.search("[\ud800-\udfff]", text):
        raise Failure("Value for --set is not valid JSON: half of a surrogate pair is no character", CODE)
    return text


def floats_in(value: object, locator: Locator) -> Iterator[Locator]:
    """Yield where the floats of a value come to stand when it is stored at `locator`."""
    if isinstance(value, float):
        yield locator
    elif isinstance(value, dict | list):
        for step, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from floats_in(member, (*locator, step))


def parse_index(text: str, what: str) -> Locator:
    """Return the path that an index names; `what` is the command. Raises `Failure` with exit code 7."""
    try:
        path = tree_path(text)
    except PathError as error:
        raise Failure(f"Invalid {what} index format", CODE, hint=error.message) from None
    if not path:
        raise Failure(f"Invalid {what} index format", CODE, hint="""it looks like '["db"]["ports"][0]'""")
    return path


def split_setting(text: str) -> tuple[Locator, object]:
    """Return path and value of `--set 'PATH VALUE'` (sops-cli §4.15). Raises `Failure` with exit code 7."""
    index, separator, value = text.partition("] ")
    if not separator:
        raise Failure("Invalid --set format", CODE, hint="""it looks like '["db"]["port"] "5432"'""")
    parsed = parse_value(value)
    try:
        path = tree_path(f"{index}]")
    except PathError as error:
        raise Failure("Invalid --set format", CODE, hint=error.message) from None
    if not path:
        raise Failure("Invalid --set format", CODE)
    return path, parsed


def equal(one: object, other: object) -> bool:
    """Tell whether two values are the same to sops: 1 is not 1.0, and the order of keys counts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other
