r"""A `.env` file as the Go library godotenv reads it (1.5.1), which KSOPS uses.

A name ends at `=` or `:`. Quotes around values are left out. In double quotes and in bare values, `$NAME` is the value
of an earlier line. A `$NAME` that no line before sets would become nothing, and is an error.
"""

from __future__ import annotations

import re

from leafseal.run.dialects import Lookup, refuse

_BLANK = r"[\t\v\f\r \x85\xa0]"
_BETWEEN = re.compile(r"(?:\s+|#[^\n]*)*")
_NAME = re.compile(rf"(?:export{_BLANK}+)?([A-Za-z0-9_.](?:[A-Za-z0-9_.]|{_BLANK})*)[=:]{_BLANK}*")
_QUOTED = re.compile(r"""(?s)(["'])(.*?)(?<!\\)\1""")
_BARE = re.compile(r"[^\r\n]*")
_COMMENT = re.compile(rf"(?s)(.*{_BLANK})#")  # the last that has a blank before it
_VARIABLE = re.compile(r"(\\)?(\$)(\()?\{?([A-Z0-9_]+)?\}?")
_ESCAPE = re.compile(r"\\(.)")


def read(text: str, _inherited: Lookup) -> dict[str, str]:
    """Return what the file sets. Raises `FormatError`."""
    text = text.replace("\r\n", "\n")
    values: dict[str, str] = {}
    position = _after_blank(text, 0)
    while position < len(text):
        start = position
        name = _NAME.match(text, position)
        if name is None:
            refuse(text, start, "godotenv cannot read this line", hint=None)
        position = name.end()
        if text[position : position + 1] in ("'", '"'):
            quoted = _QUOTED.match(text, position)
            if quoted is None:
                refuse(text, start, "a quote is not closed", hint=None)
            quote, value = quoted[1], quoted[2].strip(quoted[1])
            position = quoted.end()
            if quote == '"':
                value = _expanded(_unescaped(value), values, text, start)
        else:
            bare = _BARE.match(text, position)
            value, position = ("", position) if bare is None else (bare[0], bare.end())
            if comment := _COMMENT.match(value):
                value = comment[1]
            value = _expanded(value.strip("\t\v\f\r \x85\xa0"), values, text, start)
        values[name[1].rstrip()] = value
        position = _after_blank(text, position)
    return values


def _after_blank(text: str, position: int) -> int:
    between = _BETWEEN.match(text, position)
    return position if between is None else between.end()


def _unescaped(value: str) -> str:
    value = _ESCAPE.sub(lambda match: {"n": "\n", "r": "\r"}.get(match[1], match[0]), value)
    return re.sub(r"(?s)\\([^$])", r"\1", value)


def _expanded(value: str, values: dict[str, str], text: str, start: int) -> str:
    def value_of(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        if not match[4]:
            return match[0]
        if match[4] not in values:
            refuse(text, start, f"${match[4]} is set by no line before, and would be empty", hint=_QUOTES_HINT)
        return values[match[4]]

    return _VARIABLE.sub(value_of, value)


_QUOTES_HINT = "put the value in single quotes, or set the variable on a line before"
