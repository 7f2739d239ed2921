"""Where SOPS types a YAML scalar otherwise than ruamel.yaml does, and why: a row of `DIFFERENCES` each, and no others.

A row also says what SOPS makes of such a scalar, worked out here from the rules of Go's readers and of YAML 1.1, and
not by leafseal. The goldens in `data/yaml`, which sops wrote, show that this is so.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import date, datetime
from math import isinf
from typing import Any, NamedTuple


class Moment(NamedTuple):
    """A timestamp as RFC 3339, with the digits of a second that it needs."""

    text: str


class Refused(NamedTuple):
    """ruamel.yaml has no value for a scalar: it does not know the tag, or there is no such day."""


class Unsealable(NamedTuple):
    """SOPS has no value for a scalar that it could encrypt, and stops."""


REFUSED, UNSEALABLE = Refused(), Unsealable()


class Reading(NamedTuple):
    """A scalar, as ruamel.yaml has it: its text, its tag, its value.

    The tag is what is written, `!!int`; the word that plain text resolves to, `int`; `!`, which ruamel.yaml takes for
    none; nothing where the text is quoted.
    """

    text: str
    tag: str
    value: object


def typed(value: object) -> tuple[str, str]:
    """Return a value in a form that tells 1 from 1.0 and True, and 0.0 from -0.0; NaN is equal to itself."""
    return type(value).__name__, repr(value)


def for_sops(reading: Reading) -> object:
    """Return the value that SOPS gives to a scalar: that of ruamel.yaml, but for the rows of `DIFFERENCES`."""
    rows = [row for row in DIFFERENCES if row.fits(reading)]
    assert len(rows) <= 1, f"two rows for {reading}: {[row.reason for row in rows]}"
    return rows[0].value(reading.text) if rows else reading.value


class Difference(NamedTuple):
    """Scalars whose text and tag match, and whose value is of a type for ruamel.yaml; and their value for SOPS."""

    reason: str
    example: str
    text: str
    tag: str
    theirs: type
    value: Callable[[str], object]
    when: Callable[[Any], bool] = lambda _: True

    def fits(self, reading: Reading) -> bool:
        """Tell whether this is the row for a scalar; `when` is asked with the value for ruamel.yaml."""
        return (
            (self.theirs is object or type(reading.value) is self.theirs)
            and re.fullmatch(self.tag, reading.tag) is not None
            and re.fullmatch(self.text, reading.text, re.DOTALL) is not None
            and self.when(reading.value)
        )


def _number(text: str) -> object:
    """Return what Go makes of digits: a whole number of 64 bits with a sign, a double, or none."""
    digits = re.sub(r"^(0[bo])([-+])", r"\2\1", text.replace("_", ""))
    match = re.fullmatch(r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)", digits)
    if match:
        number = int(match[1] + "1") * int(match[2], 8 if re.fullmatch("0[0-7]+", match[2]) else 0)
        if -(2**63) <= number < 2**63:
            return number
        if not match[1] and number < 2**64:
            return UNSEALABLE
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", digits) and not isinf(float(digits)):
        return float(digits)
    return text


def _moment(text: str) -> object:
    """Return what Go makes of a day, with or without a time; the text where it has no such form."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second = (int(match[name] or 0) for name in ("Y", "m", "d", "H", "M", "S"))
    zone = match["zone"] or "Z"
    if zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:])
        if hours > 24 or minutes > 60:
            return text
        hours, minutes = divmod(hours * 60 + minutes, 60)
        if hours > 23:
            return UNSEALABLE
        zone = f"{zone[0]}{hours:02}:{minutes:02}" if hours or minutes else "Z"
    try:
        datetime(year or 2000, month, day, hour, minute, second)  # for Go there is a year 0, and it is a leap year
    except ValueError:
        return text
    fraction = f".{match['fraction'] or ''}"[:10].rstrip("0").rstrip(".")
    return Moment(f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}")


_MOMENT = re.compile(
    r"(?P<Y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})(?:"
    r"(?:(?P<t>[Tt])| +)(?P<H>[0-9]{1,2}):(?P<M>[0-9]{1,2}):(?P<S>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]+))?"
    r"(?P<zone>(?(t)(?:Z|[-+][0-9]{2}:[0-9]{2})))"
    r")?"
)


def _binary(text: str) -> object:
    data = b64decode(text)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _based(text: str) -> object:
    return float(int(text, 0))


def _as_it_stands(text: str) -> object:
    return text


def _unsealable(_: str) -> object:
    return UNSEALABLE


def _beyond(number: int) -> bool:
    return not -(2**63) <= number < 2**63


_SIGN = r"(?:[-+]_*)?"
_ZERO = r"0[0-7_]*"
_NINE = r"0[0-9_]*[89][0-9_]*"
_BASED = _SIGN + r"0_*(?:[xX]_*[0-9a-fA-F][0-9a-fA-F_]*|[bB]_*[01][01_]*|[oO]_*[0-7][0-7_]*)"
_SIGN_INSIDE = r"0_*(?:b_*[-+]_*[01][01_]*|o_*[-+]_*[0-7][0-7_]*)"
_POWER = r"[eE](?:_*[-+])?[0-9_]*[0-9][0-9_]*"
_POINTED = r"\.[0-9]+(?:_[0-9]+)*"
_DAY = r"\d{4}-\d\d?-\d\d?"
_TIME = r"\d\d?:\d\d?:\d\d?"
_T, _BLANKS = rf"{_DAY}[Tt]{_TIME}", rf"{_DAY}[ \t]+{_TIME}"
_BASE64 = r"\n*(?:(?:[A-Za-z0-9+/]\n*){4})*(?:(?:[A-Za-z0-9+/]\n*){2}=\n*=\n*|(?:[A-Za-z0-9+/]\n*){3}=\n*)?"
_OF_SCALARS = r"(?:!!)?(?:str|int|float|bool|null|timestamp|binary|merge|value)|!|"
_INT, _FLOAT, _STAMP = r"(?:!!)?int", r"(?:!!)?float", r"(?:!!)?timestamp"

