"""Values between files and Python: what `set` is given, and what `load` and `get` return."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from leafseal.document import Leaf, Locator
from leafseal.document.scalars import INT_MAX, INT_MIN, Empty, Scalar, Timestamp, same
from leafseal.document.tree import Comment, MappingNode, build
from leafseal.errors import FormatError, InvalidValueError
from leafseal.formats import FORMATS

if TYPE_CHECKING:
    from leafseal.operations.open import Opened

MAX_DEPTH = 200
"""Levels of dicts and lists; parsers refuse more by default."""

# --- To a file


def to_stored(value: object, format_name: str, depth: int = 0) -> object:
    """Return a value as the format's writer takes it. Raises `InvalidValueError` for what no file can hold."""
    if depth > MAX_DEPTH:
        raise InvalidValueError(f"the value has more than {MAX_DEPTH} levels, or contains itself")
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise InvalidValueError("the names in a mapping must be text", hint="convert them with str(name)")
        return {str.__str__(name): to_stored(member, format_name, depth + 1) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [to_stored(member, format_name, depth + 1) for member in value]
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value, format_name)
    raise InvalidValueError(f"a value of type {type(value).__name__} cannot be stored", hint=_KINDS_HINT)


_KINDS_HINT = (
    "use text, bytes, numbers, booleans, None, dates, dicts and lists; convert others, such as with str(value)"
)


def _integer(value: int, format_name: str) -> object:
    value = int(value)
    if INT_MIN <= value <= INT_MAX:
        return value
    if not FORMATS[format_name].is_text_only:
        if INT_MAX < value < 2**64 and format_name == "yaml":
            raise InvalidValueError(
                "YAML files of SOPS cannot contain an integer from 2**63 to 2**64 - 1",
                hint="store it as text: str(value)",
            )
        _refuse_beyond_floats(value)
    try:
        return _digits(str(value), format_name)
    except ValueError:  # Python writes only so many digits
        raise InvalidValueError("the number has too many digits", hint="store it as text") from None


def _decimal(value: Decimal, format_name: str) -> object:
    if not value.is_finite():
        raise InvalidValueError("a Decimal that is infinite or not a number cannot be stored")
    if FORMATS[format_name].is_text_only and abs(value.adjusted()) > 999:
        raise InvalidValueError("the number has too many digits", hint="store it as text: str(value)")
    if not FORMATS[format_name].is_text_only:
        _refuse_beyond_floats(value)
    text = format(value, "f")
    return _integer(int(text), format_name) if re.fullmatch(r"-?[0-9]{1,19}", text) else _digits(text, format_name)


def _refuse_beyond_floats(value: int | Decimal) -> None:
    """Raise `InvalidValueError` for what is infinity or zero to all who read numbers as floats."""
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if abs(number) == float("inf") or (number == 0 and value != 0):
        raise InvalidValueError("the number is beyond the range of a double", hint="store it as text: str(value)")


def _digits(text: str, format_name: str) -> object:
    from leafseal.document.exact import ExactNumber

    return text if FORMATS[format_name].is_text_only else ExactNumber(text)


def _datetime(value: datetime, format_name: str) -> object:
    offset = value.utcoffset()
    if offset is None:
        raise InvalidValueError(
            "a datetime without a zone says no point in time", hint="add one, such as value.replace(tzinfo=UTC)"
        )
    if offset.total_seconds() % 60:
        raise InvalidValueError(
            "a zone must be whole minutes from UTC", hint="convert it, such as with value.astimezone(UTC)"
        )
    moment = Timestamp.parse(value.isoformat())
    return moment if format_name == "yaml" else moment.text


def _date(value: date, format_name: str) -> object:
    from leafseal.document.exact import Day

    return Day(value.year, value.month, value.day) if format_name == "yaml" else value.isoformat()


def _timestamp(value: Timestamp, format_name: str) -> object:
    return value if format_name == "yaml" else value.text


def _bytes(value: bytes | bytearray, format_name: str) -> object:
    data = bytes(value)
    if format_name == "json":  # which has text alone
        try:
            return data.decode()
        except UnicodeDecodeError:
            pass
    return data


_Conversion = tuple[type | tuple[type, ...], Callable[[Any, str], object]]

# Subclasses, such as the members of a StrEnum, are what they are subclasses of. The first that fits counts.
_CONVERSIONS: tuple[_Conversion, ...] = (
    ((type(None), bool), lambda value, _: value),
    (str, lambda value, _: str.__str__(value)),
    (int, _integer),
    (float, lambda value, _: float(value)),
    ((bytes, bytearray), _bytes),
    (datetime, _datetime),
    (date, _date),
    (Decimal, _decimal),
    (Timestamp, _timestamp),
)

# --- From a file


def documents(opened: Opened, *, datetimes: bool) -> list[MappingNode]:
    """Return the values as trees, one per document, with integers of any length as they are written.

    With `datetimes` timestamps are Python's own: a date where the plain file has a date alone. Raises `FormatError` for
    a year that those do not know.
    """
    values = opened.leaves.values
    if not any(_may_be_integer(value) or (datetimes and isinstance(value, Timestamp)) for _, value in values):
        return opened.documents()
    texts = _texts(opened)
    return build(
        (leaf, _as_written(value, next(texts), datetimes) if _has_text(leaf, value) else value)
        for leaf, value in values
    )


def _texts(opened: Opened) -> Iterator[str]:
    """Yield how each value is written in the plain file; nothing where that file has not the same values."""
    plain = opened.plain_document()
    written = [leaf for leaf in plain.leaves() if _has_text(leaf, leaf.value)]
    values = [value for leaf, value in opened.leaves.values if _has_text(leaf, value)]
    if len(written) != len(values):
        yield from [""] * len(values)
        return
    texts: dict[tuple[int, Locator], str] = {}
    for leaf, value in zip(written, values, strict=True):
        source = plain.alias_source(leaf)
        text = plain.text[leaf.start : leaf.end] if source is None else texts.get((leaf.document, source), "")
        texts[leaf.document, leaf.locator] = text
        yield text if same(leaf.value, value) else ""


def _has_text(leaf: Leaf, value: object) -> bool:
    return bool(leaf.locator) and not (leaf.is_comment or isinstance(value, Comment))


def _may_be_integer(value: object) -> bool:
    """Tell whether a value is a float that an integer of more than 64 bits became."""
    return isinstance(value, float) and not INT_MIN < value < INT_MAX and value.is_integer()


def _as_written(value: Scalar | Empty | None, text: str, datetimes: bool) -> Scalar | Empty | None:
    if _may_be_integer(value) and _INTEGER.fullmatch(text):
        return int(text)
    if datetimes and isinstance(value, Timestamp):
        return cast(Scalar, _to_datetime(value, text))  # trees are built of whatever they are given
    return value


_INTEGER = re.compile(r"[-+]?[0-9]+(?:_[0-9]+)*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")


def _to_datetime(value: Timestamp, text: str) -> date:
    try:
        moment = value.to_datetime()
    except ValueError:
        moment = None
    if moment is None:
        raise FormatError(
            "a timestamp is before the year 1, which Python's datetime does not know",
            hint='pass timestamps="timestamp"',
        )
    return moment.date() if _DAY.fullmatch(text) else moment
