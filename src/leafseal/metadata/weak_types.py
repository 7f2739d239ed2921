"""Weak typing: which values of a metadata field SOPS takes for which (sops-format §3.2).

Every function takes the value and the field's name, and raises `MetadataError`, which names the field and never shows
the value. Null is an absent value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from leafseal.document.scalars import Timestamp, float_text
from leafseal.errors import MetadataError

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False", "")


def as_text(value: object, name: str) -> str:
    """Return a string; numbers in decimal, true and false as 1 and 0. Dates are refused: SOPS wants them quoted."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Timestamp):
        raise MetadataError(f"{name}: a date where text is expected", hint="put it in quotes")
    raise MetadataError(f"{name}: {_word(value)} where text is expected")


def as_time(value: object, name: str) -> str:
    """Return an RFC 3339 time to the second, `Z` where the offset is zero; it must be there."""
    try:
        return Timestamp.parse(as_text(value, name)).to_seconds_text()
    except ValueError:
        raise MetadataError(
            f"{name}: {'missing' if value is None else 'not an RFC 3339 time'}",
            hint='restore the line from Git; "git log -p FILE" shows where it was changed',
        ) from None


def as_int(value: object, name: str) -> int:
    """Return a whole number; 0 where there is none."""
    if value is None or value == "":
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?(0|[1-9][0-9]{0,17})", value):
        return int(value)
    raise MetadataError(f"{name}: not a whole number")


def as_bool(value: object, name: str) -> bool:
    """Return a truth value; false where there is none."""
    if value is None:
        return False
    if isinstance(value, bool | int | float):
        return bool(value)
    if isinstance(value, str) and value in _TRUE + _FALSE:
        return value in _TRUE
    raise MetadataError(f"{name}: neither true nor false")


def as_mapping(value: object, name: str) -> Mapping[str, object]:
    """Return a mapping with names for keys; empty where there is none, or an empty list."""
    if value is None or value == []:
        return {}
    if not isinstance(value, Mapping):
        raise MetadataError(f"{name}: {_word(value)} where a mapping is expected")
    if not all(isinstance(key, str) for key in value):
        raise MetadataError(f"{name}: a name that is not text")
    return cast(Mapping[str, object], value)


def as_mappings(value: object, name: str) -> list[Mapping[str, object]]:
    """Return a list of mappings; a single mapping is a list of one, an empty one of none."""
    if value is None or value == {}:
        return []
    if isinstance(value, Mapping):
        return [as_mapping(value, name)]
    if not isinstance(value, list | tuple):
        raise MetadataError(f"{name}: {_word(value)} where a list is expected")
    for index, member in enumerate(value):
        if not isinstance(member, Mapping):
            raise MetadataError(f"{name}[{index}]: {_word(member)} where a mapping is expected")
    return [as_mapping(member, f"{name}[{index}]") for index, member in enumerate(value)]


def fold_names(mapping: Mapping[str, object], known: Iterable[str], prefix: str) -> dict[str, object]:
    """Return the mapping with known names in their own spelling: SOPS ignores the case of letters in them."""
    spellings = {name.casefold(): name for name in known}
    folded: dict[str, object] = {}
    for key, value in as_mapping(mapping, prefix.rstrip(".") or "sops").items():
        name = spellings.get(key.casefold(), key)
        if name in folded:
            raise MetadataError(f"{prefix}{name}: appears twice")
        folded[name] = value
    return folded


def _word(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bytes):
        return "text that is not UTF-8"
    return "a single value"