DIFFERENCES = [
    # Numbers: SOPS reads those of YAML 1.1 and of Go, ruamel.yaml nearly those of YAML 1.2.
    Difference("0 in front means octal", "017", _SIGN + _ZERO, _INT, int, _number, lambda n: abs(n) > 7),
    Difference("0 in front, and no octal, means a double", "08", _SIGN + _NINE, "int", int, _number),
    Difference("beyond 64 bits is a double", "1" * 20, _SIGN + "[1-9][0-9_]*", _INT, int, _number, _beyond),
    Difference("beyond 64 bits in a base is text", "0x1" + "F" * 16, _BASED, _INT, int, _number, _beyond),
    Difference("a capital or _ may name a base", "0X1f", _BASED, "str", str, _number),
    Difference("a sign may follow the base", "0b-101", _SIGN_INSIDE, "str", str, _number),
    Difference("an exponent may follow a point at the start", ".5e3", _POINTED + "[eE][-+]?[0-9]+(?:_[0-9]+)*"
               r"|[-+]_*\._*[0-9][0-9_]*" + _POWER, "str", str, _number),
    Difference("an exponent may have _", "1e_2", _SIGN + r"[0-9][0-9_]*\.?[0-9_]*" + _POWER, "str", str, _number),
    Difference("_ may follow a sign", "+_1.5", r"[-+]_[0-9_]*\.[0-9_]*", "str", str, _number),
    Difference("behind a point at the start, _ stands between digits", ".1__5",
               rf"(?!{_POINTED}(?:[eE]|\Z))\.[0-9_]*(?:[eE].*)?", _FLOAT, float, _as_it_stands),
    Difference("beyond a double is text", "1e400", r"[-+]?\.?[0-9][0-9._]*[eE][-+]?[0-9]+", _FLOAT, float,
               _as_it_stands, isinf),
    Difference("nothing but _ is no number", "0x_", r"[-+]?0[xbo]_+|[-+]_+|[-+]?\._+(?:[eE].*)?", "int|float",
               Refused, _as_it_stands),
    Difference("!!int: a double is none", "!!int 08", _SIGN + _NINE, "!!int", int, _unsealable),
    Difference("!!float: nor is a whole number that has no type", f"!!float {2**63}", "[1-9][0-9_]*", "!!float", float,
               _unsealable, lambda number: 2**63 <= number < 2**64),
    Difference("!!float: a whole number in a base is one", "!!float 0x1F", "0x[0-9a-fA-F]+", "!!float", Refused,
               _based),
    Difference("!!float: whole numbers have no -0", "!!float -0", "-0", "!!float", float, lambda _: 0.0),
    # Times: SOPS reads the forms that Go's reader of YAML lists, and keeps nanoseconds.
    Difference("a day is its first moment", "2024-01-01", _DAY, _STAMP, date, _moment),
    Difference("without a zone it is UTC", "2024-01-01 01:02:03", rf"{_BLANKS}(?:\.\d*)?", _STAMP, datetime, _moment),
    Difference("T wants a zone", "2024-01-01T01:02:03", rf"{_T}(?:\.\d*)?", _STAMP, datetime, _moment),
    Difference("digits may be single, blanks several, the point a comma", "2024-1-2",
               rf"{_DAY}(?:(?:[Tt]| +){_TIME}.*)?", "str", str, _moment),
    Difference("nine digits of a second", "2024-01-01T01:02:03.1234567Z", rf"{_T}\.\d{{7,}}(?:Z|[-+]\d\d:\d\d)", _STAMP,
               Moment, _moment),
    Difference("a zone stands behind T and digits, with no blank before it", "2024-01-01 01:02:03 Z",
               rf"{_BLANKS}.*|{_T}(?:\.\d*)?[ \t]+.*|{_T}\.[^\d].*", _STAMP, Moment, _moment),
    Difference("a zone has four digits", "2024-01-01T01:02:03-5", rf"{_T}(?:\.\d+)?(?![-+]\d\d:\d\d\Z)[-+].*", _STAMP,
               Moment, _moment),
    Difference("no such time is text", "2024-13-01", rf"{_DAY}(?:[Tt ].*)?", _STAMP, Refused, _moment),
    # Words and tags.
    Difference("<< and = are text", "<<", "<<|=", "(?:!!)?(?:merge|value)", Refused, _as_it_stands),
    Difference("tags but those of scalars mean nothing", "!x 5", ".*", rf"(?!(?:{_OF_SCALARS})\Z).*", Refused,
               _as_it_stands),
    Difference("a scalar is not a set", "!!set 5", ".*", "!!set", set, _as_it_stands),
    Difference("! means nothing to what is quoted", '! "5"', ".*", "!", object, _as_it_stands),
    Difference("!!binary is text where that is UTF-8", "!!binary aGk=", _BASE64, "!!binary", bytes, _binary),
    Difference("!!binary is strict", "!!binary YQ==YQ==", rf"(?!{_BASE64}\Z).*", "!!binary", bytes, _unsealable),
    Difference("!!null is strict", "!!null 5", r"(?!(?:null|Null|NULL|~|)\Z).*", "!!null", type(None), _unsealable),
    Difference("!!bool has two words", "!!bool yes", "(?i:yes|no|on|off|y|n)", "!!bool", bool, _unsealable),
]  # fmt: skip
