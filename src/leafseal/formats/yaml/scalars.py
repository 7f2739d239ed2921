"""What YAML scalars mean: the typing of plain and of tagged text, and which text may stand plain (sops-format §6.1).

The rules are those of SOPS: the core schema of YAML 1.2 with the timestamps, the octals and the underscores of 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.scalars import INT_MAX, INT_MIN, Scalar, Timestamp
from leafseal.errors import FormatError

TAG_PREFIX = "tag:yaml.org,2002:"
"""What `!!` stands for; parsers deliver tags in full."""

STANDARD_TAGS: frozenset[str | None] = frozenset(
    f"{TAG_PREFIX}{name}"
    for name in (
        "binary", "bool", "float", "int", "map", "merge", "null", "omap", "pairs", "seq", "set", "str", "timestamp",
    )
) | {"!", None}  # fmt: skip
"""What may be meant as a tag wherever it stands, and no tag at all."""


def resolve(text: str) -> Scalar | None:
    """Return the value of an untagged plain scalar; a string is what has no other type.

    Raises `FormatError` for an integer that only fits 64 bits without a sign: SOPS has no type for it.
    """
    reader = _READERS.get(text[:1])
    return text if reader is None else reader(text)


def resolve_tagged(tag: str, text: str, *, plain: bool) -> Scalar | None:
    """Return the value of a scalar with a tag, as the parser spells it in full; `plain` says that it is not quoted.

    `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!timestamp` and `!!binary` decide the type, quoted or not; any
    other tag leaves the text a string. Raises `FormatError`, without the text, when the text is not of that type.
    """
    if tag in ("", "!"):
        return resolve(text) if plain else text
    word = tag.removeprefix(TAG_PREFIX) if tag.startswith(TAG_PREFIX) else ""
    if word == "binary":
        return _binary(text)
    if word not in _TAGGED_TYPES:
        return text
    value = _number(text, timestamps=False) if word in ("int", "float") else resolve(text)
    if word == "float" and type(value) is int:
        value = float(value)
    if type(value) is not _TAGGED_TYPES[word]:
        raise FormatError(f"a value doesn't match its tag !!{word}")
    return value


_TAGGED_TYPES: dict[str, type] = {
    "bool": bool, "float": float, "int": int, "null": type(None), "timestamp": Timestamp,
}  # fmt: skip

WORDS: dict[str, bool | float | None] = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
    ".inf": float("inf"), ".Inf": float("inf"), ".INF": float("inf"),
    "+.inf": float("inf"), "+.Inf": float("inf"), "+.INF": float("inf"),
    "-.inf": float("-inf"), "-.Inf": float("-inf"), "-.INF": float("-inf"),
    ".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan"),
}  # fmt: skip
"""The plain scalars that are words, and what they mean."""


def _word(text: str) -> Scalar | None:
    return WORDS.get(text, text)


def _number(text: str, *, timestamps: bool = True) -> Scalar | None:
    """Read what starts with a digit or a sign, in the order of sops-format §6.1."""
    if timestamps and text[4:5] == "-":
        moment = _timestamp(text)
        if moment is not None:
            return moment
    digits = text.replace("_", "")
    value: Scalar | None = _integer(digits)
    if value is None and _FLOAT.fullmatch(digits):
        value = _finite(digits)
    return WORDS.get(text, text) if value is None else value


def _integer(digits: str) -> int | None:
    if digits[:3] in _MISPLACED_SIGNS:
        digits = digits[2] + digits[:2] + digits[3:]
    match = _INTEGER.fullmatch(digits)
    if match is None:
        return None
    sign, base, body = match[1], _BASES[match.lastgroup or ""], match[match.lastindex or 0]
    if base == 10 and len(body) > 20:  # beyond 64 bits anyhow, and Python reads long decimals in quadratic time
        return None
    value = int(body or "0", base)
    if sign == "-":
        value = -value
    if INT_MIN <= value <= INT_MAX:
        return value
    if not sign and value < 2**64:
        raise FormatError("integer beyond 64 bits", hint="quote it, if it is meant as text")
    return None


_INTEGER = LazyPattern(
    r"([-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<binary>[01]+)|0[oO](?P<octal>[0-7]+)|0(?P<old>[0-7]*)"
    r"|(?P<decimal>[1-9][0-9]*))"
)
_MISPLACED_SIGNS = ("0b-", "0b+", "0o-", "0o+")  # SOPS reads 0b-1 and 0o-1, in small letters only.
_BASES = {"hex": 16, "binary": 2, "octal": 8, "old": 8, "decimal": 10}

_FLOAT = LazyPattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_POINT_FLOAT = LazyPattern(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")


def _finite(digits: str) -> float | None:
    value = float(digits)
    return None if value in (float("inf"), float("-inf")) else value


def _point(text: str) -> Scalar | None:
    """Read what starts with a point. Only here SOPS wants underscores to stand between digits."""
    if _POINT_FLOAT.fullmatch(text):
        value = _finite(text.replace("_", ""))
        return text if value is None else value
    return WORDS.get(text, text)


def _timestamp(text: str) -> Timestamp | None:
    match = _TIMESTAMP.fullmatch(text)
    if match is None or (match["blank"] and match["zone"]) or (match["t"] and not match["zone"]):
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.group(1, 2, 3, 6, 7, 8))
    zone = _zone(match["zone"] or "Z")
    if zone is None:
        return None
    try:
        return Timestamp.of(year, month, day, hour, minute, second, match["fraction"] or "", zone)
    except ValueError:
        return None


def _zone(zone: str) -> str | None:
    """Normalize an offset. SOPS takes up to 24 hours and 60 minutes, as if some hour had been 23:60."""
    if zone == "Z":
        return zone
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 24 or minutes > 60:
        return None
    hours, minutes = divmod(hours * 60 + minutes, 60)
    if hours > 23:  # to SOPS a timestamp, which it then cannot write
        raise FormatError("timestamp with a zone of a day or more", hint="quote it, if it is meant as text")
    return f"{zone[0]}{hours:02}:{minutes:02}"


# A zone stands exactly behind the form with a T. SOPS takes a comma for the point of the fraction, and several blanks.
_TIMESTAMP = LazyPattern(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:(?P<t>[Tt])|(?P<blank> +))([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,](?P<fraction>[0-9]+))?"
    r"(?P<zone>Z|[-+][0-9]{2}:[0-9]{2})?)?"
)


def _binary(text: str) -> str | bytes:
    import base64  # a tag that few files have

    packed = text.replace("\r", "").replace("\n", "")
    if not re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", packed):
        raise FormatError("a value doesn't match its tag !!binary")
    data = base64.b64decode(packed)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


# One lookup decides for the many strings that start with some other character.
_READERS: dict[str, Callable[[str], Scalar | None]] = {
    **dict.fromkeys(("", "~", *"tTfFnN"), _word),
    **dict.fromkeys("+-0123456789", _number),
    ".": _point,
}


UNPRINTABLE = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff"
"""What every reader wants escaped, as the inside of a character class; tab, line feed, U+2028, U+2029 are not in it."""

_SIMPLE = re.compile(r"[A-Za-z0-9_/$(+=][A-Za-z0-9_/.+=@$()-]*")
_UNSAFE = (
    r"\A(?:[#,\[\]{}&*!|>'\"%@` ]|[-?:](?: |\Z)|---|\.\.\.)|:(?: |\Z)| (?:#|\Z)" + f"|[\t\n\u2028\u2029{UNPRINTABLE}]"
)
_UNSAFE_IN_BLOCK = LazyPattern(_UNSAFE)
_UNSAFE_IN_FLOW = LazyPattern(r"\A:|[?,\[\]{}]|" + _UNSAFE)


def is_plain_safe(text: str, *, flow: bool) -> bool:
    """Tell whether `text` written plain on one line is read back as this text, whatever type it then resolves to.

    `flow` means inside `[…]` or `{…}`. The empty text is not safe: it would be no scalar at all.
    """
    if _SIMPLE.fullmatch(text):
        return True
    return bool(text) and (_UNSAFE_IN_FLOW if flow else _UNSAFE_IN_BLOCK).search(text) is None


def is_plain_string(text: str) -> bool:
    """Tell whether `text` written plain is a string, for SOPS and for readers of YAML 1.1 as well."""
    if text[:1] not in _SUSPICIOUS:
        return True
    try:
        return resolve(text) is text and text not in _OLD_BOOLS and not _BASE_60.fullmatch(text)
    except FormatError:
        return False


_OLD_BOOLS = frozenset(
    ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF")
)
_BASE_60 = LazyPattern(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_SUSPICIOUS = frozenset(_READERS) | frozenset("yYoO")
