"""The values that a leaf can hold, and their byte forms (sops-format §1.5, §6.6).

The byte form of a value is both the plaintext that is sealed and what the MAC hashes.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from leafseal.document.frozen import Value
from leafseal.document.lazy_pattern import LazyPattern

if TYPE_CHECKING:
    from datetime import datetime


class Timestamp(Value):
    """A point in time with nanoseconds and its own zone, as its canonical RFC 3339 text.

    `2024-01-01T00:00:00Z`, `2001-12-14T21:59:43.1-05:00`: trailing zeros of the fraction removed, `Z` when the offset
    is zero. Two timestamps are equal when their texts are.
    """

    __slots__ = __match_args__ = ("text",)

    text: str

    def __init__(self, text: str) -> None:
        self._set(text=text)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> Timestamp:
        """Read RFC 3339. Raises `ValueError`, without the text in it, when it is not."""
        match = _RFC3339.fullmatch(text)
        if match is None:
            raise ValueError("not an RFC 3339 timestamp")
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        return cls.of(int(year), int(month), int(day), int(hour), int(minute), int(second), fraction or "", zone)

    @classmethod
    def of(
        cls, year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: str, zone: str
    ) -> Timestamp:
        """Build from parts; `fraction` is the digits after the point, `zone` is `Z`, `z` or `±hh:mm`."""
        if not (1 <= month <= 12 and 1 <= day <= _days(year, month) and hour < 24 and minute < 60 and second < 60):
            raise ValueError("not a valid date or time")
        if zone in ("Z", "z"):
            offset = "Z"
        else:
            if int(zone[1:3]) > 23 or int(zone[4:6]) > 59:
                raise ValueError("not a valid zone offset")
            offset = "Z" if zone[1:] == "00:00" else zone
        nanoseconds = fraction[:9].rstrip("0")
        point = f".{nanoseconds}" if nanoseconds else ""
        return cls(f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{point}{offset}")

    def to_seconds_text(self) -> str:
        """Return RFC 3339 without the fraction, as dotenv, INI and environments get it (§6.6)."""
        return re.sub(r"\.\d+", "", self.text) if "." in self.text else self.text

    def to_datetime(self) -> datetime:
        """Return an aware `datetime`, nanoseconds cut to microseconds."""
        from datetime import datetime

        text = re.sub(r"\.(\d+)", lambda m: "." + m[1][:6].ljust(6, "0"), self.text)
        return datetime.fromisoformat(text.replace("Z", "+00:00"))


_RFC3339 = LazyPattern(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|z|[+-]\d\d:\d\d)", re.ASCII)


def _days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


class Empty(Enum):
    """A container without leaves; it stands among the leaves so that a tree can be rebuilt from them."""

    MAPPING = "{}"
    LIST = "[]"


Scalar = str | bytes | int | float | bool | Timestamp
"""What a leaf can hold besides nothing. `bytes` is a string that is not UTF-8."""

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def type_word(value: Scalar) -> str:
    """Return the `type:` of a token that seals `value`."""
    return _TYPE_WORDS.get(type(value)) or _TYPE_WORDS[type(value).__mro__[1]]  # of `document.exact`


_TYPE_WORDS: dict[type, str] = {
    str: "str", bytes: "str", bool: "bool", int: "int", float: "float", Timestamp: "time",
}  # fmt: skip


def to_bytes(value: Scalar) -> bytes:
    """Return the byte form of `value`: what is sealed, and what the MAC hashes."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):  # before int, whose subclass it is
        return b"True" if value else b"False"  # SOPS writes True and False, capitals included.
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, float):
        return float_text(value).encode()
    return value.text.encode()


def from_bytes(word: str, data: bytes) -> Scalar:
    """Read a byte form back into the value of type `word`.

    Raises `ValueError`, without the data in it, when the bytes are not the one byte form of some value of that type:
    a writer of SOPS files never produces another, so another is damage or forgery.
    """
    if word == "str":
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data
    value = _typed(word, data)
    if to_bytes(value) != data:
        raise ValueError(f"not the canonical form of type {word}")
    return value


def _typed(word: str, data: bytes) -> Scalar:
    try:
        text = data.decode("ascii")
        if word == "int":
            if re.fullmatch(r"-?[0-9]{1,19}", text) and INT_MIN <= int(text) <= INT_MAX:
                return int(text)
        elif word == "float":
            if text in _FLOAT_WORDS:
                return _FLOAT_WORDS[text]
            if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
                return float(text)
        elif word == "bool":
            if text in ("True", "False"):
                return text == "True"
        elif word == "time":
            return Timestamp.parse(text)
    except ValueError:
        pass
    raise ValueError(f"not a value of type {word}") from None


_FLOAT_WORDS = {"+Inf": float("inf"), "-Inf": float("-inf"), "NaN": float("nan")}


def same(one: object, other: object) -> bool:
    """Tell whether two values, or lists and dicts of them, are the same to a file: there 1, 1.0 and True are three.

    The order of keys counts.
    """
    if one.__class__ is not other.__class__:
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (isinstance(one, float) and one != one and other != other)


def float_text(value: float) -> str:
    """Return the shortest round-trip digits in positional notation, without a trailing `.0`."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    if "e" not in (text := repr(value)):
        return text.removesuffix(".0")
    digits, exponent = float_digits(abs(value))
    sign = "-" if str(value).startswith("-") else ""
    point = exponent + 1  # digits before the point
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}" if digits != "0" else f"{sign}0"
    if len(digits) <= point:
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


def float_digits(value: float) -> tuple[str, int]:
    """Return the shortest digits of a finite `value` ≥ 0 and the decimal exponent of the first: 1250.0 → ("125", 3)."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0", 0
    power = int(exponent or 0) + len(whole) - 1 - (len(whole + fraction) - len(digits))
    return digits.rstrip("0") or "0", power


def to_plain_text(value: Scalar | None) -> str | bytes:
    """Return the text of a value in dotenv, INI and environments (§6.6)."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value.__class__ is float:
        text = yaml_float_text(value, "E")
        return text if any(c in text for c in ".EIN") else text + ".0"
    if isinstance(value, Timestamp):
        return value.to_seconds_text()
    return value if isinstance(value, str | bytes) else str(value)


def yaml_float_text(value: float, letter: str = "e") -> str:
    """Return the text of a float as YAML output has it: exponent form iff the exponent is < -4 or ≥ 6 (§6.1)."""
    if not 1e6 <= abs(value) < float("inf") and not 0 < abs(value) < 1e-4:
        return float_text(value)
    digits, exponent = float_digits(abs(value))
    sign = "-" if value < 0 else ""
    point = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{point}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):02}"
