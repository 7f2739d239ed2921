"""JSON, as a value is given in it: with no more than the standard has, and numbers as whoever reads them wants them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

from leafseal.document.scalars import INT_MAX, INT_MIN
from leafseal.errors import InvalidValueError


def load(text: str, *, integer: Callable[[str], Any], number: Callable[[str], Any] = float) -> Any:
    """Return the value of a JSON text; `integer` and `number` make values of digits.

    Raises `ValueError` for what is no JSON, with the text in it, `RecursionError` for what is nested too deep, and
    `InvalidValueError` where a key stands twice.
    """
    return json.loads(text, parse_constant=_refuse, parse_int=integer, parse_float=number, object_pairs_hook=_distinct)


def is_short(digits: str) -> bool:
    """Tell whether an integer fits 64 bits."""
    return len(digits) <= 20 and INT_MIN <= int(digits) <= INT_MAX


def _refuse(_: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are none of JSON's words


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidValueError("the value has a key twice")
    return found
