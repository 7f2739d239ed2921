"""A `.env` file as python-dotenv reads it (1.2.4, `dotenv_values`).

Values of earlier lines, then what is inherited, take the place of `${NAME}` and `${NAME:-default}`, in all values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from leafseal.run.dialects import Lookup, refuse

_BLANK = r"[^\S\r\n]"
_BEFORE = re.compile(rf"\s*(?:export{_BLANK}+)?")
_NAME = re.compile(rf"(?:'([^']+)'|(?!')([^=#\s]+)){_BLANK}*")
_EQUALS = re.compile(rf"={_BLANK}*")
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"[^\r\n]*")
_END = re.compile(rf"(?:{_BLANK}*#[^\r\n]*)?{_BLANK}*(?:\r\n|\n|\r|\Z)")
_COMMENT_BEHIND = re.compile(r"\s+#.*")
_VARIABLE = re.compile(r"\$\{([^}:]*)(?::-([^}]*))?\}")

_ESCAPES = dict(zip("\\'\"abfnrtv", "\\'\"\a\b\f\n\r\t\v", strict=True))


def read(text: str, inherited: Lookup) -> dict[str, str]:
    """Return what the file sets. Raises `FormatError` for a line that python-dotenv warns of and skips."""
    text = text.removeprefix("\ufeff")
    written: list[tuple[str, str]] = []  # all, because a later line of a name may use an earlier one
    position = 0
    while position < len(text):
        if (before := _BEFORE.match(text, position)) is not None:
            position = before.end()
        if position == len(text):
            break
        start = position
        if text[position] != "#":
            name, value, position = _binding(text, position)
            if value is not None:
                written.append((name, value))
        end = _END.match(text, position)
        if end is None:
            refuse(text, start, "python-dotenv cannot read this line, and would skip it")
        position = end.end()
    return _expanded(written, inherited)


def _binding(text: str, start: int) -> tuple[str, str | None, int]:
    name = _NAME.match(text, start)
    if name is None:
        refuse(text, start, "python-dotenv cannot read this line, and would skip it")
    equals = _EQUALS.match(text, name.end())
    if equals is None:
        return name[1] or name[2], None, name.end()
    position = equals.end()
    if text.startswith("#", position) and len(equals[0]) > 1:
        return name[1] or name[2], "", position
    for quote, pattern, escaped in (("'", _SINGLE, r"\\([\\'])"), ('"', _DOUBLE, r"\\([\\'\"abfnrtv])")):
        if text.startswith(quote, position):
            found = pattern.match(text, position)
            if found is None:
                refuse(text, start, "a quote is not closed")
            return name[1] or name[2], re.sub(escaped, lambda match: _ESCAPES[match[1]], found[1]), found.end()
    found = _BARE.match(text, position)
    bare = found[0] if found is not None else ""
    return name[1] or name[2], _COMMENT_BEHIND.sub("", bare).rstrip(), position + len(bare)


def _expanded(written: Iterable[tuple[str, str]], inherited: Lookup) -> dict[str, str]:
    values: dict[str, str] = {}

    def value_of(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if found is None:
            found = inherited(match[1])
        return (match[2] or "") if found is None else found

    for name, value in written:
        values[name] = _VARIABLE.sub(value_of, value)
    return values
