"""A `.env` file as Docker Compose reads it (compose-go 2, packages dotenv and template).

What is inherited, then values of earlier lines, take the place of `$NAME` and `${NAME}`, except in single quotes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NoReturn

from leafseal.run.dialects import Lookup, refuse

_SPACES = "\t\v\f\r \x85\xa0"
_WHITE = f"{_SPACES}\n\u1680{''.join(map(chr, range(0x2000, 0x200B)))}\u2028\u2029\u202f\u205f\u3000"
"""White space as Go has it; Python counts some control characters too."""

_EXPORT = re.compile(r"export[\t\n\f\r ]+")
_ESCAPE = re.compile(r'\\(?:[abcfnrtv$"\\]|0[0-9]{0,3})')
_ESCAPES = {"$": "$$", **dict(zip('\\"abfnrtv', '\\"\a\b\f\n\r\t\v', strict=True))}
_TEMPLATE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<name>[_a-z][_a-z0-9]*)|\{(?:(?P<braced>[_a-z][_a-z0-9]*(?::?[-+?].*)?)\}|(?P<bad>)))",
    re.IGNORECASE | re.ASCII,
)
_MOST_LEVELS = 100  # of defaults within defaults
_BRACED = re.compile(r"([_a-z][_a-z0-9]*)(:?[-+?])?(.*)", re.IGNORECASE | re.ASCII)


def read(text: str, inherited: Lookup) -> dict[str, str]:
    """Return what the file sets. Raises `FormatError` for what Compose refuses."""
    return _Reading(text.removeprefix("\ufeff"), inherited).all()


class _Reading:
    def __init__(self, text: str, inherited: Lookup) -> None:
        self._text = text
        self._inherited = inherited
        self._found: dict[str, str] = {}
        self._position = 0

    def all(self) -> dict[str, str]:
        while self._at_statement():
            start = self._position
            name, is_inherited = self._name()
            if not is_inherited:
                self._found[name] = self._value(start)
            elif (value := self._inherited(name)) is not None:
                self._found[name] = value
        return self._found

    def _at_statement(self) -> bool:
        """Go to the next statement, over blanks and comments; tell whether there is one."""
        while True:
            self._skip(_WHITE)
            if not self._text.startswith("#", self._position):
                return self._position < len(self._text)
            end = self._text.find("\n", self._position)
            self._position = len(self._text) if end < 0 else end

    def _skip(self, characters: str) -> None:
        rest = len(self._text) - self._position
        while rest and self._text[self._position] in characters:
            self._position += 1
            rest -= 1

    def _name(self) -> tuple[str, bool]:
        """Read a name and what ends it; tell whether it stands alone, and its value is inherited."""
        if _EXPORT.match(self._text, self._position):
            self._position += len("export")
            self._skip(_SPACES)
        start = self._position
        for end in range(start, len(self._text)):
            character = self._text[end]
            if character in "=:\n":
                break
            is_of_name = character in "_.-[]" or unicodedata.category(character)[0] in "LN"
            if not (is_of_name or character in _SPACES):
                refuse(self._text, start, "Docker Compose allows no such character in the name of a variable")
        else:
            refuse(self._text, start, "a line without =")
        name = self._text[start:end].rstrip(_WHITE)
        if " " in name:
            refuse(self._text, start, "Docker Compose allows no blank in the name of a variable")
        self._position = end + 1
        self._skip(_SPACES)
        return name, self._text[end] == "\n"

    def _value(self, start: int) -> str:
        if self._text[self._position : self._position + 1] in ("'", '"'):
            return self._quoted(start)
        end = self._text.find("\n", self._position)
        line = self._text[self._position : end if end >= 0 else len(self._text)]
        self._position = end + 1 if end >= 0 else len(self._text)
        return self._expanded(line.partition(" #")[0].rstrip(_WHITE), start)

    def _quoted(self, start: int) -> str:
        quote = self._text[self._position]
        found: list[str] = []
        position = self._position + 1
        while position < len(self._text):
            character = self._text[position]
            if character == quote:
                self._position = position + 1
                value = "".join(found)
                return value if quote == "'" else self._expanded(_ESCAPE.sub(_unescaped, value), start)
            if character == "\\" and position + 1 < len(self._text):
                position += 1
                following = self._text[position]
                found.append(following if following == quote else character + following)
            else:
                found.append(character)
            position += 1
        return refuse(self._text, start, "a quote is not closed")

    def _expanded(self, value: str, start: int) -> str:
        def lookup(name: str) -> str | None:
            inherited = self._inherited(name)
            return self._found.get(name) if inherited is None else inherited

        def fail(what: str) -> NoReturn:
            refuse(self._text, start, what)

        return _substituted(value, lookup, fail)


def _unescaped(match: re.Match[str]) -> str:
    text = match[0]
    if text[1] != "0":
        return _ESCAPES.get(text[1], text)
    digits = text[2:]
    if len(digits) == 3 and set(digits) <= set("01234567") and int(digits, 8) < 256:
        return chr(int(digits, 8))
    return "\\" + digits


def _substituted(text: str, lookup: Lookup, fail: Callable[[str], NoReturn], depth: int = 0) -> str:
    if depth > _MOST_LEVELS:
        fail(f"more than {_MOST_LEVELS} levels of ${{ in each other")
    found: list[str] = []
    position = 0
    while match := _TEMPLATE.search(text, position):
        found.append(text[position : match.start()])
        position = match.end()
        if match["escaped"]:
            found.append("$")
        elif match["name"]:
            found.append(lookup(match["name"]) or "")
        else:
            # The pattern takes all up to the last brace of the line.
            if (end := _closing(match[0])) >= 0:
                position = match.start() + end + 1
                match = _TEMPLATE.match(text[match.start() : position]) or match
            found.append(_value_of(match["braced"] or "", lookup, fail, depth))
    found.append(text[position:])
    return "".join(found)


def _value_of(inside: str, lookup: Lookup, fail: Callable[[str], NoReturn], depth: int) -> str:
    """Return what takes the place of what is between braces: a name, or with `:-word` and the like."""
    parts = _BRACED.fullmatch(inside)
    if parts is None:
        fail("Docker Compose does not understand what follows ${")
    name, operator, word = parts.groups()
    value = lookup(name)
    if operator is None:
        return value or ""
    is_there = value is not None and (value != "" or not operator.startswith(":"))
    if operator.endswith("?"):
        if not is_there:
            fail(f"the variable {name} is required, and has no value")
    elif operator.endswith("-") != is_there:
        value = _substituted(word, lookup, fail, depth + 1)
    return value or ""


def _closing(text: str) -> int:
    """Return where the brace closes that is opened first, -1 where none does; as Compose counts them."""
    depth = position = 0
    while position < len(text):
        if text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
        if text[position] == "{":
            depth += 1
            position += 1
        position += 1
    return -1
